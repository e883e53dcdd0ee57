"""Options of a step: clipping, decoupled decay and averaging, (D5) to (D7) of the book."""

from __future__ import annotations

import math

from multilayer.engines.cpu.compiling import inlined, inner, inner_sum
from multilayer.engines.cpu.plan import N_IN, N_OUT, THETA, Descent, Plan
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


@inlined
def refines(descent: Descent) -> bool:
    """Whether any of the three is asked for."""
    return descent.clip_norm < math.inf or descent.weight_decay > 0.0 or descent.beta > 0.0


@inlined
def before_update_into(plan: Plan, descent: Descent, theta: Floats, D: Floats, alpha: float) -> None:
    """(D5) and (D6), where they are asked for."""
    if descent.clip_norm < math.inf:
        norm = math.sqrt(sum_of_squares(D))
        if norm > descent.clip_norm:
            scale_into(D, descent.clip_norm / norm)
    if descent.weight_decay > 0.0:
        for l in range(len(plan.layers)):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            scale_into(line(theta, t + n, k * n), 1.0 - alpha * descent.weight_decay)


@inlined
def after_update_into(descent: Descent, theta: Floats, t: int) -> None:
    """(D7), where it is asked for; ``t`` counts the updates from 1."""
    if descent.beta > 0.0:
        _average_into(descent.average, theta, (1.0 - descent.beta) / (1.0 - descent.beta**t))


@inner
def scale_into(x: Floats, factor: float) -> None:
    scale = x.dtype.type(factor)
    for p in range(x.size):
        x[p] *= scale


@inner
def _average_into(mean: Floats, theta: Floats, share: float) -> None:
    newest = theta.dtype.type(share)
    for p in range(theta.size):
        mean[p] += newest * (theta[p] - mean[p])


@inner_sum
def sum_of_squares(x: Floats) -> float:
    total = 0.0
    for i in range(x.size):
        total += x[i] * x[i]
    return total
