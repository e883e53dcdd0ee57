"""Warnings of many trainings are merged into one warning, which points at the line of the call."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import ConvergenceWarning, EnsembleClassifier, MLPClassifier
from multilayer.ensembles import ensemble_of
from multilayer.exceptions import InterruptedTrainingWarning, ParameterWarning
from multilayer.fits.errors import FitWarning, collected_warnings, warn
from multilayer.selection import (
    capacity_curve,
    cross_validate,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)
from multilayer.selection.training import warn_once

X, y = load_iris(return_X_y=True)


class Own(MLPClassifier):
    """A subclass with a custom ``fit``, which is called unchanged."""


def network(kind: type[MLPClassifier] = MLPClassifier, **options: Any) -> MLPClassifier:
    return kind((4,), **({"max_iter": 3, "random_state": 0} | options))


def warnings_of(call: Callable[[], object]) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        call()
    return said


CALLS = {
    "5 of 5 folds": lambda model: cross_validate(model, X, y, n_jobs=2),
    "10 of 10 folds": lambda model: cross_validate(model, X, y, repeats=2, n_jobs=1),
    "3 of 3 members": lambda model: EnsembleClassifier(model, 3).fit(X, y),
    "6 of 6 fits": lambda model: learning_curve(model, X, y, sizes=[0.5, 1.0], cv=3),
    "9 of 9 fits": lambda model: regularization_path(model, X, y, alphas=[0.1, 1, 10], cv=3),
    "4 of 4 fits": lambda model: capacity_curve(model, X, y, capacities=[(2,), (4,)], cv=2),
    "12 of 12 fits": lambda model: seed_spread(model, X, y, n_seeds=4, cv=3),
}


@pytest.mark.parametrize("n", CALLS)
@pytest.mark.parametrize(
    "model",
    [
        network(),
        make_pipeline(StandardScaler(), network()),
        network(callbacks=[lambda _: None]),
        make_pipeline(StandardScaler(), network(Own)),
    ],
    ids=["network", "pipeline", "with a callback", "own class"],
)
def test_one_warning_summarises_the_whole_call(n: str, model: Any) -> None:
    (said,) = warnings_of(lambda: CALLS[n](model))
    assert said.category is ConvergenceWarning
    assert said.filename == __file__
    assert str(said.message).startswith(f"in {n} training ended after max_iter=3 epochs, while the cost was still fall")


def test_warnings_of_processes_are_passed_on() -> None:
    (said,) = warnings_of(lambda: cross_validate(network(), X, y, cv=2, n_jobs=2, backend="loky"))
    assert str(said.message).startswith("in 2 of 2 folds training ended")


def test_numbers_that_differ_between_folds_are_left_out() -> None:
    (said,) = warnings_of(lambda: cross_validate(network(solver="lbfgs", tol=1e-9), X, y))
    assert str(said.message) == (
        "in 5 of 5 folds L-BFGS ended after max_iter iterations. "
        "Raise max_iter or tol, or bring the columns of X to a similar scale (StandardScaler)."
    )


def test_parameters_without_effect_raise_one_warning() -> None:
    model = network(n_iter_no_change=np.inf, learning_rate="invscaling", power_t=0.2, dropout=0.5)
    model.set_params(hidden_layer_sizes=())
    alone = warnings_of(lambda: model.fit(X, y))
    together = warnings_of(
        lambda: cross_validate(network(n_iter_no_change=np.inf).set_params(**model.get_params()), X, y)
    )
    assert [str(each.message) for each in together] == [str(each.message) for each in alone]
    assert len(together) >= 1
    assert {each.category for each in together} == {ParameterWarning}


def test_fits_that_end_as_planned_raise_no_warnings() -> None:
    assert not warnings_of(lambda: cross_validate(network(n_iter_no_change=np.inf), X, y))


def test_ensemble_of_a_search_and_its_refit_raise_one_warning_each() -> None:
    found = search(network(), {"alpha": [0.01, 1.0]}, X, y, cv=2, halving=False, baseline=False, refit=False)
    (said,) = warnings_of(lambda: ensemble_of(found, max_size=2))
    assert str(said.message).startswith(("in 1 of 1 members", "in 2 of 2 members"))
    (said,) = warnings_of(lambda: search(network(), {"alpha": [0.01, 1.0]}, X, y, cv=2, halving=False, baseline=False))
    assert str(said.message).startswith("training ended after max_iter=3 epochs")


def test_warnings_are_grouped_by_kind_and_counted() -> None:
    slow, slower = (FitWarning(f"slow by {n}. Run.", ConvergenceWarning, "slow. Run.") for n in (1, 2))
    risen = FitWarning("risen. Climb down.", ConvergenceWarning)
    pressed = FitWarning("pressed.", InterruptedTrainingWarning)
    (said,) = warnings_of(lambda: warn_once([[slow, slow], [slower], [risen], [pressed], []], 6, "folds"))
    assert str(said.message) == "in 2 of 6 folds slow. Run. In 1 of 6 folds risen. Climb down."
    assert not warnings_of(lambda: warn_once([[pressed], []], 2, "folds"))


def test_warnings_inside_a_block_are_collected_and_later_ones_are_raised() -> None:
    warnings: list[FitWarning] = []
    with collected_warnings(warnings):
        warn("a", ParameterWarning)
        with collected_warnings(None):
            warn("b", ParameterWarning)
    assert [each.message for each in warnings] == ["a", "b"]
    with pytest.warns(ParameterWarning, match="c"):
        warn("c", ParameterWarning)
