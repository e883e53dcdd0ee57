"""The members of a pack: their tasks, the slices of these, and the outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Slice:
    """A slice of a task.

    Attributes
    ----------
    share : float
        The approximate share of the remaining work to do.
    is_last : bool
        Whether the task must end after this slice, with its results so far.
    """

    share: float = 1.0
    is_last: bool = False


@runtime_checkable
class Task(Protocol):
    """Work that can be paused between two slices and continued in any thread."""

    def advance(self, part: Slice) -> float:
        """Do a slice of the work.

        Parameters
        ----------
        part : Slice
            The slice to do.

        Returns
        -------
        float
            The share of the whole work that remains; 0 at the end.
        """

    def result(self) -> Any:
        """Return the value of the finished work."""


@runtime_checkable
class PausedTask(Task, Protocol):
    """A task that keeps progress between two packs."""

    @property
    def is_begun(self) -> bool:
        """Whether there is progress, which the task will change: its arrays are not shared with other members."""

    def take_over(self, other: Any) -> None:
        """Continue from the progress of a copy of this task, which another process has advanced."""


@dataclass(frozen=True)
class Member:
    """One network of a pack, or other work.

    Attributes
    ----------
    key : hashable
        Identifies the member and its outcome.
    work : Task or callable
        The work; a function without arguments is done in one slice.
    size : float
        The estimated duration, in any unit.  The longest start first.
    priority : int
        Members of a higher priority start before all others.
    seconds : float
        The working time so far, in an earlier pack.
    group : hashable or None
        Members of one group share intermediate results, and are sent to one worker.
    """

    key: Any
    work: Task | Callable[[], Any]
    size: float = 1.0
    priority: int = 0
    seconds: float = 0.0
    group: Any = None


@dataclass(frozen=True)
class MemberOutcome:
    """The outcome of a member: a value or an error.

    Attributes
    ----------
    key : hashable
        The key of the member.
    value : Any
        The result of its work.
    error : Exception or None
        The error that ended it.
    seconds : float
        Its working time.
    """

    key: Any
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass
class Call:
    """A function as a task."""

    function: Callable[[], Any]
    value: Any = None

    def advance(self, part: Slice) -> float:  # noqa: ARG002 a single slice
        self.value = self.function()
        return 0.0

    def result(self) -> Any:
        return self.value


def run_task(task: Task) -> Any:
    """Do a task from beginning to end.

    Parameters
    ----------
    task : Task
        The task.

    Returns
    -------
    Any
        Its result.
    """
    while task.advance(Slice()) > 0:
        pass
    return task.result()
