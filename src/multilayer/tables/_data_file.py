"""A data file: the path or the binary file object of a table, and the encoding of its text."""

from __future__ import annotations

import codecs
import io
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from multilayer.exceptions import DataFileError, InputError, ParameterError, argument
from multilayer.tables._arrow import import_pyarrow

LONGEST_LINE = 16 * 2**20
"""The longest row in bytes."""

KNOWN = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".arrow", ".feather")
TYPED = (".parquet", ".arrow", ".feather")  # files that store the types of their columns
_MEGABYTE = 2**20
_PIECE = 4 * _MEGABYTE  # of a pipe
_GZIP, _PARQUET, _ARROW, _ARROW_STREAM = b"\x1f\x8b", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_WIDE_MARKS = tuple(mark for mark, _ in _MARKS)


@dataclass(frozen=True)
class DataFile:
    """Bytes that can be read from the beginning repeatedly."""

    name: str  # for messages
    path: Path | None  # None for a file object
    data: bytes  # of a file object
    extension: str  # one of KNOWN; for a file object it follows from the content
    encoding: str | None = None  # the codec of a text file, or None for UTF-8
    rest: Any = None  # a file object whose beginning is ``data``, and which can be read once

    @property
    def is_piped(self) -> bool:
        """Whether only the beginning can be read repeatedly."""
        return self.rest is not None

    @property
    def place(self) -> Any:
        """Return the path or the content, in the form that pyarrow opens."""
        pa = import_pyarrow("reading tables")
        if self.path is None:
            return pa.BufferReader(self.data)
        try:
            str(self.path).encode("utf-8")
        except UnicodeEncodeError:  # pyarrow opens names in UTF-8 only
            return pa.BufferReader(self.path.read_bytes())
        return str(self.path)

    def open_bytes(self) -> Any:
        """Open a stream of the uncompressed bytes; of a pipe only its beginning."""
        compression = "gzip" if self.extension.endswith(".gz") else None
        return import_pyarrow("reading tables").input_stream(self.place, compression=compression)

    def open_text(self, *, whole: bool = False) -> Any:
        """Open a stream of UTF-8, which may begin with a byte order mark; with ``whole``, a pipe to its end."""
        pa = import_pyarrow("reading tables")
        stream = pa.PythonFile(self.pipe, "r") if whole and self.is_piped else self.open_bytes()
        return stream if self.encoding is None else pa.transcoding_input_stream(stream, self.encoding, "utf-8")

    @cached_property
    def pipe(self) -> Continued:
        """The beginning and the rest of a pipe, which can be read once."""
        return Continued(self.data, self.rest)

    def last_byte(self) -> bytes:
        """Return the last byte that is not blank, of a pipe of what was read so far."""
        if self.is_piped:
            return self.pipe.last_byte
        last = b""
        with self.open_text() as stream:
            while chunk := stream.read(_MEGABYTE):
                last = chunk.rstrip()[-1:] or last
        return last


class Continued(io.RawIOBase):
    """The beginning of a file object, then the rest of it."""

    def __init__(self, beginning: bytes, rest: BinaryIO) -> None:
        self._beginning, self._rest = io.BytesIO(beginning), rest
        self.last_byte = b""  # of those that were read, the last one that is not blank

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._beginning.read(len(buffer)) or self._rest.read(len(buffer)) or b""
        buffer[: len(data)] = data
        self.last_byte = data.rstrip()[-1:] or self.last_byte
        return len(data)


def find_data_file(given: Any, *, is_read_once: bool = False) -> DataFile:
    """Return the data file of a path or a file object.

    With ``is_read_once``, only the beginning of text in a file object is read now.
    """
    if hasattr(given, "read"):
        name = getattr(given, "name", None)
        name = "standard input" if name == "<stdin>" else name if isinstance(name, str) and name else "the file"
        return _of_object(name, given, is_read_once)
    if not isinstance(given, str | os.PathLike):
        raise InputError(
            f"expected the path of a file or a file opened with mode 'rb', got {type(given).__module__}."
            f"{type(given).__qualname__}."
        )
    path = Path(given)
    extension = _checked_extension(path)
    _check_is_file(path)
    return DataFile(str(path), path, b"", extension)


