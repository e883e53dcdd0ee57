"""TableEncoder: the numbers, the report, and equal results for every kind of data frame."""

from __future__ import annotations

import datetime as dt
import decimal
import threading
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import multilayer.tables.encoder as encoder_module
from multilayer.engines import threads
from multilayer.exceptions import InputError, MissingExtraError, ParameterError
from multilayer.tables import ColumnReport, TableEncoder
from multilayer.tables._series import column_data
from multilayer.tables.piecewise import PiecewiseEncoding

Column = list[Any]


def encode(**columns: Column) -> np.ndarray[Any, Any]:
    return TableEncoder().fit_transform(pa.table(columns))  # type: ignore[no-any-return]


def report(column: Any, **options: Any) -> ColumnReport:
    table = pa.table({"x": column, "other": range(len(column))})
    return TableEncoder(**options).fit(table).columns_[0]


def test_numbers_are_standardised_with_the_population_deviation() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(5, 3, size=(50, 2))
    expected = StandardScaler().fit_transform(values)
    result = TableEncoder().fit_transform(pd.DataFrame(values, columns=["a", "b"]))
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14)


def test_gaps_in_numbers_become_the_mean_and_a_marker() -> None:
    # The mean of [1, 3] is 2 and the deviation 1; a gap becomes the mean, and the second column marks it.
    np.testing.assert_array_equal(encode(x=[1.0, None, 3.0]), [[-1, 0], [0, 1], [1, 0]])
    np.testing.assert_array_equal(encode(x=[1.0, float("nan"), 3.0]), [[-1, 0], [0, 1], [1, 0]])
    done = "standardised: mean 2, deviation 1; gaps become the mean, and a second column marks them"
    assert report([1, None, 3]) == ColumnReport("x", "number", done, 1, 2, bounds=(-6.0, 10.0))


def test_booleans_become_0_and_1() -> None:
    np.testing.assert_array_equal(encode(x=[True, False]), [[1], [0]])
    np.testing.assert_array_equal(
        encode(x=[True, False, None, True, True]), [[1, 0], [0, 0], [0.75, 1], [1, 0], [1, 0]]
    )
    assert (
        report([True, False, None]).encoding
        == "0 and 1; gaps become 0.5, the share of True, and a second column marks them"
    )


def test_text_becomes_one_column_for_each_category() -> None:
    encoder = TableEncoder()
    result = encoder.fit_transform(pa.table({"x": ["b", "a", None, "b", "Z"]}))
    assert encoder.get_feature_names_out().tolist() == ["x=Z", "x=a", "x=b", "x=(gap)"]
    np.testing.assert_array_equal(result, [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]])
    assert encoder.columns_ == [ColumnReport("x", "text", "a column for each of 3 categories, one for gaps", 1, 4)]


def test_rare_categories_share_a_column() -> None:
    words = ["c"] * 5 + ["a"] * 4 + ["e", "d", "d", "b", "b"]
    encoder = TableEncoder(max_categories=4).fit(pa.table({"x": words}))
    # d and b are equally frequent: the first one in alphabetical order is kept.
    assert encoder.get_feature_names_out().tolist() == ["x=a", "x=b", "x=c", "x=(other)"]
    assert encoder.columns_[0].encoding == "a column for each of the 3 most frequent categories, one for the 2 others"
    result = encoder.transform(pa.table({"x": ["e", "never seen", "b", None]}))
    np.testing.assert_array_equal(result, [[0, 0, 0, 1], [0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]])


def test_the_maximum_number_of_categories_needs_no_other_column() -> None:
    words = [f"{i:02}" for i in range(64)] * 2
    assert report(words).encoding == "a column for each of 64 categories"
    assert report([*words, "z"]).width == 64


def test_unseen_categories_and_new_gaps_become_zeros_or_means() -> None:
    encoder = TableEncoder().fit(pa.table({"n": [1.0, 3.0], "t": ["a", "b"], "b": [True, False]}))
    result = encoder.transform(pa.table({"n": [None, 5.0], "t": ["c", None], "b": [None, True]}))
    np.testing.assert_array_equal(result, [[0, 0, 0, 0.5], [3, 0, 0, 1]])


