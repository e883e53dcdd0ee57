"""Ctrl-C and SIGTERM: the first ends what is being done and keeps its results, the second ends the command."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT  # as shells have it
TERMINATED = 128 + signal.SIGTERM


class Signals:
    """What has arrived so far."""

    def __init__(self) -> None:
        self.is_terminated = False

    @property
    def exit_code(self) -> int:
        """Of a command that was ended by a signal."""
        return TERMINATED if self.is_terminated else INTERRUPTED

    def _terminate(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 the form of a handler
        """SIGTERM takes the way of Ctrl-C, which training waits for."""
        self.is_terminated = True
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            raise KeyboardInterrupt  # in the background of a script, where Ctrl-C is ignored
        signal.raise_signal(signal.SIGINT)


@contextmanager
def watched_signals() -> Iterator[Signals]:
    """Within this block SIGTERM is treated as Ctrl-C; afterwards the handlers are as they were."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGTERM] == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signals._terminate)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            if handler is not None:  # one that was not installed by Python cannot be put back
                signal.signal(number, handler)


def end_at_the_next_signal() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt at once, within a training too."""

    def interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 the form of a handler
        # The one after it must not interrupt the clean-up of this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    # Training puts off Ctrl-C where the handler is Python's own, and there alone.
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def ignore_signals() -> None:
    """The command is over: nothing may interrupt the interpreter's own clean-up."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
