"""Update rules: one pass over the parameters, (D1) to (D4) of the book.

A rule is a function here, a branch in ``update_into`` and a row in ``CODES``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import inner
from multilayer.engines.cpu.views import line
from multilayer.equations.descent import Adam, GradientDescent, Momentum, Nesterov, UpdateRule
from multilayer.network import Floats

GRADIENT_DESCENT, MOMENTUM, NESTEROV, ADAM = range(4)


def encode(rule: UpdateRule) -> tuple[int, NDArray[np.float64]]:
    """The rule as a code and its numbers."""
    match rule:
        case GradientDescent():
            return GRADIENT_DESCENT, np.empty(0)
        case Momentum(mu):
            return MOMENTUM, np.array([mu])
        case Nesterov(mu):
            return NESTEROV, np.array([mu])
        case Adam(beta_1, beta_2, epsilon):
            return ADAM, np.array([beta_1, beta_2, epsilon])
    raise TypeError(f"the CPU engine does not know the update rule {rule!r}")


@inner
def first_factor(code: int, numbers: NDArray[np.float64], alpha: float, t: int) -> float:
    """What a step begins with, worked out once an update: alpha, for Adam with its correction for the start at zero."""
    if code == ADAM:
        return alpha * math.sqrt(1.0 - numbers[1] ** t) / (1.0 - numbers[0] ** t)
    return alpha


@inner
def update_into(
    code: int, numbers: NDArray[np.float64], theta: Floats, D: Floats, slots: Floats, first: int, factor: float
) -> None:
    """One step of the rule, in place, for the parameters from the ``first`` on; slots is (n_slots, P)."""
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
