"""Costs that replace the matched one, (C6) to (C11) of the book, and increasing outputs, (C12), for a transposed block.

The costs of an error e = h - y form two families with a slope s(e) and the cost s (e - c s).  In the first, s is e
clipped to [low, high] and c = 1/2: Huber's cost and, without bounds, the squared error.  In the second, s is low for
e < 0, 0 for e = 0 and high for e > 0, and c = 0: the absolute error and the quantile cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import inner
from multilayer.engines.cpu.elementary import Scalar, compilable, exp, expm1, log, sigmoid_and_log, softplus
from multilayer.engines.cpu.plan import FOCAL, GAMMA, INCREASING_OUTPUT, SIGMOID_OUTPUT, STEP, Plan
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


@inner
def chosen_into(plan: Plan, Z: Floats, Y: Floats, delta: Floats, scratch: Floats) -> None:
    """Compute delta from Z and Y, all (K, rows); the cost of each entry replaces its z.

    It replaces ``outputs.output_into`` in separate kernels, which are compiled only for networks with such a cost.
    ``scratch`` is (2, rows).
    """
    output, cost, numbers = plan.output, plan.cost, plan.numbers
    if output == INCREASING_OUTPUT:
        _increasing_into(cost, numbers, Z, Y, delta, line(scratch, 0, Z.shape[1]))
    elif cost == GAMMA:
        _gamma_into(Z, Y, delta)
    elif cost == FOCAL and output == SIGMOID_OUTPUT:
        _sigmoid_focal_into(numbers[0, 0], Z, Y, delta)
    elif cost == FOCAL:
        top, total = line(scratch, 0, Z.shape[1]), line(scratch, Z.shape[1], Z.shape[1])
        _softmax_focal_into(numbers[0, 0], Z, Y, delta, top, total)
    else:
        _errors_into(cost, numbers, Z, Y, delta)


@inner
def rise_into(Z: Floats) -> None:
    """(C12) Compute H from Z, in place."""
    for k in range(1, Z.shape[0]):
        for r in range(Z.shape[1]):
            Z[k, r] = Z[k - 1, r] + softplus(Z[k, r])


@compilable
def _of_error(e: Scalar, low: Scalar, high: Scalar, is_step: bool, zero: Scalar, half: Scalar) -> tuple[Scalar, Scalar]:
    """Return (cost, slope) of one error; NaN stays NaN in the cost."""
    cut = low if e < low else high if e > high else e
    step = high if e > zero else low if e < zero else zero
    slope = step if is_step else cut
    return slope * (e - (zero if is_step else half) * slope), slope


@inner
def _errors_into(cost: int, numbers: NDArray[np.float64], Z: Floats, Y: Floats, delta: Floats) -> None:
    zero, half, is_step = Z.dtype.type(0), Z.dtype.type(0.5), cost == STEP
    for k in range(Z.shape[0]):
        row = k if numbers.shape[0] > 1 else 0
        low, high = Z.dtype.type(numbers[row, 0]), Z.dtype.type(numbers[row, 1])
        for r in range(Z.shape[1]):
            value, slope = _of_error(Z[k, r] - Y[k, r], low, high, is_step, zero, half)
            Z[k, r] = value
            delta[k, r] = slope


@inner
def _increasing_into(
    cost: int, numbers: NDArray[np.float64], Z: Floats, Y: Floats, delta: Floats, later: Floats
) -> None:
    """Run from the last output to the first; ``later`` is the sum of the slopes of an output and all later ones."""
    zero, half, one, is_step = Z.dtype.type(0), Z.dtype.type(0.5), Z.dtype.type(1), cost == STEP
    rise_into(Z)
    for r in range(later.size):
        later[r] = zero
    for k in range(Z.shape[0] - 1, -1, -1):
        row = k if numbers.shape[0] > 1 else 0
        low, high = Z.dtype.type(numbers[row, 0]), Z.dtype.type(numbers[row, 1])
        for r in range(Z.shape[1]):
            h = Z[k, r]
            value, slope = _of_error(h - Y[k, r], low, high, is_step, zero, half)
            later[r] += slope
            # sigmoid(z) = 1 - e^-softplus(z), and softplus(z) is the difference from the previous output.
            factor = one if k == 0 else -expm1(Z[k - 1, r] - h)
            Z[k, r] = value
            delta[k, r] = later[r] * factor


@inner
def _gamma_into(Z: Floats, Y: Floats, delta: Floats) -> None:
    for k in range(Z.shape[0]):
        for r in range(Z.shape[1]):
            ratio = log(Y[k, r]) - Z[k, r]
            e = expm1(ratio)
            Z[k, r] = e - ratio
            delta[k, r] = -e


@inner
def _sigmoid_focal_into(gamma: float, Z: Floats, Y: Floats, delta: Floats) -> None:
    zero, one, power = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(gamma)
    for k in range(Z.shape[0]):
        for r in range(Z.shape[1]):
            z, y = Z[k, r], Y[k, r]
            h, log_term = sigmoid_and_log(z)
            q = one - h
            # -log h and -log q; h^γ and q^γ are their exponentials.
            no_log, yes_log = (z if z > zero else zero) + log_term, (-z if z < zero else zero) + log_term
            q_power, h_power = exp(-power * no_log), exp(-power * yes_log)
            Z[k, r] = y * q_power * yes_log + (one - y) * h_power * no_log
            yes = q_power * (power * h * yes_log + q)
            delta[k, r] = (one - y) * h_power * (power * q * no_log + h) - y * yes


@compilable
def _focal_parts(log_h: Scalar, gamma: Scalar, zero: Scalar, one: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """Return (h, (1-h)^γ, u / y) with u of (C11)."""
    q = -expm1(log_h)
    h = one - q
    power = one if gamma == zero else exp(gamma * log(q))
    fraction = log_h / q if q > zero else -one
    return h, power, power * (gamma * h * fraction - one)


@inner
def _softmax_focal_into(gamma: float, Z: Floats, Y: Floats, delta: Floats, top: Floats, total: Floats) -> None:
    zero, one, power = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(gamma)
    for r in range(top.size):
        top[r] = Z[0, r]
        total[r] = zero
    for k in range(1, Z.shape[0]):
        for r in range(top.size):
            top[r] = Z[k, r] if Z[k, r] > top[r] else top[r]
    for k in range(Z.shape[0]):
        for r in range(top.size):
            total[r] += exp(Z[k, r] - top[r])
    for r in range(top.size):
        top[r] += log(total[r])  # log Σ e^z
        total[r] = zero
    for k in range(Z.shape[0]):
        for r in range(top.size):
            log_h = Z[k, r] - top[r]
            _, _, u = _focal_parts(log_h if log_h < zero else zero, power, zero, one)
            total[r] += Y[k, r] * u
    for k in range(Z.shape[0]):
        for r in range(top.size):
            log_h = Z[k, r] - top[r]
            h, q_power, u = _focal_parts(log_h if log_h < zero else zero, power, zero, one)
            Z[k, r] = -Y[k, r] * q_power * log_h
            delta[k, r] = Y[k, r] * u - h * total[r]
