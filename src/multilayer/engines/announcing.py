"""How an engine says, before it does so, that it compiles: that takes seconds, once on a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# A context variable is one for each Python thread: runs side by side tell their own listeners.
_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def compilation_told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Within this block the listener gets the name of each kernel that this thread is about to compile."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell_of_compilation(kernel: str) -> None:
    """Called by engines, with the name of what they are about to compile."""
    listener = _listener.get()
    if listener is not None:
        listener(kernel)
