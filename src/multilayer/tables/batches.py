"""read_batches: a data file of any size, batch by batch, with columns of given kinds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

from multilayer.exceptions import DataFileError, InputError, MultilayerError, ParameterError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cell_reader import CellReader
from multilayer.tables._cells import CellFormat
from multilayer.tables._column_data import Kind
from multilayer.tables._csv import text_batches, with_dialect
from multilayer.tables._data_file import TYPED, DataFile, checked_encoding, find_data_file
from multilayer.tables._names import check_names, missing_column, shortened
from multilayer.tables.reading import (
    StoredTable,
    check_no_text_options,
    check_separator,
    checked_form,
    stored_errors,
)

KINDS: tuple[Kind, ...] = ("number", "Boolean", "text", "date", "time", "duration", "empty")
_MEGABYTE = 2**20


@dataclass
class Unreadable:
    """The cells of a column that are not of its kind, which are gaps in the batches.

    Attributes
    ----------
    count : int
        Their number so far.
    example : str
        The first of them.
    row : int
        Its data row; the first row below the names is 1.
    """

    count: int
    example: str
    row: int


class Batch(NamedTuple):
    """Some rows of a file, as two tables of pyarrow.

    Attributes
    ----------
    table : pyarrow.Table
        The columns of given kinds.
    also : pyarrow.Table
        The further columns as they are in the file.
    """

    table: Any
    also: Any


class TableBatches:
    """The batches of a data file; see :func:`read_batches`.

    Parameters
    ----------
    names : tuple of str
        All columns of the file.
    notes : tuple of str
        How the file is read.
    parts : iterator of pyarrow.Table
        The rows, with text as it is in the file.
    kinds : mapping of str to str
        The kinds of the columns to convert.
    also : list of str
        The columns to keep as they are.
    form : CellFormat
        How numbers and dates are written.
    file : str
        The name of the file, for errors.

    Attributes
    ----------
    file : str
        The name of the file, for errors.
    names : tuple of str
        All columns of the file.
    notes : tuple of str
        How the file is read, in sentences without a full stop, as of ``reading_notes``.
    kinds : dict of str to str
        The kinds of the columns that are converted.
    n_rows : int
        The number of rows so far, with those of the last batch.
    unreadable : dict of str to Unreadable
        By column, the cells so far that are not of the column's kind.
    n_readable : Counter
        By column, the number of cells so far that have a value of the column's kind.
    may_be_empty : bool
        Whether a file without rows is accepted, such as one of a folder; False at first.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        notes: tuple[str, ...],
        parts: Iterator[Any],
        kinds: Mapping[str, Kind],
        also: list[str],
        form: CellFormat,
        file: str,
    ) -> None:
        self.names, self.notes, self.kinds = names, notes, dict(kinds)
        self.file, self.may_be_empty = file, False
        self.n_rows = 0
        self.unreadable: dict[str, Unreadable] = {}
        self.n_readable: Counter[str] = Counter()
        self._parts, self._also = parts, also
        self._readers = {name: CellReader(kind, form) for name, kind in kinds.items()}

    def follow(self, previous: TableBatches) -> None:
        """Read moments in the zone of those of a previous file of the same table.

        Parameters
        ----------
        previous : TableBatches
            The batches of that file, with the same kinds.
        """
        self._readers = previous._readers

    def __iter__(self) -> Iterator[Batch]:
        pa = import_pyarrow("reading tables")
        for part in self._parts:
            table = pa.table({name: self._column(part, name) for name in self.kinds})
            self.n_rows += part.num_rows
            yield Batch(table, _plain(pa, part.select(self._also)))
        if not self.n_rows and not self.may_be_empty:
            raise DataFileError(f"{self.file}: has column names but no rows below them.")

    def _column(self, part: Any, name: str) -> Any:
        column = part.column(name)
        converted, unreadable = self._readers[name].convert(column)
        self.n_readable[name] += len(converted) - converted.null_count
        n = int(unreadable.sum())
        if n:
            row = int(unreadable.argmax())
            found = self.unreadable.setdefault(
                name, Unreadable(0, shortened(str(column[row].as_py())), self.n_rows + row + 1)
            )
            found.count += n
        return converted


