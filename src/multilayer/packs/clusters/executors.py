"""What a pack needs of an executor: workers, one message to each at a time, and arrays that are sent once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from multilayer.packs.clusters.messages import Message, Reply, SharedArray


@dataclass(frozen=True)
class Worker:
    """A worker.

    Attributes
    ----------
    key : hashable
        Identifies it.
    n_threads : int
        The number of members that it trains at the same time.
    """

    key: Hashable
    n_threads: int


class WorkerLost(Exception):
    """A worker ended before it answered; the message is sent again."""


@dataclass(frozen=True)
class Answer:
    """The end of a message: the reply of its worker, or an error.

    Attributes
    ----------
    ticket : hashable
        The return value of ``submit``.
    reply : Reply or None
        None after an error.
    error : Exception or None
        WorkerLost, or another error, which the pack raises.
    """

    ticket: Hashable
    reply: Reply | None = None
    error: Exception | None = None


class Executor(Protocol):
    """Runs messages on workers."""

    name: str
    least_seconds: float  # the time of the first messages

    def open(self) -> None:
        """Prepare the executor."""

    def workers(self) -> list[Worker]:
        """Return the workers that are there now."""

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> Hashable:
        """Send a message to a worker, and the arrays that have not been sent; return a ticket."""

    def wait(self, seconds: float) -> list[Answer]:
        """Wait for the first answer, at most for so many seconds, and return all that have arrived."""

    def close(self) -> None:
        """Cancel what is not answered, and free the arrays."""
