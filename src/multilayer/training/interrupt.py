"""Ctrl-C between updates, never within one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False


# A context variable is one for each Python thread.
_of_another_thread: ContextVar[Interrupt | None] = ContextVar("interrupt", default=None)


@contextmanager
def interrupted_by(interrupt: Interrupt) -> Iterator[None]:
    """Within this block training in this thread ends where Ctrl-C is pressed in the one that watches for it."""
    token = _of_another_thread.set(interrupt)
    try:
        yield
    finally:
        _of_another_thread.reset(token)


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Within this block Ctrl-C only sets ``pressed``; a second one interrupts at once, as ever.

    An exception in the middle of an update would leave half of the weights updated.  Signals reach the main thread
    alone, and a program may have a handler of its own: elsewhere, and then, nothing is changed.
    """
    shared = _of_another_thread.get()
    if shared is not None:
        yield shared
        return
    interrupt = Interrupt()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return

    def on_first_press(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 the signature of a handler
        interrupt.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, on_first_press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
