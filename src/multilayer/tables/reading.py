"""read_table: a CSV or Parquet file as a pyarrow table, or one line that says what is wrong with it."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Any

from multilayer.exceptions import DataFileError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._csv import read_csv
from multilayer.tables._names import check_names, missing_column

_SEPARATORS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
_KNOWN = (*_SEPARATORS, ".parquet")


def read_table(path: str | os.PathLike[str], *, text_columns: Collection[str] = ()) -> Any:
    """Read a data file, the first line of which names the columns.

    Formats, by extension: ``.csv`` and ``.tsv``, also with ``.gz``, in UTF-8 with or without a byte order mark;
    ``.parquet``.  A ``.csv`` whose header has semicolons or tabs and no comma is read with those.  Blanks around
    names and cells and lines without anything are ignored.

    A cell is a gap if it is empty or one of ``NA``, ``N/A``, ``n/a``, ``<NA>``, ``#N/A``, ``#NA``, ``NaN``,
    ``nan``, ``-NaN``, ``-nan``, ``NULL``, ``Null``, ``null`` and ``?``, quoted or not, in columns of text too.
    ``None``, ``none``, ``no``, ``-`` and every other word are values.  A column is numbers, Booleans (``true``,
    ``false``), dates (``2026-11-23``), moments (``2026-11-23 17:00:00``) or times of day if all of its cells are,
    and text otherwise.  Parquet files carry their types, and are taken as they are.

    Parameters
    ----------
    path : path of the file
    text_columns : names of columns of a CSV file to read as text whatever they look like, such as codes that
        are written as numbers.  Parquet columns of numbers become text too.

    Returns
    -------
    pyarrow.Table with at least one row and one column, its column names different and none empty.

    Raises
    ------
    DataFileError
        The file is not there, is no regular file, cannot be read, or is no table; with the file, and the row or
        column where there is one.  The first row below the header is data row 1; empty lines do not count.
    InputError
        A name in ``text_columns`` that the file does not have.
    MissingExtraError
        pyarrow is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "towns.csv"
    ...     _ = path.write_text("town, people\\nUlm, 129942\\n?, 3\\n")
    ...     read_table(path).to_pylist()
    [{'town': 'Ulm', 'people': 129942}, {'town': None, 'people': 3}]
    """
    pa = import_pyarrow("reading tables")
    file = Path(path)
    extension = _checked_extension(file)
    _check_is_file(file)
    try:
        if extension == ".parquet":
            table = _read_parquet(pa, file, text_columns)
        else:
            table = read_csv(file, _SEPARATORS[extension], text_columns)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise DataFileError(f"{file}: cannot be read: {reason}.") from None
    check_names(file, table.column_names)
    if not table.num_rows:
        raise DataFileError(f"{file}: has column names but no rows below them.")
    return table


def _checked_extension(file: Path) -> str:
    name = file.name.lower()
    for extension in _KNOWN:
        if name.endswith(extension):
            return extension
    if file.is_dir():
        raise DataFileError(f"{file}: is a directory, not a data file.")
    received = file.suffix or "none"
    raise DataFileError(f"{file}: unknown file extension, got {received}. Known: {', '.join(_KNOWN)}.")


def _check_is_file(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise DataFileError(f"{file}: no such file.") from None
    except (OSError, ValueError) as error:
        raise DataFileError(f"{str(file)!r}: cannot be read: {error}.") from None
    if stat.S_ISDIR(mode):
        raise DataFileError(f"{file}: is a directory, not a data file.")
    if not stat.S_ISREG(mode):
        # Reading from a pipe that nobody writes to would wait for ever.
        raise DataFileError(f"{file}: is not a regular file.")
    if not file.stat().st_size:
        raise DataFileError(f"{file}: is empty. Column names and rows are needed.")


def _read_parquet(pa: Any, file: Path, text_columns: Collection[str]) -> Any:
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            table = parquet.read()
        # Damage may also show in the data alone, as text that is not UTF-8 or ends beyond the buffer.
        table.validate(full=True)
    except PermissionError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataFileError(f"{file}: is not a Parquet file, or is damaged ({_short(error)}).") from None
    # The index of a pandas frame, written along under a name that pandas made up.
    table = table.drop_columns([name for name in table.column_names if name.startswith("__index_level_")])
    for name in text_columns:
        if name not in table.column_names:
            raise missing_column("column", name, table.column_names)
        position = table.column_names.index(name)
        table = table.set_column(position, name, table.column(position).cast(pa.string()))
    return table


def _short(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return first if len(first) <= 120 else first[:117] + "..."
