"""The reference engine: the equations of the book behind the interface of an engine.  It is slow and easy to check.

It computes in float64 for any dtype of the data, and rounds stored results to that dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import PLAIN, Batches, DescentState, Engine, Objective, check_inputs
from multilayer.engines.steps import Rows, descend_by
from multilayer.equations.backpropagation import cost_and_gradient, deltas
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.dropout import dropout_masks
from multilayer.equations.extensions.embeddings import Waves, embedding_gradient
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.equations.propagation import forward_propagation
from multilayer.network import (
    Floats,
    Network,
    first_activations,
    in_float64,
    norms,
    output_with_cost,
    pack,
    thetas,
    waves,
    widths,
)

# Arguments and results of :func:`multilayer.equations.cost_and_gradient`, by position.
CostAndGradient = Callable[..., tuple[float, list[NDArray[np.float64]]]]


class ReferenceEngine(Engine):
    """Runs :mod:`multilayer.equations`, update by update; another program may take the place of (J) and (B1)-(B4)."""

    name = "reference"

    def __init__(self, program: CostAndGradient = cost_and_gradient) -> None:
        self._program = program

    def predict(self, network: Network, parameters: Floats, X: Floats) -> Floats:
        matrices, of_layers = thetas(network, parameters), norms(network, parameters)
        check_inputs(network, X)
        A_1 = first_activations(network, parameters, _dense(X))
        _, A = forward_propagation(A_1, matrices, network.hidden, network.output, norms=of_layers)
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
        network, sizes = objective.network, widths(objective.network)

        def gradient_of(rows: Rows, n_rows: int) -> tuple[float, Floats]:
            masks = dropout_masks(objective.dropout, objective.seed, state.t, n_rows, sizes)
            return self._cost_and_gradient(objective, state.parameters, rows, masks)

        return descend_by(gradient_of, network, rule, state, batches, options)

    def _cost_and_gradient(
        self,
        objective: Objective,
        parameters: Floats,
        rows: Rows,
        masks: list[NDArray[np.float64]] | None = None,
    ) -> tuple[float, Floats]:
        network, weight = objective.network, objective.sample_weight
        check_inputs(network, objective.X)
        if weight is not None and not weight[rows].any():
            return 0.0, np.zeros_like(parameters)  # rows without weight have no gradient
        # A diverging network overflows; its cost, which is not finite, reports it.
        with np.errstate(over="ignore", invalid="ignore"):
            matrices, X, Y = thetas(network, parameters), _dense(objective.X[rows]), objective.Y[rows]
            weight = None if weight is None else weight[rows]
            A_1 = first_activations(network, parameters, X)
            J, D = self._program(
                A_1,
                Y,
                matrices,
                Penalty(objective.lam, objective.lam1),
                network.hidden,
                output_with_cost(network),
                weight,
                masks,
                norms(network, parameters),
            )
            of_waves = None
            if network.embedding is not None:
                columns = network.embedding.columns
                of_waves = self._embedding_gradient(network, parameters, X, A_1, Y, weight, masks, columns)
            return J, pack(network, D[: len(matrices)], parameters.dtype, D[len(matrices) :], of_waves)

    @staticmethod
    def _embedding_gradient(
        network: Network,
        parameters: Floats,
        X: Floats,
        A_1: Floats,
        Y: Floats,
        weight: Floats | None,
        masks: list[NDArray[np.float64]] | None,
        columns: tuple[int, ...],
    ) -> Waves:
        """(F3), (F4) with the 1/m."""
        matrices, of_layers = thetas(network, parameters), norms(network, parameters)
        Z, _ = forward_propagation(A_1, matrices, network.hidden, network.output, masks, of_layers)
        delta = deltas(Z, Y, matrices, network.hidden, output_with_cost(network), masks, of_layers)[0]
        epsilon = delta @ matrices[0][:, 1:]  # (B2) without g'
        if masks is not None:
            epsilon = epsilon * masks[0]
        w = np.ones(len(X)) if weight is None else weight.astype(np.float64)
        epsilon, inputs = epsilon[:, X.shape[1] :], np.asarray(X, dtype=np.float64)
        of_waves = waves(network, parameters)
        D = embedding_gradient(epsilon, inputs, columns, in_float64(of_waves), w) if of_waves else ()
        return Waves(*(of_parameter / w.sum() for of_parameter in D))


def _dense(X: Any) -> Floats:
    """Return a CSR matrix as an array; an array unchanged."""
    return X.toarray() if hasattr(X, "toarray") else X
