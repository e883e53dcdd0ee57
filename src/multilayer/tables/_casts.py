"""Casts of a column of text to numbers, Booleans, dates and times; each is None where a cell spells something else."""

from __future__ import annotations

import datetime
import re
from typing import Any

from multilayer.tables._notes import ColumnNote

FEW_VALUES = 20
"""Text of more values than that is judged by how they repeat; of fewer, categories lose nothing."""

_CLOCK = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$"
_OFFSET = r"^.*(?P<offset>Z|[-+][0-9]{2}:?(?:[0-9]{2})?)$"
_UNITS = ("s", "us", "ns")
_DATE_DIRECTIVES = re.compile(r"%[aAwdbBmyYjUWcxGuV]")
_CLOCK_DIRECTIVES = re.compile(r"%[HIpMSfzZcX]")
_MOST_LISTED = 3


def cast(pa: Any, column: Any, kind: Any) -> Any:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        return None


def first_cast(pa: Any, column: Any, zone: str | None) -> Any:
    for unit in _UNITS:
        converted = cast(pa, column, pa.timestamp(unit, zone))
        if converted is not None:
            return converted
    return None


def as_numbers(pa: Any, column: Any, decimal: str) -> Any:
    if decimal == ".":
        return cast(pa, column, pa.float64())
    if pa.compute.any(pa.compute.match_substring(column, ".")).as_py():
        return None  # 1.200,50 is no number: the points may stand between thousands, or be the decimal points
    return cast(pa, pa.compute.replace_substring(column, decimal, "."), pa.float64())


def as_booleans(pa: Any, column: Any) -> Any:
    lower = pa.compute.utf8_lower(column)
    truths = pa.array(["true", "false"], column.type)
    if not pa.compute.all(pa.compute.is_in(lower.drop_null(), value_set=truths)).as_py():
        return None
    return pa.compute.equal(lower, "true")


def as_clocks(pa: Any, column: Any) -> Any:
    """Times of day: Arrow casts no text to them, but it does cast moments."""
    if not pa.compute.all(pa.compute.match_substring_regex(column, _CLOCK)).as_py():
        return None
    padded = pa.compute.replace_substring_regex(column, r"^([0-9]:)", r"0\1")
    day = pa.compute.binary_join_element_wise(pa.scalar("1970-01-01", column.type), padded, " ")
    moments = first_cast(pa, day, None)
    if moments is None:
        return None
    return moments.cast(pa.time32("s") if moments.type.unit == "s" else pa.time64(moments.type.unit))


def as_zoned(pa: Any, column: Any) -> tuple[Any, ColumnNote] | None:
    """Moments with offsets from UTC: in their own zone where all have the same, else in UTC."""
    moments = first_cast(pa, column, "UTC")
    if moments is None:
        return None
    offsets = pa.compute.extract_regex(column, _OFFSET).combine_chunks().field("offset").drop_null().unique()
    zones = sorted({_zone(offset) for offset in offsets.to_pylist()})
    if len(zones) > 1:
        listed = ", ".join(zones[:_MOST_LISTED])
        return moments, ColumnNote(f"moments with different offsets ({listed}) are read in UTC")
    return moments.cast(pa.timestamp(moments.type.unit, zones[0] if zones else "UTC")), ColumnNote()


def _zone(offset: str) -> str:
    """An offset as Arrow names it: ``+01:00`` for +01, +0100 and +01:00."""
    digits = offset.replace(":", "")
    return "UTC" if digits == "Z" else f"{digits[:3]}:{digits[3:] or '00'}"


def by_format(pa: Any, column: Any, date_format: str, most_failed: float) -> Any:
    """The dates, moments or times of day that ``strptime`` finds, gaps elsewhere; None where too many cells fail.

    Python's strptime: Arrow's takes the 30th of February for the 1st of March.
    """
    words = column.combine_chunks().dictionary_encode()
    different = words.dictionary.to_pylist()
    moments: list[datetime.datetime | None] = []
    n_failed = 0
    for word in different:
        moments.append(_strptime(word, date_format))
        n_failed += moments[-1] is None
        if n_failed > most_failed * max(len(moments), FEW_VALUES):
            return None
    has_zone = any(moment is not None and moment.tzinfo is not None for moment in moments)
    values = pa.array(moments, pa.timestamp("us", "UTC" if has_zone else None)).take(words.indices)
    if not _DATE_DIRECTIVES.search(date_format):
        values = values.cast(pa.time64("us"))
    elif not _CLOCK_DIRECTIVES.search(date_format):
        values = values.cast(pa.date32())
    return pa.chunked_array([values])


def spells_date(word: str, date_format: str) -> bool:
    """Whether ``strptime`` takes the word by this format."""
    return _strptime(word, date_format) is not None


def _strptime(word: str, date_format: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(word, date_format)
    except ValueError:
        return None
