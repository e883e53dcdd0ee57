"""The measurements of a diagnosis: activations, gradients, and the effect of one more update."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import Batches, DescentState, Engine, Objective
from multilayer.equations.activations import activation
from multilayer.equations.extensions.normalization import normalized
from multilayer.equations.propagation import forward_propagation
from multilayer.fits.columns import as_dense
from multilayer.fits.recipe import AUTO_BATCH_SIZE, step_options, update_rule
from multilayer.fits.scores import Score
from multilayer.fits.settings import Settings
from multilayer.inspection.diagnosis import LayerVitals
from multilayer.network import Floats, activation_name, coefs, first_activations, norms, thetas, widths
from multilayer.training import TrainingState

BLOCK = 4096  # rows in a block, to limit the memory of the arrays for a layer
LARGEST_SLOPE = {"sigmoid": 0.25}  # of g; about 1 for all others
RESPONDS = 0.01  # a unit responds to a row if g'(z) is at least this share of the largest slope

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """A fitted network with the data of its diagnosis."""

    objective: Objective
    parameters: Floats
    state: TrainingState
    engine: Engine
    settings: Settings
    costs: list[float]  # loss_curve_
    cost_divisor: int
    score: Score
    validation: Objective | None
    column_names: list[str] | None  # of the frame that the network was fitted on


@dataclass(frozen=True, eq=False)
class Vitals:
    """All measurements, from which the findings are derived."""

    layers: list[LayerVitals]
    column_sizes: Array  # (s_1,): the root mean square of each column of X
    H: Array  # (m, K)
    J: float


def measure_vitals(case: Case) -> Vitals:
    objective = case.objective
    network, X = objective.network, objective.X
    matrices = thetas(network, case.parameters)
    of_layers = [norm.astype(np.float64) for norm in norms(network, case.parameters)] or None
    names = [activation_name(each) for each in (*network.hidden, network.output)]
    m = X.shape[0]
    responding = [np.zeros(size) for size in network.layer_sizes[1:]]
    least = [np.full(size, np.inf) for size in network.layer_sizes[1:]]
    largest = [np.full(size, -np.inf) for size in network.layer_sizes[1:]]
    squares, outputs = np.zeros(widths(network)[0]), []
    for start in range(0, m, BLOCK):
        rows = X[start : start + BLOCK]
        Z, A = forward_propagation(
            first_activations(network, case.parameters, as_dense(rows)),
            matrices,
            network.hidden,
            network.output,
            norms=of_layers,
        )
        squares += (A[0] ** 2).sum(axis=0)
        outputs.append(A[-1])
        for i, (sums, activations) in enumerate(zip(Z, A[1:], strict=True)):
            np.minimum(least[i], activations.min(axis=0), out=least[i])
            np.maximum(largest[i], activations.max(axis=0), out=largest[i])
            if i < len(network.hidden):
                slopes = np.abs(activation(network.hidden[i]).g_prime(normalized(Z, of_layers, i))) / LARGEST_SLOPE.get(
                    names[i], 1.0
                )
                responding[i] += (slopes >= RESPONDS).sum(axis=0)
            else:
                responding[i] += len(sums)
    J, D = case.engine.cost_and_gradient(objective, case.parameters)
    gradients = [float(np.linalg.norm(part)) for part in coefs(network, D)]
    weights = [float(np.linalg.norm(part)) for part in coefs(network, case.parameters)]
    ratios = _update_ratios(case, weights)
    layers = [
        LayerVitals(i + 2, names[i], responding[i] / m, least[i], largest[i], weights[i], gradients[i], ratios[i])
        for i in range(len(names))
    ]
    return Vitals(layers, np.sqrt(squares[: X.shape[1]] / m), np.concatenate(outputs), float(J))


def _update_ratios(case: Case, weights: list[float]) -> list[float]:
    """Return the size of one more update relative to the weights, for each layer; on a copy."""
    settings, objective, trained = case.settings, case.objective, case.state
    if settings.solver == "lbfgs":
        return [np.nan] * len(weights)
    m, rule = objective.X.shape[0], update_rule(settings)
    state = DescentState(case.parameters.copy(), trained.descent.slots.copy(), trained.descent.t)
    if state.slots.shape != (rule.n_slots, len(state.parameters)):
        state.slots = np.zeros((rule.n_slots, len(state.parameters)), dtype=state.parameters.dtype)
        state.t = 0
    # Evenly spaced rows, because the first ones may be of a single class.
    size = AUTO_BATCH_SIZE if isinstance(settings.batch_size, str) else settings.batch_size
    rows = np.linspace(0, m - 1, min(size, m)).astype(np.intp)
    alpha = np.array((trained.history.step_sizes or [settings.learning_rate_init])[-1:])
    options = replace(step_options(settings, objective.network), average=0.0)  # the step starts from the average
    case.engine.descend(objective, rule, state, Batches(rows, np.array([0]), np.array([len(rows)]), alpha), options)
    steps = [float(np.linalg.norm(part)) for part in coefs(objective.network, state.parameters - case.parameters)]
    return [
        step / weight if weight > 0 else (np.inf if step > 0 else 0.0)
        for step, weight in zip(steps, weights, strict=True)
    ]
