"""read_table: a CSV or Parquet file as a pyarrow table, or one line that says what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from multilayer.exceptions import DataFileError, ParameterError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat
from multilayer.tables._csv import read_csv
from multilayer.tables._names import check_names, missing_column
from multilayer.tables._notes import without_notes
from multilayer.tables._sources import Source, checked_encoding, find_source


def read_table(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    separator: str | None = None,
    decimal: str = ".",
    encoding: str | None = None,
    date_format: str | None = None,
    text_columns: Collection[str] = (),
) -> Any:
    """Read a data file, the first line of which names the columns.

    Formats, by extension: ``.csv`` and ``.tsv``, also with ``.gz``, and ``.parquet``; by content for file objects.
    Text is UTF-8, with or without a byte order mark, or UTF-16 with one, unless ``encoding`` names another.  Comma,
    semicolon, tab and ``|`` are tried as separators, and the one is taken by which the first 20 lines have equally many
    fields.  Fields may stand in quotation marks, or in apostrophes where all that begin with one end with one.

    Blanks around names and cells and lines without anything are ignored.  Lines above the names are skipped, and
    reported by :func:`reading_notes`, if they begin with ``#`` or are a title, which has one field where all lines
    below have several.  A row with more or fewer fields than the names is an error.

    A cell is a gap if it is empty or one of ``NA``, ``N/A``, ``n/a``, ``<NA>``, ``#N/A``, ``#NA``, ``NaN``,
    ``nan``, ``-NaN``, ``-nan``, ``NULL``, ``Null``, ``null`` and ``?``, quoted or not, in columns of text too.
    ``None``, ``none``, ``no``, ``-`` and every other word are values.

    A column is numbers, Booleans (``true``, ``false``, in capitals too), dates (``2026-11-23``), moments (``2026-11-23
    17:00:00``, also with ``Z`` or an offset such as ``+01:00``) or times of day if all of its cells are, and text
    otherwise.  Two exceptions are reported by :func:`reading_notes`:

    * Whole numbers are text if some begin with a zero, as in ``00012``: they are codes.
    * A column of more than 20 different numbers, or dates, may hold a few other words, which become gaps: in at most
      one of 20 cells, or one and the same word in less than half of them.

    Parquet files carry their types, and are taken as they are.

    Parameters
    ----------
    source : path of the file, or a file object opened with mode ``"rb"``, such as ``sys.stdin.buffer``
    separator : the character between fields; by default the one that fits
    decimal : "." or ",", between a number's whole part and its fraction
    encoding : name of a text encoding that Python knows, such as "cp1252", "latin-1" or "utf-16"
    date_format : how dates are written where not as above, in the form of ``datetime.strptime``: "%d.%m.%Y"
    text_columns : names of columns of a CSV file to read as text whatever they look like, such as codes that
        are written as numbers.  Parquet columns of numbers become text too.

    Returns
    -------
    pyarrow.Table with at least one row and one column, its column names different and none empty.

    Raises
    ------
    DataFileError
        The file is not there, is no regular file, cannot be read, or is no table; with the file, and the row or
        column where there is one.  The first row below the names is data row 1; empty lines do not count.
    InputError
        A name in ``text_columns`` that the file does not have; a file object that gives text.
    ParameterError
        An option that cannot be, that fits no column, or that a Parquet file has no use for.
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

    >>> import io
    >>> read_table(io.BytesIO(b"day;rain\\n31.12.2025;1,5\\n"), decimal=",", date_format="%d.%m.%Y").to_pylist()
    [{'day': datetime.date(2025, 12, 31), 'rain': 1.5}]
    """
    pa = import_pyarrow("reading tables")
    _check_separator(separator)
    form = _checked_form(decimal, date_format)
    codec = checked_encoding(encoding)
    found = find_source(source)
    try:
        if found.extension == ".parquet":
            _check_no_text_options(found.name, separator, decimal, encoding, date_format)
            table = _read_parquet(pa, found, text_columns)
        else:
            table = read_csv(replace(found, encoding=codec), separator, form, text_columns)
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise DataFileError(f"{found.name}: cannot be read: {reason}.") from None
    check_names(found.name, table.column_names)
    if not table.num_rows:
        raise DataFileError(f"{found.name}: has column names but no rows below them.")
    return table


def _check_separator(separator: str | None) -> None:
    """Raise ParameterError for what cannot stand between fields."""
    if separator is not None and (not isinstance(separator, str) or len(separator) != 1 or separator in "\r\n\"'\0"):
        raise ParameterError(
            'separator must be one character, such as separator=";" or separator="\\t", and no quotation mark or line '
            f"end, got {separator!r}."
        )
    if separator is not None and not separator.isascii():
        raise ParameterError(f"separator must be an ASCII character, got {separator!r}.")


def _checked_form(decimal: str, date_format: str | None) -> CellFormat:
    """The format of cells, once its parts are known to be possible."""
    if decimal not in (".", ","):
        raise ParameterError(f'decimal must be decimal="." or decimal=",", got {decimal!r}.')
    if date_format is None:
        return CellFormat(decimal)
    directives: Sequence[str] = re.findall("%[-#]?([A-Za-z])", date_format) if isinstance(date_format, str) else ()
    dated = set(directives) & set("aAwdbBmjUWVu")
    if not directives or (dated and not set(directives) & set("YyGcx")):
        raise ParameterError(
            'date_format must be a format of Python\'s strptime with a year, such as date_format="%d.%m.%Y", or with '
            f"a time of day, got {date_format!r}."
        )
    return CellFormat(decimal, date_format)


def _check_no_text_options(
    file: str, separator: str | None, decimal: str, encoding: str | None, date_format: str | None
) -> None:
    options = {"separator": separator, "encoding": encoding, "date_format": date_format}
    given = [name for name, value in options.items() if value is not None] + ["decimal"] * (decimal != ".")
    if given:
        raise ParameterError(f"{given[0]} is for text files: {file} is a Parquet file, which carries its types.")


def _read_parquet(pa: Any, source: Source, text_columns: Collection[str]) -> Any:
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(source.place) as parquet:
            table = parquet.read()
        # Damage may also show in the data alone, as text that is not UTF-8 or ends beyond the buffer.
        table.validate(full=True)
    except PermissionError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataFileError(f"{source.name}: is not a Parquet file, or is damaged ({_short(error)}).") from None
    # The index of a pandas frame, written along under a name that pandas made up.
    table = table.drop_columns([name for name in table.column_names if name.startswith("__index_level_")])
    for name in text_columns:
        if name not in table.column_names:
            raise missing_column("column", name, table.column_names)
        position = table.column_names.index(name)
        table = table.set_column(position, name, table.column(position).cast(pa.string()))
    return without_notes(table)


def _short(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return first if len(first) <= 120 else first[:117] + "..."
