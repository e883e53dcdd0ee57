"""Ensembles pass scikit-learn's estimator checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from multilayer import EnsembleClassifier, EnsembleRegressor, MLPClassifier, MLPRegressor

# Few epochs: the checks test behaviour and train many networks.
CLASSIFIER = MLPClassifier((8,), solver="lbfgs", max_iter=15)
REGRESSOR = MLPRegressor((8,), solver="lbfgs", max_iter=15)
ESTIMATORS = [
    EnsembleClassifier(CLASSIFIER, n_members=2),
    EnsembleRegressor(REGRESSOR, n_members=2),
    EnsembleClassifier(make_pipeline(StandardScaler(), CLASSIFIER), n_members=3, diversity="bootstrap"),
    EnsembleRegressor([REGRESSOR, make_pipeline(StandardScaler(), REGRESSOR)], diversity="bootstrap"),
    EnsembleClassifier(CLASSIFIER, diversity="fold", cv=3),
    EnsembleRegressor(REGRESSOR, diversity="fold", cv=3),
]
DRAWN = "rows are drawn, whatever their weights"


def expected_to_fail(estimator: Any) -> dict[str, str]:
    """The bootstrap draws a row of weight 2 differently from two copies of the row."""
    names = ("dense", "sparse") if estimator.diversity == "bootstrap" else ()
    return {f"check_sample_weight_equivalence_on_{name}_data": DRAWN for name in names}


@pytest.mark.filterwarnings(
    "ignore::multilayer.ConvergenceWarning",
    "ignore:cv has no effect:multilayer.exceptions.ParameterWarning",
    "ignore:The least populated class in y:UserWarning",
)
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_to_fail)
def test_scikit_learn_s_checks_pass(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