@pytest.mark.parametrize(
    ("column", "done", "width"),
    [
        ([7, 7, 7], "dropped: every value is 7", 0),
        (["u", "u"], "dropped: every value is 'u'", 0),
        ([True, True], "dropped: every value is True", 0),
        ([7, None, 7], "a column for gaps only: every value is 7", 1),
        (["u", None], "a column for gaps only: every value is 'u'", 1),
        ([None, None], "dropped: every cell is a gap", 0),
        ([float("nan")] * 2, "dropped: every cell is a gap", 0),
        ([f"id {i}" for i in range(21)], "dropped: 21 of 21 values differ (an identifier or free text)", 0),
        ([f"id {i}" for i in range(20)], "a column for each of 20 categories", 20),
        (list(range(100, 121)), "standardised: mean 110, deviation 6.055; it numbers the rows: drop it", 1),
        (
            ["1,5", "2,25", "1,5"],
            "a column for each of 2 categories; if these are numbers, write them",
            2,
        ),
        (
            ["1,200 EUR", "950 EUR"],
            "a column for each of 2 categories; if these are numbers, write them without units",
            2,
        ),
        (["$1.50", "$20"], "a column for each of 2 categories; if these are numbers, write them without units", 2),
        ([f"{i}%" for i in range(21)], "dropped: 21 of 21 values differ (an identifier or free text); if these", 0),
        (["31/12/2020", "1/2/2021 23:59"], "a column for each of 2 categories; if these are dates, write them as 2", 2),
        ([dt.date(1970, 1, 2), dt.date(1970, 1, 3)], "seconds since 1970 (UTC), standardised", 1),
        ([dt.time(1), dt.time(2), None], "seconds since midnight, standardised; gaps become the mean", 2),
        ([dt.timedelta(1), dt.timedelta(2)], "seconds, standardised", 1),
        ([decimal.Decimal("1.5"), decimal.Decimal("2.5")], "standardised: mean 2, deviation 0.5", 1),
    ],
)
def test_report_states_encoding_width_and_gaps(column: Column, done: str, width: int) -> None:
    result = report(column)
    assert result.encoding.startswith(done)
    assert result.width == width
    assert result.n_gaps == sum(value is None or value != value for value in column)


@pytest.mark.parametrize(
    "words", [["01067", "80331"], ["10115 Berlin", "80331 Bonn"], ["18-24", "25-34"], ["Q1", "Q2"]]
)
def test_text_that_is_not_an_amount_gets_no_hint(words: list[str]) -> None:
    assert report(words).encoding == "a column for each of 2 categories"


def test_a_constant_with_gaps_becomes_a_gap_marker() -> None:
    np.testing.assert_array_equal(encode(x=[7, None, 7]), [[0], [1], [0]])


def test_text_with_mostly_distinct_values_is_dropped() -> None:
    assert report([f"{i}" for i in range(95)] + ["0"] * 5).width == 0
    assert report([f"{i}" for i in range(94)] + ["0"] * 6).width == 64


def test_timestamps_of_any_unit_are_converted_to_the_same_seconds() -> None:
    moments = [dt.datetime(2026, 11, 23, 17, 0, 0, 123456), dt.datetime(1969, 1, 1, 0, 0, 0, 1), None]
    results = [
        TableEncoder().fit(pa.table({"x": pa.array(moments, pa.timestamp(unit, tz))}))
        for unit, tz in [("us", None), ("ns", None), ("us", "UTC"), ("ns", "Asia/Tokyo")]
    ]
    assert len({result.encodings_ for result in results}) == 1


