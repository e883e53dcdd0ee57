"""The pack: many networks trained at once on shared data, one thread a member.

Compiled training releases the GIL, so that members run side by side on all cores.  The longest begin first and each
thread takes the next one when it is free, so that no core idles while another has a queue.  What becomes of a member
does not depend on who else is in the pack, or on the number of threads: each has its own state and its own generator.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import joblib

from multilayer.engines.cpu.threads import one_blas_thread
from multilayer.exceptions import ParameterError
from multilayer.training.interrupt import Interrupt, deferred_interrupt, interrupted_by

THREADS = "threads"
# How often the thread that waits looks for Ctrl-C.
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Member:
    """One network of a pack, or whatever else is to be worked out beside others."""

    key: Any  # what it is known by
    work: Callable[[], Any]  # trains it, in whatever thread or process
    size: float = 1.0  # how long it takes, in any unit: the longest begin first


@dataclass(frozen=True)
class Outcome:
    """What became of a member: a value or an error."""

    key: Any
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class MemberEnded:
    """The event of a pack: a member is done, or has failed."""

    outcome: Outcome
    n_done: int
    n_members: int
    seconds: float  # since the pack began


PackListener = Callable[[MemberEnded], object]


def run_pack(
    members: Sequence[Member],
    *,
    n_jobs: int | None = None,
    backend: str = THREADS,
    listener: PackListener | None = None,
) -> dict[Any, Outcome]:
    """Train all members; what became of each, by its key, in the order of the members.

    A member that fails is reported and takes no other down.  Ctrl-C ends the training of those at work at their next
    update and begins no other: then the members that were not done are missing.

    Parameters
    ----------
    members : sequence of Member
        With keys that all differ.
    n_jobs : int or None, default=None
        Members at work at a time; None for one on each core that this process may use.
    backend : str, default="threads"
        "threads", or the name of a backend of joblib's for members that can be pickled: "loky" for processes, or one
        that "dask" or "ray" have registered.
    listener : callable, default=None
        Told of each member when it ends, in the thread that called.

    Examples
    --------
    >>> pack = [Member(n, work=lambda n=n: n * n, size=n) for n in (1, 2, 3)]
    >>> [outcome.value for outcome in run_pack(pack).values()]
    [1, 4, 9]
    """
    if n_jobs is not None and (isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs < 1):
        raise ParameterError(f"n_jobs must be None or an integer not below 1, got {n_jobs!r}.")
    longest_first = sorted(members, key=lambda member: -member.size)
    n_jobs = min(n_jobs or cores(), max(len(members), 1))
    outcomes: dict[Any, Outcome] = {}
    began = time.perf_counter()
    ended = _in_threads(longest_first, n_jobs) if backend == THREADS else _by_joblib(longest_first, n_jobs, backend)
    for outcome in ended:
        outcomes[outcome.key] = outcome
        if listener is not None:
            listener(MemberEnded(outcome, len(outcomes), len(members), time.perf_counter() - began))
    return {member.key: outcomes[member.key] for member in members if member.key in outcomes}


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_threads(members: Sequence[Member], n_jobs: int) -> Iterator[Outcome]:
    if n_jobs == 1:
        yield from _one_after_another(members)
        return
    with one_blas_thread(), deferred_interrupt() as interrupt, ThreadPoolExecutor(n_jobs) as threads:
        waiting = {threads.submit(_within, interrupt, member) for member in members}
        try:
            while waiting:
                done, waiting = wait(waiting, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
                results = [future.result() for future in done if not future.cancelled()]
                yield from (outcome for outcome in results if outcome is not None)
                if interrupt.pressed:
                    waiting = _still_at_work(waiting)
        except BaseException:  # the listener's, or a second Ctrl-C: nobody waits for what is left
            interrupt.pressed = True
            _still_at_work(waiting)
            raise


def _one_after_another(members: Sequence[Member]) -> Iterator[Outcome]:
    """In the thread that called: then a debugger sees it, and Ctrl-C reaches it by itself."""
    with one_blas_thread(), deferred_interrupt() as interrupt:
        for member in members:
            outcome = _within(interrupt, member)
            if outcome is not None:
                yield outcome


def _by_joblib(members: Sequence[Member], n_jobs: int, backend: str) -> Iterator[Outcome]:
    run = joblib.Parallel(n_jobs=n_jobs, backend=backend, return_as="generator_unordered")
    yield from run(joblib.delayed(_outcome)(member) for member in members)


def _still_at_work(waiting: set[Future[Outcome | None]]) -> set[Future[Outcome | None]]:
    return {future for future in waiting if not future.cancel()}


def _within(interrupt: Interrupt, member: Member) -> Outcome | None:
    """The outcome of a member whose training ends where Ctrl-C is pressed, which leaves it undone."""
    if interrupt.pressed:
        return None
    with interrupted_by(interrupt):
        outcome = _outcome(member)
    return None if interrupt.pressed else outcome


def _outcome(member: Member) -> Outcome:
    began = time.perf_counter()
    try:
        value, error = member.work(), None
    except Exception as failure:
        value, error = None, failure
    return Outcome(member.key, value, error, time.perf_counter() - began)
