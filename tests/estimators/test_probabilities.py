"""Probabilities sum to one and have finite logarithms for any number of classes and any size of the weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

from multilayer import MLPClassifier

from ..pairwise import pairwise
from ..problems import data


def fitted(X: Any, y: Any, **parameters: Any) -> MLPClassifier:
    defaults = {"hidden_layer_sizes": (4,), "random_state": 0, "n_iter_no_change": math.inf, "max_iter": 5}
    return MLPClassifier(**(defaults | parameters)).fit(X, y)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("output", ["auto", "sigmoid"])
def test_predict_log_proba_is_the_logarithm_of_predict_proba(output: str, kind: str) -> None:
    X, y = data(kind)
    model = fitted(X, y, output=output)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(model.predict_proba(X)), rtol=1e-9, atol=1e-12)
    model.parameters_ *= 1e4
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert (model.predict_proba(X) == 0).any()


@pairwise(
    factor=[1.0, 1e4, 1e8, "largest"],
    n_classes=[2, 3, 1000],
    output=["auto", "sigmoid"],
    dtype=[np.float64, np.float32],
)
def test_any_weights_give_probabilities(factor: Any, n_classes: int, output: str, dtype: Any) -> None:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(2 * n_classes, 3)).astype(dtype)
    model = fitted(X, np.arange(2 * n_classes) % n_classes, output=output, max_iter=1)
    # The weighted sums overflow with the largest factor.
    model.parameters_ *= np.finfo(dtype).max / 8 if factor == "largest" else factor
    assert np.isfinite(model.parameters_).all()
    with np.errstate(over="ignore", invalid="ignore"):
        P, logarithms = model.predict_proba(X), model.predict_log_proba(X)
    assert P.dtype == logarithms.dtype == dtype
    assert (P >= 0).all()
    np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=0, atol=1e-12 if dtype is np.float64 else 1e-5)
    assert np.isfinite(logarithms).all()
    assert (logarithms <= 0).all()
    np.testing.assert_allclose(np.exp(logarithms.astype(np.float64)), P, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X), model.classes_[P.argmax(axis=1)])


def test_log_probabilities_of_softmax_are_the_log_softmax_of_the_weighted_sums() -> None:
    X, y = data("multiclass")
    model = fitted(X, y, hidden_layer_sizes=())
    model.parameters_ *= 1e5
    Z = X @ model.coefs_[0] + model.intercepts_[0]
    np.testing.assert_allclose(model.predict_log_proba(X), log_softmax(Z, axis=1), rtol=1e-12)
    assert model.predict_log_proba(X).min() < -1e4


def test_certain_labels_have_equal_probabilities_and_log_probabilities() -> None:
    X, y = data("multilabel")
    model = fitted(X, y, hidden_layer_sizes=())
    model.parameters_[...] = 0.0
    model.intercepts_[0][...] = [40.0, 50.0, -1000.0]
    np.testing.assert_array_equal(model.predict_proba(X[:1]), [[1.0, 1.0, 0.0]])
    np.testing.assert_array_equal(model.predict_log_proba(X[:1]), [[0.0, 0.0, -1000.0]])
