"""Locks on open files, which end with the process that holds them, however it ends."""

from __future__ import annotations

import os

# Windows locks ranges of bytes and keeps others from reading them: a byte far behind the end disturbs nobody.
FAR_BEHIND = 2**40


def lock(descriptor: int) -> bool:
    """Lock an open file exclusively, without waiting; whether it was free.

    Closing the descriptor releases the lock.  Two descriptors of one process exclude each other, too.

    Raises
    ------
    OSError
        Where the file system has no locks.
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
    os.lseek(descriptor, FAR_BEHIND, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
    except PermissionError:
        return False
    finally:
        os.lseek(descriptor, before, os.SEEK_SET)
    return True
