"""Columns that only identify rows: decided once for the whole table, independently of later splits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multilayer.exceptions import InputError
from multilayer.tables import TableEncoder, row_identifiers

RNG = np.random.default_rng(0)
ORDER = RNG.permutation(60)
TABLE = pa.table(
    {
        "row": range(1, 61),
        "shuffled": ORDER,
        "name": [f"name {i}" for i in range(60)],
        "nearly": [f"name {min(i, 57)}" for i in range(60)],
        "often": [f"name {i % 50}" for i in range(60)],
        "age": [20 + i % 30 for i in range(60)],
        "even": range(0, 120, 2),
        "length": np.linspace(0, 1, 60),
        "spelled": [*map(str, range(100, 159)), "x"],
    }
)
IDENTIFIERS = ("row", "shuffled", "name", "nearly")


def test_row_identifiers_finds_the_identifier_columns() -> None:
    assert row_identifiers(TABLE) == IDENTIFIERS
    assert row_identifiers(TABLE.take(ORDER)) == IDENTIFIERS
    assert row_identifiers(TABLE.to_pandas()) == IDENTIFIERS
    assert row_identifiers(pl.from_arrow(TABLE)) == IDENTIFIERS
    assert row_identifiers(np.c_[np.arange(30), np.arange(30) % 7]) == ("x0",)
    assert row_identifiers(TABLE.slice(0, 20)) == ()
    assert row_identifiers(TABLE.slice(0, 0)) == ()


def test_identifiers_of_the_whole_table_apply_to_its_parts() -> None:
    part = TABLE.take(np.sort(ORDER[:45]))
    alone, stated = TableEncoder().fit(part), TableEncoder(identifiers=row_identifiers(TABLE)).fit(part)
    whole = TableEncoder().fit(TABLE)
    warning = "it numbers the rows: drop it unless their order matters"
    for encoder in (whole, stated):
        assert tuple(column.name for column in encoder.columns_ if column.is_identifier) == IDENTIFIERS
        assert encoder.columns_[0].encoding.endswith(warning)
        assert encoder.columns_[2].encoding.endswith("values differ (an identifier or free text)")
    assert not alone.columns_[0].is_identifier
    assert [column.width for column in stated.columns_] == [column.width for column in whole.columns_[:4]] + [
        column.width for column in stated.columns_[4:]
    ]


def test_stated_identifiers_replace_the_automatic_choice() -> None:
    encoder = TableEncoder(identifiers=[]).fit(TABLE.select(["row", "name"]))
    assert [column.encoding for column in encoder.columns_] == [
        "standardised: mean 30.5, deviation 17.32",
        "a column for each of 60 categories",
    ]
    named = TableEncoder(identifiers=("often",)).fit(TABLE.select(["age", "often"]))
    assert [column.width for column in named.columns_] == [1, 0]


def test_identifiers_that_are_not_columns_raise_an_error() -> None:
    with pytest.raises(InputError, match=r"no identifier column 'Name'\. Did you mean 'name'"):
        TableEncoder(identifiers=["Name"]).fit(TABLE)


def test_a_column_with_gaps_can_be_an_identifier() -> None:
    frame = pd.DataFrame({"row": pd.array([*range(30), None], dtype="Int64"), "b": range(0, 62, 2)})
    assert row_identifiers(frame) == ("row",)
