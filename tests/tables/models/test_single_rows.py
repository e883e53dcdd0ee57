"""Predictions of single rows equal those of tables to the bit, and have the same errors and warnings."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multilayer import TableClassifier, TableRegressor
from multilayer.tables._row_encoder import RowEncoder
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.single_rows import SingleRows

M = 120


def mixed_table(m: int = M) -> list[dict[str, Any]]:
    """Return rows with columns of each kind, some with gaps."""
    rng = np.random.RandomState(0)
    return [
        {
            "size": float(rng.normal(80, 25)),
            "rooms": int(rng.randint(1, 9)),
            "age": None if i % 7 == 0 else float(rng.randint(0, 99)),
            "tiny": float(rng.normal()) * 1e-200,  # squares of such numbers underflow
            "lift": bool(rng.rand() > 0.4),
            "town": None if i % 11 == 0 else str(rng.choice(["Bonn", "Kiel", "Ulm"])),
            "heated": str(rng.choice(["gas", "oil"])),
            "street": f"street {rng.randint(0, 30)}",
            "price": f"{rng.randint(100, 999)}.5",  # text of numbers
            "since": dt.date(2020, 1, 1) + dt.timedelta(days=int(rng.randint(0, 900))),
            "opens": dt.time(int(rng.randint(0, 24)), 30),
        }
        for i in range(m)
    ]


ROWS = mixed_table()
ARRAY = np.random.RandomState(1).normal(size=(M, 4))
CLASSES = ["abc"[(row["rooms"] + i % 2) % 3] for i, row in enumerate(ROWS)]


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    amounts = np.array([3.0 * row["rooms"] + row["size"] / 10 for row in ROWS])
    return {
        "three classes": TableClassifier(cv=2, random_state=0).fit(ROWS, CLASSES),
        "two classes": TableClassifier("quick", calibration="temperature", random_state=0).fit(ROWS, amounts > 20),
        "amounts": TableRegressor(cv=2, random_state=0).fit(ROWS, amounts),
        "counts": TableRegressor("quick", loss="poisson", random_state=0).fit(ROWS, np.floor(amounts)),
        "two outputs": TableRegressor("quick", random_state=0).fit(ROWS, np.column_stack([amounts, -amounts])),
        "trees": TableRegressor("quick", with_trees=True, random_state=0).fit(ROWS, amounts),
        "array": TableClassifier("quick", random_state=0).fit(ARRAY, ARRAY[:, 0] > 0),
        "array of objects": TableClassifier("quick", random_state=0).fit([list(row.values()) for row in ROWS], CLASSES),
    }


def outcome(model: Any, X: Any) -> tuple[list[Any], list[str]]:
    """Return the predictions or the error, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found: Any = np.asarray(model._mean_prediction(X)).tolist()
        except Exception as error:
            found = [type(error), str(error)]
    return found, [str(each.message) for each in caught]


