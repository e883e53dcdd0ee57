"""Models that cannot be exported, and files that cannot be written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler, StandardScaler

from multilayer import EnsembleClassifier, MLPClassifier, NotFittedError, TableClassifier
from multilayer.equations.activations import Tanh
from multilayer.exceptions import InputError, InputTypeError, MissingExtraError, ModelFileError, ParameterError
from multilayer.exports import save_onnx, to_onnx
from multilayer.tables import TableEncoder

pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
OPTIONS: dict[str, Any] = {"max_iter": 2, "n_iter_no_change": None, "random_state": 0, "engine": "reference"}
X = np.random.RandomState(0).normal(size=(40, 2))
Y = np.where(X[:, 0] > 0, "yes", "no")


def test_without_onnx_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = MLPClassifier((2,), **OPTIONS).fit(X, Y)
    with pytest.raises(MissingExtraError, match=r'to_onnx needs onnx, .*pip install "multilayer\[onnx\]"'):
        to_onnx(model)
    with pytest.raises(MissingExtraError, match="save_onnx needs onnx"):
        save_onnx(model, tmp_path / "model.onnx")


def model_with_step(step: Any) -> Any:
    return make_pipeline(step, MLPClassifier((2,), **OPTIONS)).fit(X, Y)


def test_other_steps_are_named() -> None:
    pytest.importorskip("onnx")
    with pytest.raises(InputTypeError, match=r"the step 'robustscaler' is a RobustScaler, .*Steps may be: Column"):
        to_onnx(model_with_step(RobustScaler()))
    inner = ColumnTransformer([("robust", RobustScaler(), [1])], remainder=StandardScaler())
    with pytest.raises(InputTypeError, match="the step 'robust' is a RobustScaler"):
        to_onnx(model_with_step(inner))
    with pytest.raises(ParameterError, match="FunctionTransformer with a function cannot be exported"):
        to_onnx(model_with_step(FunctionTransformer(np.abs)))


def test_other_models_are_named() -> None:
    pytest.importorskip("onnx")
    with pytest.raises(InputTypeError, match="got LogisticRegression"):
        to_onnx(LogisticRegression().fit(X, Y))
    with pytest.raises(InputTypeError, match="got TableEncoder"):
        to_onnx(make_pipeline(StandardScaler(), TableEncoder()))
    ensemble = EnsembleClassifier(LogisticRegression(), 2).fit(X, Y)
    with pytest.raises(InputTypeError, match="a member of the ensemble is a LogisticRegression"):
        to_onnx(ensemble)


def test_models_that_are_not_fitted() -> None:
    pytest.importorskip("onnx")
    for model in (MLPClassifier(), EnsembleClassifier(), TableClassifier(), make_pipeline(MLPClassifier())):
        with pytest.raises(NotFittedError, match="is not fitted yet"):
            to_onnx(model)


def test_a_custom_activation_is_code() -> None:
    pytest.importorskip("onnx")
    model = MLPClassifier((2,), Tanh(), **OPTIONS).fit(X, Y)
    with pytest.raises(ParameterError, match="the activation Tanh of this MLPClassifier is code"):
        to_onnx(model)


def test_a_column_of_several_types() -> None:
    pytest.importorskip("onnx")
    frame = pd.DataFrame({"mixed": [1, "a"] * 20, "size": X[:, 0]})
    steps = ColumnTransformer([("mixed", TableEncoder(), ["mixed"])], remainder="passthrough")
    numbers = frame.assign(mixed=[1, 2] * 20)
    twice = ColumnTransformer([("hot", OneHotEncoder(), ["mixed"]), ("table", TableEncoder(), ["mixed"])])
    both = frame.assign(mixed=np.array([str(n) for n in range(38)] + ["x", "x"], dtype=object))
    make_pipeline(steps, MLPClassifier((2,), **OPTIONS)).fit(numbers, Y)
    model = make_pipeline(twice, MLPClassifier((2,), **OPTIONS)).fit(both, Y)
    with pytest.raises(InputTypeError, match="the column 'mixed' is text for one part of the model and numbers for"):
        to_onnx(model)


def test_labels_of_several_types() -> None:
    pytest.importorskip("onnx")
    model = MLPClassifier((2,), **OPTIONS).fit(X, Y)
    model.classes_ = np.array(["a", 1], dtype=object)
    with pytest.raises(InputTypeError, match=r"the labels must be text or numbers, got \['a', 1\]"):
        to_onnx(model)


def test_zoned_columns_are_checked() -> None:
    pytest.importorskip("onnx")
    frame = pd.DataFrame({"size": X[:, 0]})
    model = make_pipeline(TableEncoder(), MLPClassifier((2,), **OPTIONS)).fit(frame, Y)
    with pytest.raises(InputError, match=r"zoned names the column 'when', .*Its columns: \['size'\]"):
        to_onnx(model, zoned=["when"])
    with pytest.raises(ParameterError, match="zoned names the column 'size', of which the model uses no part"):
        to_onnx(model, zoned=["size"])


def test_files_are_replaced_or_the_error_names_them(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    model = MLPClassifier((2,), **OPTIONS).fit(X, Y)
    save_onnx(model, tmp_path / "folder" / "model.onnx")
    assert onnx.load(tmp_path / "folder" / "model.onnx") == to_onnx(model)
    with pytest.raises(ModelFileError, match="folder: cannot be written"):
        save_onnx(model, tmp_path / "folder")
