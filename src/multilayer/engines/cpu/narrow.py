"""Dense layers of narrow networks: loops that are fused over a block of examples, without BLAS.

With five units a layer a row is too short for a vector register, and BLAS is mostly overhead.  So the block is turned
on its side: each unit's values for all examples of the block lie side by side, (s_l, rows), and every loop runs over
examples, 8 or 16 at a time.  A block is filled up to a whole number of registers; the padding computes on zeros, its
delta is set to zero, and so it adds nothing to any sum.

The two matrix products are computed in tiles: a few sums stay in registers while the loop runs over what is summed, so
that a value that was loaded serves several multiplications.  Loads, not multiplications, are what there would be too
many of otherwise: a core does one of each at a time.
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
from multilayer.engines.cpu.vectors import (
    BYTES,
    Vector,
    add,
    complement,
    load,
    multiply,
    multiply_add,
    spread,
    store,
    total,
    zeros,
)
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats

columns = inner(narrow_columns)


@inner
def forward(plan: Plan, data: Data, work: Work, theta: Floats, first: int, rows: int) -> None:
    """Z of the output layer for a block of rows, on its side, in work.answers."""
    X = _inputs(plan, work, columns(rows))
    if work.held[LAID] == 0:
        lay_on_side(X, data.X, data.order, first, rows)
    _forward_into(plan, work, theta, X)


@inner
def backward(plan: Plan, data: Data, work: Work, theta: Floats, first: int, rows: int, keep: float) -> None:  # noqa: ARG001 the form of a path
    """From the output layer's delta, in work.errors, to work.gradient ← keep work.gradient + Delta."""
    if keep == 0.0:  # what lies there may be anything, NaN too
        for p in range(work.gradient.size):
            work.gradient[p] = 0
    _backward_into(plan, work, theta, _inputs(plan, work, columns(rows)))


@inner
def _inputs(plan: Plan, work: Work, n_columns: int) -> Floats:
    """Where the block's X lies on its side."""
    s = plan.layers[0, N_IN]
    return block(work.inputs, work.held[PLACE] * s, s, n_columns)


@inner
def _forward_into(plan: Plan, work: Work, theta: Floats, A: Floats) -> None:
    """Z of the last layer, into work.answers, and A of the others, into work.values, from the inputs A, (s_1, rows)."""
    rows, last = A.shape[1], len(plan.layers) - 1
    for l in range(len(plan.layers)):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        v = plan.layers[l, VALUES] * plan.rows
        Z = block(work.values, v, n, rows) if l < last else block(work.answers, 0, n, rows)
        _weighted_sums_into(Z, A, line(theta, t + n, k * n), 1, n, line(theta, t, n), line(theta, 0, 0))
        if l < last:
            code = plan.layers[l, ACTIVATION]
            activate_into(code, line(work.values, v, rows * n), line(work.derivatives, v, rows * n))
        A = Z


@inner
def _backward_into(plan: Plan, work: Work, theta: Floats, X: Floats) -> None:
    """delta of every layer, from the last one's in work.errors, and work.gradient += Delta of this block."""
    rows, half, last = X.shape[1], work.deltas.size // 2, len(plan.layers) - 1
    d, delta = 0, block(work.errors, 0, plan.layers[last, N_OUT], rows)
    for l in range(last, -1, -1):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        D = block(work.gradient, t, k + 1, n)
        if l == 0:
            _add_products_into(D, X, delta)
            return
        a = plan.layers[l - 1, VALUES] * plan.rows
        _add_products_into(D, block(work.values, a, k, rows), delta)
        d = half - d
        below = block(work.deltas, d, k, rows)
        code, values = plan.layers[l - 1, ACTIVATION], line(work.values, a, rows * k)
        # The derivative of the sigmoid is taken while the sum is still in its register; it is the one that a network
        # as narrow as these most often has.
        gate = line(values, 0, rows * k if code == SIGMOID else 0)
        _weighted_sums_into(below, delta, line(theta, t + n, k * n), n, 1, line(theta, 0, 0), gate)
        if code != SIGMOID:
            derivative_times_into(code, values, line(work.derivatives, a, rows * k), line(work.deltas, d, rows * k))
        delta = below


@inner
def _weighted_sums_into(out: Floats, A: Floats, W: Floats, unit: int, step: int, bias: Floats, gate: Floats) -> None:
    """out[j] ← bias[j] + Σ_i W[j unit + i step] A[i], out (n, rows), A (k, rows); no bias if it is empty.

    Going forward the units stand side by side in W and the inputs n apart, going back it is the other way round.
    Unless ``gate`` is empty, each sum is multiplied by gate (1 - gate), the derivative of a sigmoid.
    """
    n, rows = out.shape
    j = 0
    while j < n:
        left = n - j
        b = line(bias, j if bias.size > 0 else 0, bias.size)
        g = line(gate, j * rows if gate.size > 0 else 0, gate.size)
        z, w = line(out, j * rows, left * rows), line(W, j * unit, W.size)
        if left == 1:
            _one_sum_into(z, A, w, step, b, g)
            j += 1
        elif left in (2, 4):
            _two_sums_into(z, A, w, unit, step, b, g)
            j += 2
        else:
            _three_sums_into(z, A, w, unit, step, b, g)
            j += 3


@inner
def _bias(bias: Floats, j: int) -> Vector:
    return spread(bias, j) if bias.size > 0 else zeros(bias)


@inner
def _gated(s: Vector, gate: Floats, c: int) -> Vector:
    if gate.size == 0:
        return s
    a = load(gate, c)
    return multiply(s, multiply(a, complement(a)))


