"""Exported gradient-boosted trees of table models against predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from multilayer import TableClassifier, TableRegressor
from multilayer.exceptions import InputTypeError
from multilayer.exports import to_numpy, to_sql
from multilayer.exports.onnx_graph import Graph
from multilayer.exports.operations import Input, Trees
from multilayer.exports.paths import depth_of, paths_of
from multilayer.exports.program import Program
from multilayer.tables.models.forest import Forest, forest_of

from .compiled import THIS, Case, assert_equal, outputs
from .feeds import assert_classifies, assert_predicts, onnx_outputs

RNG = np.random.RandomState(0)
M = 150
FRAME = pd.DataFrame({"size": RNG.normal(size=M), "age": RNG.randint(0, 9, M), "town": RNG.choice(list("abcd"), M)})
FRAME.loc[::9, "size"] = np.nan
FRAME.loc[::11, "town"] = None
AMOUNTS = 100 * np.abs(FRAME["size"].fillna(0.0).to_numpy()) + 10 * FRAME["age"].to_numpy()
THREE = np.array(["high", "low", "none"])[np.digitize(AMOUNTS, [40, 90])]
ROWS = FRAME.copy()
ROWS.loc[:3, "size"], ROWS.loc[2:5, "town"] = [1e9, -1e9, np.inf, 0.0], "unseen"
MODELS: dict[str, tuple[type, Any, dict[str, Any]]] = {
    "two classes": (TableClassifier, THREE == "low", {}),
    "three classes": (TableClassifier, THREE, {"calibration": "temperature"}),
    "counts": (TableRegressor, np.floor(AMOUNTS), {"loss": "poisson"}),
    "two quantiles": (TableRegressor, AMOUNTS, {"loss": "quantile", "quantile": [0.1, 0.9]}),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a table model in which trees have half of the weight."""
    kind, y, options = MODELS[request.param]
    monkeypatch.setattr(kind, "_selected", lambda _self, found, *_: np.ones(len(found), dtype=np.intp))
    fitted = kind(preset="quick", with_trees=True, random_state=0, **options).fit(FRAME, y)
    assert fitted.weights_["gradient-boosted trees"] > 0.3
    fitted.spread = 1.0 if kind is TableClassifier else np.std(y, axis=0)
    return fitted


@pytest.mark.filterwarnings("ignore::multilayer.exceptions.NoveltyWarning")
def test_table_models_with_trees(model: Any, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    names: dict[str, Any] = {}
    exec(to_numpy(model), names)
    is_classifier = isinstance(model, TableClassifier)
    found = onnx_outputs(model, ROWS)
    if is_classifier:
        assert_classifies(found, model, ROWS)
        np.testing.assert_allclose(names["predict_proba"](ROWS), model.predict_proba(ROWS), rtol=0, atol=1e-5)
    else:
        assert_predicts(found, model, ROWS, unit=model.spread)
        by_numpy = names["predict"](ROWS)
        np.testing.assert_allclose(by_numpy / model.spread, model.predict(ROWS) / model.spread, rtol=1e-5, atol=1e-5)
    row = ROWS.iloc[7].to_dict()
    one, expected = names["predict_one"](row), model.predict(ROWS.iloc[[7]])[0]
    assert one == expected if is_classifier else np.allclose(one, expected, rtol=1e-5)
    if not THIS.is_missing:
        case = Case(model, ROWS, model.spread)
        assert_equal(case, outputs([case], tmp_path)[0])
    with pytest.raises(InputTypeError, match="a query cannot hold the gradient-boosted trees of this model"):
        to_sql(model)


FORESTS: dict[str, Any] = {
    "regressor": HistGradientBoostingRegressor(max_iter=7, max_leaf_nodes=6, min_samples_leaf=2).fit(
        RNG.normal(size=(80, 3)), RNG.normal(size=80)
    ),
    "three classes": HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=3).fit(
        RNG.normal(size=(80, 3)), np.arange(80) % 3
    ),
    "single leaves": HistGradientBoostingRegressor(max_iter=2).fit(RNG.normal(size=(8, 3)), np.arange(8.0)),
}


@pytest.mark.parametrize("name", FORESTS)
def test_sums_on_thresholds_and_beside_them(name: str) -> None:
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    forest = forest_of(FORESTS[name])
    X = _on_thresholds(forest)
    program = Program(Trees(Input("X", n=3), forest), "amounts", is_column=False)
    graph = Graph(onnx, program)
    described = graph.outputs()
    inputs = [graph.value("X", "float64", ["rows", 3])]
    made = onnx.helper.make_graph(graph.nodes, "trees", inputs, described, graph.constants)
    opset = [onnx.helper.make_opsetid("", 13)]
    text = onnx.helper.make_model(made, opset_imports=opset, ir_version=7).SerializeToString()
    (found,) = runtime.InferenceSession(text, providers=["CPUExecutionProvider"]).run(None, {"X": X})
    np.testing.assert_allclose(found, forest.sums(X), rtol=0, atol=1e-12)


def _on_thresholds(forest: Forest) -> Any:
    """Return rows with each threshold in the place of its input, the next number below and above it, and infinity."""
    rows = [np.zeros(forest.width), np.full(forest.width, np.inf), np.full(forest.width, -np.inf)]
    for node in np.flatnonzero(forest.left != np.arange(len(forest.left))).tolist():
        for value in (-np.inf, forest.threshold[node], np.inf):
            row = np.zeros(forest.width)
            row[forest.feature[node]] = np.nextafter(forest.threshold[node], value)
            rows.append(row)
    return np.array(rows)


def test_paths_of_a_tree_by_hand() -> None:
    """x_1 <= 2 ? (x_0 <= 5 ? 10 : 20) : 30."""
    whole = {"feature": [1, 0, 0, 0, 0], "left": [1, 2, 2, 3, 4], "right": [4, 3, 2, 3, 4]}
    arrays = {name: np.array(values) for name, values in whole.items()}
    threshold, value = np.array([2.0, 5.0, 0, 0, 0]), np.array([0, 0, 10.0, 20.0, 30.0])
    missing, baseline = np.zeros(5, dtype=bool), np.zeros((1, 1))
    forest = Forest(
        width=2, starts=np.array([0]), threshold=threshold, missing_left=missing, value=value, baseline=baseline,
        link="identity", **arrays,
    )  # fmt: skip
    paths = paths_of(forest)
    assert depth_of(forest) == 2
    assert paths.features.tolist() == [[1, 0]]
    assert paths.signs.tolist() == [[[1, 1, -1], [1, -1, 0]]]
    assert paths.turns.tolist() == [[[2, 1, 0]]]
    assert paths.values.tolist() == [[[10], [20], [30]]]
