"""Differences between Linux, macOS and Windows, as far as one system can simulate another."""

from __future__ import annotations

import ctypes
import io
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from multilayer import EnsembleClassifier, MLPClassifier
from multilayer.callbacks import CSVLog, JSONLinesLog
from multilayer.cli import limits
from multilayer.cli.console import Output
from multilayer.cli.process import guarded_streams
from multilayer.network import Floats
from multilayer.selection import cross_validate

X = np.random.RandomState(0).normal(size=(60, 3))
y = (X[:, 0] + X[:, 1] > 0).astype(int)


@pytest.mark.parametrize(("succeeds", "expected"), [(1, 16 << 30), (0, 1 << 50)])
def test_memory_of_windows_is_read(succeeds: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(reference: Any) -> int:
        status = reference._obj
        assert status.length == ctypes.sizeof(status) == 64  # checked by Windows
        status.total = 16 << 30
        return succeeds

    kernel = types.SimpleNamespace(kernel32=types.SimpleNamespace(GlobalMemoryStatusEx=fill))
    monkeypatch.delattr(os, "sysconf", raising=False)
    monkeypatch.setattr(ctypes, "windll", kernel, raising=False)
    assert limits.memory() == expected


class Random32(np.random.RandomState):
    """A generator as on Windows, where a C long has 32 bits, and so have drawn integers without another dtype."""

    def permutation(self, x: Any) -> Any:
        return _with_32_bits(super().permutation(x))

    def randint(self, low: Any, high: Any = None, size: Any = None, dtype: Any = int) -> Any:
        drawn = super().randint(low, high, size, dtype)
        if dtype is not int:
            return drawn
        assert np.max(low if high is None else high) <= 2**31, "Windows: high is out of bounds for int32"
        return _with_32_bits(drawn)


def _with_32_bits(drawn: Any) -> Any:
    return drawn.astype(np.int32) if isinstance(drawn, np.ndarray) and drawn.dtype.kind == "i" else drawn


class Folds32(StratifiedKFold):
    """Folds as on Windows, with row numbers of 32 bits."""

    def split(self, *arguments: Any, **named: Any) -> Iterator[tuple[Any, Any]]:
        for train, test in super().split(*arguments, **named):
            yield train.astype(np.int32), test.astype(np.int32)


def probabilities(random_state: np.random.RandomState, **options: Any) -> Floats:
    model = MLPClassifier((4,), max_iter=3, tol=0, random_state=random_state, engine="reference", **options)
    with pytest.warns(match="max_iter"):
        return model.fit(X, y).predict_proba(X)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 16},
        {"early_stopping": True, "validation_fraction": 0.25, "batch_size": 16},
        {"dropout": 0.2, "batch_size": 16},
    ],
)
def test_row_numbers_of_32_bits_train_the_same_network(options: dict[str, Any]) -> None:
    np.testing.assert_array_equal(
        probabilities(Random32(0), **options), probabilities(np.random.RandomState(0), **options), strict=True
    )


@pytest.mark.filterwarnings("ignore:.*max_iter.*")
def test_ensembles_and_folds_accept_row_numbers_of_32_bits() -> None:
    model = MLPClassifier((4,), max_iter=3, random_state=0, engine="reference", early_stopping=True)
    ensembles = [
        EnsembleClassifier(model, 3, random_state=random_state, n_jobs=1).fit(X, y).predict_proba(X)
        for random_state in (Random32(0), np.random.RandomState(0))
    ]
    np.testing.assert_array_equal(*ensembles)
    scores = [cross_validate(model, X, y, cv=cv, n_jobs=1).mean for cv in (Folds32(3), StratifiedKFold(3))]
    assert scores[0] == scores[1]


class Console(io.TextIOWrapper):
    """A terminal or a pipe with a given encoding."""

    def __init__(self, encoding: str, at_terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.at_terminal = at_terminal

    def isatty(self) -> bool:
        return self.at_terminal


@pytest.mark.parametrize("at_terminal", [True, False])
@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_a_console_without_a_character_shows_a_question_mark(
    encoding: str, at_terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(encoding, at_terminal)
    monkeypatch.setattr(sys, "stdout", console)
    monkeypatch.setenv("TERM", "xterm")
    with guarded_streams():
        output = Output()
        output.heading("Classes of 日本")
        output.say("0.98 ± 0.01 for 日本")
        output.lines(["C:\\日本\\report.html"])
    written = console.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "Classes of ??" in written
    assert "for ??" in written
    assert "C:\\??\\report.html" in written


@pytest.mark.parametrize("logger", [CSVLog, JSONLinesLog])
def test_logs_are_written_in_binary_mode(logger: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only Windows has this flag, and without it line ends are changed; a flag of Linux is used in its place.
    binary = getattr(os, "O_BINARY", None) or os.O_CLOEXEC
    monkeypatch.setattr(os, "O_BINARY", binary, raising=False)
    opened: list[int] = []
    open_file = os.open

    def record(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if str(path) == str(tmp_path / "log"):
            opened.append(flags)
        return open_file(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", record)
    with pytest.warns(match="max_iter"):
        MLPClassifier((4,), max_iter=3, tol=0, engine="reference", callbacks=[logger(tmp_path / "log")]).fit(X, y)
    assert opened
    assert all(flags & binary for flags in opened)
    assert b"\r" not in (tmp_path / "log").read_bytes()
