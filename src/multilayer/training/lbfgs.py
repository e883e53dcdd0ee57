"""L-BFGS with a line search on the whole table, by SciPy's L-BFGS-B."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from multilayer.engines.protocol import Engine, Objective
from multilayer.exceptions import DivergenceError
from multilayer.network import Floats
from multilayer.training.events import Listener, RunStarted, notify, reporting_compilation
from multilayer.training.loop import Measure, deferred_interrupt, report_epochs, reported_end
from multilayer.training.session import Session
from multilayer.training.state import LbfgsRecipe, TrainingState

# SciPy's status: a small gradient or little progress; a limit of iterations or evaluations.
CONVERGED, LIMIT = 0, 1


class LbfgsSession(Session):
    """One network in training by L-BFGS; an iteration counts as an epoch.

    SciPy's optimiser evaluates cost and gradient; the session records each iteration and decides when to end.
    """

    recipe: LbfgsRecipe

    def record(self, parameters: Floats, cost: float) -> None:
        """Record an iteration."""
        self.state.descent.parameters[...] = parameters
        self.state.descent.t += 1
        self._record_epochs([cost], [math.nan])

    def divergence(self, what: str) -> DivergenceError:
        """Return the error for a cost or weights that are not finite."""
        iteration = self.state.history.n_epochs + 1
        return DivergenceError(
            f"training diverged: {what} in iteration {iteration} of L-BFGS.",
            "Bring the columns of X and, for regression, the targets to a similar scale (StandardScaler).",
        )


def train_lbfgs(
    session: LbfgsSession,
    engine: Engine,
    objective: Objective,
    listeners: Sequence[Listener] = (),
    measure: Measure | None = None,
) -> TrainingState:
    """Minimise J over all rows, with one event per iteration.

    Computes in float64 for any dtype of the data, because a line search compares costs that differ in their last
    digits.  A cost that is not finite at the start, or weights that are not finite at the end, raise a DivergenceError.
    """
    # Imported late, because SciPy's optimisers take a tenth of a second.
    from scipy.optimize import minimize

    state, recipe, history = session.state, session.recipe, session.state.history
    objective = _in_float64(objective)
    is_at_start = True

    with reported_end(session, listeners) as began, deferred_interrupt() as interrupt, reporting_compilation(listeners):
        notify(listeners, RunStarted(objective.network, objective.X.shape[0], recipe.max_epochs, history.n_epochs))

        def cost_and_gradient(parameters: Floats) -> tuple[float, Floats]:
            nonlocal is_at_start
            J, D = engine.cost_and_gradient(objective, parameters)
            if is_at_start and not (math.isfinite(J) and np.isfinite(D).all()):
                raise session.divergence(f"the cost is {J} or its gradient not finite")
            is_at_start = False
            return J, D

        def iteration_ended(intermediate_result: Any) -> None:
            session.record(intermediate_result.x, float(intermediate_result.fun))
            if session.awaits_validation and measure is not None:
                session.record_validation(*measure(state.last))
            if listeners and report_epochs(session, listeners, history.n_epochs - 1, began):
                session.end("listener")
            if interrupt.pressed:
                session.end("interrupted")
            if time.perf_counter() - began >= recipe.max_seconds:
                session.end("max_time")
            if session.has_ended:
                raise StopIteration

        # SciPy's products of short vectors would start all threads of BLAS.
        with engine.concurrent_calls():
            found = minimize(
                cost_and_gradient,
                state.descent.parameters.astype(np.float64),
                method="L-BFGS-B",
                jac=True,
                callback=iteration_ended,
                options={"maxfun": recipe.max_evaluations, "maxiter": recipe.max_epochs, "gtol": recipe.tol},
            )
        state.descent.parameters[...] = found.x
        if not math.isfinite(found.fun) or not np.isfinite(state.descent.parameters).all():
            raise session.divergence(f"the cost became {found.fun}")
        state.gradient = float(np.abs(found.jac).max())
        session.end(_reason(found, recipe))
    return state


def _reason(found: Any, recipe: LbfgsRecipe) -> str:
    """Return why SciPy ended."""
    if found.status == CONVERGED:
        return "converged"
    if found.status != LIMIT:
        return "line_search"
    return "max_iterations" if found.nit >= recipe.max_epochs else "max_evaluations"


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
