"""The one stream of events that progress bars, logs, callbacks and the command line consume.

A listener is any callable that takes an event.  It hears of each epoch while the network stands as that epoch left
it, and may return True to end the run there.  A listener that only watches can say so by an attribute
``only_watches = True``: then many epochs of a small network may be trained in one go, their events follow together,
and what it returns is ignored.

Whatever ends a run, an error too, every listener hears of its end.  :mod:`multilayer.callbacks` has a class with one
method for each kind of event, and listeners that are ready to use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from multilayer.engines.protocol import compilations_reported_to
from multilayer.network import Network


@dataclass(frozen=True)
class RunStarted:
    """Training begins."""

    network: Network
    n_rows: int
    max_epochs: int
    epochs_before: int = 0  # done by runs that this one goes on from (warm_start, partial_fit)
    member: int | None = None  # which member of an ensemble it is, from 0; None for a network on its own


@dataclass(frozen=True)
class CompilationStarted:
    """The engine is about to compile, which takes seconds, once on a machine."""

    kernel: str  # its name
    member: int | None = None


@dataclass(frozen=True)
class EpochEnded:
    """One pass over the rows is done."""

    epoch: int  # from 1
    cost: float
    step_size: float  # of the epoch's first update; NaN for L-BFGS, whose line search takes its place
    seconds: float  # since the run began
    validation_score: float | None = None  # of a run that is validated; higher is better
    validation_cost: float | None = None  # of the same rows; without regularisation
    member: int | None = None


@dataclass(frozen=True)
class RunEnded:
    """Training is over, for the reason given."""

    reason: str  # one of training.state.REASONS
    epochs: int
    seconds: float
    member: int | None = None


Event = RunStarted | CompilationStarted | EpochEnded | RunEnded
Listener = Callable[[Event], object]


def tell(listeners: Sequence[Listener], event: Event) -> bool:
    """Hand the event to every listener; whether one of those that may has asked to stop."""
    stop = False
    for listener in listeners:
        answer = listener(event)
        # NumPy's comparisons answer with a bool of their own; anything else, such as a length, is no request.
        stop |= isinstance(answer, bool | np.bool_) and bool(answer) and not only_watches(listener)
    return stop


def reporting_compilation(listeners: Sequence[Listener]) -> AbstractContextManager[None]:
    """Within this block the listeners hear of each kernel before it is compiled."""

    def started(kernel: str) -> None:
        tell(listeners, CompilationStarted(kernel))

    return compilations_reported_to(started)


def only_watches(listener: Listener) -> bool:
    return bool(getattr(listener, "only_watches", False))
