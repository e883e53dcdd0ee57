"""The folder of a fit on a dataset: encoded rows, checkpoints and a header, by which the same fit resumes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError
from multilayer.storage import lock, parse_json, reason_of, replace_file
from multilayer.tables.models.memory import MemoryPlan, checked_scratch
from multilayer.tables.streaming.source import TableStream

HEADER, LOCK = "multilayer-fit.json", "multilayer-fit.lock"
ADVICE = f"Remove {HEADER} from the folder to begin the fit again, or pass another folder as scratch=."
FORMAT, VERSION = "multilayer fit on a dataset", 1
# Parameters without influence on the result, or that the plan replaces.
_WITHOUT_INFLUENCE = ("callbacks", "n_jobs", "scratch", "memory", "max_time")


@dataclass(frozen=True, eq=False)
class ScratchFolder:
    """The folder of one fit.

    Attributes
    ----------
    path : Path
        The folder.
    fingerprint : str
        A hash of the files, the settings and the target.
    plan : MemoryPlan
        The plan of the program that began the fit.
    seeds : tuple of int
        The seeds of the networks, and of the models beside them.
    is_kept : bool
        Whether the user has named the folder, so that a killed fit can resume.
    is_new : bool
        Whether the fit has made the folder, and removes it.
    """

    path: Path
    fingerprint: str
    plan: MemoryPlan
    seeds: tuple[int, ...]
    is_kept: bool
    is_new: bool = False

    @property
    def table_file(self) -> Path:
        """The file of the results of the passes."""
        return self.path / "multilayer-table.npz"

    def rows_folder(self, encoding: str) -> Path:
        """Return the folder of the rows in an encoding."""
        return self.path / f"rows-{encoding}"

    def checkpoint(self, recipe: str) -> Path:
        """Return the file of the checkpoint of a network."""
        return self.path / f"network-{recipe.replace(' ', '-')}.npz"

    def remove(self) -> None:
        """Remove the files of the fit."""
        files = [self.path / HEADER, self.table_file, *self.path.glob("network-*.npz")]
        for folder in self.path.glob("rows-*"):
            files += folder.glob("multilayer-rows.*")
        for file in files:
            file.unlink(missing_ok=True)
        for folder in self.path.glob("rows-*"):
            with suppress(OSError):  # another program has added a file
                folder.rmdir()


def fingerprint_of(model: Any, stream: TableStream) -> str:
    """Return a hash of the files, their columns and the settings that the result of a fit depends on."""
    parameters = {
        name: _text_of(value)
        for name, value in sorted(model.get_params(deep=False).items())
        if name not in _WITHOUT_INFLUENCE
    }
    described = [FORMAT, VERSION, type(model).__name__, stream.fingerprint, stream.target, model.memory, parameters]
    return hashlib.blake2b(json.dumps(described).encode(), digest_size=16).hexdigest()


@contextmanager
def scratch_folder(
    model: Any, stream: TableStream, new_plan: Callable[[], MemoryPlan], new_seeds: Callable[[], NDArray[Any]]
) -> Iterator[ScratchFolder]:
    """Open the folder of a fit within this block.

    At its end the files are removed.  In a folder that the user has named they stay, once the passes are complete, if
    the block is left by an error or Ctrl-C.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The model.
    stream : TableStream
        The dataset.
    new_plan, new_seeds : callable
        Return the plan and the seeds of a fit that begins.

    Yields
    ------
    ScratchFolder
        The folder of a new fit, or of a killed one, with its plan and seeds.

    Raises
    ------
    DataFileError
        If the folder cannot be used, or belongs to another fit.
    """
    named, fingerprint = checked_scratch(model.scratch), fingerprint_of(model, stream)
    if named is None:
        with tempfile.TemporaryDirectory(prefix="multilayer-fit-", ignore_cleanup_errors=True) as path:
            seeds = tuple(np.asarray(new_seeds()).tolist())
            yield ScratchFolder(Path(path), fingerprint, new_plan(), seeds, is_kept=False)
        return
    made = [each for each in (named, *named.parents) if not each.exists()]
    try:
        with _locked(named):
            folder = _read_header(named, fingerprint)
            if folder is None:
                seeds = tuple(np.asarray(new_seeds()).tolist())
                folder = ScratchFolder(named, fingerprint, new_plan(), seeds, is_kept=True, is_new=bool(made))
                folder.remove()  # what a fit without its header has left
                _write_header(folder)
            if folder.is_new and not made:  # by the program that was killed
                made = [named]
            try:
                yield folder
            except BaseException:
                if not folder.table_file.exists():
                    folder.remove()
                raise
    finally:
        for each in made:
            with suppress(OSError):  # files of a fit that can resume
                each.rmdir()


def _text_of(value: Any) -> str:
    return "RandomState" if isinstance(value, np.random.RandomState) else repr(value)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Make the folder, and lock it against other fits within this block."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        file = (path / LOCK).open("ab")
    except OSError as error:
        raise DataFileError(f"{path} cannot hold a fit: {reason_of(error)}. Pass another folder as scratch=.") from None
    with file:
        with suppress(OSError):  # a file system without locks
            if not lock(file.fileno()):
                raise DataFileError(f"{path} is in use by another fit. Wait for its end, or name another folder.")
        try:
            yield
        finally:
            with suppress(OSError):
                file.close()  # Windows removes no open file
                (path / LOCK).unlink(missing_ok=True)


def _write_header(folder: ScratchFolder) -> None:
    described = {
        "format": FORMAT,
        "version": VERSION,
        "fingerprint": folder.fingerprint,
        "plan": asdict(folder.plan),
        "seeds": list(folder.seeds),
        "is_new": folder.is_new,
    }
    try:
        replace_file(folder.path / HEADER, json.dumps(described, indent=1).encode())
    except OSError as error:
        raise DataFileError(
            f"{folder.path} cannot hold a fit: {reason_of(error)}. Pass another folder as scratch=."
        ) from None


def _read_header(path: Path, fingerprint: str) -> ScratchFolder | None:
    """Return the folder of a killed fit; None if there is none."""
    file = path / HEADER
    try:
        found = parse_json(file.read_bytes())
        if (found["format"], found["version"]) != (FORMAT, VERSION):
            raise ValueError("it has another format")
        plan, seeds = MemoryPlan(**found["plan"]), tuple(int(seed) for seed in found["seeds"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(f"{file} cannot be read: {error}. {ADVICE}") from None
    if found["fingerprint"] != fingerprint:
        raise DataFileError(
            f"{path} holds a fit on other files, or with other settings, that was not completed. Repeat the same call "
            f"to resume it. {ADVICE}"
        )
    return ScratchFolder(path, fingerprint, plan, seeds, is_kept=True, is_new=found.get("is_new") is True)
