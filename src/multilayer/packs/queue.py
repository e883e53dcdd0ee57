"""The members of a pack that wait for a thread, in the order in which they are taken."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

from multilayer.packs.members import Task


@dataclass(eq=False)
class Entry:
    """A member and how far it has come."""

    key: Any
    size: float
    priority: int
    task: Task | None  # None once it is given up
    left: float = 1.0  # of its work
    seconds: float = 0.0  # at work
    share: float = 1.0  # of its next slice
    ticket: int = 0  # while it waits
    is_working: bool = False
    is_paused: bool = False
    is_last: bool = False  # whether its next slice is its last
    is_over: bool = False

    @property
    def rest(self) -> float:
        """What it has left, in the unit of sizes; an estimate while it is at work."""
        return self.size * self.left * (1.0 - self.share / 2 if self.is_working else 1.0)


@dataclass(eq=False)
class ReadyQueue:
    """All members that are not over, those that wait in a heap; whoever reads or changes anything holds the lock."""

    entries: dict[Any, Entry] = field(default_factory=dict)  # by the keys of the members
    # A heap: of the highest priority the longest, of equals the first that came; no longer valid with another ticket.
    heap: list[tuple[int, float, int, Entry]] = field(default_factory=list)
    n_waiting: int = 0
    n_working: int = 0
    n_tickets: int = 0
    is_closed: bool = False

    def put(self, entry: Entry) -> None:
        """Let a member wait."""
        self.n_tickets += 1
        self.n_waiting += 1
        entry.ticket = self.n_tickets
        heapq.heappush(self.heap, (-entry.priority, -entry.rest, entry.ticket, entry))

    def remove(self, entry: Entry) -> None:
        """Take a member out of those that wait, if it is among them."""
        if entry.ticket:
            entry.ticket = 0
            self.n_waiting -= 1

    def first(self) -> Entry:
        """The member to take next, of those that wait; there must be one."""
        while self.heap[0][2] != self.heap[0][3].ticket:
            heapq.heappop(self.heap)
        return self.heap[0][3]

    def share_of_turn(self, entry: Entry, n_jobs: int) -> float:
        """How much of its rest a member is to do before another is taken.

        If all cores are busy to the end, that end is when the rest of all has been shared out evenly.  So that the
        longest of those that wait can still be done by then, this one stops in time and continues later, in any
        thread: McNaughton's rule (1959), anew at each turn.
        """
        waiting = [other for other in self.entries.values() if other.ticket]
        if not waiting or not entry.rest:
            return 1.0
        end = sum(other.rest for other in self.entries.values() if not other.is_paused) / n_jobs
        longest = max(other.rest for other in waiting)
        return min(max((end - longest) / entry.rest, 0.0), 1.0)
