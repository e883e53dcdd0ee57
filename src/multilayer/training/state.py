"""The records of one network in training: its recipe, and its state, which is everything a checkpoint holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from multilayer.engines.protocol import DescentState, Objective, new_state
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Floats
from multilayer.training.batching import Rows
from multilayer.training.history import History
from multilayer.training.schedules import AnySchedule, Schedule
from multilayer.training.stopping import StopRule, StopState

REASONS = (
    "converged",
    "max_epochs",
    "max_time",
    "max_iterations",  # this and the next two: of L-BFGS
    "max_evaluations",
    "line_search",
    "listener",
    "interrupted",
    "diverged",
    "error",  # any other than a divergence, such as one in a listener
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
    max_seconds: float = math.inf  # of one call of train


@dataclass
class Run:
    """The state of one network in training: everything that going on later needs."""

    state: DescentState
    random_state: np.random.RandomState
    rows: Rows | None = None  # the rows of the table that are trained on; None for all
    held_out: Rows | None = None  # the rows that validate
    n_divided: int = 0  # rows of the table that the two were taken from
    order: Rows | None = None  # of the rows in the last epoch; None before the first, or unshuffled
    seed: int | None = None  # of the dropout masks; None where none has been needed
    rows_seen: int = 0  # those seen again counted again
    n_cuts: int = 0  # of the step size, by an adaptive schedule or a plateau
    stop: StopState = field(default_factory=StopState)
    plateau: StopState = field(default_factory=StopState)  # what a plateau remembers between epochs
    watches_score: bool = False  # whether ``stop`` is about minus the validation score, not about the cost
    best: Floats | None = None  # while training, the parameters of the best validation score so far
    best_score: float = -math.inf  # that score; -inf where none is known
    last: Floats | None = None  # between trainings, the parameters to go on from, where the best are in their place
    best_digest: bytes = b""  # of those best parameters
    history: History = field(default_factory=History)
    gradient: float = math.nan  # its largest entry at the end, of L-BFGS
    reason: str = ""  # why training ended, one of REASONS; empty while it lasts


def new_run(objective: Objective, recipe: Recipe, parameters: Floats, random_state: np.random.RandomState) -> Run:
    """A run that stands before its first update.  ``parameters`` are taken over and trained in place."""
    return Run(new_state(objective.network, recipe.rule, parameters), random_state)


def n_rows_of(run: Run, m: int) -> int:
    """Rows that an epoch of a run goes through, of a table of m."""
    return m if run.rows is None else len(run.rows)


def standing(run: Run) -> Floats:
    """The parameters that the network answers with: the average, where one is kept."""
    return run.state.parameters if run.state.average is None else run.state.average
