"""The time that a command may take, and how its parts share it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from multilayer.cli._errors import UnfinishedError

Clock = Callable[[], float]

# Scoring, pictures and the report come after the training, and need some of the time that is left before it.
SHARE_OF_TRAINING = 0.8


@dataclass(frozen=True)
class Deadline:
    """The end of a command that may take so many minutes, from now on.

    Parameters
    ----------
    minutes : float or None
        Without a limit.
    clock : seconds from any moment on
    """

    minutes: float | None = None
    clock: Clock = time.monotonic
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        end = math.inf if self.minutes is None else self.clock() + 60.0 * self.minutes
        object.__setattr__(self, "_end", end)

    @property
    def has_limit(self) -> bool:
        return self.minutes is not None

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
                f"the time was over before {before}, with --minutes {self.minutes:g}. Give it more --minutes."
            )
        return share * self.seconds_left
