"""A file is written beside and renamed: under its name there is always a whole one, the old or the new.

Whoever reads the file meanwhile goes on with the old one: no byte of an existing file is ever changed.
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
MAX_NAME = 200  # bytes of a name that a temporary file's name repeats; most file systems allow 255 in all
# A temporary file that is locked belongs to a process that is still writing.  Where files cannot be locked, one that
# has not changed for so long does not.
ABANDONED = 24 * 3600.0
ATTEMPTS = 100
NOT_SUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # of file systems that cannot bring a folder to the disk
PATIENCE = 2.0  # seconds to wait for another program, which has the file open on Windows, or locks the folder


def replace_file(path: Path, content: bytes | Sequence[bytes | memoryview], keep: int = 1) -> None:
    """Put a file with this content in the place of ``path``, or make one.

    An existing file keeps its mode, and a new one has the mode that the umask leaves.  Where the system does not let
    the file keep its group, the new group gets no more rights than others had.  Of a symbolic link its target is
    replaced.  Folders that are missing are made.  Content and name are on the disk when the function returns.
    After an error everything is as it was.  Temporary files of processes that were killed while they wrote to this
    path are removed.

    Parameters
    ----------
    path : Path
    content : bytes, or a sequence of them
    keep : int, default=1
        Above 1, the files before stay under their name with .1, .2, ... added, .1 the youngest.

    Raises
    ------
    OSError, ValueError
        For a path that cannot be written to; one that is a folder or a device is among these.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    before = _status_of(target)
    made = _make_folders(target.parent)
    temporary: Path | None = None
    try:
        temporary, file = _begin(target, before)
        with file:
            _remove_abandoned(target)
            _write_as(before, temporary, file, [content] if isinstance(content, bytes) else content)
            if not WINDOWS:  # which cannot rename a file that is open
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
    """Why a file cannot be read or written, without its name, which may be that of a temporary file."""
    reason = getattr(error, "strerror", None)
    return str(reason or error).rstrip(".")


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, so that a machine that loses its power still has them.

    Where the system or the folder's mode does not allow it, nothing is done.
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
    """A descriptor; None on Windows, which cannot open a folder, and for one that can be written to but not listed."""
    if WINDOWS:
        return None
    try:
        return os.open(folder, os.O_RDONLY | FLAGS)
    except OSError:
        return None


def _status_of(target: Path) -> os.stat_result | None:
    """What is known of the file to replace; None where there is none."""
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
    """Give a file the owner and group of the one before, where this process may; the mode that it then may have."""
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
        mode &= 0o777  # setuid and setgid would be another user's
    if now.st_gid != before.st_gid:
        # Members of this group were others to the file before.
        mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    return mode


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were missing, outermost first."""
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
        with suppress(OSError):  # another process has put something there
            folder.rmdir()


def _stem(name: str) -> str:
    """What the names of all temporary files for a file of this name begin with."""
    encoded = os.fsencode(name)
    if len(encoded) <= MAX_NAME:
        return f".{name}."
    return f".{os.fsdecode(encoded[:100])}~{hashlib.blake2b(encoded, digest_size=8).hexdigest()}."


def _fresh_name(target: Path) -> Path:
    return target.with_name(f"{_stem(target.name)}{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _begin(target: Path, before: os.stat_result | None) -> tuple[Path, FileIO]:
    """A new temporary file beside the target, open and locked; nobody may read it who may not read the target."""
    mode = 0o666 if before is None else 0o600  # until it has the owner and group of the one before
    while True:
        temporary = _fresh_name(target)
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | FLAGS, mode)
        with suppress(OSError):  # a file system without locks
            lock(descriptor)
        if os.fstat(descriptor).st_nlink > 0:
            return temporary, FileIO(descriptor, "r+")
        os.close(descriptor)  # taken for abandoned by another process, in the moment before it was locked


def _write_as(
    before: os.stat_result | None, temporary: Path, file: FileIO, content: Sequence[bytes | memoryview]
) -> None:
    """Write the content, and give the file the owner and mode of the one before."""
    if before is None:
        _write(file, content)
        return
    mode = _take_over(temporary, before)
    # While it is written its owner can write to it, as who removes it after a crash must on some file systems.
    os.chmod(temporary, mode | stat.S_IRUSR | stat.S_IWUSR)
    _write(file, content)
    if stat.S_IMODE(os.stat(temporary).st_mode) != mode:
        os.chmod(temporary, mode)


def _write(file: FileIO, content: Sequence[bytes | memoryview]) -> None:
    for piece in content:
        left = memoryview(piece)
        while left:
            left = left[file.write(left) :]
    os.fsync(file.fileno())


def _remove_abandoned(target: Path) -> None:
    """Remove temporary files for this target whose writers are gone."""
    pattern = re.compile(re.escape(_stem(target.name)) + r"\d+-[0-9a-f]{8}\.tmp")
    with suppress(OSError):  # a folder that can be written to and not listed; what cannot be removed stays
        for entry in os.scandir(target.parent):
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(temporary: Path) -> None:
    with suppress(OSError):
        flags = FLAGS | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(temporary, os.O_RDWR | flags)
        except PermissionError:  # one that replaces a file which nobody may write to; most systems can still lock it
            descriptor = os.open(temporary, os.O_RDONLY | flags)
        try:
            is_abandoned = lock(descriptor)
        except OSError:  # a file system without locks
            is_abandoned = time.time() - os.fstat(descriptor).st_mtime > ABANDONED
        else:
            if is_abandoned and not WINDOWS:
                temporary.unlink()  # while it is locked: its name cannot become the target's meanwhile
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
    """The files before, each one number further; the newest of them keeps its name too, which is never empty."""
    for number in range(keep - 1, 1, -1):
        with suppress(FileNotFoundError):
            _replace(target.with_name(f"{target.name}.{number - 1}"), target.with_name(f"{target.name}.{number}"))
    for _ in range(ATTEMPTS):
        try:
            second = _second_name(target)
        except FileNotFoundError:  # there is no file before
            return
        try:
            _replace(second, target.with_name(f"{target.name}.1"))
            return
        except FileNotFoundError:  # taken for abandoned by another process
            continue
        finally:
            second.unlink(missing_ok=True)  # the two were one file already, and nothing was renamed


def _second_name(target: Path) -> Path:
    """A second name of a file, which can then replace an older file: nothing is written into one that has readers."""
    second = _fresh_name(target)
    try:
        os.link(target, second)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        before = os.stat(target)
        second, file = _begin(target, before)
        try:
            with file:
                _write_as(before, second, file, [target.read_bytes()])
        except BaseException:
            second.unlink()
            raise
    return second


def _replace(source: Path, target: Path) -> None:
    """Rename; on Windows, wait for a program that has the target open, if it does not take long."""
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
    """Keep other writers of this library from renaming here, where the system can; nobody waits for long."""
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
