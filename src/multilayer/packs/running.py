"""The pack: many networks trained at once on shared data, one thread a member.

Compiled training releases the GIL, so that members run side by side on all cores.  The longest begin first and each
thread takes the next one when it is free.  A member may be put aside between two slices of its work and go on later, in
whatever thread: so the last few of a pack take turns, and no core idles while another has two left to do.  What becomes
of a member does not depend on who else is in the pack, on turns, or on the number of threads: each has its own state
and its own generator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import joblib
from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS, MAYBE_AVAILABLE_BACKENDS
from sklearn import config_context, get_config

from multilayer.exceptions import ParameterError, unknown_name
from multilayer.packs.members import Member, MemberOutcome, run_member
from multilayer.packs.pack import Pack, checked_jobs

THREADS = "threads"


@dataclass(frozen=True)
class MemberEnded:
    """The event that a member of a pack is done, or has failed.

    Attributes
    ----------
    outcome : Outcome
        Its key with a value or an error.
    n_done : int
        Members that are done, with this one.
    n_members : int
        Members in all.
    seconds : float
        Time since the pack started.
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
    backend: str = THREADS,
    listener: PackListener | None = None,
) -> dict[Any, MemberOutcome]:
    """Train all members; what became of each, by its key, in the order of the members.

    A member that fails is reported and takes no other down.  Ctrl-C ends the training of those at work at their next
    update (in processes, at once) and begins no other: then the members that were not done are missing.

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
    n_jobs = min(checked_jobs(n_jobs), max(len(members), 1))
    _check_backend(backend)
    keys = [member.key for member in members]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ParameterError(f"each member of a pack has a key of its own, got {twice!r} twice.")
    outcomes: dict[Any, MemberOutcome] = {}
    began = time.perf_counter()
    first = sorted(members, key=lambda member: (-member.priority, -member.size))
    ended = _in_threads(first, n_jobs) if backend == THREADS else _by_joblib(first, n_jobs, backend)
    with closing(ended):  # at once, where the listener raises an error
        for outcome in ended:
            outcomes[outcome.key] = outcome
            if listener is not None:
                listener(MemberEnded(outcome, len(outcomes), len(members), time.perf_counter() - began))
    return {member.key: outcomes[member.key] for member in members if member.key in outcomes}


def _in_threads(members: Sequence[Member], n_jobs: int) -> Generator[MemberOutcome]:
    with Pack(n_jobs) as pack:
        pack.add(*members)
        yield from pack.ended()


def _by_joblib(members: Sequence[Member], n_jobs: int, backend: str) -> Generator[MemberOutcome]:
    run = joblib.Parallel(n_jobs=n_jobs, backend=backend, return_as="generator_unordered")
    config = get_config()
    with suppress(KeyboardInterrupt):  # those that are done are the outcome
        yield from run(joblib.delayed(_configured)(config, member) for member in members)


def _configured(config: dict[str, Any], member: Member) -> MemberOutcome:
    """A member's work under the scikit-learn settings of the process that began the pack."""
    with config_context(**config):
        return run_member(member)


def _check_backend(backend: Any) -> None:
    known = {THREADS, *BACKENDS, *EXTERNAL_BACKENDS, *MAYBE_AVAILABLE_BACKENDS}
    if not isinstance(backend, str) or backend not in known:
        raise unknown_name("backend", backend, known)
