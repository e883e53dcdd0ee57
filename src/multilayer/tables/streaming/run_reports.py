"""The events of a training by windows, which trains in many short runs, as those of one run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from multilayer.estimators.printing import EpochTable
from multilayer.fits.fit import Fit
from multilayer.training import EpochEnded, Event, Listener, RunEnded, RunStarted
from multilayer.training.events import notify


def listeners_of(fit: Fit) -> list[Listener]:
    """Return the callbacks of the network and the table of ``verbose``."""
    settings = fit.settings
    listeners: list[Listener] = list(settings.callbacks)
    if settings.verbose:
        listeners.append(EpochTable(fit.problem.cost_divisor, every_epoch=settings.verbose > 1))
    for listener in listeners:
        if hasattr(listener, "on_fit_begin"):
            listener.on_fit_begin(fit.snapshot)
    return listeners


@dataclass(frozen=True, eq=False)
class RunReports:
    """A listener that passes on the events of many short runs as those of one run."""

    listeners: Sequence[Listener]
    began: float

    @property
    def seconds(self) -> float:
        """The time since the start of the run."""
        return time.perf_counter() - self.began

    def pass_on(self, event: Event) -> bool:
        """Pass an event to the listeners; return whether one of them ends the training."""
        return notify(self.listeners, event)

    def __call__(self, event: Event) -> bool:
        if isinstance(event, RunStarted | RunEnded):
            return False
        if isinstance(event, EpochEnded):
            event = replace(event, seconds=self.seconds)
        return self.pass_on(event)
