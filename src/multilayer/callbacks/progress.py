"""A progress bar."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

from multilayer.callbacks.base import Callback
from multilayer.training import CompilationStarted, EpochEnded, RunEnded, RunStarted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

# A small network completes thousands of epochs between two updates of the screen.
_SECONDS_BETWEEN_UPDATES = 0.05


class ProgressBar(Callback):
    """A progress bar on standard error, with the epochs, the cost, the validation score and the remaining time.

    The remaining time is for ``max_iter`` epochs; a run may end earlier.  Each run has a separate bar, below those of
    concurrent runs.  Nothing is shown if the output is not a terminal or a notebook.

    Parameters
    ----------
    description : str, default="training"
        The text before the bar.
    console : rich.console.Console or None, default=None
        The console; None is standard error.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> model = MLPClassifier((2,), callbacks=[ProgressBar()], random_state=0)
    """

    only_watches = True

    def __init__(self, description: str = "training", console: Console | None = None) -> None:
        self.description, self.console = description, console
        self._progress: Progress | None = None
        self._bars: dict[int, _Bar] = {}  # by thread
        self._lock = threading.Lock()

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # scikit-learn copies the parameters of an estimator for each fold; the folds share one display.
        return self

    def __getstate__(self) -> dict[str, Any]:
        # A lock cannot be pickled, and a worker process has no terminal.
        return {"description": self.description}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def on_run_begin(self, event: RunStarted) -> None:
        with self._lock:
            if self._progress is None:
                self._progress = _new_progress(self.console)
            if self._progress is not None:
                of_member = "" if event.member is None else f", member {event.member}"
                description = self.description + of_member
                task = self._progress.add_task(description, total=event.max_epochs, shown="")
                self._bars[threading.get_ident()] = _Bar(task, description, event.epochs_before)

    def on_compilation(self, event: CompilationStarted) -> None:  # noqa: ARG002 the form of a callback
        bar = self._bars.get(threading.get_ident())
        if bar is not None and self._progress is not None:
            self._progress.update(bar.task, description="compiling for this machine, once")
            self._draw()

    def on_epoch_end(self, event: EpochEnded) -> None:
        bar = self._bars.get(threading.get_ident())
        if bar is None:
            return
        bar.last = event
        if event.seconds - bar.seconds >= _SECONDS_BETWEEN_UPDATES:
            bar.seconds = event.seconds
            self._show(bar)

    def on_run_end(self, event: RunEnded) -> None:  # noqa: ARG002 the form of a callback
        with self._lock:
            bar = self._bars.pop(threading.get_ident(), None)
            if bar is None or self._progress is None:
                return
            self._show(bar)
            self._progress.stop_task(bar.task)
            if not self._bars:
                self._progress.stop()
                self._progress = None

    def _show(self, bar: _Bar) -> None:
        event = bar.last
        if self._progress is None or event is None:
            return
        shown = f"cost {event.cost:.4g}"
        if event.validation_score is not None:
            shown += f", validation score {event.validation_score:.4g}"
        done = event.epoch - bar.epochs_before
        self._progress.update(bar.task, completed=done, shown=shown, description=bar.description)
        self._draw()

    def _draw(self) -> None:
        """Draw the bars, unless a thread of the display draws them."""
        if self._progress is not None and not self._progress.live.auto_refresh:
            self._progress.refresh()


class _Bar:
    def __init__(self, task: TaskID, description: str, epochs_before: int) -> None:
        self.task, self.description, self.epochs_before = task, description, epochs_before
        self.seconds = 0.0  # when it was last shown
        self.last: EpochEnded | None = None


def _new_progress(console: Console | None) -> Progress | None:
    """Start a display; return None if the output is not a terminal or a notebook."""
    # Imported here, since rich takes a while to import.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = console or Console(stderr=True)
    if not (console.is_terminal or console.is_jupyter):
        return None
    text, shown = TextColumn("{task.description}"), TextColumn("{task.fields[shown]}")
    columns = (text, BarColumn(bar_width=24), MofNCompleteColumn(), shown, TimeRemainingColumn())
    progress = Progress(*columns, console=console)
    try:
        progress.start()
    except RuntimeError:  # no thread can be started to redraw the bars, as in a browser
        progress.stop()
        progress = Progress(*columns, console=console, auto_refresh=False)
        progress.start()
    return progress
