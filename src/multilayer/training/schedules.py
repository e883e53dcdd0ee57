"""Schedules of the step size, by epoch or by update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_integer, check_real
from multilayer.equations.extensions import schedules as equations
from multilayer.exceptions import ParameterError, unknown_name

SCHEDULES = ("constant", "invscaling", "adaptive")


@dataclass(frozen=True)
class Schedule:
    """A schedule of scikit-learn, equations (S1) to (S3).

    Parameters
    ----------
    name : {"constant", "invscaling", "adaptive"}, default="constant"
        Its name in scikit-learn.
    power : float, default=0.5
        The exponent of "invscaling".
    """

    name: str = "constant"
    power: float = 0.5

    def __post_init__(self) -> None:
        if self.name not in SCHEDULES:
            raise unknown_name("schedule", self.name, SCHEDULES)
        check_real("power", self.power, 0.0)


@dataclass(frozen=True)
class Cosine:
    """A step size that falls along half a cosine, equation (S4).

    Parameters
    ----------
    n_epochs : int
        The epochs of the whole run.
    floor : float, default=0.0
        The last step size as a share of the first.
    """

    n_epochs: int
    floor: float = 0.0

    def __post_init__(self) -> None:
        check_integer("n_epochs", self.n_epochs, 1)
        check_real("floor", self.floor, 0.0, 1.0)


@dataclass(frozen=True)
class OneCycle:
    """A step size that rises and falls once, with a value for each update, equation (S5).

    Parameters
    ----------
    n_epochs : int
        The epochs of the whole run.
    rise : float, default=0.25
        The share of the updates during which it rises.
    first : float, default=0.04
        The first step size as a share of the largest.
    last : float, default=1e-5
        The last step size as a share of the largest.
    """

    n_epochs: int
    rise: float = equations.ONE_CYCLE_RISE
    first: float = equations.ONE_CYCLE_FIRST
    last: float = equations.ONE_CYCLE_LAST

    def __post_init__(self) -> None:
        check_integer("n_epochs", self.n_epochs, 1)
        for name in ("rise", "first", "last"):
            check_real(name, getattr(self, name), 0.0, 1.0)
        if self.rise == 1:
            raise ParameterError("rise must be below 1, got 1: the step size must fall after it has risen.")


@dataclass(frozen=True)
class CosineCycles:
    """A step size that rises and falls several times, each time twice as slowly, equation (S9).

    It has a value for each update.  Weights after a short cycle are a good start for a longer one.

    Parameters
    ----------
    n_epochs : int
        The epochs of the whole run.
    n_cycles : int, default=4
        The number of cycles.
    """

    n_epochs: int
    n_cycles: int = 4

    def __post_init__(self) -> None:
        check_integer("n_epochs", self.n_epochs, 1)
        check_integer("n_cycles", self.n_cycles, 1)


@dataclass(frozen=True)
class Plateau:
    """A step size that is reduced when training makes no progress, equation (S7).

    Parameters
    ----------
    factor : float, default=0.5
        The factor of each reduction.
    patience : int, default=5
        Consecutive epochs without progress before a reduction.
    tol : float, default=1e-4
        The smallest fall of the cost, or rise of the score, that counts as progress.
    least : float, default=0.0
        The smallest step size.
    """

    factor: float = 0.5
    patience: int = 5
    tol: float = 1e-4
    least: float = 0.0

    def __post_init__(self) -> None:
        check_real("factor", self.factor, 0.0, 1.0)
        if self.factor in (0, 1):
            raise ParameterError(f"factor must be above 0 and below 1, got {self.factor!r}.")
        check_integer("patience", self.patience, 1)
        check_real("tol", self.tol, 0.0)
        check_real("least", self.least, 0.0)


@dataclass(frozen=True)
class CustomSchedule:
    """A step size that is multiplied by a function of the epoch, equation (S8).

    Parameters
    ----------
    factor : callable
        A function of the epoch, counted from 0.
    """

    factor: Callable[[int], float]

    def __post_init__(self) -> None:
        if not callable(self.factor):
            raise ParameterError(f"a custom schedule must be a function of the epoch, got {self.factor!r}.")


@dataclass(frozen=True)
class WarmUp:
    """A step size that rises linearly to that of another schedule, with a value for each update, equation (S6).

    Parameters
    ----------
    n_updates : int
        The number of updates during which it rises.
    then : schedule, default=Schedule("constant")
        The other schedule, which is not a warm-up.
    """

    n_updates: int
    then: Schedule | Cosine | OneCycle | CosineCycles | Plateau | CustomSchedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        check_integer("n_updates", self.n_updates, 0)
        if not isinstance(self.then, Schedule | Cosine | OneCycle | CosineCycles | Plateau | CustomSchedule):
            raise ParameterError(
                "then must be a schedule other than a warm-up, such as Cosine(50), or "
                f"CustomSchedule(f) for a function f of the epoch, got {self.then!r}."
            )


AnySchedule = Schedule | Cosine | OneCycle | CosineCycles | Plateau | CustomSchedule | WarmUp


@dataclass(frozen=True)
class Progress:
    """The progress of a run in whole epochs, from which a schedule computes step sizes."""

    rows_seen: int  # over all epochs
    n_rows: int  # per epoch
    updates_per_epoch: int = 1
    n_cuts: int = 0  # reductions of the step size

    @property
    def epochs_done(self) -> int:
        return self.rows_seen // self.n_rows


def step_sizes(schedule: AnySchedule, step_size: float, progress: Progress, n_epochs: int) -> NDArray[np.float64]:
    """Return the step sizes of the next epochs, if none is reduced between them.

    The shape is (n_epochs,) or, for OneCycle, CosineCycles and WarmUp, (n_epochs, updates_per_epoch).

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
        factors = [equations.warm_up(update, schedule.n_updates) for update in _update_numbers(progress, n_epochs)]
        rising = np.reshape(factors, (n_epochs, progress.updates_per_epoch))
        return rising * (sizes[:, np.newaxis] if sizes.ndim == 1 else sizes)
    if isinstance(schedule, OneCycle):
        total = schedule.n_epochs * progress.updates_per_epoch
        shape = schedule.rise, schedule.first, schedule.last
        sizes = np.array(
            [equations.one_cycle(step_size, i, total, *shape) for i in _update_numbers(progress, n_epochs)]
        )
        return sizes.reshape(n_epochs, progress.updates_per_epoch)
    if isinstance(schedule, CosineCycles):
        total = schedule.n_epochs * progress.updates_per_epoch
        numbers = _update_numbers(progress, n_epochs)
        sizes = np.array([equations.cosine_cycles(step_size, i, total, schedule.n_cycles) for i in numbers])
        return sizes.reshape(n_epochs, progress.updates_per_epoch)
    return _of_epochs(schedule, step_size, progress, n_epochs)


