"""Blocks of rows from tables of any sizes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import DataFileError
from multilayer.tables._column_data import joined
from multilayer.tables.batches import KINDS
from multilayer.tables.streaming.blocks import blocks_of_rows, column_of_kind, gaps_of_kind


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 50), st.integers(1, 600))
def test_blocks_are_full_and_in_order(sizes, most_rows, most_bytes):
    edges = np.cumsum([0, *sizes]).tolist()
    tables = [pa.table({"a": np.arange(edge, edge + size)}) for edge, size in zip(edges[:-1], sizes, strict=True)]
    found = list(blocks_of_rows(tables, most_rows, most_bytes))
    assert [value for block in found for value in block["a"].to_pylist()] == list(range(sum(sizes)))
    full = min(most_rows, max(most_bytes // 8, 1))
    assert all(block.num_rows == full for block in found[:-1])
    assert all(1 <= block.num_rows <= full for block in found[-1:])


def test_columns_of_gaps_join_any_type_and_other_types_begin_a_block():
    seconds, days = pa.array([1], pa.timestamp("s")), pa.array([1], pa.date32())
    columns = [pa.nulls(1), seconds, pa.nulls(1), days, pa.nulls(1)]
    found = list(blocks_of_rows([pa.table({"a": column}) for column in columns], 10, 1000))
    assert [block.num_rows for block in found] == [3, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_columns_without_values_have_the_kind(kind):
    column = column_of_kind(pa.chunked_array([pa.nulls(3)]), kind, "a", is_whole=False)
    assert (column.kind, column.to_pylist()) == (kind, [None] * 3)
    assert joined(column, gaps_of_kind(kind, 2)).to_pylist() == [None] * 5


def test_whole_numbers_become_integers_if_all_of_a_block_are_exact():
    def column(*values):
        return column_of_kind(pa.chunked_array([pa.array(values, pa.float64())]), "number", "a", is_whole=True)

    assert (column(1, None, -3).values.dtype, column(1, None, -3).to_pylist()) == (np.int64, [1, None, -3])
    for values in ((1, 2.5), (2.0**53, 1), (np.inf, 1)):
        assert column(*values).values.dtype == np.float64


def test_values_of_another_kind_are_an_error():
    with pytest.raises(DataFileError, match="column 'a' holds text in some rows and numbers in others"):
        column_of_kind(pa.chunked_array([pa.array(["x"])]), "number", "a", is_whole=False)
