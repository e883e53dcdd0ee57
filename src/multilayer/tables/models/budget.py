"""The time of a fit, divided among its networks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# This share of the time is for validation, weights and calibration after the training.
SHARE_OF_LAST_STEPS = 0.06
# A model beside the networks is fitted if all folds of it need no more than this share of the time that is left; twice
# as much once it is fitted in a fold.
SHARE_OF_OTHERS = 0.3
LEAST_SECONDS = 1e-3


@dataclass(eq=False)
class Budget:
    """The time that is left for the networks that have not begun.

    Parameters
    ----------
    deadline : float
        The end of the training, by ``time.monotonic()``.
    n_waiting : int
        The networks that have not begun.
    n_jobs : int
        The networks that are trained at the same time.
    tasks : dict of str to int
        How often each other task is yet to be done: encodings, and models of other kinds.
    """

    deadline: float
    n_waiting: int
    n_jobs: int
    tasks: dict[str, int] = field(default_factory=dict)
    _seconds: dict[str, list[float]] = field(default_factory=dict)  # of the tasks that were done
    _paces: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, max_time: float, spent: float, n_waiting: int, n_jobs: int, tasks: dict[str, int]) -> Budget:
        """Return the budget of a fit that may take ``max_time`` seconds, of which some are spent."""
        left = (1.0 - SHARE_OF_LAST_STEPS) * max_time - spent
        return cls(time.monotonic() + left, n_waiting, n_jobs, tasks)

    def begin(self) -> float:
        """Return the seconds of the next network: what earlier ones have not used goes to the later ones."""
        with self._lock:
            rounds = -(-self.n_waiting // self.n_jobs)
            self.n_waiting -= 1
            waiting = sum(n * self._mean(name) for name, n in self.tasks.items())
            left = self.deadline - time.monotonic() - waiting / self.n_jobs
            return max(left / max(rounds, 1), LEAST_SECONDS)

    def pace(self, name: str, measure: Callable[[], float]) -> float:
        """Return the seconds of a row in training a kind of network, which is measured in its first fold."""
        with self._lock:
            known = self._paces.get(name)
        found = measure() if known is None else known
        with self._lock:
            return self._paces.setdefault(name, found)

    def has_ended(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.deadline

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """Measure a task within this block; later ones of this name are expected to take as long."""
        with self._lock:
            self.tasks[name] = max(self.tasks.get(name, 0) - 1, 0)
        began = time.monotonic()
        yield
        with self._lock:
            self._seconds.setdefault(name, []).append(time.monotonic() - began)

    def has_time_for(self, name: str, expected: Callable[[], float]) -> bool:
        """Whether a model of another kind may be fitted in this fold and in all later ones.

        Parameters
        ----------
        name : str
            Its name in ``tasks``.
        expected : callable
            Returns the expected seconds in a fold; it is called if no such task is done.

        Returns
        -------
        bool
            False also for all later folds, since a model is of use only in all folds.
        """
        with self._lock:
            is_refused, is_known = not self.tasks.get(name, 0), name in self._seconds
        if is_refused or self.has_ended():
            found = False
        else:
            each = self._mean(name) if is_known else expected()
            with self._lock:
                rounds = -(-self.tasks[name] // self.n_jobs)
                share = SHARE_OF_OTHERS * (2.0 if is_known else 1.0)
                found = rounds * each <= share * (self.deadline - time.monotonic())
        if not found:
            with self._lock:
                self.tasks[name] = 0
        return found

    def _mean(self, name: str) -> float:
        known = self._seconds.get(name, ())
        return sum(known) / len(known) if known else 0.0
