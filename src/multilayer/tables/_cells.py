"""Conversion of a column of text in a file to the numbers, Booleans or dates that its cells spell.

All cells must be of one type, except for a few, which :func:`nearly_typed` turns into gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import argument
from multilayer.tables._amounts import amount_form
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._names import shortened
from multilayer.tables._notes import ColumnNote
from multilayer.tables._spellings import (
    FEW_VALUES,
    as_booleans,
    as_clocks,
    as_numbers,
    as_zoned,
    by_format,
    cast,
    first_cast,
    has_decimal_commas,
)
from multilayer.tables._stray import Conversion, chosen_conversion
from multilayer.tables._words import CODE, MOMENT, NUMBER, is_moment

_MOST_FAILED = 0.5  # share of the cells that a date format may not fit


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


def nearly_typed(column: Any, form: CellFormat) -> tuple[Any, ColumnNote]:
    """Convert a column of numbers or dates with a few other cells, which become gaps; return other columns unchanged.

    See :func:`chosen_conversion` for the rule.
    """
    pa = import_pyarrow("reading tables")
    chosen, note = chosen_conversion(
        _loosely_typed(pa, column, form),
        len(column) - column.null_count,
        lambda rows: column.take(pa.array(rows)).to_pylist(),
        complete=False,
    )
    return (column if chosen is None else chosen.converted), note


def spelled_numbers(pa: Any, column: Any, decimal: str) -> Any:
    """Convert a column of text to float64; cells that spell no number become gaps."""
    pattern = NUMBER if decimal == "." else NUMBER.replace(r"\.", decimal)
    matches = pa.compute.match_substring_regex(column, pattern)
    kept = pa.compute.if_else(matches, column, pa.scalar(None, column.type))
    return as_numbers(pa, kept, decimal)


def _loosely_typed(pa: Any, column: Any, form: CellFormat) -> Iterator[Conversion]:
    converted = spelled_numbers(pa, column, form.decimal)
    spelled = column.filter(converted.is_valid())
    if not (len(spelled) and pa.compute.any(pa.compute.match_substring_regex(spelled, CODE)).as_py()):
        yield _conversion(pa, column, converted, "number")
    dates = _loose_dates(pa, column)
    if dates is not None:
        yield _conversion(pa, column, dates, "date")
    if form.date_format is not None:
        dates = by_format(pa, column, form.date_format, most_failed=_MOST_FAILED)
        if dates is not None:
            yield _conversion(pa, column, dates, "date")


def _conversion(pa: Any, column: Any, converted: Any, kind: str) -> Conversion:
    stray = pa.compute.and_(column.is_valid(), converted.is_null()).to_numpy()
    return Conversion(f"{kind}s", kind, stray, len(converted.drop_null().unique()), converted)


def _loose_dates(pa: Any, column: Any) -> Any:
    matches = pa.compute.match_substring_regex(column, MOMENT)
    if not 2 * pa.compute.sum(matches).as_py() > len(column) - column.null_count:
        return None
    kept = _moments_only(pa, column, matches)
    converted = cast(pa, kept, pa.date32())
    return first_cast(pa, kept, None) if converted is None else converted


def _moments_only(pa: Any, column: Any, matches: Any) -> Any:
    """Replace cells that are no dates or moments by gaps; the 30th of February matches but is invalid."""
    some = column.filter(matches).unique()
    possible = pa.array([word for word in some.to_pylist() if is_moment(word)], column.type)
    return pa.compute.if_else(pa.compute.is_in(column, value_set=possible), column, pa.scalar(None, column.type))


def _code_note(pa: Any, column: Any) -> str:
    matches = pa.compute.match_substring_regex(column, CODE).fill_null(False).to_numpy()
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
        is_grouped = amount_form(dict.fromkeys(words.to_pylist(), 1)) is not None
        taken = ", which table models take for thousands separators" if is_grouped else ""
        return ColumnNote(
            f"kept as text, because cells such as {shortened(first)} (data row {row}) hold commas{taken}; if these are "
            f"decimal commas, read the file with {argument('decimal', ',')}"
        )
    return None
