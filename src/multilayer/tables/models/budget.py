"""The time of a fit, divided among its networks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# This share of the time is for validation, weights and calibration after the training.
SHARE_OF_LAST_STEPS = 0.06
# A model beside the networks is fitted if all folds of it need no more than this share of the time that is left; twice
# as much once it is fitted in a fold.
SHARE_OF_OTHERS = 0.3
LEAST_SECONDS = 1e-3
# Fewer folds are trained if their networks would have fewer epochs than this otherwise.
LEAST_EPOCHS = 16


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
    least : float
        The seconds that a network needs at least, which other models leave to those that wait.
    """

    deadline: float
    n_waiting: int
    n_jobs: int
    tasks: dict[str, int] = field(default_factory=dict)
    least: float = 0.0
    _seconds: dict[str, list[float]] = field(default_factory=dict)  # of the tasks that were done
    _paces: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, max_time: float, spent: float, n_jobs: int) -> Budget:
        """Return the budget of a fit that may take ``max_time`` seconds, of which some are spent."""
        left = (1.0 - SHARE_OF_LAST_STEPS) * max_time - spent
        return cls(time.monotonic() + left, 0, n_jobs)

    def n_folds(self, most: int, least: Collection[float], encodings: Collection[str]) -> int:
        """Return the number of folds that there is time for, 0 if there is too little time for one.

        ``least`` are the seconds that each network of a fold needs at least.  One fold is encoded already.
        """
        encoding = sum(self.mean(name) for name in encodings)
        for n in range(most, 0, -1):
            n_threads = min(self.n_jobs, n * len(least))
            if self.has_time((n * sum(least) + (n - 1) * encoding) / n_threads):
                return n
        return 0

    def has_time(self, seconds: float) -> bool:
        """Whether so many seconds are left."""
        return time.monotonic() + seconds < self.deadline

    def begin(self) -> float:
        """Return the seconds of the next network: what earlier ones have not used goes to the later ones."""
        with self._lock:
            rounds = -(-self.n_waiting // self.n_jobs)
            self.n_waiting -= 1
            left = self.deadline - time.monotonic() - self._waiting() / self.n_jobs
            return max(left / max(rounds, 1), LEAST_SECONDS)

    def skip(self) -> None:
        """Note that a network is not trained."""
        with self._lock:
            self.n_waiting -= 1

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
            each = self.mean(name) if is_known else expected()
            with self._lock:
                rounds = -(-self.tasks[name] // self.n_jobs)
                share = SHARE_OF_OTHERS * (2.0 if is_known else 1.0)
                reserved = (self.n_waiting * self.least + self._waiting(name)) / self.n_jobs
                found = rounds * each <= share * (self.deadline - time.monotonic() - reserved)
        if not found:
            with self._lock:
                self.tasks[name] = 0
        return found

    def _waiting(self, without: str = "") -> float:
        """Return the expected seconds of the other tasks that are yet to be done."""
        return sum(n * self.mean(name) for name, n in self.tasks.items() if name != without)

    def mean(self, name: str) -> float:
        """Return the mean seconds of the tasks of this name that are done, 0 if there are none."""
        known = self._seconds.get(name, ())
        return sum(known) / len(known) if known else 0.0
