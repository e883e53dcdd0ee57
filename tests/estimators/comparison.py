"""Helpers that train the same network with multilayer and with scikit-learn and compare the results."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network

import multilayer

SOLVERS: dict[str, dict[str, Any]] = {
    "adam": {"solver": "adam"},
    "gradient descent": {"solver": "sgd", "momentum": 0.0},
    "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.25},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1e-2},
}


def pair(kind: str, **parameters: Any) -> list[Any]:
    """Return two estimators with the same parameters: ours and scikit-learn's."""
    parameters = {"learning_rate_init": 0.01, "max_iter": 8, "random_state": 1, "alpha": 0.01} | parameters
    is_classifier = kind in ("binary", "multiclass", "multilabel")
    name = "MLPClassifier" if is_classifier else "MLPRegressor"
    if kind == "poisson":
        parameters |= {"loss": "poisson", "learning_rate_init": parameters["learning_rate_init"] / 20}
    return [getattr(module, name)(**parameters) for module in (multilayer, sklearn.neural_network)]


def both(kind: str, X: Any, y: Any, sample_weight: Any = None, **parameters: Any) -> list[Any]:
    models = pair(kind, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models:
            model.fit(X, y, sample_weight=sample_weight)
    return models


def assert_close(received: Any, expected: Any, tolerance: float) -> None:
    expected = np.asarray(expected, dtype=float)
    scale = float(np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(np.asarray(received, dtype=float), expected, rtol=tolerance, atol=tolerance * scale)


def assert_same(ours: Any, theirs: Any, X: Any, tolerance: float = 1e-9) -> None:
    """Assert that curves, weights and predictions are equal within a relative tolerance."""
    assert ours.n_iter_ == theirs.n_iter_
    for name in ("coefs_", "intercepts_"):
        for received, expected in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert_close(received, expected, tolerance)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "t_"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=tolerance)
    if ours.solver != "lbfgs":
        assert_close(ours.loss_curve_, theirs.loss_curve_, tolerance)
        for name in ("best_loss_", "best_validation_score_"):
            received, expected = getattr(ours, name), getattr(theirs, name)
            assert received is expected is None or received == pytest.approx(expected, rel=tolerance)
        if theirs.validation_scores_ is not None:
            assert_close(ours.validation_scores_, theirs.validation_scores_, tolerance)
    predict = "predict_proba" if hasattr(theirs, "predict_proba") else "predict"
    predictions, expected = getattr(ours, predict)(X), getattr(theirs, predict)(X)
    assert predictions.shape == expected.shape
    assert predictions.dtype == expected.dtype
    assert_close(predictions, expected, tolerance)
    np.testing.assert_array_equal(ours.predict(X).shape, theirs.predict(X).shape)
    if hasattr(theirs, "classes_"):
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
