"""The records of one network in training: its recipe, and its state, which is everything a checkpoint holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from multilayer.engines.protocol import DescentState, Objective, new_state
from multilayer.equations.descent import UpdateRule
from multilayer.equations.refinements import StepOptions
from multilayer.network import Floats
from multilayer.training.batching import Rows
from multilayer.training.history import History
from multilayer.training.schedules import AnySchedule, Schedule
from multilayer.training.stopping import StopRule, StopState

REASONS = (
    "converged",
    "max_epochs",
    "max_iterations",  # this and the next two: of L-BFGS
    "max_evaluations",
    "line_search",
    "listener",
    "interrupted",
    "diverged",
)


@dataclass(frozen=True)
class Recipe:
    """How a network is trained."""

    rule: UpdateRule
    step_size: float  # the first; the schedule makes those of later epochs from it
    batch_size: int
    shuffle: bool
    max_epochs: int
    stop: StopRule
    schedule: AnySchedule = Schedule()  # noqa: RUF009 frozen
    options: StepOptions = StepOptions()  # noqa: RUF009 frozen


@dataclass
class Run:
    """The state of one network in training: everything that going on later needs."""

    state: DescentState
    random_state: np.random.RandomState
    rows: Rows | None = None  # the rows of the table that are trained on; None for all
    held_out: Rows | None = None  # the rows that validate
    order: Rows | None = None  # of the rows in the last epoch; None before the first, or unshuffled
    seed: int | None = None  # of the dropout masks; None where none has been needed
    rows_seen: int = 0  # those seen again counted again
    n_cuts: int = 0  # of the step size, by an adaptive schedule or a plateau
    stop: StopState = field(default_factory=StopState)
    plateau: StopState = field(default_factory=StopState)  # what a plateau remembers between epochs
    best: Floats | None = None  # the parameters of the best validation score so far
    history: History = field(default_factory=History)
    reason: str = ""  # why training ended, one of REASONS


def new_run(objective: Objective, recipe: Recipe, parameters: Floats, random_state: np.random.RandomState) -> Run:
    """A run that stands before its first update.  ``parameters`` are taken over and trained in place."""
    return Run(new_state(objective.network, recipe.rule, parameters), random_state)


def standing(run: Run) -> Floats:
    """The parameters that the network answers with: the average, where one is kept."""
    return run.state.parameters if run.state.average is None else run.state.average


def restore_best(run: Run) -> None:
    """Put the parameters of the best validation score, if there is one, in place of the last; none is kept aside."""
    if run.best is not None:
        standing(run)[...] = run.best
        run.best = None
