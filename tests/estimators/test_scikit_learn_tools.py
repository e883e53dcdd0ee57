"""The estimators with scikit-learn's tools: pipelines, searches, metadata routing, processes, copies and pickles."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import sklearn.neural_network
from sklearn.base import clone
from sklearn.ensemble import AdaBoostClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor

from ..problems import data

X, TWO = data("binary")
NUMBERS = data("regression")[1]
WEIGHT = np.random.RandomState(0).uniform(size=43)
FEW: dict[str, Any] = {"random_state": 0, "n_iter_no_change": math.inf, "max_iter": 5}
IGNORE_END = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**({"hidden_layer_sizes": (4,), **FEW} | parameters))


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**({"hidden_layer_sizes": (4,), **FEW} | parameters))


# --- pipelines, searches and processes


def test_regressors_work_in_pipelines_grid_search_and_multi_output_regression() -> None:
    pipeline = make_pipeline(StandardScaler(), regressor(solver="lbfgs", max_iter=200, alpha=1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        search = GridSearchCV(pipeline, {"mlpregressor__alpha": [1.0, 1e6]}, cv=3, n_jobs=2).fit(X, X[:, 0])
        assert search.best_params_ == {"mlpregressor__alpha": 1.0}
        several = MultiOutputRegressor(regressor()).fit(X, np.c_[NUMBERS, -NUMBERS])
    assert several.predict(X).shape == (43, 2)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_column_names_pass_through_a_pipeline(frame: Any) -> None:
    named = frame({name: X[:, i] for i, name in enumerate("abcde")})
    kind = "pandas" if frame is pd.DataFrame else "polars"
    pipeline = make_pipeline(StandardScaler(), classifier()).set_output(transform=kind).fit(named, TWO)
    assert pipeline[-1].feature_names_in_.tolist() == list("abcde")
    assert pipeline.score(named, TWO) > 0


def test_processes_can_train_on_a_shared_read_only_memory_map() -> None:
    def fit_and_predict(X: Any, y: Any) -> tuple[bool, Any]:
        return X.flags.writeable or not isinstance(X, np.memmap), classifier().fit(X, y).predict_proba(X)

    with joblib.parallel_config(backend="loky", max_nbytes=100):
        results = joblib.Parallel(n_jobs=2)(joblib.delayed(fit_and_predict)(X, TWO) for _ in range(2))
    assert [was_copied for was_copied, _ in results] == [False, False]
    np.testing.assert_array_equal(results[0][1], classifier().fit(X, TWO).predict_proba(X))


def test_concurrent_training_in_threads_does_not_affect_the_parameters() -> None:
    models = joblib.Parallel(n_jobs=4, backend="threading")(
        joblib.delayed(classifier(random_state=seed, max_iter=50).fit)(X, TWO) for seed in range(8)
    )
    for seed, model in enumerate(models):
        alone = classifier(random_state=seed, max_iter=50).fit(X, TWO)
        np.testing.assert_array_equal(model.parameters_, alone.parameters_)


# --- metadata routing


def test_sample_weights_are_routed_to_fit_and_score() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        model.set_partial_fit_request(sample_weight=True, classes=True)
        scores = cross_val_score(model, X, TWO, cv=3, params={"sample_weight": WEIGHT})
    assert scores.shape == (3,)


def test_sample_weights_are_routed_through_pipelines_and_searches() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(scaler, model)
        folds = [(np.arange(30), np.arange(30, 43))]
        validated = cross_validate(pipeline, X, TWO, params={"sample_weight": WEIGHT}, cv=folds, return_estimator=True)
        search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.0]}, cv=folds).fit(X, TWO, sample_weight=WEIGHT)
    expected = make_pipeline(StandardScaler(), classifier())
    expected.fit(X[:30], TWO[:30], mlpclassifier__sample_weight=WEIGHT[:30])
    np.testing.assert_array_equal(validated["estimator"][0][-1].parameters_, expected[-1].parameters_)
    score = expected.score(X[30:], TWO[30:], sample_weight=WEIGHT[30:])
    assert validated["test_score"] == pytest.approx([score])
    assert search.best_estimator_[-1].loss_ > 0


def test_boosting_gives_the_same_weights_and_predictions_as_with_scikit_learn() -> None:
    theirs = sklearn.neural_network.MLPClassifier((4,), max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boosted = [
            AdaBoostClassifier(each, n_estimators=3, random_state=0).fit(X, TWO)
            for each in (MLPClassifier((4,), max_iter=200), theirs)
        ]
    np.testing.assert_allclose(boosted[0].estimator_weights_, boosted[1].estimator_weights_)
    np.testing.assert_array_equal(boosted[0].predict(X), boosted[1].predict(X))


# --- copies and pickles


@IGNORE_END
@pytest.mark.parametrize("kind", [classifier, regressor])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_warm_started_fit_continues_identically_after_pickling(
    early_stopping: bool, kind: Any, tmp_path: Path
) -> None:
    y = TWO if kind is classifier else NUMBERS
    model = kind(warm_start=True, early_stopping=early_stopping).fit(X, y)
    joblib.dump(model, tmp_path / "model")
    loaded = joblib.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.fit(X, y).parameters_, model.fit(X, y).parameters_)
    assert not hasattr(clone(loaded), "parameters_")


def test_pickling_between_calls_of_partial_fit_does_not_affect_training() -> None:
    model = classifier().partial_fit(X, TWO, classes=[0, 1]).partial_fit(X[:20], TWO[:20])
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.partial_fit(X, TWO).parameters_, model.partial_fit(X, TWO).parameters_)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning", "ignore::multilayer.exceptions.ParameterWarning")
def test_a_pickle_of_a_completed_fit_is_about_as_large_as_the_weights(early_stopping: bool, solver: str) -> None:
    rows, y = np.tile(X, (100, 1)), np.tile(TWO, 100)
    options = {"hidden_layer_sizes": (100, 50), "solver": solver, "early_stopping": early_stopping}
    model = classifier(**options).fit(rows, y)
    assert len(pickle.dumps(model)) < model.parameters_.nbytes + 8000
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.loss_curve_ == model.loss_curve_
    assert loaded.best_validation_score_ == model.best_validation_score_


def test_equal_fits_have_equal_pickles() -> None:
    assert joblib.hash(classifier().fit(X, TWO)) == joblib.hash(classifier().fit(X, TWO))


def test_training_can_continue_from_a_pickle_of_a_completed_fit() -> None:
    X, y = data("multiclass", m=80)
    done = pickle.loads(pickle.dumps(classifier(early_stopping=True, max_iter=9).fit(X, y)))
    loss = done.loss_
    done.set_params(early_stopping=False).partial_fit(X, y)
    assert done.loss_ == pytest.approx(loss, rel=0.2)
    done.set_params(early_stopping=True, warm_start=True, n_iter_no_change=1, tol=1e9).fit(X, y)
    assert len(done._training_state.held_out) == 8
    assert done.loss_ == pytest.approx(loss, rel=0.2)


@IGNORE_END
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_continues_training_identically(copied: Any) -> None:
    model, same = classifier().fit(X, TWO), classifier().fit(X, TWO)
    other = copied(model)
    expected = same.partial_fit(X, TWO).parameters_
    np.testing.assert_array_equal(other.partial_fit(X, TWO).parameters_, expected)
    assert np.shares_memory(other.parameters_, model.parameters_) == (copied is copy.copy)
    assert not hasattr(clone(other), "parameters_")
