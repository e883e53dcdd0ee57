"""The first pass over a dataset: labels or amounts, a sample, validation rows, and summaries for the encoders."""

from __future__ import annotations

from collections.abc import Callable
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
from multilayer.tables.streaming.row_hashes import mixed
from multilayer.tables.streaming.sampling import is_validation
from multilayer.tables.streaming.source import Block, TableStream
from multilayer.tables.streaming.summaries import TableSummary
from multilayer.tables.target import target_amounts, target_values

VALIDATION_SHARE = 0.1
FEWEST_VALIDATION_ROWS = 10
MOST_CLASSES = 10_000
OF_SAMPLE = np.uint64(0x3C6EF372FE94F82B)  # makes the sample independent of the choice of validation rows


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


class _Parts:
    """Rows of several blocks in memory."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def add(self, block: Block) -> None:
        """Append a block of own rows."""
        if len(block):
            self.blocks.append(block)

    def keep(self, is_kept: Callable[[NDArray[np.uint64]], NDArray[np.bool_]]) -> list[Block]:
        """Keep the rows whose hashes are chosen, and return the others."""
        kept, others = [], []
        for block in self.blocks:
            mask = is_kept(block.hashes)
            kept.append(rows_of_block(block, np.flatnonzero(mask)))
            others.append(rows_of_block(block, np.flatnonzero(~mask)))
        self.blocks = [block for block in kept if len(block)]
        return [block for block in others if len(block)]

    def joined(self) -> HeldRows:
        """Return all rows in their order."""
        first, n_rows = self.blocks[0].columns, len(self)
        columns = {name: _all_joined([each.columns.column(name) for each in self.blocks]) for name in first.column_names}
        hashes = np.concatenate([each.hashes for each in self.blocks])
        target = _all_joined([each.target for each in self.blocks])
        return HeldRows(first.replaced(columns.__getitem__, n_rows), target, hashes)


class _ValidationRows(_Parts):
    """The validation rows so far; their share is halved when they become too many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most, self.share = most, VALIDATION_SHARE

    def divide(self, block: Block) -> list[Block]:
        """Keep the validation rows of a block, and return the training rows, with those that were given up."""
        mask = is_validation(block.hashes, self.share)
        self.add(rows_of_block(block, np.flatnonzero(mask)))
        training = [rows_of_block(block, np.flatnonzero(~mask))]
        while len(self) > self._most:
            self.share /= 2
            training += self.keep(lambda hashes: is_validation(hashes, self.share))
        return [part for part in training if len(part)]

    def check_enough(self) -> None:
        """Raise an InputError for too few rows."""
        if len(self) < FEWEST_VALIDATION_ROWS:
            raise InputError(
                f"the dataset has {len(self)} validation rows, about a tenth of its different rows, and a fit on a "
                f"dataset needs {FEWEST_VALIDATION_ROWS}. Read it into memory, and pass the table to fit."
            )


class _SampleRows(_Parts):
    """A uniform sample of the rows so far: those whose hashes, mixed once more, are the smallest."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most, self._limit = most, np.uint64(2**64 - 1)

    def update(self, block: Block) -> None:
        """Keep the rows of a block that belong to the sample."""
        self.add(rows_of_block(block, np.flatnonzero(_keys(block.hashes) <= self._limit)))
        if len(self) > 2 * self._most:
            self.shrink()

    def shrink(self) -> None:
        """Drop the rows that are too many; equal rows stay or go together, unless only such rows are left."""
        if len(self) <= self._most:
            return
        keys = np.sort(np.concatenate([_keys(each.hashes) for each in self.blocks]))
        self._limit = keys[self._most - 1]
        self.keep(lambda hashes: _keys(hashes) <= self._limit)
        if len(self) > self._most:
            self._drop_repeats()

    def _drop_repeats(self) -> None:
        """Drop rows equal to earlier ones, the last first, until the sample has its size."""
        left = self._most
        for i, block in enumerate(self.blocks):
            self.blocks[i] = rows_of_block(block, np.arange(min(len(block), left)))
            left -= len(self.blocks[i])
        self.blocks = [block for block in self.blocks if len(block)]


def _keys(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return mixed(hashes ^ OF_SAMPLE)


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
    sample, validation = _SampleRows(plan.sample_rows), _ValidationRows(plan.validation_rows)
    targets = TargetCounts(stream.target, classifies=classifies)
    for block in stream.blocks():
        targets.update(block.target)
        for part in validation.divide(block):
            sample.update(part)
            if summary is not None:
                summary.update(part.columns)
        reporter.add(len(block))
    stream.check_readable()
    validation.check_enough()
    sample.shrink()
    notes = stream.reading_notes()
    return Survey(sample.joined(), validation.joined(), validation.share, summary, targets, stream.n_rows, notes)
