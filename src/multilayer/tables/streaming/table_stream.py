"""A table of any size as blocks of typed rows, which can be read repeatedly."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from multilayer.exceptions import DataFileError, InputError
from multilayer.tables._column_data import PLURAL, ColumnData, Kind
from multilayer.tables._frames import Columns
from multilayer.tables.batches import TableBatches, Unreadable
from multilayer.tables.streaming.blocks import Block, blocks_of_rows, column_of_kind
from multilayer.tables.streaming.datasets import DatasetPart
from multilayer.tables.streaming.files import TableFile
from multilayer.tables.streaming.kinds import ColumnKinds
from multilayer.tables.streaming.repeats import RepeatCounter
from multilayer.tables.streaming.row_hashes import RowHasher

_SMALLEST_BATCH = 2**16


@dataclass(frozen=True)
class BlockLimits:
    """The largest blocks, and the batches in which files are read.

    Attributes
    ----------
    rows, bytes : int
        The rows of a block, and their approximate size in memory as a table of pyarrow.
    batch_rows : int
        The rows of a batch of a stored table.
    batch_bytes : int
        The bytes of a batch of a text file.
    """

    rows: int
    bytes: int
    batch_rows: int
    batch_bytes: int


@dataclass(frozen=True)
class UnreadableCells:
    """The cells of a column of text that are not of its kind, which are gaps in the blocks.

    Attributes
    ----------
    count : int
        Their number.
    n_readable : int
        The number of cells with a value of the kind.
    example : str
        The first of them, quoted.
    row : int
        Its data row in its file, from 1.
    file : str
        The file.
    """

    count: int
    n_readable: int
    example: str
    row: int
    file: str


@dataclass
class _Pass:
    """The counts of one pass over the table."""

    n_read: int = 0
    n_rows: int = 0
    n_dropped: int = 0
    unreadable: dict[str, tuple[Unreadable, str]] = field(default_factory=dict)  # with the file of the example
    n_readable: Counter[str] = field(default_factory=Counter)


class TableStream:
    """A table of any size, of which each pass gives the same blocks; see :func:`open_stream`.

    Parameters
    ----------
    name : str
        The name of the table, for errors.
    parts : sequence of TableFile or DatasetPart
        Its files, in their order.
    columns : ColumnKinds
        The kinds of all columns.
    target : str
        The name of the target column.
    limits : BlockLimits
        The sizes of blocks and of the batches in which the files are read.
    notes : tuple of str
        How the files are read.

    Attributes
    ----------
    names : tuple of str
        The features.
    kinds : dict of str to Kind
        The kinds of the features.
    target : str
        The name of the target column.
    target_kind : Kind
        The kind of the target.
    notes : tuple of str
        How the files are read, in sentences without a full stop.
    spelled : tuple of str
        The features that are stored as text and read as the numbers or dates that they spell.
    """

    def __init__(
        self,
        name: str,
        parts: Sequence[TableFile | DatasetPart],
        columns: ColumnKinds,
        target: str,
        limits: BlockLimits,
        notes: tuple[str, ...],
    ) -> None:
        self.name, self.target, self.notes = name, target, notes
        self.names = tuple(each for each in columns.kinds if each != target)
        self.kinds: dict[str, Kind] = {each: columns.kinds[each] for each in self.names}
        self.target_kind: Kind = columns.kinds[target]
        self.spelled = tuple(each for each in columns.spelled if each != target)
        self._columns, self._parts, self._limits = columns, parts, limits
        self._states = [part.state() for part in parts]
        self._last = _Pass()

    @property
    def fingerprint(self) -> str:
        """A digest of the names, sizes and times of change of the files, of how they are read, and of the kinds."""
        options = [vars(part.options) for part in self._parts[:1] if isinstance(part, TableFile)]
        described = [self._states, options, list(self._columns.kinds.items()), self.target]
        return hashlib.blake2b(json.dumps(described).encode(), digest_size=16).hexdigest()

    @property
    def n_rows(self) -> int:
        """The number of rows with a target, in the last pass so far."""
        return self._last.n_rows

    @property
    def n_dropped(self) -> int:
        """The number of rows without a target, in the last pass so far."""
        return self._last.n_dropped

    @property
    def unreadable(self) -> Mapping[str, UnreadableCells]:
        """The cells that are not of the kind of their column, by column, in the files that the last pass has read."""
        found = self._last.unreadable.items()
        return {
            name: UnreadableCells(cells.count, self._last.n_readable[name], cells.example, cells.row, file)
            for name, (cells, file) in found
        }

    def limited(self, rows: int, n_bytes: int) -> TableStream:
        """Return the same table with smaller blocks.

        Parameters
        ----------
        rows : int
            The most rows of a block.
        n_bytes : int
            The approximate bytes of a block.

        Returns
        -------
        TableStream
            The table, to be read again.
        """
        before = self._limits
        rows, n_bytes = min(rows, before.rows), min(n_bytes, before.bytes)
        share = n_bytes / before.bytes
        limits = BlockLimits(
            rows,
            n_bytes,
            min(max(int(before.batch_rows * share), 1), rows),
            max(int(before.batch_bytes * share), _SMALLEST_BATCH),
        )
        return TableStream(self.name, self._parts, self._columns, self.target, limits, self.notes)

    def blocks(self) -> Iterator[Block]:
        """Read the table once.

        Yields
        ------
        Block
            Consecutive rows with a target; the blocks of all passes are equal.

        Raises
        ------
        DataFileError
            If a file cannot be read, has changed since the stream was opened, or is not a table.
        InputError
            For a cell of the target that is not of its kind, and if no row has a target.
        """
        self._check_unchanged()
        counts = self._last = _Pass()
        hasher, repeats = RowHasher(), RepeatCounter()
        limits = self._limits
        for table in blocks_of_rows(self._tables(counts), limits.rows, limits.bytes):
            block = self._block(table, counts, hasher, repeats)
            counts.n_read += table.num_rows
            counts.n_rows += len(block)
            counts.n_dropped += table.num_rows - len(block)
            if len(block):
                yield block
        self._check_unchanged()
        if not counts.n_read:
            raise DataFileError(f"{self.name}: has column names but no rows below them.")
        if not counts.n_rows:
            raise InputError(
                f"target {self.target!r} has no value at all, all of its {counts.n_read} rows are gaps. Choose another "
                "column, or fill it."
            )

    def check_readable(self) -> None:
        """Raise an error if most cells of a column are not of its kind, after a pass.

        Raises
        ------
        InputError
            For the first such column, with an example.
        """
        for name, cells in self.unreadable.items():
            if cells.count > cells.n_readable:
                kind = PLURAL[self._columns.kinds[name]]
                raise InputError(
                    f"column {name!r} holds {kind} in the first rows, but {cells.count:,} of "
                    f"{cells.count + cells.n_readable:,} cells of the table are not {kind}, such as {cells.example} "
                    f"({cells.file}, data row {cells.row}). Correct the cells, or read the column as text with "
                    f"text_columns=[{name!r}]."
                )

    def reading_notes(self) -> tuple[str, ...]:
        """Return the notes on the files and the columns, with the cells that the last pass could not read.

        Returns
        -------
        tuple of str
            Sentences without a full stop.
        """
        of_columns = [f"column {name!r}: {note.text}" for name, note in self._columns.notes.items() if note.text]
        return (*self.notes, *of_columns, *self.notes_on_cells())

    def notes_on_cells(self) -> tuple[str, ...]:
        """Return the notes on cells that the last pass could not read, and on rows without a target.

        Returns
        -------
        tuple of str
            Sentences without a full stop.
        """
        of_cells = [
            f"column {name!r}: {cells.count:,} of {cells.count + cells.n_readable:,} cells are not "
            f"{PLURAL[self._columns.kinds[name]]} and count as gaps: {cells.example} ({cells.file}, data row "
            f"{cells.row}) is the first"
            for name, cells in self.unreadable.items()
        ]
        n = self.n_dropped
        of_rows = [f"{n:,} row{'s' * (n > 1)} without a target dropped"] if n else []
        return (*of_cells, *of_rows)

    def _check_unchanged(self) -> None:
        for part, state in zip(self._parts, self._states, strict=True):
            if part.state() != state:
                raise DataFileError(
                    f"{part.name}: has changed since the table was opened, so that passes over it would differ. Start "
                    "again when its writer has finished."
                )

    def _tables(self, counts: _Pass) -> Iterator[Any]:
        """Read the parts as tables of pyarrow with converted cells."""
        kinds = self._columns.kinds
        previous = None
        for part in self._parts:
            batches = part.read(kinds, self._limits.batch_rows, self._limits.batch_bytes)
            if previous is not None:
                batches.follow(previous)
            previous = batches
            for batch in batches:
                self._check_target(batches)
                yield part.with_partition(batch.table).select(list(kinds))
            self._count_unreadable(batches, part.label, counts)

    def _check_target(self, batches: TableBatches) -> None:
        found = batches.unreadable.get(self.target)
        if found is not None:
            kind = PLURAL[self.target_kind]
            raise InputError(
                f"target {self.target!r} holds {kind} in the first rows, but {found.example} in data row {found.row} "
                f"of {batches.file}. Correct the cell, leave it empty to drop the row, or read the target as text with "
                f"text_columns=[{self.target!r}]."
            )

    @staticmethod
    def _count_unreadable(batches: TableBatches, file: str, counts: _Pass) -> None:
        counts.n_readable.update(batches.n_readable)
        for name, cells in batches.unreadable.items():
            known, _ = counts.unreadable.setdefault(name, (Unreadable(0, cells.example, cells.row), file))
            known.count += cells.count

    def _block(self, table: Any, counts: _Pass, hasher: RowHasher, repeats: RepeatCounter) -> Block:
        columns = self._columns
        data = {
            name: column_of_kind(table.column(name), kind, name, is_whole=name in columns.whole)
            for name, kind in columns.kinds.items()
        }
        target = data.pop(self.target)
        self._check_finite(target, counts.n_read)
        kept = np.flatnonzero(~target.gaps)
        if len(kept) < len(target):
            target = target.take(kept)
            data = {name: column.take(kept) for name, column in data.items()}
        features = Columns(self.names, len(target), data.__getitem__, notes=columns.notes, file_notes=self.notes)
        return Block(counts.n_rows, features, target, repeats.hashes(hasher.hashes(features)))

    def _check_finite(self, target: ColumnData, n_before: int) -> None:
        if target.kind != "number":
            return
        infinite = np.isinf(target.values)
        if infinite.any():
            row = n_before + int(infinite.argmax()) + 1
            raise InputError(f"target {self.target!r} holds infinity in data row {row}. Replace it by a number.")
