"""The pack: members that work in threads and take turns; others can be added meanwhile."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, Queue
from typing import Any, Self, cast

from sklearn import config_context, get_config

from multilayer.engines import at_most, checked_jobs, concurrent_calls, n_threads
from multilayer.exceptions import ParameterError
from multilayer.packs.members import Call, Member, MemberOutcome, Slice, Task
from multilayer.training.loop import deferred_interrupt, interrupted_by

# The interval at which a waiting thread checks for Ctrl-C.
SECONDS_BETWEEN_CHECKS = 0.1
# Members take turns if at most this number per thread is left.
MEMBERS_TO_TAKE_TURNS = 2


@dataclass(eq=False)
class Entry:
    """A member and its progress."""

    key: Any
    size: float
    priority: int
    task: Task | None  # None after it is dropped
    seconds: float = 0.0  # working time
    left: float = 1.0  # the share of its work
    share: float = 1.0  # of its next slice
    ticket: int = 0  # not 0 while it waits
    is_working: bool = False
    is_paused: bool = False
    is_last: bool = False  # whether its next slice is its last
    is_over: bool = False

    @property
    def rest(self) -> float:
        """The remaining work in the unit of sizes; an estimate while the member works."""
        return self.size * self.left * (1.0 - self.share / 2 if self.is_working else 1.0)


@dataclass(eq=False)
class ReadyQueue:
    """All members that have not ended, with a heap of those that wait; protected by the pack's lock."""

    entries: dict[Any, Entry] = field(default_factory=dict)  # by the keys of the members
    # Sorted by priority, remaining work and ticket; an item is invalid if the ticket of its entry has changed.
    heap: list[tuple[int, float, int, Entry]] = field(default_factory=list)
    n_waiting: int = 0
    n_working: int = 0
    n_tickets: int = 0
    is_closed: bool = False

    def put(self, entry: Entry) -> None:
        """Add a member to those that wait."""
        self.n_tickets += 1
        self.n_waiting += 1
        entry.ticket = self.n_tickets
        heapq.heappush(self.heap, (-entry.priority, -entry.rest, entry.ticket, entry))

    def remove(self, entry: Entry) -> None:
        """Remove a member from those that wait, if it is among them."""
        if entry.ticket:
            entry.ticket = 0
            self.n_waiting -= 1

    def first(self) -> Entry:
        """Return the next member of those that wait; there must be one."""
        while self.heap[0][2] != self.heap[0][3].ticket:
            heapq.heappop(self.heap)
        return self.heap[0][3]

    def share_of_turn(self, entry: Entry, n_jobs: int) -> float:
        """Return the share of its remaining work that a member does before another starts.

        If all cores stay busy, the end is at the total remaining work divided by their number.  The member stops early
        enough for the longest waiting member to end by then, and continues later in any thread: McNaughton's rule
        (1959), applied at each turn.
        """
        waiting = [other for other in self.entries.values() if other.ticket]
        if not waiting or not entry.rest:
            return 1.0
        end = sum(other.rest for other in self.entries.values() if not other.is_paused) / n_jobs
        longest = max(other.rest for other in waiting)
        return min(max((end - longest) / entry.rest, 0.0), 1.0)


