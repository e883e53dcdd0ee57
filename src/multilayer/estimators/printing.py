"""The table that ``verbose`` prints."""

from __future__ import annotations

import math

from multilayer.results import Column, Table
from multilayer.training import CompilationStarted, EpochEnded, Event, RunEnded, RunStarted

SECONDS_BETWEEN_LINES = 0.5


class EpochTable:
    """A listener that prints one line per epoch in scikit-learn's words.

    Unless ``every_epoch``, it prints the epochs 1, 2, 5, 10, 20, 50, ..., the first after each SECONDS_BETWEEN_LINES,
    and the last.  Costs are divided by ``cost_divisor``.
    """

    only_watches = True

    def __init__(self, cost_divisor: int, *, every_epoch: bool) -> None:
        self.cost_divisor, self.every_epoch = cost_divisor, every_epoch
        self.max_epochs, self.is_resumed = 0, False
        self.has_header = False
        self.printed_at = 0.0
        self.unprinted: EpochEnded | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.max_epochs, self.is_resumed = event.max_epochs, event.epochs_before > 0
        elif isinstance(event, CompilationStarted):
            print(f"Compiling {event.kernel} for this machine, once; some seconds ...", flush=True)
        elif isinstance(event, EpochEnded):
            is_due = event.seconds - self.printed_at >= SECONDS_BETWEEN_LINES
            if self.every_epoch or is_due or _is_round(event.epoch):
                self._print(event)
            else:
                self.unprinted = event
        else:
            self._end(event)

    def _end(self, event: RunEnded) -> None:
        if self.unprinted is not None:
            self._print(self.unprinted)
        if self.max_epochs > 1:  # not after partial_fit
            why = _REASONS.get(event.reason, event.reason)
            print(f"Ended after {event.epochs} iterations and {event.seconds:.2f} s: {why}", flush=True)

    def _print(self, event: EpochEnded) -> None:
        columns, row = (
            [Column("Iteration"), Column("loss", ".8f", width=12)],
            [event.epoch, event.cost / self.cost_divisor],
        )
        if event.validation_cost is not None:
            columns.append(Column("validation loss", ".8f"))
            row.append(event.validation_cost / self.cost_divisor)
        if event.validation_score is not None:
            columns.append(Column("validation score", ".6f"))
            row.append(event.validation_score)
        if not math.isnan(event.step_size):
            columns.append(Column("step size", ".3g", width=12))
            row.append(event.step_size)
        columns.append(Column("seconds", ".2f", width=12))
        header, line = Table(tuple(columns), [[*row, event.seconds]]).lines()
        if not self.has_header and not (self.is_resumed and self.max_epochs == 1):
            print(header)
        self.has_header = True
        print(line, flush=True)
        self.printed_at, self.unprinted = event.seconds, None


_REASONS = {
    "converged": "no more progress",
    "max_epochs": "max_iter",
    "max_time": "max_time is over",
    "max_iterations": "max_iter",
    "max_evaluations": "max_fun",
    "line_search": "no step lowers the cost",
    "listener": "stopped by a callback",
    "interrupted": "interrupted",
    "diverged": "the cost is no longer finite",
    "error": "an error",
}


def _is_round(epoch: int) -> bool:
    """Return whether a number is 1, 2 or 5 times a power of ten."""
    while epoch % 10 == 0:
        epoch //= 10
    return epoch in (1, 2, 5)
