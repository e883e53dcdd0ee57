"""Events of training, which progress bars, logs, callbacks and the command line receive.

A listener is any callable with an event as its argument.  It receives the event of an epoch before the next epoch is
trained, and may return True to end training.  A listener with the attribute ``only_watches = True`` may receive the
events of several epochs together, and its return value is ignored.

Every listener receives the end of training, also after an error.  :mod:`multilayer.callbacks` has a class with one
method for each kind of event, and ready-made listeners.
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
    """Training has started.

    Attributes
    ----------
    network : Network
        The architecture.
    n_rows, max_epochs : int
        Rows per epoch, and the maximum number of epochs.
    epochs_before : int
        Epochs of the runs that this one continues (``warm_start``, ``partial_fit``).
    member : int or None
        The number of the member in an ensemble, from 0; None outside ensembles.
    """

    network: Network
    n_rows: int
    max_epochs: int
    epochs_before: int = 0
    member: int | None = None


@dataclass(frozen=True)
class CompilationStarted:
    """The engine starts to compile a kernel, which takes seconds, once on each machine.

    Attributes
    ----------
    kernel : str
        Its name.
    member : int or None
        As in :class:`RunStarted`.
    """

    kernel: str
    member: int | None = None


@dataclass(frozen=True)
class EpochEnded:
    """One pass over the rows has ended.

    Attributes
    ----------
    epoch : int
        Its number, from 1.
    cost : float
        The mean cost of its batches.
    step_size : float
        The step size of its first update; NaN for L-BFGS, which has a line search.
    seconds : float
        The time since the start of the run.
    validation_score, validation_cost : float or None
        Score (higher is better) and cost (without regularisation) of the validation rows.
    member : int or None
        As in :class:`RunStarted`.
    """

    epoch: int
    cost: float
    step_size: float
    seconds: float
    validation_score: float | None = None
    validation_cost: float | None = None
    member: int | None = None


@dataclass(frozen=True)
class RunEnded:
    """Training has ended.

    Attributes
    ----------
    reason : str
        One of ``multilayer.training.state.REASONS``.
    epochs : int
        The number of epochs, including those of the runs that this one continues.
    seconds : float
        The time since the start of the run.
    member : int or None
        As in :class:`RunStarted`.
    """

    reason: str
    epochs: int
    seconds: float
    member: int | None = None


Event = RunStarted | CompilationStarted | EpochEnded | RunEnded
Listener = Callable[[Event], object]


def notify(listeners: Sequence[Listener], event: Event) -> bool:
    """Pass the event to every listener; return whether one that may stop the run returned True."""
    stop = False
    for listener in listeners:
        returned = listener(event)
        # NumPy's comparisons return NumPy's bool; other values, such as a length, do not stop the run.
        stop |= isinstance(returned, bool | np.bool_) and bool(returned) and not only_watches(listener)
    return stop


def reporting_compilation(listeners: Sequence[Listener]) -> AbstractContextManager[None]:
    """Report each kernel to the listeners before it is compiled within this block."""

    def started(kernel: str) -> None:
        notify(listeners, CompilationStarted(kernel))

    return compilations_reported_to(started)


def only_watches(listener: Listener) -> bool:
    return bool(getattr(listener, "only_watches", False))
