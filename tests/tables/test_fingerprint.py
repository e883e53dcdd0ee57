"""The fingerprint of a table depends on its content only."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multilayer.exceptions import InputError
from multilayer.tables import data_fingerprint

CELLS: dict[str, list[Any]] = {
    "number": [1.5, None, -0.25],
    "whole": [1, 2, 3],
    "text": ["a", None, "größer"],
    "flag": [True, False, True],
    "when": [datetime.datetime(2024, 1, 1), None, datetime.datetime(2024, 1, 2, 3)],
}
TABLE = pa.table(CELLS)


def test_equal_tables_of_every_library_have_the_same_fingerprint() -> None:
    expected = data_fingerprint(TABLE)
    assert len(expected) == 64
    assert data_fingerprint(pl.from_arrow(TABLE)) == expected
    assert data_fingerprint(TABLE.to_pandas()) == expected
    assert data_fingerprint(pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])) == expected
    assert (
        data_fingerprint([dict(zip(CELLS, row, strict=True)) for row in zip(*CELLS.values(), strict=True)]) == expected
    )


def test_types_of_numbers_do_not_matter() -> None:
    X = np.array([[1, 0], [3, 4]])
    expected = data_fingerprint(X)
    for dtype in (np.int8, np.float32, np.float64, ">f8"):
        assert data_fingerprint(X.astype(dtype)) == expected
    assert data_fingerprint(X * [1.0, -1.0] + [0, 0] * np.array([[1], [-1]])) != expected
    assert data_fingerprint(np.where(X == 0, -0.0, X)) == expected


@pytest.mark.parametrize("column", CELLS)
def test_each_cell_matters(column: str) -> None:
    expected = data_fingerprint(TABLE)
    cells = list(CELLS[column])
    others = [cells[::-1] if cells[::-1] != cells else [*cells[1:], cells[0]], [None, *cells[1:]]]
    for other in others:
        assert data_fingerprint(pa.table(CELLS | {column: pa.array(other, TABLE[column].type)})) != expected


def test_names_order_and_target_matter() -> None:
    expected = data_fingerprint(TABLE)
    assert data_fingerprint(TABLE.select(list(CELLS)[::-1])) != expected
    assert data_fingerprint(TABLE.rename_columns(["n", *list(CELLS)[1:]])) != expected
    assert data_fingerprint(TABLE.slice(0, 2)) != expected
    with_target = data_fingerprint(TABLE, [1, 2, 3])
    assert with_target != expected
    assert data_fingerprint(TABLE, np.array([1.0, 2.0, 3.0])) == with_target
    assert data_fingerprint(TABLE, pd.Series([1, 2, 4])) != with_target
    assert data_fingerprint(TABLE, np.array([[1, 2], [2, 3], [3, 4]])) != with_target


def test_texts_with_other_borders_differ() -> None:
    assert data_fingerprint([{"a": "xy"}, {"a": "z"}]) != data_fingerprint([{"a": "x"}, {"a": "yz"}])
    assert data_fingerprint([{"a": ""}, {"a": "z"}]) != data_fingerprint([{"a": None}, {"a": "z"}])


def test_columns_without_an_encoding_raise_errors() -> None:
    with pytest.raises(InputError, match="holds values of type list"):
        data_fingerprint(pa.table({"a": [[1], [2]]}))
