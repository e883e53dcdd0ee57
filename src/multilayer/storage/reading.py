"""Reading of files that may be hostile: regular files only, and within bounds."""

from __future__ import annotations

import os
import stat
from io import FileIO
from pathlib import Path

# Do not wait for the writer of a pipe, and do not pass the file to child processes.
FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path, flags: int = os.O_RDONLY) -> FileIO:
    """Open a regular file without a buffer.

    Parameters
    ----------
    path : Path
        The file.
    flags : int
        Flags of ``os.open``.

    Returns
    -------
    FileIO
        The open file.

    Raises
    ------
    OSError
        If it cannot be opened, or is a folder, a pipe, a device or a socket.
    ValueError
        For an invalid path, such as one with a zero byte.
    """
    try:
        _check_is_regular(os.stat(path))  # opening a device can have side effects
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    descriptor = os.open(path, flags | FLAGS, 0o666)
    try:
        _check_is_regular(os.fstat(descriptor))
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        return FileIO(descriptor, "r+" if writes else "r")
    except BaseException:
        os.close(descriptor)
        raise


def read_exactly(file: FileIO, buffer: memoryview) -> bool:
    """Fill a buffer from a file.

    Parameters
    ----------
    file : FileIO
        The open file.
    buffer : memoryview
        The buffer.

    Returns
    -------
    bool
        Whether the buffer is full; False if the file is shorter.
    """
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
