"""Dense layers of a block of rows, by BLAS: forward propagation (P2)-(P3) and backpropagation (B2)-(B3).

Blocks are row-major, (rows, s_l) without padding.  The bias needs no product: each row of Z starts as a copy of the
biases and BLAS adds to it.  This costs nothing, because Z would have to be cleared otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

from multilayer.engines.cpu.activations import activate_into, derivative_times_into
from multilayer.engines.cpu.blas import multiply_by_transposed_into, multiply_into, multiply_transposed_into
from multilayer.engines.cpu.blocks import copy_into, fill, gather_into, gather_rows_into, transpose_into
from multilayer.engines.cpu.compiling import belongs_to, inlined, inner
from multilayer.engines.cpu.dropout import mask_into, times_into, unmask_into
from multilayer.engines.cpu.embeddings import embed_into
from multilayer.engines.cpu.embeddings import pass_back_into as pass_back_to_waves_into
from multilayer.engines.cpu.normalization import add_row_products_into, normalize_into, pass_back_into
from multilayer.engines.cpu.plan import ACTIVATION, FEWEST_TRANSPOSED, N_IN, N_OUT, THETA, VALUES, Data, Plan, Work
from multilayer.engines.cpu.sparse import is_sparse, multiply_rows_into, multiply_transposed_rows_into
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats


@inner
def columns(rows: int) -> int:
    """Return the width of a transposed block: the rows, without padding."""
    return rows


def make_layers(name: str, normalizes: bool, embeds: bool = False) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return forward and backward, with or without normalised hidden layers and embedded inputs."""

    @inlined
    @belongs_to(name)
    def forward(plan: Plan, data: Data, work: Work, theta: Floats, first: int, rows: int) -> None:
        """Compute Z and A of each layer for a block of rows, in work.values; the last Z transposed, in work.outputs."""
        s = plan.layers[0, N_IN]
        if embeds:
            _embed(block(work.inputs, 0, rows, s), plan, data, work, theta, first)
        elif _copies_inputs(plan, data):
            gather_into(block(work.inputs, 0, rows, s), data.X, data.order, first)
        n_dense = 0 if is_sparse(data) else rows
        # This cannot be a function: without reference counting, compiled functions cannot return arrays.
        is_copied = embeds or _copies_inputs(plan, data)
        A = block(work.inputs, 0, rows, s) if is_copied else block(data.X, first * s, n_dense, s)
        for l in range(len(plan.layers)):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            v = plan.layers[l, VALUES] * plan.rows
            Z = block(work.values, v, rows, n)
            _fill_rows(Z, line(theta, t, n))
            if l == 0 and is_sparse(data):
                multiply_rows_into(Z, plan, data, work, first, block(theta, t + n, k, n))
            else:
                _drop_into(A, plan, work, l, first)
                multiply_into(Z, A, block(theta, t + n, k, n), 1.0)
            code = plan.layers[l, ACTIVATION]
            if code >= 0:
                if normalizes:
                    _normalize(Z, plan, work, theta, l)
                activate_into(code, line(work.values, v, rows * n), line(work.derivatives, v, rows * n))
            A = Z
        transpose_into(block(work.outputs, 0, A.shape[1], rows), A)

    @inlined
    @belongs_to(name)
    def backward(plan: Plan, data: Data, work: Work, theta: Floats, first: int, rows: int, keep: float) -> None:
        """Compute delta of each layer, and work.gradient ← keep work.gradient + Delta of a block of rows.

        The output layer's delta is read from work.errors and copied to the first half of work.deltas.  The next layer's
        is written to the second half, and so on alternately.
        """
        half, d, K = work.deltas.size // 2, 0, plan.layers[len(plan.layers) - 1, N_OUT]
        transpose_into(block(work.deltas, 0, rows, K), block(work.errors, 0, K, rows))
        for l in range(len(plan.layers) - 1, -1, -1):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            delta = block(work.deltas, d, rows, n)
            _add_rows_into(line(work.gradient, t, n), delta, keep)
            D = block(work.gradient, t + n, k, n)
            if l > 0:
                a = plan.layers[l - 1, VALUES] * plan.rows
                multiply_transposed_into(D, block(work.values, a, rows, k), delta, keep)
                d = half - d
                _back_into(block(work.deltas, d, rows, k), delta, block(theta, t + n, k, n), plan, work, t + n, keep)
                _times_derivative(plan, work, l, a, line(work.deltas, d, rows * k))
                if normalizes:
                    _pass_back(block(work.deltas, d, rows, k), plan, work, theta, l, keep)
            elif is_sparse(data):
                multiply_transposed_rows_into(D, plan, data, work, first, delta, keep)
            elif embeds:
                A = block(work.inputs, 0, rows, k)
                multiply_transposed_into(D, A, delta, keep)
                epsilon = block(work.deltas, half - d, rows, k)
                _back_into(epsilon, delta, block(theta, t + n, k, n), plan, work, t + n, keep)
                _pass_back_to_embedding(epsilon, plan, data, work, theta, first, keep)
            elif _copies_inputs(plan, data):
                multiply_transposed_into(D, block(work.inputs, 0, rows, k), delta, keep)
            else:
                multiply_transposed_into(D, block(data.X, first * k, rows, k), delta, keep)

    return forward, backward


