"""What is kept of a column of text in one pass over its rows."""

from __future__ import annotations

from functools import cached_property

from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables.streaming.categories import CategoryCounts


class TextState:
    """The counts of texts and gaps.

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

    @property
    def n_bytes(self) -> int:
        """The memory of the state."""
        different = self.counts.different
        return self.counts.n_bytes + (different.n_bytes if different is not None else 0)

    def update(self, column: ColumnData) -> None:
        """Add the next rows."""
        self.n_rows += len(column)
        self.n_gaps += column.n_gaps
        if column.kind == "text":
            self.is_category &= column.is_category
            self.counts.update(column.counts())


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
    """

    kind: Kind = "text"

    def __init__(self, state: TextState, cells: ColumnData, cells_words: str) -> None:
        # A sample without values may have no type.
        self.cells = cells if cells.kind == "text" else ColumnData.of_texts([None] * len(cells))
        self.cells_words, self.is_category, self.n_gaps = cells_words, state.is_category, state.n_gaps
        self.n_values = state.n_rows - state.n_gaps
        self.counts, self.count_error = state.counts.counts, state.counts.error
        self.n_different, self._least_different = state.counts.n_different, state.counts.least_different
        self.about = "about " if state.counts.is_estimated else ""

    @cached_property
    def cell_counts(self) -> dict[str, int]:
        return self.cells.counts()

    def least_different(self) -> int:
        return self._least_different
