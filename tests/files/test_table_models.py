"""A model file stores table models: the loaded model gives the same answers to the bit."""

from __future__ import annotations

import copy
import inspect
import io
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

from multilayer import NotFittedError, TableClassifier, TableRegressor, load_model, save_model
from multilayer.exceptions import ModelFileError, ParameterError
from multilayer.files import container
from multilayer.files.table_records import KINDS, OWN_RECORDS
from multilayer.tables import read_table

from ..tables.models.conftest import few_epochs
from .reader import TableModel, predict, read
from .table_models import CASES, CLASSES, FLATS, NEW, RENT, answers, equal, fitted

pytestmark = pytest.mark.filterwarnings("ignore::multilayer.exceptions.MultilayerWarning")


def saved(model: Any, tmp_path: Path, **options: Any) -> Any:
    save_model(model, tmp_path / "model", **options)
    return load_model(tmp_path / "model")


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_model_answers_as_before(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    loaded = saved(model, tmp_path)
    received, expected = answers(loaded, name), answers(model, name)
    assert [key for key in expected if not equal(received[key], expected[key])] == []
    save_model(loaded, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_a_loaded_model_has_the_same_attributes(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    loaded = saved(model, tmp_path)
    assert vars(loaded).keys() == vars(model).keys()
    assert [vars(loaded)[name] for name in ("_names", "_has_names", "weights_")] == [
        vars(model)[name] for name in ("_names", "_has_names", "weights_")
    ]
    ours, theirs = loaded.members_, model.members_
    assert [(each.recipe, each.fold, each.seconds) for each in ours] == [
        (each.recipe, each.fold, each.seconds) for each in theirs
    ]
    assert [each.warnings for each in ours] == [tuple(each.warnings) for each in theirs]
    assert len({id(each.encoder) for each in ours}) == len({id(each.encoder) for each in theirs})
    if name not in ("array", "a fold of one class", "own rows"):  # with arrays and generators
        assert loaded.get_params() == model.get_params() or name.startswith("series")
        assert str(loaded) == str(model)


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_a_loaded_model_can_be_fitted_again(name: str, tmp_path: Path) -> None:
    _, X, y, more = CASES[name]()
    model = fitted(name)
    with few_epochs(3):
        again = clone(saved(model, tmp_path)).fit(X, y, **more)
    assert again.predict(NEW).tolist() == model.predict(NEW).tolist()


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_frames_and_rows_of_dictionaries_are_predicted_as_before(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    loaded = saved(model, tmp_path)
    rows = FLATS.tail(9).reset_index(drop=True)
    for given in (rows, pl.from_pandas(rows), rows.astype(object).to_dict("records"), rows[rows.columns[::-1]]):
        assert equal(loaded.predict(given), model.predict(rows))


def test_scikit_learns_trees_are_not_needed_to_predict() -> None:
    """No fitted estimator of another library is in a model, so that none is imported or unpickled to predict."""
    for name in ("classifier", "regressor", "a fold of one class"):
        found: set[str] = set()
        _collect_modules(fitted(name), found, set())
        assert not {each for each in found if each.startswith("sklearn") and "model_selection" not in each}, name


def _collect_modules(value: Any, found: set[str], seen: set[int]) -> None:
    if id(value) in seen or isinstance(value, str | int | float | np.ndarray | type | None):
        return
    seen.add(id(value))
    found.add(type(value).__module__)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple | set) else ():
        _collect_modules(each, found, seen)
    for each in vars(value).values() if hasattr(value, "__dict__") else ():
        _collect_modules(each, found, seen)


def test_the_file_holds_no_rows_and_no_targets(tmp_path: Path) -> None:
    save_model(fitted("regressor"), tmp_path / "model")
    model, tensors = container.read(tmp_path / "model")
    assert "flat 17" not in str(model)
    of_ranges = ("limits", "target_range")
    others = [array for name, array in tensors.items() if not any(each in name for each in of_ranges)]
    held = {float(each) for array in others if array.dtype == np.float64 for each in array.ravel()}
    assert len(held & set(RENT[RENT > 1].tolist())) == 0
    of_rows = [name for name, array in tensors.items() if array.shape[:1] == (len(RENT),)]
    assert of_rows == ["conformity.0.below", "conformity.0.scores", "groups_of_rows", "out_of_fold_predictions"]


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_half_precision_changes_predictions_slightly(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    save_model(model, tmp_path / "whole")
    loaded = saved(model, tmp_path, dtype="float16")
    received, expected = (
        each.predict_proba(NEW) if name == "classifier" else each.predict(NEW) / RENT.std() for each in (loaded, model)
    )
    np.testing.assert_allclose(received, expected, atol=5e-3)
    assert not equal(received, expected)
    assert (tmp_path / "model").stat().st_size < (tmp_path / "whole").stat().st_size


def test_networks_are_stored_without_the_memory_of_their_training(tmp_path: Path) -> None:
    model = fitted("classifier")
    before = [each.network._training_state.descent.slots.shape for each in model.members_]
    loaded = saved(model, tmp_path)
    for each, other in zip(loaded.members_, model.members_, strict=True):
        state = each.network._training_state
        assert (state.descent.slots.shape, state.order, state.best) == ((0, len(each.network.parameters_)), None, None)
        assert equal(each.network.parameters_, other.network.parameters_)
    assert [each.network._training_state.descent.slots.shape for each in model.members_] == before


SPLITTERS = (
    KFold(2, shuffle=True, random_state=3),
    StratifiedKFold(2),
    GroupKFold(2),
    TimeSeriesSplit(2, gap=1),
    [(np.arange(100), np.arange(100, 120))],
    3,
)


@pytest.mark.parametrize("cv", SPLITTERS, ids=lambda cv: type(cv).__name__)
def test_splitters_are_restored(cv: Any, tmp_path: Path) -> None:
    model = copy.copy(fitted("one network")).set_params(cv=cv)
    loaded = saved(model, tmp_path)
    assert repr(loaded.cv) == repr(cv)


def test_other_splitters_are_refused_by_name(tmp_path: Path) -> None:
    model = copy.copy(fitted("one network")).set_params(cv=ShuffleSplit(2))
    with pytest.raises(
        ParameterError,
        match=r"the parameter cv cannot be stored in a file: 'ShuffleSplit.*KFold.*set_params\(cv=None\)",
    ):
        save_model(model, tmp_path / "model")
    save_model(model.set_params(cv=None), tmp_path / "model")
    model.note = 3
    with pytest.raises(ParameterError, match="the attribute 'note' cannot be stored in a file"):
        save_model(model, tmp_path / "model")


def test_callbacks_and_models_that_are_not_fitted(tmp_path: Path) -> None:
    model = copy.copy(fitted("one network")).set_params(callbacks=[print])
    assert saved(model, tmp_path).callbacks == ()
    for unfitted in (TableClassifier(), TableRegressor()):
        with pytest.raises(NotFittedError, match=r"this Table\w+ is not fitted yet"):
            save_model(unfitted, tmp_path / "other")


def test_a_changed_model_is_not_saved(tmp_path: Path) -> None:
    model = copy.copy(fitted("classifier"))
    model.weights_ = dict.fromkeys(model.weights_, 0.5)
    with pytest.raises(ModelFileError, match="this TableClassifier cannot be saved: its weights are not shares"):
        save_model(model, tmp_path / "model")


def test_every_parameter_and_field_is_in_the_schema() -> None:
    for kind in KINDS.values():
        assert set(kind.make._get_param_names()) == set(kind.parameters)
    for record in OWN_RECORDS:
        if "sklearn" in record.make.__module__:
            assert set(record.fields) == set(inspect.signature(record.make).parameters)
        else:
            assert set(record.fields) == {each.name for each in fields(record.make)}
        assert set(record.required) <= set(record.fields)


def test_another_process_predicts_the_same(tmp_path: Path) -> None:
    model = fitted("classifier")
    save_model(model, tmp_path / "model")
    FLATS.head(5).to_csv(tmp_path / "rows.csv", index=False)
    code = (
        "from multilayer import load_model; from multilayer.tables import read_table;"
        f"model = load_model({str(tmp_path / 'model')!r});"
        f"print(model.predict_proba(read_table({str(tmp_path / 'rows.csv')!r})).tolist())"
    )
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    rows = pd.read_csv(tmp_path / "rows.csv", parse_dates=["since"])
    assert result.stdout.strip() == str(model.predict_proba(rows).tolist())


def test_labels_of_many_kinds_are_restored(tmp_path: Path) -> None:
    X = FLATS[["size", "lift"]].to_numpy(float)
    for labels in (CLASSES.astype(object), CLASSES == "fair", (CLASSES == "fair") * 2.0, (CLASSES == "fair") + 7):
        with few_epochs(1):
            model = TableClassifier("quick", random_state=0).fit(X, labels)
        loaded = saved(model, tmp_path)
        assert loaded.classes_.dtype == model.classes_.dtype
        assert loaded.predict(X).tolist() == model.predict(X).tolist()


# Cases whose networks differ in something that a reader has to know.
OF_READER = (
    *("classifier", "one network", "series", "a fold of one class", "regressor", "poisson", "quantile", "quantiles"),
    *("several outputs", "own rows", "array"),
)


@pytest.mark.parametrize("name", OF_READER)
def test_a_reader_that_follows_format_md_predicts(name: str, tmp_path: Path) -> None:
    model = fitted(name)
    save_model(model, tmp_path / "model")
    rows = pd.DataFrame(FLATS[["size", "lift"]].to_numpy(float), columns=["x0", "x1"]) if name == "array" else NEW
    rows = rows.head(12)
    cells = {column: [None if pd.isna(cell) else cell for cell in rows[column].astype(object)] for column in rows}
    given = rows.to_numpy() if name == "array" else rows
    received, table = predict(tmp_path / "model", cells), TableModel(*read(tmp_path / "model"))
    if isinstance(model, TableClassifier):
        np.testing.assert_allclose(received, model.predict_proba(given), atol=1e-6)
        np.testing.assert_array_equal(table.sets(cells, 0.8), model.predict_set(given, 0.8))
        return
    scale = RENT.std()
    np.testing.assert_allclose(received / scale, model.predict(given).reshape(received.shape) / scale, atol=1e-5)
    for coverage in (0.5, 0.9):
        for one, other in zip(table.intervals(cells, coverage), model.predict_interval(given, coverage), strict=True):
            np.testing.assert_allclose(one / scale, other.reshape(one.shape) / scale, atol=1e-4)


def test_notes_on_the_file_and_the_end_of_the_time_stay(tmp_path):
    lines = ["# of 2024", "size,town", *(f"{i % 9},{'Ulm' if i % 2 else 'Bonn'}" for i in range(60))]
    table = read_table(io.BytesIO("\n".join(lines).encode()))
    model = TableRegressor("quick", random_state=0).fit(table, [float(i % 9) for i in range(60)])
    model._end = "the time was over"
    save_model(model, tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.columns_.notes == model.columns_.notes
    assert len(loaded.columns_.notes) == 1
    assert loaded._end == "the time was over"
    assert str(loaded.summary()) == str(model.summary())
