"""Summaries of columns in memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from multilayer.exceptions import InputError
from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import columns_of
from multilayer.tables.column_summaries import NumbersInMemory, TextInMemory, scaling_exponent, summaries_of


def test_numbers() -> None:
    summary = NumbersInMemory("x", ColumnData.of_numbers(np.array([np.nan, 2.0, 4.0, 6.0, 2.0])))
    assert (summary.n_values, summary.n_gaps, summary.low, summary.high) == (4, 1, 2.0, 6.0)
    assert summary.first_value == 2.0
    assert summary.has_more_than_two_values()
    assert not summary.is_one_value()
    assert not summary.all_differ()
    assert summary.least_different() == 3
    assert summary.mean_and_deviation(1) == (1.75, pytest.approx(np.std([1, 2, 3, 1])))
    assert summary.quantiles(np.array([0.5]), 1).tolist() == [1.5]


def test_infinity_is_an_error_where_the_numbers_are_needed() -> None:
    summary = NumbersInMemory("x", ColumnData.of_numbers(np.array([1.0, -np.inf])))
    assert summary.n_gaps == 0
    with pytest.raises(InputError, match="column 'x' holds minus infinity in data row 2"):
        assert summary.n_values


def test_text() -> None:
    summary = TextInMemory(ColumnData.of_texts(["b", None, "a", "b"]))
    assert (summary.n_values, summary.n_gaps, summary.n_different) == (3, 1, 2)
    assert list(summary.counts.items()) == [("b", 2), ("a", 1)]
    assert summary.cell_counts == summary.counts


def test_tables() -> None:
    table = summaries_of(columns_of(pa.table({"x": [1.5, 2.5], "t": ["a", None]})))
    assert (table.column_names, table.num_rows, table.n_cells) == (("x", "t"), 2, 2)
    assert [table.summary(name).kind for name in table.column_names] == ["number", "text"]
    assert table.note("x").text == ""


@pytest.mark.parametrize(("largest", "exponent"), [(0.0, 0), (1.0, 0), (1e99, 0), (2.0**400, 401), (2.0**-400, -399)])
def test_the_exponent_scales_very_large_and_small_numbers(largest: float, exponent: int) -> None:
    assert scaling_exponent(largest) == exponent
