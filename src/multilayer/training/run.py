"""The loop that takes one network in training from epoch to epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Batches, Engine, Objective
from multilayer.exceptions import DivergenceError
from multilayer.training.batching import Rows, epoch_costs, epochs_of_batches, next_orders
from multilayer.training.ending import told_of_its_end
from multilayer.training.events import (
    EpochEnded,
    Listener,
    RunStarted,
    only_watches,
    tell,
    telling_of_compilation,
)
from multilayer.training.interrupt import Interrupt, deferred_interrupt
from multilayer.training.schedules import Progress, can_cut, cutting_rule, step_sizes
from multilayer.training.state import Recipe, Run, n_rows_of
from multilayer.training.stopping import after_epochs, epochs_until_possible_stop, should_stop
from multilayer.training.validation import Validation, after_epoch, begin

# One call of an engine is to last about this long: short enough for Ctrl-C and a progress bar, long enough that the
# way through Python does not count.  Results do not depend on it.
SECONDS_PER_CALL = 0.05
# What an update takes, until the first call has shown it: so many multiplications a second, and so long whatever there
# is to do.  Both are those of a slow machine.
MULTIPLICATIONS_PER_SECOND = 2e10
SECONDS_PER_UPDATE = 5e-5
# The orders of the epochs that one call trains are made beforehand: at most so many row numbers (8 bytes each).
MAX_ORDER = 1 << 18


def train(
    engine: Engine,
    objective: Objective,
    recipe: Recipe,
    run: Run,
    listeners: Sequence[Listener] = (),
    validation: Validation | None = None,
    seconds_per_update: float | None = None,
) -> Run:
    """Train until the stop rule, the epochs, the time, a listener or Ctrl-C ends it; ``run.reason`` says which.

    The run is advanced in place and returned.  With ``validation`` ``run.best`` keeps the parameters of the best
    score; :func:`restore_best` puts them in place.  What is known of the ``seconds_per_update`` saves finding it out,
    and changes no result.

    Raises
    ------
    DivergenceError
        At the first batch whose cost is not finite; the run then holds the parameters before that batch.  And where
        the very last update has left the weights infinite.
    """
    begin(run, validation)
    with told_of_its_end(run, listeners):
        loop = _Loop(engine, objective, recipe, run, listeners, validation)
        loop.begin_at(seconds_per_update)
        tell(listeners, RunStarted(objective.network, loop.n_rows, recipe.max_epochs, run.history.n_epochs))
        with deferred_interrupt() as interrupt, telling_of_compilation(listeners):
            run.reason = loop.until_the_end(interrupt)
        if not np.isfinite(run.state.parameters).all():
            raise loop.diverged("the weights became infinite", run.history.n_epochs, run.state.t)
    return run


class _Loop:
    """The loop of :func:`train`, with what it needs at hand."""

    def __init__(
        self,
        engine: Engine,
        objective: Objective,
        recipe: Recipe,
        run: Run,
        listeners: Sequence[Listener],
        validation: Validation | None,
    ) -> None:
        self.engine, self.objective, self.recipe, self.run = engine, objective, recipe, run
        self.listeners, self.validation = listeners, validation
        self.n_rows = n_rows_of(run, objective.X.shape[0])
        self.began = time.perf_counter()
        self.deadline = self.began + recipe.max_seconds
        self.updates_per_epoch = -(-self.n_rows // recipe.batch_size)
        self.updates_per_call = 1
        self.looks_at_each_epoch = validation is not None or not all(only_watches(listener) for listener in listeners)
        self.cutting = cutting_rule(recipe.schedule)
        # Before the orders of the epochs at hand were drawn: the order of the last epoch, and the generator's state.
        self.before: tuple[Rows | None, Any] | None = None

    def begin_at(self, seconds_per_update: float | None) -> None:
        """How many updates the first call has."""
        if seconds_per_update is None:
            multiplications = 3 * min(self.recipe.batch_size, self.n_rows) * self.run.state.parameters.size
            seconds_per_update = multiplications / MULTIPLICATIONS_PER_SECOND + SECONDS_PER_UPDATE
        self.updates_per_call = max(1, int(min(SECONDS_PER_CALL, self.recipe.max_seconds) / seconds_per_update))

    def until_the_end(self, interrupt: Interrupt) -> str:
        run, epochs_done = self.run, 0
        while epochs_done < self.recipe.max_epochs:
            n_epochs = self._epochs_in_one_go(self.recipe.max_epochs - epochs_done)
            alphas = step_sizes(self.recipe.schedule, self.recipe.step_size, self._progress(), n_epochs)
            costs = self._descend(self._batches(alphas), interrupt)
            has_diverged = len(costs) > 0 and not math.isfinite(costs[-1])
            # What remains of an unfinished epoch is trained, but it has no place on the curve.
            n_whole = (len(costs) - has_diverged) // self.updates_per_epoch
            if n_whole < n_epochs:
                self._put_back(n_whole)
            shown = alphas if alphas.ndim == 1 else alphas[:, 0]
            asked_to_stop = self._record(costs[: n_whole * self.updates_per_epoch], shown[:n_whole])
            epochs_done += n_epochs
            if has_diverged:
                raise self.diverged(f"the cost became {costs[-1]}", run.history.n_epochs + 1, run.state.t + 1)
            if interrupt.pressed:
                return "interrupted"
            if n_whole < n_epochs:
                return "max_time"
            if run.reason:
                return run.reason
            if asked_to_stop:
                return "listener"
            if epochs_done < self.recipe.max_epochs and self._time_is_over():
                return "max_time"
        return "max_epochs"

    def _time_is_over(self) -> bool:
        return time.perf_counter() >= self.deadline

    def _epochs_in_one_go(self, remaining: int) -> int:
        """As many epochs as can run before anybody has to look: no decision is made later than it would be."""
        if self.looks_at_each_epoch:
            return 1
        in_time = self.updates_per_call // self.updates_per_epoch
        in_memory = MAX_ORDER // self.n_rows if self.recipe.shuffle else math.inf
        undecided = epochs_until_possible_stop(self.recipe.stop, self.run.stop)
        if self.cutting is not None:
            undecided = min(undecided, epochs_until_possible_stop(self.cutting, self.run.plateau))
        return int(max(1, min(remaining, in_time, in_memory, undecided)))

    def _progress(self) -> Progress:
        return Progress(self.run.rows_seen, self.n_rows, self.updates_per_epoch, self.run.n_cuts)

    def _batches(self, alphas: NDArray[np.float64]) -> Batches:
        orders = None
        if self.recipe.shuffle:
            # To read the generator's state takes longer than a tiny epoch.  One call that trains one epoch trains all
            # of it, and there is nothing to put back.
            several = len(alphas) > 1 or self.updates_per_epoch > self.updates_per_call
            self.before = (self.run.order, self.run.random_state.get_state()) if several else None
            orders = self._next_orders(len(alphas))
        return epochs_of_batches(orders, self.n_rows, self.recipe.batch_size, alphas, self.run.rows)

    def _next_orders(self, n_epochs: int) -> Rows:
        previous = np.arange(self.n_rows) if self.run.order is None else self.run.order
        orders = next_orders(previous, self.run.random_state, n_epochs)
        self.run.order = orders[-1].copy()  # not a view, which would keep all the others
        return orders

    def _put_back(self, n_whole: int) -> None:
        """Order and generator as the last whole epoch left them: going on begins with a whole epoch."""
        if self.before is not None:
            self.run.order = self.before[0]
            self.run.random_state.set_state(self.before[1])
            if n_whole > 0:
                self._next_orders(n_whole)

    def _descend(self, batches: Batches, interrupt: Interrupt) -> NDArray[np.float64]:
        """All updates, in calls that each last about SECONDS_PER_CALL.

        Fewer after Ctrl-C, when the time is over, or where a cost is not finite.
        """
        done: list[NDArray[np.float64]] = []
        start, n = 0, len(batches)
        can_put_back = self.before is not None or not self.recipe.shuffle
        while start < n and not (can_put_back and (interrupt.pressed or self._time_is_over())):
            stop = min(start + self.updates_per_call, n)
            part = batches if stop - start == n else _part(batches, start, stop)
            before = time.perf_counter()
            costs = self.engine.descend(self.objective, self.recipe.rule, self.run.state, part, self.recipe.options)
            self._learn_speed(len(costs), time.perf_counter() - before)
            done.append(costs)
            if not math.isfinite(costs[-1]):
                break
            start = stop
        return done[0] if len(done) == 1 else np.concatenate([np.empty(0), *done])

    def _learn_speed(self, n_updates: int, seconds: float) -> None:
        remaining = max(self.deadline - time.perf_counter(), 0.0)
        fitting = min(SECONDS_PER_CALL, remaining) * n_updates / max(seconds, 1e-9)
        # At most doubled at a time: the first call of a compiled engine, or a disturbed one, tells little.
        self.updates_per_call = int(max(1, min(fitting, 2 * self.updates_per_call)))

    def _record(self, batch_costs: NDArray[np.float64], alphas: NDArray[np.float64]) -> bool:
        """Put whole epochs on the curves and tell of them; whether a listener has asked to stop."""
        run, history, first = self.run, self.run.history, self.run.history.n_epochs
        costs, sizes = epoch_costs(batch_costs, self.n_rows, self.recipe.batch_size).tolist(), alphas.tolist()
        history.costs += costs
        history.step_sizes += sizes
        run.rows_seen += self.n_rows * len(costs)
        validated, score = None, None
        if self.validation is not None and costs:  # then there is one epoch at a time
            validated, score = after_epoch(run, self.validation)
        watched = [-score] if score is not None and run.watches_score else costs
        run.stop = after_epochs(self.recipe.stop, run.stop, watched)
        if self.cutting is not None:
            run.plateau = after_epochs(self.cutting, run.plateau, watched)
        if costs:
            self._draw_conclusions(sizes[-1])
        asked_to_stop = False
        if self.listeners:
            for i, (cost, alpha) in enumerate(zip(costs, sizes, strict=True), start=first + 1):
                event = EpochEnded(i, cost, alpha, time.perf_counter() - self.began, score, validated)
                asked_to_stop |= tell(self.listeners, event)
        return asked_to_stop

    def _draw_conclusions(self, alpha: float) -> None:
        """What follows for the next epochs, before anybody is told: who writes the run down then writes that too."""
        run = self.run
        if self.cutting is not None and should_stop(self.cutting, run.plateau):
            run.n_cuts += 1
            run.plateau = replace(run.plateau, stalled=0)
        if should_stop(self.recipe.stop, run.stop):
            if can_cut(self.recipe.schedule, alpha):
                run.n_cuts += 1
                run.stop = replace(run.stop, stalled=0)
            else:
                run.reason = "converged"

    def diverged(self, what: str, epoch: int, update: int) -> DivergenceError:
        alpha = step_sizes(self.recipe.schedule, self.recipe.step_size, self._progress(), 1).flat[0]
        return DivergenceError(
            f"training diverged: {what} in epoch {epoch}, update {update}, "
            f"with step size {alpha:g}. Use a smaller step size (learning_rate_init), or bring the "
            "columns of X and, for regression, the targets to a similar scale (StandardScaler)."
        )


def _part(batches: Batches, start: int, stop: int) -> Batches:
    return Batches(batches.order, batches.starts[start:stop], batches.stops[start:stop], batches.step_sizes[start:stop])
