"""The reference engine: the equations of the book behind the interface of an engine.  It is slow and easy to check.

It computes in float64 for any dtype of the data, and rounds stored results to that dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective, with_average
from multilayer.equations.backpropagation import cost_and_gradient
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.dropout import dropout_masks
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.extensions.step_options import StepOptions, average_weights, clip_gradient, decay_weights
from multilayer.equations.propagation import forward_propagation
from multilayer.network import Floats, Network, norms, output_with_cost, pack, thetas


class ReferenceEngine(Engine):
    """Runs :mod:`multilayer.equations`, update by update."""

    name = "reference"

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        matrices, of_layers = thetas(network, parameters), norms(network, parameters)
        _, A = forward_propagation(_dense(X), matrices, network.hidden, network.output, norms=of_layers)
        return A[-1].astype(parameters.dtype, copy=False)

    def cost_and_gradient(self, objective: Objective, parameters: Floats) -> tuple[float, Floats]:
        return self._cost_and_gradient(objective, parameters, slice(None))

    def descend(
        self,
        objective: Objective,
        rule: UpdateRule,
        state: DescentState,
        batches: Batches,
        options: StepOptions = PLAIN,
    ) -> NDArray[np.float64]:
        with_average(state, options)
        costs = np.empty(len(batches))
        for i, (start, stop, alpha) in enumerate(zip(batches.starts, batches.stops, batches.step_sizes, strict=True)):
            rows = slice(start, stop) if batches.order is None else batches.order[start:stop]
            masks = dropout_masks(
                objective.dropout, objective.seed, state.t, int(stop - start), objective.network.layer_sizes
            )
            costs[i], gradient = self._cost_and_gradient(objective, state.parameters, rows, masks)
            if not np.isfinite(costs[i]):
                return costs[: i + 1]
            with np.errstate(over="ignore", invalid="ignore"):
                self._update(objective.network, rule, state, gradient.astype(np.float64), float(alpha), options)
        return costs

    @staticmethod
    def _update(
        network: Network,
        rule: UpdateRule,
        state: DescentState,
        gradient: NDArray[np.float64],
        alpha: float,
        options: StepOptions,
    ) -> None:
        theta: NDArray[Any] = state.parameters.astype(np.float64)
        slots = [slot.astype(np.float64) for slot in state.slots]
        (gradient,) = clip_gradient([gradient], options.clip_norm)
        if options.weight_decay > 0:
            matrices = [matrix.astype(np.float64) for matrix in thetas(network, theta)]
            decayed = [decay_weights(matrix, alpha, options.weight_decay) for matrix in matrices]
            theta = pack(network, decayed, norms_given=norms(network, theta))
        theta, slots = rule.step(theta, gradient, slots, alpha, state.t + 1)
        state.parameters[...] = theta
        for kept, slot in zip(state.slots, slots, strict=True):
            kept[...] = slot
        state.t += 1
        if state.average is not None and options.average > 0:
            mean, newest = state.average.astype(np.float64), state.parameters.astype(np.float64)
            state.average[...] = average_weights(mean, newest, options.average, state.t)

    @staticmethod
    def _cost_and_gradient(
        objective: Objective,
        parameters: Floats,
        rows: slice | NDArray[np.intp],
        masks: list[NDArray[np.float64]] | None = None,
    ) -> tuple[float, Floats]:
        network, weight = objective.network, objective.sample_weight
        if weight is not None and not weight[rows].any():
            return 0.0, np.zeros_like(parameters)  # rows without weight have no gradient
        # A diverging network overflows; its cost, which is not finite, reports it.
        with np.errstate(over="ignore", invalid="ignore"):
            matrices = thetas(network, parameters)
            J, D = cost_and_gradient(
                _dense(objective.X[rows]),
                objective.Y[rows],
                matrices,
                Penalty(objective.lam, objective.lam1),
                network.hidden,
                output_with_cost(network),
                None if weight is None else weight[rows],
                masks,
                norms(network, parameters),
            )
            return J, pack(network, D[: len(matrices)], parameters.dtype, D[len(matrices) :])


def _dense(X: Any) -> Floats:
    """Return a CSR matrix as an array; an array unchanged."""
    return X.toarray() if hasattr(X, "toarray") else X
