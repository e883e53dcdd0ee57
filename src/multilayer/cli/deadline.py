"""The time that a command may take, and the shares of its parts."""

from __future__ import annotations

import errno
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

Clock = Callable[[], float]
NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))

# Scoring, pictures and the report come after the training, and need some of the time that is left before it.
SHARE_OF_TRAINING = 0.8
_SHARE_OF_LINEAR_MODEL = 0.25
_PROBED = 3  # iterations that are timed


class UnfinishedError(click.ClickException):
    """The machine had too little time or room: exit code 1, where wrong usage has 2."""


@dataclass(frozen=True)
class Deadline:
    """The end of a command that may take so many minutes from now; None for no limit."""

    minutes: float | None = None
    clock: Clock = time.monotonic
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        end = math.inf if self.minutes is None else self.clock() + 60.0 * self.minutes
        object.__setattr__(self, "_end", end)

    @property
    def seconds_left(self) -> float:
        return max(0.0, self._end - self.clock())

    @property
    def is_over(self) -> bool:
        return self.seconds_left <= 0.0

    def seconds_for(self, share: float, before: str) -> float | None:
        """A share of the seconds that are left; None without a limit.

        Raises
        ------
        UnfinishedError
            None are left, ``before`` anything was achieved.
        """
        if self.minutes is None:
            return None
        if self.is_over:
            raise UnfinishedError(
                f"the time was over before {before}, with --minutes {self.minutes:g}. Increase --minutes."
            )
        return share * self.seconds_left


def limited_linear_model(model: Any, fit: Callable[[Any], object], deadline: Deadline, n_fits: float = 1.0) -> Any:
    """The linear model with as many iterations as ``n_fits`` fits, one after another, have time for.

    Without a limit, and for a model without ``max_iter``, it stays as it is.  ``fit`` fits a model once.
    """
    from sklearn.base import clone

    most = getattr(model, "max_iter", None)
    seconds = deadline.seconds_for(_SHARE_OF_LINEAR_MODEL, "the linear model was trained")
    if seconds is None or most is None:
        return model
    began = deadline.clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few iterations do not converge
        fit(clone(model).set_params(max_iter=_PROBED))
    per_iteration = max(deadline.clock() - began, 1e-9) / _PROBED
    return model.set_params(max_iter=int(min(most, max(1.0, seconds / (per_iteration * n_fits)))))
