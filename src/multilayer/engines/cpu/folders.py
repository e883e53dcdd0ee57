"""The folders of the kernel cache, and which of their files are safe to run.

A file of the cache is machine code that this process runs.  So it is read only if no one except this user and the
administrator can write to it.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

# Other formats of these files have other folder names.
FOLDER = Path("multilayer", "machine-code")

# O_BINARY exists on Windows, O_NONBLOCK elsewhere: without it, opening a named pipe would block.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def candidates(numba_cache_dir: str = "") -> list[Path]:
    """Return the folders to search, in order; they need not exist.

    A relative path is ignored: it would name another folder in each working directory, possibly one of another user.
    The XDG base directory specification requires the same.
    """
    bases = [numba_cache_dir, os.environ.get("XDG_CACHE_HOME", "")]
    if os.name == "nt":
        bases.append(os.environ.get("LOCALAPPDATA", ""))
    with suppress(RuntimeError):  # no home directory: a service account
        home = Path.home()
        bases.append(str(home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"))
    return list(dict.fromkeys(Path(base) / FOLDER for base in bases if Path(base).is_absolute()))


def is_trusted(status: os.stat_result) -> bool:
    """Return whether a file or a folder belongs to this user or to the administrator, and others cannot write to it.

    Windows has no such bits; there the folders are in the user's profile, or chosen by the user.
    """
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def is_trusted_folder(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and is_trusted(status)


def read_trusted(path: Path) -> bytes | None:
    """Return the content of a file if the file and its folder are safe; otherwise None."""
    if not is_trusted_folder(path.parent):
        return None
    try:
        with open(os.open(path, _READ), "rb") as file:
            status = os.fstat(file.fileno())  # of the open file, because the name may now refer to another file
            return file.read() if stat.S_ISREG(status.st_mode) and is_trusted(status) else None
    except OSError:
        return None


def first_writable(folders: list[Path]) -> Path | None:
    """Return the first folder that can be written to and read from safely, and create it if it is missing."""
    for folder in folders:
        try:
            _make(folder)
            if is_trusted_folder(folder):
                tempfile.TemporaryFile(dir=folder).close()
                return folder
        except OSError:
            continue
    return None


def _make(folder: Path) -> None:
    """Make a folder that others cannot write to, for any umask; its parents above ``FOLDER`` follow the umask."""
    base = folder.parents[len(FOLDER.parts) - 1]
    base.mkdir(parents=True, exist_ok=True)
    for path in (folder.parent, folder):
        path.mkdir(mode=0o755, exist_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically; its readers follow the umask, and only this user can write it.

    The machine code of this library is public, and other users may use the cache of one user.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    temporary = Path(name)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        if os.name == "posix":
            folder_mode = stat.S_IMODE(path.parent.stat().st_mode)
            temporary.chmod(0o600 | folder_mode & 0o044)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
