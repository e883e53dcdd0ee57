"""RawColumn: a column of the data before encoding, as positions on an axis, and what the network gets for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.playground.data.play_data import PlayData
from multilayer.results import significant
from multilayer.tables._column_data import ColumnData, time_zone
from multilayer.tables._fitted_columns import of_fitted_kind
from multilayer.tables._frames import columns_of

_HOUR, _DAY, _YEAR = 3600.0, 86_400.0, 365.2425 * 86_400.0  # in seconds
OTHER, GAP = "(other)", "(gap)"
_FURTHEST = 9.2e12  # seconds from 1970 that fit into microseconds of int64

Places = NDArray[np.float64]  # positions on an axis, (n,), NaN where a row has none
Encoded = NDArray[np.float64]  # (n, width)


@dataclass(frozen=True, eq=False)
class RawColumn:
    """A column that the network sees.

    Attributes
    ----------
    name, kind : str
        The name, and the kind of the values.
    inputs : tuple of int
        The inputs of the network that it became.
    places, places_val : arrays of shape (m,)
        The position of each training and validation row: the number; the date, time or duration in ``unit``; the number
        of the category.  NaN where there is none.
    categories : tuple of str or None
        The categories of text and Booleans; None for other kinds.
    held : array of shape (width,)
        The inputs for the median, or for the most frequent category.
    held_text : str
        "median 37", or "most frequent value 'Ulm'".
    unit : str
        In words, what the positions of dates, times and durations count: "days since 2024-01-31"; else empty.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    places: Places
    places_val: Places
    categories: tuple[str, ...] | None
    held: Encoded
    held_text: str
    _encode: Callable[[Places], Encoded] = field(repr=False)
    unit: str = ""

    def encoded(self, places: Places) -> Encoded:
        """Return the inputs, (n, width), for positions, (n,)."""
        return self._encode(places)

    @property
    def n_gaps(self) -> int:
        """The number of training rows without a position."""
        return int(np.isnan(self.places).sum())


def raw_columns(data: PlayData) -> dict[str, RawColumn]:
    """Return the columns that the network sees, by name."""
    if data.encoder is None:
        return {column.name: _of_input(data, column.name, column.inputs[0]) for column in data.columns}
    encodings = {encoding.name: encoding for encoding in data.encoder.encodings_}
    table = columns_of(data.table)
    table_val = None if data.table_val is None else columns_of(data.table_val)
    found = {}
    for column in data.columns:
        if column.inputs:
            encoding = encodings[column.name]
            train = of_fitted_kind(encoding, table.column(column.name))
            other = train.take(np.arange(0)) if table_val is None else table_val.column(column.name)
            make = _of_categories if encoding.kind in ("text", "Boolean") else _of_numbers
            found[column.name] = make(encoding, column.inputs, train, of_fitted_kind(encoding, other))
    return found


def _of_input(data: PlayData, name: str, number: int) -> RawColumn:
    """Return a column whose values are an input of the network without encoding."""
    values = data.X[:, number]
    median = float(np.median(values))
    val = np.empty(0) if data.X_val is None else data.X_val[:, number]
    held, text = np.array([median]), f"median {_in_words(median)}"
    return RawColumn(name, "number", (number,), values, val, None, held, text, lambda places: places[:, None])


def _encoded(encoding: Any, inputs: Sequence[int], column: ColumnData) -> Encoded:
    out = np.zeros((len(column), len(inputs)))
    encoding.encode_into(out, column)
    return out


def _of_numbers(encoding: Any, inputs: tuple[int, ...], train: ColumnData, val: ColumnData) -> RawColumn:
    values = train.numbers()
    present = values[np.isfinite(values)]
    scale = _scale(encoding.kind, present)

    def encode(places: Places) -> Encoded:
        column = _column_at(encoding.kind, places * scale.seconds + scale.origin, train.zone)
        return _encoded(encoding, inputs, column)

    def places_of(column: ColumnData) -> Places:
        return (column.numbers() - scale.origin) / scale.seconds

    median = float(np.median(present)) if len(present) else 0.0
    text = f"median {_moment(median, encoding.kind)}"
    held = _encoded(encoding, inputs, _column_at(encoding.kind, np.array([median]), train.zone))[0]
    return RawColumn(
        encoding.name, encoding.kind, inputs, places_of(train), places_of(val), None, held, text, encode, scale.text
    )


