"""Scratch files: the space that they need, and their removal."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multilayer.exceptions import DataFileError
from multilayer.storage import reason_of

NO_SPACE = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def check_disk_space(folder: str | os.PathLike[str], n_bytes: int) -> None:
    """Raise an error if a folder has less free space than a file needs.

    Parameters
    ----------
    folder : str or path
        The folder, which need not exist yet.
    n_bytes : int
        The size of the file.

    Raises
    ------
    DataFileError
        If there is too little space.

    Examples
    --------
    >>> check_disk_space(".", 1)
    """
    free = free_bytes(Path(folder))
    if n_bytes > free:
        raise too_little_space(Path(folder), n_bytes, free)


def free_bytes(folder: Path) -> int:
    """Return the free space of a folder, or of the first of its parents that exists."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def too_little_space(folder: Path, n_bytes: int, free: int) -> DataFileError:
    """Return the error for a folder with too little space."""
    return DataFileError(
        f"the encoded rows need {size(n_bytes)} of disk space, but {folder} has {size(free)} free. Pass another folder "
        "as scratch=, free some space, or use fewer columns or rows."
    )


def size(n_bytes: float) -> str:
    """Return a number of bytes as text.

    Examples
    --------
    >>> size(999), size(20_400_000_000)
    ('999 bytes', '20.4 GB')
    """
    unit = 0
    while n_bytes >= 1000 and unit < len(UNITS) - 1:
        n_bytes, unit = n_bytes / 1000, unit + 1
    return f"{n_bytes:.{1 if unit else 0}f} {UNITS[unit]}"


class ScratchFiles:
    """Files of one folder that are removed in the end.

    Parameters
    ----------
    folder : Path
        The folder.  It is created if it does not exist.
    names : sequence of str
        The names of the files.
    keep : bool
        Whether the files stay, so that a killed program can be resumed with them.  Otherwise they are put into a new
        folder within this one, which is removed at the latest when the process ends.

    Raises
    ------
    DataFileError
        If the folder cannot be created or written to.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], *, keep: bool) -> None:
        self.keep, self.names = keep, names
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.folder = folder if keep else Path(tempfile.mkdtemp(prefix="multilayer-", dir=folder))
        except OSError as error:
            raise DataFileError(
                f"{folder} cannot hold the encoded rows: {reason_of(error)}. Pass another folder as scratch=."
            ) from None
        # finalize also runs at the end of the process.
        self._finalize = None if keep else weakref.finalize(self, _remove, self.folder, names, own_folder=True)

    def path(self, name: str) -> Path:
        """Return the path of a file."""
        return self.folder / name

    def close(self) -> None:
        """Remove the files that are not kept."""
        if self._finalize is not None:
            self._finalize()

    def remove(self) -> None:
        """Remove the files, also those that would be kept."""
        self.close()
        if self.keep:
            _remove(self.folder, self.names, own_folder=False)

    @contextmanager
    def removed_on_failure(self, needed: int) -> Iterator[None]:
        """Remove the files after any error in this block, Ctrl-C included; a full disk becomes a DataFileError."""
        try:
            yield
        except OSError as error:
            free = free_bytes(self.folder)
            self.remove()
            if error.errno in NO_SPACE:
                raise too_little_space(self.folder, needed, free) from None
            raise DataFileError(
                f"the encoded rows cannot be written to {self.folder}: {reason_of(error)}. "
                "Pass another folder as scratch=."
            ) from None
        except BaseException:
            self.remove()
            raise


def _remove(folder: Path, names: tuple[str, ...], *, own_folder: bool) -> None:
    for name in names:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    if own_folder:
        with suppress(OSError):  # another program has added a file
            folder.rmdir()
