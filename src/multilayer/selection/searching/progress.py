"""The event of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from multilayer.selection.searching.trials import Trial


@dataclass(frozen=True)
class TrialScored:
    """The event that a trial has a score on a rung, or has failed.

    Attributes
    ----------
    trial : Trial
        The trial; the linear model has the number -1.
    best : Trial or None
        The best trial so far; None before the first.
    n_begun : int
        Trials that have started.
    n_trials : int or None
        Trials in all; None if only time ends the search.
    n_done : int
        Networks trained, each to a rung.
    n_planned : int
        Networks planned so far, with those that are done.
    seconds : float
        Time since the search started.
    seconds_left : float
        The rest of ``max_time``; infinite without a limit.
    """

    trial: Trial
    best: Trial | None
    n_begun: int
    n_trials: int | None
    n_done: int
    n_planned: int
    seconds: float
    seconds_left: float


SearchListener = Callable[[TrialScored], object]
