"""All curves accept the data that fit accepts: sparse matrices, frames through an encoder, several labels and
outputs.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier, MLPRegressor
from multilayer.selection import capacity_curve, learning_curve, regularization_path, seed_spread
from multilayer.tables import TableEncoder

rng = np.random.RandomState(0)
X = rng.normal(size=(60, 4))
FRAME = pd.DataFrame(
    {"a": X[:, 0], "b": np.where(X[:, 1] > 0, "yes", "no"), "c": np.where(X[:, 2] > 1, np.nan, X[:, 3])}
)
TEXT = pd.Series(np.where(X[:, 0] > 0, "up", "down"))
PATIENT: dict[str, Any] = {"max_iter": 4, "n_iter_no_change": math.inf, "random_state": 0}
CURVES: list[Any] = [
    lambda *data, **options: learning_curve(*data, sizes=[0.5, 1.0], **options),
    lambda *data, **options: capacity_curve(*data, capacities=[(), (3,)], **options),
    lambda *data, **options: regularization_path(*data, alphas=[0.1, 1.0], **options),
    lambda *data, **options: seed_spread(*data, n_seeds=2, **options),
]


@pytest.mark.parametrize("curve", CURVES, ids=["rows", "capacity", "alpha", "seeds"])
@pytest.mark.parametrize(
    ("estimator", "table", "y", "options"),
    [
        (MLPClassifier((3,), **PATIENT), csr_matrix(X), TEXT, {}),
        (MLPClassifier((3,), **PATIENT), X.astype(np.float32), (X[:, :2] > 0).astype(int), {"cv": 3}),
        (make_pipeline(TableEncoder(), MLPClassifier((3,), **PATIENT)), FRAME, TEXT, {"scoring": "roc_auc"}),
        (make_pipeline(MLPRegressor((3,), **PATIENT)), X, X[:, :2], {"sample_weight": np.arange(60.0)}),
        (MLPRegressor((3,), loss="quantile", quantile=(0.1, 0.9), **PATIENT), X, X[:, 0], {}),
    ],
    ids=["sparse", "labels", "frame", "outputs", "quantiles"],
)
def test_every_training_is_scored(curve: Any, estimator: Any, table: Any, y: Any, options: dict[str, Any]) -> None:
    result = curve(estimator, table, y, **({"cv": 3} | options))
    assert not result.failures
    for name in ("scores", "train_scores", "test_scores", "train_costs", "test_costs"):
        assert np.isfinite(getattr(result, name, 0.0)).all(), name


@pytest.mark.parametrize("curve", CURVES[1:3], ids=["capacity", "alpha"])
def test_threads_and_processes_give_the_same_numbers(curve: Any) -> None:
    model = MLPClassifier((3,), **PATIENT)
    here, elsewhere = (curve(model, X, TEXT, cv=2, backend=backend, n_jobs=2) for backend in ("threads", "loky"))
    np.testing.assert_array_equal(here.test_scores, elsewhere.test_scores)
    np.testing.assert_array_equal(here.test_costs, elsewhere.test_costs)


@pytest.mark.parametrize("curve", CURVES, ids=["rows", "capacity", "alpha", "seeds"])
def test_callbacks_receive_the_end_of_each_member(curve: Any) -> None:
    events: list[Any] = []
    curve(MLPClassifier((3,), **PATIENT), X, TEXT, cv=2, callbacks=[events.append])
    assert [event.n_done for event in events] == list(range(1, events[0].n_members + 1))
