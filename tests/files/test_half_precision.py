"""Weights of float16: a smaller file, predictions that are close, and training that continues without memory."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline

from multilayer import EnsembleClassifier, MLPClassifier, MLPRegressor, load_model, save_model
from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files import container
from multilayer.tables import TableEncoder

from .mutants import file_content

pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
X, Y = make_classification(200, 20, n_informative=8, random_state=0)
OPTIONS: dict[str, Any] = {"max_iter": 5, "random_state": 0, "engine": "reference"}
KINDS: dict[str, dict[str, Any]] = {
    "adam": {},
    "momentum": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "averaged": {"weight_averaging": 0.9},
    "held out": {"early_stopping": True, "learning_rate_init": 0.1},
}


def half(model: Any, tmp_path: Path) -> Any:
    save_model(model, tmp_path / "half", dtype="float16")
    return load_model(tmp_path / "half")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_those_of_the_rounded_weights(kind: str, dtype: type, tmp_path: Path) -> None:
    model = MLPClassifier((30, 20), **(OPTIONS | KINDS[kind])).fit(X.astype(dtype), Y)
    loaded = half(model, tmp_path)
    assert loaded.parameters_.dtype == dtype
    np.testing.assert_array_equal(loaded.parameters_, model.parameters_.astype(np.float16).astype(dtype))
    received, expected = loaded.predict_proba(X.astype(dtype)), model.predict_proba(X.astype(dtype))
    np.testing.assert_allclose(received, expected, atol=5e-3)
    assert not np.array_equal(received, expected)


def test_the_file_is_smaller(tmp_path: Path) -> None:
    model = MLPClassifier((100, 100), **OPTIONS).fit(X, Y)
    half(model, tmp_path)
    save_model(model, tmp_path / "whole")
    assert (tmp_path / "half").stat().st_size < 0.2 * (tmp_path / "whole").stat().st_size


def test_a_second_rounding_changes_nothing(tmp_path: Path) -> None:
    loaded = half(MLPRegressor((8,), **OPTIONS).fit(X, X[:, 0]), tmp_path)
    first = (tmp_path / "half").read_bytes()
    again = half(loaded, tmp_path)
    assert (tmp_path / "half").read_bytes() == first
    np.testing.assert_array_equal(again.predict(X), loaded.predict(X))


@pytest.mark.parametrize("kind", KINDS)
def test_training_continues_from_the_rounded_weights(kind: str, tmp_path: Path) -> None:
    model = MLPClassifier((8,), **(OPTIONS | KINDS[kind])).fit(X, Y)
    loaded = half(model, tmp_path).set_params(warm_start=True)
    before = loaded.parameters_.copy()
    last = loaded.fit(X, Y)._training_state.descent.parameters
    assert not np.array_equal(last, before)
    whole = copy.deepcopy(model).set_params(warm_start=True).fit(X, Y)
    assert loaded.score(X, Y) == pytest.approx(whole.score(X, Y), abs=0.1)


def test_members_and_the_last_step_of_a_pipeline_are_rounded(tmp_path: Path) -> None:
    network = MLPClassifier((8,), **OPTIONS)
    for model in (
        EnsembleClassifier(network, 2, random_state=0).fit(X, Y),
        make_pipeline(TableEncoder(), network).fit(X, Y),
    ):
        half(model, tmp_path)
        tensors = container.read(tmp_path / "half")[1]
        weights = [array for name, array in tensors.items() if name.endswith("descent.parameters")]
        assert weights
        assert all(array.dtype == np.float16 for array in weights)
        np.testing.assert_allclose(half(model, tmp_path).predict_proba(X), model.predict_proba(X), atol=5e-3)


def test_weights_beyond_float16_raise_an_error(tmp_path: Path) -> None:
    model = MLPRegressor((2,), **OPTIONS).fit(X, X[:, 0])
    model.coefs_[0][0, 0] = 1e5
    with pytest.raises(ParameterError, match=r"float16', whose largest number is 65,504: .* is 100,000\."):
        save_model(model, tmp_path / "model", dtype="float16")
    with pytest.raises(ParameterError, match="dtype must be None or 'float16', got 'int8'"):
        save_model(model, tmp_path / "model", dtype="int8")
    assert list(tmp_path.iterdir()) == []


def test_half_weights_beside_other_arrays_raise_errors(tmp_path: Path) -> None:
    half(MLPRegressor((2,), **OPTIONS).fit(X, X[:, 0]), tmp_path)
    model, tensors = container.read(tmp_path / "half")
    for change, message in (
        (
            {"training.descent.slots": np.zeros((2, tensors["training.descent.parameters"].size))},
            "memory of the update",
        ),
        (
            {"training.descent.parameters": tensors["training.descent.parameters"] * np.inf},
            "weights are not all finite",
        ),
        (
            {"training.descent.slots": tensors["training.descent.slots"].astype("f2")},
            "slots must be an array of floats",
        ),
    ):
        with np.errstate(all="ignore"):
            (tmp_path / "forged").write_bytes(file_content(model, tensors | change))
        with pytest.raises(ModelFileError, match=message):
            load_model(tmp_path / "forged")
