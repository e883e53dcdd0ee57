"""Training written down, epoch by epoch, in a file that a crash leaves readable."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import uuid
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from multilayer.callbacks.base import Callback
from multilayer.exceptions import DataFileError
from multilayer.training import CompilationStarted, EpochEnded, Event, RunEnded, RunStarted

_COLUMNS = ("run", *(field.name for field in fields(EpochEnded)))


class CSVLog(Callback):
    """One line an epoch in a CSV file: run, epoch, cost, step size, seconds, validation score.

    Lines are added to what the file holds, each by one write of the whole line: a crash cannot cut one in two, and
    several processes may write to one file.  ``run`` is the same for all lines of a run and those that go on from it
    (``warm_start``, ``partial_fit``), and tells apart runs that share a file, such as the folds of a cross-validation.
    The cost is J, regularisation included; a value that there is not is left empty.

    Parameters
    ----------
    path : str or path
        It is created, with its folders, when training begins.

    Raises
    ------
    DataFileError
        When training begins, if the file holds something else.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPClassifier
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
    >>> model = MLPClassifier((2,), max_iter=2, n_iter_no_change=float("inf"), callbacks=[CSVLog(path)])
    >>> _ = model.fit([[0.0], [1.0]], [0, 1])
    >>> header, first, second = path.read_text().splitlines()
    >>> header.split(",")[:4]
    ['run', 'epoch', 'cost', 'step_size']
    """

    only_watches = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lines = _Lines(self.path)

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
                "Name another file, or move this one away."
            )

    def on_epoch_end(self, event: EpochEnded) -> None:
        values = (getattr(event, name) for name in _COLUMNS[1:])
        self._lines.write(_as_csv((self._lines.run, *("" if _is_missing(value) else value for value in values))))

    def on_run_end(self, event: RunEnded) -> None:  # noqa: ARG002 the form of a callback
        self._lines.end()


class JSONLinesLog(Callback):
    """Every event of training as one JSON object a line: {"event": "epoch_ended", "run": ..., "epoch": 1, ...}.

    The events are "run_started" (with the network), "compilation_started", "epoch_ended" and "run_ended" (with the
    reason).  Lines are added and written as those of :class:`CSVLog`; NaN and infinities, which JSON does not have,
    are null.

    Parameters
    ----------
    path : str or path
        It is created, with its folders, when training begins.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from multilayer import MLPClassifier
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.jsonl"
    >>> model = MLPClassifier((2,), max_iter=2, n_iter_no_change=float("inf"), callbacks=[JSONLinesLog(path)])
    >>> _ = model.fit([[0.0], [1.0]], [0, 1])
    >>> json.loads(path.read_text().splitlines()[-1])["reason"]
    'max_epochs'
    """

    only_watches = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lines = _Lines(self.path)

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
        if isinstance(event, RunStarted) and event.network.cost is not None:
            record["network"]["cost"] = str(event.network.cost)  # with the name of its class
        self._lines.write(json.dumps(record, default=str, allow_nan=False) + "\n")


class _Lines:
    """A file that whole lines are added to while a run lasts; closed between runs, so that it can be copied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run = ""
        self._file: int | None = None

    def begin(self, event: RunStarted) -> None:
        if event.epochs_before == 0 or not self.run:
            self.run = uuid.uuid4().hex[:8]
        self.end()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Without O_BINARY Windows would write each "\n" as "\r\n".
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(self.path, flags, 0o666)
        size = os.fstat(self._file).st_size
        if size > 0:
            os.lseek(self._file, size - 1, os.SEEK_SET)
            if os.read(self._file, 1) != b"\n":
                self.write("\n")  # what another program has left unfinished stays a line of its own

    def first_line(self) -> str | None:
        """The first line of the file; None of an empty one."""
        with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
            return file.readline(4096) or None

    def write(self, line: str) -> None:
        if self._file is not None:
            os.write(self._file, line.encode())

    def end(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _as_csv(values: Any) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _as_json(value: Any) -> Any:
    """The same with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _as_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_missing(value: Any) -> bool:
    return value is None or value != value
