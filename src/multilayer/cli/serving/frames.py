"""Lists of bytes on a pipe between two processes: their number, their lengths, and the bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import IO


def write_frame(file: IO[bytes], parts: Sequence[bytes]) -> None:
    """Write a list of bytes.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> write_frame(file, [b"one", b""])
    >>> read_frame(io.BytesIO(file.getvalue()))
    [b'one', b'']
    """
    head = struct.pack(f"<I{len(parts)}I", len(parts), *map(len, parts))
    file.write(b"".join([head, *parts]))
    file.flush()


def read_frame(file: IO[bytes]) -> list[bytes]:
    """Read a list of bytes.

    Raises
    ------
    EOFError
        If the other process has closed the pipe.
    """
    (n_parts,) = struct.unpack("<I", _read(file, 4))
    lengths = struct.unpack(f"<{n_parts}I", _read(file, 4 * n_parts))
    return [_read(file, length) for length in lengths]


def _read(file: IO[bytes], length: int) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise EOFError
    return found
