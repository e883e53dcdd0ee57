"""Threads, processes and clusters give the same bits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import EnsembleClassifier, EnsembleRegressor, MLPClassifier
from multilayer.ensembles import ensemble_of
from multilayer.selection import (
    CrossValidation,
    Search,
    capacity_curve,
    cross_validate,
    learning_curve,
    regularization_path,
    search,
    seed_spread,
)
from multilayer.tables.models import TableClassifier, TableRegressor

from ...problems import CLASSES, NUMBERS, WEIGHT, X, classifier, regressor

Use = Callable[[], AbstractContextManager[Any]]

SPACE = {"hidden_layer_sizes": [(3,), (8,)], "learning_rate_init": [1e-3, 1e-2, 1e-1], "alpha": [1e-3, 1.0]}
# Its rows are sent once: 160 kB.
LARGE = np.random.RandomState(1).normal(size=(1000, 20))
SIGNS = np.where(LARGE[:, 0] * LARGE[:, 1] > 0, "same", "other")


def same_folds(one: CrossValidation, other: CrossValidation) -> None:
    np.testing.assert_array_equal(one["test_score"], other["test_score"])
    for first, second in zip(one["estimator"], other["estimator"], strict=True):
        first, second = (getattr(each, "steps", [(None, each)])[-1][1] for each in (first, second))
        np.testing.assert_array_equal(first.parameters_, second.parameters_)
        assert first.loss_curve_ == second.loss_curve_


def same_search(one: Search, other: Search) -> None:
    pd.testing.assert_frame_equal(one.to_frame().drop(columns="seconds"), other.to_frame().drop(columns="seconds"))
    assert [trial.fold_scores for trial in one.trials] == [trial.fold_scores for trial in other.trials]
    assert [len(trial.scores) for trial in one.trials] == [len(trial.scores) for trial in other.trials]
    assert (one.best.number, one.simplest.number) == (other.best.number, other.simplest.number)
    np.testing.assert_array_equal(one.estimator.predict(X), other.estimator.predict(X))


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (classifier(random_state=0), X),
        (make_pipeline(StandardScaler(), classifier(random_state=0, early_stopping=True)), X),
        (classifier(random_state=0, solver="lbfgs", tol=10.0), X),
        (classifier(random_state=0, batch_size=13), pd.DataFrame(X, columns=list("abcd"), dtype="float32")),
    ],
    ids=["network", "pipeline", "lbfgs", "frame in float32"],
)
@pytest.mark.usefixtures("idle_driver")
def test_cross_validation(executor: Use, model: Any, rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with executor():
        found = cross_validate(model, rows, CLASSES, cv=3, sample_weight=WEIGHT, return_train_score=True)
    monkeypatch.undo()
    expected = cross_validate(model, rows, CLASSES, cv=3, sample_weight=WEIGHT, return_train_score=True)
    same_folds(found, expected)
    np.testing.assert_array_equal(found["train_score"], expected["train_score"])


@pytest.mark.parametrize("rows", [LARGE, np.asfortranarray(LARGE), csr_matrix(LARGE), LARGE.astype(np.float32)[::2]])
@pytest.mark.usefixtures("idle_driver")
def test_cross_validation_of_a_large_table(executor: Use, rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    y = SIGNS if rows.shape[0] == len(SIGNS) else SIGNS[::2]
    model = make_pipeline(StandardScaler(with_mean=False), classifier(random_state=0))
    with executor():
        found = cross_validate(model, rows, y, cv=3, scoring="neg_log_loss")
    monkeypatch.undo()
    same_folds(found, cross_validate(model, rows, y, cv=3, scoring="neg_log_loss"))


def test_cross_validation_of_a_large_frame(executor: Use) -> None:
    frame = pd.DataFrame(LARGE, columns=[f"x{i}" for i in range(20)])
    model = make_pipeline(StandardScaler(), classifier(random_state=0))
    with executor():
        found = cross_validate(model, frame, pd.Series(SIGNS), cv=3)
    same_folds(found, cross_validate(model, frame, pd.Series(SIGNS), cv=3))


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_the_number_of_jobs(executor: Use, n_jobs: int) -> None:
    with executor():
        found = cross_validate(classifier(random_state=0), X, CLASSES, n_jobs=n_jobs)
    same_folds(found, cross_validate(classifier(random_state=0), X, CLASSES))


@pytest.mark.parametrize(
    ("model", "y", "options"),
    [
        (classifier(random_state=1, max_iter=18), CLASSES, {}),
        (classifier(random_state=1, max_iter=18), CLASSES, {"halving": False, "n_trials": 5, "random_state": 0}),
        (classifier(random_state=1, max_iter=18), CLASSES, {"sampler": "random", "n_trials": 7, "random_state": 3}),
        (make_pipeline(StandardScaler(), regressor(random_state=1, max_iter=18)), NUMBERS, {"sample_weight": WEIGHT}),
        (classifier(random_state=1, solver="lbfgs", tol=10.0), CLASSES, {"n_trials": 4, "random_state": 0}),
    ],
    ids=["halving", "no halving", "random", "pipeline", "lbfgs"],
)
def test_search(executor: Use, model: Any, y: Any, options: dict[str, Any]) -> None:
    with executor():
        found = search(model, SPACE, X, y, cv=3, **options)
    same_search(found, search(model, SPACE, X, y, cv=3, **options))


def test_search_with_a_sampler_that_learns(executor: Use) -> None:
    pytest.importorskip("optuna")
    model, options = classifier(random_state=1), {"sampler": "optuna", "n_trials": 8, "random_state": 0}
    with executor():
        found = search(model, SPACE, X, CLASSES, cv=3, **options)
    same_search(found, search(model, SPACE, X, CLASSES, cv=3, **options))


@pytest.mark.parametrize("diversity", ["seed", "bootstrap", "fold"])
@pytest.mark.usefixtures("idle_driver")
def test_ensembles(executor: Use, diversity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = EnsembleRegressor(regressor(), n_members=3, diversity=diversity, random_state=3)
    with executor():
        model.fit(X, NUMBERS, WEIGHT)
    monkeypatch.undo()
    expected = EnsembleRegressor(regressor(), n_members=3, diversity=diversity, random_state=3).fit(X, NUMBERS, WEIGHT)
    for one, other in zip(model.estimators_, expected.estimators_, strict=True):
        np.testing.assert_array_equal(one.parameters_, other.parameters_)
    if diversity != "seed":
        np.testing.assert_array_equal(model.oof_prediction_, expected.oof_prediction_)
        np.testing.assert_array_equal(model.predict_interval(X), expected.predict_interval(X))


def test_the_backend_of_an_ensemble(executor: Use) -> None:
    with executor() as chosen:
        name = {"LokyBackend": "loky", "DaskDistributedBackend": "dask", "RayBackend": "ray"}[
            type(chosen["backend"]).__name__
        ]
    model = EnsembleClassifier(classifier(), n_members=2, random_state=0, backend=name, n_jobs=2).fit(X, CLASSES)
    expected = EnsembleClassifier(classifier(), n_members=2, random_state=0, backend="threads").fit(X, CLASSES)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_an_ensemble_of_a_search(executor: Use) -> None:
    found = search(classifier(random_state=1), SPACE, X, CLASSES, cv=3, n_trials=6, random_state=0)
    with executor():
        model = ensemble_of(found, n_candidates=4)
    expected = ensemble_of(found, n_candidates=4)
    np.testing.assert_array_equal(model.weights_, expected.weights_)
    np.testing.assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize(
    "curve",
    [
        lambda model: learning_curve(model, X, CLASSES, cv=3, sizes=[0.5, 1.0], random_state=0),
        lambda model: capacity_curve(model, X, CLASSES, cv=3, capacities=[(), 4]),
        lambda model: regularization_path(model, X, CLASSES, cv=3, alphas=[1.0, 0.1]),
        lambda model: seed_spread(model, X, CLASSES, n_seeds=2, cv=3),
    ],
    ids=["learning", "capacity", "regularization", "seeds"],
)
@pytest.mark.usefixtures("idle_driver")
def test_curves(executor: Use, curve: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier(random_state=0)
    with executor():
        found = curve(model)
    monkeypatch.undo()
    one, other = found.to_frame(), curve(model).to_frame()
    times = [name for name in one.columns if "time" in name or "seconds" in name]
    pd.testing.assert_frame_equal(one.drop(columns=times), other.drop(columns=times), check_exact=True)


@pytest.mark.parametrize("with_trees", [False, True])
@pytest.mark.parametrize("kind", [TableClassifier, TableRegressor])
@pytest.mark.usefixtures("idle_driver")
def test_models_of_tables(executor: Use, kind: Any, with_trees: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"size": X[:, 0], "town": np.where(X[:, 1] > 0, "Ulm", "Jena"), "age": X[:, 2]})
    y = CLASSES if kind is TableClassifier else NUMBERS
    model = kind("quick", cv=2, random_state=0, with_trees=with_trees)
    with executor():
        model.fit(table, y)
    monkeypatch.undo()
    expected = kind("quick", cv=2, random_state=0, with_trees=with_trees).fit(table, y)
    assert model.oof_score_ == expected.oof_score_
    answer = "predict_proba" if kind is TableClassifier else "predict"
    np.testing.assert_array_equal(getattr(model, answer)(table), getattr(expected, answer)(table))


def test_a_custom_network_and_metric_of_this_module(executor: Use) -> None:
    """What a notebook or script defines cannot be imported by the workers; it is sent with the members."""

    class Mine(MLPClassifier):
        pass

    def share(model: Any, rows: Any, y: Any) -> float:
        return float((model.predict(rows) == y).mean()) / 2

    model = Mine((4,), max_iter=5, n_iter_no_change=None, random_state=0)
    with executor():
        found = cross_validate(model, X, CLASSES, cv=3, scoring=share)
    expected = cross_validate(model, X, CLASSES, cv=3, scoring=share)
    np.testing.assert_array_equal(found["test_score"], expected["test_score"])
    assert type(found["estimator"][0]) is Mine
