"""A progress bar of a pack: how many of its members are done, how good they are, how long it still takes.

::

    with pack_progress(output, "5 folds", n_members=5, so_far=SoFar("mean accuracy", score_of, fmean)) as listener:
        cross_validate(model, X, y, listener=listener)
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from multilayer.cli._output import Output

Clock = Callable[[], float]


@dataclass(frozen=True)
class SoFar:
    """What the bar says of the members that are done.

    Attributes
    ----------
    what : the words in front of the number, such as "best accuracy"
    score : the score of what a member's work has returned
    gathered : the number from all scores so far, such as ``max`` or ``statistics.fmean``
    """

    what: str
    score: Callable[[Any], float]
    gathered: Callable[[Sequence[float]], float]


class PackProgress:
    """A listener of a pack that moves a progress bar; a member that failed counts as done, without a score.

    Parameters
    ----------
    progress : rich's Progress, or None for no bar
    what : the words in front of the bar
    n_members : how many there will be
    so_far : what is said of those that are done
    seconds : the time after which the pack ends, done or not
    clock : seconds from any moment on
    """

    def __init__(
        self,
        progress: Progress | None,
        what: str,
        n_members: int,
        so_far: SoFar | None = None,
        *,
        seconds: float = math.inf,
        clock: Clock = time.monotonic,
    ) -> None:
        self._progress, self._so_far, self._clock = progress, so_far, clock
        self._scores: list[float] = []
        self._began, self._seconds = clock(), seconds
        self._task = (
            None
            if progress is None
            else progress.add_task(what, total=n_members, so_far="", left=self._seconds_left(0, n_members))
        )

    def __call__(self, event: Any) -> None:
        """Told of ``MemberEnded``."""
        if self._progress is None or self._task is None:
            return
        outcome = event.outcome
        left = self._seconds_left(event.n_done, event.n_members)
        self._progress.update(self._task, completed=event.n_done, total=event.n_members, left=left)
        if self._so_far is not None and outcome.error is None:
            self._scores.append(self._so_far.score(outcome.value))
            said = f"{self._so_far.what} {self._so_far.gathered(self._scores):.4g}"
            self._progress.update(self._task, so_far=said)

    def _seconds_left(self, n_done: int, n_members: int) -> Callable[[], float]:
        """A function of nothing: members take as long as those before them, and the pack no longer than it may."""
        now = self._clock()
        pace = (now - self._began) / n_done if n_done else math.inf
        end = min(now + pace * (n_members - n_done) if n_members > n_done else now, self._began + self._seconds)
        return lambda: max(0.0, end - self._clock())


class _SoFarColumn(ProgressColumn):
    """Members done, of how many, and what is said of them."""

    def render(self, task: Task) -> Text:
        said = task.fields["so_far"]
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}" + (f"  {said}" if said else ""))


class _TimeLeftColumn(ProgressColumn):
    """Minutes and seconds; nothing as long as no member is done."""

    def render(self, task: Task) -> Text:
        left = task.fields["left"]()
        return Text("" if math.isinf(left) else f"{clock_time(left)} left")


def clock_time(seconds: float) -> str:
    """Hours, minutes and seconds.

    Examples
    --------
    >>> clock_time(0.2), clock_time(75), clock_time(3725)
    ('0:01', '1:15', '1:02:05')
    """
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def pack_progress(
    output: Output, what: str, n_members: int, so_far: SoFar | None = None, *, seconds: float = math.inf
) -> Iterator[PackProgress]:
    """A listener whose bar is there within this block, and gone after it; no bar where nobody is at a terminal."""
    if output.quiet or not output.at_terminal:
        yield PackProgress(None, what, n_members, so_far, seconds=seconds)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), _SoFarColumn(), _TimeLeftColumn())
    with Progress(*columns, console=output.console, transient=True) as progress:
        yield PackProgress(progress, what, n_members, so_far, seconds=seconds)
