"""The values of a request: which JSON value a column of each kind takes, and what becomes of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_SECONDS = 9e12  # of a duration, in microseconds a whole number of 64 bits


@dataclass(frozen=True)
class Cell:
    """The values of a column.

    Attributes
    ----------
    expected : str
        What a request may hold, for errors.
    json : mapping
        The same in JSON Schema.
    read : callable
        From a JSON value, not null, to the value for the model; a ValueError for others.
    """

    expected: str
    json: dict[str, Any]
    read: Callable[[Any], Any]


def _number(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise ValueError
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    value.encode("utf-8")  # half of a pair of surrogates is a UnicodeEncodeError, which is a ValueError
    return value


def _moment(value: Any) -> dt.datetime:
    if type(value) is not str or value[4:5] != "-" or value[7:8] != "-":
        raise ValueError
    moment = dt.datetime.fromisoformat(value)
    zone = moment.utcoffset()
    if zone is not None:
        if zone % dt.timedelta(minutes=1):
            raise ValueError
        try:
            moment.astimezone(dt.UTC)
        except OverflowError:  # beyond the years 1 to 9999
            raise ValueError from None
    return moment


def _clock(value: Any) -> dt.time:
    if type(value) is not str or value[2:3] != ":":
        raise ValueError
    time = dt.time.fromisoformat(value)
    if time.tzinfo is not None:
        raise ValueError
    return time


def _span(value: Any) -> dt.timedelta:
    seconds = _number(value)
    if abs(seconds) > _MOST_SECONDS:
        raise ValueError
    return dt.timedelta(seconds=seconds)


def _nothing(value: Any) -> None:
    if isinstance(value, dict | list):
        raise ValueError


_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
_CLOCK = r"^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"

CELLS = {
    "number": Cell("a finite number or null", {"type": ["number", "null"]}, _number),
    "Boolean": Cell("true, false or null", {"type": ["boolean", "null"]}, _truth),
    "text": Cell("text or null", {"type": ["string", "null"]}, _text),
    "date": Cell(
        "a date or moment such as 2026-11-27 or 2026-11-27T08:30:00+01:00, or null",
        {"type": ["string", "null"], "pattern": _DATE},
        _moment,
    ),
    "time": Cell(
        "a time of day such as 08:30 or 08:30:15, or null", {"type": ["string", "null"], "pattern": _CLOCK}, _clock
    ),
    "duration": Cell("a number of seconds or null", {"type": ["number", "null"]}, _span),
    "empty": Cell(
        "null or another single value, which is not used", {"type": ["number", "boolean", "string", "null"]}, _nothing
    ),
}


def offset_of(moments: Sequence[dt.datetime | None]) -> str:
    """The zone in which moments are read: that of their offset if all have the same, else UTC; "" without offsets.

    This is the rule of ``read_batches``.

    Raises
    ------
    ValueError
        If some moments have an offset, and others do not.
    """
    zones = {moment.utcoffset() for moment in moments if moment is not None}
    if None in zones and len(zones) > 1:
        raise ValueError
    if zones <= {None}:
        return ""
    if len(zones) > 1:
        return "UTC"
    minutes = round(zones.pop().total_seconds() / 60)  # type: ignore[union-attr]  # None is not in it
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}" if minutes else "UTC"


def arrow_column(kind: str, values: Sequence[Any], zone: str) -> Any:
    """Values for the model, with None at gaps, as a column of pyarrow; ``zone`` is that of moments."""
    import pyarrow as pa

    types = {
        "number": pa.float64(),
        "Boolean": pa.bool_(),
        "text": pa.string(),
        "time": pa.time64("us"),
        "duration": pa.duration("us"),
        "empty": pa.null(),
    }
    return pa.array(values, types[kind] if kind != "date" else pa.timestamp("us", zone or None))
