"""The journal of a search: one line for each result, so that a search that was killed can be resumed."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from multilayer.exceptions import JournalError, ParameterError
from multilayer.storage import lock, open_regular, parse_json, reason_of, sync_folder

FORMAT, VERSION = "multilayer-search-journal", 2
MAX_LINE = 1 << 20  # bytes
MAX_TEXT = 10_000  # characters of an error, or of the parameters shown


@dataclass(frozen=True)
class Scored:
    """The score of one fold of one trial on one rung."""

    score: float  # NaN if the fit failed
    epochs: int = 0  # of training so far
    has_ended: bool = True  # whether training has ended, so that more epochs change nothing
    n_weights: int = 0
    seconds: float = 0.0
    error: str = ""


# A hash of a candidate's parameters, the fold, and the epochs of the rung (0: to the end of training).
JournalKey = tuple[str, int, int]
BEGINNING = b'{"format": "' + FORMAT.encode() + b'"'
CHECKED = re.compile(rb'(.+), "check": "([0-9a-f]{16})"}\n', re.DOTALL)
# Numbers that JSON cannot represent.
SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class Journal:
    """Results that are read from a file and appended to it.

    Each line is written in one piece with a checksum, and is on the disk before the search continues.  An incomplete
    last line, which a crash or a full disk may leave, is removed.  Damage anywhere else is an error, and so is a file
    of another search or one that another process writes to.  Without a path, the results are kept in memory.
    """

    def __init__(self, path: str | os.PathLike[str] | None, fingerprint: str) -> None:
        if path is not None and not isinstance(path, str | os.PathLike):
            raise ParameterError(f"journal must be a path or None, got {path!r}.")
        self.known: dict[JournalKey, Scored] = {}
        self._path = None if path is None else Path(path)
        self._file: io.FileIO | None = None
        self._fingerprint = fingerprint

    def __enter__(self) -> Self:
        if self._path is not None:
            self._file = _opened(self._path)
            try:
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

    def add(self, place: JournalKey, scored: Scored, shown: str = "") -> None:
        """Append a result; ``shown`` are the candidate's parameters, for people who read the file."""
        self.known[place] = scored
        result = asdict(scored) | {"error": scored.error[:MAX_TEXT], "params": shown[:MAX_TEXT]}
        self._write(dict(zip(("candidate", "fold", "to"), place, strict=True)) | result)

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is None or self._path is None:
            return
        size, line = os.fstat(self._file.fileno()).st_size, _line(entry)
        try:
            if self._file.write(line) != len(line):
                raise OSError("the disk is full")
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(size)
            raise JournalError(
                f"{self._path} cannot be written to: {reason_of(error)}. Its results are complete. Make room, and call "
                "search again."
            ) from error

    def _read(self, file: io.FileIO, path: Path) -> None:
        reader = io.BufferedReader(file)
        try:
            first = reader.readline(MAX_LINE)
            is_torn = not first.endswith(b"\n") and len(first) < MAX_LINE
            if not (first.startswith(BEGINNING) or (is_torn and BEGINNING.startswith(first))):
                raise JournalError(f"{path} is no journal of a search. Name another file; this one is not changed.")
            if is_torn:
                end = 0
            else:
                self._check_header(first, path)
                end = len(first) + self._read_results(reader, path)
        finally:
            reader.detach()
        if end < os.fstat(file.fileno()).st_size:
            file.truncate(end)
        if not end:
            self._write({"format": FORMAT, "version": VERSION, "fingerprint": self._fingerprint})
            with suppress(OSError):  # a folder that cannot be opened
                sync_folder(path.parent)

    def _check_header(self, line: bytes, path: Path) -> None:
        try:
            header = parse_json(line)
        except ValueError as error:
            raise _damaged(path, 1, error) from None
        if header.get("version") != VERSION:
            raise JournalError(
                f"{path} is a journal of version {str(header.get('version'))[:80]!r}, and this release reads version "
                f"{VERSION}. Resume with the release that wrote it, or name another file."
            )
        try:
            header = _entry(line)
        except ValueError as error:
            raise _damaged(path, 1, error) from None
        if header.get("fingerprint") != self._fingerprint:
            raise JournalError(
                f"{path} is the journal of another search: the data, the estimator, the folds, the scoring or the "
                "release of the library differ. Call search with the same arguments, or name another file."
            )

    def _read_results(self, reader: io.BufferedReader[io.FileIO], path: Path) -> int:
        """Read the results, and return the length of the complete lines."""
        n_bytes, number = 0, 1
        while line := reader.readline(MAX_LINE):
            number += 1
            try:
                place, scored = _result(_entry(line))
            except ValueError as error:
                # A power failure may leave an incomplete line, or zeros in place of bytes.
                if (line.endswith(b"\n") and b"\0" not in line) or reader.read(1):
                    raise _damaged(path, number, error) from None
                break
            self.known[place] = scored
            n_bytes += len(line)
        return n_bytes


def _opened(path: Path) -> io.FileIO:
    """Open the file, create it if it is missing, and lock it."""
    try:
        file = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    except (OSError, ValueError) as error:
        raise JournalError(
            f"{path} cannot be opened as a journal: {reason_of(error)}. Name a file in a folder that can be written to."
        ) from None
    try:
        if lock(file.fileno()):
            return file
        reason = "is in use by another search. Wait for it, or name another file."
    except OSError as error:
        reason = (
            f"cannot be locked against a second search: {reason_of(error)}. Name another file, on a disk of this "
            "machine."
        )
    file.close()
    raise JournalError(f"{path} {reason}")


def _line(entry: dict[str, Any]) -> bytes:
    """An entry as a line of JSON, whose last member is a checksum of the others."""
    shown = {key: _without_special(value) for key, value in entry.items()}
    body = json.dumps(shown, allow_nan=False).encode()[:-1]
    return body + f', "check": "{_check(body)}"}}\n'.encode()


def _entry(line: bytes) -> dict[str, Any]:
    found = CHECKED.fullmatch(line)
    if found is None or _check(found[1]) != found[2].decode():
        raise ValueError("its checksum is missing or wrong")
    entry = parse_json(found[1] + b"}")
    if not isinstance(entry, dict):
        raise ValueError("it is not an object")
    return entry


def _check(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=8).hexdigest()


def _without_special(value: Any) -> Any:
    return str(float(value)) if isinstance(value, float) and not math.isfinite(value) else value


def _result(entry: dict[str, Any]) -> tuple[JournalKey, Scored]:
    if set(entry) != set(_TYPES):
        raise ValueError(f"it must have the members {', '.join(_TYPES)}, got {', '.join(entry)}"[:300])
    for name, is_right in _TYPES.items():
        if not is_right(entry[name]):
            raise ValueError(f"{name} cannot be {str(entry[name])[:80]!r}")
    entry["score"] = float(SPECIAL.get(entry["score"], entry["score"]))
    place = entry["candidate"], entry["fold"], entry["to"]
    return place, Scored(**{each.name: entry[each.name] for each in fields(Scored)})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


_TYPES: dict[str, Callable[[Any], bool]] = {
    "candidate": _is_text,
    "fold": _is_count,
    "to": _is_count,
    "score": lambda value: _is_number(value) or (isinstance(value, str) and value in SPECIAL),
    "epochs": _is_count,
    "has_ended": lambda value: type(value) is bool,
    "n_weights": _is_count,
    "seconds": lambda value: _is_number(value) and value >= 0,
    "error": _is_text,
    "params": _is_text,
}


def _damaged(path: Path, number: int, why: Exception) -> JournalError:
    return JournalError(f"{path} is damaged in line {number}: {why!s:.300}. Name another file.")
