"""The journal of a search: a line for each result, so that a search that was killed goes on from there."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from multilayer.exceptions import JournalError, ParameterError

FORMAT, VERSION = "multilayer-search-journal", 1


@dataclass(frozen=True)
class Scored:
    """What became of one fold of one trial on one rung."""

    score: float  # NaN where it failed
    epochs: int = 0  # that it has been trained for
    has_ended: bool = True  # so that no longer training changes it
    n_weights: int = 0
    seconds: float = 0.0
    error: str = ""


# A digest of a candidate's parameters, the fold, and the epochs it was to be trained for (0: to its end).
Place = tuple[str, int, int]
BEGINNING = b'{"format": "' + FORMAT.encode() + b'"'


class Journal:
    """Results by their places, as they are in a file and as they are added to it.

    Each line is written in one piece; a last line that is torn, as a crash of the whole machine may leave it, is cut
    off.  A file of another search is an error, and so is one that another process is writing to.

    Parameters
    ----------
    path : path or None
        None keeps everything in memory.
    fingerprint : str
        Of all that results depend on.
    """

    def __init__(self, path: str | os.PathLike[str] | None, fingerprint: str) -> None:
        if path is not None and not isinstance(path, str | os.PathLike):
            raise ParameterError(f"journal must be a path or None, got {path!r}.")
        self.known: dict[Place, Scored] = {}
        self._path = None if path is None else Path(path)
        self._file: BinaryIO | None = None
        self._fingerprint = fingerprint

    def __enter__(self) -> Self:
        if self._path is not None:
            try:
                # Not buffered: what is written is with the operating system, whatever becomes of this process.
                self._file = self._path.open("a+b", buffering=0)
            except OSError as error:
                raise JournalError(
                    f"{self._path} cannot be opened as a journal: {error.strerror}. Name a file in a folder that can "
                    "be written to."
                ) from None
            try:
                _lock(self._file, self._path)
                self._read(self._file, self._path)
            except BaseException:
                self._file.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, place: Place, scored: Scored, shown: str = "") -> None:
        """Write a result down; ``shown`` are the candidate's parameters, for whoever reads the file."""
        self.known[place] = scored
        self._write({"candidate": place[0], "fold": place[1], "to": place[2]} | asdict(scored) | {"params": shown})

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            return
        line = json.dumps(entry).encode() + b"\n"
        try:
            n_written = self._file.write(line)
        except OSError as error:
            raise JournalError(
                f"{self._path} cannot be written to: {error.strerror}. What it holds is whole."
            ) from error
        if n_written != len(line):
            raise JournalError(f"{self._path} cannot be written to: the disk is full. Make room and call search again.")

    def _read(self, file: BinaryIO, path: Path) -> None:
        file.seek(0)
        text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        if not (text.startswith(BEGINNING) or (not whole and BEGINNING.startswith(text))):
            raise JournalError(f"{path} is no journal of a search. Name another file; this one is left as it is.")
        if len(whole) < len(text):
            file.truncate(len(whole))
        if not whole:
            self._write({"format": FORMAT, "version": VERSION, "fingerprint": self._fingerprint})
            return
        first, *lines = whole.splitlines()
        try:
            header = json.loads(first)
        except ValueError as error:
            raise JournalError(f"{path} is damaged in line 1: {error}. Name another file.") from error
        if header.get("version") != VERSION:
            raise JournalError(
                f"{path} is a journal of version {header.get('version')!r}, and this release reads version {VERSION}. "
                "Go on with the release that began it, or name another file."
            )
        if header.get("fingerprint") != self._fingerprint:
            raise JournalError(
                f"{path} is the journal of another search: the data, the estimator, the folds or the scoring were "
                "others, or the release of the library. Call search as it was called then, or name another file."
            )
        for number, line in enumerate(lines, start=2):
            try:
                entry = json.loads(line)
                place = entry.pop("candidate"), entry.pop("fold"), entry.pop("to")
                entry.pop("params")
                self.known[place] = Scored(**entry)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise JournalError(f"{path} is damaged in line {number}: {error}. Name another file.") from error


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep other processes from writing to the file, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(f"{path} is in use by another search. Wait for it, or name another file.") from None
