"""L-BFGS: steps from the history of gradients of the whole table, with a line search, by SciPy's L-BFGS-B."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from multilayer.engines.protocol import Engine, Objective
from multilayer.exceptions import DivergenceError
from multilayer.network import Floats
from multilayer.training.ending import told_of_its_end
from multilayer.training.events import EpochEnded, Listener, RunStarted, tell, telling_of_compilation
from multilayer.training.interrupt import Interrupt, deferred_interrupt
from multilayer.training.state import Run
from multilayer.training.stopping import StopRule, after_epochs, should_stop
from multilayer.training.validation import Validation, after_epoch, begin

# SciPy's word for how it ended: the gradient or the progress is small, a limit was reached, the line search failed.
CONVERGED, LIMIT = 0, 1
NO_RULE = StopRule(patience=math.inf)


@dataclass(frozen=True)
class LbfgsRecipe:
    """How far L-BFGS goes."""

    tol: float = 1e-4  # it ends where no entry of the gradient is larger
    max_iterations: int = 200
    max_evaluations: int = 15000  # of cost and gradient; an iteration needs one or a few
    max_seconds: float = math.inf  # it ends after the iteration in which they are over
    stop: StopRule = NO_RULE  # beside its own rules; of use where validation stops the run


def train_lbfgs(
    engine: Engine,
    objective: Objective,
    recipe: LbfgsRecipe,
    run: Run,
    listeners: Sequence[Listener] = (),
    validation: Validation | None = None,
) -> Run:
    """Minimise J over all rows; an iteration counts as an epoch and has its event.

    Computes in float64 whatever the dtype of the data: a line search compares costs that differ in their last digits.
    The run is advanced in place and returned.

    Raises
    ------
    DivergenceError
        Where the cost is not finite at the start, or the weights are not at the end.
    """
    begin(run, validation)
    with told_of_its_end(run, listeners):
        minimization = _Minimization(engine, _in_float64(objective), recipe, run, listeners, validation)
        n_rows, n_before = objective.X.shape[0], run.history.n_epochs
        tell(listeners, RunStarted(objective.network, n_rows, recipe.max_iterations, n_before))
        with deferred_interrupt() as interrupt, telling_of_compilation(listeners):
            run.reason = minimization.until_the_end(interrupt)
    return run


class _Minimization:
    def __init__(
        self,
        engine: Engine,
        objective: Objective,
        recipe: LbfgsRecipe,
        run: Run,
        listeners: Sequence[Listener],
        validation: Validation | None,
    ) -> None:
        self.engine, self.objective, self.recipe, self.run = engine, objective, recipe, run
        self.listeners, self.validation = listeners, validation
        self.began = time.perf_counter()
        self.at_start = True
        self.ended_early = ""

    def until_the_end(self, interrupt: Interrupt) -> str:
        # Importing SciPy's optimisers takes a tenth of a second: not before they are needed.
        from scipy.optimize import minimize

        recipe = self.recipe

        def iteration_ended(intermediate_result: Any) -> None:
            self._record(intermediate_result.x, float(intermediate_result.fun))
            if interrupt.pressed and not self.ended_early:
                self.ended_early = "interrupted"
            if time.perf_counter() - self.began >= recipe.max_seconds and not self.ended_early:
                self.ended_early = "max_time"
            if self.ended_early:
                raise StopIteration

        found = minimize(
            self._cost_and_gradient,
            self.run.state.parameters.astype(np.float64),
            method="L-BFGS-B",
            jac=True,
            callback=iteration_ended,
            options={"maxfun": recipe.max_evaluations, "maxiter": recipe.max_iterations, "gtol": recipe.tol},
        )
        self.run.state.parameters[...] = found.x
        if not math.isfinite(found.fun) or not np.isfinite(self.run.state.parameters).all():
            raise self._diverged(f"the cost became {found.fun}")
        self.run.gradient = float(np.abs(found.jac).max())
        if self.ended_early:
            return self.ended_early
        if found.status == CONVERGED:
            return "converged"
        if found.status != LIMIT:
            return "line_search"
        return "max_iterations" if found.nit >= recipe.max_iterations else "max_evaluations"

    def _cost_and_gradient(self, parameters: Floats) -> tuple[float, Floats]:
        J, D = self.engine.cost_and_gradient(self.objective, parameters)
        if self.at_start and not (math.isfinite(J) and np.isfinite(D).all()):
            raise self._diverged(f"the cost is {J} or its gradient not finite")
        self.at_start = False
        return J, D

    def _record(self, parameters: Floats, cost: float) -> None:
        run, history = self.run, self.run.history
        run.state.parameters[...] = parameters
        run.state.t += 1
        history.costs.append(cost)
        history.step_sizes.append(math.nan)
        validated, score = None, None
        if self.validation is not None:
            validated, score = after_epoch(run, self.validation)
        watched = -score if score is not None and run.watches_score else cost
        run.stop = after_epochs(self.recipe.stop, run.stop, [watched])
        if self.listeners:
            elapsed = time.perf_counter() - self.began
            if tell(self.listeners, EpochEnded(history.n_epochs, cost, math.nan, elapsed, score, validated)):
                self.ended_early = "listener"
        if should_stop(self.recipe.stop, run.stop):
            self.ended_early = "converged"

    def _diverged(self, what: str) -> DivergenceError:
        iteration = self.run.history.n_epochs + 1
        return DivergenceError(
            f"training diverged: {what} in iteration {iteration} of L-BFGS. Bring the columns of X and, for "
            "regression, the targets to a similar scale (StandardScaler)."
        )


def _in_float64(objective: Objective) -> Objective:
    if objective.X.dtype == np.float64:
        return objective
    weight = objective.sample_weight
    return replace(
        objective,
        X=objective.X.astype(np.float64),
        Y=objective.Y.astype(np.float64),
        sample_weight=None if weight is None else weight.astype(np.float64),
    )
