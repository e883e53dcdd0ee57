"""Text that spells numbers or dates, rare categories, and numbers of rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables import ColumnReport, TableEncoder, row_identifiers

NUMBERS = [f"{i / 2}" for i in range(60)]
DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=17 * i) for i in range(60)]
MOMENTS = [dt.datetime(2020, 1, 1, 6) + dt.timedelta(hours=31 * i) for i in range(60)]


def report(column: Any, **options: Any) -> ColumnReport:
    return TableEncoder(**options).fit(pa.table({"x": column, "row": range(len(column))})).columns_[0]


@pytest.mark.parametrize(
    ("words", "values", "kind"),
    [
        (NUMBERS, [i / 2 for i in range(60)], "number"),
        ([*NUMBERS, None], [*(i / 2 for i in range(60)), None], "number"),
        ([*NUMBERS, "n/a"], [*(i / 2 for i in range(60)), None], "number"),
        ([day.isoformat() for day in DAYS], DAYS, "date"),
        ([*(day.isoformat() for day in DAYS), "soon", "2021-02-30"], [*DAYS, None, None], "date"),
        ([moment.isoformat(" ") for moment in MOMENTS], MOMENTS, "date"),
        ([moment.isoformat() + ".250000000" for moment in MOMENTS], [m.replace(microsecond=250_000) for m in MOMENTS],
         "date"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("options", [{}, {"numbers": "robust", "piecewise": "quantile"}])
def test_typed_text_equals_its_values(words: list[Any], values: list[Any], kind: str, options: dict[str, Any]) -> None:
    encoder, twin = TableEncoder(text="typed", **options), TableEncoder(**options)
    expected = twin.fit_transform(pa.table({"x": values}))
    for table in (pa.table({"x": words}), pd.DataFrame({"x": words}), pl.DataFrame({"x": words})):
        np.testing.assert_allclose(encoder.fit_transform(table), expected, rtol=1e-9, atol=1e-12)
        assert encoder.columns_[0].kind == kind
    full = encoder.transform(pa.table({"x": words}))
    np.testing.assert_allclose(encoder.transform(pa.table({"x": values})), full, rtol=1e-9, atol=1e-12)
    for row in (0, len(words) - 1):
        single = pa.table({"x": pa.array(words[row : row + 1], "string")})
        np.testing.assert_array_equal(encoder.transform(single)[0], full[row])


def test_typed_text_is_reported() -> None:
    done = report(NUMBERS, text="typed").encoding
    assert done == "standardised: mean 14.75, deviation 8.659; text that spells numbers"
    assert report([day.isoformat() for day in DAYS], text="typed").encoding.endswith("; text that spells dates")


@pytest.mark.parametrize(
    "words",
    [
        ["1", "2", "3"] * 20,
        [f"0{i}" for i in range(30)] * 2,
        ["2020-01-01", "2020-02-01"] * 30,
        [f"no. {i}" for i in range(40)] * 2,
    ],
)
def test_few_numbers_codes_and_words_stay_text(words: list[str]) -> None:
    assert report(words, text="typed") == report(words)
    assert report(words).kind == "text"


def test_categorical_text_stays_text() -> None:
    frame = pd.DataFrame({"x": pd.Categorical(NUMBERS * 2)})
    assert TableEncoder(text="typed").fit(frame).columns_[0].kind == "text"


def test_a_row_whose_cell_was_a_gap_in_fitting_is_a_gap() -> None:
    encoder = TableEncoder().fit(pa.table({"x": [*NUMBERS, "n/a", " "]}))
    together = encoder.transform(pa.table({"x": ["n/a", " ", "3.5"]}))
    for row, word in enumerate(["n/a", " ", "3.5"]):
        np.testing.assert_array_equal(encoder.transform(pa.table({"x": [word]}))[0], together[row])
    with pytest.raises(InputError, match=r"column 'x' held numbers .* now it holds text \('many' in data row 1\)"):
        encoder.transform(pa.table({"x": ["many"]}))


def test_rare_categories_share_a_column() -> None:
    words = ["a"] * 6 + ["b"] * 4 + ["c", "d", None]
    encoder = TableEncoder(min_frequency=3)
    result = encoder.fit_transform(pa.table({"x": words}))
    assert encoder.get_feature_names_out().tolist() == ["x=a", "x=b", "x=(other)", "x=(gap)"]
    np.testing.assert_array_equal(result.sum(axis=0), [6, 4, 2, 1])
    unseen = encoder.transform(pa.table({"x": ["new", "d"]}))
    np.testing.assert_array_equal(unseen, [[0, 0, 1, 0]] * 2)
    done = "a column for each of the 2 most frequent categories, one for the 2 others, one for gaps"
    assert encoder.columns_[0].encoding == done


def test_the_column_of_the_others_counts_among_the_categories() -> None:
    words = ["a"] * 6 + ["b"] * 5 + ["c"] * 4 + ["d"]
    assert report(words, min_frequency=2, max_categories=4).width == 4
    assert report(words, min_frequency=2, max_categories=3).width == 3


def test_text_of_rare_categories_only_is_dropped() -> None:
    words = ["a", "b", "c"] * 2
    assert report(words, min_frequency=3).encoding == "dropped: each of the 3 categories has fewer than 3 rows"
    gaps = report([*words, None], min_frequency=3)
    assert (gaps.width, gaps.encoding) == (
        1,
        "a column for gaps only: each of the 3 categories has fewer than 3 rows",
    )


def test_numbers_of_rows_are_dropped_with_a_reason() -> None:
    table = pa.table({"id": range(1001, 1061), "year": [1950 + i // 2 for i in range(60)]})
    encoder = TableEncoder(row_numbers="drop").fit(table)
    expected = ColumnReport("id", "number", "dropped: it numbers the rows", 0, 0, is_identifier=True)
    assert encoder.columns_[0] == expected
    part = table.slice(7, 20)
    stated = TableEncoder(row_numbers="drop", identifiers=row_identifiers(table)).fit(part)
    assert [column.width for column in stated.columns_] == [0, 1]


@pytest.mark.parametrize(
    ("name", "is_identifier"),
    [("id", True), ("ID", True), ("customer_id", True), ("house id", True), ("PassengerId", True), ("row-UUID", True),
     ("paid", False), ("identity", False), ("AVOID", False), ("amount", False)],
)  # fmt: skip
def test_different_whole_numbers_are_identifiers_by_their_name(name: str, is_identifier: bool) -> None:
    table = pa.table({name: [7 * i * i + 1000 for i in range(60)], "x": range(0, 120, 2)})
    assert row_identifiers(table) == ((name,) if is_identifier else ())
    kept, dropped = (TableEncoder(row_numbers=choice).fit(table).columns_[0] for choice in ("keep", "drop"))
    assert (kept.width, dropped.width) == (1, 0 if is_identifier else 1)
    if is_identifier:
        reason = "its name and its values are those of an identifier"
        assert kept.encoding.endswith(f"; {reason}: drop it unless its size matters")
        assert dropped.encoding == f"dropped: {reason}"


def test_repeated_or_fractional_numbers_named_id_stay() -> None:
    table = pa.table({"id": [i // 2 * 3 for i in range(60)], "x_id": [i / 7 for i in range(60)]})
    assert row_identifiers(table) == ()
    encoder = TableEncoder(row_numbers="drop", identifiers=["id"]).fit(table)
    assert encoder.columns_[0].encoding == "dropped: it only identifies rows"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_frequency": 0}, r"min_frequency must be an integer of at least 1, got 0"),
        ({"min_frequency": True}, r"min_frequency must be an integer of at least 1, got True"),
        ({"text": "dates"}, r"unknown text 'dates'\. Known: 'as_given', 'typed'"),
        ({"row_numbers": False}, r"unknown row_numbers False"),
    ],
)
def test_invalid_options_raise_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        TableEncoder(**options).fit(np.arange(30.0)[:, None])
