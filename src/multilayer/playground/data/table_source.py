"""table_of: the table of a file, or of the bytes that a page sent, whose size in memory is limited first."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Mapping
from typing import Any

from multilayer.exceptions import DataFileError
from multilayer.tables import read_table, reading_notes

Reading = Mapping[str, Any]  # options of read_table
Source = Any  # a path, a binary file object, or a pyarrow table from read_table

MOST_BYTES = 256 * 2**20  # of an upload that is unpacked
MOST_CELLS = 50_000_000
_PIECE = 2**20
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


def table_of(
    source: Source,
    reading: Reading | None = None,
    *,
    most_bytes: int = MOST_BYTES,
    most_cells: int = MOST_CELLS,
) -> Any:
    """Return the table of a source.

    The content of a file object may come from anyone: a small packed file can fill the memory when it is read.  Files
    of text that are larger than ``most_bytes`` when they are unpacked, and Parquet files of more than ``most_cells``
    cells, are refused before they are read.  A file with a path is the user's own, and read as it is.

    Parameters
    ----------
    source : str, path, binary file object or pyarrow.Table
        The file, or a table from :func:`~multilayer.tables.read_table`.
    reading : mapping, optional
        Options of :func:`~multilayer.tables.read_table`, such as ``{"decimal": ","}``.
    most_bytes : int, default=256 MiB
        The largest size of unpacked text.
    most_cells : int, default=50,000,000
        The largest number of cells of a Parquet file.

    Returns
    -------
    pyarrow.Table
        The table.

    Raises
    ------
    DataFileError
        If the file is too large, or cannot be read as a table.

    Examples
    --------
    >>> import gzip
    >>> bomb = gzip.compress(b"a,b\\n" + b"1,2\\n" * 1_000_000)
    >>> len(bomb) < 10_000
    True
    >>> table_of(io.BytesIO(bomb), most_bytes=1_000_000)
    Traceback (most recent call last):
        ...
    multilayer.exceptions.DataFileError: the file unpacks to more than 1 MB. Use a smaller file, or fewer rows of it.
    """
    if hasattr(source, "column_names"):
        return source
    if isinstance(source, str | os.PathLike) or not hasattr(source, "read"):
        return read_table(source, **(reading or {}))
    content = source.read()
    if not isinstance(content, bytes):  # text, which the reader refuses
        return read_table(io.StringIO(content))  # type: ignore[arg-type]
    _check_size(content, most_bytes, most_cells)
    return read_table(io.BytesIO(content), **(reading or {}))


def note_sentences(table: Any) -> tuple[str, ...]:
    """Return what the reader noted about a table, as sentences."""
    return tuple(f"{note[:1].upper()}{note[1:]}." for note in reading_notes(table))


def _check_size(content: bytes, most_bytes: int, most_cells: int) -> None:
    if content.startswith(_GZIP) and _unpacks_to_more(content, most_bytes):
        raise DataFileError(
            f"the file unpacks to more than {most_bytes / 1e6:,.0f} MB. Use a smaller file, or fewer rows of it."
        )
    if content.startswith(_PARQUET):
        n_cells = _parquet_cells(content)
        if n_cells > most_cells:
            raise DataFileError(
                f"the file holds {n_cells:,} cells, but the playground takes at most {most_cells:,}. Use fewer rows or "
                "columns of it."
            )


def _unpacks_to_more(content: bytes, most_bytes: int) -> bool:
    """Return whether gzip data, of one or several members, unpack to more bytes, without keeping them."""
    n_bytes, at, rest = 0, 0, b""
    unpacker = zlib.decompressobj(wbits=31)
    while rest or at < len(content):
        if not rest:
            rest, at = content[at : at + _PIECE], at + _PIECE
        if unpacker.eof:  # another member follows
            unpacker = zlib.decompressobj(wbits=31)
        try:
            n_bytes += len(unpacker.decompress(rest, _PIECE))
        except zlib.error:  # the reader states what is wrong
            return False
        if n_bytes > most_bytes:
            return True
        rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    return False


def _parquet_cells(content: bytes) -> int:
    import pyarrow
    from pyarrow import parquet

    try:
        found = parquet.ParquetFile(pyarrow.BufferReader(content)).metadata
    except (pyarrow.ArrowException, OSError, ValueError):  # the reader states what is wrong
        return 0
    return int(found.num_rows) * int(found.num_columns)
