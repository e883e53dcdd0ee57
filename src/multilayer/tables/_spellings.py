"""How text spells numbers, Booleans, dates and times: casts of a column, and advice for columns that stay text.

A cast returns None if a cell spells something else.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Any

from multilayer.exceptions import argument
from multilayer.tables._notes import ColumnNote
from multilayer.tables._words import NUMBER

FEW_VALUES = 20
"""Columns with at most this many different values are always encoded as categories."""

_NUMBER = re.compile(NUMBER)
_CLOCK = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$"
OFFSET = r"^.*(?P<offset>Z|[-+][0-9]{2}:?(?:[0-9]{2})?)$"
_UNITS = ("s", "us", "ns")
_DATE_DIRECTIVES = re.compile(r"%[aAwdbBmyYjUWcxGuV]")
_CLOCK_DIRECTIVES = re.compile(r"%[HIpMSfzZcX]")
_MOST_LISTED = 3
_CODE = re.compile(r"0\d")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+(?:[.,]\d+)*,\d+")
# "1,500 EUR", "$ 9.50", "12%", "3 km"; not "01067", which has no unit.
_AMOUNT = re.compile(r"(?![\d.+-]+$)(?:[$€£¥]|[A-Z]{3} )? ?[-+]?\d+(?:[.,]\d+)*(?: ?[%$€£¥°]| [^\W\d]{1,4}[²³]?)?")
# "31/12/2020 23:59", "31.12.20".
_DATE = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{2}(?:\d{2})?)(?:([T ])\d{1,2}:\d{2}(:\d{2})?(?: ?[AP]M)?)?", re.IGNORECASE
)


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
        return None  # 1.200,50 is ambiguous: the points may separate thousands or be decimal points
    return cast(pa, pa.compute.replace_substring(column, decimal, "."), pa.float64())


def as_booleans(pa: Any, column: Any) -> Any:
    lower = pa.compute.utf8_lower(column)
    truths = pa.array(["true", "false"], column.type)
    if not pa.compute.all(pa.compute.is_in(lower.drop_null(), value_set=truths)).as_py():
        return None
    return pa.compute.equal(lower, "true")


def as_clocks(pa: Any, column: Any) -> Any:
    """Cast to times of day, by way of moments, because Arrow does not cast text to times."""
    if not pa.compute.all(pa.compute.match_substring_regex(column, _CLOCK)).as_py():
        return None
    padded = pa.compute.replace_substring_regex(column, r"^([0-9]:)", r"0\1")
    day = pa.compute.binary_join_element_wise(pa.scalar("1970-01-01", column.type), padded, " ")
    moments = first_cast(pa, day, None)
    if moments is None:
        return None
    return moments.cast(pa.time32("s") if moments.type.unit == "s" else pa.time64(moments.type.unit))


def as_zoned(pa: Any, column: Any) -> tuple[Any, ColumnNote] | None:
    """Cast to moments with offsets from UTC: in their zone if all have the same, else in UTC."""
    moments = first_cast(pa, column, "UTC")
    if moments is None:
        return None
    offsets = pa.compute.extract_regex(column, OFFSET).combine_chunks().field("offset").drop_null().unique()
    zones = sorted({_zone(offset) for offset in offsets.to_pylist()})
    if len(zones) > 1:
        listed = ", ".join(zones[:_MOST_LISTED])
        return moments, ColumnNote(f"moments with different offsets ({listed}) are read in UTC")
    return moments.cast(pa.timestamp(moments.type.unit, zones[0] if zones else "UTC")), ColumnNote()


def _zone(offset: str) -> str:
    """Return an offset in Arrow's form: ``+01:00`` for +01, +0100 and +01:00."""
    digits = offset.replace(":", "")
    return "UTC" if digits == "Z" else f"{digits[:3]}:{digits[3:] or '00'}"


def by_format(pa: Any, column: Any, date_format: str, most_failed: float) -> Any:
    """Parse dates, moments or times of day by ``strptime``, with gaps for other cells; None if too many cells fail.

    It is Python's strptime, because Arrow's reads the 30th of February as the 1st of March.
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
    """Return whether ``strptime`` can parse the word by this format."""
    return _strptime(word, date_format) is not None


def _strptime(word: str, date_format: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(word, date_format)
    except ValueError:
        return None


def hint(categories: Sequence[str]) -> str:
    """Return advice on a column of text, to be added to its report; an empty string for none.

    "1,5" stays text unless the caller asks for decimal commas, since "1,500" may be either number.

    Examples
    --------
    >>> hint(["31.12.2020", "1.2.2021"])
    '; if these are dates, write them as 2020-12-31 or 2020-12-31 23:59, or read them with date_format="%d.%m.%Y"'
    >>> hint(["Q1", "Q2"])
    ''
    """
    some = categories[:FEW_VALUES]
    dates = [_DATE.fullmatch(word) for word in some]
    if all(dates):
        return "; if these are dates, write them as 2020-12-31 or 2020-12-31 23:59" + _format(list(filter(None, dates)))
    if all(map(_ISO_DATE.fullmatch, some)):
        return "; if these are dates, convert the column to dates"
    if all(map(_DECIMAL_COMMA.fullmatch, some)):
        option = f", or read them with {argument('decimal', ',')}" if has_decimal_commas(some) else ""
        return "; if these are numbers, write them with a decimal point and without thousands separators" + option
    if all(map(_AMOUNT.fullmatch, some)):
        return "; if these are numbers, write them without units or thousands separators, with a decimal point"
    if len(categories) > FEW_VALUES and all(_NUMBER.match(word) and not _CODE.match(word) for word in some):
        return "; if these are numbers, convert the column to numbers"
    return ""


def has_decimal_commas(words: Sequence[str]) -> bool:
    """Return whether all words are numbers with one comma and no point, which may be a decimal comma."""
    return all(_DECIMAL_COMMA.fullmatch(word) and word.count(",") == 1 and "." not in word for word in words)


def _format(dates: Sequence[re.Match[str]]) -> str:
    """Return the option for the format of dates without times, if a day above 12 shows which number is the month."""
    first, second = (max(int(date.group(i)) for date in dates) for i in (1, 3))
    if any(date.group(5) for date in dates) or min(first, second) > 12 or (max(first, second) <= 12):
        return ""
    order = "%d{0}%m{0}" if first > 12 else "%m{0}%d{0}"
    year = "%Y" if len(dates[0].group(4)) == 4 else "%y"
    return ", or read them with " + argument("date_format", f"{order.format(dates[0].group(2))}{year}")
