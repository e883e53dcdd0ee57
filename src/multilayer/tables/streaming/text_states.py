"""The state of a column of text in one pass over its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._response import Response
from multilayer.tables.category_sums import CategorySums
from multilayer.tables.streaming.categories import FEWEST_COUNTERS, CategoryCounts
from multilayer.tables.streaming.target_sums import RowTargets, TargetSums, TargetTotals


class TextState:
    """The counts of texts and gaps, and the sums of the target by text.

    Parameters
    ----------
    name : str
        The column's name.
    most : int
        The largest number of counters; see :class:`CategoryCounts`.
    """

    kind: Kind = "text"

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.n_rows = self.n_gaps = 0
        self.is_category = True
        self.counts = CategoryCounts(most)
        self.sums = TargetSums()

    @property
    def n_bytes(self) -> int:
        """The memory of the state."""
        different = self.counts.different
        return self.counts.n_bytes + self.sums.n_bytes + (different.n_bytes if different is not None else 0)

    def update(self, column: ColumnData, targets: RowTargets | None = None) -> None:
        """Add the next rows."""
        self.n_rows += len(column)
        self.n_gaps += column.n_gaps
        if column.kind != "text":
            return
        self.is_category &= column.is_category
        texts, places = column.texts()
        self.counts.update(dict(zip(texts, np.bincount(places, minlength=len(texts)).tolist(), strict=True)))
        if targets is not None:
            self.sums.update(texts, places, targets.take(~column.gaps), self.counts)

    def halve(self) -> bool:
        """Remove half of the sums or of the counters, whichever are larger; return whether anything was removed."""
        if self.sums.n_bytes > self.counts.n_bytes and self.sums.halve(self.counts):
            return True
        if len(self.counts.counts) > FEWEST_COUNTERS:
            self.counts.halve()
            self.sums.remove_uncounted(self.counts)
            return True
        return self.sums.halve(self.counts)


@dataclass(frozen=True, eq=False)
class StreamedTarget:
    """The target of all rows: its totals, and the labels of its classes as they are in y, None for amounts."""

    totals: TargetTotals
    labels: Sequence[Any] | None


class StreamedText:
    """The summary of a column after a pass; see :class:`multilayer.tables.column_summaries.TextSummary`.

    Parameters
    ----------
    state : TextState
        What was kept of all rows.
    cells : ColumnData
        The cells of a sample of rows.
    cells_words : str
        The words that say so; empty if these are all rows.
    target : StreamedTarget
        The target of all rows.
    """

    kind: Kind = "text"

    def __init__(self, state: TextState, cells: ColumnData, cells_words: str, target: StreamedTarget) -> None:
        # A sample without values may have no type.
        self.cells = cells if cells.kind == "text" else ColumnData.of_texts([None] * len(cells))
        self.cells_words, self.is_category, self.n_gaps = cells_words, state.is_category, state.n_gaps
        self.n_values = state.n_rows - state.n_gaps
        self.counts, self.count_error = state.counts.counts, state.counts.error
        self.n_different, self._least_different = state.counts.n_different, state.counts.least_different
        self.about = "about " if state.counts.is_estimated else ""
        self._sums, self._target = state.sums, target

    @cached_property
    def cell_counts(self) -> dict[str, int]:
        return self.cells.counts()

    def least_different(self) -> int:
        return self._least_different

    def category_sums(self, most: int, response: Response) -> CategorySums:
        if not self._target.totals.sums.size:
            raise ValueError("the rows were summarised without their targets.")
        if bool(self._target.totals.n_classes) != (self._target.labels is not None):
            raise ValueError("classes need their labels, and amounts have none.")
        return self._sums.category_sums(self._target.totals, most, response, self._target.labels)
