"""Table models within scikit-learn: searches, pipelines, calibration, inspection and metadata routing."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from multilayer.tables.models import TableClassifier, TableRegressor

Flats = tuple[pd.DataFrame, pd.Series]


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(3):
        yield


def test_searches_compare_presets(flats: Flats, classes: np.ndarray) -> None:
    model = TableClassifier(cv=2, random_state=0)
    search = GridSearchCV(model, {"preset": ["quick", "standard"]}, cv=2, scoring="neg_log_loss", error_score="raise")
    search.fit(flats[0], classes)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert set(search.predict(flats[0])) <= set(classes)


def test_pipelines_pass_frames_on(flats: Flats) -> None:
    X, y = flats
    pipeline = make_pipeline(FunctionTransformer(lambda frame: frame.drop(columns="number")), TableRegressor("quick"))
    pipeline.set_params(tableregressor__random_state=0).fit(X, y)
    alone = TableRegressor("quick", random_state=0).fit(X.drop(columns="number"), y)
    np.testing.assert_array_equal(pipeline.predict(X), alone.predict(X))
    assert pipeline[-1].feature_names_in_.tolist() == ["size", "town", "noise", "since", "lift"]


def test_probabilities_can_be_calibrated(flats: Flats, classes: np.ndarray) -> None:
    calibrated = CalibratedClassifierCV(TableClassifier("quick", random_state=0), cv=2).fit(flats[0], classes)
    probabilities = calibrated.predict_proba(flats[0])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert calibrated.classes_.tolist() == ["cheap", "dear", "fair"]


def test_inspection_of_frames(flats: Flats, regressor: TableRegressor) -> None:
    mpl.use("Agg")
    found = permutation_importance(regressor, *flats, n_repeats=2, random_state=0)
    assert found.importances_mean.argmax() == 0  # the size
    display = PartialDependenceDisplay.from_estimator(
        regressor, flats[0], ["size", "town"], categorical_features=["town"]
    )
    low, high = display.pd_results[0].average[0][[0, -1]]
    assert high > low


def test_groups_are_routed(flats: Flats) -> None:
    X, y = flats
    groups = np.arange(len(y)) // 4
    with config_context(enable_metadata_routing=True):
        model = TableRegressor("quick", random_state=0)
        scores = cross_val_score(model, X, y, cv=GroupKFold(2), params={"groups": groups}, error_score="raise")
        assert scores.shape == (2,)
        model = model.set_fit_request(groups=True, sample_weight=True).set_score_request(sample_weight=True)
        routed = cross_val_score(
            model,
            X,
            y,
            cv=GroupKFold(2),
            params={"groups": groups, "sample_weight": np.ones(len(y))},
            error_score="raise",
        )
        assert routed.shape == (2,)


def test_groups_without_routing_choose_the_outer_folds(flats: Flats) -> None:
    scores = cross_val_score(
        TableRegressor("quick", random_state=0),
        *flats,
        groups=np.arange(160) // 4,
        cv=GroupKFold(2),
        error_score="raise",
    )
    assert scores.shape == (2,)


def test_clones_and_pickles(flats: Flats, classifier: TableClassifier) -> None:
    X, _ = flats
    again = clone(classifier)
    assert again.get_params() == classifier.get_params()
    assert not hasattr(again, "members_")
    loaded = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    np.testing.assert_array_equal(loaded.oof_proba_, classifier.oof_proba_)
    assert str(loaded.summary()) == str(classifier.summary())
