"""mean_cost equals the validation loss and scikit-learn's log loss of the same rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import log_loss

from multilayer import MLPClassifier, MLPRegressor
from multilayer.inspection.cost import mean_cost

rng = np.random.RandomState(0)
X = rng.normal(size=(80, 3))
CLASSES = np.digitize(X[:, 0], [-0.5, 0.5])
NUMBERS = 1e3 * np.c_[X[:, 0], X[:, 1] ** 2]
WEIGHT = rng.uniform(0.5, 2.0, 80)
PATIENT: dict[str, Any] = {
    "max_iter": 6,
    "n_iter_no_change": math.inf,
    "random_state": 0,
    "early_stopping_metric": "loss",
}


@pytest.mark.parametrize(
    ("network", "y"),
    [
        (MLPClassifier((5,), **PATIENT), CLASSES),
        (MLPClassifier((5,), class_weight={0: 3.0, 1: 1.0, 2: 1.0}, **PATIENT), CLASSES),
        (MLPClassifier((5,), **PATIENT), (X > 0).astype(int)),
        (MLPRegressor((5,), alpha=10.0, **PATIENT), NUMBERS[:, 1]),
        (MLPRegressor((5,), standardize_targets=True, **PATIENT), NUMBERS),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_mean_cost_equals_the_validation_loss_of_the_same_rows(network: Any, y: Any, weighted: bool) -> None:
    train, test = np.arange(50), np.arange(50, 80)
    weights = (WEIGHT[train], WEIGHT[test]) if weighted else (None, None)
    network.fit(X[train], y[train], weights[0], X_val=X[test], y_val=y[test], sample_weight_val=weights[1])
    assert network.best_validation_score_ is not None
    cost = mean_cost(network, X[test], y[test], weights[1])
    assert cost == pytest.approx(min(network.validation_loss_curve_), rel=1e-12)


def test_mean_cost_equals_the_log_loss_of_scikit_learn() -> None:
    network = MLPClassifier((5,), alpha=1.0, solver="lbfgs", tol=0.01, random_state=0).fit(X, CLASSES)
    expected = log_loss(CLASSES, network.predict_proba(X), sample_weight=WEIGHT)
    assert mean_cost(network, X, CLASSES, WEIGHT) == pytest.approx(expected)
