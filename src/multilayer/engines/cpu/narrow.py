"""Dense layers of narrow networks: fused loops over a block of examples, without BLAS.

With five units per layer, a row is too short for a vector register, and BLAS is mostly overhead.  So the block is
transposed: the values of each unit for all examples of the block are contiguous, (s_l, rows), and every loop runs over
examples, one register at a time.  A block is padded to whole strips of registers; the padding contains zeros and its
delta is set to zero, so it adds nothing to any sum.

As in the book, the inputs of a layer are [1 A]: a row of ones precedes the units of each layer and the columns of X.
The gradients of biases and weights are sums of products with these rows; ``tiles.py`` has the loops.  Blocks are small
enough to stay in the first-level cache.
"""

from __future__ import annotations

from typing import Any

from multilayer.engines.cpu.activations import SIGMOID, activate_into, derivative_times_into
from multilayer.engines.cpu.blocks import add_into, fill, gather_transposed_into
from multilayer.engines.cpu.compiling import inlined, inner, inner_sum
from multilayer.engines.cpu.plan import (
    ACTIVATION,
    LAYER,
    N_IN,
    N_OUT,
    THETA,
    VALUES,
    Block,
    Chunk,
    Data,
    Plan,
    Work,
    narrow_columns,
    section_start,
)
from multilayer.engines.cpu.tiles import sum_products_into, weighted_sums_into
from multilayer.engines.cpu.vectors import BYTES
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats

columns = inner(narrow_columns)


@inlined
def forward(plan: Plan, data: Data, work: Work, theta: Floats, here: Block) -> None:
    """Compute Z of the output layer for a block of rows, transposed, in work.outputs."""
    width, last = columns(here.rows), len(plan.layers) - 1
    s = plan.layers[0, N_IN]
    x = here.place * (s + 1)
    A = block(work.inputs, x + width, s, width)
    if not here.present:
        fill(line(work.inputs, x, width), 1.0)
        gather_transposed_into(A, data.X, data.order, here.first, here.rows)
    for l in range(len(plan.layers)):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        v = plan.layers[l, VALUES] * plan.block_rows
        Z = block(work.values, v + width, n, width) if l < last else block(work.outputs, 0, n, width)
        weighted_sums_into(Z, A, line(theta, t + n, k * n), line(theta, t, n), line(theta, 0, 0))
        if l < last:
            fill(line(work.values, v, width), 1.0)
            a, d = line(work.values, v + width, n * width), line(work.derivatives, v + width, n * width)
            activate_into(plan.layers[l, ACTIVATION], a, d)
        A = Z


@inlined
def backward(plan: Plan, data: Data, work: Work, theta: Floats, here: Block) -> None:  # noqa: ARG001 the form of a path
    """Compute Delta of a block, one vector per parameter, in its slot, from the output layer's delta in work.errors.

    The delta of a layer of sigmoid units overwrites the layer's values, after the products that need them.  For other
    activations it is written to alternating halves of work.deltas.
    """
    width, half, last = columns(here.rows), work.deltas.size // 2, len(plan.layers) - 1
    lanes = BYTES // theta.itemsize
    slot = here.number * theta.size * lanes
    d, delta = 0, block(work.errors, 0, plan.layers[last, N_OUT], width)
    for l in range(last, -1, -1):
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        sums = line(work.slots, slot + t * lanes, (k + 1) * n * lanes)
        if l == 0:
            sum_products_into(sums, block(work.inputs, here.place * (k + 1), k + 1, width), delta)
            return
        a = plan.layers[l - 1, VALUES] * plan.block_rows
        sum_products_into(sums, block(work.values, a, k + 1, width), delta)
        code, values = plan.layers[l - 1, ACTIVATION], line(work.values, a + width, k * width)
        W, nothing = line(theta, t + n, k * n), line(theta, 0, 0)
        if code == SIGMOID:
            below = block(values, 0, k, width)
            weighted_sums_into(below, delta, W, nothing, values)
        else:
            d = half - d
            below = block(work.deltas, d, k, width)
            weighted_sums_into(below, delta, W, nothing, nothing)
            derivatives = line(work.derivatives, a + width, k * width)
            derivative_times_into(code, values, derivatives, line(work.deltas, d, k * width))
        delta = below


@inlined
def gradient_of_piece(plan: Plan, data: Data, work: Work, here: Chunk, piece: int, keep: float) -> None:  # noqa: ARG001 the form of a path
    """Compute work.gradient ← keep work.gradient + Delta of a chunk, for the parameters of a piece, a whole layer."""
    l, lanes = plan.pieces[piece, LAYER], BYTES // work.gradient.itemsize
    first = section_start(plan, l)
    size = plan.layers[l, THETA] + (plan.layers[l, N_IN] + 1) * plan.layers[l, N_OUT] - first
    sums = line(work.slots, first * lanes, size * lanes)
    for number in range(1, here.n_blocks):
        add_into(sums, line(work.slots, (number * work.gradient.size + first) * lanes, size * lanes))
    _collect_into(line(work.gradient, first, size), sums, keep)


@inlined
def arrange(plan: Plan, work: Work, theta: Floats, piece: int) -> None:
    """Do nothing, because the loops read the weights as they are."""


@inner
def _collect_into(D: Floats, sums: Floats, keep: float) -> None:
    """Compute D ← keep D + the sum of each vector."""
    lanes, kept = BYTES // D.itemsize, D.dtype.type(keep)
    for p in range(D.size):
        total = _total(line(sums, p * lanes, lanes))
        D[p] = total if keep == 0.0 else kept * D[p] + total


@inner_sum
def _total(x: Floats) -> Any:
    total = x.dtype.type(0)
    for i in range(x.size):
        total += x[i]
    return total