@inlined
def collect(work: Work) -> None:
    """Do nothing, because ``backward`` already accumulates into work.gradient."""


@inlined
def _copies_inputs(plan: Plan, data: Data) -> bool:
    """Return whether the rows of a block must be copied, because they are not adjacent or dropout changes them."""
    return not is_sparse(data) and (len(data.order) > 0 or (len(plan.dropout) > 0 and plan.dropout[0] > 0.0))


@inlined
def _drop_into(A: Floats, plan: Plan, work: Work, l: int, first: int) -> None:
    """(R1) Compute A_l ← A_l * M_l if the layer has dropout."""
    if len(plan.dropout) == 0 or plan.dropout[l] == 0.0:
        return
    m = _mask_offset(plan, l)
    mask_into(
        block(work.masks, m, A.shape[0], A.shape[1]),
        plan.dropout[l],
        plan.seed,
        work.clock[0],
        l,
        first - work.clock[1],
    )
    times_into(line(A, 0, A.size), line(work.masks, m, A.size))


@inlined
def _embed(A: Floats, plan: Plan, data: Data, work: Work, theta: Floats, first: int) -> None:
    """(F1), (F2) Compute A_1 for a block of rows; the waves stay in work."""
    gather_rows_into(A, data.X, data.order, first)
    embed_into(A, work.waves, theta, plan.embedding)


@inlined
def _pass_back_to_embedding(
    epsilon: Floats, plan: Plan, data: Data, work: Work, theta: Floats, first: int, keep: float
) -> None:
    """(F3), (F4) Add the derivatives with respect to the embedding to ``keep`` times work.gradient."""
    D = line(work.gradient, 0, plan.layers[0, THETA])
    if keep == 0.0:
        fill(D, 0.0)
    if len(plan.dropout) > 0 and plan.dropout[0] > 0.0:
        times_into(line(epsilon, 0, epsilon.size), line(work.masks, 0, epsilon.size))
    pass_back_to_waves_into(D, epsilon, data.X, data.order, first, work.waves, theta, plan.embedding)


@inlined
def _back_into(eta: Floats, delta: Floats, W: Floats, plan: Plan, work: Work, place: int, keep: float) -> None:
    """(B2) Compute eta ← delta Wᵀ, without g', for the weights at ``place`` in the parameter vector.

    OpenBLAS has no kernel without packing for a product with a transpose.  So the weights are transposed once for each
    batch if its blocks have enough rows for this to save time; the first block of a batch is the largest.
    """
    if plan.transposes and eta.shape[0] >= FEWEST_TRANSPOSED:
        transposed = block(work.sums, work.sums.size - work.gradient.size + place, W.shape[1], W.shape[0])
        if keep == 0.0:
            transpose_into(transposed, W)
        multiply_into(eta, delta, transposed, 0.0)
    else:
        multiply_by_transposed_into(eta, delta, W, 0.0)


