"""Columns and tables that are rare or wrong: each is encoded, or an error says what to do."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pytest
from scipy import sparse

from multilayer.exceptions import InputError, ShapeError
from multilayer.tables import TableEncoder
from multilayer.tables._column_data import ColumnData, joined
from multilayer.tables._series import column_data

M = 60
OPTIONS: dict[str, Any] = {
    "numbers": "robust", "piecewise": "tree", "many_categories": "target", "text": "typed", "row_numbers": "drop",
    "two_values": "signs",
}  # fmt: skip
Y = np.arange(M) * 7 % 23
DAY = dt.date(2020, 1, 1)
MOMENTS = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=31 * i) for i in range(M)]


def report_of(column: Any, frame: Any = pd.DataFrame) -> tuple[str, str]:
    encoder = TableEncoder(**OPTIONS)
    result = encoder.fit_transform(frame({"x": column, "n": np.arange(M) % 7 / 2}), Y)
    assert np.isfinite(result).all()
    return encoder.columns_[0].kind, encoder.columns_[0].encoding


def objects(values: list[Any]) -> pd.Series:
    return pd.Series(values * (M // len(values)), dtype=object)


@pytest.mark.parametrize(
    ("column", "kind", "encoding"),
    [
        ([None] * M, "empty", "dropped: every cell is a gap"),
        ([pd.NaT] * M, "date", "dropped: every cell is a gap"),
        (objects([None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT"), decimal.Decimal("NaN")]), "empty", "dropped"),
        ([1.5] * M, "number", "dropped: every value is 1.5"),
        ([True] * M, "Boolean", "dropped: every value is True"),
        ([DAY] * M, "date", "dropped: every value is 2020-01-01"),
        ([1, None] * (M // 2), "number", "a column for gaps only: every value is 1.0"),
        (objects([True, False, None]), "Boolean", "-1 and 1; gaps become 0"),
        (pd.array([True, False, None] * (M // 3), dtype="boolean"), "Boolean", "-1 and 1; gaps become 0"),
        (pd.Categorical(["a", "b", None] * (M // 3), categories=["z", "b", "a"]), "text", "-1 for 'a', 1 for 'b'"),
        (pd.Categorical([1.0, 2.5, 1e12] * (M // 3)), "text", "a column for each of 3 categories"),
        (pd.Categorical([True, False] * (M // 2)), "text", "-1 for 'false', 1 for 'true'"),
        (pd.to_timedelta(np.arange(M) ** 2, unit="s"), "duration", "seconds, scaled robustly"),
        (pd.date_range("2020", periods=M, freq="31h", tz="Europe/Berlin"), "date", "seconds since 1970 (UTC), scaled"),
        (np.array(["-4000-01-01", "20000-01-01"] * (M // 2), "M8[s]"), "date", "seconds since 1970 (UTC), scaled"),
        ([decimal.Decimal(i * i % 50) / 7 for i in range(M)], "number", "scaled robustly: median"),
        (objects([decimal.Decimal(1), 2.5, 3]), "number", "scaled robustly: median 2.5"),
        (objects([fractions.Fraction(1, 3), 2, 0.5]), "number", "scaled robustly: median 0.5"),
        (objects([np.int8(1), np.float32(2.5), 3]), "number", "scaled robustly: median 2.5"),
        (objects([DAY, dt.datetime(2021, 1, 1, 3), None]), "date", "seconds since 1970 (UTC), scaled robustly"),
        ([2**60 + i for i in range(M)], "number", "dropped: every value is 1.15292150461e+18 except for rounding"),
        ([2**60 + 10**9 * (i * i % 40) for i in range(M)], "number", "scaled robustly: median 1.153e+18"),
        (np.array([2**63 + 2**40 * (i * i % 40) for i in range(M)], np.uint64), "number", "scaled robustly"),
        (objects([2**70, 2**71, -(2**72)]), "number", "scaled robustly: median 1.181e+21"),
        ([f"{1000 + 37 * (i % 25) ** 2:,}" for i in range(M)], "number", "scaled robustly"),
        (["a\0", "a"] * (M // 2), "text", "-1 for 'a', 1 for 'a\\x00'"),
        (["1e999", *(f"{i / 4}" for i in range(M - 1))], "text", ""),
    ],
)  # fmt: skip
def test_unusual_columns_of_pandas_are_encoded(column: Any, kind: str, encoding: str) -> None:
    if not encoding:
        with pytest.raises(InputError, match="column 'x' holds infinity in data row 1"):
            report_of(column)
        return
    found = report_of(column)
    assert found[0] == kind
    assert found[1].startswith(encoding)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series(["a", "b", None] * (M // 3), dtype=pl.Enum(["b", "z", "a"])), "text"),
        (pl.Series([1, 2, None] * (M // 3), dtype=pl.Int128), "number"),
        (pl.Series([i * i for i in range(M)], dtype=pl.Duration("ms")), "duration"),
        (pl.Series([dt.time(i % 24) for i in range(M)]), "time"),
        (pl.Series(MOMENTS).dt.replace_time_zone("America/New_York"), "date"),
        (pl.Series([decimal.Decimal(i % 9) / 4 for i in range(M)]), "number"),
        (pl.Series([None] * M), "empty"),
        (pl.Series(["a", None, "b"] * (M // 3), dtype=pl.Object), "text"),
    ],
    ids=str,
)
def test_unusual_columns_of_polars_are_encoded(column: pl.Series, kind: str) -> None:
    assert report_of(column, pl.DataFrame)[0] == kind


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["u", "v", None] * (M // 3)).dictionary_encode(),
        pa.chunked_array([pa.array([word] * (M // 2)).dictionary_encode() for word in ("a", "b")]),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2] * (M // 3), pa.int8()), ["a", "b", "a"]),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 2] * (M // 3), pa.int8()), ["a", "b", None]),
        pa.array(["u", "v"] * (M // 2), pa.string_view()),
    ],
    ids=["gaps", "chunks", "equal categories", "a category that is a gap", "views"],
)
def test_unusual_text_of_pyarrow_is_two_categories(column: Any) -> None:
    kind, encoding = report_of(column, pa.table)
    assert kind == "text"
    assert encoding.startswith("-1 for ")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [1, "x"],
            r"no common type: whole numbers \(1 in data row 1\) and text \('x' in data row 2\)\. Convert them to",
        ),
        ([None, True, 1], r"no common type: Booleans \(True in data row 2\) and whole numbers \(1 in data row 3\)"),
        ([DAY, "x"], r"no common type: dates \(2020-01-01 in data row 1\) and text"),
        (
            [dt.datetime(2020, 1, 1, tzinfo=dt.UTC), MOMENTS[0]],
            "moments with and without a time zone. Give all of them",
        ),
        ([[1], [2]], "values of type list, which cannot be encoded. Convert them to numbers, text or dates, or drop"),
        ([{"a": 1}], "values of type dict, which cannot be encoded"),
        ([b"a"], "values of type bytes, which cannot be encoded"),
        ([10**400, 1], "a number that is too large for float64. Replace or scale it"),
        ([1j], "complex numbers"),
        ([np.inf, 1.0], "infinity in data row 1. Replace it by a number"),
    ],
    ids=str,
)
def test_columns_that_cannot_be_encoded_raise_errors(values: list[Any], message: str) -> None:
    rows = [{"x": value} for value in values]
    for table in (rows, pd.DataFrame({"x": pd.Series(values, dtype=object)})):
        with pytest.raises(InputError, match=message):
            TableEncoder().fit(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pl.DataFrame({"a": [[1]]}), r"values of type List\(Int64\), which cannot be encoded"),
        (pl.DataFrame({"a": [b"x"]}), "values of type Binary"),
        (pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="M")}), r"values of type period\[M\]"),
        (pa.table({"a": [pa.MonthDayNano([1, 2, 3])]}), "values of type month_day_nano_interval"),
        ([], "Expected 2D array, got 1D array"),
        ([{}, {}], "no column that can be used. It has no columns"),
        ([[1, 2], [1]], "its first row has 2 cells, data row 2 has 1. Pass rows of equal length"),
        ("abc", "expected a data frame of pandas, polars or pyarrow.* Read the file by multilayer.tables.read_table"),
        (pyarrow.dataset.dataset(pa.table({"a": [1]})), r"Dataset\. Pass its rows: to_table\(\), or each batch of"),
        (pd.DataFrame(), "the table has no rows"),
        (pl.DataFrame(), "the table has no rows"),
        (sparse.csr_matrix(np.eye(3)), r"needs dense data. Use X.toarray\(\)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_tables_that_cannot_be_encoded_raise_errors(table: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TableEncoder().fit(table)


def test_rows_of_unequal_length_raise_a_shape_error() -> None:
    with pytest.raises(ShapeError, match="data row 3 has 0"):
        TableEncoder().fit([[1], [2], []])


def test_infinite_numbers_and_gaps_in_new_rows_are_encoded() -> None:
    encoder = TableEncoder(**OPTIONS).fit(pd.DataFrame({"x": np.arange(M) % 7 * 1.5, "t": ["a", "b"] * (M // 2)}), Y)
    new = pd.DataFrame({"x": [np.inf, -np.inf, None], "t": ["a", None, None]})
    assert np.isfinite(encoder.transform(new)).all()


def test_a_hundred_thousand_categories_need_little_memory() -> None:
    rng = np.random.RandomState(0)
    codes = np.concatenate([np.arange(100_000), rng.randint(0, 100_000, 20_000)])
    table = pl.DataFrame({"code": [f"c{code}" for code in codes], "x": rng.normal(size=len(codes))})
    tracemalloc.start()
    result = TableEncoder(**OPTIONS, dtype=np.float32).fit_transform(table, table["x"].to_numpy())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.shape[1] < 60
    assert peak < 150e6  # a column of float32 for each category would need 4.8e10


def test_columns_of_two_tables_are_joined() -> None:
    numbers = joined(column_data([1, 2], "x"), column_data([0.5, None], "x"))
    assert numbers is not None
    np.testing.assert_array_equal(numbers.numbers(), [1, 2, 0.5, np.nan])
    for one, other, expected in (
        (["a", None], ["b", "a"], ["a", None, "b", "a"]),
        ([None], ["b"], [None, "b"]),
        ([2**53 + 1], [None], [2**53 + 1, None]),
        ([True], [None, False], [True, None, False]),
        ([DAY], [dt.datetime(2021, 1, 1, 3)], [dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1, 3)]),
        ([dt.timedelta(days=1)], [None], [dt.timedelta(days=1), None]),
        ([dt.time(3)], [dt.time(4, 5)], [dt.time(3), dt.time(4, 5)]),
    ):
        both = joined(column_data(one, "x"), column_data(other, "x"))
        assert both is not None
        assert both.to_pylist() == expected
    assert joined(column_data([1], "x"), column_data(["a"], "x")) is None
    assert joined(ColumnData.empty(1), ColumnData.empty(2)).n_gaps == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_are_given_back_in_their_time_zone(unit: str) -> None:
    for name in ("Europe/Berlin", "+05:30", "-03:00", "UTC"):
        array = pa.array(MOMENTS, pa.timestamp(unit, name))
        found = column_data(array, "x")
        expected = [value.as_py() for value in array]
        assert found.to_pylist() == expected
        assert [str(value)[:19] for value in found.to_pylist()] == [str(value)[:19] for value in expected]
        whole = found.local_seconds() - (np.array(MOMENTS, "M8[s]").astype(np.int64))
        assert whole.tolist() == [int(value.utcoffset().total_seconds()) for value in expected]
