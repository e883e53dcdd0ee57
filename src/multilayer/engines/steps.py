"""Updates of an engine that computes gradients in one place and applies them in another.

The rule and the options are those of :mod:`multilayer.equations`, in float64 for any dtype of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Batches, DescentState, with_average
from multilayer.equations.descent import UpdateRule
from multilayer.equations.extensions.step_options import StepOptions, average_weights, clip_gradient, decay_weights
from multilayer.network import Floats, Network, norms, pack, step_factors, thetas, waves

Rows = slice | NDArray[np.intp]
# From the rows of a batch and their number to the cost of the batch and its gradient.
GradientOfRows = Callable[[Rows, int], tuple[float, Floats]]


def descend_by(
    gradient_of: GradientOfRows,
    network: Network,
    rule: UpdateRule,
    state: DescentState,
    batches: Batches,
    options: StepOptions,
) -> NDArray[np.float64]:
    """Perform the updates of :meth:`multilayer.engines.Engine.descend`, with gradients from a function."""
    with_average(state, options)
    costs = np.empty(len(batches))
    for i, (start, stop, alpha) in enumerate(zip(batches.starts, batches.stops, batches.step_sizes, strict=True)):
        rows = slice(int(start), int(stop)) if batches.order is None else batches.order[start:stop]
        costs[i], gradient = gradient_of(rows, int(stop - start))
        if not np.isfinite(costs[i]):
            return costs[: i + 1]
        with np.errstate(over="ignore", invalid="ignore"):
            step_into(network, rule, state, gradient.astype(np.float64), float(alpha), options)
    return costs


def step_into(
    network: Network,
    rule: UpdateRule,
    state: DescentState,
    gradient: NDArray[np.float64],
    alpha: float,
    options: StepOptions,
) -> None:
    """Apply a gradient to the state, in place: (D5), (D6), the rule with (D8), then (D7)."""
    theta: NDArray[Any] = state.parameters.astype(np.float64)
    slots = [slot.astype(np.float64) for slot in state.slots]
    (gradient,) = clip_gradient([gradient], options.clip_norm)
    if options.weight_decay > 0:
        matrices = [matrix.astype(np.float64) for matrix in thetas(network, theta)]
        factors = options.factors[2::2] or [1.0] * len(matrices)
        decayed = [
            decay_weights(matrix, alpha * factor, options.weight_decay)
            for matrix, factor in zip(matrices, factors, strict=True)
        ]
        theta = pack(network, decayed, norms_given=norms(network, theta), waves_given=waves(network, theta))
    alphas: Any = alpha * step_factors(network, options.factors) if options.factors else alpha
    theta, slots = rule.step(theta, gradient, slots, alphas, state.t + 1)
    state.parameters[...] = theta
    for kept, slot in zip(state.slots, slots, strict=True):
        kept[...] = slot
    state.t += 1
    if state.average is not None and options.average > 0:
        mean, newest = state.average.astype(np.float64), state.parameters.astype(np.float64)
        state.average[...] = average_weights(mean, newest, options.average, state.t)
