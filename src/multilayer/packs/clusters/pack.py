"""A pack whose members are trained by the workers of an executor, with the same bits as in threads.

Groups of members are sent to workers, which train them in threads for some seconds and send back the outcomes and the
progress of the others.  If a worker is lost, its members are sent again as they were when they were sent to it.
"""

from __future__ import annotations

import bisect
import math
import time
from collections.abc import Hashable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self, cast

from sklearn import get_config

from multilayer.exceptions import ClusterError, ParameterError
from multilayer.packs.clusters.executors import Answer, Executor, Worker, WorkerLost
from multilayer.packs.clusters.messages import Encoded, Message, Reply, SharedArray, SharedArrays, decode
from multilayer.packs.members import Member, MemberOutcome, PausedTask
from multilayer.training.loop import deferred_interrupt

# The interval at which Ctrl-C and the workers are checked.
SECONDS_BETWEEN_CHECKS = 0.1
# The time of a message: it grows until sending and encoding take at most this share of it.
MOST_SECONDS, SHARE_OF_SENDING = 60.0, 0.05
# A message holds at most this share of the waiting members of each worker, so that the workers end together.
MESSAGES_PER_WORKER = 2
# So often members are sent again without any progress.
MOST_LOSSES = 4
# After so many losses, members are sent while no others are trained, which they might take down with them.
LOSSES_TO_SUSPECT = 2
# The interval at which the workers are counted, and how long the pack waits for one if there is none.
SECONDS_BETWEEN_COUNTS, SECONDS_WITHOUT_WORKERS = 2.0, 60.0


@dataclass(eq=False)
class Parcel:
    """Members that are sent together: a single one, or a group; the tasks are objects here, or bytes from a worker."""

    members: dict[Any, Member]
    order: int
    encoded: Encoded | None = None
    arrays: Mapping[int, SharedArray] = field(default_factory=dict)
    n_losses: int = 0  # since the last progress

    @property
    def is_suspect(self) -> bool:
        """Whether these members may be why their workers were lost."""
        return self.n_losses >= LOSSES_TO_SUSPECT

    @property
    def rank(self) -> tuple[bool, int, float, int]:
        """The place in the queue: suspects last; by priority, size and order."""
        priority = max(member.priority for member in self.members.values())
        return self.is_suspect, -priority, -sum(member.size for member in self.members.values()), self.order


@dataclass(eq=False)
class Sent:
    """A message that is not answered yet."""

    worker: Worker
    parcels: list[Parcel]
    at: float


