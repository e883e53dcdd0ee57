"""A progress bar of work that is not counted in one unit: what is done, what is said of it, how long it still takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from multilayer.cli._output import Output
from multilayer.cli._progress import SECONDS_BETWEEN_UPDATES

Clock = Callable[[], float]
# Before this share of the work is done, its pace is mostly that of compiling and encoding.
_LEAST_DONE = 0.03


class WorkBar:
    """One line of a progress display.

    Parameters
    ----------
    progress : rich's Progress, or None for no bar
    what : the words in front of the bar
    total : of the work, in any unit
    seconds : the time after which it ends, done or not
    clock : seconds from any moment on
    """

    def __init__(
        self,
        progress: Progress | None,
        what: str,
        total: float,
        *,
        seconds: float = math.inf,
        clock: Clock = time.monotonic,
    ) -> None:
        self.progress, self._clock = progress, clock
        self._began, self._end = clock(), clock() + seconds
        self._shown = -math.inf
        self._task = None if progress is None else progress.add_task(what, total=total, said="", left=lambda: math.inf)

    @property
    def is_due(self) -> bool:
        """Whether the last picture is so old that the next is worth drawing."""
        return self._clock() - self._shown >= SECONDS_BETWEEN_UPDATES

    def show(self, done: float, total: float, said: str) -> None:
        """Show how much is done, and words of it; the time that is left follows from the pace."""
        if self.progress is None or self._task is None:
            return
        now = self._shown = self._clock()
        known = done >= _LEAST_DONE * total and done > 0
        end = now + (now - self._began) * (total - done) / done if known else math.inf
        left = _seconds_until(min(end, self._end), self._clock)
        self.progress.update(self._task, completed=done, total=total, said=said, left=left)


def _seconds_until(end: float, clock: Clock) -> Callable[[], float]:
    return lambda: max(0.0, end - clock())


class SaidColumn(ProgressColumn):
    """What is said of the work so far."""

    def render(self, task: Task) -> Text:
        return Text(task.fields["said"])


class TimeLeftColumn(ProgressColumn):
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
def progress_display(output: Output, bar_width: int) -> Iterator[Progress | None]:
    """A display that is there within this block and gone after it; None where nobody is at a terminal."""
    if output.quiet or not output.at_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=bar_width),  # so that the rest fits beside it in 80 columns
        SaidColumn(table_column=Column(no_wrap=True)),
        TimeLeftColumn(table_column=Column(no_wrap=True)),
    )
    with Progress(*columns, console=output.console, transient=True) as progress:
        yield progress