class Pack:
    """Members that work in threads, to which others can be added at any time.

    Use it as a context manager, which starts and ends its threads.  The thread that opened it can add, pause, resume,
    stop and drop members; this takes effect at the end of the current slice of a member.

    Parameters
    ----------
    n_jobs : int or None, default=None
        The number of members that work at the same time; None or -1 for all cores.
    n_cores : int or None, default=None
        The number of cores that the members share if fewer are left; None for ``n_jobs``.

    Examples
    --------
    >>> with Pack(n_jobs=2) as pack:
    ...     pack.add(Member(1, lambda: 10))
    ...     for outcome in pack.ended():
    ...         if outcome.key < 3:
    ...             pack.add(Member(outcome.key + 1, lambda value=outcome.value: value + 1))
    >>> outcome.value
    12
    """

    def __init__(self, n_jobs: int | None = None, n_cores: int | None = None) -> None:
        self.n_jobs = checked_jobs(n_jobs)
        # A pack inside a member of another one has the cores of that member.
        self._n_cores = min(self.n_jobs if n_cores is None else n_cores, n_threads())
        self._queue, self._changed = ReadyQueue(), threading.Condition()
        self._in_threads = False
        self._outcomes: Queue[MemberOutcome] = Queue()  # a SimpleQueue may wait forever after a signal
        self._block = ExitStack()
        # scikit-learn's configuration, such as metadata routing, is separate in each thread.
        self._config = get_config()

    def __enter__(self) -> Self:
        self._block.enter_context(concurrent_calls())
        self.interrupt = self._block.enter_context(deferred_interrupt())
        if self.n_jobs > 1:  # a single job works in this thread, with debuggers and Ctrl-C
            self.n_jobs = max(self._start_threads(), 1)
        self._block.callback(self._close)  # called before the joins
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # an error of the listener, or a second Ctrl-C: remaining members are not waited for
            self.interrupt.pressed = True
        self._block.close()

    def _start_threads(self) -> int:
        """Start the threads and return their number, which is 0 in a browser."""
        for n_started in range(self.n_jobs):
            thread = threading.Thread(target=self._work, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return n_started
            self._in_threads = True
            self._block.callback(thread.join)
        return self.n_jobs

    def add(self, *members: Member) -> None:
        """Add members.

        Parameters
        ----------
        *members : Member
            Members with keys that no other member has.
        """
        with self._changed:
            for member in members:
                if member.key in self._queue.entries:
                    raise ParameterError(f"the keys of a pack's members must be unique, got {member.key!r} twice.")
                task = member.work if isinstance(member.work, Task) else Call(member.work)
                entry = Entry(member.key, member.size, member.priority, task, member.seconds)
                self._queue.entries[member.key] = entry
                self._queue.put(entry)
                self._changed.notify()

    def pause(self, key: Any) -> None:
        """Pause a member after its current slice.

        Parameters
        ----------
        key : hashable
            The key of the member.
        """
        with self._changed:
            entry = self._entry(key)
            entry.is_paused = True
            self._queue.remove(entry)

    def resume(self, key: Any) -> None:
        """Let a paused member continue.

        Parameters
        ----------
        key : hashable
            The key of the member.
        """
        with self._changed:
            entry = self._entry(key)
            if entry.is_paused:
                entry.is_paused = False
                if not entry.is_working:
                    self._queue.put(entry)
                    self._changed.notify()

    def stop(self, key: Any) -> None:
        """Let a member end with one more slice; a paused member is resumed for it.

        Parameters
        ----------
        key : hashable
            The key of the member.
        """
        with self._changed:
            self._entry(key).is_last = True
            self.resume(key)

    def drop(self, key: Any) -> None:
        """Drop a member without an outcome, after its current slice if it works.

        Parameters
        ----------
        key : hashable
            The key of the member, which may have ended.
        """
        with self._changed:
            entry = self._queue.entries.pop(key, None)
            if entry is None:
                return
            entry.is_over = True
            self._queue.remove(entry)
            if not entry.is_working:
                entry.task = None

    def drop_all(self) -> None:
        """Drop all members."""
        with self._changed:
            for key in list(self._queue.entries):
                self.drop(key)

    def unfinished(self) -> list[Member]:
        """Return the members that have not ended, for another pack; to be called after the block of this one.

        Returns
        -------
        list of Member
            Their work continues where it was paused.
        """
        with self._changed:
            return [
                Member(entry.key, entry.task, entry.size * entry.left, entry.priority, entry.seconds)
                for entry in self._queue.entries.values()
                if entry.task is not None
            ]

    @property
    def keys(self) -> list[Any]:
        """The keys of all members that have not ended."""
        with self._changed:
            return list(self._queue.entries)

    @property
    def n_waiting(self) -> int:
        """The number of members that wait for a thread, without paused ones."""
        with self._changed:
            return self._queue.n_waiting

    def ended(self, until: float = math.inf) -> Iterator[MemberOutcome]:
        """Yield outcomes as members end, until only paused members are left or Ctrl-C is pressed.

        Parameters
        ----------
        until : float, default=inf
            The value of ``time.perf_counter()`` at which to return early.

        Yields
        ------
        MemberOutcome
            The outcome of a member.
        """
        while (self._has_work() or not self._outcomes.empty()) and time.perf_counter() < until:
            if not self._in_threads:
                self._work_until_one_ends(until)
            with suppress(Empty):
                yield self._outcomes.get(timeout=SECONDS_BETWEEN_CHECKS if self._in_threads else 0)
        with suppress(Empty):  # members that ended shortly before
            while True:
                yield self._outcomes.get_nowait()

    def _has_work(self) -> bool:
        with self._changed:
            return self._queue.n_working > 0 or (self._queue.n_waiting > 0 and not self.interrupt.pressed)

    def _entry(self, key: Any) -> Entry:
        if key not in self._queue.entries:
            raise ParameterError(f"the pack has no member {key!r}. It has ended, or it was never added.")
        return self._queue.entries[key]

    def _close(self) -> None:
        with self._changed:
            self._queue.is_closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        """Do slices of members; this is the main function of a thread."""
        entry = None
        with config_context(**self._config):
            while (entry := self._next(entry, waits=True)) is not None:
                self._work_on(entry)

    def _work_until_one_ends(self, until: float) -> None:
        entry = None
        while (
            self._outcomes.empty()
            and time.perf_counter() < until
            and (entry := self._next(entry, waits=False)) is not None
        ):
            self._work_on(entry)
        if entry is not None:
            self._put_back(entry)

    def _next(self, before: Entry | None, *, waits: bool) -> Entry | None:
        """Put back a member and return the next one to work on; None at the end."""
        with self._changed:
            if before is not None:
                self._put_back(before)
            queue = self._queue
            while not queue.n_waiting or queue.is_closed or self.interrupt.pressed:
                if queue.is_closed or self.interrupt.pressed or not waits:
                    return None
                self._changed.wait(SECONDS_BETWEEN_CHECKS)
            in_turns = queue.n_waiting + queue.n_working <= MEMBERS_TO_TAKE_TURNS * self.n_jobs
            entry = queue.first()
            if before is not None and before.ticket and not in_turns:
                stays = before.priority >= entry.priority
                entry = before if stays else entry
            queue.remove(entry)
            queue.n_working += 1
            entry.share = queue.share_of_turn(entry, self.n_jobs) if in_turns else 1.0
            entry.is_working = True
            return entry

    def _put_back(self, entry: Entry) -> None:
        with self._changed:
            self._queue.n_working -= 1
            entry.is_working = False
            if entry.is_over:
                entry.task = None
            elif not entry.is_paused:
                self._queue.put(entry)
                if self._queue.n_waiting > 1:  # more than this thread will take
                    self._changed.notify()

    def _cores_of(self, entry: Entry) -> int:
        """Return the number of cores for a member now: one, until fewer members than cores are left."""
        with self._changed:
            left = [other for other in self._queue.entries.values() if not other.is_paused]
        share, rest = divmod(self._n_cores, max(len(left), 1))
        return max(share + any(other is entry for other in left[:rest]), 1)

    def _work_on(self, entry: Entry) -> None:
        """Do a slice of a member, and put its outcome if it has ended and Ctrl-C was not pressed."""
        began, value, error = time.perf_counter(), None, None
        with interrupted_by(self.interrupt), at_most(partial(self._cores_of, entry)):
            try:
                task = cast(Task, entry.task)  # not None for an entry from the queue
                entry.left = task.advance(Slice(entry.share, entry.is_last))
                if entry.left > 0:
                    entry.seconds += time.perf_counter() - began
                    return
                value = task.result()
            except Exception as failure:
                value, error = None, failure
            except BaseException as failure:  # such as SystemExit, which would be lost in a thread
                if not self._in_threads:
                    raise
                value, error = None, RuntimeError(f"{type(failure).__name__} was raised in a member: {failure}")
        seconds = entry.seconds + time.perf_counter() - began
        with self._changed:
            was_dropped, entry.is_over = entry.is_over, True
            if not was_dropped:
                del self._queue.entries[entry.key]
        if not (self.interrupt.pressed or was_dropped):
            self._outcomes.put(MemberOutcome(entry.key, value, error, seconds))
