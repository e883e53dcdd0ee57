"""A progress bar of a pack: how many of its members are done, how good they are, how long it still takes.

It is a listener of the pack, and its ``watch`` one of the networks, so that it also moves while they train::

    with pack_progress(output, "5 folds", n_members=5, so_far=SoFar("mean accuracy", score_of, fmean)) as bar:
        cross_validate(MLPClassifier(callbacks=[bar.watch(n_epochs)]), X, y, callbacks=[bar])
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from rich.progress import Progress

from multilayer.cli._bar import Clock, WorkBar, progress_display
from multilayer.cli._output import Output

if TYPE_CHECKING:
    from multilayer.training import Event

_BAR_WIDTH = 16


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
        self._bar, self._so_far = WorkBar(progress, what, n_members, seconds=seconds, clock=clock), so_far
        self._scores: list[float] = []
        self._n_members, self._n_done, self._parts = n_members, 0, 0.0
        self.n_out_of_time = 0  # networks that were ended by their max_time
        self._lock = threading.Lock()  # networks end their epochs in threads of their own
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

    def end_in_time(self) -> None:
        """That a network has been ended by its ``max_time``."""
        with self._lock:
            self.n_out_of_time += 1

    def advance(self, part: float) -> None:
        """That a member has done a part of its work."""
        with self._lock:
            self._parts += part
        if self._bar.is_due:
            self._show()

    def _show(self) -> None:
        with self._lock:
            # Members that end before their last epoch have done less than their parts, but are done.
            done = min(max(self._n_done, self._parts), self._n_members)
            self._bar.show(done, self._n_members, self._said())

    def _said(self) -> str:
        members = f"{self._n_done:,}/{self._n_members:,}"
        known = [score for score in self._scores if not math.isnan(score)]
        if self._so_far is None or not known:
            return members
        return f"{members}  {self._so_far.what} {self._so_far.gathered(known):.4f}"


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
        from multilayer.training import EpochEnded, RunEnded

        if isinstance(event, RunEnded) and event.reason == "max_time":
            self._pack.end_in_time()
        if isinstance(event, EpochEnded):
            self._pack.advance(self._part)


@contextmanager
def pack_progress(
    output: Output, what: str, n_members: int, so_far: SoFar | None = None, *, seconds: float = math.inf
) -> Iterator[PackProgress]:
    """A listener whose bar is there within this block, and gone after it; no bar where nobody is at a terminal."""
    with progress_display(output, _BAR_WIDTH) as progress:
        yield PackProgress(progress, what, n_members, so_far, seconds=seconds)
