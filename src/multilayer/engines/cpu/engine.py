"""The CPU engine: kernels behind the protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from multilayer.engines.blas_threads import one_blas_thread
from multilayer.engines.cpu import inference, kernels, updates
from multilayer.engines.cpu.compiling import COMPILED
from multilayer.engines.cpu.plan import (
    MATCHED,
    Descent,
    Plan,
    make_data,
    make_plan,
    make_work,
    n_blocks,
)
from multilayer.engines.cpu.team import DONE, make_team
from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective, with_average
from multilayer.engines.threads import in_threads, n_threads
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Floats, Network, n_parameters, step_factors


class CpuEngine(Engine):
    """Compiled kernels and BLAS.  float32 is computed in float32, float64 in float64."""

    name = "cpu"

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        X = _in_dtype(X, parameters.dtype)
        return inference.predict(network, parameters, X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        m = objective.X.shape[0]
        batches = Batches(None, np.zeros(1, dtype=np.intp), np.full(1, m, dtype=np.intp), np.zeros(1))
        state = DescentState(parameters, np.empty((0, parameters.size), dtype=parameters.dtype))
        without_dropout = replace(objective, dropout=()) if objective.dropout else objective
        (J,), D = _run(without_dropout, None, state, batches, PLAIN)
        return float(J), D

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        costs, _ = _run(objective, rule, with_average(state, options), batches, options)
        # A cost that is not finite belongs to an update that was not performed.
        state.t += len(costs) if not len(costs) or np.isfinite(costs[-1]) else len(costs) - 1
        return costs


def _run(
    objective: Objective, rule: UpdateRule | None, state: DescentState, batches: Batches, options: StepOptions
) -> tuple[NDArray[np.float64], Floats]:
    """Perform the updates; return their costs and the last gradient."""
    if not len(batches):
        return np.empty(0), state.parameters[:0]
    network, X, dtype = objective.network, objective.X, state.parameters.dtype
    most_rows = int((batches.stops - batches.starts).max())
    plan = make_plan(network, X, dtype, most_rows, objective, stays=batches.order is None)
    drops_inputs = len(plan.dropout) > 0 and plan.dropout[0] > 0.0
    is_copied = batches.order is not None or drops_inputs or network.embedding is not None
    n_members = useful_threads(network, plan, batches)
    works = make_work(network, plan, dtype, n_members, gathers=is_copied and not issparse(X))
    data, costs = make_data(objective, batches.order), np.empty(len(batches))
    descent = Descent(
        *updates.encode(rule),
        state.slots,
        state.t,
        np.ascontiguousarray(batches.starts),
        np.ascontiguousarray(batches.stops),
        np.ascontiguousarray(batches.step_sizes),
        float(options.clip_norm),
        float(options.weight_decay),
        float(options.average),
        state.average if options.average > 0 and state.average is not None else state.parameters[:0],
        _factors(network, options),
    )
    team = make_team(n_blocks(plan.chunk_rows, plan.block, plan.least), len(plan.pieces))
    kernel = _kernel(network, plan)

    def take_part(number: int) -> None:
        kernel(plan, data, works[number], state.parameters, descent, costs, team)

    with one_blas_thread():
        in_threads(take_part, n_members)
    return costs[: team.words[DONE]], works[0].gradient


# The work of an update is measured in multiply-adds, of which a thread does about 50,000 in a microsecond; to compute
# an activation counts as so many.  A thread is useful if it has about four microseconds of work in an update, and
# other threads than the first if the whole call takes longer than they take to wake up.
OF_ACTIVATION = 20
OF_THREAD = 200_000
OF_CALL = 10_000_000


def useful_threads(network: Network, plan: Plan, batches: Batches) -> int:
    """Return the number of threads for a run of updates: as many as there are, if each has enough to do."""
    if not COMPILED:
        return 1
    of_row = 3 * n_parameters(network) + OF_ACTIVATION * sum(network.layer_sizes[1:])
    of_update = of_row * plan.chunk_rows
    if of_update < 2 * OF_THREAD or of_row * int((batches.stops - batches.starts).sum()) < OF_CALL:
        return 1
    n_items = 2 * n_blocks(plan.chunk_rows, plan.block, plan.least)
    return min(of_update // OF_THREAD, n_items, n_threads())


def _kernel(network: Network, plan: Plan) -> Callable[..., int]:
    cost = plan.cost
    is_normalized = network.normalization is not None and bool(network.hidden)
    if network.embedding is not None:
        if is_normalized:
            return kernels.EMBEDDED_NORMALIZED if cost == MATCHED else kernels.EMBEDDED_NORMALIZED_CHOSEN
        return kernels.EMBEDDED if cost == MATCHED else kernels.EMBEDDED_CHOSEN
    if is_normalized:
        return kernels.NORMALIZED if cost == MATCHED else kernels.NORMALIZED_CHOSEN
    if cost == MATCHED:
        return kernels.NARROW if plan.narrow else kernels.DENSE
    return kernels.NARROW_CHOSEN if plan.narrow else kernels.DENSE_CHOSEN


def _factors(network: Network, options: StepOptions) -> NDArray[np.float64]:
    if options.factors:
        step_factors(network, options.factors)  # raises an error for a wrong number
    return np.array(options.factors, dtype=np.float64)


def _in_dtype(X: Any, dtype: np.dtype[Any]) -> Any:
    if issparse(X):
        return X.tocsr().astype(dtype, copy=False)
    return np.ascontiguousarray(X, dtype=dtype)
