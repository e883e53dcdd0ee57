"""Curves of networks that learn no more than a constant prediction, and suggestions for misspelt names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console
from sklearn.datasets import make_regression

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import ParameterError
from multilayer.results import Column, Table
from multilayer.selection import capacity_curve, regularization_path, search
from multilayer.selection.scoring import check_metric_name

X, Y = make_regression(60, 4, random_state=0)
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_capacity_curve_of_untrained_networks_suggests_scaled_targets() -> None:
    curve = capacity_curve(
        MLPRegressor((4,), max_iter=3, random_state=0), X, 1000.0 + Y, cv=3, capacities=[(4,), (16,)]
    )
    assert curve.conclusion.startswith("No network has learned more than a constant prediction: the best mean R² is -")
    assert "standardize_targets=True" in curve.conclusion
    assert "underfit" not in curve.conclusion


def test_a_path_at_chance_level_does_not_name_a_best_alpha() -> None:
    labels = np.arange(60) % 2
    model = MLPClassifier((2,), max_iter=2, random_state=0)
    path = regularization_path(model, np.zeros((60, 2)), labels, cv=3, alphas=[0, 1])
    assert path.conclusion.startswith("No network has learned more than a constant prediction: the best mean accuracy")
    assert "standardize_targets" not in path.conclusion


def test_a_negative_alpha_is_named() -> None:
    with pytest.raises(ParameterError, match="alphas must be finite, non-negative numbers, and one of them is -1"):
        regularization_path(MLPRegressor(), X, Y, alphas=[1, -1])


def test_suggestions_prefer_names_that_start_with_the_received_one() -> None:
    with pytest.raises(ParameterError, match="Did you mean 'accuracy'"):
        check_metric_name("acc")
    with pytest.raises(ParameterError, match="Did you mean 'hidden_layer_sizes'"):
        search(MLPRegressor(), {"hidden": [(2,)]}, X, Y)


@pytest.mark.parametrize("width", [200, 24, 12])
def test_rich_never_splits_a_number_or_a_label(width: int) -> None:
    columns = (Column("learning_rate_init", ".6f"), Column("R²"), Column("weights", ","))
    table = Table(columns, [(0.001234, (0.5, 0.01), 1234)], title="learning_rate_init=0.011 is best")
    console = Console(width=width, file=io.StringIO())
    console.print(table)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for text in ("0.001234", "0.500", "1,234", "weights", "0.011" if width > 12 else ""):
        assert text in printed
    assert "…" not in printed
