"""The desk of a page: its data, run, view, ghosts, bug and lesson, which requests read and change."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from multilayer.engines import Engine
from multilayer.exceptions import InputError
from multilayer.playground.bugs.engine import BuggyEngine
from multilayer.playground.bugs.lab import BugCase, parameters_for_case
from multilayer.playground.bugs.setups import SETUPS, rows_for_bug
from multilayer.playground.data.baselines import baselines
from multilayer.playground.data.data_choice import DataChoice, shape_of
from multilayer.playground.data.open_table import OpenTable
from multilayer.playground.data.play_data import PlayData
from multilayer.playground.data.shapes import SHAPES
from multilayer.playground.frames import View
from multilayer.playground.instruments import vital_signs
from multilayer.playground.lessons import Lesson
from multilayer.playground.lessons.progress import Progress
from multilayer.playground.planes.construction import default_plane
from multilayer.playground.runs.run import Run
from multilayer.playground.runs.setup import LOSSES, Setup
from multilayer.playground.runs.timeline import Ghost
from multilayer.training.state import History

TABLE = "table"
MOST_GHOSTS = 4
SECONDS_BETWEEN_VITAL_SIGNS = 1.0
LONGEST_PAUSE = 0.25  # seconds that a pace makes up for, after other work


@dataclass(eq=False)
class Desk:
    """Everything that a page works on.

    Attributes
    ----------
    table : OpenTable or None
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

    table: OpenTable | None = None
    is_cancelled: Callable[[], bool] = lambda: False
    scene_number: int = 0
    run_number: int = 0
    is_playing: bool = False
    updates_per_second: float | None = None
    ghosts: list[Ghost] = field(default_factory=list)
    bug: BugCase | None = None  # the mistake in the program that runs
    bug_changes: tuple[str, ...] = ()  # what was changed so that the mistake can run
    lesson: tuple[Lesson, Progress] | None = None
    setup_before_bug: Setup = field(default_factory=Setup)
    _owed: float = 0.0  # updates that the pace allows and that are not done
    _worked: float = 0.0  # when it was added to
    _vital_signs: tuple[float, int, list[dict[str, Any]]] | None = None
    _known_data: tuple[DataChoice, PlayData] | None = None

    data: PlayData = field(init=False)
    baselines: list[dict[str, Any]] = field(init=False)
    run: Run = field(init=False)
    view: View = field(init=False)

    def start(self, setup: Setup, bug: BugCase | None = None) -> None:
        """Start a run, with a mistake in its program or with none; an error leaves everything as it was."""
        data = self.data_of(setup.data, bug)
        if setup.parameters["loss"] not in ("auto", *LOSSES[data.task]):
            setup = setup.with_parameters({"loss": "auto"})
        changes: tuple[str, ...] = ()
        engine: Engine | None = None
        if bug is not None:
            setup, changes = setup_for_bug(bug, setup, data)
            engine = BuggyEngine(bug.name)
        run = Run(data, setup, engine, self.is_cancelled)
        if not hasattr(self, "data") or self.data.fingerprint != data.fingerprint:
            found = baselines(data)
            self.view = View(self.view.number + 1 if hasattr(self, "view") else 1, default_plane(data))
            self.baselines = found
        self.data, self.run, self.bug, self.bug_changes = data, run, bug, changes
        self.is_playing, self.ghosts = False, []
        self.has_new_run()
        self.scene_number += 1

    def data_of(self, choice: DataChoice, bug: BugCase | None = None) -> PlayData:
        """Return the data of a choice, in the order of rows that a mistake needs."""
        if self._known_data is None or self._known_data[0] != choice:
            self._known_data = (choice, self._new_data(choice))
        return rows_for_bug(None if bug is None else bug.name, self._known_data[1])

    def _new_data(self, choice: DataChoice) -> PlayData:
        if choice.name != TABLE:
            return shape_of(choice)
        if self.table is None:
            raise InputError("there is no table yet. Open one: a CSV, Parquet or Arrow file.")
        return self.table.data(choice.validation_fraction, choice.seed)

    @contextmanager
    def unchanged_by_errors(self) -> Iterator[None]:
        """Restore everything on the desk after an error in this block; a run that was trained on stays where it is."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def forget_data(self) -> None:
        """Read the data again at the next start."""
        self._known_data = None

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
        label = ", ".join(f"{name} = {value_text(old[name])}" for name in changes if name in old)
        costs, scores = curves.validation_costs, curves.validation_scores
        kept = History(
            [cost / run.cost_divisor for cost in curves.costs[epoch:]],
            curves.step_sizes[epoch:],
            None if costs is None else [cost / run.cost_divisor for cost in costs[epoch:]],
            None if scores is None else scores[epoch:],
        )
        self.ghosts = [*self.ghosts, Ghost(self.run_number, label, epoch, kept)][-MOST_GHOSTS:]

    def play(self, updates_per_second: float | None) -> None:
        """Train on by itself, at a pace or as fast as possible."""
        self.updates_per_second = updates_per_second
        self.is_playing = not self.run.reason
        self._worked, self._owed = time.perf_counter(), 0.0

    def work(self, seconds: float) -> None:
        """Train for at most about this time, at the pace of the page."""
        n_updates = math.inf
        if self.updates_per_second is not None:
            now = time.perf_counter()
            self._owed += self.updates_per_second * min(now - self._worked, LONGEST_PAUSE)
            self._worked, n_updates = now, int(self._owed)
            self._owed -= n_updates
        self.run.advance(n_updates, seconds=seconds)
        if self.run.reason:
            self.is_playing = False

    def vital_signs(self) -> tuple[list[dict[str, Any]], int]:
        """Return the vital signs of the layers, and the update at which they were measured."""
        now, update = time.perf_counter(), self.run.update
        known = self._vital_signs
        is_current = known is not None and known[1] == update
        is_recent = known is not None and self.is_playing and now - known[0] < SECONDS_BETWEEN_VITAL_SIGNS
        if known is None or not (is_current or is_recent):
            known = (now, update, vital_signs(self.run))
            self._vital_signs = known
        return known[2], known[1]

    def show(self, **changes: Any) -> None:
        """Change the view."""
        self.view = replace(self.view, number=self.view.number + 1, **changes)


def usual_noise(name: str, otherwise: float) -> float:
    """Return the noise that suits a shape."""
    return SHAPES[name].noise if name in SHAPES else otherwise


def setup_for_bug(bug: BugCase, setup: Setup, data: PlayData) -> tuple[Setup, tuple[str, ...]]:
    """Return a setup that can run a mistake, and what was changed."""
    matched = LOSSES[data.task][0]
    given = dict(setup.parameters)
    given["loss"] = matched if given["loss"] == "auto" else given["loss"]
    found = parameters_for_case(bug, given, data.task, len(data.class_names))
    known = {name: value for name, value in found.parameters.items() if name in given and value != given[name]}
    plain = {name: value for name, value in known.items() if name != "loss"}
    plain["loss"] = "auto"
    if SETUPS[bug.name].sorts_rows:
        plain["shuffle"] = False
    return setup.with_parameters(plain), found.changes


def value_text(value: Any) -> str:
    """Return the value of a parameter for a sentence."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
