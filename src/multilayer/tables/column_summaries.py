"""Summaries of columns, from which their encodings are fitted.

The rules of :mod:`multilayer.tables.fitting` read the number of values, the quartiles, the counts of categories and the
like from a summary.  Two sources give them: a column in memory, exactly (this module), and one pass over blocks of a
table larger than memory (:mod:`multilayer.tables.streaming.summaries`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._frames import Columns
from multilayer.tables._notes import ColumnNote
from multilayer.tables._response import Response
from multilayer.tables.calendars import DateSpan, date_span
from multilayer.tables.category_sums import CategorySums, repeated_texts, sums_of_rows


class NumberSummary(Protocol):
    """A summary of numbers, Booleans, dates, times or durations; each as in :meth:`ColumnData.numbers`."""

    @property
    def kind(self) -> Kind: ...

    @property
    def n_gaps(self) -> int: ...

    @property
    def n_values(self) -> int:
        """The number of cells that are not gaps."""

    @property
    def cells(self) -> ColumnData:
        """The cells in memory: all, or those of a sample of rows."""

    @property
    def cells_words(self) -> str:
        """The words that say that the cells are a sample; empty if they are all."""

    @property
    def quantile_words(self) -> str:
        """The words that state the error of quantiles; empty if they are exact."""

    @property
    def is_integer(self) -> bool: ...

    @property
    def rounding_type(self) -> type[np.generic]: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...

    @property
    def first_value(self) -> object:
        """The first value as an object of Python."""

    def is_one_value(self) -> bool:
        """Return whether all values are equal in their own type, which may be finer than float64."""

    def has_more_than_two_values(self) -> bool: ...

    def share_of_true(self) -> float:
        """Return the share of True in a column of Booleans."""

    def mean_and_deviation(self, exponent: int) -> tuple[float, float]:
        """Return mean and deviation of ``x 2^-exponent``, with the exponent of :func:`scaling_exponent`."""

    def quantiles(self, probabilities: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
        """Return quantiles of ``x 2^-exponent``."""

    def all_differ(self) -> bool:
        """Return whether no two of n whole numbers from ``low`` to ``low + n - 1`` are equal."""

    def least_different(self) -> int:
        """Return the number of different values of a column named as an identifier, or a lower bound."""

    def date_span(self) -> DateSpan: ...


class TextSummary(Protocol):
    """A summary of text."""

    @property
    def kind(self) -> Kind: ...

    @property
    def n_gaps(self) -> int: ...

    @property
    def n_values(self) -> int: ...

    @property
    def cells(self) -> ColumnData:
        """The cells in memory: all, or those of a sample of rows."""

    @property
    def cells_words(self) -> str:
        """The words that say that the cells are a sample; empty if they are all."""

    @property
    def is_category(self) -> bool: ...

    @property
    def cell_counts(self) -> dict[str, int]:
        """How often each text occurs in ``cells``, in the order of the first occurrence."""

    @property
    def counts(self) -> dict[str, int]:
        """How often each text occurs in all rows; if ``count_error`` > 0, lower bounds for the most frequent ones."""

    @property
    def count_error(self) -> int:
        """The most by which a count may be too small; a text without a count occurs at most as often."""

    @property
    def n_different(self) -> int:
        """The number of different texts, or an estimate."""

    @property
    def about(self) -> str:
        """The word "about " if ``n_different`` is an estimate, else empty."""

    def least_different(self) -> int:
        """Return the number of different texts, or a lower bound."""

    def category_sums(self, most: int, response: Response) -> CategorySums:
        """Return the sums of the target over the rows of the most frequent texts, which ``response`` describes."""


ColumnSummary = NumberSummary | TextSummary


@dataclass(frozen=True)
class TableSummaries:
    """The summaries of the columns of a table.

    Attributes
    ----------
    column_names : tuple of str
        The names of the columns.
    num_rows : int
        The number of summarised rows.
    n_cells : int
        The number of rows of ``cells`` in each summary.
    summary : callable
        From the name of a column to its summary, which is made when it is called.
    has_names, notes, file_notes
        As in :class:`Columns`.
    """

    column_names: tuple[str, ...]
    num_rows: int
    n_cells: int
    summary: Callable[[str], ColumnSummary]
    has_names: bool = True
    notes: Mapping[str, ColumnNote] = field(default_factory=dict)
    file_notes: Sequence[str] = ()

    def note(self, name: str) -> ColumnNote:
        """Return the note on a column, which may be empty."""
        return self.notes.get(name, ColumnNote())


def summaries_of(table: Columns) -> TableSummaries:
    """Return the exact summaries of the columns of a table in memory."""
    return TableSummaries(
        table.column_names,
        table.num_rows,
        table.num_rows,
        lambda name: summary_of(name, table.column(name)),
        table.has_names,
        table.notes,
        table.file_notes,
    )


def summary_of(name: str, column: ColumnData) -> ColumnSummary:
    """Return the exact summary of a column in memory."""
    return TextInMemory(column) if column.kind == "text" else NumbersInMemory(name, column)


def scaling_exponent(largest: float) -> int:
    """Return the power of two that scales the numbers to about 1; 0 unless their squares overflow or underflow.

    Two columns [0, 1e200] and [0, 1e-200] have deviations of 5e199 and 5e-201, but variances of infinity and 0.
    Dividing by a power of two is exact.
    """
    return 0 if 1e-100 < largest < 1e100 else math.frexp(largest)[1]


class NumbersInMemory:
    """The exact summary of a column of any kind except text; see :class:`NumberSummary`.

    ``n_further_gaps`` is the number of gaps in rows that are not in memory.
    """

    cells_words = quantile_words = ""

    def __init__(self, name: str, column: ColumnData, n_further_gaps: int = 0) -> None:
        self.name, self.cells, self._n_further_gaps = name, column, n_further_gaps
        self.kind, self.is_integer, self.rounding_type = column.kind, column.is_integer, column.rounding_type

    @cached_property
    def _present(self) -> NDArray[np.float64]:
        values = self.cells.numbers(f"column {self.name!r}", allow_infinity=False)
        return values[~np.isnan(values)]

    @cached_property
    def n_gaps(self) -> int:
        return self.cells.n_gaps + self._n_further_gaps

    @property
    def n_values(self) -> int:
        return len(self._present)

    @cached_property
    def low(self) -> float:
        return float(self._present.min())

    @cached_property
    def high(self) -> float:
        return float(self._present.max())

    @property
    def first_value(self) -> object:
        return first_value(self.cells)

    def is_one_value(self) -> bool:
        return self.cells.n_different() == 1

    def has_more_than_two_values(self) -> bool:
        return bool(((self._present != self.low) & (self._present != self.high)).any())

    def share_of_true(self) -> float:
        return float(self._present.mean())

    def mean_and_deviation(self, exponent: int) -> tuple[float, float]:
        scaled = self._scaled(exponent)
        centre = float(scaled.mean())
        return centre, math.sqrt(float(np.mean((scaled - centre) ** 2)))

    def quantiles(self, probabilities: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
        found: NDArray[np.float64] = np.quantile(self._scaled(exponent), probabilities)
        return found

    def all_differ(self) -> bool:
        return self._n_different == self.n_values

    def least_different(self) -> int:
        return self._n_different

    def date_span(self) -> DateSpan:
        return date_span(self.cells)

    @cached_property
    def _n_different(self) -> int:
        return len(np.unique(self._present))

    def _scaled(self, exponent: int) -> NDArray[np.float64]:
        return np.ldexp(self._present, -exponent) if exponent else self._present


class TextInMemory:
    """The exact summary of a column of text; see :class:`TextSummary`."""

    kind: Kind = "text"
    cells_words = about = ""
    count_error = 0

    def __init__(self, column: ColumnData) -> None:
        self.cells, self.is_category = column, column.is_category

    @cached_property
    def n_gaps(self) -> int:
        return self.cells.n_gaps

    @property
    def n_values(self) -> int:
        return len(self.cells) - self.n_gaps

    @cached_property
    def counts(self) -> dict[str, int]:
        return self.cells.counts()

    @property
    def cell_counts(self) -> dict[str, int]:
        return self.counts

    @property
    def n_different(self) -> int:
        return len(self.counts)

    def least_different(self) -> int:
        return len(self.counts)

    def category_sums(self, most: int, response: Response) -> CategorySums:
        return sums_of_rows(self.cells, repeated_texts(self.counts, most), response)


def first_value(column: ColumnData) -> object:
    """Return the first value of a column as an object of Python."""
    return column.take(np.flatnonzero(~column.gaps)[:1]).to_pylist()[0]
