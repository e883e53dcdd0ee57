"""A line on stderr says that something is compiled, once, and only to a user who waits at a terminal."""

from __future__ import annotations

import io
import sys
import time
from types import SimpleNamespace

import pytest

from multilayer.engines.cpu import notice


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return not super().isatty()  # raises an error if the stream is closed


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr(notice, "sys", SimpleNamespace(stderr=stream, __stderr__=stream))
    monkeypatch.setattr(notice, "SECONDS", 0.01)
    monkeypatch.setattr(notice, "_has_written", False)
    return stream


def wait(seconds: float = 0.3) -> None:
    with notice.noted_if_long():
        time.sleep(seconds)


def test_a_long_compilation_is_noted_once(terminal: Terminal) -> None:
    wait()
    wait()
    assert terminal.getvalue() == notice.TEXT


def test_a_short_compilation_is_not_noted(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "SECONDS", 60.0)
    wait(0.0)
    assert terminal.getvalue() == ""


def test_a_failed_compilation_is_not_noted_afterwards(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "SECONDS", 0.2)
    with pytest.raises(ZeroDivisionError), notice.noted_if_long():
        raise ZeroDivisionError
    time.sleep(0.4)
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("kind", ["pipe", "replaced", "missing", "closed"])
def test_nothing_is_noted_without_a_plain_terminal(
    kind: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced = {"pipe": io.StringIO(), "replaced": Terminal(), "missing": None, "closed": terminal}[kind]
    original = terminal if kind == "replaced" else replaced
    monkeypatch.setattr(notice, "sys", SimpleNamespace(stderr=replaced, __stderr__=original))
    if kind == "closed":
        terminal.close()
    wait()
    assert replaced is None or replaced.closed or replaced.getvalue() == ""


def test_a_display_of_progress_replaces_the_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console
    from rich.progress import Progress

    monkeypatch.setattr(notice, "sys", sys)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "__stderr__", terminal)
    with Progress(console=Console(file=terminal, force_terminal=True), transient=True):
        wait()
    assert notice.TEXT.strip() not in terminal.getvalue()