@inner
def _one_sum_into(out: Floats, A: Floats, W: Floats, step: int, bias: Floats, gate: Floats) -> None:
    k, rows = A.shape
    for c in range(0, rows, BYTES // A.itemsize):
        s = _bias(bias, 0)
        for i in range(k):
            s = multiply_add(load(A, i * rows + c), spread(W, i * step), s)
        store(out, c, _gated(s, gate, c))


@inner
def _two_sums_into(out: Floats, A: Floats, W: Floats, unit: int, step: int, bias: Floats, gate: Floats) -> None:
    k, rows = A.shape
    for c in range(0, rows, BYTES // A.itemsize):
        s, t = _bias(bias, 0), _bias(bias, 1)
        for i in range(k):
            a = load(A, i * rows + c)
            s = multiply_add(a, spread(W, i * step), s)
            t = multiply_add(a, spread(W, i * step + unit), t)
        store(out, c, _gated(s, gate, c))
        store(out, rows + c, _gated(t, gate, rows + c))


@inner
def _three_sums_into(out: Floats, A: Floats, W: Floats, unit: int, step: int, bias: Floats, gate: Floats) -> None:
    k, rows = A.shape
    for c in range(0, rows, BYTES // A.itemsize):
        s, t, u = _bias(bias, 0), _bias(bias, 1), _bias(bias, 2)
        for i in range(k):
            a = load(A, i * rows + c)
            s = multiply_add(a, spread(W, i * step), s)
            t = multiply_add(a, spread(W, i * step + unit), t)
            u = multiply_add(a, spread(W, i * step + 2 * unit), u)
        store(out, c, _gated(s, gate, c))
        store(out, rows + c, _gated(t, gate, rows + c))
        store(out, 2 * rows + c, _gated(u, gate, 2 * rows + c))


@inner
def _add_products_into(D: Floats, A: Floats, delta: Floats) -> None:
    """D[0] += Σ_r delta, D[1 + i] += Σ_r A[i] delta, for every unit of delta (n, rows).

    Two units of delta at a time; where one is left over it is taken twice, and counted once.
    """
    k, n, rows = A.shape[0], delta.shape[0], A.shape[1]
    for j in range(0, n, 2):
        both = j + 1 < n
        d, e = line(delta, j * rows, rows), line(delta, (j + 1 if both else j) * rows, rows)
        sums = line(D, j, D.size)
        i = 0
        while i < k:
            left = k - i
            a, s = line(A, i * rows, left * rows), line(sums, (1 + i) * n, D.size)
            if left == 1:
                p, q = _one_by_two_into(s, a, d, e, both)
                used = 1
            elif left in (2, 4):
                p, q = _two_by_two_into(s, n, a, d, e, both)
                used = 2
            else:
                p, q = _three_by_two_into(s, n, a, d, e, both)
                used = 3
            if i == 0:
                _add_two_into(sums, p, q, both)
            i += used


# Each of the three also returns the sums of d and e: they cost nothing, since additions have a unit of their own.


@inner
def _one_by_two_into(D: Floats, A: Floats, d: Floats, e: Floats, both: bool) -> tuple[Vector, Vector]:
    s, t = zeros(D), zeros(D)
    p, q = zeros(D), zeros(D)
    for c in range(0, d.size, BYTES // D.itemsize):
        x, y, a = load(d, c), load(e, c), load(A, c)
        s, t = multiply_add(a, x, s), multiply_add(a, y, t)
        p, q = add(p, x), add(q, y)
    _add_two_into(D, s, t, both)
    return p, q


@inner
def _two_by_two_into(D: Floats, n: int, A: Floats, d: Floats, e: Floats, both: bool) -> tuple[Vector, Vector]:
    s, t, u, v = zeros(D), zeros(D), zeros(D), zeros(D)
    p, q = zeros(D), zeros(D)
    for c in range(0, d.size, BYTES // D.itemsize):
        x, y = load(d, c), load(e, c)
        a, b = load(A, c), load(A, d.size + c)
        s, t = multiply_add(a, x, s), multiply_add(a, y, t)
        u, v = multiply_add(b, x, u), multiply_add(b, y, v)
        p, q = add(p, x), add(q, y)
    _add_two_into(D, s, t, both)
    _add_two_into(line(D, n, n), u, v, both)
    return p, q


@inner
def _three_by_two_into(D: Floats, n: int, A: Floats, d: Floats, e: Floats, both: bool) -> tuple[Vector, Vector]:
    s, t, u, v, w, z = zeros(D), zeros(D), zeros(D), zeros(D), zeros(D), zeros(D)
    p, q = zeros(D), zeros(D)
    for c in range(0, d.size, BYTES // D.itemsize):
        x, y = load(d, c), load(e, c)
        a, b, f = load(A, c), load(A, d.size + c), load(A, 2 * d.size + c)
        s, t = multiply_add(a, x, s), multiply_add(a, y, t)
        u, v = multiply_add(b, x, u), multiply_add(b, y, v)
        w, z = multiply_add(f, x, w), multiply_add(f, y, z)
        p, q = add(p, x), add(q, y)
    _add_two_into(D, s, t, both)
    _add_two_into(line(D, n, n), u, v, both)
    _add_two_into(line(D, 2 * n, n), w, z, both)
    return p, q


@inner
def _add_two_into(D: Floats, s: Vector, t: Vector, both: bool) -> None:
    D[0] += total(s)
    if both:
        D[1] += total(t)
