"""The end of a server by Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals end the server within this block, and nothing else: it raises them again when it has ended.

    Yields
    ------
    None
        Ctrl-C and SIGTERM have no effect of their own within the block.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def has_ended(signum: int, frame: FrameType | None) -> None:
        pass

    before = {number: signal.signal(number, has_ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