@pytest.mark.parametrize(
    "values",
    [
        [2**62, -(2**62), 0],
        [1.7e308, -1.7e308, 0.0],
        [1e-300, 0.0, 2e-300],
        [1e200, 1e200 * (1 + 1e-9)],
        [1e-160, 2e-160],
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extreme_numbers_are_standardised(values: Column, dtype: Any) -> None:
    result = TableEncoder(dtype=dtype).fit_transform(pa.table({"x": values}))
    assert result.dtype == dtype
    np.testing.assert_allclose(result.mean(), 0, atol=1e-6)
    np.testing.assert_allclose(result.std(), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        [0.1 + 0.2, 0.3] * 20,
        [np.cumsum([0.1] * 10)[-1], 1.0] * 20,
        [0.1 * 3 * 7, 2.1] * 20,
        [1e9, 1e9 + 1e-7] * 20,
        [2.0**53, 2.0**53 + 2],
        [1e200, np.nextafter(1e200, 2e200)],
        [1e-320, 0.0, 2e-320],
        np.float32([0.1, 0.1 + 1e-8, 0.1 - 1e-8]),
        pa.array([2**60, 2**60 + 1]),
    ],
)
def test_numbers_that_differ_only_by_rounding_are_constant(values: Any) -> None:
    encoder = TableEncoder().fit(pa.table({"x": values, "y": range(len(values))}))
    assert encoder.columns_[0].encoding.startswith("dropped: every value is ")
    assert encoder.columns_[0].encoding.endswith(" except for rounding")
    assert encoder.transform(pa.table({"x": [0.31], "y": [0]})).shape == (1, 1)


def test_numbers_that_differ_by_more_than_rounding_are_not_constant() -> None:
    np.testing.assert_allclose(encode(x=[1.0, 1.0 + 1e-12])[:, 0], [-1, 1])
    half = np.nextafter(np.float16(1), np.float16(2))
    np.testing.assert_allclose(encode(x=np.array([np.float16(1), half]))[:, 0], [-1, 1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_far_outside_the_fitted_range_are_compressed(dtype: Any) -> None:
    # Mean 2, deviation 1: numbers within 8 deviations are not changed, 12 becomes 8 (2 - 8 / 12).
    encoder = TableEncoder(dtype=dtype).fit(pa.table({"x": [1.0, 3.0]}))
    assert encoder.columns_[0].bounds == (-6.0, 10.0)
    values = [9.99, 10.0, 14.0, -10.0, 1e300, -1.7e308, np.inf, -np.inf]
    expected = [9.99 - 2, 8.0, 8 * (2 - 8 / 12), -8 * (2 - 8 / 12), 16, -16, 16, -16]
    result = encoder.transform(pa.table({"x": values}))[:, 0]
    np.testing.assert_array_equal(result, np.array(expected, dtype=dtype))
    steps = encoder.transform(pa.table({"x": np.linspace(-60, 60, 999)}))[:, 0]
    assert (np.diff(steps) > 0).all()


def test_fitted_rows_are_never_compressed() -> None:
    values = np.r_[np.zeros(9_999), 1e6]
    encoder = TableEncoder().fit(pa.table({"x": values}))
    expected = (values - values.mean()) / values.std()
    assert expected.max() > 90
    np.testing.assert_array_equal(encoder.transform(pa.table({"x": values}))[:, 0], expected)
    assert encoder.columns_[0].bounds is not None
    assert encoder.columns_[0].bounds[1] == pytest.approx(1e6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_huge_numbers_are_bounded_after_fitting_tiny_ones(dtype: Any) -> None:
    encoder = TableEncoder(dtype=dtype).fit(pa.table({"x": [1e-300, 2e-300]}))
    np.testing.assert_array_equal(encoder.transform(pa.table({"x": [1e300, -1.7e308]}))[:, 0], [16, -16])


def test_unsigned_integers_with_gaps_and_half_floats_are_encoded() -> None:
    np.testing.assert_array_equal(encode(x=pa.array([2**64 - 1, None, 0], pa.uint64())), [[1, 0], [0, 1], [-1, 0]])
    half = pa.array([np.float16(1), None, np.float16(3)], pa.float16())
    np.testing.assert_array_equal(encode(x=half), [[-1, 0], [0, 1], [1, 0]])


def test_output_names_are_unique_even_where_columns_and_categories_coincide() -> None:
    table = pa.table({"a=b": ["c", "d"], "a": ["b=c", "x"], "g": ["(gap)", None]})
    names = TableEncoder().fit(table).get_feature_names_out().tolist()
    assert names == ["a=b=c", "a=b=d", "a=b=c (2)", "a=x", "g=(gap)"]


# The same table in three libraries.

COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "number": st.floats(allow_infinity=False, width=64) | st.just(0.1),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "Boolean": st.booleans(),
    "text": st.sampled_from(["a", "b", "", "ä", "Z", "(gap)"]) | st.text(st.characters(codec="utf-8"), max_size=3),
    "date": st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
}
TYPES = {
    "number": pa.float64(), "integer": pa.int64(), "Boolean": pa.bool_(), "text": pa.string(),
    "date": pa.timestamp("us"),
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[pa.Table, pa.Table]:
    """Draw rows to fit and rows to transform, with the same columns; the first column is never dropped."""
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=4))
    pair = []
    for least in (2, 0):
        n = draw(st.integers(least, 6))
        columns = {"first": pa.array(range(n), pa.int64())}
        for i, kind in enumerate(kinds):
            cell = st.none() | COLUMNS[kind]
            columns[f"{kind} {i}"] = pa.array(draw(st.lists(cell, min_size=n, max_size=n)), TYPES[kind])
        pair.append(pa.table(columns))
    return pair[0], pair[1]


@given(tables(), st.sampled_from([2, 64]), st.sampled_from([np.float32, np.float64]))
def test_encodings_of_any_frame_are_finite_and_equal_for_all_libraries(
    pair: tuple[pa.Table, pa.Table], most: int, dtype: Any
) -> None:
    fitted, unseen = pair
    encoder = TableEncoder(max_categories=most, dtype=dtype)
    first = encoder.fit_transform(fitted)
    second = encoder.transform(unseen)
    width = sum(column.width for column in encoder.columns_)
    assert len(set(encoder.get_feature_names_out())) == width
    for result, rows in ((first, fitted), (second, unseen)):
        assert result.shape == (rows.num_rows, width)
        assert result.dtype == dtype
        assert result.flags.c_contiguous
        assert np.isfinite(result).all()
    np.testing.assert_array_equal(encoder.transform(fitted), first)
    # Row order: reversed rows give the reversed result, and the columns may be in any order.
    backwards = fitted.take(list(range(fitted.num_rows))[::-1]).select(fitted.column_names[::-1])
    np.testing.assert_array_equal(encoder.transform(backwards), first[::-1])
    for other in (pl.from_arrow, pa.Table.to_pandas):
        twin = TableEncoder(max_categories=most, dtype=dtype)
        np.testing.assert_array_equal(twin.fit_transform(other(fitted)), first)
        np.testing.assert_array_equal(twin.transform(other(unseen)), second)
        np.testing.assert_array_equal(encoder.transform(other(unseen)), second)
        assert [(c.n_gaps, c.width) for c in twin.columns_] == [(c.n_gaps, c.width) for c in encoder.columns_]


def test_types_specific_to_pandas_and_polars_are_encoded_alike() -> None:
    expected = encode(
        i=[1, None, 3],
        b=[True, None, False],
        c=["x", "y", None],
        t=["u", "v", "u"],
        d=[1.5, 2.5, None],
        k=["1", "2", "1"],
    )
    pandas = pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "b": pd.array([True, None, False], dtype="boolean"),
            "c": pd.Categorical(["x", "y", None], categories=["y", "x", "never"]),
            "t": pd.Series(["u", "v", "u"], dtype=object),
            "d": pd.Series([decimal.Decimal("1.5"), decimal.Decimal("2.5"), None], dtype=object),
            "k": pd.Categorical([1, 2, 1]),
        }
    ).set_axis([7, 7, 1])
    polars = pl.DataFrame(
        {
            "i": pl.Series([1, None, 3], dtype=pl.UInt8),
            "b": [True, None, False],
            "c": pl.Series(["x", "y", None], dtype=pl.Enum(["y", "never", "x"])),
            "t": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
            "d": pl.Series([decimal.Decimal("1.5"), decimal.Decimal("2.5"), None]),
            "k": ["1", "2", "1"],
        }
    )
    np.testing.assert_array_equal(TableEncoder().fit_transform(pandas), expected)
    np.testing.assert_array_equal(TableEncoder().fit_transform(polars), expected)