def _of_object(name: str, file: Any, is_read_once: bool) -> DataFile:
    data = _beginning(name, file) if is_read_once else _content(name, file)
    if is_read_once and len(data) >= _PIECE and not _is_binary_table(data) and not data.startswith(_WIDE_MARKS):
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1 or len(data)
        return DataFile(name, None, bytes(data[:end]), ".csv", rest=Continued(bytes(data[end:]), file))
    if is_read_once:
        data = data + _content(name, file)
    if not data:
        raise DataFileError(f"{name}: is empty. Column names and rows are needed.")
    return DataFile(name, None, data, _extension_of(data))


def _extension_of(data: bytes) -> str:
    if data.startswith(_PARQUET) and data.endswith(_PARQUET):
        return ".parquet"
    if data.startswith((_ARROW, _ARROW_STREAM)):
        return ".arrow"
    return ".csv.gz" if data.startswith(_GZIP) else ".csv"


def _beginning(name: str, file: Any) -> bytes:
    """Return about the first ``_PIECE`` bytes, fewer only if there are no more."""
    content = bytearray()
    while len(content) < _PIECE and (chunk := file.read(_PIECE - len(content))):
        content += _checked_chunk(name, chunk)
    return bytes(content)


def _checked_chunk(name: str, chunk: Any) -> Any:
    if isinstance(chunk, str):
        raise InputError(f"{name} is opened as text. Open it with mode 'rb', or pass sys.stdin.buffer.")
    return chunk


def _content(name: str, file: Any) -> bytes:
    content = bytearray()
    while chunk := file.read(_MEGABYTE):
        content += _checked_chunk(name, chunk)
        if len(content) - len(chunk) < LONGEST_LINE <= len(content) and not _is_binary_table(content):
            check_has_line_end(name, bytes(content))
    return bytes(content)


def _is_binary_table(content: bytes | bytearray) -> bool:
    return content.startswith((_PARQUET, _ARROW, _ARROW_STREAM, _GZIP))


def check_has_line_end(name: str, head: bytes) -> None:
    """Raise an error for a large file without a line end, before all of it is read."""
    if b"\n" not in head.lstrip() and b"\r" not in head.lstrip():
        raise DataFileError(
            f"{name}: no end of line within the first {LONGEST_LINE // _MEGABYTE} MiB: not a table in text form."
        )


def checked_encoding(encoding: str | None) -> str | None:
    """Return the name of the codec, None for UTF-8."""
    if encoding is None:
        return None
    try:
        codec = codecs.lookup(encoding)
        "a".encode(encoding)
    except (LookupError, TypeError, ValueError, UnicodeError):
        codec = None
    if codec is None or codec.incrementaldecoder is None:
        raise ParameterError(
            f"unknown {argument('encoding')}, got {encoding!r}. Common ones: {argument('encoding', 'cp1252')}, "
            f"{argument('encoding', 'latin-1')}, {argument('encoding', 'utf-16')}."
        )
    return None if codec.name in ("utf-8", "utf-8-sig") else codec.name


def encoding_by_mark(head: bytes) -> str | None:
    """Return the encoding of a file's byte order mark; None for UTF-8 and for files without one."""
    return next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)


def _checked_extension(file: Path) -> str:
    name = file.name.lower()
    for extension in KNOWN:
        if name.endswith(extension):
            return extension
    if not os.path.exists(file):  # also for a name that is too long
        raise DataFileError(f"{file}: no such file.")
    if file.is_dir():
        raise DataFileError(f"{file}: is a directory, not a data file. Pass one of its files.")
    received = file.suffix or "none"
    raise DataFileError(f"{file}: unknown file extension, got {received}. Known: {', '.join(KNOWN)}.")


def _check_is_file(file: Path) -> None:
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise DataFileError(f"{file}: no such file.") from None
    except (OSError, ValueError) as error:
        raise DataFileError(f"{str(file)!r}: cannot be read: {error}.") from None
    if stat.S_ISDIR(mode):
        raise DataFileError(f"{file}: is a directory, not a data file. Pass one of its files.")
    if not stat.S_ISREG(mode):
        # Reading from a pipe without a writer would never end.
        raise DataFileError(f"{file}: is not a regular file.")
    if not file.stat().st_size:
        raise DataFileError(f"{file}: is empty. Column names and rows are needed.")
