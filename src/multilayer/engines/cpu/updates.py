"""Updates: the rules (D1) to (D4) of the book, one pass over the parameters, and the options of a step, (D5) to (D8).

A rule is a function, a branch in ``update_into`` and a case in ``encode``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.blocks import fill
from multilayer.engines.cpu.compiling import inlined, inner, inner_sum
from multilayer.engines.cpu.plan import (
    INPUT,
    INPUTS,
    LAYER,
    N_OUT,
    THETA,
    Data,
    Descent,
    Plan,
    section_start,
)
from multilayer.engines.cpu.views import line
from multilayer.equations.descent import Adam, GradientDescent, Momentum, Nesterov, UpdateRule
from multilayer.network import Floats

NO_RULE, GRADIENT_DESCENT, MOMENTUM, NESTEROV, ADAM = range(5)
PART = 4096  # the number of parameters that are processed together
# The kinds of parameters, in the order in which those of a piece are stored; the first are also those of an embedding.
NORMS, BIASES, WEIGHTS = range(3)


class Factors(NamedTuple):
    """What all pieces of one update have in common."""

    weight: float  # the weight of the batch's rows
    step_size: float
    step: float  # the step size, for Adam with its correction
    shrinking: float  # (D5) the factor of the gradient
    share: float  # (D7) the share of the new parameters in the average; 0 without averaging


class Steps(NamedTuple):
    """What is done with a piece: both in one pass, unless clipping needs the whole gradient between them."""

    finish: bool
    update: bool


def encode(rule: UpdateRule | None) -> tuple[int, NDArray[np.float64]]:
    """Return the code of a rule and its numbers; without a rule, only the gradient is computed."""
    match rule:
        case None:
            return NO_RULE, np.empty(0)
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
def work_on_piece(
    plan: Plan, data: Data, descent: Descent, theta: Floats, D: Floats, factors: Factors, piece: int, does: Steps
) -> tuple[float, float]:
    """Finish the gradient of a piece of the parameters, (B4), and update it, as far as ``does`` says.

    Return the sum of squares and that of absolute values: of the finished gradient, if it is not updated yet, else of
    the weights, as far as the penalties need them.  It runs over short parts, so that each loop finds its data in the
    cache.
    """
    squares, absolutes = 0.0, 0.0
    l, i = plan.pieces[piece, LAYER], plan.pieces[piece, INPUT]
    n, t = plan.layers[l, N_OUT], plan.layers[l, THETA]
    has_factors, alpha = len(descent.factors) > 0, factors.step_size
    for kind in range(NORMS if i == 0 else WEIGHTS, WEIGHTS + 1):
        factor, decay, lam, lam1 = factors.step, 1.0, 0.0, 0.0
        if kind == NORMS:  # and embeddings
            first, stop = section_start(plan, l), t
            factor *= descent.factors[0] if has_factors and l == 0 else 1.0
        elif kind == BIASES:
            first, stop = t, t + n
            factor *= descent.factors[1 + 2 * l] if has_factors else 1.0
        else:
            first = t + n + i * n
            stop = first + plan.pieces[piece, INPUTS] * n
            own = descent.factors[2 + 2 * l] if has_factors else 1.0
            factor, decay, lam, lam1 = factor * own, 1.0 - alpha * own * descent.weight_decay, data.lam, data.lam1
        for p in range(first, stop, PART):
            size = min(PART, stop - p)
            here, gradient = line(theta, p, size), line(D, p, size)
            if does.finish:
                _finish_into(gradient, here, lam, factors.weight)
                if lam1 > 0.0 and factors.weight > 0.0:
                    _add_signs_into(gradient, here, lam1 / factors.weight)
            if does.update:
                if factors.shrinking != 1.0:
                    scale_into(gradient, factors.shrinking)
                if decay != 1.0:
                    scale_into(here, decay)
                update_into(descent.rule, descent.numbers, here, gradient, descent.slots, p, factor)
                if factors.share > 0.0:
                    _average_into(line(descent.average, p, size), here, factors.share)
            if does.finish and not does.update:
                squares += sum_of_squares(gradient)
            else:
                squares += sum_of_squares(here) if lam > 0.0 else 0.0
                absolutes += _sum_of_absolutes(here) if lam1 > 0.0 else 0.0
    return squares, absolutes


@inner
def _finish_into(D: Floats, theta: Floats, lam: float, m: float) -> None:
    """(B4) Compute D = Delta / m + λ/m Theta, or 0 if m is 0."""
    if m <= 0.0:
        fill(D, 0.0)
        return
    scale, rate = D.dtype.type(1.0 / m), D.dtype.type(lam / m)
    for p in range(D.size):
        D[p] = D[p] * scale + rate * theta[p]


@inner
def _add_signs_into(D: Floats, weights: Floats, rate: float) -> None:
    """(B4) Add the derivative of (C13)."""
    up, zero = D.dtype.type(rate), D.dtype.type(0)
    for p in range(D.size):
        w = weights[p]
        D[p] += up if w > zero else -up if w < zero else zero


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


@inner_sum
def _sum_of_absolutes(x: Floats) -> float:
    total = 0.0
    for i in range(x.size):
        total += abs(x[i])
    return total
