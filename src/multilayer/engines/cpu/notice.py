"""A line on stderr while a compilation lasts, for a user who waits at a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

SECONDS = 1.0
TEXT = "multilayer: compiling for this computer, once for each kind of network; this takes some seconds ...\n"

_lock = threading.Lock()
_has_written = False


@contextmanager
def noted_if_long() -> Iterator[None]:
    """Write the line if this block takes more than a second, and this process has not written it before.

    Yields
    ------
    None
        Nothing is written if stderr is not a terminal or was replaced: by a notebook, or by a display of progress,
        which shows compilations itself.
    """
    if _has_written or not _is_terminal():
        yield
        return
    timer = threading.Timer(SECONDS, _write)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _write() -> None:
    global _has_written
    with _lock:
        if not _has_written and _is_terminal():
            _has_written = True
            with suppress(OSError, ValueError):  # the terminal was closed
                sys.stderr.write(TEXT)
                sys.stderr.flush()


def _is_terminal() -> bool:
    stream: Any = sys.stderr
    try:
        return bool(stream.isatty()) and stream is sys.__stderr__
    except (AttributeError, ValueError):  # None in a program without a console, or closed
        return False
