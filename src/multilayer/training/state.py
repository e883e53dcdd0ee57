"""The records of one network in training: its recipe and its state, which a checkpoint holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from multilayer.engines.protocol import DescentState
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Floats
from multilayer.training.batching import RowNumbers
from multilayer.training.schedules import AnySchedule, Schedule

REASONS = (
    "converged",
    "max_epochs",
    "max_time",
    "max_iterations",  # this and the next two are of L-BFGS
    "max_evaluations",
    "line_search",
    "listener",
    "interrupted",
    "diverged",
    "error",  # any error but a divergence, such as one in a listener
)


@dataclass(frozen=True)
class StopRule:
    """A rule that stops training without progress.

    If validation stops a run, minus the validation score is used in place of the cost.

    Attributes
    ----------
    tol : float
        The smallest fall of the cost below its best that counts as progress.
    patience : float
        Training stops after more than this number of consecutive epochs without progress; infinity for never.
    """

    tol: float = 1e-4
    patience: float = 10


@dataclass(frozen=True)
class StopState:
    """The state of a stop rule between epochs."""

    best_cost: float = math.inf
    stalled: int = 0  # consecutive epochs without progress


@dataclass(frozen=True)
class Recipe:
    """How a network is trained by gradient descent.

    Attributes
    ----------
    rule : UpdateRule
        Adam, momentum or plain gradient descent.
    step_size : float
        The step size that the schedule starts from.
    batch_size : int
        Rows per batch.
    shuffle : bool
        Whether the rows are shuffled before each epoch.
    max_epochs : int
        The maximum number of epochs.
    stop : StopRule
        The rule that ends training without progress.
    schedule : schedule
        How the step size changes.
    options : StepOptions
        Weight decay, clipping and averaging.
    max_seconds : float
        The maximum training time.
    fading : int or None
        The epochs of a whole run, in whose second half weight decay and dropout fall to 0 (S10); None if they stay.
    """

    rule: UpdateRule
    step_size: float
    batch_size: int
    shuffle: bool
    max_epochs: int
    stop: StopRule
    schedule: AnySchedule = Schedule()  # noqa: RUF009 frozen
    options: StepOptions = StepOptions()  # noqa: RUF009 frozen
    max_seconds: float = math.inf
    fading: int | None = None


@dataclass(frozen=True)
class LbfgsRecipe:
    """How a network is trained by L-BFGS; an iteration counts as an epoch."""

    tol: float = 1e-4  # training ends if no entry of the gradient is larger
    max_epochs: int = 200
    max_evaluations: int = 15000  # of cost and gradient
    max_seconds: float = math.inf  # checked after each iteration
    stop: StopRule = StopRule(patience=math.inf)


@dataclass
class History:
    """The curves of one training; entry i belongs to epoch i + 1.

    Attributes
    ----------
    costs : list of float
        The mean cost of the batches of each epoch, before their updates; for L-BFGS, the cost after each iteration.
    step_sizes : list of float
        The step size of the first update of each epoch; NaN for L-BFGS.
    validation_costs, validation_scores : list of float or None
        Cost, without regularisation, and score of the validation rows after each validated epoch.
    seconds : float
        The training time of all calls.
    """

    costs: list[float] = field(default_factory=list)
    step_sizes: list[float] = field(default_factory=list)
    validation_costs: list[float] | None = None
    validation_scores: list[float] | None = None
    seconds: float = 0.0

    @property
    def n_epochs(self) -> int:
        """The number of epochs."""
        return len(self.costs)


@dataclass
class TrainingState:
    """The state of one network in training: everything that further training needs, and nothing else.

    Attributes
    ----------
    descent : DescentState
        Parameters and memory of the update rule.
    random_state : RandomState
        The generator of the shuffles.
    rows, held_out : array of int or None
        The training rows (None for all) and the validation rows held out.
    n_divided : int
        The number of rows of the table that both were drawn from.
    order : array of int or None
        The order of the rows in the last epoch; None before the first, and without shuffling.
    seed : int or None
        The seed of the dropout masks; None until it is needed.
    rows_seen : int
        The number of rows trained on, over all epochs.
    n_cuts : int
        Reductions of the step size by an adaptive schedule or a plateau.
    stop, plateau : StopState
        The states of the stop rule and of a plateau.
    watches_score : bool
        Whether ``stop`` refers to minus the validation score, not to the cost.
    best : array of shape (P,) or None
        The parameters of the best validation score, if they are not the last.
    best_score : float
        The best validation score; -inf without one.
    history : History
        The curves.
    gradient : float
        The largest entry of the gradient at the end of L-BFGS.
    reason : str
        Why training ended, one of ``REASONS``; empty during training.
    """

    descent: DescentState
    random_state: np.random.RandomState
    rows: RowNumbers | None = None
    held_out: RowNumbers | None = None
    n_divided: int = 0
    order: RowNumbers | None = None
    seed: int | None = None
    rows_seen: int = 0
    n_cuts: int = 0
    stop: StopState = field(default_factory=StopState)
    plateau: StopState = field(default_factory=StopState)
    watches_score: bool = False
    best: Floats | None = None
    best_score: float = -math.inf
    history: History = field(default_factory=History)
    gradient: float = math.nan
    reason: str = ""

    @property
    def last(self) -> Floats:
        """The parameters after the last update, or their average if one is kept."""
        return self.descent.parameters if self.descent.average is None else self.descent.average

    @property
    def shown(self) -> Floats:
        """The parameters of the network: the best if training is validated, otherwise the last."""
        return self.last if self.best is None else self.best


def parameters_to_show(state: TrainingState) -> Floats:
    """Return the parameters of the network, as a copy if training continues from others.

    Changes by the user are found by comparing this copy with the best parameters.
    """
    if state.best is not None and np.array_equal(state.best, state.last):
        state.best = None
    return state.last if state.best is None else state.best.copy()


def write_into(shown: Floats, state: TrainingState, parameters: Floats) -> Floats:
    """Write the parameters into the array ``shown``, of which users hold views, and return it.

    If training continues from the parameters, the state holds that array too.  A read-only array, such as a memory map,
    is not written to, and the parameters are returned.
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
