"""Text files of rows and fields: pyarrow parses them; this module checks them first and explains errors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from multilayer.exceptions import DataFileError, ParameterError, argument
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat, plain_numbers, typed
from multilayer.tables._data_file import LONGEST_LINE, DataFile, check_has_line_end, encoding_by_mark
from multilayer.tables._dialect import WINDOW, Dialect, find_dialect
from multilayer.tables._names import check_names, missing_column
from multilayer.tables._notes import ColumnNote, with_notes
from multilayer.tables._row_blocks import RowBlocks
from multilayer.tables._spellings import spells_date

GAP_MARKS = (
    "", "?", "NA", "N/A", "n/a", "<NA>", "#N/A", "#NA", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null",
)  # fmt: skip

_MEGABYTE = 2**20
_LARGEST_WINDOW = 4 * _MEGABYTE
_UTF8_MARK = b"\xef\xbb\xbf"
_RAGGED = re.compile(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
_FORMATS = {
    b"\x1f\x8b": "gzip data",
    b"PK\x03\x04": "a zip archive (perhaps a spreadsheet)",
    b"PAR1\x15": "Parquet data",
}


def read_csv(source: DataFile, separator: str | None, form: CellFormat, text_columns: Collection[str]) -> Any:
    """Read the table in a text file; see :func:`multilayer.tables.read_table`."""
    pa = import_pyarrow("reading tables")
    source, dialect = with_dialect(source, separator)
    for name in text_columns:
        if name not in dialect.names:
            raise missing_column("column", name, dialect.names)
    table = _parse(source, dialect, pa.string())
    _check_last_quote(source, dialect, table)
    return typed_columns(source.name, table, dialect.notes, form, text_columns)


def with_dialect(source: DataFile, separator: str | None) -> tuple[DataFile, Dialect]:
    """Return the file with its encoding, and its dialect."""
    if source.encoding is None:
        source = replace(source, encoding=encoding_by_mark(_first_bytes(source)))
    head, is_whole = _read_head(source)
    _check_is_text(source.name, head)
    mark = len(_UTF8_MARK) if head.startswith(_UTF8_MARK) else 0
    text = head[mark:].decode("utf-8", "surrogateescape")
    default = "\t" if source.extension.startswith(".tsv") else ","
    dialect = find_dialect(source.name, text, separator, default, is_whole)
    dialect = replace(dialect, start=dialect.start + mark)
    _check_header(source.name, dialect)
    return source, dialect


def text_batches(source: DataFile, dialect: Dialect, columns: Sequence[str], size: int) -> Iterator[Any]:
    """Read the rows below the names in batches of about ``size`` bytes, with these columns as trimmed text.

    Yields tables of pyarrow.  Only one thread parses, so that an error has the number of its row.
    """
    import pyarrow.csv

    pa = import_pyarrow("reading tables")
    read, parse, convert = _options(dialect, pa.string(), threads=False, skip_blank=True)
    convert.include_columns = list(dict.fromkeys((*columns, dialect.names[-1])))
    table, n_rows = None, 0
    try:
        with source.open_text(whole=True) as stream:
            stream.read(dialect.start)
            blocks = RowBlocks(stream, min(size, LONGEST_LINE), LONGEST_LINE, dialect.quote)
            for batch in pyarrow.csv.open_csv(blocks, read_options=read, parse_options=parse, convert_options=convert):
                if not batch.num_rows:
                    continue
                table = pa.table([_trimmed(pa, column) for column in batch.columns], names=convert.include_columns)
                n_rows += table.num_rows
                yield table.select(list(columns))
    except UnicodeDecodeError as error:
        raise _not_encoded(source, error) from None
    except (pa.ArrowException, OSError) as error:
        if "UTF8" in str(error):
            raise DataFileError(f"{source.name}: is not UTF-8 text. {_advice_on_encoding()}") from None
        raise _explained(source.name, error) from None
    if table is not None:
        _check_last_quote(source, dialect, table, n_rows)


def typed_columns(
    file: str,
    table: Any,
    file_notes: Sequence[str],
    form: CellFormat,
    text_columns: Collection[str],
    *,
    check_format: bool = True,
) -> Any:
    """Convert each column of a table of text to the type that its cells spell, and add the notes to the schema.

    With ``check_format``, a format of dates that fits no column is an error.
    """
    pa = import_pyarrow("reading tables")
    columns, notes = [], {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        quickly = None if name in text_columns else plain_numbers(column, form)
        if quickly is not None:
            found, note = quickly
        elif name in text_columns:
            found, note = _trimmed(pa, column), ColumnNote(is_code=True)
        else:
            found, note = typed(_trimmed(pa, column), form)
        if pa.types.is_string(found.type):
            _check_no_zero_byte(pa, file, name, found)
        columns.append(found)
        if note != ColumnNote():
            notes[name] = note
    result = pa.table(columns, names=table.column_names)
    if check_format and form.date_format is not None:
        _check_date_format_fits(pa, file, table, result, form.date_format)
    return with_notes(result, file_notes, notes)


def _first_bytes(source: DataFile) -> bytes:
    try:
        with source.open_bytes() as stream:
            return stream.read(4)
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(source.name) from None


def _read_head(source: DataFile) -> tuple[bytes, bool]:
    """Return the beginning of the text, at least some lines unless they are long, and whether it is the whole text."""
    head = bytearray()
    try:
        with source.open_text() as stream:
            while chunk := stream.read(_MEGABYTE):
                head += chunk
                n_lines = head.count(b"\n") or head.count(b"\r")
                if n_lines > 50 * WINDOW or (len(head) >= _LARGEST_WINDOW and len(head.split(None, 1)) and n_lines):
                    return bytes(head), False
                if len(head) >= LONGEST_LINE:
                    check_has_line_end(source.name, bytes(head))
                    return bytes(head), False
    except UnicodeDecodeError as error:
        raise _not_encoded(source, error) from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(source.name) from None
    return bytes(head), not source.is_piped


def _check_is_text(file: str, head: bytes) -> None:
    for magic, content in _FORMATS.items():
        if head.startswith(magic):
            raise DataFileError(f"{file}: holds {content}, not text. Give the file the matching extension.")
    if b"\0" not in head:
        return
    some = head[:1000]
    for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if 2 * some[start::2].count(0) > len(some[start::2]):
            raise DataFileError(
                f"{file}: holds a zero byte in every second place. If it is UTF-16 text, pass "
                f"{argument('encoding', encoding)}."
            )
    raise DataFileError(f"{file}: holds binary data (a zero byte at {head.index(0)}), not text.")


def _check_header(file: str, dialect: Dialect) -> None:
    for name in dialect.names:
        data = name.encode("utf-8", "surrogateescape")
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataFileError(
                f"{file}: is not UTF-8 text: a column name holds the byte 0x{data[error.start]:02x}. "
                + _advice_on_encoding()
            ) from None
    check_names(file, dialect.names)


def _damaged(file: str) -> DataFileError:
    return DataFileError(f"{file}: is not gzip data, or is damaged or truncated.")


def _not_encoded(source: DataFile, error: UnicodeDecodeError) -> DataFileError:
    byte = f"the byte 0x{error.object[error.start]:02x}"
    return DataFileError(
        f"{source.name}: is not {source.encoding} text, in which {byte} is invalid. " + _advice_on_encoding("latin-1")
    )


def _parse(source: DataFile, dialect: Dialect, kind: Any, *, threads: bool = True, skip_blank: bool = False) -> Any:
    """Parse the rows below the names, with all columns as text or as bytes."""
    import pyarrow.csv

    pa = import_pyarrow("reading tables")
    read, parse, convert = _options(dialect, kind, threads=threads, skip_blank=skip_blank)
    try:
        with source.open_text() as stream:
            stream.read(dialect.start)
            return pyarrow.csv.read_csv(stream, read_options=read, parse_options=parse, convert_options=convert)
    except UnicodeDecodeError as error:
        raise (_not_encoded(source, error) if source.encoding else _not_utf8(source, dialect)) from None
    except (pa.ArrowException, OSError) as error:
        ragged = _RAGGED.search(str(error))
        if ragged and not skip_blank and not ragged.group(4).strip(" \x1a"):
            return _parse(source, dialect, kind, threads=threads, skip_blank=True)
        if ragged and threads:
            # Only a single thread reports the number of the row.
            return _parse(source, dialect, kind, threads=False, skip_blank=skip_blank)
        if "UTF8" in str(error):
            raise _not_utf8(source, dialect) from None
        raise _explained(source.name, error) from None


def _options(dialect: Dialect, kind: Any, *, threads: bool, skip_blank: bool) -> tuple[Any, Any, Any]:
    """The options of pyarrow for reading, parsing and converting, with all columns of one type."""
    import pyarrow.csv

    names = list(dialect.names)
    read = pyarrow.csv.ReadOptions(block_size=LONGEST_LINE, use_threads=threads, column_names=names)
    parse = pyarrow.csv.ParseOptions(
        delimiter=dialect.separator,
        quote_char=dialect.quote,
        newlines_in_values=True,
        invalid_row_handler=_skip_blank if skip_blank else None,
    )
    convert = pyarrow.csv.ConvertOptions(
        null_values=list(GAP_MARKS), strings_can_be_null=True, column_types=dict.fromkeys(names, kind)
    )
    return read, parse, convert


def _skip_blank(row: Any) -> str:
    """Skip blank lines, and the end-of-file mark of DOS."""
    return "error" if row.text.strip(" \x1a") else "skip"


def _explained(file: str, error: Exception) -> Exception:
    """Turn pyarrow's error into one line with the row, if it is known."""
    message = str(error)
    if ragged := _RAGGED.search(message):
        number, expected, received, text = ragged.groups()
        excerpt = text if len(text) <= 60 else text[:57] + "..."
        row = f"data row {int(number)}" if number else "a row"
        return DataFileError(
            f"{file}: {row} has {received} field{'s' if received != '1' else ''}, "
            f"expected {expected} as in the first line: {excerpt!r}. Correct this row."
        )
    if "straddling" in message:
        return DataFileError(
            f"{file}: a row is longer than {LONGEST_LINE / _MEGABYTE:.3g} MiB. "
            "The cause may be a quotation mark that is never closed."
        )
    if "Empty CSV file" in message:
        return DataFileError(f"{file}: has column names but no rows below them.")
    if isinstance(error, OSError):
        return error if error.errno is not None else _damaged(file)
    return DataFileError(f"{file}: cannot be read as a table: {message.splitlines()[0]}.")


