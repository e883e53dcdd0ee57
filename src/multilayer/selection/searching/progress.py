"""The event of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from multilayer.selection.searching.trials import Trial


@dataclass(frozen=True)
class TrialScored:
    """A trial has a score on a rung, or has failed; the baseline is the trial of number -1."""

    trial: Trial
    best: Trial | None  # so far; None before the first
    n_begun: int  # trials
    n_trials: int | None  # that are to begin; None where only time ends the search
    n_done: int  # networks trained, each to a rung
    n_planned: int  # that it is known of so far, those done among them
    seconds: float  # since the search began
    seconds_left: float  # of its time, infinite where there is no limit


SearchListener = Callable[[TrialScored], object]
