"""A progress bar that is fed by the events of training, of packs and of searches."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from rich.progress import BarColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from multilayer.cli.console import Output

if TYPE_CHECKING:
    from multilayer.training import Event

_BAR_WIDTH = 16  # so that the rest fits beside it in 80 columns
# The screen shows no more pictures a second than this, and a small network ends thousands of epochs in that time.
_SECONDS_BETWEEN_UPDATES = 0.05


class Watch:
    """A callback of networks that moves a bar, through one run of training or several.

    It only watches, so that many epochs of a small network are still trained in one go.  ``progress`` is None for no
    bar, ``what`` the words before it, ``n_epochs`` the epochs of each of ``n_runs`` runs.
    """

    only_watches = True

    def __init__(self, progress: Progress | None, what: str, n_runs: int = 1, n_epochs: int = 1) -> None:
        self.reasons: Counter[str] = Counter()  # why runs ended, as in RunEnded
        self.n_done = 0  # members of a pack that have ended
        self._progress, self._what, self._n_runs, self._n_epochs = progress, what, n_runs, n_epochs
        self._epochs, self._shown = 0, -math.inf
        self._scores: list[float] = []
        self._lock = threading.Lock()  # the networks of a pack are trained in several threads
        self._task = None if progress is None else progress.add_task(what, total=n_runs * n_epochs, text="")

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # The copies of an estimator for the folds share one bar.
        return self

    def __call__(self, event: Event) -> None:
        # Imported here because the module of events imports NumPy.
        from multilayer.training import CompilationStarted, EpochEnded, RunEnded

        if isinstance(event, CompilationStarted):
            self._update(description="compiling for this machine, once")
        elif isinstance(event, EpochEnded):
            with self._lock:
                self._epochs += 1
            self._show(f"{event.epoch:,}/{self._n_epochs:,}  cost {event.cost:.4f}" if self._n_runs == 1 else "")
        elif isinstance(event, RunEnded):
            with self._lock:
                self.reasons[event.reason] += 1
                self._epochs += max(self._n_epochs - event.epochs, 0)  # which a run that stopped early does not need

    def member_ended(self, event: Any) -> None:
        """Receive the event that a member of a pack has ended: a fold with its score, or an error."""
        outcome = event.outcome
        with self._lock:
            self.n_done = event.n_done
            self._epochs = max(self._epochs, self.n_done * self._n_epochs)
            if outcome.error is None and math.isfinite(outcome.value.scores["test_score"]):
                self._scores.append(outcome.value.scores["test_score"])
        self._shown = -math.inf
        self._show("")

    def network_ended(self, event: Any) -> None:
        """Receive the event that a member of a table model has ended: a network, or a model of another kind."""
        self.n_done += 1
        total = self._n_runs * event.n_members
        self._update(completed=self.n_done, total=total, text=f"{self.n_done:,}/{total:,} models")

    def _show(self, text: str) -> None:
        if self._progress is None or self._progress.get_time() - self._shown < _SECONDS_BETWEEN_UPDATES:
            return
        self._shown = self._progress.get_time()
        score = f"  mean score {sum(self._scores) / len(self._scores):.4f}" if self._scores else ""
        text = text or f"{self.n_done:,}/{self._n_runs:,}{score}"
        self._update(completed=min(self._epochs, self._n_runs * self._n_epochs), description=self._what, text=text)

    def _update(self, **fields: Any) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, **fields)


class TimeLeft(TimeRemainingColumn):
    """The time that is left, which is no longer than the limit of time."""

    def __init__(self, end: float = math.inf) -> None:
        super().__init__(compact=True, table_column=Column(no_wrap=True))
        self._end = end

    def render(self, task: Task) -> Text:
        left = min(math.inf if task.time_remaining is None else task.time_remaining, self._end - task.get_time())
        if math.isinf(left):
            return Text("")
        minutes, seconds = divmod(math.ceil(max(left, 0.0)), 60)
        hours, minutes = divmod(minutes, 60)
        return Text(f" {hours}:{minutes:02}:{seconds:02} left" if hours else f" {minutes}:{seconds:02} left")


@contextmanager
def progress_display(output: Output, seconds: float | None = None) -> Iterator[Progress | None]:
    """A display within this block, which ends after so many seconds; None with --quiet or without a terminal."""
    if not output.is_live:
        yield None
        return
    progress = Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=_BAR_WIDTH),
        TextColumn("{task.fields[text]}", table_column=Column(no_wrap=True)),
        console=output.console,
        transient=True,
        speed_estimate_period=math.inf,
    )
    progress.columns = (*progress.columns, TimeLeft(progress.get_time() + (seconds or math.inf)))
    with progress:
        yield progress


@contextmanager
def training_progress(output: Output, what: str, n_runs: int = 1, n_epochs: int = 1) -> Iterator[Watch]:
    """A callback whose bar is shown within this block."""
    with progress_display(output) as progress:
        yield Watch(progress, what, n_runs, n_epochs)


@contextmanager
def waiting(output: Output, what: str) -> Iterator[None]:
    """Show what is being done, where there is nothing to count."""
    if not output.is_live:
        yield
        return
    with output.console.status(what):
        yield
