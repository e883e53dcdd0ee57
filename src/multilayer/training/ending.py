"""The end of a run, of which its listeners hear whatever has brought it about."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from multilayer.exceptions import DivergenceError
from multilayer.training.events import Listener, RunEnded, tell
from multilayer.training.state import Run


@contextmanager
def told_of_its_end(run: Run, listeners: Sequence[Listener]) -> Iterator[None]:
    """Train within this block, which leaves the reason of the end in ``run.reason``; an error is a reason too."""
    began = time.perf_counter()

    def end() -> None:
        elapsed = time.perf_counter() - began
        run.history.seconds += elapsed
        tell(listeners, RunEnded(run.reason, run.history.n_epochs, elapsed))

    try:
        yield
    except BaseException as error:
        run.reason = "diverged" if isinstance(error, DivergenceError) else "error"
        end()
        raise
    end()
