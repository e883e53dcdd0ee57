"""Conversion of a column of text to the numbers, Booleans or dates that its cells spell.

All cells must be of one type, except for a few, which :func:`nearly_typed` turns into gaps.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import argument
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._names import shortened
from multilayer.tables._notes import ColumnNote
from multilayer.tables._spellings import (
    FEW_VALUES,
    NUMBER,
    as_booleans,
    as_clocks,
    as_numbers,
    as_zoned,
    by_format,
    cast,
    first_cast,
    has_decimal_commas,
)

_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?$"
_CODE = r"^0[0-9]+$"
_MOST_STRAY = 0.05
_MOST_MARKED = 0.5
_LISTED = 3


@dataclass(frozen=True)
class CellFormat:
    """How numbers and dates are written; by default as 1.5 and 2020-12-31."""

    decimal: str = "."
    date_format: str | None = None


def typed(column: Any, form: CellFormat) -> tuple[Any, ColumnNote]:
    """Convert a column of trimmed text with gaps to the type that its cells spell, or leave it as text."""
    pa = import_pyarrow("reading tables")
    if column.null_count == len(column):
        return pa.chunked_array([pa.nulls(len(column))]), ColumnNote()
    found = _strictly_typed(pa, column, form)
    if found is not None:
        return found
    converted, note = nearly_typed(column, form)
    if converted is not column:
        return converted, note
    return column, _decimal_note(pa, column, form.decimal) or note


def plain_numbers(column: Any, form: CellFormat) -> tuple[Any, ColumnNote] | None:
    """Convert a column whose cells all spell numbers without blanks, or return None; a faster path for most columns."""
    pa = import_pyarrow("reading tables")
    some = [word for word in column.slice(0, FEW_VALUES).to_pylist() if word is not None]
    if form != CellFormat() or not some or not all(re.match(NUMBER, word) for word in some):
        return None
    return _whole_or_fractions(pa, column, form, some)


def _whole_or_fractions(pa: Any, column: Any, form: CellFormat, some: list[str]) -> tuple[Any, ColumnNote] | None:
    whole = None if any("." in word for word in some) else cast(pa, column, pa.int64())
    if whole is not None:
        note = _code_note(pa, column)
        return (column, ColumnNote(note, is_code=True)) if note else (whole, ColumnNote())
    converted = as_numbers(pa, column, form.decimal)
    return None if converted is None else (converted, ColumnNote())


def _strictly_typed(pa: Any, column: Any, form: CellFormat) -> tuple[Any, ColumnNote] | None:
    if form.date_format is not None:
        # Before numbers: 20201231 is a date by %Y%m%d.
        converted = by_format(pa, column, form.date_format, most_failed=0.0)
        if converted is not None:
            return converted, ColumnNote()
    # Look at a few cells first: a cast that fails costs more than one that succeeds.
    some = [word for word in column.slice(0, FEW_VALUES).to_pylist() if word is not None]
    spells_words = some and not any(word[0] in "0123456789+-.,iInN" for word in some)
    if spells_words:
        converted = as_booleans(pa, column)
        return None if converted is None else (converted, ColumnNote())
    found = _whole_or_fractions(pa, column, form, some)
    if found is not None:
        return found
    converted = cast(pa, column, pa.date32())
    if converted is None:
        converted = as_clocks(pa, column)
    if converted is None:
        converted = first_cast(pa, column, None)
    return as_zoned(pa, column) if converted is None else (converted, ColumnNote())


def nearly_typed(
    column: Any, form: CellFormat, *, dates: bool = True, complete: bool = False
) -> tuple[Any, ColumnNote]:
    """Convert a column of numbers or dates with a few other cells, which become gaps; return other columns unchanged.

    With ``complete``, a column without other cells is converted too.

    "A few" is at most one in twenty, or one repeated word (a mark for a gap) in less than half of the cells.  A column
    of at most twenty different numbers stays text, with a note, because a category keeps the meaning of a word, as in
    0, 1, 2, "3 or more".
    """
    pa = import_pyarrow("reading tables")
    n_values = len(column) - column.null_count
    note = ColumnNote()
    for what, converted in _loosely_typed(pa, column, form, dates):
        stray = pa.compute.and_(column.is_valid(), converted.is_null())
        words = column.filter(stray)
        is_one_mark = len(pa.compute.utf8_lower(words).unique()) == 1
        share = len(words) / n_values
        few = share <= _MOST_STRAY or (is_one_mark and share < _MOST_MARKED)
        if not few or not (len(words) or complete):
            continue
        if len(converted.drop_null().unique()) > FEW_VALUES:
            found = _stray_words(column, stray, n_values, what) if len(words) else f"text that spells {what[0]}"
            return converted, ColumnNote(found)
        if not len(words):
            continue
        cells = _cells_in_words(column, stray, n_values, *what)
        gaps = "it marks a gap, leave the cell" if len(words) == 1 else "they mark gaps, leave the cells"
        note = ColumnNote(f"kept as text, because {cells}; if {gaps} empty")
    return column, note


def spelled_numbers(column: Any, decimal: str = ".") -> Any:
    """Convert a column of text to float64; cells that spell no number become gaps."""
    pa = import_pyarrow("encoding tables")
    pattern = NUMBER if decimal == "." else NUMBER.replace(r"\.", decimal)
    matches = pa.compute.match_substring_regex(column, pattern)
    kept = pa.compute.if_else(matches, column, pa.scalar(None, column.type))
    return as_numbers(pa, kept, decimal)


def spelled_cells(column: Any, kind: str) -> Any:
    """Convert a column of text to numbers, or to dates if ``kind`` is "date"; other cells become gaps.

    Each cell is converted independently of the others.
    """
    if kind != "date":
        return spelled_numbers(column)
    pa = import_pyarrow("encoding tables")
    kept = _moments_only(pa, column, pa.compute.match_substring_regex(column, _MOMENT))
    # Nanoseconds would limit the years.
    return pa.compute.replace_substring_regex(kept, r"(\.[0-9]{6})[0-9]+$", r"\1").cast(pa.timestamp("us"))


def stray_words(column: Any) -> str:
    """Describe the cells that are not numbers in a text column of mostly numbers; empty for other columns."""
    pa = import_pyarrow("encoding tables")
    n_values = len(column) - column.null_count
    converted = spelled_numbers(column)
    n_numbers = len(converted) - converted.null_count
    if n_numbers == n_values or 2 * n_numbers < n_values or len(converted.drop_null().unique()) <= FEW_VALUES:
        return ""
    stray = pa.compute.and_(column.is_valid(), converted.is_null())
    return _cells_in_words(column, stray, n_values, "numbers", "number")


def _loosely_typed(pa: Any, column: Any, form: CellFormat, with_dates: bool) -> Iterator[tuple[tuple[str, str], Any]]:
    converted = spelled_numbers(column, form.decimal)
    spelled = column.filter(converted.is_valid())
    if not (len(spelled) and pa.compute.any(pa.compute.match_substring_regex(spelled, _CODE)).as_py()):
        yield ("numbers", "number"), converted
    dates = _loose_dates(pa, column) if with_dates else None
    if dates is not None:
        yield ("dates", "date"), dates
    if form.date_format is not None:
        dates = by_format(pa, column, form.date_format, most_failed=_MOST_MARKED)
        if dates is not None:
            yield ("dates", "date"), dates


def _loose_dates(pa: Any, column: Any) -> Any:
    matches = pa.compute.match_substring_regex(column, _MOMENT)
    if not 2 * pa.compute.sum(matches).as_py() > len(column) - column.null_count:
        return None
    kept = _moments_only(pa, column, matches)
    converted = cast(pa, kept, pa.date32())
    return first_cast(pa, kept, None) if converted is None else converted


def _moments_only(pa: Any, column: Any, matches: Any) -> Any:
    """Replace cells that are no dates or moments by gaps; the 30th of February matches but is invalid."""
    some = column.filter(matches).unique()
    possible = pa.array([word for word in some.to_pylist() if _is_moment(word)], column.type)
    return pa.compute.if_else(pa.compute.is_in(column, value_set=possible), column, pa.scalar(None, column.type))


def _is_moment(word: str) -> bool:
    try:
        datetime.datetime.fromisoformat(word[:19])
    except ValueError:
        return False
    return True


def _stray_words(column: Any, stray: Any, n_values: int, what: tuple[str, str]) -> str:
    one = stray.cast("int64").to_numpy().sum() == 1
    text = _cells_in_words(column, stray, n_values, *what)
    head, _, tail = text.partition(": ")
    return f"{head} and {'counts as a gap' if one else 'count as gaps'}: {tail}"


def _cells_in_words(column: Any, stray: Any, n_values: int, plural: str, singular: str) -> str:
    """Describe cells, such as ``2 of 90 cells are not numbers: 'n/a!' (data row 7), 'x' (data row 9)``."""
    rows = stray.to_numpy().nonzero()[0]
    words: dict[str, int] = {}
    for row in rows[:1000].tolist():
        words.setdefault(column[row].as_py(), row)
        if len(words) == _LISTED:
            break
    listed = ", ".join(f"{shortened(word)} (data row {row + 1})" for word, row in words.items())
    more = f" and {len(rows) - len(words):,} more" if len(rows) > len(words) else ""
    verb = f"is not a {singular}" if len(rows) == 1 else f"are not {plural}"
    return f"{len(rows):,} of {n_values:,} cells {verb}: {listed}{more}"


def _code_note(pa: Any, column: Any) -> str:
    matches = pa.compute.match_substring_regex(column, _CODE).fill_null(False).to_numpy()
    n = int(matches.sum())
    if not n:
        return ""
    row = int(matches.argmax())
    n_values = len(column) - column.null_count
    begin = "begins with a zero" if n == 1 else "begin with zeros"
    return (
        f"kept as text, because {n:,} of {n_values:,} cells {begin}, "
        f"such as {shortened(column[row].as_py())} (data row {row + 1})"
    )


def _decimal_note(pa: Any, column: Any, decimal: str) -> ColumnNote | None:
    """Report numbers that stay text because they have the other decimal mark."""
    words = column.drop_null().unique()
    first = words[0].as_py()
    if decimal == "," and pa.compute.all(pa.compute.match_substring_regex(words, NUMBER)).as_py():
        return ColumnNote(
            f"kept as text, because {shortened(first)} has a decimal point and the file is read with "
            + argument("decimal", ",")
        )
    if decimal == "." and has_decimal_commas(words.slice(0, FEW_VALUES).to_pylist()):
        row = pa.compute.index(column, first).as_py() + 1
        return ColumnNote(
            f"kept as text, because cells such as {shortened(first)} (data row {row}) hold commas; if these are "
            f"decimal commas, read the file with {argument('decimal', ',')}"
        )
    return None
