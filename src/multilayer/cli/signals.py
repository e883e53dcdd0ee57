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
    """Whether SIGTERM has arrived."""

    def __init__(self) -> None:
        self.is_terminated = False

    @property
    def exit_code(self) -> int:
        """The exit code of a command that was ended by a signal."""
        return TERMINATED if self.is_terminated else INTERRUPTED

    def _terminate(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 the form of a handler
        """Handle SIGTERM like Ctrl-C, which training handles at its next update."""
        self.is_terminated = True
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            raise KeyboardInterrupt  # in the background of a script, where Ctrl-C is ignored
        signal.raise_signal(signal.SIGINT)


@contextmanager
def watched_signals() -> Iterator[Signals]:
    """Treat SIGTERM as Ctrl-C within this block, and restore the handlers after it."""
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
    """Let the next Ctrl-C raise KeyboardInterrupt at once, also within a training."""

    def interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 the form of a handler
        # A third one must not interrupt the clean-up of this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    # Training delays Ctrl-C only where the handler is Python's own.
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def ignore_signals() -> None:
    """Let no signal interrupt the clean-up of the interpreter when the command is over."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