def _not_utf8(source: DataFile, dialect: Dialect) -> DataFileError:
    """Return an error with the first byte that is not UTF-8, by row and then by column."""
    table = _parse(source, dialect, import_pyarrow("reading tables").binary())
    first: tuple[int, str, int] | None = None
    for name, column in zip(dialect.names, table.columns, strict=True):
        for row, value in enumerate(column.to_pylist(), start=1):
            if first is not None and row >= first[0]:
                break
            try:
                (value or b"").decode("utf-8")
            except UnicodeDecodeError as error:
                first = row, name, error.object[error.start]
    if first is None:
        return DataFileError(f"{source.name}: is not UTF-8 text. {_advice_on_encoding()}")
    row, name, byte = first
    return DataFileError(
        f"{source.name}: is not UTF-8 text: data row {row}, column {name!r} holds the byte 0x{byte:02x}. "
        + _advice_on_encoding()
    )


def _trimmed(pa: Any, column: Any) -> Any:
    """Strip the cells of a column of text; some may become gaps."""
    trimmed = pa.compute.utf8_trim_whitespace(column)
    if trimmed.equals(column):
        return column
    marks = pa.array(GAP_MARKS, pa.string())
    return pa.compute.if_else(pa.compute.is_in(trimmed, value_set=marks), pa.scalar(None, pa.string()), trimmed)


