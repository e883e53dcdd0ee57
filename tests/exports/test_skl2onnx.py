"""Pipelines that skl2onnx converts, with models of this library in them, against predict in ONNX Runtime."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from multilayer import (
    EnsembleClassifier,
    EnsembleRegressor,
    MLPClassifier,
    MLPRegressor,
    TableClassifier,
)
from multilayer.exceptions import InputTypeError, MissingExtraError, ParameterError
from multilayer.exports import register_skl2onnx
from multilayer.tables import TableEncoder

from ..files.pipelines import TABLE
from ..files.pipelines import Y as SIDES
from .cases import CLASSIFIERS, OPTIONS, REGRESSORS, X, Y
from .feeds import onnx_inputs

skl2onnx = pytest.importorskip("skl2onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
THREE = np.array(["a", "b", "c"])[np.arange(60) % 3]
LABELS = {
    "text": THREE,
    "objects": THREE.astype(object),
    "whole numbers": np.arange(60) % 3 - 1,
    "Booleans": X[:, 0] > 0,
    "floats": np.where(X[:, 0] > 0, 2.0, 5.0),
}
NETWORK = MLPClassifier((5,), **OPTIONS)
PLAIN = {"zipmap": False}


@pytest.fixture(autouse=True)
def _registered() -> None:
    register_skl2onnx()


def outputs(made: Any, rows: Any) -> Any:
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = {"X": rows} if isinstance(rows, np.ndarray) else rows
    return session.run(None, feeds)


def assert_classifies(model: Any, rows: Any, **options: Any) -> None:
    made = skl2onnx.to_onnx(model, rows[:1], options={id(model[-1]): PLAIN}, **options)
    label, probabilities = outputs(made, rows)
    assert label.tolist() == model.predict(rows).tolist()
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), rtol=0, atol=1e-5)
    assert probabilities.dtype == rows.dtype


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LABELS)
def test_labels(name: str, dtype: Any) -> None:
    rows = X.astype(dtype)
    assert_classifies(make_pipeline(StandardScaler(), NETWORK).fit(rows, LABELS[name]), rows)


@pytest.mark.parametrize("name", [each for each in CLASSIFIERS if each not in ("floats as labels", "embedding")])
def test_classifiers(name: str) -> None:
    options, y = CLASSIFIERS[name]
    model = MLPClassifier(**({"hidden_layer_sizes": (6,)} | OPTIONS | options))
    assert_classifies(make_pipeline(MinMaxScaler(), model).fit(X, y), X)


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str) -> None:
    options, y = REGRESSORS[name]
    network = MLPRegressor(**({"hidden_layer_sizes": (6,)} | OPTIONS | options))
    model = make_pipeline(StandardScaler(), network).fit(X, y)
    (found,) = outputs(skl2onnx.to_onnx(model, X[:1]), X)
    expected = model.predict(X)
    np.testing.assert_allclose(found, expected.reshape(len(X), -1), rtol=1e-5, atol=1e-5)


def test_ensembles() -> None:
    assert_classifies(make_pipeline(StandardScaler(), EnsembleClassifier(NETWORK, 2, random_state=0)).fit(X, THREE), X)
    model = EnsembleRegressor(MLPRegressor((4,), **OPTIONS), 2, random_state=0).fit(X, Y)
    (found,) = outputs(skl2onnx.to_onnx(model, X[:1]), X)
    np.testing.assert_allclose(found, model.predict(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("opset", [13, 17, 18, None])
def test_opsets(opset: int | None) -> None:
    network = MLPClassifier((5, 4), "gelu", normalization="layer", **OPTIONS)
    assert_classifies(make_pipeline(StandardScaler(), network).fit(X, THREE), X, target_opset=opset)


def test_options_of_classifiers() -> None:
    model = make_pipeline(StandardScaler(), NETWORK).fit(X, THREE)
    expected = model.predict_proba(X)
    label, maps = outputs(skl2onnx.to_onnx(model, X[:1]), X)  # by default, a list of dictionaries
    assert list(maps[0]) == ["a", "b", "c"]
    np.testing.assert_allclose([list(each.values()) for each in maps], expected, rtol=0, atol=1e-5)
    key = id(model[-1])
    made = skl2onnx.to_onnx(model, X[:1], options={key: {"zipmap": "columns"}})
    assert [each.name for each in made.graph.output] == ["output_label", "sa", "sb", "sc"]
    np.testing.assert_allclose(np.column_stack(outputs(made, X)[1:]), expected, rtol=0, atol=1e-5)
    made = skl2onnx.to_onnx(model, X[:1], options={key: PLAIN | {"output_class_labels": True}})
    assert outputs(made, X)[2].tolist() == ["a", "b", "c"]
    numbers, _ = outputs(skl2onnx.to_onnx(model, X[:1], options={key: PLAIN | {"nocl": True}}), X)
    assert model.classes_[numbers].tolist() == label.tolist()


def types_of(frame: Any) -> list[Any]:
    kinds = skl2onnx.common.data_types
    texts = {name for name in frame.columns if frame[name].dtype.kind == "O" or str(frame[name].dtype) == "str"}
    return [
        (name, kinds.StringTensorType([None, 1]) if name in texts else kinds.DoubleTensorType([None, 1]))
        for name in frame.columns
    ]


def test_columns_of_a_table() -> None:
    frame = TABLE[["size", "town", "pair"]].fillna({"size": 0.5, "town": "x"})
    encoder = ColumnTransformer(
        [("numbers", StandardScaler(), ["size"]), ("texts", OneHotEncoder(sparse_output=False), ["town", "pair"])]
    )
    for first in (encoder, TableEncoder()):
        model = make_pipeline(first, NETWORK).fit(frame, SIDES)
        made = skl2onnx.convert_sklearn(model, initial_types=types_of(frame), options={id(model[-1]): PLAIN})
        label, probabilities = outputs(made, onnx_inputs(made.graph, frame))
        assert label.tolist() == model.predict(frame).tolist()
        np.testing.assert_allclose(probabilities, model.predict_proba(frame), rtol=0, atol=1e-5)


def test_a_table_model_with_gaps() -> None:
    frame = TABLE[["size", "town"]]
    model = TableClassifier("quick", max_time=0.5, random_state=0).fit(frame, SIDES)
    made = skl2onnx.convert_sklearn(model, initial_types=types_of(frame), options={id(model): PLAIN})
    _, probabilities = outputs(made, onnx_inputs(made.graph, frame))
    np.testing.assert_allclose(probabilities, model.predict_proba(frame), rtol=0, atol=1e-5)


def test_a_network_behind_a_step_that_returns_named_columns() -> None:
    scaler = StandardScaler().set_output(transform="pandas")
    frame = TABLE[["rooms", "size"]].fillna(0.0)
    model = make_pipeline(scaler, NETWORK).fit(frame, SIDES)
    made = skl2onnx.convert_sklearn(model, initial_types=types_of(frame), options={id(model[-1]): PLAIN})
    label, _ = outputs(made, onnx_inputs(made.graph, frame))
    assert label.tolist() == model.predict(frame).tolist()


def test_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_pipeline(StandardScaler(), NETWORK).fit(X, THREE)
    with pytest.raises(ParameterError, match="target_opset must be 13 or newer for models of multilayer, got 11"):
        skl2onnx.to_onnx(model, X[:1], target_opset=11)
    frame = TABLE[["town"]]
    encoded = make_pipeline(TableEncoder(), NETWORK).fit(frame, SIDES)
    kind = skl2onnx.common.data_types.DoubleTensorType([None, 1])
    with pytest.raises(InputTypeError, match="the input 'town' of skl2onnx is a DoubleTensorType"):
        skl2onnx.convert_sklearn(encoded, initial_types=[("town", kind)])
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(MissingExtraError, match=r'skl2onnx, .*pip install "multilayer\[skl2onnx\]"'):
        register_skl2onnx()


def test_the_import_of_exports_registers_the_models() -> None:
    import multilayer.exports

    operators = skl2onnx._supported_operators.sklearn_operator_name_map
    del operators[MLPClassifier]
    importlib.reload(multilayer.exports)
    assert operators[MLPClassifier] == "MultilayerMLPClassifier"
