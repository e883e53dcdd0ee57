"""Networks of scikit-learn and PyTorch as estimators of this library, and the reverse: the same predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import neural_network
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from multilayer import MLPClassifier, MLPRegressor, NotFittedError, load_model, save_model
from multilayer.exceptions import InputTypeError, ParameterError, ShapeError
from multilayer.exports import from_sklearn, from_torch, to_onnx, to_sklearn

from .cases import MANY, OPTIONS, THREE, X, Y

pytestmark = [
    pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
ROWS = np.vstack([X, 100 * X])
CLASSES: dict[str, Any] = {
    "two": THREE == "a",
    "three": THREE,
    "numbers": np.where(THREE == "a", 7, 3),
    "several labels": MANY,
}
EXACT = {"rtol": 1e-12, "atol": 1e-12}


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("name", CLASSES)
def test_classifiers_from_scikit_learn_and_back(name: str, activation: str) -> None:
    theirs = neural_network.MLPClassifier((5, 4), activation, max_iter=5, random_state=0, batch_size=20)
    theirs.fit(X, CLASSES[name])
    ours = from_sklearn(theirs)
    for one, other in ((ours, theirs), (to_sklearn(ours), ours)):
        np.testing.assert_allclose(one.predict_proba(ROWS), other.predict_proba(ROWS), **EXACT)
        np.testing.assert_array_equal(one.predict(ROWS), other.predict(ROWS))
        assert one.classes_.tolist() == other.classes_.tolist()
    assert ours.batch_size == 20
    assert ours.initialization == "scikit-learn"


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_regressors_from_scikit_learn_and_back(loss: str, dtype: Any) -> None:
    theirs = neural_network.MLPRegressor(loss, (5,), max_iter=5, random_state=0)
    theirs.fit(X.astype(dtype), np.abs(Y[:, 0]))
    ours = from_sklearn(theirs)
    assert ours.parameters_.dtype == dtype
    tolerance = EXACT if dtype == np.float64 else {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(ours.predict(X.astype(dtype)), theirs.predict(X.astype(dtype)), **tolerance)
    np.testing.assert_allclose(to_sklearn(ours).predict(X.astype(dtype)), theirs.predict(X.astype(dtype)), **tolerance)


def test_names_of_columns_are_kept() -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    theirs = neural_network.MLPRegressor("squared_error", (3,), max_iter=2, random_state=0).fit(frame, Y)
    ours = from_sklearn(theirs)
    np.testing.assert_allclose(ours.predict(frame), theirs.predict(frame), **EXACT)
    assert to_sklearn(ours).feature_names_in_.tolist() == ["a", "b", "c"]


def test_networks_from_scikit_learn_can_be_saved_exported_cloned_and_trained(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    theirs = neural_network.MLPClassifier((3,), max_iter=5, random_state=0, early_stopping=True).fit(X, THREE)
    ours = from_sklearn(theirs)
    save_model(ours, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(X), ours.predict_proba(X))
    assert len(to_onnx(ours).graph.node) > 3
    assert clone(ours).fit(X, THREE).early_stopping
    before = ours.parameters_.copy()
    ours.set_params(early_stopping=False).partial_fit(X, THREE)
    assert 0 < np.abs(ours.parameters_ - before).max() < 0.1


OURS: dict[str, tuple[Any, Any]] = {
    "a softmax of two classes": (MLPClassifier((4,), output="softmax", **OPTIONS), THREE == "a"),
    "sigmoid": (MLPClassifier((4, 3), "sigmoid", **OPTIONS), THREE),
    "no hidden layer": (MLPClassifier((), **OPTIONS), THREE),
    "standardised targets": (MLPRegressor((4,), standardize_targets=True, **OPTIONS), 1e3 * Y + 1e4),
    "a quantile": (MLPRegressor((4,), loss="quantile", quantile=0.9, learning_rate="cosine", **OPTIONS), Y[:, 0]),
    "gamma": (MLPRegressor((4,), loss="gamma", **OPTIONS), np.abs(Y) + 0.1),
}


@pytest.mark.parametrize("name", OURS)
def test_our_networks_in_scikit_learn(name: str) -> None:
    model, y = OURS[name]
    model = clone(model).fit(X, y)
    theirs = to_sklearn(model)
    np.testing.assert_allclose(theirs.predict(X), model.predict(X), **EXACT) if isinstance(
        model, MLPRegressor
    ) else np.testing.assert_allclose(theirs.predict_proba(X), model.predict_proba(X), **EXACT)
    theirs.set_params(warm_start=True, max_iter=1, n_iter_no_change=10, batch_size=20).fit(X, y)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"activation": "gelu"}, "the activations gelu"),
        ({"hidden_layer_sizes": (2, 2), "activation": ["relu", "tanh"]}, "the activations relu, tanh"),
        ({"normalization": "layer"}, "normalised layers"),
        ({"embedding": "periodic"}, "an embedding"),
        ({"output": "sigmoid"}, "a sigmoid unit for each class"),
    ],
)
def test_networks_that_scikit_learn_lacks(options: dict[str, Any], what: str) -> None:
    model = MLPClassifier(**({"hidden_layer_sizes": (3,)} | OPTIONS | options)).fit(X, THREE)
    with pytest.raises(ParameterError, match=f"this network has {what}, which scikit-learn does not have"):
        to_sklearn(model)


def test_other_objects_are_named() -> None:
    with pytest.raises(InputTypeError, match="got LogisticRegression"):
        from_sklearn(LogisticRegression())
    with pytest.raises(InputTypeError, match="got LogisticRegression"):
        to_sklearn(LogisticRegression())
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        from_sklearn(neural_network.MLPRegressor())
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        to_sklearn(MLPRegressor())
    with pytest.raises(InputTypeError, match=r"takes a torch\.nn\.Sequential, got MLPRegressor"):
        from_torch(MLPRegressor())


# Networks of PyTorch.


@pytest.fixture(scope="module")
def nn() -> Any:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return torch.nn


def output_of(module: Any, rows: Any) -> Any:
    import torch

    with torch.no_grad():
        return module.eval()(torch.tensor(rows)).numpy()


@pytest.mark.parametrize(
    "name", ["ReLU", "Tanh", "Sigmoid", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Softplus"]
)
def test_activations_of_torch(nn: Any, name: str) -> None:
    module = nn.Sequential(
        nn.Linear(3, 5), getattr(nn, name)(), nn.Dropout(0.5), nn.Linear(5, 4), nn.Linear(4, 2)
    ).double()
    model = from_torch(module)
    np.testing.assert_allclose(model.predict(X), output_of(module, X), rtol=0, atol=1e-8)


def test_classes_and_layers_of_torch(nn: Any) -> None:
    rows = X.astype(np.float32)
    module = nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 3, bias=False))
    nn.init.normal_(module[1].weight)
    logits = output_of(module, rows)
    model = from_torch(module, classes=["a", "b", "c"])
    assert isinstance(model, MLPClassifier)
    np.testing.assert_allclose(model.decision_function(rows), logits, rtol=0, atol=1e-5)
    assert model.predict(rows).tolist() == np.array(["a", "b", "c"])[logits.argmax(axis=1)].tolist()
    one = nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
    found = from_torch(one, classes=[False, True]).predict_proba(rows)  # type: ignore[union-attr]
    np.testing.assert_allclose(found[:, 1], output_of(one, rows)[:, 0], rtol=0, atol=1e-6)


def test_modules_of_torch_that_this_library_lacks(nn: Any) -> None:
    with pytest.raises(InputTypeError, match="cannot have Hardtanh at this place"):
        from_torch(nn.Sequential(nn.Linear(3, 2), nn.Hardtanh(), nn.Linear(2, 1)))
    with pytest.raises(InputTypeError, match="must begin with Linear"):
        from_torch(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)))
    with pytest.raises(ParameterError, match=r"LeakyReLU has negative_slope=0\.2, and this library has 0\.01"):
        from_torch(nn.Sequential(nn.Linear(3, 2), nn.LeakyReLU(0.2), nn.Linear(2, 1)))
    with pytest.raises(ParameterError, match="a network that ends in Softmax is a classifier"):
        from_torch(nn.Sequential(nn.Linear(3, 2), nn.Softmax(1)))
    with pytest.raises(ShapeError, match="3 different labels for 3 outputs, got 2"):
        from_torch(nn.Sequential(nn.Linear(3, 3)), classes=[0, 1])
    with pytest.raises(InputTypeError, match="LayerNorm must stand after each Linear but the last"):
        from_torch(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2), nn.Linear(2, 2), nn.Linear(2, 1)))
