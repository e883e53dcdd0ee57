"""Logs of training in a file that stays readable after a crash."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, fields
from io import FileIO
from pathlib import Path
from typing import Any, Self

from multilayer.callbacks.base import Callback
from multilayer.exceptions import DataFileError
from multilayer.storage import open_regular, reason_of
from multilayer.training import CompilationStarted, EpochEnded, Event, RunEnded, RunStarted

# The name of the run includes the member of an ensemble.
_COLUMNS = ("run", *(field.name for field in fields(EpochEnded) if field.name != "member"))


class _FileLog(Callback):
    """A log in a file, which all members of an ensemble share."""

    only_watches = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lines = _Lines(self.path)

    def for_member(self, number: int) -> Self:  # noqa: ARG002 the event has the number
        return type(self)(self.path)


class CSVLog(_FileLog):
    """One line per epoch in a CSV file: run, epoch, cost, step size, seconds, validation score.

    Lines are appended, each in one write, so that a crash leaves no partial line and several processes may write to
    one file.  ``run`` identifies the run among those that share a file, such as the folds of a cross-validation; runs
    that continue another one (``warm_start``, ``partial_fit``) have its value.  For member i of an ensemble it ends in
    ``-i``.  The cost is J, regularisation included; a missing value is empty.

    Parameters
    ----------
    path : str or path
        The file; it and its folders are created when training begins.

    Raises
    ------
    DataFileError
        When training begins, if the file has other columns or is not a regular file; at any time, if it cannot be
        written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPClassifier
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
    >>> model = MLPClassifier((2,), max_iter=2, n_iter_no_change=None, callbacks=[CSVLog(path)])
    >>> _ = model.fit([[0.0], [1.0]], [0, 1])
    >>> header, first, second = path.read_text().splitlines()
    >>> header.split(",")[:4]
    ['run', 'epoch', 'cost', 'step_size']
    """

    def on_run_begin(self, event: RunStarted) -> None:
        self._lines.begin(event)
        header = _as_csv(_COLUMNS)
        first = self._lines.first_line()
        if first is None:
            self._lines.write(header)
        elif first != header:
            self._lines.end()
            raise DataFileError(
                f"{self.path} is not a log of training: its first line is {first.strip()!r}, not {header.strip()!r}. "
                "Use another file, or move this one."
            )

    def on_epoch_end(self, event: EpochEnded) -> None:
        values = (getattr(event, name) for name in _COLUMNS[1:])
        shown = ("" if value is None or value != value else value for value in values)  # NaN is not equal to itself
        self._lines.write(_as_csv((self._lines.run, *shown)))

    def on_run_end(self, event: RunEnded) -> None:  # noqa: ARG002 the form of a callback
        self._lines.end()


class JSONLinesLog(_FileLog):
    """One JSON object per line for every event: {"event": "epoch_ended", "run": ..., "epoch": 1, ...}.

    The events are "run_started" (with the network), "compilation_started", "epoch_ended" and "run_ended" (with the
    reason).  Lines are appended as by :class:`CSVLog`; NaN and infinities, which JSON does not have, are null.

    Parameters
    ----------
    path : str or path
        The file; it and its folders are created when training begins.

    Raises
    ------
    DataFileError
        If the file is not a regular file, or cannot be written.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from multilayer import MLPClassifier
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> model = MLPClassifier((2,), max_iter=2, n_iter_no_change=None, callbacks=[JSONLinesLog(path)])
    >>> _ = model.fit([[0.0], [1.0]], [0, 1])
    >>> json.loads(path.read_text().splitlines()[-1])["reason"]
    'max_epochs'
    """

    def on_run_begin(self, event: RunStarted) -> None:
        self._lines.begin(event)
        self._write("run_started", event)

    def on_compilation(self, event: CompilationStarted) -> None:
        self._write("compilation_started", event)

    def on_epoch_end(self, event: EpochEnded) -> None:
        self._write("epoch_ended", event)

    def on_run_end(self, event: RunEnded) -> None:
        self._write("run_ended", event)
        self._lines.end()

    def _write(self, name: str, event: Event) -> None:
        record = {"event": name, "run": self._lines.run, **_as_json(asdict(event))}
        if event.member is None:
            del record["member"]
        if isinstance(event, RunStarted) and event.network.cost is not None:
            record["network"]["cost"] = str(event.network.cost)  # with the name of its class
        self._lines.write(json.dumps(record, default=str, allow_nan=False) + "\n")


class _Lines:
    """A file to which whole lines are appended; it is open during a run only, so that it can be copied between runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = ""
        self._file: FileIO | None = None

    def begin(self, event: RunStarted) -> None:
        if event.epochs_before == 0 or not self.run:
            self.run = uuid.uuid4().hex[:8] + ("" if event.member is None else f"-{event.member}")
        self.end()
        is_unfinished = False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_regular(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            size = self._file.seek(0, os.SEEK_END)
            if size > 0:
                self._file.seek(size - 1)
                is_unfinished = self._file.read(1) != b"\n"
        except (OSError, ValueError) as error:
            raise self._failed(error) from None
        if is_unfinished:
            self.write("\n")  # an incomplete line of another program stays separate

    def first_line(self) -> str | None:
        """Return the first line of the file; None if it is empty."""
        with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
            return file.readline(4096) or None

    def write(self, line: str) -> None:
        if self._file is None:
            return
        content = line.encode()
        try:
            if self._file.write(content) != len(content):
                raise OSError("the disk is full")
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> DataFileError:
        with suppress(OSError):  # closing may report the failed write again
            self.end()
        return DataFileError(
            f"{self.path} cannot be written: {reason_of(error)}. Use a regular file in a writable folder, and "
            "check the free space."
        )

    def end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _as_csv(values: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _as_json(value: Any) -> Any:
    """Replace NaN and infinities, which JSON does not have, by None."""
    if isinstance(value, dict):
        return {key: _as_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
