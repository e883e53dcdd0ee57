"""The files of a table: one, or those of a folder, whose path may hold values of further columns."""

from __future__ import annotations

import os
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from multilayer.exceptions import DataFileError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat, typed
from multilayer.tables._column_data import Kind
from multilayer.tables._csv import with_dialect
from multilayer.tables._data_file import KNOWN, TYPED, checked_encoding, find_data_file
from multilayer.tables._names import check_names, listing
from multilayer.tables.batches import TableBatches, read_batches
from multilayer.tables.reading import StoredTable, check_no_text_options, check_separator, checked_form, stored_errors

_BYTES_PER_CELL = 16  # as read_batches takes it for stored tables
_OTHER_PLACES = 4
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class ReadingOptions:
    """How text is read, as in :func:`multilayer.tables.read_table`."""

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    date_format: str | None = None

    def given(self) -> dict[str, Any]:
        """Return the options that were given, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def all(self) -> dict[str, Any]:
        """Return all options by name, with the default decimal mark."""
        return vars(self) | {"decimal": self.decimal or "."}

    @property
    def form(self) -> CellFormat:
        """How numbers and dates are written."""
        return checked_form(self.decimal or ".", self.date_format)


@dataclass(frozen=True)
class TableFile:
    """One file of a table.

    Attributes
    ----------
    path : Path
        Where it is.
    label : str
        Its name in the fingerprint: the path within the folder.
    options : ReadingOptions
        How its text is read.
    partition : mapping of str to scalar of pyarrow
        The columns that the path states, such as ``year=2024``.
    """

    path: Path
    label: str
    options: ReadingOptions
    partition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in messages."""
        return str(self.path)

    @property
    def is_stored(self) -> bool:
        """Whether it stores the types of its columns."""
        return is_stored(self.path)

    def columns(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the types of pyarrow by column, None for columns of text files, and notes on how it is read."""
        pa = import_pyarrow("reading tables")
        found = find_data_file(self.path)
        notes: tuple[str, ...] = ()
        types: dict[str, Any]
        if self.is_stored:
            check_no_text_options(found.name, **self.options.all())
            with stored_errors(pa, found), StoredTable(pa, found, in_batches=True) as stored:
                names, types = stored.names, stored.types
            check_names(found.name, names)
        else:
            check_separator(self.options.separator)
            encoding = checked_encoding(self.options.encoding)
            _, dialect = with_dialect(replace(found, encoding=encoding), self.options.separator)
            types, notes = dict.fromkeys(dialect.names), dialect.notes
        return types | {name: value.type for name, value in self.partition.items()}, notes

    def read(self, kinds: Mapping[str, Kind], n_rows: int, n_bytes: int) -> TableBatches:
        """Read these columns in batches: of ``n_rows`` rows of a stored table, or ``n_bytes`` bytes of text."""
        physical = {name: kind for name, kind in kinds.items() if name not in self.partition}
        size = n_rows * _BYTES_PER_CELL * max(len(physical), 1) if self.is_stored else n_bytes
        batches = read_batches(self.path, physical, batch_bytes=size, **self.options.given())
        batches.may_be_empty = True
        return batches

    def other_places(self, n_rows: int) -> Iterator[Any]:
        """Return the first rows of a few row groups of a Parquet file, except for the first group, with their types."""
        if not self.path.name.lower().endswith(".parquet"):
            return
        pa = import_pyarrow("reading tables")
        found = find_data_file(self.path)
        with stored_errors(pa, found), StoredTable(pa, found, in_batches=True) as stored:
            names = [name for name in stored.names if name not in self.partition]
            for group in evenly(range(1, stored.reader.num_row_groups), _OTHER_PLACES):
                for batch in stored.reader.iter_batches(batch_size=n_rows, row_groups=[group], columns=names):
                    yield self.with_partition(pa.Table.from_batches([batch]))
                    break

    def with_partition(self, table: Any) -> Any:
        """Add the columns that the path states to a table that lacks them."""
        pa = import_pyarrow("reading tables")
        for name, value in self.partition.items():
            table = table.append_column(name, pa.repeat(value, table.num_rows))
        return table

    def state(self) -> tuple[str, int, int]:
        """Return its name, size and time of change, which reveal other content."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise DataFileError(f"{self.path}: cannot be read: {error.strerror}.") from None
        return self.label, found.st_size, found.st_mtime_ns


def is_stored(path: Path) -> bool:
    """Return whether files of this name store the types of their columns."""
    return path.name.lower().endswith(TYPED)


def evenly(items: Sequence[_Item], most: int) -> list[_Item]:
    """Return at most ``most`` of some items, at even distances.

    Examples
    --------
    >>> evenly(range(9), 3)
    [0, 3, 6]
    """
    return [items[i * len(items) // most] for i in range(most)] if len(items) > most else list(items)


def table_files(given: str | os.PathLike[str], options: ReadingOptions) -> list[TableFile]:
    """Return the files of a table: the path itself, or the data files below a folder in the order of their names.

    Raises
    ------
    DataFileError
        For a folder without data files, or with files of types and of text.
    """
    root = Path(given)
    if not root.is_dir():
        return [TableFile(root, root.name, options)]
    paths = sorted(path for path in root.rglob("*") if _is_data_file(path, root))
    if not paths:
        raise DataFileError(f"{root}: is a directory without data files. Known: {', '.join(KNOWN)}.")
    for path in paths:
        if is_stored(path) != is_stored(paths[0]):
            raise DataFileError(
                f"{root}: holds text files and files that store types, such as {paths[0].name} and {path.name}. Keep "
                "the files of one table in a directory of their own."
            )
    labels = [path.relative_to(root).as_posix() for path in paths]
    partitions = _partitions(labels)
    return [
        TableFile(path, label, options, partition)
        for path, label, partition in zip(paths, labels, partitions, strict=True)
    ]


def _is_data_file(path: Path, root: Path) -> bool:
    """Return whether a path is a data file; names that begin with a dot or ``_`` are of other uses, as in Spark."""
    hidden = any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
    return not hidden and path.name.lower().endswith(KNOWN) and path.is_file()


def _partitions(labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the values that paths such as ``year=2024/part.parquet`` state, by column, as scalars of pyarrow.

    A column is whole numbers if all of its values are, as in pyarrow's datasets, and otherwise what a column of a text
    file would be.
    """
    pa = import_pyarrow("reading tables")
    found = [_stated(label) for label in labels]
    names = list(dict.fromkeys(name for values in found for name in values))
    columns = {}
    for name in names:
        words = [values.get(name) for values in found]
        if all(word is None or _WHOLE.fullmatch(word) for word in words):
            columns[name] = pa.array([None if word is None else int(word) for word in words], pa.int64())
        else:
            columns[name] = typed(pa.chunked_array([pa.array(words, pa.string())]), CellFormat())[0]
    return [{name: column[i] for name, column in columns.items()} for i in range(len(labels))]


def _stated(label: str) -> dict[str, str | None]:
    """Return the values in the names of the folders of a file."""
    pairs = (part.partition("=") for part in label.split("/")[:-1])
    values = {name: urllib.parse.unquote(value) for name, mark, value in pairs if name and mark}
    return {name: None if value == _NO_VALUE else value for name, value in values.items()}


def common_columns(name: str, files: Sequence[TableFile]) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Return the types of each column in all files, and the notes on the first file.

    Raises
    ------
    DataFileError
        If the files have different columns.
    """
    types, notes = files[0].columns()
    found = {column: [kind] for column, kind in types.items()}
    for file in files[1:]:
        others, _ = file.columns()
        if others.keys() != found.keys():
            missing, more = [c for c in found if c not in others], [c for c in others if c not in found]
            lacks = f"lacks {listing(missing)}" if missing else ""
            has = f"has {listing(more)}, which the first file lacks" if more else ""
            raise DataFileError(
                f"{name}: {file.label} {' and '.join(filter(None, (lacks, has)))}. The files of a table need the same "
                f"columns as the first, {files[0].label}."
            )
        for column, kind in others.items():
            if kind not in found[column]:
                found[column].append(kind)
    return found, notes
