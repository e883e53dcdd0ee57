"""The first pass over a dataset: labels or amounts, a sample, validation rows, and summaries for the encoders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError
from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import Columns
from multilayer.tables._spellings import has_decimal_commas
from multilayer.tables.models.losses import amounts_in
from multilayer.tables.models.memory import MemoryPlan
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.streaming.ahead import read_ahead
from multilayer.tables.streaming.row_sample import RowSample, joined_columns, with_used_words
from multilayer.tables.streaming.sampling import folds_of, is_validation
from multilayer.tables.streaming.source import Block, TableStream
from multilayer.tables.streaming.summaries import TableSummary
from multilayer.tables.streaming.target_sums import RowTargets
from multilayer.tables.target import target_amounts, target_values

VALIDATION_SHARE = 0.1
FEWEST_VALIDATION_ROWS = 10
MOST_CLASSES = 10_000
BYTES_OF_CELL, BYTES_OF_WORD = 9, 64


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
        The training rows as the encoders need them; None after these are fitted.
    targets : TargetCounts
        The labels or amounts.
    n_rows : int
        The number of rows with a target.
    notes : tuple of str
        How the files are read, cells that cannot be read, and rows without a target.
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
        if not self.classifies:
            values = values_of(column, self.name, classifies=False)
            amounts_in(values, self.name)
            self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
            return
        labels, places = self._labels(column)
        for label, count in zip(labels, np.bincount(places, minlength=len(labels)).tolist(), strict=True):
            self.counts[label] = self.counts.get(label, 0) + count
        if len(self.counts) > MOST_CLASSES:
            raise InputError(
                f"target {self.name!r} has more than {MOST_CLASSES:,} different labels. Choose another target, or use "
                "TableRegressor if they are amounts."
            )

    def of_rows(self, column: ColumnData, hashes: NDArray[np.uint64]) -> RowTargets:
        """Return the targets of counted rows, with the classes in the order of ``counts``."""
        if not self.classifies:
            return RowTargets(values_of(column, self.name, classifies=False), folds_of(hashes), 0)
        labels, places = self._labels(column)
        numbers = {label: number for number, label in enumerate(self.counts)}
        classes = np.array([numbers[label] for label in labels], dtype=np.intp)
        return RowTargets(classes[places], folds_of(hashes), len(numbers))

    def _labels(self, column: ColumnData) -> tuple[list[Any], NDArray[np.intp]]:
        """Return the sorted labels of some rows, and the place of each row's among them."""
        _, first, of_cells = np.unique(column.values, return_index=True, return_inverse=True)
        values = values_of(column.take(np.sort(first)), self.name, classifies=True)
        labels, places = np.unique(values, return_inverse=True)
        return labels.tolist(), places[np.argsort(np.argsort(first))][of_cells]


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
        if values.dtype.kind == "U" and not has_decimal_commas(values.tolist()):
            raise InputError(
                f"{what} holds text, such as {values[0][:40]!r}, and regression needs numbers. Use TableClassifier, or "
                "convert the text to numbers."
            )
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

    @property
    def n_bytes(self) -> int:
        """The approximate bytes of all rows."""
        return sum(map(_bytes_of, self.blocks))

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
        columns = {
            name: joined_columns([each.columns.column(name) for each in self.blocks]) for name in first.column_names
        }
        hashes = np.concatenate([each.hashes for each in self.blocks])
        target = joined_columns([each.target for each in self.blocks])
        return HeldRows(first.replaced(columns.__getitem__, n_rows), target, hashes)


def _bytes_of(block: Block) -> int:
    columns = [block.columns.column(name) for name in block.columns.column_names]
    of_words = sum(BYTES_OF_WORD + len(word) for column in columns for word in column.words)
    return BYTES_OF_CELL * len(block) * len(columns) + of_words


class _ValidationRows(_Parts):
    """The validation rows so far; their share is halved when they become too many."""

    def __init__(self, plan: MemoryPlan) -> None:
        super().__init__()
        self._plan, self.share = plan, VALIDATION_SHARE

    def divide(self, block: Block) -> list[Block]:
        """Keep the validation rows of a block, and return the training rows, with those that were given up."""
        mask = is_validation(block.hashes, self.share)
        self.add(rows_of_block(block, np.flatnonzero(mask)))
        training = [rows_of_block(block, np.flatnonzero(~mask))]
        plan = self._plan
        while len(self) > plan.validation_rows or self.n_bytes > plan.validation_bytes:
            self.share /= 2
            training += self.keep(lambda hashes: is_validation(hashes, self.share))
        return [part for part in training if len(part)]

    def check_enough(self) -> None:
        """Raise an InputError for too few rows."""
        if len(self) < FEWEST_VALIDATION_ROWS:
            raise InputError(
                f"the dataset has {len(self)} validation row{'s' * (len(self) != 1)}, about a tenth of its rows, and a "
                f"fit on a dataset needs {FEWEST_VALIDATION_ROWS}. Read it into memory, and pass the table to fit."
            )


def rows_of_block(block: Block, rows: NDArray[np.intp]) -> Block:
    """Return some rows of a block, copied, so that the block itself need not stay in memory."""
    columns = {name: with_used_words(block.columns.column(name).take(rows)) for name in block.columns.column_names}
    table = block.columns.replaced(columns.__getitem__, len(rows))
    target = with_used_words(block.target.take(rows))
    return Block(block.first, table, target, block.hashes[rows])


def survey_of(stream: TableStream, plan: MemoryPlan, reporter: PhaseReporter, *, classifies: bool) -> Survey:
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

    Returns
    -------
    Survey
        The rows in memory and the summaries.

    Raises
    ------
    DataFileError, InputError
        For rows that cannot be used.
    """
    summary = TableSummary(stream.kinds, text_bytes=plan.text_bytes)
    sample, validation = RowSample(plan.sample_rows, plan.sample_bytes), _ValidationRows(plan)
    n_training = 0
    targets = TargetCounts(stream.target, classifies=classifies)
    with closing(read_ahead(stream.blocks())) as blocks:
        for block in blocks:
            targets.update(block.target)
            for part in validation.divide(block):
                sample.update(replace(part, first=n_training))
                n_training += len(part)
                summary.update(part.columns, targets.of_rows(part.target, part.hashes))
            reporter.add(len(block))
    stream.check_readable()
    validation.check_enough()
    held, notes = HeldRows(sample.columns, sample.target, sample.hashes), (*stream.notes, *stream.notes_on_cells())
    return Survey(held, validation.joined(), validation.share, summary, targets, stream.n_rows, notes)
