"""What callbacks receive while a table model is fitted on a dataset, besides the end of each member."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Phase = Literal["reading", "encoding", "training"]


@dataclass(frozen=True)
class PhaseProgress:
    """An event of a fit on a dataset.

    Attributes
    ----------
    phase : {"reading", "encoding", "training"}
        The first pass over the rows, the second one, or the training of a network.
    name : str
        The kind of network that is trained; "" for a pass.
    n_rows : int
        The rows of the phase so far; in training each pass counts.
    share : float or None
        The share of the phase that is done; None in the first pass, in which the number of rows is unknown.
    seconds : float
        The time since the phase began.
    """

    phase: Phase
    name: str
    n_rows: int
    share: float | None
    seconds: float


@dataclass(eq=False)
class PhaseReporter:
    """Passes the events of a phase to callbacks.

    Parameters
    ----------
    callbacks : sequence of callables
        The callbacks of the model.
    phase : str
        The phase.
    n_units : int or None, default=None
        The number of rows of the whole pass, or of windows of the training.
    name : str, default=""
        The kind of network.
    """

    callbacks: Sequence[Callable[[Any], object]]
    phase: Phase
    n_units: int | None = None
    name: str = ""
    n_done: int = 0
    _began: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """The time since the phase began."""
        return time.perf_counter() - self._began

    def add(self, n_rows: int) -> None:
        """Report that some more rows of a pass are done."""
        self.n_done += n_rows
        self.report(self.n_done, self.n_done)

    def report(self, n_done: int, n_rows: int) -> None:
        """Report the units that are done, rows of a pass or windows, and their rows."""
        share = None if not self.n_units else min(n_done / self.n_units, 1.0)
        event = PhaseProgress(self.phase, self.name, n_rows, share, self.seconds)
        for callback in self.callbacks:
            callback(event)
