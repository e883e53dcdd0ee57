"""Opening files that somebody else may have made: regular ones only, and never more of them than they hold."""

from __future__ import annotations

import os
import stat
from io import FileIO
from pathlib import Path

# A pipe would make open wait for its writer, and a child process would keep the file open.
FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o666) -> FileIO:
    """A regular file, opened without a buffer.

    Raises
    ------
    OSError
        If it cannot be opened, or is a folder, a pipe, a device or a socket.
    ValueError
        For a path that no file can have, such as one with a zero byte.
    """
    try:
        _check_is_regular(os.stat(path))  # to open a device may do something
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    descriptor = os.open(path, flags | FLAGS, mode)
    try:
        _check_is_regular(os.fstat(descriptor))
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        return FileIO(descriptor, "r+" if writes else "r")
    except BaseException:
        os.close(descriptor)
        raise


def read_exactly(file: FileIO, buffer: memoryview) -> bool:
    """Fill a buffer from a file; False where the file ends before."""
    n = 0
    while n < len(buffer):
        read = file.readinto(buffer[n:])
        if not read:
            return False
        n += read
    return True


def _check_is_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError("is not a regular file")
