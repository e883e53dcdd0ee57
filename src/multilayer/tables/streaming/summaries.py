"""Fitting of a TableEncoder by one pass over the blocks of a table that is larger than memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables._column_data import PLURAL, ColumnData, Kind, joined
from multilayer.tables._frames import Columns
from multilayer.tables._identifiers import identifier_reasons
from multilayer.tables.column_summaries import ColumnSummary, TableSummaries
from multilayer.tables.rules import Text
from multilayer.tables.streaming.categories import MOST_COUNTERS
from multilayer.tables.streaming.number_states import NumberState, StreamedNumbers
from multilayer.tables.streaming.quantiles import HALF
from multilayer.tables.streaming.target_sums import RowTargets, TargetTotals, joined_targets
from multilayer.tables.streaming.text_states import StreamedTarget, StreamedText, TextState
from multilayer.tables.target_means import TargetMeanEncoding

if TYPE_CHECKING:
    from multilayer.tables.encoder import TableEncoder

CrossFittedMeans = Mapping[str, NDArray[np.float64]]
"""The means for training rows, by column, of shape (n_outputs, n_categories, n_folds)."""

CHUNK_ROWS = 2 * HALF
"""The rows that are summarised at once, whatever the blocks are: 8,192."""


class TableSummary:
    """A summary of all rows of a table, from which a :class:`TableEncoder` is fitted.

    Exact are the numbers of rows and gaps, minima and maxima, spans of dates, shares of True, and, except for rounding,
    means and deviations; counts of categories while a column has at most 65,536 of them (and 16 MiB), and quantiles of
    at most 8,192 numbers.  Beyond, counts and quantiles have the errors of :class:`CategoryCounts` and
    :class:`QuantileSketch`, which the encoder's ``columns_`` states.  Whether nearly all texts differ, or nearly all
    whole numbers in a column that is named as an identifier, is then decided by a lower bound of their number (two
    standard errors, 1.6 %, below its estimate), so that a column is rather kept than dropped.

    Means of the target are those of all rows with a text, or, of a text that was not always among the counted ones, of
    its rows since then (:class:`TargetSums`).  As after :meth:`TableEncoder.fit`, ``transform`` reveals the targets of
    these rows: train on the cross-fitted means that :meth:`fit` returns.

    A sample of rows determines what needs single rows: thresholds of trees, the task if it is "auto", and whether text
    spells numbers or dates, which are then fitted to the sample, too.

    The result depends on the rows and their order, but not on the blocks: rows are summarised in chunks of equal size.
    Of each column, the summary keeps at most 1 MB (numbers, for 10^9 rows) or 32 MiB (text), and one chunk; of all
    columns of text at most ``text_bytes``, apart from 256 counters and the sums of one category each.

    Parameters
    ----------
    kinds : mapping of str to Kind
        The kinds of the columns by name, in the order of the table.
    chunk_rows, most_categories : int
        The sizes of chunks and of the counters of categories; smaller ones give larger errors.
    text_bytes : int or None
        The memory for the categories of all columns; when it is exceeded, the column that takes most of it loses half
        of its categories.

    Examples
    --------
    >>> import pyarrow
    >>> from multilayer.tables import TableEncoder
    >>> from multilayer.tables._frames import columns_of
    >>> summary = TableSummary({"rooms": "number", "town": "text"})
    >>> rows = columns_of(pyarrow.table({"rooms": [1, 2, 3], "town": ["Ulm", None, "Bonn"]}))
    >>> summary.update(rows)
    >>> encoder = TableEncoder()
    >>> means = summary.fit(encoder, rows)
    >>> print(encoder.columns_)
    column  kind    gaps  width  encoding
    rooms   number            1  standardised: mean 2, deviation 0.8165
    town    text       1      3  a column for each of 2 categories, one for gaps
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        *,
        chunk_rows: int = CHUNK_ROWS,
        most_categories: int = MOST_COUNTERS,
        text_bytes: int | None = None,
    ) -> None:
        self.kinds, self.chunk_rows, self.text_bytes = dict(kinds), chunk_rows, text_bytes
        self.n_rows = 0
        self.states: dict[str, NumberState | TextState] = {
            name: TextState(name, most_categories) if kind == "text" else NumberState(name, kind, chunk_rows // 2)
            for name, kind in kinds.items()
        }
        self._totals = TargetTotals()
        self._begun: dict[str, list[ColumnData]] = {name: [] for name in kinds}  # the parts of the next chunk
        self._begun_targets: list[RowTargets] = []
        self._n_begun = 0

    @property
    def n_bytes(self) -> int:
        """The memory of the states of all columns."""
        return sum(state.n_bytes for state in self.states.values())

    def update(self, columns: Columns, targets: RowTargets | None = None) -> None:
        """Add the next rows.

        Parameters
        ----------
        columns : Columns
            A block with at least the columns of ``kinds``.
        targets : RowTargets or None
            The targets of the rows, which encoders with means of the target need.

        Raises
        ------
        InputError
            For a missing column, or one of another kind.
        """
        block = {name: self._checked(columns, name, f"after data row {self.n_rows}") for name in self.kinds}
        start = 0
        while start < columns.num_rows:
            n = min(self.chunk_rows - self._n_begun, columns.num_rows - start)
            part = slice(start, start + n)
            targets_of_part = None if targets is None else targets.take(part)
            if n == self.chunk_rows:
                self._summarise({name: _rows(column, part) for name, column in block.items()}, targets_of_part)
            else:
                for name, column in block.items():
                    self._begun[name].append(_without_block(_rows(column, part)))
                if targets_of_part is not None:
                    self._begun_targets.append(joined_targets([targets_of_part]))  # a copy
                self._n_begun += n
                if self._n_begun == self.chunk_rows:
                    self._summarise_begun()
            start += n
        self.n_rows += columns.num_rows

    def fit(
        self,
        encoder: TableEncoder,
        sample: Columns,
        y_of_sample: Any = None,
        *,
        groups: Any = None,
        labels: Sequence[Any] | None = None,
    ) -> CrossFittedMeans:
        """Fit an encoder to all rows so far: set the attributes that :meth:`TableEncoder.fit` sets.

        Parameters
        ----------
        encoder : TableEncoder
            The encoder.
        sample : Columns
            A sample of the rows, at least one, in the order of the table.
        y_of_sample : ColumnData, series, array or list, default=None
            Their target, as in :meth:`TableEncoder.fit`.
        groups : array, default=None
            Their groups, as in :meth:`TableEncoder.fit`.
        labels : sequence, default=None
            The labels of the classes 0, 1, ... of the targets of all rows, as they are in ``y_of_sample``; None for
            amounts.

        Returns
        -------
        dict of str to array
            The means for the training rows, by column, of shape (n_outputs, n_categories, n_folds).

        Raises
        ------
        InputError
            As in :meth:`TableEncoder.fit`.
        ParameterError
            For an invalid parameter, and for more categories than are counted reliably.
        """
        summaries = self._summaries(sample, labels)
        most = encoder.max_categories
        for name, each in self.states.items():
            if isinstance(each, TextState) and not each.counts.is_exact:
                reliable = each.counts.most // 2
                if isinstance(most, int | np.integer) and most > reliable:
                    raise ParameterError(
                        f"max_categories={most} needs all rows in memory, because one pass counts only the "
                        f"{reliable:,} most frequent categories of column {name!r}. Use at most {reliable}, or a "
                        "smaller table."
                    )
        response = encoder._fit(summaries, _plain_target(y_of_sample), groups, labels)
        crossed = {}
        for encoding in encoder.encodings_:
            if response is not None and isinstance(encoding, TargetMeanEncoding):
                summary = cast(StreamedText, summaries.summary(encoding.name))
                crossed[encoding.name] = summary.category_sums(len(encoding.categories), response).cross_fitted()
        return crossed

    def identifiers(self, sample: Columns, *, text: Text = "as_given") -> dict[str, str]:
        """Return the columns that only identify rows, as :func:`row_identifiers`, and the reasons.

        Parameters
        ----------
        sample : Columns
            A sample of the rows, as in :meth:`fit`.
        text : {"as_given", "typed"}, default="as_given"
            As in :class:`TableEncoder`.

        Returns
        -------
        dict of str to str
            The reasons by column name.
        """
        return identifier_reasons(self._summaries(sample), text=text)

    def _summaries(self, sample: Columns, labels: Sequence[Any] | None = None) -> TableSummaries:
        if self._n_begun:
            self._summarise_begun()  # further rows begin another chunk
        if self.n_rows and not sample.num_rows:
            raise InputError("the sample has no rows: pass at least one of the rows that were summarised.")
        is_whole = sample.num_rows == self.n_rows
        words = "" if is_whole else f" (of a sample of {sample.num_rows:,} rows)"
        target = StreamedTarget(self._totals, labels)

        def summary(name: str) -> ColumnSummary:
            state, cells = self.states[name], self._checked(sample, name, "of the sample")
            if isinstance(state, TextState):
                return StreamedText(state, cells, words, target)
            return StreamedNumbers(state, cells, words)

        return TableSummaries(
            tuple(self.kinds), self.n_rows, sample.num_rows, summary, sample.has_names, sample.notes, sample.file_notes
        )

    def _checked(self, columns: Columns, name: str, where: str) -> ColumnData:
        if name not in columns.column_names:
            raise InputError(
                f"column {name!r} is missing in the rows {where}. Every block needs the columns "
                f"{', '.join(map(repr, self.kinds))}."
            )
        column, kind = columns.column(name), self.kinds[name]
        if column.kind not in (kind, "empty"):
            raise InputError(
                f"column {name!r} holds {PLURAL[column.kind]} in the rows {where}, but must hold {PLURAL[kind]}. "
                "Convert it."
            )
        return column

    def _summarise_begun(self) -> None:
        columns = {}
        for name, parts in self._begun.items():
            columns[name] = parts[0] if len(parts) == 1 else reduce(_joined, parts)
            parts.clear()
        targets = joined_targets(self._begun_targets) if self._begun_targets else None
        self._begun_targets.clear()
        self._n_begun = 0
        self._summarise(columns, targets)

    def _summarise(self, columns: Mapping[str, ColumnData], targets: RowTargets | None) -> None:
        """Add a chunk."""
        if targets is not None:
            targets = self._totals.update(targets)
        for name, column in columns.items():
            state = self.states[name]
            if isinstance(state, TextState):
                state.update(column, targets)
            else:
                state.update(column)
        self._limit_text()

    def _limit_text(self) -> None:
        """Halve the largest columns of text until they fit into their memory."""
        if self.text_bytes is None:
            return
        states = [state for state in self.states.values() if isinstance(state, TextState)]
        while sum(state.n_bytes for state in states) > self.text_bytes:
            if not any(state.halve() for state in sorted(states, key=lambda state: -state.n_bytes)):
                return


def _rows(column: ColumnData, part: slice) -> ColumnData:
    """Return some rows as views."""
    local = None if column.local is None else column.local[part]
    return replace(column, values=column.values[part], gaps=column.gaps[part], local=local)


def _without_block(column: ColumnData) -> ColumnData:
    """Return a copy that does not keep the block in memory; a part without values takes the type of the others."""
    if column.gaps.all():
        return ColumnData.empty(len(column))
    if column.kind == "text":
        return ColumnData.of_texts(column.to_pylist(), is_category=column.is_category)
    return column.take(np.arange(len(column)))


def _joined(one: ColumnData, other: ColumnData) -> ColumnData:
    both = joined(one, other)
    if both is None:
        raise ValueError(one.kind, other.kind)
    return both


def _plain_target(y: Any) -> Any:
    """Return a target as an array, if it is a column."""
    if not isinstance(y, ColumnData):
        return y
    return y.values if y.kind in ("number", "Boolean") else np.array(y.to_pylist(), dtype=object)
