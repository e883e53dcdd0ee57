"""Text files of rows and fields: pyarrow parses them, this module looks before and explains after."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from multilayer.exceptions import DataFileError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._names import check_names, missing_column

GAP_MARKS = (
    "", "?", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null",
)  # fmt: skip

LONGEST_LINE = 16 * 2**20
"""Bytes within which the first line has to end, and the size of the blocks in which the file is parsed."""

_MEGABYTE = 2**20
_OTHER_SEPARATORS = (";", "\t")
_RAGGED = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
_RECODE = "Save it as UTF-8, e.g.: iconv -f latin1 -t utf-8"
_FORMATS = {
    b"\x1f\x8b": "gzip data",
    b"PK\x03\x04": "a zip archive (perhaps a spreadsheet)",
    b"PAR1\x15": "Parquet data",
}


def read_csv(file: Path, separator: str, text_columns: Collection[str]) -> Any:
    """The table in a text file; see :func:`multilayer.tables.read_table`."""
    import pyarrow.csv

    pa = import_pyarrow("reading tables")
    head = _read_head(pa, file)
    names, separator = _read_header(file, head, separator)
    for name in text_columns:
        if name not in (stripped := [known.strip() for known in names]):
            raise missing_column("column", name, stripped)
    convert = pyarrow.csv.ConvertOptions(
        null_values=list(GAP_MARKS),
        strings_can_be_null=True,
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
        column_types={name: pa.string() for name in names if name.strip() in text_columns},
    )
    table = _parse(pa, file, separator, convert)
    for position, name in enumerate(table.column_names):
        column = table.column(position)
        if pa.types.is_binary(column.type):
            raise _not_utf8(file, name, column)
        if pa.types.is_string(column.type):
            trimmed = _trimmed(pa, column, infer=name not in text_columns)
            table = table.set_column(position, name, trimmed)
    _check_last_quote(pa, file, table)
    return table


def _open(pa: Any, file: Path) -> Any:
    compression = "gzip" if file.name.lower().endswith(".gz") else None
    return pa.input_stream(str(file), compression=compression)


def _read_head(pa: Any, file: Path) -> bytes:
    """The beginning of the text, at least to the end of its first line.

    A file without any line end would otherwise be read whole, however large it is.
    """
    head = b""
    try:
        with _open(pa, file) as stream:
            while chunk := stream.read(_MEGABYTE):
                head += chunk
                if b"\n" in chunk.lstrip() or b"\r" in chunk.lstrip():
                    break
                if len(head) >= LONGEST_LINE:
                    raise DataFileError(
                        f"{file}: no end of line within the first {LONGEST_LINE // _MEGABYTE} MiB: "
                        "not a table in text form."
                    )
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(file) from None
    for magic, content in _FORMATS.items():
        if head.startswith(magic):
            raise DataFileError(f"{file}: holds {content}, not text. Give the file the extension it should have.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataFileError(f"{file}: is UTF-16 text. Save it as UTF-8.")
    if b"\0" in head:
        raise DataFileError(f"{file}: holds binary data (a zero byte at {head.index(0)}), not text.")
    return head


def _damaged(file: Path) -> DataFileError:
    return DataFileError(f"{file}: is not gzip data, or is damaged or cut short.")


def _read_header(file: Path, head: bytes, separator: str) -> tuple[list[str], str]:
    """The names in the first line as they are written, and the separator between them."""
    line = head.lstrip().splitlines()[0] if head.strip() else b""
    if not line.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataFileError(f"{file}: is empty. Column names and rows are needed.")
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        at = head.index(line) + error.start
        raise DataFileError(
            f"{file}: is not UTF-8 text: byte {at} in the first line is 0x{line[error.start]:02x}. {_RECODE}"
        ) from None
    text = head.decode("utf-8-sig", errors="replace").lstrip("\r\n")
    readings = {}
    for candidate in (separator, *_OTHER_SEPARATORS):
        try:
            readings[candidate] = next(csv.reader(io.StringIO(text, newline=""), delimiter=candidate))
        except csv.Error as error:
            raise DataFileError(f"{file}: the first line cannot be read: {error}.") from None
    # One name by every separator is a table of one column.
    found = next((candidate for candidate, names in readings.items() if len(names) > 1), separator)
    check_names(file, [name.strip() for name in readings[found]])
    return readings[found], found


def _parse(pa: Any, file: Path, separator: str, convert: Any, threads: bool = True) -> Any:
    import pyarrow.csv

    try:
        with _open(pa, file) as stream:
            table = pyarrow.csv.read_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(block_size=LONGEST_LINE, use_threads=threads),
                parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=convert,
            )
            return table.rename_columns([name.strip() for name in table.column_names])
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        if threads and _RAGGED.search(str(error)):
            # Several threads cannot tell which row it was; one can.
            return _parse(pa, file, separator, convert, threads=False)
        raise _explained(file, error) from None


def _explained(file: Path, error: Exception) -> Exception:
    """pyarrow's error as one line that names the row where that is known."""
    message = str(error)
    if ragged := _RAGGED.search(message):
        number, expected, received, text = ragged.groups()
        excerpt = text if len(text) <= 60 else text[:57] + "..."
        row = f"data row {int(number) - 1}" if number else "a row"
        return DataFileError(
            f"{file}: {row} has {received} field{'s' if received != '1' else ''}, "
            f"expected {expected} as in the first line: {excerpt!r}."
        )
    if "straddling" in message:
        return DataFileError(
            f"{file}: a row is longer than {LONGEST_LINE // _MEGABYTE} MiB. "
            "A quotation mark that is never closed does that."
        )
    if "Empty CSV file" in message:
        # One line without a line end; with one, pyarrow returns a table of no rows.
        return DataFileError(f"{file}: has column names but no rows below them.")
    if isinstance(error, OSError):
        return error if error.errno is not None else _damaged(file)
    if isinstance(error, UnicodeDecodeError) or "UTF8" in message:
        return DataFileError(f"{file}: is not UTF-8 text. {_RECODE}")
    return DataFileError(f"{file}: cannot be read as a table: {message.splitlines()[0]}.")


