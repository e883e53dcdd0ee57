"""Step sizes, epoch by epoch: what a schedule of the book makes of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.schedules import ADAPTIVE_LEAST, adaptive, constant, inverse_scaling

SCHEDULES = ("constant", "invscaling", "adaptive")


@dataclass(frozen=True)
class Schedule:
    """(S1)-(S3) of the book by scikit-learn's names: "constant", "invscaling" or "adaptive"."""

    name: str = "constant"
    power: float = 0.5  # of "invscaling"


def step_sizes(
    schedule: Schedule, step_size: float, rows_seen: int, n_cuts: int, n_rows: int, n_epochs: int
) -> NDArray[np.float64]:
    """The step sizes of the next epochs, if no cut comes between them, (n_epochs,).

    ``step_size`` is the run's first, ``rows_seen`` counts the rows trained on so far, ``n_rows`` those of an epoch.

    Examples
    --------
    >>> step_sizes(Schedule("invscaling", power=1.0), 1.0, rows_seen=0, n_cuts=0, n_rows=4, n_epochs=3).tolist()
    [1.0, 0.2, 0.1111111111111111]
    """
    if schedule.name == "invscaling":
        seen = range(rows_seen, rows_seen + n_rows * n_epochs, n_rows)
        return np.array([inverse_scaling(step_size, n, schedule.power) for n in seen])
    now = adaptive(step_size, n_cuts) if schedule.name == "adaptive" else constant(step_size)
    return np.full(n_epochs, now)


def can_cut(schedule: Schedule, step_size: float) -> bool:
    """Whether a run that makes no progress goes on with a smaller step size, rather than ends."""
    return schedule.name == "adaptive" and step_size > ADAPTIVE_LEAST
