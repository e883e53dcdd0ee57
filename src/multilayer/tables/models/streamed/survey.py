"""The first pass over a dataset: labels or amounts, a sample, validation rows, and summaries for the encoders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError
from multilayer.tables._column_data import ColumnData, joined
from multilayer.tables._frames import Columns
from multilayer.tables._words import Words
from multilayer.tables.models.losses import amounts_in
from multilayer.tables.models.memory import MemoryPlan
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.streaming.sampling import RowSample, is_validation
from multilayer.tables.streaming.source import Block, TableStream
from multilayer.tables.streaming.summaries import TableSummary
from multilayer.tables.target import target_amounts, target_values

VALIDATION_SHARE = 0.1
FEWEST_VALIDATION_ROWS = 10
MOST_CLASSES = 10_000


@dataclass(frozen=True, eq=False)
class HeldRows:
    """Some rows of a dataset in memory.

    Attributes
    ----------
    columns : Columns
        The features.
    target : ColumnData
        The target.
    hashes : array of uint64 of shape (m,)
        The hashes of the rows.
    """

    columns: Columns
    target: ColumnData
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True, eq=False)
class Survey:
    """What the first pass found.

    Attributes
    ----------
    sample : HeldRows
        A uniform sample of the training rows.
    validation : HeldRows
        The validation rows.
    share : float
        Rows are validation rows if ``is_validation(hashes, share)``.
    summary : TableSummary or None
        The training rows as the encoders need them; None if the encoders are fitted already.
    targets : TargetCounts
        The labels or amounts.
    n_rows : int
        The number of rows with a target.
    notes : tuple of str
        How the files are read.
    """

    sample: HeldRows
    validation: HeldRows
    share: float
    summary: TableSummary | None
    targets: TargetCounts
    n_rows: int
    notes: tuple[str, ...] = ()

    @property
    def n_training(self) -> int:
        """The number of training rows."""
        return self.n_rows - len(self.validation)


class TargetCounts:
    """The labels of the rows so far with their numbers, or the range of the amounts.

    Parameters
    ----------
    name : str
        The name of the target column.
    classifies : bool
        Whether it holds labels.

    Attributes
    ----------
    counts : dict of object to int
        The number of rows of each label.
    low, high : float
        The range of the amounts.
    """

    def __init__(self, name: str, *, classifies: bool) -> None:
        self.name, self.classifies = name, classifies
        self.counts: dict[Any, int] = {}
        self.low, self.high = np.inf, -np.inf

    def update(self, column: ColumnData) -> None:
        """Count the targets of some rows."""
        values = values_of(column, self.name, classifies=self.classifies)
        if not self.classifies:
            amounts_in(values, self.name)
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
            return
        labels, counts = np.unique(values, return_counts=True)
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True):
            self.counts[label] = self.counts.get(label, 0) + count
        if len(self.counts) > MOST_CLASSES:
            raise InputError(
                f"target {self.name!r} has more than {MOST_CLASSES:,} different labels. Choose another target, or use "
                "TableRegressor if they are amounts."
            )


def values_of(column: ColumnData, name: str, *, classifies: bool) -> NDArray[Any]:
    """Return labels or amounts of the target column of some rows.

    Raises
    ------
    InputError
        For text of a regressor, and fractions of a classifier.
    """
    what = f"target {name!r}"
    values, rows = target_values(column, what, drop_gaps=False)
    if not classifies:
        return target_amounts(values, rows, what)
    if values.dtype.kind == "f":
        fraction = values[values != np.trunc(values)][0]
        raise InputError(
            f"{what} holds numbers with fractions, which cannot be labels, such as {fraction}. Use TableRegressor, or "
            "convert them to text or whole numbers."
        )
    return values


class _ValidationRows:
    """The validation rows so far; their share is halved when they become too many."""

    def __init__(self, most: int) -> None:
        self._most, self.share = most, VALIDATION_SHARE
        self._parts: list[Block] = []

    def divide(self, block: Block) -> list[Block]:
        """Keep the validation rows of a block, and return the training rows, with those that were given up."""
        mask = is_validation(block.hashes, self.share)
        self._parts.append(rows_of_block(block, np.flatnonzero(mask)))
        training = [rows_of_block(block, np.flatnonzero(~mask))]
        while sum(map(len, self._parts)) > self._most:
            self.share /= 2
            masks = [is_validation(part.hashes, self.share) for part in self._parts]
            training += [
                rows_of_block(part, np.flatnonzero(~mask)) for part, mask in zip(self._parts, masks, strict=True)
            ]
            self._parts = [
                rows_of_block(part, np.flatnonzero(mask)) for part, mask in zip(self._parts, masks, strict=True)
            ]
        return [part for part in training if len(part)]

    def rows(self) -> HeldRows:
        """Return all of them in their order."""
        parts = [part for part in self._parts if len(part)]
        if sum(map(len, parts)) < FEWEST_VALIDATION_ROWS:
            raise InputError(
                f"the dataset has {sum(map(len, parts))} validation rows, about a tenth of the different rows, and a "
                f"fit on a dataset needs {FEWEST_VALIDATION_ROWS}. Read it into memory, and pass the table to fit."
            )
        first = parts[0].columns
        columns = {name: _all_joined([part.columns.column(name) for part in parts]) for name in first.column_names}
        table = first.replaced(columns.__getitem__, sum(map(len, parts)))
        hashes = np.concatenate([part.hashes for part in parts])
        return HeldRows(table, _all_joined([part.target for part in parts]), hashes)


def _all_joined(columns: list[ColumnData]) -> ColumnData:
    """Return the values of several columns of one kind, joined in pairs, so that no value is copied often."""
    while len(columns) > 1:
        pairs = [columns[i : i + 2] for i in range(0, len(columns), 2)]
        columns = [pair[0] if len(pair) == 1 else _both(*pair) for pair in pairs]
    return columns[0]


def _both(one: ColumnData, other: ColumnData) -> ColumnData:
    found = joined(one, other)
    if found is None:
        raise RuntimeError(f"blocks of {one.kind} and {other.kind}")
    return found


def rows_of_block(block: Block, rows: NDArray[np.intp]) -> Block:
    """Return some rows of a block, copied, so that the block itself need not stay in memory."""
    columns = {name: _without_other_words(block.columns.column(name).take(rows)) for name in block.columns.column_names}
    table = block.columns.replaced(columns.__getitem__, len(rows))
    target = _without_other_words(block.target.take(rows))
    return Block(block.first, table, target, block.hashes[rows])


def _without_other_words(column: ColumnData) -> ColumnData:
    """Return a column of text with its own words, without those of other rows of its block."""
    if column.kind != "text":
        return column
    used, codes = np.unique(column.values, return_inverse=True)
    n_gaps = int(np.searchsorted(used, 0))  # 1 if there are gaps, whose code is -1
    words = [column.words[code] for code in used[n_gaps:].tolist()]
    return replace(column, values=codes.astype(np.intp) - n_gaps, words=Words(words))


def survey_of(
    stream: TableStream, plan: MemoryPlan, reporter: PhaseReporter, *, classifies: bool, summarizes: bool = True
) -> Survey:
    """Read a dataset once.

    Parameters
    ----------
    stream : TableStream
        The dataset.
    plan : MemoryPlan
        The most rows in memory.
    reporter : PhaseReporter
        Receives the rows.
    classifies : bool
        Whether the target holds labels.
    summarizes : bool, default=True
        Whether the rows are summarised for encoders.

    Returns
    -------
    Survey
        The rows in memory and the summaries.

    Raises
    ------
    DataFileError, InputError
        For rows that cannot be used.
    """
    summary = TableSummary(stream.kinds) if summarizes else None
    sample, validation = RowSample(plan.sample_rows), _ValidationRows(plan.validation_rows)
    targets = TargetCounts(stream.target, classifies=classifies)
    for block in stream.blocks():
        targets.update(block.target)
        for part in validation.divide(block):
            sample.update(part)
            if summary is not None:
                summary.update(part.columns)
        reporter.add(len(block))
    stream.check_readable()
    held = HeldRows(sample.columns, sample.target, sample.hashes)
    rows = validation.rows()
    return Survey(held, rows, validation.share, summary, targets, stream.n_rows, stream.reading_notes())
