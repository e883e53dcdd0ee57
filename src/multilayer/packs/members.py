"""The members of a pack: what there is to be done, in what steps, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from inspect import isgenerator
from typing import Any


@dataclass(frozen=True)
class Slice:
    """What a member is asked to do before it may be put aside."""

    share: float = 1.0  # of what it has left, about
    is_last: bool = False  # whether it is to end now, with what it has


# Work that can be put aside: it yields the fraction of itself that is left and is sent the next slice.
Steps = Generator[float, Slice, Any]


@dataclass(frozen=True)
class Member:
    """One network of a pack, or whatever else is to be worked out beside others."""

    key: Any  # what it is known by
    work: Callable[[], Any]  # trains it, in whatever thread or process; or makes Steps
    size: float = 1.0  # how long it takes, in any unit: the longest begin first
    priority: int = 0  # those of a higher one begin before all others


@dataclass(frozen=True)
class Outcome:
    """What became of a member: a value or an error."""

    key: Any
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


def steps_of(made: Any) -> Steps | None:
    """What a member's work has made, if it can be put aside; None for a value."""
    return made if isgenerator(made) else None  # type: ignore[return-value]


def carried_out(steps: Steps) -> Any:
    """All steps in one go; what they come to."""
    try:
        next(steps)
        while True:
            steps.send(Slice())
    except StopIteration as end:
        return end.value


def worked_out(member: Member) -> Outcome:
    """All of a member's work in one go."""
    began = time.perf_counter()
    value, error = None, None
    try:
        value = member.work()
        steps = steps_of(value)
        value = value if steps is None else carried_out(steps)
    except Exception as failure:
        value, error = None, failure
    return Outcome(member.key, value, error, time.perf_counter() - began)


class StopWatch:
    """The seconds that steps are at work, those not counted in which they are put aside."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timing(self, steps: Steps) -> Steps:
        """The same steps."""
        asked: Slice | None = None
        while True:
            began = time.perf_counter()
            try:
                left = next(steps) if asked is None else steps.send(asked)
            except StopIteration as end:
                return end.value
            finally:
                self.seconds += time.perf_counter() - began
            asked = yield left