def test_fit_transform_does_not_modify_its_input() -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan, 3.0], "t": ["a", None, "b"]})
    before = frame.copy(deep=True)
    TableEncoder().fit_transform(frame)
    pd.testing.assert_frame_equal(frame, before)


# Columns at transform time.

FITTED = pa.table(
    {"Age": [1, 2, 3], "town": ["a", "b", "a"], "same": [1, 1, 1], "day": [dt.date(2020, 1, d) for d in (1, 2, 3)]}
)


def with_column(name: str, values: Any) -> pa.Table:
    return FITTED.set_column(FITTED.column_names.index(name), name, [values])


def test_columns_are_found_by_name_and_others_are_ignored() -> None:
    encoder = TableEncoder().fit(FITTED)
    other = FITTED.append_column("extra", [[[1], [2], [3]]]).select(["extra", "day", "town", "Age"])
    np.testing.assert_array_equal(encoder.transform(other), encoder.transform(FITTED))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (FITTED.drop_columns(["Age"]), r"no column 'Age'\. Its columns: 'town', 'same', 'day'\."),
        (
            FITTED.rename_columns(["age", "town", "same", "day"]),
            r"no column 'Age'\. Did you mean 'age'\? Its columns: ",
        ),
        (
            with_column("Age", ["4", None, "old"]),
            r"^column 'Age' held numbers when the encoder was fitted, now it holds text \('old' in data row 3\)\. "
            r"Convert it to numbers, or fit the encoder again\.$",
        ),
        (with_column("Age", ["4", "5", "6"]), r"now it holds text \(numbers written as text\)\."),
        (with_column("Age", [True, False, True]), "held numbers .* now it holds Booleans"),
        (with_column("town", [1, 2, 3]), r"column 'town' held text when .*, now it holds numbers\. Convert it to text"),
        (with_column("day", ["x", "y", "z"]), "column 'day' held dates .* now it holds text"),
    ],
)
def test_columns_of_another_type_raise_errors(table: pa.Table, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TableEncoder().fit(FITTED).transform(table)


@pytest.mark.parametrize("gaps", [pa.nulls(3), pa.array([np.nan] * 3), pa.nulls(3, pa.string())])
@pytest.mark.parametrize("name", ["Age", "town", "day"])
def test_a_column_of_gaps_is_accepted_for_every_type(name: str, gaps: Any) -> None:
    encoder = TableEncoder().fit(FITTED)
    result = encoder.transform(with_column(name, gaps))
    assert not result[:, [i for i, n in enumerate(encoder.get_feature_names_out()) if n.startswith(name)]].any()


def test_zero_rows_are_transformed() -> None:
    assert TableEncoder().fit(FITTED).transform(FITTED.slice(0, 0)).shape == (0, 4)


# Invalid data for fit.


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (5, r"expected a data frame of .* or a list of rows or dictionaries, got builtins\.int\."),
        ({"a": [1, 2]}, r"got a dictionary\. If it is one row, pass \[row\]"),
        (
            pd.DataFrame([[1, 2]], columns=["a", 0]),
            r"column names must be text, got 0 \(int\)\. Rename them: frame\.columns = ",
        ),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"column names must differ, got more than once: 'a'\."),
        (pa.table([[1], [2]], names=["a", "a"]), r"column names must differ, got more than once: 'a'\."),
        (pa.table({"a": pa.array([], pa.int64())}), "the table has no rows: the encoder needs at least one"),
        (pa.table({"a": [1.0, -np.inf]}), "column 'a' holds minus infinity in data row 2"),
        (pa.table({"a": [[1], [2]]}), r"column 'a' holds values of type list<.*>, which cannot be encoded"),
        (pa.table({"a": [b"x", b"y"]}), "column 'a' holds values of type binary"),
        (pd.DataFrame({"a": [1, "x"]}), "column 'a' holds values that have no common type"),
        (pd.DataFrame({"a": ["x", 2.5]}), "column 'a' holds values that have no common type"),
        (pd.DataFrame({"a": [object()]}), "column 'a' holds values of type object, which cannot be encoded"),
        (pd.DataFrame(index=[1, 2]), "no column that can be used"),
        (
            pa.table({"a": [1, 1], "b": pa.nulls(2)}),
            r"no column that can be used\. 'a': dropped: every value is 1; 'b': dropped: every cell is a gap\.",
        ),
    ],
)
def test_frames_that_cannot_be_fitted_raise_errors(frame: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        TableEncoder().fit(frame)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_categories": 1}, "max_categories must be an integer of at least 2, got 1"),
        ({"max_categories": True}, "got True"),
        ({"max_categories": 2.0}, r"got 2\.0"),
        ({"dtype": np.int64}, r"dtype must be numpy\.float32 or numpy\.float64, got <class 'numpy\.int64'>"),
        ({"dtype": "florat"}, "got 'florat'"),
        ({"identifiers": "Age"}, r'identifiers must be "auto", column names, .* got \'Age\''),
        ({"identifiers": [1]}, r"got \[1\]"),
    ],
)
def test_invalid_parameters_raise_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        TableEncoder(**options).fit(FITTED)