def _check_no_zero_byte(pa: Any, file: str, name: str, column: Any) -> None:
    found = pa.compute.match_substring(column, "\0").fill_null(False)
    if pa.compute.any(found).as_py():
        row = pa.compute.index(found, True).as_py() + 1
        raise DataFileError(f"{file}: holds binary data (a zero byte in data row {row}, column {name!r}), not text.")


def _check_date_format_fits(pa: Any, file: str, table: Any, result: Any, date_format: str) -> None:
    """Raise an error if the date format fits no column, since that is a mistake."""
    seen = []
    for name, kind in zip(result.column_names, result.schema.types, strict=True):
        words = table.column(name).drop_null().slice(0, 2 * WINDOW).to_pylist()
        if pa.types.is_temporal(kind) and any(spells_date(word.strip(), date_format) for word in words):
            return
        words.sort(key=lambda word: spells_date(word.strip(), date_format))  # the first that does not fit
        if words and (pa.types.is_string(kind) or pa.types.is_temporal(kind)):
            seen.append(f"column {name!r} holds {words[0].strip()[:40]!r}")
    found = f": {', '.join(seen[:3])}" if seen else ""
    raise ParameterError(f"no column of {file} fits {argument('date_format', date_format)}{found}.")


def _check_last_quote(source: DataFile, dialect: Dialect, table: Any, n_rows: int | None = None) -> None:
    """Raise an error for a quotation mark that is never closed: pyarrow reads the rest of the file as one cell.

    ``table`` holds the last rows, of ``n_rows``.
    """
    if not table.num_rows:
        return
    last = table.column(table.num_columns - 1)[-1].as_py()
    if last is None or ("\n" not in last and "\r" not in last):
        return
    if source.last_byte() != dialect.quote.encode():
        raise DataFileError(
            f"{source.name}: a quotation mark in data row {n_rows or table.num_rows}, column {dialect.names[-1]!r} "
            "is never closed."
        )


def _advice_on_encoding(example: str = "cp1252") -> str:
    return f"Pass its encoding, e.g. {argument('encoding', example)}, or save it as UTF-8."
