"""encode_target and split_target."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables import encode_target, split_target

FORMS = [list, np.array, pa.array, lambda x: pa.chunked_array([x]), pd.Series, pl.Series]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("values", "task", "y", "kind"),
    [
        (["b", "a", "b"], "classification", ["b", "a", "b"], "U"),
        ([True, False, True], "classification", [True, False, True], "b"),
        ([2, 1, 2], "classification", [2, 1, 2], "i"),
        ([2.0, 1.0, 2.0], "classification", [2, 1, 2], "i"),
        ([0.5, 1.5, 0.5], "regression", [0.5, 1.5, 0.5], "f"),
        ([3, 1, 2], "regression", [3.0, 1.0, 2.0], "f"),
        ([1, 2, 3] * 5, "classification", [1, 2, 3] * 5, "i"),
    ],
)
def test_task_and_y_are_inferred(form: Any, values: list[Any], task: str, y: list[Any], kind: str) -> None:
    info = encode_target(form(values))
    assert info.task == task
    assert info.y.tolist() == y
    assert info.y.dtype.kind == kind
    if task == "classification":
        assert info.classes is not None
        assert info.classes.tolist() == sorted(set(y))
        assert info.classes.dtype == info.y.dtype
        assert LogisticRegression().fit(np.arange(len(y))[:, None], info.y).classes_.tolist() == sorted(set(y))
    else:
        assert info.classes is None
        assert info.y.dtype == np.float64


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["b", "a"], r"^The target holds text, 2 different labels\.$"),
        ([True, False], r"^The target holds Booleans\.$"),
        ([-1, 1], r"^The target takes two values, -1 and 1\.$"),
        ([0.5, 1.0], r"^The target holds numbers with fractions\.$"),
        (
            list(range(20)) * 5,
            r"20 different ones in 100 rows: few enough to be classes\. Choose task=\"regression\" if",
        ),
        (
            list(range(21)) * 5,
            r"21 different ones in 105 rows: too many to be classes\. Choose task=\"classification\" if",
        ),
        ([*range(20)] * 4, r"20 different ones in 80 rows: too many"),
    ],
)
def test_reason_states_how_the_task_was_chosen(values: list[Any], reason: str) -> None:
    assert re.search(reason, encode_target(values).reason)


def test_a_requested_task_is_used() -> None:
    assert encode_target([1, 2, 3], "classification").y.dtype == np.int64
    assert encode_target([1, 2, 1], "regression").y.dtype == np.float64
    assert encode_target([True, False], "regression").y.tolist() == [1.0, 0.0]
    assert encode_target([f"{i}" for i in range(30)], "classification").task == "classification"
    # A hint to request a task is not given when one was requested.
    assert "Ask for" not in encode_target([*range(20)] * 5, "regression").reason
    assert "Ask for" not in encode_target([*range(20)] * 5, "classification").reason
    assert encode_target([1, 2, 1], "regression").reason == (
        "You chose it; the automatic choice is classification. The target takes two values, 1 and 2."
    )


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, unique=True))
def test_integer_labels_keep_every_digit(values: list[int]) -> None:
    assert encode_target(values, "classification").y.tolist() == values


def test_unsigned_integers_are_supported() -> None:
    assert encode_target(pa.array([2**64 - 1, 0], pa.uint64())).y.tolist() == [2**64 - 1, 0]
    assert encode_target(pa.array([3, 0], pa.uint8())).y.dtype == np.int64


def test_categorical_columns_are_supported() -> None:
    assert encode_target(pd.Categorical(["x", "y"], categories=["y", "x"])).y.tolist() == ["x", "y"]
    assert encode_target(pl.Series(["x", "y"], dtype=pl.Categorical)).y.tolist() == ["x", "y"]


@pytest.mark.parametrize("form", FORMS)
def test_gaps_raise_an_error(form: Any) -> None:
    with pytest.raises(InputError, match=r"has 2 gaps, the first in data row 2 of 4\. Remove the rows without"):
        encode_target(form(["a", None, "b", None]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("values", "task", "y"),
    [
        ([None, "b", None, "a"], "classification", ["b", "a"]),
        ([None, True, None, False], "classification", [True, False]),
        ([None, 2, None, 1], "classification", [2, 1]),
        ([None, 2.5, None, 1.5], "regression", [2.5, 1.5]),
    ],
)
def test_gaps_are_dropped_on_request(form: Any, values: list[Any], task: str, y: list[Any]) -> None:
    info = encode_target(form(values), drop_gaps=True)
    assert info.task == task
    assert info.y.tolist() == y
    assert info.rows.tolist() == [1, 3]


def test_dropping_gaps_keeps_every_digit_and_the_row_numbers_of_messages() -> None:
    column = pa.array([None, 2**63 - 1, 2**63 - 2])
    assert encode_target(column, drop_gaps=True).y.tolist() == [2**63 - 1, 2**63 - 2]
    with pytest.raises(InputError, match=r"2\.5 in data row 3"):
        encode_target([None, 1.0, 2.5], "classification", drop_gaps=True)
    with pytest.raises(InputError, match=r"'x' in data row 3"):
        encode_target([None, "1", "x"], "regression", drop_gaps=True)
    with pytest.raises(InputError, match="has no value at all"):
        encode_target([None, float("nan")], drop_gaps=True)


def test_rows_are_complete_without_gaps() -> None:
    for drop_gaps in (True, False):
        assert encode_target([1, 2, 1], drop_gaps=drop_gaps).rows.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        ([1.0, float("nan")], "auto", r"^the target has 1 gap, the first in data row 2 of 2\."),
        ([None, None], "auto", r"has no value at all, all of its 2 rows are gaps\. Choose another column, or fill it"),
        ([None], "auto", r"has no value at all, its only row is a gap\."),
        ([], "auto", "the target has no rows"),
        (["a", "a"], "auto", "the target holds one value only, 'a': there is nothing to learn"),
        ([2.5, 2.5], "regression", r"holds one value only, 2\.5"),
        ([True, True], "auto", "holds one value only, True"),
        ([1.0, float("inf")], "auto", "the target holds infinity in data row 2"),
        ([1.0, 2.5], "classification", r"fractions, which cannot be labels: 2\.5 in data row 2\. Pass task="),
        (["a", "b"], "regression", r"holds text, regression needs numbers: 'a' in data row 1\. Pass task="),
        (["1.5", "2 ", "-3e4", "5 EUR"], "regression", r"regression needs numbers: '5 EUR' in data row 4\. Pass task="),
        ([dt.date(2020, 1, 1), dt.date(2020, 1, 2)], "auto", "holds dates, which cannot be predicted"),
        ([[1], [2]], "auto", r"holds values of type list, which cannot be encoded"),
        ([f"{i}" for i in range(30)], "auto", r"text that differs in 30 of 30 rows: too many to be class labels"),
        ([*map(str, range(30)), "n.a."], "auto", r"decimal point and nothing else \('n\.a\.' in data row 31\)"),
        ([1, "a"], "auto", "the target holds values that have no common type"),
        (3, "auto", "the target holds values that have no common type"),
    ],
)
def test_targets_that_cannot_be_used_raise_errors(values: Any, task: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encode_target(values, task)


def test_messages_contain_the_name_of_the_target() -> None:
    with pytest.raises(InputError, match=r"^target 'price' has 1 gap"):
        encode_target(pd.Series([1.0, None], name="price"))
    with pytest.raises(InputError, match=r"^target 'cost' has 1 gap"):
        encode_target([1.0, None], name="cost")


def test_an_unknown_task_raises_an_error_with_a_suggestion() -> None:
    with pytest.raises(ParameterError, match=r"unknown task 'regresion'\. Did you mean 'regression'\?"):
        encode_target([1, 2], "regresion")


@pytest.mark.parametrize("frame", [pa.table, pd.DataFrame, pl.DataFrame])
def test_split_target_returns_features_and_target(frame: Any) -> None:
    table = frame({"a": [1, 2], "price": [3, 4], "b": [5, 6]})
    features, column = split_target(table, "price")
    assert type(features) is type(table)
    assert list(getattr(features, "column_names", features.columns)) == ["a", "b"]
    assert encode_target(column).y.tolist() == [3, 4]


def test_a_missing_target_raises_an_error_with_suggestions() -> None:
    table = pa.table({"Price": [1], "price_old": [2], "rooms": [3]})
    with pytest.raises(
        InputError,
        match=r"^the table has no target column 'price'\. Did you mean 'Price' or 'price_old'\? "
        r"Its columns: 'Price', 'price_old', 'rooms'\.$",
    ):
        split_target(table, "price")
    wide = pa.table({f"c{i}": [1] for i in range(50)})
    with pytest.raises(InputError, match=r"'c19' and 30 more\.$"):
        split_target(wide, "target")
    with pytest.raises(
        InputError,
        match=r"no target column 'b'\. Its only column, 'a;b;c', contains this name: the separator is probably wrong\. "
        r'Read the file with separator=";"\.$',
    ):
        split_target(pa.table({"a;b;c": ["1;2;3"]}), "b")
    with pytest.raises(InputError, match="no column but the target 'a'"):
        split_target(pa.table({"a": [1]}), "a")
