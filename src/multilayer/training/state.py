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
from multilayer.training.schedules import AnySchedule, Schedule

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
class StopRule:
    """Stop when the cost has not fallen by more than ``tol`` below its best for over ``patience`` epochs in a row.

    Where validation may stop a run, minus the validation score takes the place of the cost.
    """

    tol: float = 1e-4
    patience: float = 10  # epochs; math.inf for never


@dataclass(frozen=True)
class StopState:
    """What the rule remembers between epochs."""

    best_cost: float = math.inf
    stalled: int = 0  # epochs in a row without progress


@dataclass(frozen=True)
class Recipe:
    """How a network is trained by gradient descent."""

    rule: UpdateRule
    step_size: float  # the first; the schedule makes those of later epochs from it
    batch_size: int
    shuffle: bool
    max_epochs: int
    stop: StopRule
    schedule: AnySchedule = Schedule()  # noqa: RUF009 frozen
    options: StepOptions = StepOptions()  # noqa: RUF009 frozen
    max_seconds: float = math.inf  # of training


@dataclass(frozen=True)
class LbfgsRecipe:
    """How a network is trained by L-BFGS; an iteration counts as an epoch."""

    tol: float = 1e-4  # it ends where no entry of the gradient is larger
    max_epochs: int = 200
    max_evaluations: int = 15000  # of cost and gradient; an iteration needs one or a few
    max_seconds: float = math.inf  # it ends after the iteration in which they are over
    stop: StopRule = StopRule(patience=math.inf)


@dataclass
class History:
    """Curves of one training; entry i belongs to epoch i + 1.

    ``costs`` holds the mean over the epoch's batches of the cost before each update, so that with one batch of all
    rows ``costs[i]`` is the cost before update i + 1.  For L-BFGS it holds the cost after each iteration, and
    ``step_sizes`` holds NaN: its line search takes the place of a step size.  Where the step size changes within an
    epoch, that of the epoch's first update is kept.
    """

    costs: list[float] = field(default_factory=list)
    step_sizes: list[float] = field(default_factory=list)
    validation_costs: list[float] | None = None  # after each epoch that was validated, without regularisation
    validation_scores: list[float] | None = None  # beside them; higher is better
    seconds: float = 0.0  # spent in training, over all calls

    @property
    def n_epochs(self) -> int:
        return len(self.costs)


@dataclass
class TrainingState:
    """The state of one network in training: everything that resuming needs, and nothing else."""

    descent: DescentState
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
    best: Floats | None = None  # the parameters of the best validation score, where they are not the last ones
    best_score: float = -math.inf  # that score; -inf where none is known
    history: History = field(default_factory=History)
    gradient: float = math.nan  # its largest entry at the end, of L-BFGS
    reason: str = ""  # why training ended, one of REASONS; empty while it lasts

    @property
    def last(self) -> Floats:
        """The parameters after the last update: their average, where one is kept."""
        return self.descent.parameters if self.descent.average is None else self.descent.average

    @property
    def shown(self) -> Floats:
        """The parameters that the network answers with: the best where training was validated, else the last."""
        return self.last if self.best is None else self.best


def initial_state(
    objective: Objective, recipe: Recipe, parameters: Floats, random_state: np.random.RandomState
) -> TrainingState:
    """The state before the first update.  ``parameters`` are taken over and trained in place."""
    return TrainingState(new_state(objective.network, recipe.rule, parameters), random_state)


def parameters_to_show(state: TrainingState) -> Floats:
    """The parameters that the network answers with, in an array of their own where training continues from others.

    That their user has written to them can then be told by comparing them with the best.
    """
    if state.best is not None and np.array_equal(state.best, state.last):
        state.best = None
    return state.last if state.best is None else state.best.copy()


def write_into(shown: Floats, state: TrainingState, parameters: Floats) -> Floats:
    """The parameters to show, written into an array that is shown already, which its holders see; that array.

    Where they are those that training continues from, the state holds that array too.  An array that cannot be
    written to, such as a memory map, is left as it is.
    """
    if shown is parameters or not shown.flags.writeable or shown.dtype != parameters.dtype:
        return parameters
    is_last, descent = parameters is state.last, state.descent
    if not is_last and shown is state.last:
        _hold_last(descent, shown.copy())
    shown[...] = parameters
    if is_last:
        _hold_last(descent, shown)
    return shown


def _hold_last(descent: DescentState, parameters: Floats) -> None:
    if descent.average is None:
        descent.parameters = parameters
    else:
        descent.average = parameters
