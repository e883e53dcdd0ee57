"""read_table: from a CSV, Parquet or Arrow file to a pyarrow table, or to one line that states what is wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

from multilayer.exceptions import DataFileError, ParameterError, argument
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat
from multilayer.tables._csv import read_csv
from multilayer.tables._data_file import TYPED, DataFile, checked_encoding, find_data_file
from multilayer.tables._names import check_names, missing_column
from multilayer.tables._notes import without_notes

_BUFFER = 2**20  # bytes of a column that are read at once
_SMALL_BATCH = 32 * 2**20  # bytes of a batch that is held whole


def read_table(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    separator: str | None = None,
    decimal: str = ".",
    encoding: str | None = None,
    date_format: str | None = None,
    text_columns: Collection[str] = (),
) -> Any:
    """Read a data file whose first line holds the column names.

    The formats are ``.csv`` and ``.tsv``, also with ``.gz``, ``.parquet``, and ``.arrow`` or ``.feather``, by
    extension; for file objects, by content.  Text is UTF-8, with or without a byte order mark, or UTF-16 with one,
    unless ``encoding`` is given.  The separator is the one of comma, semicolon, tab and ``|`` with which the first 20
    lines have equally many fields.  Fields may be quoted by quotation marks, or by apostrophes if all that begin with
    one end with one.

    Blanks around names and cells, and empty lines, are ignored.  Lines above the names that begin with ``#``, and
    titles, which have one field above lines of several, are skipped; :func:`reading_notes` reports them.  A row with
    more or fewer fields than the names is an error.

    A cell is a gap if it is empty or one of ``NA``, ``N/A``, ``n/a``, ``<NA>``, ``#N/A``, ``#NA``, ``NaN``,
    ``nan``, ``-NaN``, ``-nan``, ``NULL``, ``Null``, ``null`` and ``?``, quoted or not, in columns of text too.
    All other words, such as ``None``, ``none``, ``no`` and ``-``, are values.

    A column is numbers, Booleans (``true``, ``false``, in capitals too), dates (``2026-11-23``), moments (``2026-11-23
    17:00:00``, also with ``Z`` or an offset such as ``+01:00``) or times of day if all of its cells are, and text
    otherwise.  There are two exceptions:

    * Whole numbers stay text if some begin with a zero, as in ``00012``, because they are codes.
    * A column of more than 20 different numbers, or dates, may hold a few other words, which become gaps: in at most
      one of 20 cells, or one repeated word in less than half of them.

    :func:`reading_notes` reports both, and also columns of decimal commas and a file that seems to have another
    separator.  Parquet and Arrow files keep their types.

    Parameters
    ----------
    source : str, path or binary file object
        The path of the file, or a file object opened with mode ``"rb"``, such as ``sys.stdin.buffer``.
    separator : str, optional
        The character between fields; by default it is found.
    decimal : {".", ","}
        The decimal mark.
    encoding : str, optional
        The text encoding, such as "cp1252", "latin-1" or "utf-16".
    date_format : str, optional
        The format of dates for ``datetime.strptime``, such as "%d.%m.%Y".
    text_columns : list of str
        Columns to read as text, such as codes that look like numbers.

    Returns
    -------
    pyarrow.Table
        A table with at least one row and one column; the column names are unique and not empty.

    Raises
    ------
    DataFileError
        If the file does not exist, is not a regular file, cannot be read, or is not a table.  The first row below the
        names is data row 1; empty lines do not count.
    InputError
        For an unknown name in ``text_columns``, or a file object in text mode.
    ParameterError
        For an option that is invalid, that fits no column, or that does not apply to Parquet and Arrow files.
    MissingExtraError
        If pyarrow is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "towns.csv"
    ...     _ = path.write_text("town, people\\nUlm, 129942\\n?, 3\\n")
    ...     read_table(path).to_pylist()
    [{'town': 'Ulm', 'people': 129942}, {'town': None, 'people': 3}]

    >>> import io
    >>> read_table(io.BytesIO(b"day;rain\\n31.12.2025;1,5\\n"), decimal=",", date_format="%d.%m.%Y").to_pylist()
    [{'day': datetime.date(2025, 12, 31), 'rain': 1.5}]

    References
    ----------
    Shafranovich, Y. (2005). Common format and MIME type for comma-separated values (CSV) files. RFC 4180.
    """
    pa = import_pyarrow("reading tables")
    check_separator(separator)
    form = checked_form(decimal, date_format)
    codec = checked_encoding(encoding)
    found = find_data_file(source)
    try:
        if found.extension in TYPED:
            check_no_text_options(found.name, separator, decimal, encoding, date_format)
            table = _with_text(pa, _stored_table(pa, found), text_columns)
        else:
            table = read_csv(replace(found, encoding=codec), separator, form, text_columns)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise DataFileError(f"{found.name}: cannot be read: {reason}.") from None
    check_names(found.name, table.column_names)
    if not table.num_rows:
        raise DataFileError(f"{found.name}: has column names but no rows below them.")
    return table


def check_separator(separator: str | None) -> None:
    """Raise a ParameterError for an invalid separator."""
    if separator is not None and (not isinstance(separator, str) or len(separator) != 1 or separator in "\r\n\"'\0"):
        raise ParameterError(
            f"{argument('separator')} must be one character, such as {argument('separator', ';')} or "
            f"{argument('separator', chr(9))}, but no quotation mark or line end, got {separator!r}."
        )
    if separator is not None and not separator.isascii():
        raise ParameterError(f"{argument('separator')} must be an ASCII character, got {separator!r}.")


def checked_form(decimal: str, date_format: str | None) -> CellFormat:
    """Check the options and return the format of cells."""
    if decimal not in (".", ","):
        choices = f"{argument('decimal', '.')} or {argument('decimal', ',')}"
        raise ParameterError(f"{argument('decimal')} must be {choices}, got {decimal!r}.")
    if date_format is None:
        return CellFormat(decimal)
    directives: Sequence[str] = re.findall("%[-#]?([A-Za-z])", date_format) if isinstance(date_format, str) else ()
    dated = set(directives) & set("aAwdbBmjUWVu")
    if not directives or (dated and not set(directives) & set("YyGcx")):
        raise ParameterError(
            f"{argument('date_format')} must be a format of Python's strptime with a year, such as "
            f"{argument('date_format', '%d.%m.%Y')}, or with "
            f"a time of day, got {date_format!r}."
        )
    return CellFormat(decimal, date_format)


def check_no_text_options(
    file: str, separator: str | None, decimal: str, encoding: str | None, date_format: str | None
) -> None:
    options = {"separator": separator, "encoding": encoding, "date_format": date_format}
    given = [name for name, value in options.items() if value is not None] + ["decimal"] * (decimal != ".")
    if given:
        raise ParameterError(
            f"{given[0]} is for text files, but {file} stores the types of its columns. Remove {given[0]}."
        )


def _stored_table(pa: Any, source: DataFile) -> Any:
    """Read a Parquet or Arrow file."""
    with stored_errors(pa, source), StoredTable(pa, source) as stored:
        table = stored.reader.read() if source.extension == ".parquet" else stored.reader.read_all()
        # The data may be damaged too: text that is not UTF-8, or offsets beyond the buffer.
        table.validate(full=True)
    return table.drop_columns([name for name in table.column_names if is_index(name)])


class StoredTable:
    """An open Parquet or Arrow file, the latter in the format of files or of streams.

    ``reader`` is pyarrow's.  With ``in_batches``, little more than a batch is in memory: columns of Parquet files are
    read in pieces, and large batches of an Arrow file are views of the file as long as it is open.
    """

    def __init__(self, pa: Any, source: DataFile, *, in_batches: bool = False) -> None:
        import pyarrow.parquet

        if source.extension == ".parquet":
            # Without a buffer, each column of a row group is held whole.
            buffered = {"buffer_size": _BUFFER, "pre_buffer": False} if in_batches else {}
            self.reader: Any = pyarrow.parquet.ParquetFile(source.place, **buffered)
            self._opened: Any = self.reader
            return
        place = source.place
        self.reader, self._opened = None, place
        if isinstance(place, str):
            self._opened = pa.memory_map(place) if in_batches else pa.OSFile(place)
        try:
            self._open_arrow(pa)
            if in_batches and isinstance(place, str) and self._has_small_batches():
                # Pages of a mapped file count as memory of the process until the file is closed.
                self.close()
                self._opened = pa.OSFile(place)
                self._open_arrow(pa)
        except BaseException:
            self.close()
            raise

    def _open_arrow(self, pa: Any) -> None:
        try:
            self.reader = pa.ipc.open_file(self._opened)
        except pa.ArrowInvalid:
            self._opened.seek(0)
            self.reader = pa.ipc.open_stream(self._opened)

    def _has_small_batches(self) -> bool:
        """Return whether the batches of an Arrow file have a few megabytes on average; False for a stream."""
        n_batches = getattr(self.reader, "num_record_batches", 0)
        return bool(n_batches) and self._opened.size() <= n_batches * _SMALL_BATCH

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns without the index of a pandas frame, as stored."""
        return tuple(name for name in self._schema.names if not is_index(name))

    @property
    def types(self) -> dict[str, Any]:
        """The types of these columns by name."""
        return {field.name: field.type for field in self._schema if not is_index(field.name)}

    @property
    def _schema(self) -> Any:
        return self.reader.schema_arrow if hasattr(self.reader, "schema_arrow") else self.reader.schema

    def close(self) -> None:
        """Close the file, which the readers of pyarrow leave open."""
        self.reader = None
        self._opened.close()

    def __enter__(self) -> StoredTable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def stored_errors(pa: Any, source: DataFile) -> Iterator[None]:
    """Turn the errors of pyarrow about a Parquet or Arrow file into DataFileError."""
    kind = "a Parquet file" if source.extension == ".parquet" else "an Arrow file"
    try:
        yield
    except PermissionError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataFileError(f"{source.name}: is not {kind}, or is damaged ({_short(error)}).") from None


def is_index(name: str) -> bool:
    """Return whether a column is the index of a pandas frame, which pandas stores under a name of this form."""
    return name.startswith("__index_level_")


def _with_text(pa: Any, table: Any, text_columns: Collection[str]) -> Any:
    for name in text_columns:
        if name not in table.column_names:
            raise missing_column("column", name, table.column_names)
        position = table.column_names.index(name)
        table = table.set_column(position, name, table.column(position).cast(pa.string()))
    return without_notes(table)


def _short(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return first if len(first) <= 120 else first[:117] + "..."
