"""A model file stores pipelines: the loaded pipeline gives the same answers to the bit, and other steps are refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from multilayer import MLPClassifier, MLPRegressor, NotFittedError, load_model, save_model
from multilayer.exceptions import InputTypeError, ModelFileError, ParameterError
from multilayer.files.compositions import RECORDS, STEPS
from multilayer.files.step import Step
from multilayer.files.steps import INDICATOR
from multilayer.tables import TableEncoder

from .pipelines import CASES, TABLE, WHOLE, Y, fitted, network
from .reader import predict

pytestmark = [
    pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::multilayer.exceptions.MultilayerWarning"),
]
OF_ENCODERS = ("encoder", "rich encoder", "many texts", "encoder of float32", "ensemble")


def saved(model: Any, tmp_path: Path) -> Any:
    save_model(model, tmp_path / "model")
    return load_model(tmp_path / "model")


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_pipeline_answers_as_before(name: str, tmp_path: Path) -> None:
    model, X = fitted(name)
    loaded = saved(model, tmp_path)
    assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert loaded[:-1].transform(X[:9]).__class__ is model[:-1].transform(X[:9]).__class__
    assert [step for step, _ in loaded.steps] == [step for step, _ in model.steps]
    save_model(loaded, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_pipeline_can_be_fitted_again(name: str, tmp_path: Path) -> None:
    model, X = fitted(name)
    again = clone(saved(model, tmp_path)).fit(X, Y)
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()


FRAMES: dict[str, Callable[[Any], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
}


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("name", OF_ENCODERS)
def test_frames_of_every_library_are_encoded_as_before(name: str, library: str, tmp_path: Path) -> None:
    model, X = fitted(name)
    rows = FRAMES[library](X.iloc[::-1].reset_index(drop=True))
    assert saved(model, tmp_path).predict_proba(rows).tobytes() == model.predict_proba(rows).tobytes()


def test_arrays_are_encoded_as_before(tmp_path: Path) -> None:
    rows = np.array([[1.0, "a"], [2.0, "b"], [np.nan, None]] * 20, dtype=object)
    model = make_pipeline(TableEncoder(identifiers=[]), network()).fit(rows, ["yes", "no", "no"] * 20)
    loaded = saved(model, tmp_path)
    assert not hasattr(loaded[0], "feature_names_in_")
    assert loaded.predict_proba(rows).tobytes() == model.predict_proba(rows).tobytes()


@pytest.mark.parametrize("name", CASES)
def test_steps_are_restored(name: str, tmp_path: Path) -> None:
    model, _ = fitted(name)
    assert_restored(saved(model, tmp_path).steps[:-1], model.steps[:-1], "steps")


# A function that selects columns, a slice and a set of names become lists.
OTHERS = ("transformers", "identifiers", "dtype", "columns_", "_transformers_feature_names_out", "_metadata_request")


def assert_restored(received: Any, expected: Any, path: str) -> None:
    if isinstance(expected, slice) and isinstance(received, list):
        return  # of a ColumnTransformer, whose files list the columns
    if isinstance(expected, list | tuple):
        assert len(received) == len(expected), path
        for place, (one, other) in enumerate(zip(received, expected, strict=True)):
            assert_restored(one, other, f"{path}.{place}")
    elif isinstance(expected, dict):
        assert received.keys() == expected.keys(), path
        for key, each in expected.items():
            assert_restored(received[key], each, f"{path}.{key}")
    elif hasattr(expected, "get_params") or is_dataclass(expected):
        assert type(received) is type(expected), path
        ours, theirs = ({k: v for k, v in vars(each).items() if k not in OTHERS} for each in (received, expected))
        assert_restored(ours, theirs, path)
    else:
        np.testing.assert_equal(np.asarray(received), np.asarray(expected), err_msg=path)


def test_an_encoder_is_saved_alone(tmp_path: Path) -> None:
    encoder = TableEncoder(many_categories="target", max_categories=16).fit(TABLE, Y)
    loaded = saved(encoder, tmp_path)
    assert loaded.transform(TABLE).tobytes() == encoder.transform(TABLE).tobytes()
    assert str(loaded.columns_) == str(encoder.columns_)
    assert loaded.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    np.testing.assert_array_equal(loaded.number_columns_, encoder.number_columns_)
    assert loaded.get_params() == encoder.get_params()
    frames = encoder.set_output(transform="pandas")
    pd.testing.assert_frame_equal(saved(frames, tmp_path).transform(TABLE), frames.transform(TABLE))


def test_a_pipeline_without_a_network_is_saved(tmp_path: Path) -> None:
    pipeline = make_pipeline(TableEncoder(), MinMaxScaler()).fit(TABLE)
    assert saved(pipeline, tmp_path).transform(TABLE).tobytes() == pipeline.transform(TABLE).tobytes()


def test_a_regressor_at_the_end_continues_training(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), MLPRegressor((3,), max_iter=3, random_state=0, standardize_targets=True))
    X, y = TABLE[["rooms"]], TABLE["rooms"] * 2
    model.fit(X, y)
    loaded = saved(model, tmp_path)
    for each in (model, loaded):
        each[-1].set_params(warm_start=True)
        each[-1].fit(each[:-1].transform(X), y)
    assert loaded.predict(X).tobytes() == model.predict(X).tobytes()


@pytest.mark.parametrize("name", OF_ENCODERS)
def test_a_reader_that_follows_format_md_predicts(name: str, tmp_path: Path) -> None:
    model, X = fitted(name)
    save_model(model, tmp_path / "model")
    rows = X.head(60).copy()
    rows.loc[0, ["town", "pair", "many"]] = "unseen"
    rows.loc[1, ["size", "rooms"]] = [1e9, -1e9]
    rows.loc[2, ["size", "town", "many", "when", "spelled"]] = None
    cells = {column: [None if pd.isna(cell) else cell for cell in rows[column].astype(object)] for column in rows}
    is_single = model[0].dtype is np.float32
    np.testing.assert_allclose(
        predict(tmp_path / "model", cells), model.predict_proba(rows), rtol=1e-5 if is_single else 1e-10
    )


@pytest.mark.parametrize("embedding", [None, "periodic"])
def test_a_reader_that_follows_format_md_predicts_amounts(embedding: str | None, tmp_path: Path) -> None:
    rng = np.random.RandomState(0)
    X = rng.normal(size=(50, 3))
    options: dict[str, Any] = {"embedding": embedding, "standardize_targets": True, "normalization": "layer"}
    model = MLPRegressor((4, 3), activation=["mish", "selu"], max_iter=3, random_state=0, **options).fit(X, X[:, 0])
    save_model(model, tmp_path / "model")
    received = predict(tmp_path / "model", {str(place): X[:, place].tolist() for place in range(3)})
    np.testing.assert_allclose(received[:, 0], model.predict(X), rtol=1e-10)


class Mine(StandardScaler):
    pass


NUMBERS = WHOLE[["size", "rooms"]]
REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "another scaler": (
        RobustScaler(),
        InputTypeError,
        r"the step 'robustscaler' of the pipeline is a RobustScaler, wh",
    ),
    "polynomials": (PolynomialFeatures(), InputTypeError, r"PolynomialFeatures, .* Use TableEncoder instead, or save"),
    "a subclass": (
        Mine(),
        InputTypeError,
        r"the step 'mine' of the pipeline is a Mine, which a model file cannot hold",
    ),
    "a step of columns": (
        ColumnTransformer([("inner", RobustScaler(), ["size"])]),
        InputTypeError,
        "the step 'inner' of the pipeline is a RobustScaler, which a model file cannot hold",
    ),
    "a step of a pipeline": (
        make_pipeline(StandardScaler(), RobustScaler()),
        InputTypeError,
        "the step 'robustscaler' of the pipeline is a RobustScaler",
    ),
    "a function": (
        FunctionTransformer(np.abs),
        ParameterError,
        "FunctionTransformer cannot be stored in a file: 'func' is or contains code",
    ),
    "names of columns by a function": (
        OneHotEncoder(handle_unknown="ignore", feature_name_combiner=lambda name, each: f"{name}{each}"),
        ParameterError,
        "OneHotEncoder cannot be stored in a file: 'feature_name_combiner' is or contains code",
    ),
    "a statistic by a function": (
        SimpleImputer(strategy=np.mean),
        ParameterError,
        "SimpleImputer cannot be stored in a file: 'strategy' is or contains code",
    ),
    "columns of no step": (
        ColumnTransformer([("none", StandardScaler(), []), ("some", StandardScaler(), ["size"])]),
        ParameterError,
        "the step 'none' of ColumnTransformer has no columns, and cannot be stored",
    ),
    "many processes": (
        ColumnTransformer([("some", StandardScaler(), ["size"])], n_jobs=1).set_params(n_jobs=1000),
        ModelFileError,
        "this Pipeline cannot be saved: steps.0.1.n_jobs must be an integer from -64 to 64, got '1000'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_steps_and_options_are_refused_by_name(case: str, tmp_path: Path) -> None:
    step, error, message = REFUSED[case]
    jobs = step.get_params().get("n_jobs")
    if jobs == 1000:
        step.set_params(n_jobs=None)
    model = make_pipeline(clone(step), network()).fit(NUMBERS, Y)
    if jobs == 1000:
        model[0].set_params(n_jobs=jobs)
    with pytest.raises(error, match=message):
        save_model(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_options_of_a_pipeline_are_refused_by_name(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), network(), memory=str(tmp_path / "cache")).fit(NUMBERS, Y)
    with pytest.raises(ParameterError, match=r"memory of the pipeline .* pipeline.set_params\(memory=None\)"):
        save_model(model, tmp_path / "model")
    model.set_params(memory=None)
    model[0].note = 3
    with pytest.raises(ParameterError, match=r"the attribute 'note' of StandardScaler cannot be stored"):
        save_model(model, tmp_path / "model")


def test_pipelines_without_a_fit_or_a_network_are_refused(tmp_path: Path) -> None:
    for model in (make_pipeline(StandardScaler(), MLPClassifier()), StandardScaler(), TableEncoder()):
        with pytest.raises(NotFittedError, match=r"this \w+ is not fitted yet\. Call fit"):
            save_model(model, tmp_path / "model")
    ends = make_pipeline(StandardScaler(), LogisticRegression()).fit(NUMBERS, Y)
    with pytest.raises(
        InputTypeError, match="a file of a pipeline ends in an MLPClassifier or MLPRegressor, got Logis"
    ):
        save_model(ends, tmp_path / "model")


def test_a_changed_step_is_not_saved(tmp_path: Path) -> None:
    model, _ = fitted("array")
    broken = copy.deepcopy(model)
    broken[2].mean_ = broken[2].mean_[:1]
    with pytest.raises(ModelFileError, match=r"cannot be saved: steps.2.1.mean_ must be an array of floats"):
        save_model(broken, tmp_path / "model")
    broken = copy.deepcopy(model)
    broken.steps[2] = ("scales", StandardScaler().fit(np.zeros((3, 5))))
    with pytest.raises(ModelFileError, match="the step 'scales' was fitted on 5 columns and receives 2"):
        save_model(broken, tmp_path / "model")


def test_every_option_of_the_steps_is_in_the_schema() -> None:
    for step in (*STEPS, INDICATOR):
        held = {"transformers", "remainder"} if step.name == "ColumnTransformer" else set()
        assert set(step.make._get_param_names()) - held - {"force_int_remainder_cols"} <= set(step.fields)
    for record in RECORDS:
        if not isinstance(record, Step):
            known: Any = record.make
            assert set(record.fields) == {each.name for each in fields(known)}
            assert set(record.required) <= set(record.fields)


def test_learnt_attributes_are_stored_or_derived() -> None:
    """An attribute that scikit-learn adds in a later release is an error when a model is saved, not lost."""
    model = Pipeline([("scales", StandardScaler()), ("network", network())]).fit(NUMBERS, Y)
    model[0].added_ = 1
    with pytest.raises(ParameterError, match="the attribute 'added_' of StandardScaler cannot be stored in a file"):
        save_model(model, "unused")
