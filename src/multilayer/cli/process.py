"""The standard streams and the signals of a command: neither ends it with a traceback.

A stream may be closed (``>&-``), its reader may have left (``| head -1``), its disk may be full, its encoding may lack
a character.  The first Ctrl-C or SIGTERM ends the current work and keeps its results, the second ends the command.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TextIO

INTERRUPTED = 128 + signal.SIGINT  # as shells have it
TERMINATED = 128 + signal.SIGTERM


class OutputLostError(Exception):
    """What the command prints cannot be written, and it writes no files."""


class GuardedStream:
    """A text stream that keeps its first error and drops what is printed after it.

    If ``raises``, the error ends the command: an OutputLostError in the main thread, unless files are written too.
    """

    def __init__(self, stream: TextIO, raises: bool) -> None:
        self._stream, self.raises = stream, raises
        self.error: OSError | None = None  # the first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if self.error is None:
            try:
                return self._stream.write(text)
            except OSError as error:
                self._lose(error)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self.error is None:
            try:
                self._stream.flush()
            except OSError as error:
                self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.error = error
        _discard_buffered(self._stream)
        # In the thread that draws a progress bar nothing would catch the error.
        if self.raises and threading.current_thread() is threading.main_thread():
            raise OutputLostError from error

    @property
    def has_lost_its_reader(self) -> bool:
        return self.error is not None and self.error.errno in (errno.EPIPE, errno.EINVAL, errno.ESHUTDOWN)


@contextmanager
def guarded_streams() -> Iterator[GuardedStream]:
    """Guard ``sys.stdout`` and ``sys.stderr`` within this block; the guarded standard output."""
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None or stream.closed:
                stream = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            # A character that the encoding lacks is shown as a question mark.
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="replace")
            setattr(sys, name, GuardedStream(stream, raises=name == "stdout"))
        out: Any = sys.stdout
        try:
            yield out
        finally:
            out.raises = False
            sys.stdout.flush()
            sys.stderr.flush()
            sys.stdout, sys.stderr = before


def keep_running_without_reader() -> None:
    """Let the command run to its end without a reader of standard output, because it writes files."""
    if isinstance(sys.stdout, GuardedStream):
        sys.stdout.raises = False


def open_missing_descriptors() -> None:
    """Open the null device in place of standard streams that are closed.

    The next file that is opened would take the free descriptor, and receive what libraries print.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free


def _discard_buffered(stream: TextIO) -> None:
    """Send what is still in a stream's buffer to the null device: flushed at exit, it would fail again."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return  # no file of the operating system
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, descriptor)
    finally:
        os.close(null)
    with contextlib.suppress(OSError, ValueError):
        stream.flush()


class Signals:
    """Whether SIGTERM has arrived."""

    def __init__(self) -> None:
        self.is_terminated = False

    @property
    def exit_code(self) -> int:
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
