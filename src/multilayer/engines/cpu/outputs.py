"""Output units, their costs and their delta, (C1) to (C3), (C5) and (B1) of the book, for a block of examples.

Blocks are transposed here, (K, rows): with ten classes, a row would fill less than one vector register, while the
examples of one class fill many.  A new output unit is a branch in both functions.
"""

from __future__ import annotations

from multilayer.engines.cpu.blocks import add_into
from multilayer.engines.cpu.compiling import COMPILED, inner
from multilayer.engines.cpu.elementary import exp, log, sigmoid, sigmoid_and_log, softplus
from multilayer.engines.cpu.plan import EXP_OUTPUT, INCREASING_OUTPUT, SIGMOID_OUTPUT, SOFTMAX_OUTPUT, Plan
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats


@inner
def output_into(plan: Plan, Z: Floats, Y: Floats, delta: Floats, scratch: Floats) -> None:
    """Compute delta = H - Y from Z and Y, all (K, rows); the cost of each entry replaces its z.

    ``scratch`` is (2, rows).
    """
    code = plan.output
    if code == SIGMOID_OUTPUT:
        _sigmoid_into(Z, Y, delta)
    elif code == SOFTMAX_OUTPUT:
        _softmax_into(Z, Y, delta, line(scratch, 0, Z.shape[1]), line(scratch, Z.shape[1], Z.shape[1]))
    elif code == EXP_OUTPUT:
        _exp_into(Z, Y, delta)
    else:
        _identity_into(Z, Y, delta)


# The maximum numbers that one iteration of a vectorised loop handles: four vectors of 16.  The compiler uses other
# instructions for the remainder, which might round differently.
WHOLE = 64 if COMPILED else 1


def _whole(n: int) -> int:
    return -(-n // WHOLE) * WHOLE


whole = inner(_whole)


@inner
def activate_outputs_into(code: int, outputs: Floats, K: int, rows: int, scratch: Floats) -> None:
    """Compute H from Z, (K, rows), in place; ``outputs`` has at least WHOLE more elements, which may be changed.

    Only loops that round more than once run over whole iterations: a single sum or quotient is rounded the same
    everywhere.
    """
    Z, every = block(outputs, 0, K, rows), line(outputs, 0, whole(K * rows))
    if code == SIGMOID_OUTPUT:
        for i in range(every.size):
            every[i] = sigmoid(every[i])
    elif code == SOFTMAX_OUTPUT:
        top, total = line(scratch, 0, rows), line(scratch, rows, rows)
        _tops_into(Z, top, total)
        for k in range(K):
            for r in range(rows):
                Z[k, r] -= top[r]
        for i in range(every.size):
            every[i] = exp(every[i])
        for k in range(K):
            for r in range(rows):
                total[r] += Z[k, r]
        for k in range(K):
            for r in range(rows):
                Z[k, r] /= total[r]
    elif code == EXP_OUTPUT:
        for i in range(every.size):
            every[i] = exp(every[i])
    elif code == INCREASING_OUTPUT:
        later = line(outputs, rows, whole((K - 1) * rows))
        for i in range(later.size):
            later[i] = softplus(later[i])
        for k in range(1, K):
            add_into(line(outputs, k * rows, rows), line(outputs, (k - 1) * rows, rows))


@inner
def _sigmoid_into(Z: Floats, Y: Floats, delta: Floats) -> None:
    zero, one = Z.dtype.type(0), Z.dtype.type(1)
    for k in range(Z.shape[0]):
        for r in range(Z.shape[1]):
            z, y = Z[k, r], Y[k, r]
            # h and both logarithms share one exponential: softplus(±z) = max(±z, 0) + log(1 + e^-|z|).
            h, log_term = sigmoid_and_log(z)
            wrong = (one - y) * z if z >= zero else -y * z
            Z[k, r] = wrong + log_term
            delta[k, r] = h - y


@inner
def _identity_into(Z: Floats, Y: Floats, delta: Floats) -> None:
    half = Z.dtype.type(0.5)
    for k in range(Z.shape[0]):
        for r in range(Z.shape[1]):
            d = Z[k, r] - Y[k, r]
            delta[k, r] = d
            Z[k, r] = half * d * d


@inner
def _exp_into(Z: Floats, Y: Floats, delta: Floats) -> None:
    # y log y is 0 at 0, and negligible for y below this bound.
    nothing, one = Z.dtype.type(1e-30), Z.dtype.type(1)
    for k in range(Z.shape[0]):
        for r in range(Z.shape[1]):
            z, y = Z[k, r], Y[k, r]
            h = exp(z)
            Z[k, r] = h - y * z + (y * log(y if y > nothing else one) - y)
            delta[k, r] = h - y


@inner
def _softmax_into(Z: Floats, Y: Floats, delta: Floats, top: Floats, total: Floats) -> None:
    _exponentials_into(Z, delta, top, total)
    # top becomes log Σ e^z, total 1 / Σ e^(z - top).
    one = Z.dtype.type(1)
    for r in range(top.size):
        top[r] += log(total[r])
        total[r] = one / total[r]
    for k in range(Z.shape[0]):
        for r in range(Z.shape[1]):
            y = Y[k, r]
            Z[k, r] = y * (top[r] - Z[k, r])  # -y log h
            delta[k, r] = delta[k, r] * total[r] - y


@inner
def _exponentials_into(Z: Floats, out: Floats, top: Floats, total: Floats) -> None:
    """Compute out = e^(z - top), with each example's maximum in top and the sum over its classes in total.

    ``out`` must not be Z: a loop whose source and target may be the same array is not vectorised.
    """
    _tops_into(Z, top, total)
    for k in range(Z.shape[0]):
        for r in range(top.size):
            e = exp(Z[k, r] - top[r])
            out[k, r] = e
            total[r] += e


@inner
def _tops_into(Z: Floats, top: Floats, total: Floats) -> None:
    """Write each example's largest z to top, and 0 to total."""
    for r in range(top.size):
        top[r] = Z[0, r]
        total[r] = 0
    for k in range(1, Z.shape[0]):
        for r in range(top.size):
            z = Z[k, r]
            top[r] = z if z > top[r] else top[r]
