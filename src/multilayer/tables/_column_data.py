"""One column of a table as NumPy arrays, whatever library it comes from."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError
from multilayer.tables._words import Words

Kind = Literal["number", "Boolean", "text", "date", "time", "duration", "empty"]
"""The kind of a column's values.  ``empty`` is a column without values, whose type is unknown."""

Unit = Literal["D", "s", "ms", "us", "ns"]

PLURAL: dict[Kind, str] = {
    "number": "numbers",
    "Boolean": "Booleans",
    "text": "text",
    "date": "dates",
    "time": "times of day",
    "duration": "durations",
    "empty": "only gaps",
}

TICKS_PER_SECOND: Mapping[str, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_NO_WORDS = Words(())


@dataclass(frozen=True, eq=False)
class ColumnData:
    """The m values of a column.

    Attributes
    ----------
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kind of the values; categories of any type are text.
    values : array of shape (m,)
        Numbers, with NaN at the gaps of floats; Booleans; the positions of texts in ``words``, -1 at gaps; or whole
        numbers of ``unit``: since the start of 1970 (UTC), since midnight, or of durations.  It may be a view of the
        frame's memory, which must not be changed.
    gaps : array of bool of shape (m,)
        Where the column has no value.
    words : Words
        Different texts, of which the column may not contain all.
    is_category : bool
        Whether text was given as a column of categories.
    unit : {"D", "s", "ms", "us", "ns"}
        The unit of dates, times and durations; "D" for dates without times.
    zone : str
        The name of the time zone of moments; empty for none.
    local : array of shape (m,) or None
        Moments in their time zone, in the unit of ``values``; None without a time zone.
    """

    kind: Kind
    values: NDArray[Any]
    gaps: NDArray[np.bool_]
    words: Words = _NO_WORDS
    is_category: bool = False
    unit: Unit = "s"
    zone: str = ""
    local: NDArray[np.int64] | None = None

    @classmethod
    def empty(cls, m: int) -> Self:
        """Return a column of m gaps."""
        return cls("empty", np.full(m, np.nan), np.ones(m, dtype=np.bool_))

    @classmethod
    def of_numbers(cls, values: NDArray[Any], gaps: NDArray[np.bool_] | None = None) -> Self:
        """Return a column of numbers or Booleans; NaN is a gap."""
        gaps = np.zeros(len(values), dtype=np.bool_) if gaps is None else gaps
        if values.dtype.kind == "b":
            return cls("Boolean", values, gaps)
        if values.dtype.kind == "f":
            if gaps.any():
                values = np.where(gaps, values.dtype.type(np.nan), values)
            gaps = np.isnan(values)
        return cls("number", values, gaps)

    @classmethod
    def of_texts(cls, texts: Sequence[str | None], *, is_category: bool = False) -> Self:
        """Return a column of text, with None at gaps."""
        words = [text for text in dict.fromkeys(texts) if text is not None]
        places: dict[str | None, int] = {None: -1} | {word: place for place, word in enumerate(words)}
        codes = np.fromiter(map(places.__getitem__, texts), np.intp, len(texts))
        return cls.of_codes(codes, words, is_category=is_category)

    @classmethod
    def of_codes(cls, codes: NDArray[np.intp], words: Sequence[str], *, is_category: bool = False) -> Self:
        """Return a column of text from its positions in ``words``, -1 at gaps."""
        if len(places := {word: i for i, word in enumerate(words)}) < len(words):
            # Categories of a dictionary may be equal.
            words, codes = list(places), np.array([*_ranks(words), -1], dtype=np.intp)[codes]
        return cls("text", codes, codes < 0, Words(words), is_category)

    @classmethod
    def of_ticks(
        cls,
        kind: Kind,
        ticks: NDArray[np.int64],
        gaps: NDArray[np.bool_],
        unit: Unit,
        zone: str = "",
        local: NDArray[np.int64] | None = None,
    ) -> Self:
        """Return a column of dates, times of day or durations in whole numbers of a unit."""
        return cls(kind, ticks, gaps, unit=unit, zone=zone, local=local)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def n_gaps(self) -> int:
        """The number of rows without a value."""
        return int(self.gaps.sum())

    @property
    def is_integer(self) -> bool:
        """Whether the values are numbers of an integer type."""
        return self.kind == "number" and self.values.dtype.kind in "iu"

    @property
    def rounding_type(self) -> type[np.generic]:
        """The type that determines the rounding of the numbers."""
        return self.values.dtype.type if self.kind == "number" and self.values.dtype.kind == "f" else np.int64

    def take(self, rows: NDArray[np.intp]) -> ColumnData:
        """Return the values of some rows."""
        local = None if self.local is None else self.local[rows]
        return replace(self, values=self.values[rows], gaps=self.gaps[rows], local=local)

    def present(self) -> NDArray[Any]:
        """Return the values without gaps."""
        return self.values if not self.gaps.any() else self.values[~self.gaps]

    def n_different(self) -> int:
        """Return the number of different values."""
        return len(np.unique(self.present()))

    def texts(self) -> tuple[list[str], NDArray[np.intp]]:
        """Return the texts of a column of text in the order of their first occurrence, and the place of each cell's.

        The places are those of the cells that are not gaps, (m - n_gaps,).
        """
        codes, first, places = np.unique(self.present(), return_index=True, return_inverse=True)
        order = np.argsort(first)
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        return [self.words[code] for code in codes[order].tolist()], rank[places]

    def counts(self) -> dict[str, int]:
        """Return the texts of a column of text and how often they occur, in the order of their first occurrence."""
        texts, places = self.texts()
        return dict(zip(texts, np.bincount(places, minlength=len(texts)).tolist(), strict=True))

    def codes(self, categories: Sequence[str]) -> NDArray[np.intp]:
        """Return the position of each text in ``categories``, (m,), and -1 for gaps and other text."""
        places = {category: i for i, category in enumerate(categories)}
        # The last entry is that of a gap.
        of_words = np.array([*(places.get(word, -1) for word in self.words), -1], dtype=np.intp)
        return of_words[self.values]

    def numbers(self, what: str = "", *, allow_infinity: bool = True, first_row: int = 0) -> NDArray[np.float64]:
        """Return a column of any kind except text as float64, (m,), with NaN at gaps.

        Dates are seconds since the start of 1970 (UTC), times of day seconds since midnight, durations seconds,
        Booleans 0 and 1.  ``what`` names the column in the error for infinity, and ``first_row`` is the number of rows
        of the table before this part of it.
        """
        if self.kind in ("date", "time", "duration"):
            return self._seconds()
        values: NDArray[np.float64] = self.values.astype(np.float64, copy=False)
        if self.values.dtype.kind != "f" and self.gaps.any():
            values = np.where(self.gaps, np.nan, values)
        infinite = np.isinf(values)
        if not allow_infinity and infinite.any():
            row = int(infinite.argmax())
            found = "infinity" if values[row] > 0 else "minus infinity"
            raise InputError(
                f"{what} holds {found} in data row {first_row + row + 1}. "
                "Replace it by a number, or leave the cell empty for a gap."
            )
        return values

    def _seconds(self) -> NDArray[np.float64]:
        """Return dates, times and durations in seconds.

        Whole seconds are computed as integers first: nanoseconds since 1970 exceed the exact range of float64, and the
        same moment must give the same number for any unit.
        """
        ticks = np.where(self.gaps, 0, self.values)
        if self.unit == "D":
            seconds: NDArray[np.float64] = (ticks * _DAY).astype(np.float64)
        else:
            per_second = TICKS_PER_SECOND[self.unit]
            seconds = ticks // per_second + (ticks % per_second) / per_second
        seconds[self.gaps] = np.nan
        return seconds

    def local_seconds(self) -> NDArray[np.int64]:
        """Return dates, moments and times of day as whole seconds in their time zone, (m,), 0 at gaps."""
        if self.kind not in ("date", "time"):
            return np.zeros(len(self), dtype=np.int64)
        ticks = np.where(self.gaps, 0, self.values if self.local is None else self.local)
        return ticks * _DAY if self.unit == "D" else ticks // TICKS_PER_SECOND[self.unit]

    def to_pylist(self) -> list[Any]:
        """Return the values as objects of Python, None at gaps; moments have their time zone, in microseconds."""
        return [
            None if is_gap else self._object(value)
            for value, is_gap in zip(self.values.tolist(), self.gaps.tolist(), strict=True)
        ]

    def _object(self, value: Any) -> Any:
        if self.kind == "text":
            return self.words[value]
        if self.kind not in ("date", "time", "duration"):
            return value
        if self.unit == "D":
            return np.datetime64(value, "D").item()
        microseconds = value * 10**6 // TICKS_PER_SECOND[self.unit]
        if self.kind == "duration":
            return dt.timedelta(microseconds=microseconds)
        moment = np.datetime64(microseconds, "us").item()
        if not isinstance(moment, dt.datetime):  # a year that Python's dates do not have
            return f"{microseconds / 1e6:.0f} s"
        if self.kind == "time":
            return moment.time()
        return moment.replace(tzinfo=dt.UTC).astimezone(time_zone(self.zone)) if self.zone else moment


def category_texts(categories: ColumnData) -> list[str]:
    """Return categories of any kind as text: 1 and 1.0 become "1", True "true", a date 2020-12-31."""
    return [_category_text(value) for value in categories.to_pylist()]


def _category_text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ranks(words: Sequence[str]) -> list[int]:
    """Return the position of each text among the different ones."""
    places: dict[str, int] = {}
    return [places.setdefault(word, len(places)) for word in words]


def time_zone(name: str) -> dt.tzinfo:
    """Return the time zone of a name such as "Europe/Berlin", or of an offset such as "+01:00"."""
    if name[:1] in "+-":
        hours, _, minutes = name[1:].partition(":")
        offset = dt.timedelta(hours=int(hours), minutes=int(minutes or 0))
        return dt.timezone(-offset if name.startswith("-") else offset)
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


def joined(one: ColumnData, other: ColumnData) -> ColumnData | None:
    """Return the values of one column, then those of another; None if their kinds differ."""
    if "empty" in (one.kind, other.kind) and one.kind != other.kind:
        filled = other if one.kind == "empty" else one
        one, other = (_gaps_of_kind(each, filled) if each.kind == "empty" else each for each in (one, other))
    if one.kind != other.kind:
        return None
    gaps = np.concatenate([one.gaps, other.gaps])
    if one.kind == "text":
        words = Words(list(dict.fromkeys([*one.words, *other.words])))
        values = np.concatenate([one.codes(words), other.codes(words)])
        return replace(one, values=values, gaps=gaps, words=words, is_category=one.is_category and other.is_category)
    if one.kind in ("number", "Boolean"):
        if one.is_integer != other.is_integer or one.values.dtype.kind != other.values.dtype.kind:
            # Integers have no NaN.
            one, other = (each if not each.is_integer else _as_floats(each) for each in (one, other))
        return replace(one, values=np.concatenate([one.values, other.values]), gaps=gaps)
    if one.unit != other.unit:
        one, other = _in_microseconds(one), _in_microseconds(other)
    has_zone = one.local is not None or other.local is not None
    local = [each.values if each.local is None else each.local for each in (one, other)]
    return replace(
        one,
        values=np.concatenate([one.values, other.values]),
        gaps=gaps,
        zone=one.zone or other.zone,
        local=np.concatenate(local) if has_zone else None,
    )


def _gaps_of_kind(gaps: ColumnData, like: ColumnData) -> ColumnData:
    fill = np.nan if like.values.dtype.kind == "f" else -1 if like.kind == "text" else 0
    values = np.full(len(gaps), fill, dtype=like.values.dtype)
    return replace(like, values=values, gaps=gaps.gaps, local=None if like.local is None else values)


def _as_floats(column: ColumnData) -> ColumnData:
    return replace(column, values=column.numbers())


def _in_microseconds(column: ColumnData) -> ColumnData:
    def convert(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        ticks = np.where(column.gaps, 0, ticks)
        if column.unit == "D":
            return ticks * (_DAY * 10**6)
        per_second = TICKS_PER_SECOND[column.unit]
        return ticks // (per_second // 10**6) if per_second > 10**6 else ticks * (10**6 // per_second)

    local = None if column.local is None else convert(column.local)
    return replace(column, values=convert(column.values), local=local, unit="us")
