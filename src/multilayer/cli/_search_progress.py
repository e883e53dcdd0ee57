"""The bar of a search: trials that have a score, networks trained, the best score so far, the time that is left."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import Progress

from multilayer.cli._bar import Clock, WorkBar, progress_display
from multilayer.cli._metrics import Metric
from multilayer.cli._output import Output
from multilayer.cli._space import FACTOR, Wanted

if TYPE_CHECKING:
    from multilayer.selection import TrialScored

_BAR_WIDTH = 10


class SearchProgress:
    """A listener of a search that moves a bar, and counts.

    Parameters
    ----------
    progress : rich's Progress, or None for no bar
    wanted : what is asked of the search
    n_folds : int
    metric : the score of the trials, which the search has with its sign turned where lower is better
    seconds : that the search may take
    clock : seconds from any moment on
    """

    def __init__(
        self,
        progress: Progress | None,
        wanted: Wanted,
        n_folds: int,
        metric: Metric,
        *,
        seconds: float | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._metric, self._wanted, self._n_folds = metric, wanted, n_folds
        self._epochs: dict[int, int] = {}  # that each trial has been trained for
        self._n_scored = 0  # networks of which trials have told
        self._n_networks, self._best = 0, math.nan
        self.on_journal: Callable[[int], None] = lambda _: None  # called with the results that a journal holds
        self._bar = WorkBar(progress, "search", self._planned, seconds=seconds or math.inf, clock=clock)
        self._show()

    @property
    def n_scored(self) -> int:
        """Trials that have a score on their first rung, or have failed."""
        return len(self._epochs)

    def __call__(self, event: TrialScored) -> None:
        """Told of ``TrialScored``."""
        self._epochs[event.trial.number] = event.trial.epochs
        self._n_scored += self._n_folds
        self._n_networks = event.n_done
        self._best = math.nan if event.best is None else abs(event.best.mean)
        self._show()

    @property
    def _planned(self) -> float:
        return planned_epochs(self._wanted.n_trials * self._n_folds, self._wanted.first_rung, self._wanted.epochs)

    def _show(self) -> None:
        planned = self._planned
        # Of those that are done and wait for the other folds of their trials, most are on the first rung.
        waiting = max(0, self._n_networks - self._n_scored) * self._wanted.first_rung
        done = float(sum(self._epochs.values()) * self._n_folds + waiting)
        self._bar.show(min(done, planned), planned, self._said())

    def _said(self) -> str:
        said = f"{self.n_scored:,}/{self._wanted.n_trials:,} trials, {self._n_networks:,} networks"
        return (
            said if math.isnan(self._best) else f"{said}  best {self._metric.heading} {self._metric.write(self._best)}"
        )


def planned_epochs(n_networks: int, first_rung: int, n_epochs: int) -> float:
    """About how many epochs all take together: a third go on from each rung to the next, three times as far.

    Examples
    --------
    >>> planned_epochs(90, 9, 81)
    1890.0
    >>> planned_epochs(90, 81, 81)
    7290.0
    """
    from multilayer.selection import rung_epochs

    total, going_on = 0.0, float(n_networks)
    for before, rung in itertools.pairwise((0, *rung_epochs(n_epochs, None, FACTOR, first_rung))):
        total += going_on * (rung - before)
        going_on /= FACTOR
    return total


@contextmanager
def search_progress(
    output: Output, wanted: Wanted, n_folds: int, metric: Metric, seconds: float | None = None
) -> Iterator[SearchProgress]:
    """A listener whose bar is there within this block, and gone after it; no bar where nobody is at a terminal."""
    with progress_display(output, _BAR_WIDTH) as progress:
        yield SearchProgress(progress, wanted, n_folds, metric, seconds=seconds)