@dataclass(frozen=True)
class _Scale:
    """A position is (x - origin) / seconds."""

    origin: float = 0.0
    seconds: float = 1.0
    text: str = ""


def _scale(kind: str, seconds: Places) -> _Scale:
    """Return the unit in which dates, times and durations are readable."""
    if kind == "number" or not len(seconds):
        return _Scale()
    if kind == "time":
        return _Scale(0.0, _HOUR, "hours since midnight")
    low, high = float(seconds.min()), float(seconds.max())
    if kind == "duration":
        units = ((_DAY, "days"), (_HOUR, "hours"), (60.0, "minutes"))
        return next((_Scale(0.0, unit, name) for unit, name in units if high - low > 2 * unit), _Scale(text="seconds"))
    if high - low > 3 * _YEAR:
        return _Scale(-1970 * _YEAR, _YEAR, "years")
    first = low // _DAY * _DAY
    unit, name = (_DAY, "days") if high - low > 2 * _DAY else (_HOUR, "hours")
    return _Scale(first, unit, f"{name} since {_moment(first, 'date')}")


def _of_categories(encoding: Any, inputs: tuple[int, ...], train: ColumnData, val: ColumnData) -> RawColumn:
    words: list[Any]
    if encoding.kind == "Boolean":
        words, names = [False, True], ["False", "True"]
        counts = {word: int(np.sum(train.present() == word)) for word in words}
    else:
        counts = train.counts()
        words = list(encoding.categories) or sorted(counts)
        names = list(words)
        others = sorted(set(counts) - set(words), key=lambda word: (-counts[word], word))
        if encoding.has_other and others:
            words, names = [*words, others[0]], [*names, OTHER]
    kept = len(words)
    if train.n_gaps:
        words, names = [*words, None], [*names, GAP]

    def places_of(column: ColumnData) -> Places:
        if column.kind == "text":
            codes = column.codes(words[:kept]).astype(np.float64)
            codes[codes < 0] = names.index(OTHER) if OTHER in names[len(encoding.categories) :] else np.nan
        else:
            codes = np.where(column.gaps, np.nan, column.values.astype(np.float64))
        codes[column.gaps] = kept if train.n_gaps else np.nan
        return codes

    def encode(places: Places) -> Encoded:
        numbers = np.clip(np.rint(places), 0, len(words) - 1).astype(np.intp).tolist()
        chosen = [words[number] for number in numbers]
        if encoding.kind == "text":
            return _encoded(encoding, inputs, ColumnData.of_texts(chosen))
        gaps = np.array([word is None for word in chosen], dtype=np.bool_)
        return _encoded(encoding, inputs, ColumnData.of_numbers(np.array(chosen, dtype=np.bool_), gaps))

    most = max(range(kept), key=lambda place: (counts.get(words[place], 0), -place))
    text = f"most frequent value {str(words[most])!r}"
    held = encode(np.array([float(most)]))[0]
    return RawColumn(
        encoding.name, encoding.kind, inputs, places_of(train), places_of(val), tuple(names), held, text, encode
    )


def _column_at(kind: Any, places: Places, zone: str) -> ColumnData:
    """Return a column with these numbers, or dates and times in seconds."""
    if kind == "number":
        return ColumnData.of_numbers(places)
    ticks = np.rint(np.clip(places, -_FURTHEST, _FURTHEST) * 1e6).astype(np.int64)
    local = None
    if zone:
        local = ticks + np.array([_offset(tick, zone) for tick in ticks.tolist()], dtype=np.int64)
    return ColumnData.of_ticks(kind, ticks, np.zeros(len(ticks), dtype=np.bool_), "us", zone, local)


def _offset(tick: int, zone: str) -> int:
    """Return the microseconds by which the clocks of a time zone are ahead of UTC."""
    try:
        ahead = dt.datetime.fromtimestamp(tick / 1e6, time_zone(zone)).utcoffset()
    except (OverflowError, ValueError, OSError):  # a year that Python's dates do not have
        return 0
    return 0 if ahead is None else int(ahead.total_seconds() * 1e6)


def _moment(seconds: float, kind: str) -> str:
    """Return a number, date or time in words."""
    if kind == "number":
        return _in_words(seconds)
    (value,) = _column_at(kind, np.array([seconds]), "").to_pylist()
    return str(value).removesuffix(" 00:00:00")


def _in_words(value: float) -> str:
    """Return a number to four digits; whole numbers in full."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else significant(value, 4)
