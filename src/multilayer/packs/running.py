"""Run packs: many networks trained at once on shared data, each in one thread.

Compiled training releases the GIL, so that members run in parallel on all cores.  The longest start first, and each
thread takes the next when it is free.  Members can be paused between two slices and continued in any thread, so that
the last members of a pack take turns and no core is idle while another has two left.  The outcome of a member does not
depend on other members, turns or threads, because each has a separate state and generator.
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

from multilayer.engines import checked_jobs
from multilayer.exceptions import ParameterError, unknown_name
from multilayer.packs.members import Member, MemberOutcome, run_member
from multilayer.packs.pack import Pack

THREADS = "threads"


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
    backend: str = THREADS,
    listener: PackListener | None = None,
) -> dict[Any, MemberOutcome]:
    """Train all members.

    A member that fails does not affect the others.  Ctrl-C ends the training of members at their next update (in
    processes, at once) and starts no others; members that have not ended are then missing from the result.

    Parameters
    ----------
    members : sequence of Member
        Members with unique keys.
    n_jobs : int or None, default=None
        The number of members that work at the same time; None for one on each core that this process may use.  If
        fewer members are left, in threads, these share the cores.
    backend : str, default="threads"
        "threads", or the name of a backend of joblib for members that can be pickled: "loky" for processes, or one
        that "dask" or "ray" has registered.
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
    n_cores = checked_jobs(n_jobs)
    n_jobs = min(n_cores, max(len(members), 1))
    _check_backend(backend)
    keys = [member.key for member in members]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ParameterError(f"the keys of a pack's members must be unique, got {twice!r} twice.")
    outcomes: dict[Any, MemberOutcome] = {}
    began = time.perf_counter()
    first = sorted(members, key=lambda member: (-member.priority, -member.size))
    ended = _in_threads(first, n_jobs, n_cores) if backend == THREADS else _by_joblib(first, n_jobs, backend)
    with closing(ended):  # at once after an error of the listener
        for outcome in ended:
            outcomes[outcome.key] = outcome
            if listener is not None:
                listener(MemberEnded(outcome, len(outcomes), len(members), time.perf_counter() - began))
    return {member.key: outcomes[member.key] for member in members if member.key in outcomes}


def _in_threads(members: Sequence[Member], n_jobs: int, n_cores: int) -> Generator[MemberOutcome]:
    with Pack(n_jobs, n_cores) as pack:
        pack.add(*members)
        yield from pack.ended()


def _by_joblib(members: Sequence[Member], n_jobs: int, backend: str) -> Generator[MemberOutcome]:
    run = joblib.Parallel(n_jobs=n_jobs, backend=backend, return_as="generator_unordered")
    config = get_config()
    with suppress(KeyboardInterrupt):  # keeps the outcomes so far
        yield from run(joblib.delayed(_run_configured)(config, member) for member in members)


def _run_configured(config: dict[str, Any], member: Member) -> MemberOutcome:
    """Run a member with the scikit-learn configuration of the process that started the pack."""
    with config_context(**config):
        return run_member(member)


def _check_backend(backend: Any) -> None:
    known = {THREADS, *BACKENDS, *EXTERNAL_BACKENDS, *MAYBE_AVAILABLE_BACKENDS}
    if not isinstance(backend, str) or backend not in known:
        raise unknown_name("backend", backend, known)
