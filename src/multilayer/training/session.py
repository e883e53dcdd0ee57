"""The training session: a state machine that decides which updates come next.  It does no arithmetic.

A driver runs the engine between two methods of a session::

    while (updates := session.next_updates()) is not None:
        session.record(engine.descend(objective, rule, state.descent, updates, options))

With validation, the best parameters are kept in addition to the last.  The network predicts with the best; training
continues from the last, which belong to the memory of the update rule and the order of the rows.  If an average of the
parameters is kept, the average is validated and kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Batches, DescentState
from multilayer.equations.extensions.schedules import flat_cosine
from multilayer.exceptions import DivergenceError
from multilayer.training.batching import RowNumbers, epoch_costs, epochs_of_batches, next_orders
from multilayer.training.schedules import Progress, can_reduce, step_sizes
from multilayer.training.state import LbfgsRecipe, Recipe, StopRule, StopState, TrainingState
from multilayer.training.stopping import (
    after_epochs,
    epochs_until_possible_stop,
    epochs_until_stop,
    plateau_rule,
    should_stop,
)

# The maximum number of row numbers (8 bytes each) in the orders of the epochs that are planned together.
MAX_ORDER = 1 << 18
# Epochs are planned beyond a possible decision if they take at most this share of one call of the engine, about a
# millisecond.  If a decision falls before their end, they are undone and trained again up to it.
AHEAD = 50


@dataclass
class _PlannedEpochs:
    """Epochs that are planned together, and the costs of the updates done."""

    batches: Batches
    step_sizes: NDArray[np.float64]  # of each epoch
    # The order and the generator's state before these epochs, if they can be interrupted.
    before: tuple[RowNumbers | None, Any] | None
    start: DescentState | None = None  # a copy from before these epochs, if they may have to be undone
    costs: list[NDArray[np.float64]] = field(default_factory=list)
    n_done: int = 0


@dataclass(frozen=True)
class ValidationPlan:
    """The uses of validation in one session."""

    validates: bool = False  # whether each epoch waits for :meth:`Session.record_validation`
    stops: bool = False  # whether the stop rule uses minus the validation score, not the training cost
    keeps_best: bool = True  # whether the network predicts with the parameters of the best score, not the last


NO_VALIDATION = ValidationPlan()


class Session:
    """The common part of all sessions: recording of epochs, validation, stop rule and end."""

    def __init__(
        self, state: TrainingState, recipe: Recipe | LbfgsRecipe, validation: ValidationPlan = NO_VALIDATION
    ) -> None:
        self.state, self.recipe, self.validation = state, recipe, validation
        is_validated, stops_by_score = validation.validates, validation.stops
        self.first_epoch = len(state.history.costs)  # before this session
        self.seconds = 0.0  # training time, updated by the driver
        self.awaits_validation = False
        self._unwatched: list[float] = []  # costs of epochs that the stop rule has not received yet
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
        """The number of epochs done in this session."""
        return len(self.state.history.costs) - self.first_epoch

    @property
    def has_ended(self) -> bool:
        """Whether the session has ended."""
        return bool(self.state.reason)

    def record_score_of_best(self, score: float) -> None:
        """Record the score of the best parameters so far on the current validation rows.

        Rows, weights and metric may differ from those of the previous fit.  If the score is the same, nothing changes.
        """
        state = self.state
        # Not exactly equal: the sums of a matrix product may depend on the memory address of its rows.
        rounding = float(np.finfo(state.last.dtype).eps) ** 0.75
        if not math.isclose(score, state.best_score, rel_tol=rounding, abs_tol=rounding):
            state.best_score = score
            if state.watches_score:
                state.stop = StopState(-score)

    def record_validation(self, cost: float, score: float) -> None:
        """Record cost and score of the validation rows after the last epoch."""
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
        """End the session early."""
        if self.state.reason in ("", "max_epochs") or reason == "interrupted":
            self.state.reason = reason

    def _record_epochs(self, costs: list[float], sizes: list[float]) -> None:
        """Append epochs to the curves."""
        self.state.history.costs += costs
        self.state.history.step_sizes += sizes
        self._unwatched = costs
        if self.validation.validates and costs:  # one epoch at a time
            self.awaits_validation = True
        else:
            self._conclude(costs)

    def _conclude(self, watched: list[float]) -> None:
        """Apply the stop rule to the epochs just recorded."""
        self.state.stop = after_epochs(self.recipe.stop, self.state.stop, watched)
        if should_stop(self.recipe.stop, self.state.stop):
            self.state.reason = "converged"


class TrainingSession(Session):
    """One network in training by gradient descent.

    Parameters
    ----------
    state : TrainingState
        Updated in place.  Its ``rows`` are trained on; all rows of the table if None.
    recipe : Recipe
        How the network is trained.
    n_rows : int
        The number of rows of the table.
    validation : ValidationPlan
        The uses of validation.
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
        # The memory of another update rule and the order of other rows are dropped.
        descent = state.descent
        if descent.slots.shape[0] != recipe.rule.n_slots:
            descent.slots = np.zeros((recipe.rule.n_slots, len(descent.parameters)), dtype=descent.parameters.dtype)
            descent.t = 0
        if state.order is not None and len(state.order) != self.n_rows:
            state.order = None
        self.updates_per_epoch = -(-self.n_rows // recipe.batch_size)
        self._plateau_rule = plateau_rule(recipe.schedule)
        self._planned: _PlannedEpochs | None = None
        self._epochs_to_decision: int | None = None  # known from epochs that were undone

    @property
    def n_updates(self) -> int:
        """The number of updates done in this session, those of an unfinished epoch included."""
        n_done = 0 if self._planned is None else self._planned.n_done
        return self.n_epochs * self.updates_per_epoch + n_done

    @property
    def can_be_interrupted(self) -> bool:
        """Whether the session can end before the updates returned last are done.

        It cannot if one call trains a whole shuffled epoch, whose order has been drawn.
        """
        return self._planned is None or self._planned.before is not None or not self.recipe.shuffle

    @property
    def regularization_factor(self) -> float:
        """The factor (S10) of weight decay and dropout in the updates returned last."""
        fading = self.recipe.fading
        return 1.0 if fading is None else flat_cosine(self._progress().epochs_done / fading)

    @property
    def next_step_size(self) -> float | None:
        """The step size of the next update; None if training has ended."""
        if self.state.reason:
            return None
        if self._planned is not None:
            return float(self._planned.batches.step_sizes[self._planned.n_done])
        return float(step_sizes(self.recipe.schedule, self.recipe.step_size, self._progress(), 1).flat[0])

    def next_updates(self, n_updates: int = 1, n_epochs: float = 1) -> Batches | None:
        """Return the next updates.

        Parameters
        ----------
        n_updates : int, default=1
            The maximum number of updates.  Results do not depend on it.
        n_epochs : float, default=1
            The maximum number of epochs, if no decision is needed between them.

        Returns
        -------
        Batches or None
            Batches and step sizes; None if training has ended.
        """
        if self.state.reason:
            return None
        if self._planned is None:
            self._planned = self._plan(n_updates, n_epochs)
        planned = self._planned
        start, n = planned.n_done, len(planned.batches.starts)
        stop = min(start + n_updates, n)
        return planned.batches if stop - start == n else _part(planned.batches, start, stop)

    def record(self, costs: NDArray[np.float64]) -> None:
        """Record the costs of updates; training ends if the last cost is not finite.

        Parameters
        ----------
        costs : array of shape (n_updates,)
            The cost of each batch before its update.
        """
        planned = self._planned
        if planned is None:
            raise ValueError("there are no updates to record. Call next_updates first.")
        planned.costs.append(costs)
        planned.n_done += len(costs)
        has_diverged = not math.isfinite(costs[-1])
        if planned.start is not None and self._is_undone(planned, planned.start):
            return
        if has_diverged or planned.n_done == len(planned.batches.starts):
            self._end_planned(planned.n_done - has_diverged)
        if has_diverged:
            self.state.reason = "diverged"

    def end(self, reason: str) -> None:
        """End the session early.

        The updates of an unfinished epoch are kept, but it is not added to the curves, and generator and order are
        those after the last whole epoch, with which further training starts.

        Parameters
        ----------
        reason : str
            One of ``multilayer.training.state.REASONS``.
        """
        if self._planned is not None:
            self._end_planned(self._planned.n_done)
        super().end(reason)

    def divergence(self, what: str) -> DivergenceError:
        """Return the error for a cost or weights that are not finite.

        Parameters
        ----------
        what : str
            What happened, for the message.

        Returns
        -------
        DivergenceError
            With the epoch, the step size and advice.
        """
        state = self.state
        is_over = state.reason != "diverged"  # the weights are not finite after the last update
        epoch, update = state.history.n_epochs + (not is_over), state.descent.t + (not is_over)
        alpha = step_sizes(self.recipe.schedule, self.recipe.step_size, self._progress(), 1).flat[0]
        return DivergenceError(
            f"training diverged: {what} in epoch {epoch}, update {update}, with step size {alpha:g}.",
            "Use a smaller step size (learning_rate_init), or bring the columns of X and, for regression, the targets "
            "to a similar scale (StandardScaler).",
        )

    def _plan(self, n_updates: int, n_epochs: float) -> _PlannedEpochs:
        """Plan the next epochs: up to the first at which a decision may be needed, or further if they are short."""
        state, recipe = self.state, self.recipe
        undecided = self._epochs_until_possible_decision()
        in_memory = MAX_ORDER // self.n_rows if recipe.shuffle else math.inf
        left = recipe.max_epochs - self.n_epochs
        most = max(1, min(left, n_epochs, n_updates // self.updates_per_epoch, in_memory))
        if self.validation.validates or recipe.fading is not None:
            most = 1
        is_known = self._epochs_to_decision is not None
        ahead = 0 if is_known else n_updates // (AHEAD * self.updates_per_epoch)
        n = int(min(most, max(undecided, ahead)))
        self._epochs_to_decision = None
        start = _copied(state.descent) if n > undecided else None
        alphas = step_sizes(recipe.schedule, recipe.step_size, self._progress(), n)
        before = orders = None
        if recipe.shuffle:
            # Reading the generator's state takes longer than a tiny epoch.  A call that trains one whole epoch cannot
            # be interrupted, so that nothing needs to be restored.
            if n > 1 or self.updates_per_epoch > n_updates:
                before = (state.order, state.random_state.get_state())
            orders = self._next_orders(n)
            if self.updates_per_epoch == 1:
                orders = None  # the order of all rows changes the rounding of sums only, and gathering takes time
        batches = epochs_of_batches(orders, self.n_rows, recipe.batch_size, alphas, state.rows)
        return _PlannedEpochs(batches, alphas if alphas.ndim == 1 else alphas[:, 0], before, start)

    def _rules(self) -> list[tuple[StopRule, StopState]]:
        """Return the rules that decide between epochs, each with its state."""
        rules = [(self.recipe.stop, self.state.stop)]
        if self._plateau_rule is not None:
            rules.append((self._plateau_rule, self.state.plateau))
        return rules

    def _epochs_until_possible_decision(self) -> float:
        if self._epochs_to_decision is not None:
            return self._epochs_to_decision
        return min(epochs_until_possible_stop(rule, state) for rule, state in self._rules())

    def _is_undone(self, planned: _PlannedEpochs, start: DescentState) -> bool:
        """Undo the planned epochs if a decision falls before the last update done; return whether it does."""
        costs = self._epoch_costs(planned, planned.n_done // self.updates_per_epoch)
        n_epochs = min(epochs_until_stop(rule, state, costs) for rule, state in self._rules())
        if n_epochs * self.updates_per_epoch >= planned.n_done:
            return False
        descent = self.state.descent
        descent.parameters[...], descent.slots[...], descent.t = start.parameters, start.slots, start.t
        if descent.average is not None and start.average is not None:
            descent.average[...] = start.average
        else:
            descent.average = None
        self._planned, self._epochs_to_decision = None, int(n_epochs)
        self._restore_order(planned)
        return True

    def _restore_order(self, planned: _PlannedEpochs) -> None:
        """Set order and generator to those before the planned epochs."""
        if planned.before is not None:
            self.state.order = planned.before[0]
            self.state.random_state.set_state(planned.before[1])

    def _epoch_costs(self, planned: _PlannedEpochs, n_epochs: int) -> list[float]:
        """Return the costs of the first whole epochs of those planned."""
        if n_epochs == 0:
            return []
        costs = planned.costs[0] if len(planned.costs) == 1 else np.concatenate(planned.costs)
        costs = costs[: n_epochs * self.updates_per_epoch]
        of_epochs: list[float] = epoch_costs(costs, self.n_rows, self.recipe.batch_size).tolist()
        return of_epochs

    def _progress(self) -> Progress:
        return Progress(self.state.rows_seen, self.n_rows, self.updates_per_epoch, self.state.n_cuts)

    def _next_orders(self, n_epochs: int) -> RowNumbers:
        state = self.state
        previous = np.arange(self.n_rows) if state.order is None else state.order
        orders = next_orders(previous, state.random_state, n_epochs)
        state.order = orders[-1].copy()  # not a view, which would keep all orders in memory
        return orders

    def _end_planned(self, n_done: int) -> None:
        """Record the whole epochs among the updates done; set order and generator to those after the last of them."""
        planned, self._planned = self._planned, None
        if planned is None:
            return
        n_whole = n_done // self.updates_per_epoch
        if n_whole < len(planned.step_sizes) and planned.before is not None:
            self._restore_order(planned)
            if n_whole > 0:
                self._next_orders(n_whole)
        if n_whole == 0:
            return
        self.state.rows_seen += self.n_rows * n_whole
        self._record_epochs(self._epoch_costs(planned, n_whole), planned.step_sizes[:n_whole].tolist())

    def _conclude(self, watched: list[float]) -> None:
        state, recipe = self.state, self.recipe
        if self._plateau_rule is not None:
            state.plateau = after_epochs(self._plateau_rule, state.plateau, watched)
            if should_stop(self._plateau_rule, state.plateau):
                state.n_cuts += 1
                state.plateau = replace(state.plateau, stalled=0)
        super()._conclude(watched)
        if state.reason == "converged" and can_reduce(recipe.schedule, state.history.step_sizes[-1]):
            state.n_cuts += 1
            state.stop = replace(state.stop, stalled=0)
            state.reason = ""
        if not state.reason and self.n_epochs >= recipe.max_epochs:
            state.reason = "max_epochs"


def _part(batches: Batches, start: int, stop: int) -> Batches:
    return Batches(batches.order, batches.starts[start:stop], batches.stops[start:stop], batches.step_sizes[start:stop])


def _copied(state: DescentState) -> DescentState:
    average = None if state.average is None else state.average.copy()
    return DescentState(state.parameters.copy(), state.slots.copy(), state.t, average)
