"""scikit-learn's own checks of what an estimator must be and do: all of them, none expected to fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from multilayer import MLPClassifier, MLPRegressor

# Few epochs: the checks are about behaviour, and train many networks.
ESTIMATORS = [
    MLPClassifier(max_iter=100),
    MLPClassifier(output="sigmoid", solver="sgd", max_iter=50),
    MLPClassifier(solver="lbfgs", max_iter=50),
    MLPRegressor(max_iter=100),
    MLPRegressor(solver="sgd", max_iter=100),
    MLPRegressor(solver="lbfgs", max_iter=50),
]


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_s_checks_pass(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
