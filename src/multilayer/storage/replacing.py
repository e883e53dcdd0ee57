"""Atomic replacement of files: the new content is written to a temporary file, which is then renamed.

The name always refers to a complete file, the old or the new one.  A program that has the old file open keeps reading
it: existing files are never modified.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from multilayer.storage.locking import lock
from multilayer.storage.reading import FLAGS

WINDOWS = os.name == "nt"
MAX_NAME = 200  # longest name, in bytes, that is part of the temporary name; most file systems allow 255 bytes
# A locked temporary file belongs to a running process.  Without locks, a file that is older than this is abandoned.
ABANDONED = 24 * 3600.0  # seconds
ATTEMPTS = 100
NOT_SUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # of file systems that cannot sync a folder
PATIENCE = 2.0  # seconds to wait for a program that has the file open on Windows or locks the folder


def replace_file(path: Path, content: bytes | Sequence[bytes | memoryview], keep: int = 1) -> None:
    """Create or replace a file atomically.

    An existing file keeps its mode, and a new one gets the mode of the umask.  If the file cannot keep its group, the
    new group gets at most the rights that others had.  If ``path`` is a symbolic link, its target is replaced.  Missing
    folders are created.  Content and name are on the disk when the function returns.  After an error nothing has
    changed.  Temporary files of killed processes for this path are removed.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes or sequence of bytes
        The new content.
    keep : int, default=1
        The number of files to keep: earlier ones get .1, .2, ... appended to their name, .1 the most recent.

    Raises
    ------
    OSError, ValueError
        If the path cannot be written, or is a folder or a device.
    """
    with replacement(path, keep) as file:
        _write(file, [content] if isinstance(content, bytes) else content)


@contextmanager
def replacement(path: Path, keep: int = 1) -> Iterator[FileIO]:
    """Open a file that replaces another one atomically when this block ends, for content that is written in parts.

    After an error in the block nothing has changed.  See :func:`replace_file`.

    Parameters
    ----------
    path : Path
        The file.
    keep : int, default=1
        The number of files to keep.

    Yields
    ------
    FileIO
        A temporary file, open for writing bytes; it may write fewer bytes than it is given.

    Raises
    ------
    OSError, ValueError
        If the path cannot be written, or is a folder or a device.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    before = _status_of(target)
    made = _make_folders(target.parent)
    temporary: Path | None = None
    try:
        temporary, file = _begin(target, before)
        with file:
            _remove_abandoned(target)
            with _with_mode_of(before, temporary):
                yield file
                os.fsync(file.fileno())
            if not WINDOWS:  # Windows cannot rename an open file
                _put_in_place(temporary, target, keep)
        if WINDOWS:
            _put_in_place(temporary, target, keep)
        made = []
    finally:
        if temporary is not None:
            with suppress(OSError):  # it was renamed
                temporary.unlink()
        _remove_folders(made)


def reason_of(error: Exception) -> str:
    """Return the reason of an error without the name of the file, which may be temporary.

    Parameters
    ----------
    error : Exception
        The error.

    Returns
    -------
    str
        The reason, without a full stop.
    """
    reason = getattr(error, "strerror", None)
    return str(reason or error).rstrip(".")


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, so that they survive a loss of power.

    Nothing is done if the system or the folder's mode does not allow it.

    Parameters
    ----------
    folder : Path
        The folder.
    """
    descriptor = _open_folder(folder)
    if descriptor is None:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise
    finally:
        os.close(descriptor)


def _open_folder(folder: Path) -> int | None:
    """Open a folder; return None on Windows, which cannot, and if the folder cannot be listed."""
    if WINDOWS:
        return None
    try:
        return os.open(folder, os.O_RDONLY | FLAGS)
    except OSError:
        return None


def _status_of(target: Path) -> os.stat_result | None:
    """Return the status of the file to replace; None if it does not exist."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError("it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError("it is not a regular file")
    return status


def _take_over(temporary: Path, before: os.stat_result) -> int:
    """Give a file the owner and group of the previous one, if permitted; return the mode that it may then have."""
    now = os.stat(temporary)
    mode = stat.S_IMODE(before.st_mode)
    if WINDOWS or (now.st_uid, now.st_gid) == (before.st_uid, before.st_gid):
        return mode
    try:
        os.chown(temporary, before.st_uid, before.st_gid)
    except OSError:
        with suppress(OSError):  # a member may still give the group
            os.chown(temporary, -1, before.st_gid)
    now = os.stat(temporary)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        mode &= 0o777  # setuid and setgid would apply to another user
    if now.st_gid != before.st_gid:
        # The members of this group had the rights of others.
        mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    return mode


def _make_folders(folder: Path) -> list[Path]:
    """Create a folder and its parents; return the new ones, outermost first."""
    missing = []
    while not folder.exists() and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    made: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            made.append(each)
    except BaseException:
        _remove_folders(made)
        raise
    return made


