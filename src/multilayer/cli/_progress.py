"""A progress bar fed by the events of training.

::

    with training_progress(output, "5,000 iterations") as watch:
        MLPClassifier(callbacks=[watch]).fit(X, y)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from multilayer.cli._output import Output

if TYPE_CHECKING:
    from multilayer.training import Event

# The screen shows no more pictures a second than this, and a small network ends thousands of epochs in that time.
SECONDS_BETWEEN_UPDATES = 0.05


class Watch:
    """A listener that moves a progress bar, through one run of training or several in a row.

    It only watches, so that many epochs of a small network are still trained in one go.

    Attributes
    ----------
    ran_out_of_time : bool
        Whether the last run was ended by its ``max_time``.
    """

    only_watches = True

    def __init__(self, progress: Progress | None, what: str, n_runs: int = 1) -> None:
        self._progress, self._what, self._n_runs = progress, what, n_runs
        self._description = what
        self._run = 0
        self._shown = 0.0
        self.ran_out_of_time = False
        self._task = None if progress is None else progress.add_task(what, total=None, cost=float("nan"))

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # scikit-learn copies what an estimator was given for each fold; there is still one bar.
        return self

    def __call__(self, event: Event) -> None:
        # Here, since the module of events brings NumPy along.
        from multilayer.training import CompilationStarted, EpochEnded, RunEnded, RunStarted

        if isinstance(event, RunEnded):
            self.ran_out_of_time = event.reason == "max_time"
        if self._progress is None or self._task is None:
            return
        if isinstance(event, RunStarted):
            self._run += 1
            self._shown = 0.0
            which = f", {self._run} of {self._n_runs}" if self._n_runs > 1 else ""
            self._description = self._what + which
            self._progress.reset(self._task, total=event.max_epochs, description=self._description)
        elif isinstance(event, CompilationStarted):
            self._progress.update(self._task, description="compiling for this machine, once")
        elif isinstance(event, EpochEnded) and event.seconds - self._shown >= SECONDS_BETWEEN_UPDATES:
            self._shown = event.seconds
            self._progress.update(self._task, completed=event.epoch, cost=event.cost, description=self._description)


class _Epochs(ProgressColumn):
    """Epochs done, of how many, and the cost."""

    def render(self, task: Task) -> Text:
        if task.total is None:
            return Text("")
        cost = task.fields["cost"]
        known = "" if cost != cost else f"  cost {cost:.4f}"
        return Text(f"{int(task.completed):,}/{int(task.total):,}{known}")


@contextmanager
def training_progress(output: Output, what: str, n_runs: int = 1) -> Iterator[Watch]:
    """A listener whose bar is there within this block, and gone after it.

    Where nobody is at a terminal, or only results are wanted, there is no bar.

    Parameters
    ----------
    output : Output
    what : the words in front of the bar
    n_runs : how many runs of training are watched, such as the folds of a cross-validation
    """
    if output.quiet or not output.at_terminal:
        yield Watch(None, what, n_runs)
        return
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), _Epochs(), TimeRemainingColumn())
    with Progress(*columns, console=output.console, transient=True) as progress:
        yield Watch(progress, what, n_runs)


@contextmanager
def waiting(output: Output, what: str) -> Iterator[None]:
    """Says what is being worked on, where there is nothing to count."""
    if output.quiet or not output.at_terminal:
        yield
        return
    with output.console.status(what):
        yield
