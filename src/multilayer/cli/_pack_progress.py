"""A progress bar of a pack: how many of its members are done, how good they are, how long it still takes.

It is a listener of the pack, and its ``watch`` one of the networks, so that it also moves while they train::

    with pack_progress(output, "5 folds", n_members=5, so_far=SoFar("mean accuracy", score_of, fmean)) as bar:
        cross_validate(MLPClassifier(callbacks=[bar.watch(n_epochs)]), X, y, listener=bar)
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from multilayer.cli._output import Output
from multilayer.cli._progress import SECONDS_BETWEEN_UPDATES

if TYPE_CHECKING:
    from multilayer.training import Event

Clock = Callable[[], float]
# Before this share of the work is done, its pace is mostly that of compiling and encoding.
_LEAST_DONE = 0.03


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
        self._n_members, self._n_done, self._parts = n_members, 0, 0.0
        self._began, self._end = clock(), clock() + seconds
        self._shown = -math.inf
        self._lock = threading.Lock()  # networks end their epochs in threads of their own
        self._task = (
            None
            if progress is None
            else progress.add_task(what, total=n_members, n_done=0, so_far="", left=lambda: math.inf)
        )
        self._show()

    def __call__(self, event: Any) -> None:
        """Told of ``MemberEnded``."""
        outcome = event.outcome
        with self._lock:
            self._n_done, self._n_members = event.n_done, event.n_members
            if outcome.error is None and self._so_far is not None:
                self._scores.append(self._so_far.score(outcome.value))
        self._show()

    def watch(self, n_epochs: int) -> _Watch:
        """A callback for the networks of this pack, of at most so many epochs."""
        return _Watch(self, 1.0 / n_epochs)

    def advance(self, part: float) -> None:
        """That a member has done a part of its work."""
        with self._lock:
            self._parts += part
        if self._clock() - self._shown >= SECONDS_BETWEEN_UPDATES:
            self._show()

    def _show(self) -> None:
        if self._progress is None or self._task is None:
            return
        with self._lock:
            now = self._shown = self._clock()
            # Members that end before their last epoch have done less than their parts, but are done.
            done = min(max(self._n_done, self._parts), self._n_members)
            known = done >= _LEAST_DONE * self._n_members and done > 0
            end = now + (now - self._began) * (self._n_members - done) / done if known else math.inf
            left = _seconds_until(min(end, self._end), self._clock)
            self._progress.update(
                self._task, completed=done, total=self._n_members, n_done=self._n_done, so_far=self._said(), left=left
            )

    def _said(self) -> str:
        known = [score for score in self._scores if not math.isnan(score)]
        if self._so_far is None or not known:
            return ""
        return f"{self._so_far.what} {self._so_far.gathered(known):.4f}"


class _Watch:
    """A listener of networks that counts their epochs; it only watches, so that many are still trained in one go."""

    only_watches = True

    def __init__(self, pack: PackProgress, part: float) -> None:
        self._pack, self._part = pack, part

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # Each member of the pack is a copy of one estimator; there is still one bar.
        return self

    def __call__(self, event: Event) -> None:
        # Here, since the module of events brings NumPy along.
        from multilayer.training import EpochEnded

        if isinstance(event, EpochEnded):
            self._pack.advance(self._part)


def _seconds_until(end: float, clock: Clock) -> Callable[[], float]:
    return lambda: max(0.0, end - clock())


class _SoFarColumn(ProgressColumn):
    """Members done, of how many, and what is said of them."""

    def render(self, task: Task) -> Text:
        said = task.fields["so_far"]
        return Text(f"{task.fields['n_done']:,}/{int(task.total or 0):,}" + (f"  {said}" if said else ""))


class _TimeLeftColumn(ProgressColumn):
    """Minutes and seconds; nothing as long as nothing is done."""

    def render(self, task: Task) -> Text:
        left = task.fields["left"]()
        return Text("" if math.isinf(left) else f" {clock_time(left)} left")


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
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=16),  # so that the rest fits beside it in 80 columns
        _SoFarColumn(table_column=Column(no_wrap=True)),
        _TimeLeftColumn(table_column=Column(no_wrap=True)),
    )
    with Progress(*columns, console=output.console, transient=True) as progress:
        yield PackProgress(progress, what, n_members, so_far, seconds=seconds)
