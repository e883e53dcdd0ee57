"""A model file stores the estimator: a loaded model makes the same predictions and can continue training."""

from __future__ import annotations

import copy
import itertools
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from scipy.sparse import csr_matrix
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer import MLPClassifier, MLPRegressor, NotFittedError, load_model, save_model
from multilayer.equations import Huber, SoftmaxFocal
from multilayer.exceptions import InputTypeError, ModelFileError, ParameterError
from multilayer.training import Cosine, OneCycle, WarmUp

from .comparison import assert_same

X, Y = make_classification(90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
X_TRAIN, Y_TRAIN, OWN = X[:70], Y[:70], {"X_val": X[70:], "y_val": Y[70:]}
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
ENGINES = pytest.mark.parametrize("engine", ["reference", "cpu"])

TRAININGS: dict[str, dict[str, Any]] = {
    "adam": {},
    "adamw, clipped": {"weight_decay": 0.1, "clip_norm": 0.5},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "nesterov": {"solver": "sgd"},
    "plain descent": {"solver": "sgd", "momentum": 0.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 1e-2, "n_iter_no_change": 1},
    "plateau": {"learning_rate": "plateau", "tol": 1.0},
    "a plan": {"learning_rate": WarmUp(7, OneCycle(11))},
    "cosine": {"learning_rate": Cosine(11)},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "averaged": {"weight_averaging": 0.9},
    "held out": {"early_stopping": True},
    "held out, by loss": {"early_stopping": True, "early_stopping_metric": "loss", "learning_rate_init": 0.2},
    "own validation": {"own": True, "learning_rate_init": 0.2},
    "own validation, stops": {"own": True, "early_stopping": True, "learning_rate_init": 0.2},
    "everything": {"own": True, "early_stopping": True, "dropout": 0.2, "weight_averaging": 0.8, "l1_alpha": 1e-3},
    "unshuffled": {"shuffle": False},
}


def fitted(engine: str = "reference", n: int = 11, data: Any = X_TRAIN, **options: Any) -> Any:
    own = OWN if options.pop("own", False) else {}
    defaults = {"max_iter": n, "random_state": 3, "n_iter_no_change": math.inf, "learning_rate_init": 0.05}
    return MLPClassifier((6, 4), engine=engine, batch_size=16, **(defaults | options)).fit(data, Y_TRAIN, **own)


@ENGINES
@pytest.mark.parametrize("training", TRAININGS)
def test_training_continued_after_loading_equals_one_fit(training: str, engine: str, tmp_path: Path) -> None:
    options, file = TRAININGS[training], tmp_path / "model"
    own = OWN if options.get("own") else {}
    whole = fitted(engine, **options, warm_start=True)
    for k in (1, 6):
        save_model(fitted(engine, k, **options), file)
        parts = load_model(file)
        parts.set_params(max_iter=11 - k, warm_start=True).fit(X_TRAIN, Y_TRAIN, **own)
        parts.set_params(max_iter=11)
        assert parts.n_iter_ == 11 - k
        parts.n_iter_ = 11
        assert_same(parts, copy.deepcopy(whole))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@ENGINES
def test_partial_fit_continued_after_loading_equals_uninterrupted_partial_fit(
    engine: str, dtype: type, tmp_path: Path
) -> None:
    kept, saved = (MLPClassifier((5,), engine=engine, random_state=0) for _ in range(2))
    for i in range(4):
        part = slice(15 * i, 15 * i + 15)
        for model in (kept, saved):
            model.partial_fit(X[part].astype(dtype), Y[part], classes=[0, 1, 2])
        save_model(saved, tmp_path / "model")
        saved = load_model(tmp_path / "model")
    assert saved.parameters_.dtype == dtype
    assert_same(saved, kept)


BINARY = (Y_TRAIN > 0).astype(int)
LABELS: dict[str, Any] = {
    "ints": Y_TRAIN - 1,
    "two": BINARY,
    "one": np.zeros(70, dtype=int),
    "small ints": Y_TRAIN.astype(np.int8),
    "bools": Y_TRAIN > 0,
    "floats": Y_TRAIN.astype(float),
    "float32": Y_TRAIN.astype(np.float32),
    "texts": np.array(["a", "größer", "\U0001f600"])[Y_TRAIN],
    "wide texts": np.array(["no", "yes"], dtype="U40")[BINARY],
    "objects": np.array(["a", "b", "c"], dtype=object)[Y_TRAIN],
    "multilabel": make_multilabel_classification(70, 5, n_classes=3, random_state=0)[1],
    "sparse multilabel": csr_matrix(make_multilabel_classification(70, 5, n_classes=3, random_state=0)[1]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_type_are_restored(kind: str, tmp_path: Path) -> None:
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X_TRAIN, LABELS[kind])
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    received, expected = loaded.predict(X), model.predict(X)
    assert type(received) is type(expected)
    assert received.dtype == expected.dtype
    if "sparse" in kind:
        received, expected = received.toarray(), expected.toarray()
    np.testing.assert_array_equal(received, expected)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict_log_proba(X), model.predict_log_proba(X))
    assert loaded.classes_ is loaded._labels.classes
    assert_same(loaded, model)


REGRESSIONS: dict[str, dict[str, Any]] = {
    "squared": {},
    "huber": {"loss": Huber(0.5)},
    "quantiles": {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
    "lbfgs": {"solver": "lbfgs"},
    "float32": {"dtype": np.float32},
}


@ENGINES
@pytest.mark.parametrize("kind", REGRESSIONS)
def test_regressors_are_restored(kind: str, engine: str, tmp_path: Path) -> None:
    A, b = make_regression(60, 4, random_state=0)
    options = dict(REGRESSIONS[kind])
    A = A.astype(options.pop("dtype", np.float64))
    model = MLPRegressor((5,), max_iter=5, random_state=0, engine=engine, **options).fit(A, b / 100)
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(A), model.predict(A))
    assert loaded.score(A, b / 100) == model.score(A, b / 100)
    assert_same(loaded, model)


PARAMETERS: dict[str, Any] = {
    "hidden_layer_sizes": np.array([3, 2]),
    "activation": ["tanh", "relu"],
    "loss": SoftmaxFocal(1.5),
    "alpha": np.float64(0.01),
    "class_weight": {np.int64(0): 2.0, 1: 1},
    "n_iter_no_change": math.inf,
    "max_time": 1e9,
    "dropout": (0.1, 0.0),
    "clip_norm": 3,
    "initialization": [np.full((6, 6), 0.1), np.full((4, 7), 0.1), [[0.5] * 5] * 3],
    "random_state": None,
    "warm_start": np.True_,
    "learning_rate": WarmUp(3, OneCycle(n_epochs=9, rise=0.3)),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_restored(name: str, tmp_path: Path) -> None:
    model = MLPClassifier((6, 4), max_iter=2, random_state=0).set_params(**{name: PARAMETERS[name]})
    save_model(model.fit(X_TRAIN, Y_TRAIN), tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    received, expected = loaded.get_params()[name], PARAMETERS[name]
    np.testing.assert_equal(received, expected)
    np.testing.assert_array_equal(loaded.fit(X_TRAIN, Y_TRAIN).coefs_[0].shape, model.coefs_[0].shape)


def test_a_custom_generator_is_still_shared_with_the_training_state(tmp_path: Path) -> None:
    model = fitted(random_state=np.random.RandomState(5))
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.random_state is loaded._training_state.random_state
    again = [each.fit(X_TRAIN, Y_TRAIN).parameters_ for each in (loaded, model)]
    np.testing.assert_array_equal(*again)


def test_feature_names_are_restored_and_checked(tmp_path: Path) -> None:
    frame = pd.DataFrame(X_TRAIN, columns=list("abcde"))
    save_model(fitted(data=frame).set_output(transform="pandas"), tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.feature_names_in_.tolist() == list("abcde")
    assert loaded.feature_names_in_.dtype == object
    assert isinstance(loaded.transform(frame), pd.DataFrame)
    with pytest.raises(ValueError, match="order"):
        loaded.predict(frame[list("edcba")])


def custom_schedule(epoch: int) -> float:
    return 1.0 / (1 + epoch)


class CustomCost:
    def value(self, Z: Any, Y: Any) -> Any:
        return ((Z - Y) ** 2).sum(axis=1) / 2

    def delta(self, Z: Any, Y: Any) -> Any:
        return Z - Y


@pytest.mark.parametrize(
    ("name", "value", "others"),
    [
        ("learning_rate", custom_schedule, {}),
        ("loss", CustomCost(), {"engine": "reference"}),
        ("early_stopping_metric", lambda *_: 0.0, {"early_stopping": True}),
        ("validation_fraction", ShuffleSplit(1, random_state=0), {"early_stopping": True}),
        ("random_state", np.random.RandomState(np.random.PCG64(0)), {"dropout": 0.0}),
    ],
)
def test_parameters_that_contain_code_raise_errors_that_name_them(
    name: str, value: Any, others: dict[str, Any], tmp_path: Path
) -> None:
    kind: Any = MLPRegressor if name == "loss" else MLPClassifier
    model = kind((3,), max_iter=1, **others).set_params(**{name: value}).fit(X_TRAIN, Y_TRAIN)
    if name == "random_state":
        model._training_state.random_state, name = (
            np.random.RandomState(np.random.PCG64(0)),
            "random_state|_training_state",
        )
    with pytest.raises(
        ParameterError, match=rf"the (parameter|attribute) ({name}) cannot be stored in a file: .* is or contains code"
    ):
        save_model(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_callbacks_are_not_stored(tmp_path: Path) -> None:
    save_model(fitted(callbacks=[print]).set_params(callbacks=[custom_schedule]), tmp_path / "model")
    assert list(load_model(tmp_path / "model").callbacks) == []


def test_objects_that_cannot_be_saved_raise_errors(tmp_path: Path) -> None:
    class Mine(MLPClassifier):
        pass

    for model in (make_pipeline(StandardScaler(), Mine()).steps, Mine(), None):
        with pytest.raises(InputTypeError, match=r"holds an MLPClassifier or MLPRegressor, got \w+\. Pass the estim"):
            save_model(model, tmp_path / "model")  # type: ignore[arg-type]
    with pytest.raises(NotFittedError, match="not fitted yet"):
        save_model(MLPClassifier(), tmp_path / "model")
    with pytest.raises(ParameterError, match="keep must be a positive integer, got 0"):
        save_model(fitted(n=1), tmp_path / "model", keep=0)
    broken = fitted(n=1)
    broken.coefs_[0][0, 0] = np.nan
    with pytest.raises(ModelFileError, match="the weights are not all finite"):
        save_model(broken, tmp_path / "model")


def test_folders_are_created_and_no_other_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model"
    for _ in range(2):
        save_model(fitted(n=1), path)
    assert os.listdir(path.parent) == ["model"]
    with pytest.raises(ModelFileError, match=r"cannot be written: .* Choose another path"):
        save_model(fitted(n=1), path.parent)  # a folder
    with pytest.raises(ModelFileError, match=r"cannot be written: .* Choose another path"):
        save_model(fitted(n=1), path / "below a file")
    with pytest.raises(ModelFileError, match=r"cannot be written: .* Choose another path"):
        save_model(fitted(n=1), path.parent / ("n" * 256))
    assert os.listdir(path.parent.parent) == ["folder"]
    assert os.listdir(path.parent) == ["model"]


def test_a_full_disk_leaves_the_previous_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    save_model(fitted(n=1), path)

    def no_room(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(
        ModelFileError, match=r"model: cannot be written: .*No space left on device\. Choose another path"
    ):
        save_model(fitted(n=2), path, keep=2)
    assert os.listdir(tmp_path) == ["model"]
    assert load_model(path).n_iter_ == 1


def test_previous_files_are_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "model"
    for n in (1, 2, 3, 4):
        save_model(fitted(n=n), path, keep=3)
    assert sorted(os.listdir(tmp_path)) == ["model", "model.1", "model.2"]
    assert [load_model(tmp_path / name).n_iter_ for name in sorted(os.listdir(tmp_path))] == [4, 3, 2]


def test_equal_models_give_equal_files(tmp_path: Path) -> None:
    model = fitted(dropout=0.1)
    for name in "ab":
        save_model(model, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_files_follow_format_md(tmp_path: Path) -> None:
    """A network that is read with safetensors alone makes the predictions of the library."""
    model = fitted(activation="tanh")
    save_model(model, tmp_path / "model")
    with safe_open(tmp_path / "model", framework="numpy") as file:
        head = json.loads(file.metadata()["multilayer"])
        parameters = file.get_tensor("training.descent.parameters")
    assert head["version"] == 2
    assert head["model"]["class"] == "MLPClassifier"
    sizes = head["model"]["attributes"]["network_"]["fields"]["layer_sizes"]["tuple"]
    A, start = X, 0
    for n_in, n_out in itertools.pairwise(sizes):
        layer = parameters[start : start + (n_in + 1) * n_out].reshape(n_in + 1, n_out)
        start += layer.size
        Z = A @ layer[1:] + layer[0]
        A = np.tanh(Z)
    H = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(H, model.predict_proba(X), rtol=1e-12)


def test_loading_imports_no_module_that_the_file_names(tmp_path: Path) -> None:
    """A model saved in one process can be loaded in another, which has imported nothing that the file names."""
    model = fitted(n=2)
    save_model(model, tmp_path / "model")
    code = (
        "import sys, multilayer, numpy; import multilayer.files; before = set(sys.modules);"
        f"model = multilayer.load_model({str(tmp_path / 'model')!r}); import safetensors;"
        "print(sorted(n for n in set(sys.modules) - before if not n.startswith('safetensors')));"
        "print(model.parameters_.tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, parameters = done.stdout.splitlines()
    assert modules == "[]"
    assert parameters == model.parameters_.tobytes().hex()
