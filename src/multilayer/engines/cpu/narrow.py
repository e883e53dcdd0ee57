"""Dense layers of narrow networks: loops that are fused over a block of examples, without BLAS.

With five units a layer a row is too short for a vector register, and BLAS is mostly overhead.  So the block is turned
on its side: each unit's values for all examples of the block lie side by side, (s_l, rows), and every loop runs over
examples, 8 or 16 at a time.  A block is filled up to a whole number of registers; the padding computes on zeros, its
delta is set to zero, and so it adds nothing to any sum.

The matrix products are those of ``tiles.py``.
"""

from __future__ import annotations

from multilayer.engines.cpu.activations import SIGMOID, activate_into, derivative_times_into
from multilayer.engines.cpu.blocks import lay_on_side
from multilayer.engines.cpu.compiling import inner
from multilayer.engines.cpu.plan import (
    ACTIVATION,
    LAID,
    N_IN,
    N_OUT,
    PLACE,
    THETA,
    VALUES,
    Data,
    Plan,
    Work,
    narrow_columns,
)
from multilayer.engines.cpu.tiles import add_products_into, weighted_sums_into
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats

columns = inner(narrow_columns)


@inner
def forward(plan: Plan, data: Data, work: Work, theta: Floats, first: int, rows: int) -> None:
    """Z of the output layer for a block of rows, on its side, in work.answers."""
    X = _inputs(plan, work, columns(rows))
    if work.held[LAID] == 0:
        lay_on_side(X, data.X, data.order, first, rows)
    A, width, last = X, X.shape[1], len(plan.layers) - 1
    for l in range(len(plan.layers)):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        v = plan.layers[l, VALUES] * plan.rows
        Z = block(work.values, v, n, width) if l < last else block(work.answers, 0, n, width)
        weighted_sums_into(Z, A, line(theta, t + n, k * n), line(theta, t, n), line(theta, 0, 0))
        if l < last:
            code = plan.layers[l, ACTIVATION]
            activate_into(code, line(work.values, v, width * n), line(work.derivatives, v, width * n))
        A = Z


@inner
def backward(plan: Plan, data: Data, work: Work, theta: Floats, first: int, rows: int, keep: float) -> None:  # noqa: ARG001 the form of a path
    """From the output layer's delta, in work.errors, to work.gradient ← keep work.gradient + Delta."""
    if keep == 0.0:  # what lies there may be anything, NaN too
        for p in range(work.gradient.size):
            work.gradient[p] = 0
    X = _inputs(plan, work, columns(rows))
    width, half, last = X.shape[1], work.deltas.size // 2, len(plan.layers) - 1
    d, delta = 0, block(work.errors, 0, plan.layers[last, N_OUT], width)
    for l in range(last, -1, -1):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        D = block(work.gradient, t, k + 1, n)
        if l == 0:
            add_products_into(D, X, delta)
            return
        a = plan.layers[l - 1, VALUES] * plan.rows
        add_products_into(D, block(work.values, a, k, width), delta)
        d = half - d
        below = block(work.deltas, d, k, width)
        code, values = plan.layers[l - 1, ACTIVATION], line(work.values, a, width * k)
        # The derivative of the sigmoid is taken while the sum is still in its register; it is the one that a network
        # as narrow as these most often has.
        gate = line(values, 0, width * k if code == SIGMOID else 0)
        weighted_sums_into(below, delta, line(theta, t + n, k * n), line(theta, 0, 0), gate)
        if code != SIGMOID:
            derivative_times_into(code, values, line(work.derivatives, a, width * k), line(work.deltas, d, width * k))
        delta = below


@inner
def _inputs(plan: Plan, work: Work, n_columns: int) -> Floats:
    """Where the block's X lies on its side."""
    s = plan.layers[0, N_IN]
    return block(work.inputs, work.held[PLACE] * s, s, n_columns)