def _remove_folders(made: list[Path]) -> None:
    for folder in reversed(made):
        with suppress(OSError):  # another process has added a file
            folder.rmdir()


def _stem(name: str) -> str:
    """Return the prefix of the names of all temporary files for a file of this name."""
    encoded = os.fsencode(name)
    if len(encoded) <= MAX_NAME:
        return f".{name}."
    return f".{os.fsdecode(encoded[:100])}~{hashlib.blake2b(encoded, digest_size=8).hexdigest()}."


def _fresh_name(target: Path) -> Path:
    return target.with_name(f"{_stem(target.name)}{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _begin(target: Path, before: os.stat_result | None) -> tuple[Path, FileIO]:
    """Create, open and lock a temporary file next to the target, with at most the target's permissions."""
    mode = 0o666 if before is None else 0o600  # until it has the owner and group of the previous file
    while True:
        temporary = _fresh_name(target)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | FLAGS, mode)
        with suppress(OSError):  # a file system without locks
            lock(descriptor)
        if os.fstat(descriptor).st_nlink > 0:
            return temporary, FileIO(descriptor, "r+")
        os.close(descriptor)  # another process removed it as abandoned before it was locked


@contextmanager
def _with_mode_of(before: os.stat_result | None, temporary: Path) -> Iterator[None]:
    """Give a file the owner and mode of the previous one, while this block writes to it."""
    if before is None:
        yield
        return
    mode = _take_over(temporary, before)
    # Until then its owner keeps write access: some file systems need it to remove the file after a crash.
    os.chmod(temporary, mode | stat.S_IRUSR | stat.S_IWUSR)
    yield
    if stat.S_IMODE(os.stat(temporary).st_mode) != mode:
        os.chmod(temporary, mode)


def _write(file: FileIO, content: Sequence[bytes | memoryview]) -> None:
    for piece in content:
        left = memoryview(piece)
        while left:
            left = left[file.write(left) :]


def _remove_abandoned(target: Path) -> None:
    """Remove the temporary files of killed processes for this target."""
    pattern = re.compile(re.escape(_stem(target.name)) + r"\d+-[0-9a-f]{8}\.tmp")
    with suppress(OSError):  # the folder cannot be listed, or a file cannot be removed
        for entry in os.scandir(target.parent):
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(temporary: Path) -> None:
    with suppress(OSError):
        flags = FLAGS | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(temporary, os.O_RDWR | flags)
        except PermissionError:  # a replacement of a read-only file; most systems can still lock it
            descriptor = os.open(temporary, os.O_RDONLY | flags)
        try:
            is_abandoned = lock(descriptor)
        except OSError:  # a file system without locks
            is_abandoned = time.time() - os.fstat(descriptor).st_mtime > ABANDONED
        else:
            if is_abandoned and not WINDOWS:
                temporary.unlink()  # while locked, so that it cannot be renamed to the target
        finally:
            os.close(descriptor)
        if is_abandoned:
            temporary.unlink(missing_ok=True)


def _put_in_place(temporary: Path, target: Path, keep: int) -> None:
    if keep == 1:
        _replace(temporary, target)
    else:
        with _folder_locked(target.parent):
            _move_on(target, keep)
            _replace(temporary, target)
    sync_folder(target.parent)


def _move_on(target: Path, keep: int) -> None:
    """Rename the earlier files to the next number; the current one also keeps its name, which always exists."""
    for number in range(keep - 1, 1, -1):
        with suppress(FileNotFoundError):
            _replace(target.with_name(f"{target.name}.{number - 1}"), target.with_name(f"{target.name}.{number}"))
    for _ in range(ATTEMPTS):
        try:
            second = _second_name(target)
        except FileNotFoundError:  # there is no earlier file
            return
        try:
            _replace(second, target.with_name(f"{target.name}.1"))
            return
        except FileNotFoundError:  # another process removed it as abandoned
            continue
        finally:
            second.unlink(missing_ok=True)  # if both names were the same file, nothing was renamed


def _second_name(target: Path) -> Path:
    """Give a file a second name, which can then replace an older file without writing into it."""
    second = _fresh_name(target)
    try:
        os.link(target, second)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        before = os.stat(target)
        second, file = _begin(target, before)
        try:
            with file, _with_mode_of(before, second):
                _write(file, [target.read_bytes()])
                os.fsync(file.fileno())
        except BaseException:
            second.unlink()
            raise
    return second


def _replace(source: Path, target: Path) -> None:
    """Rename; on Windows, wait up to ``PATIENCE`` seconds for a program that has the target open."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.replace(source, target)
        except PermissionError:
            if not WINDOWS or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """Keep other writers of this library from renaming here, if the system has locks; wait for a short time only."""
    descriptor = _open_folder(folder)
    if descriptor is None:
        yield
        return
    try:
        deadline = time.monotonic() + PATIENCE
        with suppress(OSError):  # a file system without locks
            while not lock(descriptor) and time.monotonic() < deadline:
                time.sleep(0.002)
        yield
    finally:
        os.close(descriptor)
