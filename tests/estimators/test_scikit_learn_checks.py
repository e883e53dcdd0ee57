"""The estimators pass all of scikit-learn's estimator checks, without expected failures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from multilayer import MLPClassifier, MLPRegressor

# Few units and epochs: the checks test behaviour and train many networks.
ESTIMATORS = [
    MLPClassifier((20,), max_iter=100, learning_rate_init=0.005),
    MLPClassifier((20,), output="sigmoid", solver="sgd", max_iter=50, learning_rate_init=0.01),
    MLPClassifier((20,), solver="lbfgs", max_iter=30),
    MLPRegressor((20,), max_iter=100, learning_rate_init=0.005),
    MLPRegressor((20,), solver="sgd", max_iter=100),
    MLPRegressor((20,), solver="lbfgs", max_iter=30),
]


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_s_checks_pass(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
