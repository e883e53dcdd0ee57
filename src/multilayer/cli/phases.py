"""A progress bar of a training that reads its table block by block: reading, encoding, and each network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from rich.progress import Progress

from multilayer.cli.console import Output
from multilayer.cli.progress import progress_display


class PhaseWatch:
    """A callback of a table model that moves a bar through the phases of its fit, and counts rows.

    ``progress`` is None for no bar.
    """

    def __init__(self, progress: Progress | None) -> None:
        self.trained: dict[str, int] = {}  # the rows that each kind of network was trained on, each pass counts
        self._seconds: dict[str, float] = {}
        self._progress = progress
        self._task = None if progress is None else progress.add_task("reading", total=None, text="")

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    @property
    def rows_per_second(self) -> float:
        """The speed of the training."""
        return sum(self.trained.values()) / max(sum(self._seconds.values()), 1e-9)

    def __call__(self, event: Any) -> None:
        from multilayer.tables.models import PhaseProgress

        if not isinstance(event, PhaseProgress):
            return
        if event.phase == "training":
            self.trained[event.name], self._seconds[event.name] = event.n_rows, event.seconds
        if self._progress is not None and self._task is not None:
            what = f"training {event.name}" if event.name else event.phase
            total = None if event.share is None else 1.0
            self._progress.update(
                self._task, description=what, completed=event.share or 0.0, total=total, text=f"{event.n_rows:,} rows"
            )


@contextmanager
def phases_display(output: Output) -> Iterator[PhaseWatch]:
    """A callback whose bar is shown within this block."""
    with progress_display(output) as progress:
        yield PhaseWatch(progress)