def _not_utf8(file: Path, name: str, column: Any) -> DataFileError:
    row = 0
    for chunk in column.iterchunks():
        for value in chunk:
            row += 1
            try:
                (value.as_py() or b"").decode("utf-8")
            except UnicodeDecodeError as error:
                byte = f"0x{error.object[error.start]:02x}"
                return DataFileError(
                    f"{file}: is not UTF-8 text: data row {row}, column {name!r} holds the byte {byte}. {_RECODE}"
                )
    return DataFileError(f"{file}: column {name!r} is not UTF-8 text. {_RECODE}")


def _trimmed(pa: Any, column: Any, infer: bool) -> Any:
    """A column of text without blanks around its cells, which may turn out to be gaps or numbers.

    pyarrow ignores blanks around numbers but not around gap marks: " NA" makes a column of numbers text.
    """
    trimmed = pa.compute.utf8_trim_whitespace(column)
    if trimmed.equals(column):
        return column
    marks = pa.array(GAP_MARKS, pa.string())
    trimmed = pa.compute.if_else(pa.compute.is_in(trimmed, value_set=marks), pa.scalar(None, pa.string()), trimmed)
    if not infer:
        return trimmed
    for kind in (pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.timestamp("s")):
        try:
            return trimmed.cast(kind)
        except pa.ArrowInvalid:
            continue
    return trimmed


def _check_last_quote(pa: Any, file: Path, table: Any) -> None:
    """A quotation mark that is never closed makes the rest of the file one cell, which pyarrow accepts."""
    if not table.num_rows:
        return
    column = table.column(table.num_columns - 1)
    last = column[-1].as_py() if pa.types.is_string(column.type) else None
    if last is None or "\n" not in last:
        return
    tail = b""
    with _open(pa, file) as stream:
        while chunk := stream.read(_MEGABYTE):
            tail = (tail + chunk)[-_MEGABYTE:]
    if not tail.rstrip().endswith(b'"'):
        raise DataFileError(
            f"{file}: a quotation mark in data row {table.num_rows}, column {table.column_names[-1]!r} is never closed."
        )
