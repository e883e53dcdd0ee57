"""Metrics by name, and suggestions for misspelt names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, get_scorer_names, make_scorer

from multilayer import MLPClassifier
from multilayer.ensembles import greedy_selection
from multilayer.exceptions import ParameterError
from multilayer.selection import cross_validate, learning_curve
from multilayer.selection.scoring import _SHORT, check_metric_name, metric_name, one_scorer, scorer_of

X = np.random.RandomState(0).normal(size=(30, 2))
y = (X[:, 0] > 0).astype(int)
MODEL = MLPClassifier((3,), max_iter=3, n_iter_no_change=float("inf"), random_state=0)


@pytest.mark.parametrize("name", get_scorer_names())
def test_all_scorer_names_of_scikit_learn_are_known(name: str) -> None:
    check_metric_name(name)


def test_short_names_refer_to_scorers() -> None:
    assert set(_SHORT.values()) <= set(get_scorer_names())


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ("acuracy", r"unknown scoring 'acuracy'\. Did you mean 'accuracy'.*get_scorer_names\(\) lists all"),
        ("neg_rmse", r"unknown scoring 'neg_rmse'\. Did you mean 'neg_root_mean_squared_error'\?"),
        ("MAE", r"unknown scoring 'MAE'\. Did you mean 'neg_mean_absolute_error'\?"),
        ("zzz", r"^unknown scoring 'zzz'\. sklearn\.metrics\.get_scorer_names\(\) lists all names\.$"),
    ],
)
def test_a_misspelt_metric_raises_an_error_with_a_suggestion(scoring: str, message: str) -> None:
    for call in (cross_validate, learning_curve):
        with pytest.raises(ParameterError, match=message):
            call(MODEL, X, y, scoring=scoring)  # type: ignore[operator]
    with pytest.raises(ParameterError, match=message):
        cross_validate(MODEL, X, y, scoring=["accuracy", scoring])
    with pytest.raises(ParameterError, match=message):
        cross_validate(MODEL, X, y, scoring={"mine": scoring})
    with pytest.raises(ParameterError, match=message):
        greedy_selection([X[:, 0]], X[:, 1], scoring=scoring)


@pytest.mark.parametrize("scoring", [5, 0.5, MLPClassifier])
def test_an_invalid_metric_raises_an_error(scoring: Any) -> None:
    with pytest.raises(ParameterError, match=r"scoring must be the name of a metric, .* Write scoring='accuracy'"):
        cross_validate(MODEL, X, y, scoring=scoring)


def test_a_value_error_of_scikit_learn_becomes_a_parameter_error() -> None:
    with pytest.raises(ParameterError, match=r"scoring cannot be used, got \[\]: .*Empty list"):
        cross_validate(MODEL, X, y, scoring=[])


def test_scorers_and_their_names_are_resolved() -> None:
    scorer = make_scorer(accuracy_score)
    assert scorer_of(MODEL, scorer) is scorer
    assert [metric_name(MODEL, scoring) for scoring in (None, "f1", scorer)] == ["accuracy", "f1", "accuracy_score"]
    model = MODEL.fit(X, y)
    assert one_scorer(model, None)(model, X, y) == model.score(X, y) == one_scorer(model, "accuracy")(model, X, y)
