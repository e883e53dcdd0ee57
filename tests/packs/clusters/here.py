"""An executor that works in this process, and loses, delays and reorders messages as a test wants."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from multilayer.packs import Slice
from multilayer.packs.clusters.executors import Answer, Worker, WorkerLost
from multilayer.packs.clusters.messages import Message, Reply, SharedArray
from multilayer.packs.clusters.worker import work_on

# What becomes of a message: its number, and the executor.
Fate = Callable[["Here", int], "Exception | None"]


def works(here: Here, number: int) -> Exception | None:  # noqa: ARG001 a fate
    """Let each message be answered."""
    return None


@dataclass
class Here:
    """Workers that work in this process when the pack waits for them.

    ``fate`` returns the error of a message, or None if it is to be answered; ``order`` chooses those that are answered
    next, by their positions, among all that are pending.
    """

    n_workers: int = 2
    n_threads: int = 1
    least_seconds: float = 10.0
    fate: Fate = works
    order: Callable[[int], Sequence[int]] = range
    name: str = "here"
    pending: list[tuple[int, Message, dict[int, Any]]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    keys: list[Any] = field(default_factory=list)  # of the worker of each message
    stored: list[Any] = field(default_factory=list)  # arrays, as often as they were sent
    is_open: bool = False

    def open(self) -> None:
        self.is_open = True

    def workers(self) -> list[Worker]:
        return [Worker(number, self.n_threads) for number in range(self.n_workers)]

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> int:
        for each in arrays:
            if each.handle[0] is None:
                each.handle[0] = pickle.loads(pickle.dumps(each.array))  # as another process receives it
                self.stored.append(each.number)
        given = {each.number: each.handle[0] for each in arrays}
        self.messages.append(pickle.loads(pickle.dumps(message)))
        self.keys.append(worker.key)
        self.pending.append((len(self.messages) - 1, self.messages[-1], given))
        return len(self.messages) - 1

    def wait(self, seconds: float) -> list[Answer]:  # noqa: ARG002 nothing is waited for
        chosen = [self.pending[place] for place in self.order(len(self.pending))]
        self.pending = [each for each in self.pending if each not in chosen]
        return [self._answer(number, message, given) for number, message, given in chosen]

    def close(self) -> None:
        self.is_open = False
        self.pending.clear()

    def _answer(self, number: int, message: Message, given: dict[int, Any]) -> Answer:
        error = self.fate(self, number)
        if error is not None:
            return Answer(number, error=error)
        reply: Reply = pickle.loads(pickle.dumps(work_on(message, given)))
        self.replies.append(reply)
        return Answer(number, reply)


def lost(*numbers: int) -> Fate:
    """Lose the messages with these numbers."""
    return lambda _, number: WorkerLost("gone") if number in numbers else None


NAP = 1e-3  # seconds of a step
done: list[int] = []  # the steps of all tasks


@dataclass
class Steps:
    """A task of some steps, one in a slice, whose value is the numbers of the steps that were done."""

    n: int
    log: list[int] = field(default_factory=list)
    fails_at: int = -1

    def advance(self, part: Slice) -> float:  # noqa: ARG002 always one step
        if len(self.log) == self.fails_at:
            raise ArithmeticError(f"step {self.fails_at}")
        time.sleep(NAP)
        done.append(len(self.log))
        self.log.append(len(self.log))
        return 1.0 - len(self.log) / self.n

    def result(self) -> list[int]:
        return self.log