class ClusterPack:
    """Members that are trained by workers; others can be added at any time.

    It has the methods of :class:`multilayer.packs.Pack` that do not concern single slices.

    Parameters
    ----------
    executor : Executor
        The workers.
    n_jobs : int or None, default=None
        The largest number of members that are trained at the same time; None for as many as there are threads, and -2
        for one less, as in joblib.
    """

    def __init__(self, executor: Executor, n_jobs: int | None = None) -> None:
        self._executor, self._most_jobs = executor, n_jobs
        self._block = ExitStack()
        self._arrays = SharedArrays()
        self._waiting: list[Parcel] = []
        self._sent: dict[Hashable, Sent] = {}
        self._members: dict[Any, Member] = {}  # all that have not ended
        self._outcomes: list[MemberOutcome] = []
        self._seconds: dict[Hashable, float] = {}  # of the next message of each worker
        self._n_parcels = 0
        self._last_seen = time.perf_counter()  # when there was a worker
        self._config = get_config()

    def __enter__(self) -> Self:
        with ExitStack() as block:
            self.interrupt = block.enter_context(deferred_interrupt())
            block.callback(self._executor.close)
            self._executor.open()
            self._block = block.pop_all()  # after an error nothing is left open
        return self

    def __exit__(self, *_: object) -> None:
        self._block.close()
        self._arrays.release()

    @property
    def n_jobs(self) -> int:
        """The number of members that can be trained at the same time."""
        return max(sum(worker.n_threads for worker in self._workers()), 1)

    @property
    def n_waiting(self) -> int:
        """The number of members that are not with a worker."""
        return sum(len(parcel.members) for parcel in self._waiting)

    @property
    def keys(self) -> list[Any]:
        """The keys of all members that have not ended."""
        return list(self._members)

    def add(self, *members: Member) -> None:
        """Add members.

        Parameters
        ----------
        *members : Member
            Members with keys that no other member has.
        """
        groups: dict[Any, dict[Any, Member]] = {}
        for member in members:
            if member.key in self._members:
                raise ParameterError(f"the keys of a pack's members must be unique, got {member.key!r} twice.")
            self._members[member.key] = member
            name = ("member", member.key) if member.group is None else ("group", member.group)
            groups.setdefault(name, {})[member.key] = member
        for group in groups.values():
            self._put(Parcel(group, self._n_parcels))
            self._n_parcels += 1

    def drop_all(self) -> None:
        """Drop all members."""
        self._waiting.clear()
        self._members.clear()

    def ended(self, until: float = math.inf) -> Iterator[MemberOutcome]:
        """Yield outcomes as members end, until all have ended or Ctrl-C is pressed.

        Parameters
        ----------
        until : float, default=inf
            The value of ``time.perf_counter()`` at which to return early.

        Yields
        ------
        MemberOutcome
            The outcome of a member.
        """
        while True:
            while self._outcomes:
                yield self._outcomes.pop(0)
            if not self._members or self.interrupt.pressed or time.perf_counter() >= until:
                return
            self._send(until)
            seconds = min(SECONDS_BETWEEN_CHECKS, max(until - time.perf_counter(), 0.0))
            if not self._sent:  # no worker, for which this waits
                time.sleep(seconds)
            answers = self._executor.wait(seconds)
            for answer in answers:
                self._receive(answer)
            if not answers:
                self._check_workers()

    def _put(self, parcel: Parcel) -> None:
        bisect.insort(self._waiting, parcel, key=lambda each: each.rank)

    def _workers(self) -> list[Worker]:
        """Return the workers that this pack uses: as many as have the threads for its jobs."""
        found, workers = list[Worker](), self._executor.workers()
        left = math.inf if self._most_jobs is None else self._most_jobs
        if left < 0:
            left = max(sum(worker.n_threads for worker in workers) + 1 + left, 1)
        for worker in workers:
            if left <= 0:
                break
            found.append(Worker(worker.key, int(min(worker.n_threads, left))))
            left -= worker.n_threads
        if found:
            self._last_seen = time.perf_counter()
        return found

    def _send(self, until: float) -> None:
        """Send waiting members to the workers that have none."""
        if not self._waiting or (self._sent and (self._has_sent_suspects or self._waiting[0].is_suspect)):
            return
        workers = self._workers()
        busy = {sent.worker.key for sent in self._sent.values()}
        free = [worker for worker in workers if worker.key not in busy]
        for place, worker in enumerate(free):
            parcels = self._next_parcels(worker.n_threads, len(workers), len(free) - place)
            if not parcels:
                return
            seconds = self._seconds.get(worker.key, self._executor.least_seconds)
            seconds = min(seconds, max(until - time.perf_counter(), 0.0))
            data = tuple(self._encoded(parcel).data for parcel in parcels)
            message = Message(data, worker.n_threads, seconds, self._config)
            arrays = {number: each for parcel in parcels for number, each in parcel.arrays.items()}
            sent = Sent(worker, parcels, time.perf_counter())
            try:
                self._sent[self._executor.submit(worker, message, list(arrays.values()))] = sent
            except WorkerLost as error:
                self._send_again(sent, error)
                return  # the workers are counted again before the next message
            except Exception as error:
                raise ClusterError(
                    f"{self._executor.name} cannot store or send the arrays of a pack: {type(error).__name__}: {error}."
                ) from error
            if parcels[0].is_suspect:
                return

    @property
    def _has_sent_suspects(self) -> bool:
        return any(parcel.is_suspect for sent in self._sent.values() for parcel in sent.parcels)

    def _check_workers(self) -> None:
        """Raise an error if there has been no worker for some time: members would wait for ever."""
        if time.perf_counter() - self._last_seen < SECONDS_BETWEEN_COUNTS or self._workers():
            return
        if time.perf_counter() - self._last_seen > SECONDS_WITHOUT_WORKERS:
            raise ClusterError(
                f"{self._executor.name} has had no worker for {SECONDS_WITHOUT_WORKERS:.0f} seconds, and "
                f"{len(self._members)} members are not trained. Start workers, and call the function again."
            )

    def _next_parcels(self, n_threads: int, n_workers: int, n_free: int) -> list[Parcel]:
        """Take the members of the next message from the queue: at least one for each thread, if there are as many."""
        n = self.n_waiting
        most = max(n_threads, math.ceil(n / (MESSAGES_PER_WORKER * n_workers)))
        most = min(most, math.ceil(n / n_free))
        taken: list[Parcel] = []
        while self._waiting and sum(len(each.members) for each in taken) < most:
            if taken and self._waiting[0].is_suspect:
                break
            taken.append(self._waiting.pop(0))
            if taken[0].is_suspect:
                break
        return taken

    def _encoded(self, parcel: Parcel) -> Encoded:
        if parcel.encoded is None:
            members = list(parcel.members.values())
            # The arrays of a network in training will change.
            changes = any(isinstance(each.work, PausedTask) and each.work.is_begun for each in members)
            try:
                parcel.encoded, parcel.arrays = self._arrays.encode(members, changes=changes)
            except Exception as failure:
                raise ClusterError(
                    f"member {members[0].key!r} cannot be sent to a worker: {type(failure).__name__}: {failure}. Use "
                    "only estimators, metrics and data that can be pickled, or threads."
                ) from failure
        return parcel.encoded

    def _receive(self, answer: Answer) -> None:
        sent = self._sent.pop(answer.ticket)
        if isinstance(answer.error, WorkerLost):
            self._send_again(sent, answer.error)
        elif answer.error is not None:  # not one of a member
            raise ClusterError(
                f"a worker of {self._executor.name} cannot train: {type(answer.error).__name__}: {answer.error}. All "
                "workers need the same versions of Python and of the packages as this process, and the modules that "
                "the members use."
            ) from answer.error
        elif answer.reply is not None:
            self._take(sent, answer.reply)

    def _send_again(self, sent: Sent, error: WorkerLost) -> None:
        """Put members of a lost worker back into the queue, as they were sent."""
        for parcel in sent.parcels:
            parcel.n_losses += 1
            kept = self._kept(parcel)
            if not kept:
                continue
            if parcel.n_losses < MOST_LOSSES:
                self._put(parcel)
                continue
            why = ClusterError(
                f"the worker of this member was lost {parcel.n_losses} times, the last time with: "
                f"{str(error) or type(error).__name__}. Its workers may lack memory, or packages that this process has."
            )
            for key in kept:
                self._outcomes.append(MemberOutcome(key, None, why))
                del self._members[key]

    def _kept(self, parcel: Parcel) -> dict[Any, Member]:
        """Return the members of a parcel that have not ended and were not dropped."""
        return {key: member for key, member in parcel.members.items() if self._members.get(key) is member}

    def _take(self, sent: Sent, reply: Reply) -> None:
        """Keep the outcomes and the progress that a worker has sent."""
        shared = {number: each for parcel in sent.parcels for number, each in parcel.arrays.items()}
        arrays = {number: each.array for number, each in shared.items()}
        kept = {key: member for parcel in sent.parcels for key, member in self._kept(parcel).items()}
        for key, encoded in reply.outcomes:
            if key in kept:
                del self._members[key]
                self._outcomes.append(_outcome(kept[key], encoded, arrays))
        for place, left in reply.left:
            parcel = sent.parcels[place]
            members = self._kept(parcel)
            if members and left is None:
                self._put(parcel)
            elif members and left is not None:
                self._put(Parcel(members, parcel.order, left, {number: shared[number] for number in left.numbers}))
        sending = time.perf_counter() - sent.at - reply.seconds
        seconds = max(sending / SHARE_OF_SENDING, self._executor.least_seconds)
        self._seconds[sent.worker.key] = min(seconds, MOST_SECONDS)


def _outcome(member: Member, encoded: Encoded, arrays: Mapping[int, Any]) -> MemberOutcome:
    """Return the outcome of a member, which continues from the progress of the copy that its worker has trained."""
    try:
        outcome, task = decode(encoded.data, arrays)
    except Exception as failure:
        why = ClusterError(
            f"the result of member {member.key!r} cannot be read: {type(failure).__name__}: {failure}. Use only "
            "objects that can be pickled, or threads."
        )
        return MemberOutcome(member.key, None, why)
    if isinstance(member.work, PausedTask) and task is not None:
        member.work.take_over(task)
    return cast(MemberOutcome, outcome)
