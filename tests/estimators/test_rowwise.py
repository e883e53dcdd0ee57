"""The outputs for a row are bit-identical whichever other rows are predicted with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor

SUBSETS: list[Any] = (
    [[i] for i in (0, 1, 60, 119)] + [slice(m) for m in (2, 5, 8, 13, 64, 97)] + [slice(None, None, -3)]
)


def rows(dtype: Any) -> tuple[Any, Any]:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 20)).astype(dtype)
    return X, rng.permutation(120)


def assert_rowwise(predict: Any, X: Any) -> None:
    whole = predict(X)
    for subset in SUBSETS:
        np.testing.assert_array_equal(predict(X[subset]), whole[subset])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("n_classes", [2, 3, 11])
def test_classifier_outputs_of_a_row_do_not_depend_on_other_rows(n_classes: int, output: str, dtype: Any) -> None:
    X, order = rows(dtype)
    model = MLPClassifier((24, 9), output=output, max_iter=2, n_iter_no_change=math.inf, random_state=0)
    model.fit(X, order % n_classes)
    methods = (model.predict_proba, model.predict_log_proba, model.decision_function, model.transform, model.predict)
    for method in methods:
        assert_rowwise(method, 5 * X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_regressor_outputs_of_a_row_do_not_depend_on_other_rows(dtype: Any) -> None:
    X, order = rows(dtype)
    for y in (order, np.column_stack([order, order**2, order % 7])):
        model = MLPRegressor((24,), standardize_targets=True, max_iter=2, n_iter_no_change=math.inf, random_state=0)
        model.fit(X, y.astype(dtype))
        assert_rowwise(model.predict, X)
        assert_rowwise(model.transform, X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_whose_weighted_sums_overflow_do_not_affect_other_rows(dtype: Any) -> None:
    X, order = rows(dtype)
    model = MLPClassifier((24,), "identity", max_iter=2, n_iter_no_change=math.inf, random_state=0).fit(X, order % 3)
    large = np.sqrt(np.finfo(dtype).max) / 10
    X[:, -1] = 0.0
    X[::7, -1] = large
    model.coefs_[0][-1] *= large  # with the next line, a weighted sum of these rows overflows
    model.coefs_[1][...] *= 1000.0
    others = np.arange(120) % 7 > 0
    with np.errstate(over="ignore", invalid="ignore"):
        P = model.predict_proba(X)
        assert np.isfinite(P).all()
        np.testing.assert_array_equal(P[others], model.predict_proba(X[others]))
        assert_rowwise(model.predict_proba, X)
