"""Run packs: many networks trained at once on shared data, each in one thread of this machine or of a cluster.

Compiled training releases the GIL, so that members run in parallel on all cores.  The longest start first, and each
thread takes the next when it is free.  Members can be paused between two slices and continued in any thread, so that
the last members of a pack take turns and no core is idle while another has two left.  The outcome of a member does not
depend on other members, turns or threads, because each has a separate state and generator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from multilayer.engines import checked_jobs
from multilayer.exceptions import ParameterError
from multilayer.packs.clusters import ClusterPack, executor_of
from multilayer.packs.members import Member, MemberOutcome
from multilayer.packs.pack import Pack


@dataclass(frozen=True)
class MemberEnded:
    """An event of a pack: a member has ended or failed.

    Attributes
    ----------
    outcome : MemberOutcome
        Its outcome.
    n_done, n_members : int
        The number of members that have ended, and of all.
    seconds : float
        The time since the start of the pack.
    """

    outcome: MemberOutcome
    n_done: int
    n_members: int
    seconds: float


PackListener = Callable[[MemberEnded], object]


def run_pack(
    members: Sequence[Member],
    *,
    n_jobs: int | None = None,
    backend: str | None = None,
    listener: PackListener | None = None,
) -> dict[Any, MemberOutcome]:
    """Train all members.

    A member that fails does not affect the others.  Ctrl-C ends the training of members at their next update (on other
    processes, at once) and starts no others; members that have not ended are then missing from the result.

    Parameters
    ----------
    members : sequence of Member
        Members with unique keys.
    n_jobs : int or None, default=None
        The number of members that work at the same time; None for one on each core that this process may use.  If
        fewer members are left, in threads, these share the cores.
    backend : str or None, default=None
        "threads", or the name of a backend of joblib, for members that can be pickled: "loky" for processes on this
        machine, "dask" or "ray" for a cluster.  None for that of ``joblib.parallel_config``, and for threads without
        one.
    listener : callable, default=None
        Receives an event for each member that ends, in the calling thread.

    Returns
    -------
    dict of {hashable: MemberOutcome}
        The outcomes by key, in the order of the members.

    Examples
    --------
    >>> pack = [Member(n, work=lambda n=n: n * n, size=n) for n in (1, 2, 3)]
    >>> [outcome.value for outcome in run_pack(pack).values()]
    [1, 4, 9]
    """
    keys = [member.key for member in members]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ParameterError(f"the keys of a pack's members must be unique, got {twice!r} twice.")
    outcomes: dict[Any, MemberOutcome] = {}
    began = time.perf_counter()
    ended = _ended(members, n_jobs, backend)
    with closing(ended):  # at once after an error of the listener
        for outcome in ended:
            outcomes[outcome.key] = outcome
            if listener is not None:
                listener(MemberEnded(outcome, len(outcomes), len(members), time.perf_counter() - began))
    return {member.key: outcomes[member.key] for member in members if member.key in outcomes}


def _ended(members: Sequence[Member], n_jobs: int | None, backend: str | None) -> Generator[MemberOutcome]:
    with open_pack(n_jobs, backend, n_members=len(members)) as pack:
        pack.add(*members)
        yield from pack.ended()


def open_pack(n_jobs: int | None, backend: str | None = None, *, n_members: int | None = None) -> Pack | ClusterPack:
    """Return a pack that works in threads, or on the executor of ``joblib.parallel_config``.

    Parameters
    ----------
    n_jobs : int or None
        The number of members that work at the same time.
    backend : str or None, default=None
        As for :func:`run_pack`.
    n_members : int or None, default=None
        The number of members, if it is known: not more threads are started.

    Returns
    -------
    Pack or ClusterPack
        The pack, not yet open.
    """
    executor, n_jobs = executor_of(backend, n_jobs)
    if executor is not None:
        return ClusterPack(executor, n_jobs)
    n_cores = checked_jobs(n_jobs)
    return Pack(n_cores if n_members is None else min(n_cores, max(n_members, 1)), n_cores)
