"""Graphs of networks against predict: all activations, outputs, labels and types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.equations.activations import ACTIVATIONS
from multilayer.exports import to_onnx

from .cases import CLASSIFIERS, OPTIONS, REGRESSORS, ROWS, THREE, X, Y
from .feeds import assert_classifies, assert_predicts, onnx_outputs

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "logistic"])
def test_activations(activation: str, dtype: Any) -> None:
    model = MLPClassifier((5, 4), activation, **OPTIONS).fit(X.astype(dtype), THREE)
    found = onnx_outputs(model, ROWS.astype(dtype))
    assert found[1].dtype == dtype
    assert_classifies(found, model, ROWS.astype(dtype))


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_amounts_of_each_activation(activation: str) -> None:
    model = MLPRegressor((5, 4), activation, **OPTIONS).fit(X, Y[:, 0])
    assert_predicts(onnx_outputs(model, ROWS), model, ROWS)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str) -> None:
    options, y = CLASSIFIERS[name]
    model = MLPClassifier(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y)
    assert_classifies(onnx_outputs(model, ROWS), model, ROWS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str, dtype: Any) -> None:
    options, y = REGRESSORS[name]
    model = MLPRegressor(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X.astype(dtype), y)
    # The exponential of the output and the angles of the embedding have no limit: rows within the range of the fit.
    rows = (X if name in ("poisson", "gamma", "embedding") else ROWS).astype(dtype)
    assert_predicts(onnx_outputs(model, rows), model, rows)


def test_named_columns_are_inputs_with_their_names() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["length", "label", "a b"])
    model = MLPClassifier((4,), **OPTIONS).fit(frame, THREE)
    graph = to_onnx(model).graph
    assert [each.name for each in graph.input] == ["length", "label", "a b"]
    assert [each.name for each in graph.output] == ["label_", "probabilities"]
    assert_classifies(onnx_outputs(model, frame), model, frame)


def test_number_of_rows_is_free() -> None:
    model = MLPRegressor((4,), **OPTIONS).fit(X, Y[:, 0])
    for n in (1, 7, 0):
        (found,) = onnx_outputs(model, X[:n])
        np.testing.assert_allclose(found, model.predict(X)[:n], rtol=0, atol=1e-12)


def test_versions_are_those_that_old_runtimes_read() -> None:
    import onnx

    made = to_onnx(MLPClassifier((4,), **OPTIONS).fit(X, THREE))
    assert made.ir_version == 7
    assert {each.domain: each.version for each in made.opset_import} == {"": 13, "ai.onnx.ml": 2}
    for node in made.graph.node:
        assert onnx.defs.get_schema(node.op_type, 13, node.domain).since_version <= 13


@pytest.mark.parametrize(("dtype", "layer"), [(np.float32, ["Gemm"]), (np.float64, ["MatMul", "Add"])])
def test_graph_is_small_and_weights_are_stored_once(dtype: Any, layer: list[str]) -> None:
    model = MLPClassifier((4, 5), **OPTIONS).fit(X.astype(dtype), THREE)
    graph = to_onnx(model).graph
    answers = ["Softmax", "Identity", "ArgMax", "Gather"]
    assert [node.op_type for node in graph.node] == [*layer, "Relu", *layer, "Relu", *layer, *answers]
    assert len(graph.initializer) == 7  # weights, biases, labels
    assert sum(int(np.prod(each.dims)) for each in graph.initializer) == model.parameters_.size + 3


def test_onnx_describes_model_and_classes() -> None:
    made = to_onnx(MLPClassifier((4,), **OPTIONS).fit(X, THREE))
    assert {each.key: each.value for each in made.metadata_props} == {
        "model": "MLPClassifier",
        "kind": "classes",
        "classes": '["a", "b", "c"]',
    }
    assert made.producer_name == "multilayer"


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "mish"])
def test_reference_evaluator_agrees(name: str) -> None:
    import onnx.reference

    model = MLPRegressor((5,), name, **OPTIONS).fit(X, Y)
    (found,) = onnx.reference.ReferenceEvaluator(to_onnx(model)).run(None, {"X": X})
    np.testing.assert_allclose(found, model.predict(X), rtol=0, atol=1e-6)
