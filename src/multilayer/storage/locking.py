"""Locks on open files; the system releases them when the process ends."""

from __future__ import annotations

import os

# Windows locks ranges of bytes against reading too, so we lock a byte far beyond the end.
FAR_BEYOND = 2**40


def lock(descriptor: int) -> bool:
    """Lock an open file exclusively, without waiting.

    Closing the descriptor releases the lock.  Two descriptors of one process exclude each other, too.

    Parameters
    ----------
    descriptor : int
        The file descriptor.

    Returns
    -------
    bool
        Whether the lock was free.

    Raises
    ------
    OSError
        If the file system has no locks.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _lock_on_windows(descriptor: int) -> bool:
    try:
        import msvcrt
    except ImportError:  # a system with neither, such as Python in a browser
        raise OSError("this system has no file locks") from None
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, FAR_BEYOND, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, before, os.SEEK_SET)
    return True
