"""The desk of a page: its data, run, view, ghosts, bug and lesson, which requests read and change."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from multilayer.engines import Engine
from multilayer.exceptions import InputError
from multilayer.playground.baselines import baselines
from multilayer.playground.data import PlayData, shape_data
from multilayer.playground.frames import View
from multilayer.playground.instruments import vital_signs
from multilayer.playground.planes import default_plane
from multilayer.playground.run import Ghost, Run
from multilayer.playground.setup import LOSSES, DataChoice, Setup
from multilayer.training.state import History

TABLE = "table"
MOST_GHOSTS = 4
SECONDS_BETWEEN_VITAL_SIGNS = 0.5


@dataclass(eq=False)
class Desk:
    """Everything that a page works on.

    Attributes
    ----------
    table : PlayData or None
        The user's table.
    is_cancelled : callable
        Whether the page was closed.
    scene_number, run_number : int
        They change with the scene and the run, so that the page knows what to ask for.
    is_playing : bool
        Whether the run trains on by itself.
    updates_per_second : float or None
        The pace; None for as fast as possible.
    """

    table: PlayData | None = None
    is_cancelled: Callable[[], bool] = lambda: False
    scene_number: int = 0
    run_number: int = 0
    is_playing: bool = False
    updates_per_second: float | None = None
    ghosts: list[Ghost] = field(default_factory=list)
    bug: Any = None  # a BugLab, if the program that runs has a mistake
    lesson: Any = None  # the progress of a lesson
    _owed: float = 0.0  # updates that the pace allows and that are not done
    _vital_signs: tuple[float, int, int, list[dict[str, Any]]] | None = None
    _tables: dict[tuple[float, int], PlayData] = field(default_factory=dict)

    data: PlayData = field(init=False)
    baselines: list[dict[str, Any]] = field(init=False)
    run: Run = field(init=False)
    view: View = field(init=False)

    def start(self, setup: Setup, *, engine: Engine | None = None, data: PlayData | None = None) -> None:
        """Start a run; an error leaves everything as it was."""
        data = self.data_of(setup.data) if data is None else data
        task_has = ("auto", *LOSSES[data.task])
        if setup.parameters["loss"] not in task_has:
            setup = setup.with_parameters({"loss": "auto"})
        run = Run(data, setup, engine, self.is_cancelled)
        is_new = not hasattr(self, "data") or self.data is not data
        if is_new:
            self.baselines = baselines(data)
            number = self.view.number + 1 if hasattr(self, "view") else 1
            plane = default_plane(data)
            self.view = View(number, plane)
        self.data, self.run = data, run
        self.is_playing, self.ghosts = False, []
        self.has_new_run()
        self.scene_number += 1

    def data_of(self, choice: DataChoice) -> PlayData:
        """Return the data of a choice."""
        if hasattr(self, "data") and choice == self.run.setup.data and self.bug is None:
            return self.data
        if choice.name != TABLE:
            given = choice.to_json()
            return shape_data(**given)
        if self.table is None:
            raise InputError("there is no table yet. Open one: a CSV, Parquet or Arrow file.")
        return self.table

    def has_new_run(self) -> None:
        """Note that the curves or the run are other ones."""
        self.run_number += 1
        self._owed, self._vital_signs = 0.0, None

    def keep_future(self, epoch: int, changes: Mapping[str, Any]) -> None:
        """Keep the curves beyond an epoch as a ghost, if there are any."""
        curves, run = self.run.timeline.curves, self.run
        if curves.n_epochs <= epoch:
            return
        old = run.segments[-1].setup.parameters
        label = ", ".join(f"{name} = {_shown(old[name])}" for name in changes if name in old)
        costs, scores = curves.validation_costs, curves.validation_scores
        kept = History(
            [cost / run.cost_divisor for cost in curves.costs[epoch:]],
            curves.step_sizes[epoch:],
            None if costs is None else [cost / run.cost_divisor for cost in costs[epoch:]],
            None if scores is None else scores[epoch:],
        )
        self.ghosts = [*self.ghosts, Ghost(self.run_number, label, epoch, kept)][-MOST_GHOSTS:]

    def work(self, seconds: float) -> None:
        """Train for about this time, at the pace of the page."""
        if self.updates_per_second is None:
            self.run.advance(seconds=seconds)
        else:
            self._owed += self.updates_per_second * seconds
            n, began = int(self._owed), time.perf_counter()
            if n:
                self._owed -= n
                self.run.advance(n_updates=n, seconds=seconds)
            time.sleep(max(0.0, seconds - (time.perf_counter() - began)))
        self.stop_at_end()

    def stop_at_end(self) -> None:
        """Stop playing if training has ended."""
        if self.run.reason:
            self.is_playing = False

    def vital_signs(self) -> tuple[list[dict[str, Any]], int]:
        """Return the vital signs of the layers, and the update at which they were measured."""
        now, update = time.perf_counter(), self.run.update
        known = self._vital_signs
        is_current = known is not None and known[2] == update
        is_recent = known is not None and self.is_playing and now - known[0] < SECONDS_BETWEEN_VITAL_SIGNS
        if known is None or not (is_current or is_recent):
            known = (now, self.run_number, update, vital_signs(self.run))
            self._vital_signs = known
        return known[3], known[2]

    def show(self, **changes: Any) -> None:
        """Change the view."""
        self.view = replace(self.view, number=self.view.number + 1, **changes)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
