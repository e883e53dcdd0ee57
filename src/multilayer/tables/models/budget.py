"""The time of a fit, divided among its networks."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

# Training a network takes this share of its time; the rest is for encoding, validation and the other models.
SHARE_OF_TRAINING = 0.8
LEAST_SECONDS = 1e-3


@dataclass(eq=False)
class Budget:
    """The time that is left for the networks that have not begun.

    Parameters
    ----------
    deadline : float
        The end of the fit, by ``time.monotonic()``.
    n_waiting : int
        The networks that have not begun.
    n_jobs : int
        The networks that are trained at the same time.
    """

    deadline: float
    n_waiting: int
    n_jobs: int
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> float:
        """Return the seconds of the next network: what earlier ones have not used goes to the later ones."""
        with self._lock:
            rounds = -(-self.n_waiting // self.n_jobs)
            self.n_waiting -= 1
            left = SHARE_OF_TRAINING * (self.deadline - time.monotonic())
            return max(left / max(rounds, 1), LEAST_SECONDS)

    def has_ended(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.deadline
