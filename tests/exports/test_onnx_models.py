"""Graphs of ensembles and of table models against predict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import (
    EnsembleClassifier,
    EnsembleRegressor,
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
    TableRegressor,
)
from multilayer.exports import to_onnx
from multilayer.tables import TableEncoder

from .feeds import assert_classifies, assert_predicts, onnx_outputs

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
LABELS = np.array(["a", "b", "c"])[RNG.randint(0, 3, 60)]
LABELS[:3] = "rare"
AMOUNTS = RNG.normal(size=(60, 2))
OPTIONS: dict[str, Any] = {"max_iter": 3, "n_iter_no_change": None, "random_state": 0, "engine": "reference"}
NETWORK = MLPClassifier((4,), **OPTIONS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("diversity", ["seed", "bootstrap", "fold"])
def test_ensembles_of_classifiers(diversity: str, dtype: Any) -> None:
    model = EnsembleClassifier(NETWORK, 3, diversity=diversity, random_state=0).fit(X.astype(dtype), LABELS)
    assert_classifies(onnx_outputs(model, X.astype(dtype)), model, X.astype(dtype))


def test_an_ensemble_whose_members_lack_a_class() -> None:
    order = np.argsort(LABELS, kind="stable")
    model = EnsembleClassifier(NETWORK, diversity="fold", cv=[(order[:40], order[40:]), (order[20:], order[:20])])
    model.fit(X, LABELS)
    assert len({tuple(each.classes_) for each in model.estimators_}) == 2
    assert_classifies(onnx_outputs(model, X), model, X)


def test_an_ensemble_of_several_labels() -> None:
    model = EnsembleClassifier(NETWORK, 2, random_state=0).fit(X, (X > 0).astype(int))
    assert_classifies(onnx_outputs(model, X), model, X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [1, 2])
def test_ensembles_of_regressors(columns: int, dtype: Any) -> None:
    members = [MLPRegressor((4,), standardize_targets=True, **OPTIONS), MLPRegressor((3, 3), "gelu", **OPTIONS)]
    y = AMOUNTS[:, 0] if columns == 1 else AMOUNTS
    model = EnsembleRegressor(members, weights=[3.0, 1.0], random_state=0).fit(X.astype(dtype), y)
    assert_predicts(onnx_outputs(model, X.astype(dtype)), model, X.astype(dtype))


def test_an_ensemble_of_pipelines_has_one_input_for_each_column() -> None:
    frame = pd.DataFrame({"size": X[:, 0], "town": LABELS})
    members = [make_pipeline(TableEncoder(), NETWORK), make_pipeline(TableEncoder(numbers="robust"), NETWORK)]
    model = EnsembleClassifier(members, random_state=0).fit(frame, LABELS)
    assert [each.name for each in to_onnx(model).graph.input] == ["size", "town"]
    assert_classifies(onnx_outputs(model, frame), model, frame)


def test_a_pipeline_in_an_ensemble_in_a_pipeline() -> None:
    inner = EnsembleRegressor(make_pipeline(StandardScaler(), MLPRegressor((4,), **OPTIONS)), 2, random_state=0)
    model = make_pipeline(StandardScaler(with_mean=False), inner).fit(X, AMOUNTS)
    assert_predicts(onnx_outputs(model, X), model, X)


def table(m: int = 120) -> pd.DataFrame:
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=m),
            "town": rng.choice(["Ulm", "Bonn", "Kiel"], m),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.randint(0, 900, m), unit="D"),
            "new": rng.rand(m) > 0.5,
        }
    )
    frame.loc[::9, "size"] = np.nan
    frame.loc[::7, "town"] = None
    return frame


def unusual(frame: pd.DataFrame) -> pd.DataFrame:
    rows = frame.copy()
    rows.loc[:3, "size"], rows.loc[2:5, "town"] = [1e9, -1e9, np.inf, 0.0], "Rome"
    return rows


@pytest.mark.filterwarnings("ignore::multilayer.exceptions.NoveltyWarning")
@pytest.mark.parametrize("calibration", [None, "temperature"])
def test_table_classifiers(calibration: str | None) -> None:
    frame = table()
    y = np.where(np.nan_to_num(frame["size"]) > 0, "yes", np.where(frame["new"], "no", "perhaps"))
    model = TableClassifier(preset="quick", calibration=calibration, random_state=0).fit(frame, y)
    assert (model.temperature_ != 1.0) == (calibration is not None)
    rows = unusual(frame)
    assert_classifies(onnx_outputs(model, rows), model, rows)
    assert [each.name for each in to_onnx(model).graph.input] == list(frame.columns)


REGRESSION: dict[str, Any] = {
    "squared error": {},
    "quantiles": {"loss": "quantile", "quantile": [0.1, 0.9]},
    "poisson": {"loss": "poisson"},
    "several outputs": {},
}


@pytest.mark.filterwarnings("ignore::multilayer.exceptions.NoveltyWarning")
@pytest.mark.parametrize("name", REGRESSION)
def test_table_regressors(name: str) -> None:
    frame = table()
    y = 100 * np.abs(np.nan_to_num(frame["size"].to_numpy()))
    targets = np.column_stack([y, y**2]) if name == "several outputs" else y
    model = TableRegressor(preset="quick", random_state=0, **REGRESSION[name]).fit(frame, targets)
    rows = unusual(frame)
    assert_predicts(onnx_outputs(model, rows), model, rows, unit=targets.std(axis=0))
