"""Invalid data and estimators raise errors of this library, with advice, before anything is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, InputTypeError, MultilayerError
from multilayer.selection import (
    capacity_curve,
    cross_validate,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)

X, y = load_iris(return_X_y=True)
OPTIONS: dict[str, Any] = {"max_iter": 3, "n_iter_no_change": float("inf"), "random_state": 0}
MODELS = [
    MLPClassifier((3,), **OPTIONS),
    MLPRegressor((3,), **OPTIONS),
    make_pipeline(StandardScaler(), MLPClassifier((3,), **OPTIONS)),
    make_pipeline(StandardScaler(), MLPRegressor((3,), **OPTIONS)),
]
CALLS = [cross_validate, learning_curve, capacity_curve, regularization_path, seed_spread]


def with_one(table: Any, place: Any, value: float) -> Any:
    spoilt = table.astype(np.float64)
    spoilt[place] = value
    return spoilt


SPOILT: list[tuple[dict[str, Any], str]] = [
    ({"y": with_one(y, 3, np.nan)}, "Input y contains NaN. Remove these rows from X and y"),
    ({"y": with_one(y, 3, np.inf)}, "Input y contains infinity .* Remove these rows from X and y"),
    ({"y": y[:-1]}, r"inconsistent numbers of samples: \[150, 149\]. These are the rows of X and the entries of y"),
    ({"y": None}, "y is None, but training needs targets"),
    ({"sample_weight": np.ones(3)}, "sample_weight must be one finite non-negative number for each of the 150 rows"),
    ({"groups": np.ones(3)}, "groups must have an entry for each of the 150 rows of X, got 3"),
    (
        {"X": pd.DataFrame(X, columns=list("abcd")).assign(town="Oslo")},
        "could not convert string to float: 'Oslo'. X must hold numbers: multilayer.tables.TableEncoder",
    ),
]


@pytest.mark.parametrize(("given", "message"), SPOILT)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("model", MODELS)
def test_data_that_cannot_be_used_raise_errors(model: Any, call: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(model, **({"X": X, "y": y} | given))


@pytest.mark.parametrize("call", [cross_validate, seed_spread])
@pytest.mark.parametrize("model", MODELS[:2])
def test_errors_name_the_row_of_the_whole_table(call: Any, model: Any) -> None:
    gaps = r"^Input X contains NaN\. The first of 1 is in row 140, column 1\. multilayer\.tables\.TableEncoder fills"
    with pytest.raises(InputError, match=gaps):
        call(model, with_one(X, (140, 1), np.nan), y)
    with pytest.raises(InputError, match=r"The first of 1 is in row 140, column 1\. Remove these rows"):
        call(model, with_one(X, (140, 1), np.inf), y)


def test_fit_raises_the_same_error_without_recommending_another_model() -> None:
    with pytest.raises(InputError) as raised:
        MODELS[0].fit(with_one(X, (3, 1), np.nan), y)
    assert str(raised.value) == (
        "Input X contains NaN. The first of 1 is in row 3, column 1. "
        "multilayer.tables.TableEncoder fills and marks missing values."
    )


def test_an_error_of_a_custom_step_is_not_changed() -> None:
    class Broken(TransformerMixin, BaseEstimator):
        def fit(self, X: Any, y: Any = None) -> Broken:  # noqa: ARG002 a transformer's form
            raise ValueError("broken")

    with pytest.raises(ValueError, match=r"^broken$") as raised:
        cross_validate(make_pipeline(Broken(), MODELS[0]), X, y)
    assert not isinstance(raised.value, MultilayerError)


@pytest.mark.parametrize("call", CALLS)
def test_objects_that_are_not_models_raise_errors(call: Any) -> None:
    found = search(MODELS[0], {"alpha": [0.1, 1.0]}, X, y, cv=2, halving=False, baseline=False)
    result = cross_validate(MODELS[0], X, y, cv=2)
    for given, message in [
        ({}, r"estimator must be a model, got dict\. Pass an MLPClassifier"),
        (None, r"estimator must be a model, got NoneType\."),
        (found, r"estimator must be a model, got Search\. Pass its attribute estimator"),
        (result, r"estimator must be a model, got CrossValidation\. .*result\[\"estimator\"\] holds one for each fold"),
        (MLPClassifier, r"estimator must be a model, got the class MLPClassifier\. Write MLPClassifier\(\)\."),
    ]:
        with pytest.raises(InputTypeError, match=message):
            call(given, X, y)
