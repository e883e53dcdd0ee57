"""Encoding of dates: elapsed time, and the position in the cycles that the fitting rows cover.

Elapsed time shows trends.  Daily, weekly, monthly and yearly patterns need the position in their cycle, in the column's
time zone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._spellings import FEW_VALUES
from multilayer.tables.encodings import NumberEncoding, Output, clip_smoothly

Part = Literal["year", "month", "day", "weekday", "hour"]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = 86_400
_LEAST_SPAN: dict[Part, float] = {"year": 365, "month": 365, "day": 62, "weekday": 14, "hour": 2}
"""Minimum number of days from the first to the last fitting row: two cycles, so that a pattern can repeat.

For the seasons of the year one cycle is enough; the year itself needs two different values.
"""

# From seconds since 1970 in the column's time zone, (m,), to the position in the cycle, from 0 to 1.
_Place = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def _of_month(seconds: NDArray[np.int64]) -> NDArray[np.float64]:
    dates = seconds.astype("datetime64[s]")
    first = dates.astype("datetime64[M]")
    days = (dates.astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    return days / 31.0


def _of_year(seconds: NDArray[np.int64]) -> NDArray[np.float64]:
    months = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    return (months % 12 + _of_month(seconds)) / 12.0


def _of_day(seconds: NDArray[np.int64]) -> NDArray[np.float64]:
    return (seconds % _DAY) / _DAY


_PLACES: dict[Part, _Place] = {"month": _of_year, "day": _of_month, "hour": _of_day}


def _years(seconds: NDArray[np.int64]) -> NDArray[np.float64]:
    return seconds.astype("datetime64[s]").astype("datetime64[Y]").astype(np.float64) + 1970.0


def _weekdays(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the weekday, 0 for Monday; 1970 began on a Thursday."""
    return (seconds // _DAY + 3) % 7


@dataclass(frozen=True)
class DateEncoding:
    """Elapsed time, then the parts: the standardised year, month, day and hour as sine and cosine, weekdays as 0 and 1.

    At a gap all parts are 0.
    """

    elapsed: NumberEncoding
    parts: tuple[Part, ...]
    year_centre: float
    year_scale: float

    @property
    def name(self) -> str:
        return self.elapsed.name

    @property
    def kind(self) -> Kind:
        return self.elapsed.kind

    def feature_names(self, name: str) -> list[str]:
        names = [name]
        for part in self.parts:
            if part == "year":
                names.append(f"{name}=year")
            elif part == "weekday":
                names += [f"{name}={day}" for day in WEEKDAYS]
            else:
                names += [f"{name}={part} (sin)", f"{name}={part} (cos)"]
        return names + [f"{name}=(gap)"] * self.elapsed.has_gaps

    def are_numbers(self) -> list[bool]:
        of_parts = {"year": [True], "weekday": [False] * 7}
        flags = [flag for part in self.parts for flag in of_parts.get(part, [False] * 2)]
        return [True, *flags] + [False] * self.elapsed.has_gaps

    def encode_into(self, out: Output, column: ColumnData) -> None:
        ends = [0, -1] if self.elapsed.has_gaps else [0]
        edge = np.zeros((len(out), len(ends)))
        self.elapsed.encode_into(edge, column)
        out[:, ends] = edge
        seconds, gaps = column.local_seconds(), column.gaps
        at = 1
        for part in self.parts:
            if part == "year":
                years = (_years(seconds) - self.year_centre) / self.year_scale
                out[:, at] = clip_smoothly(years, self.elapsed.reach)
                width = 1
            elif part == "weekday":
                out[np.arange(len(out)), at + _weekdays(seconds)] = 1
                width = 7
            else:
                angle = 2 * np.pi * _PLACES[part](seconds)
                out[:, at], out[:, at + 1] = np.sin(angle), np.cos(angle)
                width = 2
            out[gaps, at : at + width] = 0
            at += width


@dataclass(frozen=True)
class DateSpan:
    """What the fitting rows cover: the number of values, their span in days, and the parts that take different values.

    ``year_centre`` and ``year_scale`` are mean and deviation of the year.
    """

    n_values: int
    days: float
    differing: frozenset[Part]
    year_centre: float = 0.0
    year_scale: float = 1.0


def date_span(column: ColumnData) -> DateSpan:
    """Return what a column of dates or times of day covers."""
    seconds = column.local_seconds()[~column.gaps]
    if len(seconds) <= FEW_VALUES:
        return DateSpan(len(seconds), 0.0, frozenset())
    days = float(seconds.max() - seconds.min()) / _DAY
    if column.kind == "time":
        return DateSpan(len(seconds), days, frozenset())
    covered = (part for part, least in _LEAST_SPAN.items() if days >= least)
    differing = frozenset(part for part in covered if np.ptp(part_values(part, seconds)) > 0)
    years = _years(seconds)
    return DateSpan(len(seconds), days, differing, float(years.mean()), float(years.std()))


def part_values(part: Part, seconds: NDArray[np.int64]) -> NDArray[np.float64] | NDArray[np.int64]:
    """Return the year, the weekday, or the position in the cycle of a part, for local seconds since 1970."""
    if part == "weekday":
        return _weekdays(seconds)
    return _years(seconds) if part == "year" else _PLACES[part](seconds)


def with_calendar(elapsed: NumberEncoding, span: DateSpan) -> NumberEncoding | DateEncoding:
    """Add the parts of the calendar that the fitting rows cover to the encoding of elapsed time.

    A part needs more than 20 rows, a span of :data:`_LEAST_SPAN` days, and different values: dates without times have
    no hour.
    """
    if span.n_values <= FEW_VALUES:
        return elapsed
    parts: list[Part] = []
    if elapsed.kind == "time":
        # As a position in a cycle, midnight is as close to the hour before it as to the hour after it.
        parts = ["hour"] if span.days >= 0.5 else []
        return DateEncoding(elapsed, tuple(parts), 0.0, 1.0) if parts else elapsed
    parts = [part for part, least in _LEAST_SPAN.items() if span.days >= least and part in span.differing]
    return DateEncoding(elapsed, tuple(parts), span.year_centre, span.year_scale or 1.0) if parts else elapsed
