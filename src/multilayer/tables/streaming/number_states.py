"""What is kept of a column of numbers, Booleans, dates, times or durations in one pass over its rows."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError
from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables.calendars import DateSpan, Part, part_values
from multilayer.tables.column_summaries import first_value, scaling_exponent
from multilayer.tables.number_fitting import is_named_identifier
from multilayer.tables.streaming.distinct import DistinctCounter, hashes_of_numbers, sum_of_hashes
from multilayer.tables.streaming.moments import Moments
from multilayer.tables.streaming.quantiles import QuantileSketch

_DAY = 86_400


class NumberState:
    """Extremes, moments, a sketch of the quantiles, and what shows whether whole numbers identify rows.

    Parameters
    ----------
    name : str
        The column's name.
    kind : Kind
        Its kind, except text.
    half : int
        The size of the levels of :class:`QuantileSketch`.
    """

    def __init__(self, name: str, kind: Kind, half: int) -> None:
        self.name, self.kind = name, kind
        self.n_rows = self.n_gaps = self.n_true = 0
        self.infinity = ""  # the error for the first infinity
        self.dtype: np.dtype[Any] | None = None
        self.low, self.high = np.inf, -np.inf
        self.own_low: Any = None  # extremes in the type of the column
        self.own_high: Any = None
        self.first_value: object = None
        self.few_values: frozenset[float] = frozenset()  # all different values, or some if there are more than two
        self.moments = Moments()
        self.sketch = QuantileSketch(half)
        self.hash_sum = 0  # of whole numbers, modulo 2^64
        self.different = DistinctCounter() if is_named_identifier(name) else None
        self.dates = DateState(kind) if kind in ("date", "time") else None

    @property
    def n_values(self) -> int:
        return self.n_rows - self.n_gaps

    @property
    def is_integer(self) -> bool:
        return self.kind == "number" and self.dtype is not None and self.dtype.kind in "iu"

    @property
    def n_bytes(self) -> int:
        """The memory of the state, without a few hundred bytes of numbers."""
        return self.sketch.n_bytes + (self.different.n_bytes if self.different is not None else 0)

    def update(self, column: ColumnData) -> None:
        """Add the next rows."""
        first_row, self.n_rows = self.n_rows, self.n_rows + len(column)
        self.n_gaps += column.n_gaps
        if column.kind == "empty" or self.infinity:
            return
        try:
            numbers = column.numbers(f"column {self.name!r}", allow_infinity=False, first_row=first_row)
        except InputError as error:
            self.infinity = str(error)  # raised if the column is not dropped anyway
            return
        present = numbers[~np.isnan(numbers)]
        if len(present):
            own = column.values.dtype
            self.dtype = own if self.dtype is None else np.promote_types(self.dtype, own)
            self._update_extremes(column, present)
            self._update_values(column, present)

    def _update_extremes(self, column: ColumnData, present: NDArray[np.float64]) -> None:
        low, high = float(present.min()), float(present.max())
        if self.own_low is None:
            self.first_value = first_value(column)
        own = column.present()
        self.own_low = min([own.min().item()] + [self.own_low] * (self.own_low is not None))
        self.own_high = max([own.max().item()] + [self.own_high] * (self.own_high is not None))
        self.low, self.high = min(self.low, low), max(self.high, high)
        if len(self.few_values) < 3:
            between = present[(present != low) & (present != high)]
            self.few_values |= {low, high, *between[:1].tolist()}

    def _update_values(self, column: ColumnData, present: NDArray[np.float64]) -> None:
        if self.kind == "Boolean":
            self.n_true += int(present.sum())
            return
        self.moments.update(present, scaling_exponent(max(-self.low, self.high)))
        self.sketch.update(present)
        if column.is_integer:
            hashes = hashes_of_numbers(column.present())
            self.hash_sum = (self.hash_sum + int(hashes.sum())) % (1 << 64)
            if self.different is not None:
                self.different.update(hashes)
        if self.dates is not None:
            self.dates.update(column.local_seconds()[~column.gaps])


class DateState:
    """The span of dates or times of day, and which parts of the calendar differ.

    Parameters
    ----------
    kind : Kind
        "date" or "time".
    """

    def __init__(self, kind: Kind) -> None:
        self.n, self.low, self.high = 0, 0, 0  # local seconds
        self.ranges: dict[Part, tuple[float, float]] = {}
        self.years = Moments()
        self.parts: tuple[Part, ...] = get_args(Part) if kind == "date" else ()

    def update(self, seconds: NDArray[np.int64]) -> None:
        """Add dates in seconds of their time zone, at least one."""
        low, high = int(seconds.min()), int(seconds.max())
        self.low, self.high = (min(self.low, low), max(self.high, high)) if self.n else (low, high)
        self.n += len(seconds)
        for part in self.parts:
            first, last = self.ranges.get(part, (np.inf, -np.inf))
            if part != "year" and first < last:
                continue  # the values differ already
            values = part_values(part, seconds)
            self.ranges[part] = min(first, float(values.min())), max(last, float(values.max()))
            if part == "year":
                self.years.update(values.astype(np.float64, copy=False))

    def span(self) -> DateSpan:
        """Return what the dates cover."""
        differing = frozenset(part for part, (first, last) in self.ranges.items() if first < last)
        days = float(self.high - self.low) / _DAY
        if not self.parts:
            return DateSpan(self.n, days, differing)
        return DateSpan(self.n, days, differing, self.years.mean, self.years.deviation)


class StreamedNumbers:
    """The summary of a column after a pass; see :class:`multilayer.tables.column_summaries.NumberSummary`.

    Parameters
    ----------
    state : NumberState
        What was kept of all rows.
    cells : ColumnData
        The cells of a sample of rows.
    cells_words : str
        The words that say so; empty if these are all rows.
    """

    def __init__(self, state: NumberState, cells: ColumnData, cells_words: str) -> None:
        self._state, self.cells, self.cells_words = state, cells, cells_words
        self.kind, self.n_gaps, self.is_integer = state.kind, state.n_gaps, state.is_integer
        self.low, self.high, self.first_value = float(state.low), float(state.high), state.first_value
        has_floats = state.kind == "number" and state.dtype is not None and state.dtype.kind == "f"
        self.rounding_type: type[np.generic] = state.dtype.type if has_floats and state.dtype is not None else np.int64

    @property
    def n_values(self) -> int:
        if self._state.infinity:
            raise InputError(self._state.infinity)
        return self._state.n_values

    @property
    def quantile_words(self) -> str:
        error = self._state.sketch.rank_error
        return f" (rank error at most {np.ceil(1e4 * error) / 100:.2f} %)" if error else ""

    def is_one_value(self) -> bool:
        return bool(self._state.own_low == self._state.own_high)

    def has_more_than_two_values(self) -> bool:
        return len(self._state.few_values) > 2

    def share_of_true(self) -> float:
        return self._state.n_true / self.n_values

    def mean_and_deviation(self, exponent: int) -> tuple[float, float]:
        moments = self._state.moments
        if moments.exponent != exponent:
            raise ValueError(exponent)
        return moments.mean, moments.deviation

    def quantiles(self, probabilities: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
        return self._state.sketch.quantiles(probabilities, exponent)

    def all_differ(self) -> bool:
        """Compare the sum of the hashes with that of the numbers from the lowest to the highest one.

        Other numbers have the same sum with a probability of 2^-64.  The sum over 10^9 numbers takes a few seconds, a
        bit for each of them would take 125 MB.
        """
        low, high = self._state.own_low, self._state.own_high
        return high - low == self.n_values - 1 and sum_of_hashes(low, high) == self._state.hash_sum

    def least_different(self) -> int:
        different = self._state.different
        if different is None:
            raise ValueError(self._state.name)
        return different.least_different

    def date_span(self) -> DateSpan:
        if self._state.dates is None:
            raise ValueError(self._state.name)
        return self._state.dates.span()