def _of_epochs(
    schedule: Schedule | Cosine | Plateau | CustomSchedule, step_size: float, progress: Progress, n_epochs: int
) -> NDArray[np.float64]:
    epochs = range(progress.epochs_done, progress.epochs_done + n_epochs)
    match schedule:
        case Cosine(total, floor):
            return np.array([equations.cosine(step_size, epoch, total, floor * step_size) for epoch in epochs])
        case CustomSchedule(factor):
            return np.array([equations.own(step_size, epoch, factor) for epoch in epochs])
        case Plateau(factor=factor, least=least):
            return np.full(n_epochs, equations.plateau(step_size, progress.n_cuts, factor, least))
        case Schedule("invscaling", power):
            seen = range(progress.rows_seen, progress.rows_seen + progress.n_rows * n_epochs, progress.n_rows)
            return np.array([equations.inverse_scaling(step_size, n, power) for n in seen])
        case Schedule("adaptive"):
            return np.full(n_epochs, equations.adaptive(step_size, progress.n_cuts))
    return np.full(n_epochs, step_size)  # (S1)


def can_reduce(schedule: AnySchedule, step_size: float) -> bool:
    """Return whether a run without progress continues with a smaller step size instead of ending."""
    last = schedule.then if isinstance(schedule, WarmUp) else schedule
    return isinstance(last, Schedule) and last.name == "adaptive" and step_size > equations.ADAPTIVE_LEAST


def _update_numbers(progress: Progress, n_epochs: int) -> range:
    """Return the numbers of the updates of the next epochs, from 0."""
    first = progress.epochs_done * progress.updates_per_epoch
    return range(first, first + n_epochs * progress.updates_per_epoch)
