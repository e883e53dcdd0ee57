"""The first rows of a table, and a few of other files and row groups, from which the kinds of columns are inferred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat
from multilayer.tables._column_data import Kind
from multilayer.tables.streaming.datasets import DatasetPart
from multilayer.tables.streaming.files import TableFile, evenly
from multilayer.tables.streaming.kinds import ColumnKinds, kinds_of_stored, kinds_of_text

Part = TableFile | DatasetPart
_OTHER_FILES = 4
_MOST_BYTES = 4 * 2**20  # of the first rows, and of those of each other place
_FEW_ROWS = 64  # in a batch of a stored table: cells may be long
_FEW_BYTES = 2**18  # in a batch of a text file


@dataclass(frozen=True, eq=False)
class FirstRows:
    """Some rows of a table, with text as it is in the file.

    Attributes
    ----------
    tables : list of tables of pyarrow
        The first rows, then those of other places.
    is_whole : bool
        Whether these are all rows.
    """

    tables: list[Any]
    is_whole: bool

    @property
    def bytes_per_row(self) -> float:
        """The size of a row in memory, in the place with the longest rows."""
        return max((table.nbytes / table.num_rows for table in self.tables), default=1.0)


def first_rows(parts: Sequence[Part], names: Sequence[str], n_rows: int) -> FirstRows:
    """Return about the first ``n_rows`` rows, and a quarter of that from each of a few other places."""
    tables: list[Any] = []
    is_whole = True
    for i, part in enumerate(parts):
        table, is_end = _beginning(part, names, n_rows)
        if table is not None:
            others = evenly(parts[i + 1 :], _OTHER_FILES)
            is_whole = is_end and len(others) == len(parts) - i - 1
            tables.append(table)
            break
    else:
        return FirstRows([], True)
    fewer = max(n_rows // _OTHER_FILES, 1)
    for other in others:
        table, is_end = _beginning(other, names, fewer)
        is_whole = is_whole and is_end
        if table is not None:
            tables.append(table)
    if not is_whole and not others:
        tables += [table.select(names) for table in part.other_places(min(fewer, _FEW_ROWS * 16))]
    return FirstRows(tables, is_whole)


def _beginning(part: Part, names: Sequence[str], n_rows: int) -> tuple[Any, bool]:
    """Return the first rows of a part, None for no rows, and whether these are all."""
    pa = import_pyarrow("reading tables")
    kept: list[Any] = []
    n_kept = n_bytes = 0
    as_text: dict[str, Kind] = dict.fromkeys(names, "text")  # text stays as it is, and so do stored types
    for batch in part.read(as_text, _FEW_ROWS, _FEW_BYTES):
        table = part.with_partition(batch.table).select(names)
        kept.append(table.slice(0, n_rows - n_kept))
        n_kept += kept[-1].num_rows
        n_bytes += table.nbytes
        if n_kept >= n_rows or n_bytes >= _MOST_BYTES:
            return pa.concat_tables(kept), False
    return (pa.concat_tables(kept) if kept else None), True


def kinds_of_columns(
    name: str,
    parts: Sequence[Part],
    types: dict[str, list[Any]],
    rows: FirstRows,
    form: CellFormat,
    text_columns: Sequence[str],
) -> ColumnKinds:
    """Return the kinds of all columns: by their stored types, where they have any, and by the given rows of text."""
    text = [column for column, found in types.items() if None in found]
    stored = {column: found for column, found in types.items() if column not in text}
    stated = {column for part in parts for column in getattr(part, "partition", ())}
    kinds = kinds_of_stored(name, stored, rows.tables, text_columns, stated)
    if not text or not rows.tables:
        return replace(kinds, kinds={column: kinds.kinds.get(column, "empty") for column in types})
    heads = [table.select(text) for table in rows.tables]
    of_text = kinds_of_text(name, heads, form, text_columns, is_whole=rows.is_whole)
    empty = [column for column in text if of_text.kinds[column] == "empty"]
    if empty and not rows.is_whole:
        for table in _later_values(parts, empty):
            found = kinds_of_text(name, [table], form, text_columns, is_whole=False, check_format=False)
            of_text = of_text.updated(found)
    joined = of_text.updated(kinds)
    return replace(joined, kinds={column: joined.kinds[column] for column in types})


def _later_values(parts: Sequence[Part], names: list[str]) -> Iterator[Any]:
    """Return tables in which columns have their first values, after rows in which they have none."""
    missing = list(names)
    for part in parts:
        for batch in part.read(dict.fromkeys(missing, "text"), _FEW_ROWS, _FEW_BYTES):
            found = [name for name in missing if batch.table.column(name).null_count < batch.table.num_rows]
            if found:
                yield batch.table.select(found)
                missing = [name for name in missing if name not in found]
            if not missing:
                return
