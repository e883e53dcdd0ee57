"""The source of a table, a path or a binary file object, and the encoding of its text."""

from __future__ import annotations

import codecs
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multilayer.exceptions import DataFileError, InputError, ParameterError, argument
from multilayer.tables._arrow import import_pyarrow

LONGEST_LINE = 16 * 2**20
"""The longest first line in bytes, and the size of the blocks in which the file is parsed."""

KNOWN = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
_MEGABYTE = 2**20
_GZIP = b"\x1f\x8b"
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Bytes that can be read from the beginning repeatedly."""

    name: str  # for messages
    path: Path | None  # None for a file object
    data: bytes  # of a file object
    extension: str  # one of KNOWN; for a file object it follows from the content
    encoding: str | None = None  # the codec of a text file, or None for UTF-8

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
        compression = "gzip" if self.extension.endswith(".gz") else None
        return import_pyarrow("reading tables").input_stream(self.place, compression=compression)

    def open_text(self) -> Any:
        """Open a stream of UTF-8, which may begin with a byte order mark."""
        stream = self.open_bytes()
        if self.encoding is None:
            return stream
        return import_pyarrow("reading tables").transcoding_input_stream(stream, self.encoding, "utf-8")


def find_source(given: Any) -> Source:
    """Return the source of a path or a file object."""
    if hasattr(given, "read"):
        name = getattr(given, "name", None)
        name = "standard input" if name == "<stdin>" else name if isinstance(name, str) and name else "the file"
        data = _content(name, given)
        if not data:
            raise DataFileError(f"{name}: is empty. Column names and rows are needed.")
        kind = ".parquet" if data.startswith(b"PAR1") and data.endswith(b"PAR1") else ".csv"
        return Source(name, None, data, ".csv.gz" if data.startswith(_GZIP) else kind)
    if not isinstance(given, str | os.PathLike):
        raise InputError(
            f"expected the path of a file or a file opened with mode 'rb', got {type(given).__module__}."
            f"{type(given).__qualname__}."
        )
    path = Path(given)
    extension = _checked_extension(path)
    _check_is_file(path)
    return Source(str(path), path, b"", extension)


def _content(name: str, file: Any) -> bytes:
    content = bytearray()
    while chunk := file.read(_MEGABYTE):
        if isinstance(chunk, str):
            raise InputError(f"{name} is opened as text. Open it with mode 'rb', or pass sys.stdin.buffer.")
        content += chunk
        if len(content) - len(chunk) < LONGEST_LINE <= len(content) and not _is_binary_table(content):
            check_has_line_end(name, bytes(content))
    return bytes(content)


def _is_binary_table(content: bytearray) -> bool:
    return content.startswith((b"PAR1", _GZIP))


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
    if file.is_dir():
        raise DataFileError(f"{file}: is a directory, not a data file.")
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
        raise DataFileError(f"{file}: is a directory, not a data file.")
    if not stat.S_ISREG(mode):
        # Reading from a pipe without a writer would never end.
        raise DataFileError(f"{file}: is not a regular file.")
    if not file.stat().st_size:
        raise DataFileError(f"{file}: is empty. Column names and rows are needed.")