def test_a_missing_narwhals_raises_an_error_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(MissingExtraError, match=r"encoding tables needs narwhals"):
        TableEncoder().fit(FITTED)


# Integration with scikit-learn.


def test_an_unfitted_encoder_raises_errors() -> None:
    with pytest.raises(NotFittedError):
        TableEncoder().transform(FITTED)
    with pytest.raises(NotFittedError):
        TableEncoder().get_feature_names_out()


def test_encoder_works_with_clone_pipeline_and_column_transformer() -> None:
    encoder = clone(TableEncoder(max_categories=5, dtype=np.float32))
    assert encoder.get_params() == {
        "max_categories": 5,
        "identifiers": "auto",
        "dtype": np.float32,
        "numbers": "standard",
        "piecewise": None,
        "two_values": "zero_one",
        "many_categories": "frequent",
        "min_frequency": 1,
        "text": "as_given",
        "row_numbers": "keep",
        "task": "auto",
    }
    frame, y = FITTED.to_pandas(), [0, 1, 1]
    model = make_pipeline(encoder, LogisticRegression()).fit(frame, y)
    assert model.predict(frame).shape == (3,)
    assert ColumnTransformer([("t", TableEncoder(), ["town"])]).fit_transform(frame).shape == (3, 2)


def test_set_output_gives_a_frame_with_the_feature_names() -> None:
    encoder = TableEncoder().set_output(transform="pandas")
    result = encoder.fit_transform(FITTED.to_pandas())
    assert list(result.columns) == list(encoder.get_feature_names_out())
    assert encoder.feature_names_in_.tolist() == FITTED.column_names
    assert encoder.n_features_in_ == 4