@inlined
def _times_derivative(plan: Plan, work: Work, l: int, a: int, delta: Floats) -> None:
    """Compute delta ← delta * M_l * g'(Z_l), with A_l at work.values[a:], which is no longer needed and may change."""
    A = line(work.values, a, delta.size)
    if len(plan.dropout) > 0 and plan.dropout[l] > 0.0:
        times_into(delta, line(work.masks, _mask_offset(plan, l), delta.size))
        unmask_into(A, plan.dropout[l])
    derivative_times_into(plan.layers[l - 1, ACTIVATION], A, line(work.derivatives, a, delta.size), delta)


@inlined
def _normalize(Z: Floats, plan: Plan, work: Work, theta: Floats, l: int) -> None:
    """(M2) Compute Z ← Z' of the hidden layer in row ``l`` of the table; Ẑ and its scales are stored in work.sums."""
    rows, n = Z.shape
    normalize_into(
        Z,
        block(work.sums, plan.layers[l, VALUES] * plan.rows, rows, n),
        line(work.sums, _scales_offset(plan, l), rows),
        line(theta, plan.layers[l + 1, THETA] - 2 * n, 2 * n),
    )


@inlined
def _pass_back(delta: Floats, plan: Plan, work: Work, theta: Floats, l: int, keep: float) -> None:
    """(M3), (M4) Replace η in delta by delta of the hidden layer below row ``l``; compute Delta of gain and shift."""
    rows, n = delta.shape
    Z_hat = block(work.sums, plan.layers[l - 1, VALUES] * plan.rows, rows, n)
    norm = plan.layers[l, THETA] - 2 * n  # gain, then shift, before the next layer's biases
    add_row_products_into(line(work.gradient, norm, n), delta, Z_hat, keep)
    _add_rows_into(line(work.gradient, norm + n, n), delta, keep)
    pass_back_into(delta, Z_hat, line(work.sums, _scales_offset(plan, l - 1), rows), line(theta, norm, n))


@inlined
def _scales_offset(plan: Plan, l: int) -> int:
    # The values of the last layer begin where those of the hidden ones end.
    return (plan.layers[len(plan.layers) - 1, VALUES] + l) * plan.rows


@inlined
def _mask_offset(plan: Plan, l: int) -> int:
    return 0 if l == 0 else (plan.layers[0, N_IN] + plan.layers[l - 1, VALUES]) * plan.rows


# The loops below run over whole arrays.  If an offset is added to an index, the compiler must assume that the index can
# be negative and wrap around, and cannot vectorise the loop.


@inner
def _fill_rows(Z: Floats, bias: Floats) -> None:
    """Copy the bias to each row of Z: to the first eight one by one, then these eight at once, in a longer loop."""
    rows, n = Z.shape
    few = min(rows, 8)
    for r in range(few):
        copy_into(line(Z, r * n, n), bias)
    for r in range(few, rows, 8):
        size = min(rows - r, 8) * n
        copy_into(line(Z, r * n, size), line(Z, 0, size))


@inner
def _add_rows_into(sums: Floats, delta: Floats, keep: float) -> None:
    """Compute sums ← keep sums + the sum of the rows of delta, the gradient of the biases."""
    if keep == 0.0:  # the memory is uninitialised and may hold NaN
        for j in range(sums.size):
            sums[j] = 0
    rows, n = delta.shape
    r = 0
    while r + 4 <= rows:  # four rows at once, so that each sum is loaded and stored a quarter as often
        a, b = line(delta, r * n, n), line(delta, (r + 1) * n, n)
        c, d = line(delta, (r + 2) * n, n), line(delta, (r + 3) * n, n)
        for j in range(n):
            sums[j] += (a[j] + b[j]) + (c[j] + d[j])
        r += 4
    while r < rows:
        a = line(delta, r * n, n)
        for j in range(n):
            sums[j] += a[j]
        r += 1


PLAIN, NORMALIZED = make_layers("dense", False), make_layers("normalized", True)
EMBEDDED = make_layers("embedded", False, True)
EMBEDDED_NORMALIZED = make_layers("embedded_normalized", True, True)
