"""Blocks: consecutive rows of a table, as typed columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._column_data import PLURAL, ColumnData, Kind
from multilayer.tables._frames import Columns
from multilayer.tables._series import column_data


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive rows of a table that have a target.

    Attributes
    ----------
    first : int
        The number of the first row among the rows that have a target, from 0.
    columns : Columns
        The features.
    target : ColumnData
        The target, without gaps.
    hashes : array of uint64, of shape (m,)
        A hash of each row's features.  Rows of equal features have equal hashes in groups of four; see
        :class:`multilayer.tables.streaming.repeats.RepeatCounter`.
    """

    first: int
    columns: Columns
    target: ColumnData
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.target)


def blocks_of_rows(tables: Iterable[Any], most_rows: int, most_bytes: int) -> Iterator[Any]:
    """Join and divide tables of pyarrow, so that each has ``most_rows`` rows, or fewer with about ``most_bytes``.

    The result depends on the given tables only.
    """
    held: list[Any] = []
    types: list[Any] = []  # of the held tables
    n_rows = n_bytes = 0
    for table in tables:
        start = 0
        bytes_per_row = max(table.nbytes / max(table.num_rows, 1), 1.0)
        while start < table.num_rows:
            room = min(most_rows - n_rows, max(int((most_bytes - n_bytes) / bytes_per_row), 1))
            piece = table.slice(start, room)
            joined_types = _joined_types(types, piece) if held else piece.schema.types
            if joined_types is None:
                yield _joined(held)
                held, n_rows, n_bytes = [], 0, 0
                continue
            held.append(piece)
            types = joined_types
            start += piece.num_rows
            n_rows += piece.num_rows
            n_bytes += int(piece.num_rows * bytes_per_row)
            if n_rows >= most_rows or n_bytes + bytes_per_row > most_bytes:
                yield _joined(held)
                held, n_rows, n_bytes = [], 0, 0
    if held:
        yield _joined(held)


def _joined_types(types: list[Any], table: Any) -> list[Any] | None:
    """Return the types of a table joined to others, of which columns of gaps may have any; None if types differ.

    The types of moments may differ between batches, since the unit follows from the cells.
    """
    is_null = import_pyarrow("reading tables").types.is_null
    pairs = list(zip(types, table.schema.types, strict=True))
    if not all(a == b or is_null(a) or is_null(b) for a, b in pairs):
        return None
    return [b if is_null(a) else a for a, b in pairs]


def _joined(tables: list[Any]) -> Any:
    pa = import_pyarrow("reading tables")
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")


def column_of_kind(column: Any, kind: Kind, name: str, *, is_whole: bool) -> ColumnData:
    """Convert a column of pyarrow to data of a kind, also if it has no values; with ``is_whole``, integers if it can.

    Raises
    ------
    DataFileError
        If the values are of another kind.
    """
    if kind == "text" and stored_kind(column.type, name) != "text":
        column = column.cast("string")
    found = column_data(column, f"column {name!r}")
    if found.kind == kind:
        return _whole(found) if is_whole else found
    if found.gaps.all():
        return gaps_of_kind(kind, len(found))
    raise DataFileError(
        f"column {name!r} holds {PLURAL[found.kind]} in some rows and {PLURAL[kind]} in others. Give it one type in "
        "all files."
    )


def stored_kind(type_: Any, name: str) -> Kind:
    """Return the kind of a column of a type of pyarrow.

    Raises
    ------
    InputError
        For a type that cannot be encoded.
    """
    pa = import_pyarrow("reading tables")
    if pa.types.is_dictionary(type_):
        return "text"
    return column_data(pa.chunked_array([], type_), f"column {name!r}").kind


def gaps_of_kind(kind: Kind, m: int) -> ColumnData:
    """Return a column of m gaps."""
    gaps = np.ones(m, dtype=np.bool_)
    match kind:
        case "text":
            return ColumnData.of_codes(np.full(m, -1, dtype=np.intp), ())
        case "number":
            return ColumnData.of_numbers(np.full(m, np.nan))
        case "Boolean":
            return ColumnData.of_numbers(np.zeros(m, dtype=np.bool_), gaps)
        case "empty":
            return ColumnData.empty(m)
        case _:
            return ColumnData.of_ticks(kind, np.zeros(m, dtype=np.int64), gaps, "us")


def _whole(column: ColumnData) -> ColumnData:
    """Convert floats to integers if all are whole, as :func:`multilayer.tables.read_table` reads them."""
    if column.values.dtype.kind != "f":
        return column
    filled = np.where(column.gaps, 0.0, column.values)
    if not (np.abs(filled) < 2.0**53).all() or not np.array_equal(filled, np.trunc(filled)):
        return column
    return ColumnData.of_numbers(filled.astype(np.int64), column.gaps)