def read_batches(
    source: str | os.PathLike[str] | BinaryIO,
    kinds: Mapping[str, Kind],
    *,
    also: Sequence[str] | None = (),
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    text_defaults: Mapping[str, str] = MappingProxyType({}),
    batch_bytes: int = _MEGABYTE,
) -> TableBatches:
    """Read a data file of any size in batches, with columns of given kinds.

    Each cell is read independently of the others: text that is not of the kind of its column becomes a gap, and is
    counted.  Only the zone of moments with an offset from UTC is that of the first batch that has such moments: the
    zone of their offset if all have the same, else UTC.  The formats, separators, encodings and gaps are those of
    :func:`read_table`.

    Parameters
    ----------
    source : str, path or binary file object
        The file.  A pipe, such as ``sys.stdin.buffer``, is read once; text need not fit into memory.
    kinds : mapping of str to {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kinds of the columns to read.  Columns of Parquet and Arrow files that are not text keep their types.  Text
        does not spell durations.
    also : list of str or None, default=()
        Further columns, which stay as they are in the file; None for all.
    separator, decimal, encoding, date_format : optional
        As in :func:`read_table`.
    text_defaults : mapping of str to str, default={}
        Values of these four where they are None, which do not apply to Parquet and Arrow files.
    batch_bytes : int, default=1048576
        The approximate size of a batch in the file; a row of text may have up to 16 MiB.

    Returns
    -------
    TableBatches
        An iterable of :class:`Batch`, for one loop.

    Raises
    ------
    DataFileError
        If the file cannot be read, is not a table, or has no rows; in part while it is read.
    InputError
        For a missing column.
    ParameterError
        For an invalid option, or one that does not apply to the file.
    MissingExtraError
        If pyarrow is not installed.

    Examples
    --------
    >>> import io
    >>> batches = read_batches(io.BytesIO(b"town,people\\nUlm,129942\\nBonn,many\\n"), {"people": "number"})
    >>> [batch.table.to_pylist() for batch in batches]
    [[{'people': 129942.0}, {'people': None}]]
    >>> batches.unreadable
    {'people': Unreadable(count=1, example="'many'", row=2)}
    """
    pa = import_pyarrow("reading tables")
    given = {"separator": separator, "decimal": decimal, "encoding": encoding, "date_format": date_format}
    unknown = set(text_defaults) - set(given)
    if unknown:
        raise ParameterError(f"text_defaults may hold {', '.join(given)}, got {', '.join(sorted(unknown))}.")
    chosen = {**text_defaults, **{name: value for name, value in given.items() if value is not None}}
    check_separator(chosen.get("separator"))
    form = checked_form(chosen.get("decimal", "."), chosen.get("date_format"))
    codec = checked_encoding(chosen.get("encoding"))
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise ParameterError(f"the kind of column {name!r} must be one of {', '.join(KINDS)}, got {kind!r}.")
    try:
        found = find_data_file(source, is_read_once=codec is None or not codec.startswith(("utf-16", "utf-32")))
        if found.extension in TYPED:
            check_no_text_options(found.name, separator, decimal or ".", encoding, date_format)
            return _of_stored(pa, found, kinds, also, form, batch_bytes)
        return _of_text(replace(found, encoding=codec), chosen.get("separator"), kinds, also, form, batch_bytes)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise DataFileError(f"{found.name}: cannot be read: {reason}.") from None


def _plain(pa: Any, table: Any) -> Any:
    """Replace categories, of which each batch may have others, by their values."""
    for place, (name, kind) in enumerate(zip(table.column_names, table.schema.types, strict=True)):
        if pa.types.is_dictionary(kind):
            table = table.set_column(place, name, table.column(name).cast(kind.value_type))
    return table


def _of_text(
    source: DataFile,
    separator: str | None,
    kinds: Mapping[str, Kind],
    also: Sequence[str] | None,
    form: CellFormat,
    batch_bytes: int,
) -> TableBatches:
    source, dialect = with_dialect(source, separator)
    also = list(dialect.names if also is None else also)
    batches = text_batches(source, dialect, _columns(dialect.names, kinds, also), batch_bytes)
    return TableBatches(dialect.names, dialect.notes, batches, kinds, also, form, source.name)


def _of_stored(
    pa: Any,
    source: DataFile,
    kinds: Mapping[str, Kind],
    also: Sequence[str] | None,
    form: CellFormat,
    batch_bytes: int,
) -> TableBatches:
    with stored_errors(pa, source):
        stored = StoredTable(pa, source, in_batches=True)
    try:
        names = tuple(stored.types)
        check_names(source.name, stored.names)
        also = list(names if also is None else also)
        columns = _columns(names, kinds, also)
    except MultilayerError:
        stored.close()
        raise

    def batches() -> Iterator[Any]:
        with stored_errors(pa, source), stored:
            for batch in _stored_batches(stored.reader, columns, source.extension == ".parquet", batch_bytes):
                batch.validate(full=True)
                table = pa.Table.from_batches([batch]).select(columns)
                if table.num_rows:
                    yield table

    return TableBatches(names, (), batches(), kinds, also, form, source.name)


def _stored_batches(stored: Any, columns: list[str], is_parquet: bool, batch_bytes: int) -> Iterator[Any]:
    n_rows = max(batch_bytes // (16 * max(len(columns), 1)), 1)
    if is_parquet:
        yield from stored.iter_batches(batch_size=n_rows, columns=columns)
        return
    whole = stored if hasattr(stored, "__iter__") else (stored.get_batch(i) for i in range(stored.num_record_batches))
    for batch in whole:
        for start in range(0, batch.num_rows, n_rows):
            yield batch.slice(start, n_rows)


def _columns(names: Sequence[str], kinds: Mapping[str, Kind], also: Sequence[str]) -> list[str]:
    """The columns to read, in the order of the file."""
    missing = [name for name in dict.fromkeys((*kinds, *also)) if name not in names]
    if missing:
        first = missing_column("column", missing[0], names)
        others = ", ".join(repr(name) for name in missing[1:])
        raise InputError(f"{first} Also missing: {others}.") if others else first
    return [name for name in names if name in kinds or name in also]