def of_tables(model: Any, X: Any) -> tuple[list[Any], list[str]]:
    """Return the outcome without the path of single rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SingleRows, "answer", lambda *_: None)
        return outcome(model, X)


NAMED = ("three classes", "two classes", "amounts", "counts", "two outputs", "trees")


@pytest.mark.parametrize("name", NAMED)
def test_rows_are_predicted_alone_as_in_a_table(models: dict[str, Any], name: str) -> None:
    model = models[name]
    whole = outcome(model, ROWS)[0]
    for i, row in enumerate(ROWS[:40]):
        assert model._single_rows.answer(model, [row]).tolist() == whole[i : i + 1]


def frames_of(row: dict[str, Any]) -> list[Any]:
    plain = {name: value for name, value in row.items() if name not in ("since", "opens")}
    return [pd.DataFrame([plain]), pl.DataFrame([plain]), pa.Table.from_pylist([plain]), [plain]]


@pytest.mark.parametrize("place", range(4))
def test_frames_of_one_row_are_read_cell_by_cell(place: int) -> None:
    rows = [frames_of(row)[3][0] for row in ROWS]
    model = TableClassifier("quick", random_state=0).fit(rows, CLASSES)
    whole = outcome(model, rows)[0]
    for i in range(30):
        frame = frames_of(ROWS[i])[place]
        if i % 7 and i % 11:  # in frames of one row, a column of gaps has another type
            assert model._single_rows.answer(model, frame).tolist() == whole[i : i + 1]
        assert outcome(model, frame) == of_tables(model, frame)


def test_columns_of_frames_may_move() -> None:
    rows = [{"a": float(i % 13), "b": "xyz"[i % 3], "c": i % 5} for i in range(M)]
    model = TableClassifier("quick", random_state=0).fit(rows, [i % 3 == 0 for i in range(M)])
    expected = outcome(model, rows[:1])
    for columns in (["c", "a", "b"], ["b", "more", "c", "a"], ["a", "b", "c"]):
        for make in (pd.DataFrame, pl.DataFrame, pa.Table.from_pylist):
            frame = make([{name: rows[0].get(name, 1.0) for name in columns}])
            assert model._single_rows.answer(model, frame) is not None
            assert outcome(model, frame) == expected
    missing = pd.DataFrame([{"a": 1.0, "c": 2}])
    assert outcome(model, missing) == of_tables(model, missing)
    assert "'b'" in outcome(model, missing)[0][1]


def test_frames_with_categories_of_numbers_are_converted_as_tables(models: dict[str, Any]) -> None:
    row = {**frames_of(ROWS[1])[3][0], "since": None, "opens": None}
    frame = pd.DataFrame([row]).astype({"rooms": "category"})
    assert (
        models["counts"]._single_rows is None or models["counts"]._single_rows.answer(models["counts"], frame) is None
    )
    assert outcome(models["counts"], frame) == of_tables(models["counts"], frame)


def test_arrays_of_one_row(models: dict[str, Any]) -> None:
    model = models["array"]
    whole = outcome(model, ARRAY)[0]
    for i in range(20):
        for X in (ARRAY[i : i + 1], ARRAY[i : i + 1].tolist(), ARRAY[i : i + 1].astype(object)):
            assert model._single_rows.answer(model, X).tolist() == whole[i : i + 1]
    for X in (
        ARRAY[:1, :3],
        ARRAY[0],
        ARRAY[:0],
        ARRAY[:1].astype(complex),
        ARRAY[:1].astype(str),
        [[1.0, 2.0, "a", 3]],
    ):
        assert outcome(model, X) == of_tables(model, X)
    model = models["array of objects"]
    whole = outcome(model, [list(row.values()) for row in ROWS])[0]
    assert outcome(model, [list(ROWS[3].values())])[0] == whole[3:4]


numbers = (
    st.floats(allow_nan=True)
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([np.float32(0.1), np.int8(3), np.float64(2.5), np.bool_(True), 10**400])
)
texts = st.sampled_from(["Bonn", "Kiel", "gas", "street 3", "", "new", "12.5", "12", "1,5", " ", "\ud800"])
dates = st.dates() | st.datetimes() | st.times() | st.timedeltas()
cells = st.none() | st.booleans() | numbers | texts | dates | st.sampled_from([pd.NA, pd.NaT, b"x", [1], 1j])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(st.sampled_from(list(ROWS[0])), cells, max_size=3), i=st.integers(0, 20))
def test_any_row_has_the_outcome_of_a_table(models: dict[str, Any], changes: dict[str, Any], i: int) -> None:
    row = ROWS[i] | changes
    for name in ("three classes", "counts"):
        assert outcome(models[name], [row]) == of_tables(models[name], [row])
    cells = [list(row.values())]
    assert outcome(models["array of objects"], cells) == of_tables(models["array of objects"], cells)


@settings(deadline=None)
@given(
    changes=st.dictionaries(st.sampled_from(list(ROWS[0])), cells, max_size=3),
    numbers=st.sampled_from(["standard", "robust"]),
    piecewise=st.sampled_from([None, "quantile", "tree"]),
    many=st.sampled_from(["frequent", "target"]),
    text=st.sampled_from(["as_given", "typed"]),
)
def test_several_encoders_encode_any_row_as_each_alone(
    changes: dict[str, Any], numbers: str, piecewise: str | None, many: str, text: str
) -> None:
    options: dict[str, Any] = {"piecewise": piecewise, "many_categories": many, "text": text}
    encoders = [
        TableEncoder(numbers=kind, max_categories=8, two_values="signs", **options).fit(ROWS[part:], CLASSES[part:])
        for part, kind in enumerate([numbers, "standard"])
    ]
    row = ROWS[2] | changes
    encoder = RowEncoder(encoders, list(row))
    try:
        expected = [each.transform([row]) for each in encoders]
    except ValueError as error:
        with pytest.raises((type(error), OverflowError)), np.errstate(all="ignore"):
            encoder.encode(encoder.read(list(row.values())))
        return
    with np.errstate(all="ignore"):
        found = [encoder.encode(encoder.read(list(row.values()))) for _ in range(2)]  # also from what is kept
    for each in found:
        assert [part.tobytes() for part in each] == [part.tobytes() for part in expected]


def test_a_second_fit_replaces_what_single_rows_use() -> None:
    rows = [{"a": float(i % 10)} for i in range(60)]
    model = TableRegressor("quick", random_state=0).fit(rows, [float(i % 10) for i in range(60)])
    before = model.predict(rows[:1])
    model.fit(rows, [100.0 + i % 10 for i in range(60)])
    assert model.predict(rows[:1]) > before + 50
    assert model.predict(rows[:1]) == of_tables(model, rows[:1])[0][0]


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_copies_predict_on_their_own(models: dict[str, Any], copied: Callable[[Any], Any]) -> None:
    model = models["counts"]
    model.predict(ROWS[:1])
    other = copied(model)
    assert model._single_rows._path is not None
    assert other._single_rows._path is None
    assert other.predict(ROWS[:1]) == model.predict(ROWS[:1])


def test_few_words_are_kept(models: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multilayer.tables._row_encoder.MOST_KEPT", 5)
    model = models["three classes"]
    for i in range(40):
        row = ROWS[1] | {"street": f"street {i}"}
        assert outcome(model, [row]) == of_tables(model, [row])
    assert len(model._single_rows._path._encoder._kept) <= 5