def test_the_encoding_does_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    m = 300
    frame = pd.DataFrame({f"x{j}": rng.normal(size=m) for j in range(6)} | {"town": rng.choice(["Ulm", "Bonn"], m)})
    frame.loc[::7, "x2"] = np.nan
    encoder = TableEncoder(piecewise="quantile").fit(frame)
    alone = encoder.transform(frame)
    used = set()
    encode = PiecewiseEncoding.encode_into

    def recorded(self: Any, out: Any, column: Any) -> None:
        used.add(threading.get_ident())
        barrier.wait()  # until another thread encodes a column, too
        encode(self, out, column)

    barrier = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(encoder_module, "_LARGE", 1)
    monkeypatch.setattr(threads, "_limit", lambda: 2)
    monkeypatch.setattr(PiecewiseEncoding, "encode_into", recorded)
    np.testing.assert_array_equal(encoder.transform(frame), alone)
    assert len(used) == 2


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
def test_text_of_pandas_has_its_words_in_the_order_of_the_rows(storage: str) -> None:
    series = pd.Series(["b", None, "a", "b", "", "a"] * 2, dtype=pd.StringDtype(storage))[1:]
    data = column_data(series, "x")
    assert list(data.words) == ["a", "b", ""]
    assert data.values.tolist() == [-1, 0, 1, 2, 0, 1, -1, 0, 1, 2, 0]
    assert data.gaps.tolist() == [code < 0 for code in data.values]
