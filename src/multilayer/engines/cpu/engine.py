"""The CPU engine: kernels behind the protocol."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from multilayer.engines.blas_threads import one_blas_thread
from multilayer.engines.cpu import inference, kernels, updates
from multilayer.engines.cpu.plan import MATCHED, Descent, Plan, make_data, make_plan, make_work, writeable
from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective, with_average
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Floats, Network, step_factors


class CpuEngine(Engine):
    """Compiled kernels and BLAS.  float32 is computed in float32, float64 in float64."""

    name = "cpu"

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        X = _in_dtype(X, parameters.dtype)
        return inference.predict(network, writeable(parameters), X)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        network, X = objective.network, objective.X
        plan = make_plan(network, X, parameters.dtype, X.shape[0])
        work = make_work(network, plan, parameters.dtype, gathers=network.embedding is not None)
        with one_blas_thread():
            call = _kernels(network, plan, plan.cost).cost_and_gradient
            J = call(plan, make_data(objective), work, writeable(parameters), X.shape[0])
        return float(J), work.gradient

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        network, X = objective.network, objective.X
        plan = make_plan(
            network, X, state.parameters.dtype, int((batches.stops - batches.starts).max(initial=1)), objective
        )
        is_copied = batches.order is not None or len(plan.dropout) > 0 or network.embedding is not None
        work = make_work(network, plan, state.parameters.dtype, gathers=is_copied and not issparse(X))
        average = with_average(state, options).average
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
            average if average is not None else state.parameters[:0],
            _factors(network, options),
        )
        costs = np.empty(len(batches))
        with one_blas_thread():
            call = _kernels(network, plan, plan.cost).descend
            done = call(plan, make_data(objective, batches.order), work, state.parameters, descent, costs)
        # A cost that is not finite belongs to an update that was not performed.
        state.t += done if done == 0 or np.isfinite(costs[done - 1]) else done - 1
        return costs[:done]


def _kernels(network: Network, plan: Plan, cost: int) -> kernels.Kernels:
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
