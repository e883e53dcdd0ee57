"""The training session: a state machine that decides which updates come next.  It does no arithmetic.

A driver runs the engine between the two methods of a session::

    while (updates := session.next_updates()) is not None:
        session.record(engine.descend(objective, rule, state.descent, updates, options))

A validated training has its best parameters kept beside the last ones: it is the best that the network answers with,
and the last that training continues from, since the memory of the update rule and the order of the rows belong to
those.  Where an average of the parameters is kept, the average is what is measured and kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Batches
from multilayer.exceptions import DivergenceError
from multilayer.training.batching import Rows, epoch_costs, epochs_of_batches, next_orders
from multilayer.training.schedules import AnySchedule, Plateau, Progress, WarmUp, can_cut, step_sizes
from multilayer.training.state import LbfgsRecipe, Recipe, StopRule, StopState, TrainingState

# The orders of the epochs that are planned together are made beforehand: at most so many row numbers (8 bytes each).
MAX_ORDER = 1 << 18


@dataclass
class _Stretch:
    """Epochs that are planned together, and how far they have been trained."""

    batches: Batches
    step_sizes: NDArray[np.float64]  # of each epoch
    # The order of the last epoch and the generator's state before their orders were drawn, where they can be cut.
    before: tuple[Rows | None, Any] | None
    costs: list[NDArray[np.float64]] = field(default_factory=list)
    n_done: int = 0


@dataclass(frozen=True)
class ValidationPlan:
    """What validation is for, in one session."""

    validates: bool = False  # whether each epoch waits for :meth:`Session.record_validation`
    stops: bool = False  # whether the stop rule watches minus the validation score, not the cost of training
    keeps_best: bool = True  # whether the network answers with the parameters of the best score, not the last


NO_VALIDATION = ValidationPlan()


class Session:
    """What every session does with the epochs that it records: validation, stop rule, end."""

    def __init__(
        self, state: TrainingState, recipe: Recipe | LbfgsRecipe, validation: ValidationPlan = NO_VALIDATION
    ) -> None:
        self.state, self.recipe, self.validation = state, recipe, validation
        is_validated, stops_by_score = validation.validates, validation.stops
        self.first_epoch = len(state.history.costs)  # before this session
        self.seconds = 0.0  # at work, kept by the driver
        self.awaits_validation = False
        self._unwatched: list[float] = []  # costs of epochs that the stop rule has not seen yet
        state.reason = ""
        if stops_by_score != state.watches_score:
            state.watches_score = stops_by_score
            state.stop = StopState(-state.best_score if stops_by_score else math.inf)
        if not is_validated:
            state.best, state.best_score = None, -math.inf
        elif state.best is None and state.best_score > -math.inf:
            state.best = state.last.copy()

    @property
    def n_epochs(self) -> int:
        """Epochs done in this session."""
        return len(self.state.history.costs) - self.first_epoch

    @property
    def has_ended(self) -> bool:
        return bool(self.state.reason)

    def record_score_of_best(self, score: float) -> None:
        """Take note of how the best parameters so far score on today's validation rows.

        Rows, weights and the kind of the score may be others than before.  Where the score is what it was, nothing has
        changed and every record stands.
        """
        state = self.state
        # Not equal to the bit: the sums of a matrix product may depend on where in memory its rows lie.
        rounding = float(np.finfo(state.last.dtype).eps) ** 0.75
        if not math.isclose(score, state.best_score, rel_tol=rounding, abs_tol=rounding):
            state.best_score = score
            if state.watches_score:
                state.stop = StopState(-score)

    def record_validation(self, cost: float, score: float) -> None:
        """Take note of cost and score of the validation rows after the epoch that was recorded last."""
        state, history = self.state, self.state.history
        if history.validation_costs is None or history.validation_scores is None:
            history.validation_costs, history.validation_scores = [], []
        history.validation_costs.append(cost)
        history.validation_scores.append(score)
        if score > state.best_score and self.validation.keeps_best:
            state.best, state.best_score = state.last.copy(), score
        self.awaits_validation = False
        self._conclude([-score] if state.watches_score else self._unwatched)

    def end(self, reason: str) -> None:
        """End the session before its own rules would."""
        if self.state.reason in ("", "max_epochs") or reason == "interrupted":
            self.state.reason = reason

    def _record_epochs(self, costs: list[float], sizes: list[float]) -> None:
        """Put epochs on the curves."""
        self.state.history.costs += costs
        self.state.history.step_sizes += sizes
        self._unwatched = costs
        if self.validation.validates and costs:  # then there is one epoch at a time
            self.awaits_validation = True
        else:
            self._conclude(costs)

    def _conclude(self, watched: list[float]) -> None:
        """What follows from the epochs just recorded."""
        self.state.stop = after_epochs(self.recipe.stop, self.state.stop, watched)
        if should_stop(self.recipe.stop, self.state.stop):
            self.state.reason = "converged"


class TrainingSession(Session):
    """One network in training by gradient descent.

    Parameters
    ----------
    state : TrainingState
        Advanced in place.  Its own ``rows`` are trained on, or all of the table.
    recipe : Recipe
    n_rows : int
        Rows of the table.
    validation : ValidationPlan
    """

    recipe: Recipe

    def __init__(
        self,
        state: TrainingState,
        recipe: Recipe,
        n_rows: int,
        validation: ValidationPlan = NO_VALIDATION,
    ) -> None:
        super().__init__(state, recipe, validation)
        self.n_rows = n_rows if state.rows is None else len(state.rows)
        # Memory of another update rule is dropped, and so is the order of other rows.
        descent = state.descent
        if descent.slots.shape[0] != recipe.rule.n_slots:
            descent.slots = np.zeros((recipe.rule.n_slots, len(descent.parameters)), dtype=descent.parameters.dtype)
            descent.t = 0
        if state.order is not None and len(state.order) != self.n_rows:
            state.order = None
        self.updates_per_epoch = -(-self.n_rows // recipe.batch_size)
        self._cutting = cutting_rule(recipe.schedule)
        self._stretch: _Stretch | None = None

    @property
    def can_be_cut(self) -> bool:
        """Whether it can be ended before the updates asked for last are done.

        Not where a single call trains a whole shuffled epoch: its order has been drawn.
        """
        return self._stretch is None or self._stretch.before is not None or not self.recipe.shuffle

    def next_updates(self, n_updates: int = 1, n_epochs: float = 1) -> Batches | None:
        """The next updates; None where training has ended.

        Parameters
        ----------
        n_updates : int, default=1
            At most so many.  What comes out does not depend on it.
        n_epochs : float, default=1
            Of at most so many epochs, if no decision comes between them.
        """
        if self.state.reason:
            return None
        if self._stretch is None:
            self._stretch = self._plan(n_updates, n_epochs)
        stretch = self._stretch
        start, n = stretch.n_done, len(stretch.batches.starts)
        stop = min(start + n_updates, n)
        return stretch.batches if stop - start == n else _part(stretch.batches, start, stop)

    def record(self, costs: NDArray[np.float64]) -> None:
        """Take note of the costs of the updates that were asked for, each before its update.

        Where the last of them is not finite, training has ended there: it diverged.
        """
        stretch = self._stretch
        if stretch is None:
            raise ValueError("there are no updates to record: next_updates comes first.")
        stretch.costs.append(costs)
        stretch.n_done += len(costs)
        has_diverged = not math.isfinite(costs[-1])
        if has_diverged or stretch.n_done == len(stretch.batches.starts):
            self._end_stretch(stretch.n_done - has_diverged)
        if has_diverged:
            self.state.reason = "diverged"

    def end(self, reason: str) -> None:
        """End the session before its own rules would.

        The updates of an unfinished epoch stay done, but it has no place on the curves, and generator and order are
        those after the last whole epoch: resuming begins with a whole epoch.
        """
        if self._stretch is not None:
            self._end_stretch(self._stretch.n_done)
        super().end(reason)

    def divergence(self, what: str) -> DivergenceError:
        """The error of a training that left the finite numbers."""
        state = self.state
        is_over = state.reason != "diverged"  # the last update was done, and its result is not finite
        epoch, update = state.history.n_epochs + (not is_over), state.descent.t + (not is_over)
        alpha = step_sizes(self.recipe.schedule, self.recipe.step_size, self._progress(), 1).flat[0]
        return DivergenceError(
            f"training diverged: {what} in epoch {epoch}, update {update}, with step size {alpha:g}.",
            "Use a smaller step size (learning_rate_init), or bring the columns of X and, for regression, the targets "
            "to a similar scale (StandardScaler).",
        )

    def _plan(self, n_updates: int, n_epochs: float) -> _Stretch:
        """The next epochs: as many as can be trained before anything has to be decided."""
        state, recipe = self.state, self.recipe
        undecided = epochs_until_possible_stop(recipe.stop, state.stop)
        if self._cutting is not None:
            undecided = min(undecided, epochs_until_possible_stop(self._cutting, state.plateau))
        in_memory = MAX_ORDER // self.n_rows if recipe.shuffle else math.inf
        left = recipe.max_epochs - self.n_epochs
        n = int(max(1, min(left, n_epochs, n_updates // self.updates_per_epoch, in_memory, undecided)))
        if self.validation.validates:
            n = 1
        alphas = step_sizes(recipe.schedule, recipe.step_size, self._progress(), n)
        before = orders = None
        if recipe.shuffle:
            # To read the generator's state takes longer than a tiny epoch.  A call that trains one whole epoch cannot
            # be cut, and there is nothing to put back.
            if n > 1 or self.updates_per_epoch > n_updates:
                before = (state.order, state.random_state.get_state())
            orders = self._next_orders(n)
        batches = epochs_of_batches(orders, self.n_rows, recipe.batch_size, alphas, state.rows)
        return _Stretch(batches, alphas if alphas.ndim == 1 else alphas[:, 0], before)

    def _progress(self) -> Progress:
        return Progress(self.state.rows_seen, self.n_rows, self.updates_per_epoch, self.state.n_cuts)

    def _next_orders(self, n_epochs: int) -> Rows:
        state = self.state
        previous = np.arange(self.n_rows) if state.order is None else state.order
        orders = next_orders(previous, state.random_state, n_epochs)
        state.order = orders[-1].copy()  # not a view, which would keep all the others
        return orders

    def _end_stretch(self, n_done: int) -> None:
        """Record the whole epochs among the updates done; order and generator become those after the last of them."""
        stretch, self._stretch = self._stretch, None
        if stretch is None:
            return
        n_whole = n_done // self.updates_per_epoch
        if n_whole < len(stretch.step_sizes) and stretch.before is not None:
            self.state.order = stretch.before[0]
            self.state.random_state.set_state(stretch.before[1])
            if n_whole > 0:
                self._next_orders(n_whole)
        if n_whole == 0:
            return
        costs = stretch.costs[0] if len(stretch.costs) == 1 else np.concatenate(stretch.costs)
        of_epochs = epoch_costs(costs[: n_whole * self.updates_per_epoch], self.n_rows, self.recipe.batch_size)
        self.state.rows_seen += self.n_rows * n_whole
        self._record_epochs(of_epochs.tolist(), stretch.step_sizes[:n_whole].tolist())

    def _conclude(self, watched: list[float]) -> None:
        state, recipe = self.state, self.recipe
        if self._cutting is not None:
            state.plateau = after_epochs(self._cutting, state.plateau, watched)
            if should_stop(self._cutting, state.plateau):
                state.n_cuts += 1
                state.plateau = replace(state.plateau, stalled=0)
        super()._conclude(watched)
        if state.reason == "converged" and can_cut(recipe.schedule, state.history.step_sizes[-1]):
            state.n_cuts += 1
            state.stop = replace(state.stop, stalled=0)
            state.reason = ""
        if not state.reason and self.n_epochs >= recipe.max_epochs:
            state.reason = "max_epochs"


def after_epochs(rule: StopRule, state: StopState, costs: Iterable[float]) -> StopState:
    """The state after more epochs of the given costs.

    Examples
    --------
    >>> after_epochs(StopRule(tol=0.1), StopState(best_cost=1.0), [0.95, 0.9])
    StopState(best_cost=0.9, stalled=2)
    """
    # A tiny network trains an epoch in 20 microseconds: no object is built for one.
    best, stalled, tol = state.best_cost, state.stalled, rule.tol
    for cost in costs:
        stalled = stalled + 1 if cost > best - tol else 0
        if cost < best:
            best = cost
    return StopState(best, stalled)


def should_stop(rule: StopRule, state: StopState) -> bool:
    return state.stalled > rule.patience


def epochs_until_possible_stop(rule: StopRule, state: StopState) -> float:
    """How many more epochs must pass before the rule can stop the run, whatever their costs.

    So many epochs may run in one go without asking in between.

    Examples
    --------
    >>> epochs_until_possible_stop(StopRule(patience=10), StopState(stalled=3))
    8
    """
    return max(rule.patience - state.stalled + 1, 1)


def cutting_rule(schedule: AnySchedule) -> StopRule | None:
    """When a plateau cuts the step size, whatever the run's own stop rule says; None for all other schedules.

    A stop rule's patience is how many epochs without progress it lets pass: one more than they may be here.
    """
    last = schedule.then if isinstance(schedule, WarmUp) else schedule
    return StopRule(last.tol, last.patience - 1) if isinstance(last, Plateau) else None


def _part(batches: Batches, start: int, stop: int) -> Batches:
    return Batches(batches.order, batches.starts[start:stop], batches.stops[start:stop], batches.step_sizes[start:stop])
