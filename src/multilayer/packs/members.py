"""The members of a pack: their work as data, the slices in which it is done, and its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Slice:
    """How much of its work a member does before it may be put aside."""

    share: float = 1.0  # of what it has left, about
    is_last: bool = False  # whether it is to end now, with what it has


@runtime_checkable
class Task(Protocol):
    """Work that can be put aside between two slices, and continued in any thread."""

    def advance(self, part: Slice) -> float:
        """Do a slice of the work; the fraction of it that is left, 0 where it is done."""

    def result(self) -> Any:
        """The value of the work that is done."""


@dataclass(frozen=True)
class Member:
    """One network of a pack, or other work that is done beside that of other members."""

    key: Any  # by which its outcome is found
    work: Task | Callable[[], Any]  # a function is done in one slice
    size: float = 1.0  # how long it takes, in any unit: the longest begin first
    priority: int = 0  # those of a higher one begin before all others


@dataclass(frozen=True)
class MemberOutcome:
    """The outcome of a member: a value or an error."""

    key: Any
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


@dataclass
class Call:
    """A function as a task."""

    function: Callable[[], Any]
    value: Any = None

    def advance(self, part: Slice) -> float:  # noqa: ARG002 it has one slice
        self.value = self.function()
        return 0.0

    def result(self) -> Any:
        return self.value


def run_task(task: Task) -> Any:
    """Do a task from beginning to end; its value."""
    while task.advance(Slice()) > 0:
        pass
    return task.result()


def run_member(member: Member) -> MemberOutcome:
    """Do all of a member's work in one go."""
    began = time.perf_counter()
    value, error = None, None
    try:
        value = run_task(member.work if isinstance(member.work, Task) else Call(member.work))
    except Exception as failure:
        error = failure
    return MemberOutcome(member.key, value, error, time.perf_counter() - began)
