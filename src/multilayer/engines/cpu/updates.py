"""Updates: the rules (D1) to (D4) of the book, one pass over the parameters, and the options of a step, (D5) to (D8).

A rule is a function, a branch in ``update_into`` and a case in ``encode``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import inlined, inner, inner_sum
from multilayer.engines.cpu.plan import N_IN, N_OUT, THETA, Descent, Plan
from multilayer.engines.cpu.views import line
from multilayer.equations.descent import Adam, GradientDescent, Momentum, Nesterov, UpdateRule
from multilayer.network import Floats

GRADIENT_DESCENT, MOMENTUM, NESTEROV, ADAM = range(4)
WEIGHTS = 2  # the place of the factor of the first layer's weights, behind those of the embedding and of its biases


def encode(rule: UpdateRule) -> tuple[int, NDArray[np.float64]]:
    """Return the code of a rule and its numbers."""
    match rule:
        case GradientDescent():
            return GRADIENT_DESCENT, np.empty(0)
        case Momentum(mu):
            return MOMENTUM, np.array([mu])
        case Nesterov(mu):
            return NESTEROV, np.array([mu])
        case Adam(beta_1, beta_2, epsilon):
            return ADAM, np.array([beta_1, beta_2, epsilon])
    raise TypeError(f"the CPU engine has no update rule {rule!r}")


@inner
def first_factor(code: int, numbers: NDArray[np.float64], alpha: float, t: int) -> float:
    """Return the step size alpha; for Adam, with the correction for its start at zero.  Called once per update."""
    if code == ADAM:
        return alpha * math.sqrt(1.0 - numbers[1] ** t) / (1.0 - numbers[0] ** t)
    return alpha


@inner
def update_into(
    code: int, numbers: NDArray[np.float64], theta: Floats, D: Floats, slots: Floats, first: int, factor: float
) -> None:
    """Update theta in place by the rule, for the parameters from index ``first`` on; slots is (n_slots, P)."""
    n, P = theta.size, slots.shape[1]
    if code == GRADIENT_DESCENT:
        _gradient_descent_into(theta, D, factor)
    elif code == MOMENTUM:
        _momentum_into(theta, D, line(slots, first, n), factor, numbers[0])
    elif code == NESTEROV:
        _nesterov_into(theta, D, line(slots, first, n), factor, numbers[0])
    else:
        _adam_into(theta, D, line(slots, first, n), line(slots, P + first, n), factor, numbers)


# A Python number in a loop over float32 would turn its arithmetic into float64: each is cast before the loop.


@inner
def _gradient_descent_into(theta: Floats, D: Floats, alpha: float) -> None:
    a = theta.dtype.type(alpha)
    for p in range(theta.size):
        theta[p] -= a * D[p]


@inner
def _momentum_into(theta: Floats, D: Floats, v: Floats, alpha: float, mu: float) -> None:
    a, friction = theta.dtype.type(alpha), theta.dtype.type(mu)
    for p in range(theta.size):
        step = friction * v[p] - a * D[p]
        v[p] = step
        theta[p] += step


@inner
def _nesterov_into(theta: Floats, D: Floats, v: Floats, alpha: float, mu: float) -> None:
    a, friction = theta.dtype.type(alpha), theta.dtype.type(mu)
    for p in range(theta.size):
        descent = a * D[p]
        step = friction * v[p] - descent
        v[p] = step
        theta[p] += friction * step - descent


@inner
def _adam_into(theta: Floats, D: Floats, p: Floats, q: Floats, corrected: float, numbers: NDArray[np.float64]) -> None:
    step, epsilon = theta.dtype.type(corrected), theta.dtype.type(numbers[2])
    beta_1, rest_1 = theta.dtype.type(numbers[0]), theta.dtype.type(1.0 - numbers[0])
    beta_2, rest_2 = theta.dtype.type(numbers[1]), theta.dtype.type(1.0 - numbers[1])
    for i in range(theta.size):
        d = D[i]
        mean = beta_1 * p[i] + rest_1 * d
        square = beta_2 * q[i] + rest_2 * (d * d)
        p[i] = mean
        q[i] = square
        theta[i] -= step * mean / (np.sqrt(square) + epsilon)


@inlined
def refines(descent: Descent) -> bool:
    """Return whether any of the four options is used."""
    has_factors = len(descent.factors) > 0
    return has_factors or descent.clip_norm < math.inf or descent.weight_decay > 0.0 or descent.beta > 0.0


@inlined
def update_sections_into(plan: Plan, descent: Descent, theta: Floats, D: Floats, factor: float) -> None:
    """(D8) Do one step of the rule, with a factor for each section of the parameters; gain and shift have 1."""
    first = 0
    for l in range(len(plan.layers)):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        before = descent.factors[0] if l == 0 else 1.0
        _update_section_into(descent, theta, D, first, t, factor * before)
        _update_section_into(descent, theta, D, t, t + n, factor * descent.factors[WEIGHTS + 2 * l - 1])
        _update_section_into(descent, theta, D, t + n, t + n + k * n, factor * descent.factors[WEIGHTS + 2 * l])
        first = t + n + k * n


@inner
def _update_section_into(descent: Descent, theta: Floats, D: Floats, first: int, stop: int, factor: float) -> None:
    n = stop - first
    if n > 0:
        here, gradient = line(theta, first, n), line(D, first, n)
        update_into(descent.rule, descent.numbers, here, gradient, descent.slots, first, factor)


@inlined
def before_update_into(plan: Plan, descent: Descent, theta: Floats, D: Floats, alpha: float) -> None:
    """Apply (D5) and (D6), if they are used."""
    if descent.clip_norm < math.inf:
        norm = math.sqrt(sum_of_squares(D))
        if norm > descent.clip_norm:
            scale_into(D, descent.clip_norm / norm)
    if descent.weight_decay > 0.0:
        for l in range(len(plan.layers)):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            own = alpha * descent.factors[WEIGHTS + 2 * l] if len(descent.factors) > 0 else alpha
            scale_into(line(theta, t + n, k * n), 1.0 - own * descent.weight_decay)


@inlined
def after_update_into(descent: Descent, theta: Floats, t: int) -> None:
    """Apply (D7), if it is used; ``t`` counts the updates from 1."""
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
