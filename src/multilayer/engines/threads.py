"""Work on several cores: threads of this library, which run compiled code that releases the interpreter's lock.

The number of threads is that of OpenMP in scikit-learn: the cores that this process may use, or fewer by
OMP_NUM_THREADS, by threadpoolctl, and in joblib's worker processes.  Work is divided by a rule that does not know the
number of threads, so that results do not depend on it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from numbers import Integral
from typing import Any

from multilayer.exceptions import ParameterError

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


class _Here(threading.local):
    limits: tuple[int | Callable[[], int], ...] = ()


_here = _Here()


@contextmanager
def at_most(limit: int | Callable[[], int]) -> Iterator[None]:
    """Within this block, limit the threads that work of this Python thread may use.

    Parameters
    ----------
    limit : int or callable
        The number of threads; a callable returns it whenever work begins.

    Yields
    ------
    None
        The limit applies in addition to those of blocks around this one.
    """
    before, _here.limits = _here.limits, (*_here.limits, limit)
    try:
        yield
    finally:
        _here.limits = before


def n_threads() -> int:
    """Return the number of threads that work of this Python thread may use.

    Returns
    -------
    int
        The number: that of OpenMP, or fewer within :func:`at_most`.
    """
    limits = [limit() if callable(limit) else limit for limit in _here.limits]
    return 1 if 1 in limits else max(min([_limit(), *limits]), 1)


def checked_jobs(n_jobs: Any) -> int:
    """Check a number of jobs.

    Parameters
    ----------
    n_jobs : int or None
        None or -1 for all cores.

    Returns
    -------
    int
        The number of jobs.

    Raises
    ------
    ParameterError
        If it is neither None, -1 nor a positive integer.
    """
    if n_jobs is None or (n_jobs == -1 and isinstance(n_jobs, Integral)):
        return _n_cores()
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral) or n_jobs < 1:
        raise ParameterError(f"n_jobs must be None or -1 for all cores, or a positive integer, got {n_jobs!r}.")
    return int(n_jobs)


def _limit() -> int:
    # Imported here, because callbacks and sessions can be imported without scikit-learn.
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    return max(int(_openmp_effective_n_threads()), 1)


def in_threads(work: Callable[[int], None], n_parts: int) -> None:
    """Call ``work`` with the numbers of all parts, in several threads at once.

    The calling thread works, too, and does all parts if the other threads are busy.  An error is raised when all
    threads have ended; parts that have not begun by then are not done.

    Parameters
    ----------
    work : callable
        From the number of a part to None.  It must not wait for parts that have not begun.
    n_parts : int
        The number of parts.
    """
    n_others = min(n_threads(), n_parts) - 1 if n_parts > 1 else 0
    parts = iter(range(n_parts))

    def work_on() -> None:
        for part in parts:  # one step of an iterator over a range cannot be interrupted by another thread
            work(part)

    if n_others < 1:
        work_on()
        return
    futures: list[Future[None]] = []
    try:
        pool = _started_pool()
        with suppress(RuntimeError):  # at the end of the interpreter, a pool starts nothing
            for _ in range(n_others):
                if pool is not None:
                    futures.append(pool.submit(work_on))
        work_on()
    finally:
        for _ in parts:  # after an error
            pass
        _wait_for([future for future in futures if not future.cancel()])
    for future in futures:
        if not future.cancelled():
            future.result()


def _wait_for(futures: list[Future[None]]) -> None:
    """Wait until all have ended; after Ctrl-C, too, because they work on memory of the caller."""
    while True:
        try:
            wait(futures)
            return
        except KeyboardInterrupt:
            _wait_for(futures)
            raise


def _started_pool() -> ThreadPoolExecutor | None:
    """Return the pool of this process; None in a browser, where no thread can be started."""
    global _pool
    with _lock:
        if _pool is None:
            pool = ThreadPoolExecutor(_n_cores(), thread_name_prefix="multilayer")
            try:
                pool.submit(int)
            except RuntimeError:
                return None
            _pool = pool
        return _pool


def _n_cores() -> int:
    from joblib import cpu_count

    return int(cpu_count())


def _after_fork() -> None:
    # The threads do not exist in the child, and one of them may have held the lock.
    global _lock, _pool
    _lock, _pool = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
