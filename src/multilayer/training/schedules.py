"""Step sizes, epoch by epoch or update by update: what a schedule of the book makes of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_integer, check_real
from multilayer.equations.extensions import schedules as book
from multilayer.exceptions import ParameterError, unknown_name

SCHEDULES = ("constant", "invscaling", "adaptive")


@dataclass(frozen=True)
class Schedule:
    """(S1)-(S3) of the book by scikit-learn's names: "constant", "invscaling" or "adaptive"."""

    name: str = "constant"
    power: float = 0.5  # of "invscaling"

    def __post_init__(self) -> None:
        if self.name not in SCHEDULES:
            raise unknown_name("schedule", self.name, SCHEDULES)
        check_real("power", self.power, 0.0)


@dataclass(frozen=True)
class Cosine:
    """(S4) Falls in ``n_epochs``, those of the whole run, to the share ``floor`` of the first step size."""

    n_epochs: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_integer("n_epochs", self.n_epochs, 1)
        check_real("floor", self.floor, 0.0, 1.0)


@dataclass(frozen=True)
class OneCycle:
    """(S5) Rises and falls once in ``n_epochs``, those of the whole run; a step size for each update."""

    n_epochs: int
    rise: float = book.ONE_CYCLE_RISE  # share of the updates
    first: float = book.ONE_CYCLE_FIRST  # share of the step size
    last: float = book.ONE_CYCLE_LAST  # share of the step size

    def __post_init__(self) -> None:
        check_integer("n_epochs", self.n_epochs, 1)
        for name in ("rise", "first", "last"):
            check_real(name, getattr(self, name), 0.0, 1.0)
        if self.rise == 1:
            raise ParameterError("rise must be below 1, got 1: a cycle that only rises ends at its largest step.")


@dataclass(frozen=True)
class Plateau:
    """(S7) Times ``factor`` whenever ``patience`` epochs in a row have made no progress of ``tol``."""

    factor: float = 0.5
    patience: int = 5
    tol: float = 1e-4
    least: float = 0.0  # the step size that is not made smaller

    def __post_init__(self) -> None:
        check_real("factor", self.factor, 0.0, 1.0)
        if self.factor in (0, 1):
            raise ParameterError(f"factor must be above 0 and below 1, got {self.factor!r}.")
        check_integer("patience", self.patience, 1)
        check_real("tol", self.tol, 0.0)
        check_real("least", self.least, 0.0)


@dataclass(frozen=True)
class CustomSchedule:
    """(S8) A function of the epoch, counted from 0, that the step size is multiplied with."""

    factor: Callable[[int], float]

    def __post_init__(self) -> None:
        if not callable(self.factor):
            raise ParameterError(f"a custom schedule is a function of the epoch, got {self.factor!r}.")


@dataclass(frozen=True)
class WarmUp:
    """(S6) The first ``n_updates`` rise to the step size of the schedule that follows; a step size for each update."""

    n_updates: int
    then: Schedule | Cosine | OneCycle | Plateau | CustomSchedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        check_integer("n_updates", self.n_updates, 0)
        if not isinstance(self.then, Schedule | Cosine | OneCycle | Plateau | CustomSchedule):
            raise ParameterError(
                "what follows a warm-up must be a schedule other than a warm-up, such as Cosine(50), or "
                f"CustomSchedule(f) for a function f of the epoch, got {self.then!r}."
            )


AnySchedule = Schedule | Cosine | OneCycle | Plateau | CustomSchedule | WarmUp


@dataclass(frozen=True)
class Progress:
    """How far a run has come, in whole epochs: all that a schedule needs to know."""

    rows_seen: int  # those seen again counted again
    n_rows: int  # of an epoch
    updates_per_epoch: int = 1
    n_cuts: int = 0  # of the step size

    @property
    def epochs_done(self) -> int:
        return self.rows_seen // self.n_rows


def step_sizes(schedule: AnySchedule, step_size: float, progress: Progress, n_epochs: int) -> NDArray[np.float64]:
    """The step sizes of the next epochs, if no cut comes between them.

    Returns
    -------
    array of shape (n_epochs,), one for all updates of an epoch; or, of "one-cycle" and "warm-up",
    (n_epochs, updates_per_epoch)

    Examples
    --------
    >>> progress = Progress(rows_seen=0, n_rows=4, updates_per_epoch=2)
    >>> step_sizes(Schedule("invscaling", power=1.0), 1.0, progress, n_epochs=3).tolist()
    [1.0, 0.2, 0.1111111111111111]
    >>> step_sizes(WarmUp(3), 0.3, progress, n_epochs=2).round(3).tolist()
    [[0.1, 0.2], [0.3, 0.3]]
    """
    if isinstance(schedule, WarmUp):
        sizes = step_sizes(schedule.then, step_size, progress, n_epochs)
        factors = [book.warm_up(update, schedule.n_updates) for update in _updates(progress, n_epochs)]
        rising = np.reshape(factors, (n_epochs, progress.updates_per_epoch))
        return rising * (sizes[:, np.newaxis] if sizes.ndim == 1 else sizes)
    if isinstance(schedule, OneCycle):
        total = schedule.n_epochs * progress.updates_per_epoch
        shape = schedule.rise, schedule.first, schedule.last
        sizes = np.array([book.one_cycle(step_size, i, total, *shape) for i in _updates(progress, n_epochs)])
        return sizes.reshape(n_epochs, progress.updates_per_epoch)
    return _of_epochs(schedule, step_size, progress, n_epochs)


def _of_epochs(
    schedule: Schedule | Cosine | Plateau | CustomSchedule, step_size: float, progress: Progress, n_epochs: int
) -> NDArray[np.float64]:
    epochs = range(progress.epochs_done, progress.epochs_done + n_epochs)
    match schedule:
        case Cosine(total, floor):
            return np.array([book.cosine(step_size, epoch, total, floor * step_size) for epoch in epochs])
        case CustomSchedule(factor):
            return np.array([book.own(step_size, epoch, factor) for epoch in epochs])
        case Plateau(factor=factor, least=least):
            return np.full(n_epochs, book.plateau(step_size, progress.n_cuts, factor, least))
        case Schedule("invscaling", power):
            seen = range(progress.rows_seen, progress.rows_seen + progress.n_rows * n_epochs, progress.n_rows)
            return np.array([book.inverse_scaling(step_size, n, power) for n in seen])
        case Schedule("adaptive"):
            return np.full(n_epochs, book.adaptive(step_size, progress.n_cuts))
    return np.full(n_epochs, step_size)  # (S1)


def can_cut(schedule: AnySchedule, step_size: float) -> bool:
    """Whether a run that makes no progress goes on with a smaller step size, rather than ends."""
    last = schedule.then if isinstance(schedule, WarmUp) else schedule
    return isinstance(last, Schedule) and last.name == "adaptive" and step_size > book.ADAPTIVE_LEAST


def _updates(progress: Progress, n_epochs: int) -> range:
    """The numbers of the updates of the next epochs, from 0."""
    first = progress.epochs_done * progress.updates_per_epoch
    return range(first, first + n_epochs * progress.updates_per_epoch)
