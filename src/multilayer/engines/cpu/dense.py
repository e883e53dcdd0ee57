"""Dense layers: forward propagation (P2)-(P3) and backpropagation (B2)-(B3), by BLAS or the tiles of ``products.py``.

Blocks are row-major, (rows, s_l) without padding.  The bias needs no product: each row of Z starts as a copy of the
biases and BLAS adds to it.  This costs nothing, because Z would have to be cleared otherwise.
"""

from __future__ import annotations

from collections.abc import Callable

from multilayer.engines.cpu.activations import activate_into, derivative_times_into
from multilayer.engines.cpu.blas import multiply_by_transposed_into, multiply_into, multiply_transposed_into
from multilayer.engines.cpu.blocks import (
    add_slot_into,
    copy_into,
    fill,
    gather_into,
    gather_rows_into,
    transpose_into,
)
from multilayer.engines.cpu.compiling import belongs_to, inlined, inner
from multilayer.engines.cpu.dropout import mask_into, times_into, unmask_into
from multilayer.engines.cpu.embeddings import embed_into
from multilayer.engines.cpu.embeddings import pass_back_into as pass_back_to_waves_into
from multilayer.engines.cpu.normalization import normalize_into, pass_back_into, sum_row_products_into
from multilayer.engines.cpu.plan import (
    ACTIVATION,
    HAS_TILES,
    INPUT,
    INPUTS,
    LAYER,
    N_IN,
    N_OUT,
    PANELS,
    SLOT,
    THETA,
    TRANSPOSED,
    VALUES,
    Block,
    Chunk,
    Data,
    Plan,
    Work,
    section_start,
)
from multilayer.engines.cpu.products import affine_into, panels_into, sum_products_into, transposed_panels_into
from multilayer.engines.cpu.sparse import is_sparse, multiply_rows_into, multiply_transposed_rows_into
from multilayer.engines.cpu.vectors import BYTES
from multilayer.engines.cpu.views import block, line
from multilayer.network import Floats

# The numbers of two matrices that stay in the second-level cache.
MOST_NUMBERS = 1 << 16


@inner
def columns(rows: int) -> int:
    """Return the width of a transposed block: the rows, without padding."""
    return rows


def make_layers(name: str, normalizes: bool, embeds: bool = False) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return forward and backward, with or without normalised hidden layers and embedded inputs."""

    @inlined
    @belongs_to(name)
    def forward(plan: Plan, data: Data, work: Work, theta: Floats, here: Block) -> None:
        """Compute A of the hidden layers in work.values, and Z of the last, transposed in work.outputs."""
        first, at, rows = here.first, here.at, here.rows
        s, last = plan.layers[0, N_IN], len(plan.layers) - 1
        is_copied = embeds or _copies_inputs(plan, data)
        if embeds:
            _embed(block(work.inputs, at * s, rows, s), plan, data, work, theta, first)
        elif is_copied:
            gather_into(block(work.inputs, at * s, rows, s), data.X, data.order, first)
        n_dense = 0 if is_sparse(data) else rows
        # This cannot be a function: without reference counting, compiled functions cannot return arrays.
        A = block(work.inputs, at * s, rows, s) if is_copied else block(data.X, first * s, n_dense, s)
        for l in range(last + 1):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            Z = block(work.values, _place(plan, l, at), rows, n) if l < last else block(work.last, 0, rows, n)
            if l == 0 and is_sparse(data):
                _fill_rows(Z, line(theta, t, n))
                multiply_rows_into(Z, plan, data, work, first, block(theta, t + n, k, n))
            else:
                _drop_into(A, plan, work, l, first)
                if HAS_TILES and plan.tiles:
                    _affine_into(Z, l == last, A, plan.layers[l, PANELS], work)
                else:
                    _fill_rows(Z, line(theta, t, n))
                    multiply_into(Z, A, block(theta, t + n, k, n), 1.0)
            if l < last:
                if normalizes:
                    _normalize(Z, plan, work, theta, l)
                derivatives = line(work.derivatives, plan.layers[l, VALUES] * plan.block_rows, rows * n)
                activate_into(plan.layers[l, ACTIVATION], line(Z, 0, rows * n), derivatives)
            A = Z
        transpose_into(block(work.outputs, 0, A.shape[1], rows), A)

    @inlined
    @belongs_to(name)
    def backward(plan: Plan, data: Data, work: Work, theta: Floats, here: Block) -> None:
        """Compute delta of each layer, in work.deltas, from that of the output layer, transposed in work.errors.

        The block's share in the gradient of biases, gains, shifts and embeddings goes to its slot.
        """
        at, rows, last = here.at, here.rows, len(plan.layers) - 1
        size = plan.layers[last, SLOT] + plan.layers[last, N_OUT]
        slot = line(work.slots, here.number * size, size)
        transpose_into(
            block(work.deltas, _place(plan, last, at), rows, plan.layers[last, N_OUT]),
            block(work.errors, 0, plan.layers[last, N_OUT], rows),
        )
        for l in range(last, -1, -1):
            k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
            delta = block(work.deltas, _place(plan, l, at), rows, n)
            _sum_rows_into(line(slot, plan.layers[l, SLOT], n), delta)
            if l > 0:
                below = block(work.deltas, _place(plan, l - 1, at), rows, k)
                _back_into(below, delta, block(theta, t + n, k, n), plan, work, l)
                _times_derivative(
                    plan, work, l, line(work.values, _place(plan, l - 1, at), rows * k), line(below, 0, rows * k)
                )
                if normalizes:
                    _pass_back(below, line(slot, plan.layers[l, SLOT] - 2 * k, 2 * k), plan, work, theta, l)
            elif embeds:
                epsilon = block(work.epsilon, 0, rows, k)
                _back_into(epsilon, delta, block(theta, t + n, k, n), plan, work, l)
                _pass_back_to_embedding(epsilon, line(slot, 0, t), plan, data, work, theta, here.first)

    return forward, backward


@inlined
def gradient_of_piece(plan: Plan, data: Data, work: Work, here: Chunk, piece: int, keep: float) -> None:
    """Compute work.gradient ← keep work.gradient + Delta of a chunk, for the parameters of a piece."""
    l, i, inputs = plan.pieces[piece, LAYER], plan.pieces[piece, INPUT], plan.pieces[piece, INPUTS]
    k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
    delta = block(work.deltas, _place(plan, l, 0), here.rows, n)
    D = block(work.gradient, t + n + i * n, inputs, n)
    if l > 0:
        _products_into(D, block(work.values, _place(plan, l - 1, 0), here.rows, k), i, delta, plan.tiles, keep)
    elif is_sparse(data):
        multiply_transposed_rows_into(D, plan, data, work, here.first, delta, keep)
    elif work.inputs.size > 0:
        _products_into(D, block(work.inputs, 0, here.rows, k), i, delta, plan.tiles, keep)
    else:
        _products_into(D, block(data.X, here.first * k, here.rows, k), i, delta, plan.tiles, keep)
    if i == 0:
        first, size = (
            section_start(plan, l),
            plan.layers[len(plan.layers) - 1, SLOT] + plan.layers[len(plan.layers) - 1, N_OUT],
        )
        sums, place = line(work.gradient, first, t + n - first), plan.layers[l, SLOT] - (t - first)
        for number in range(here.n_blocks):
            add_slot_into(sums, line(work.slots, number * size + place, sums.size), keep if number == 0 else 1.0)


@inlined
def arrange(plan: Plan, work: Work, theta: Floats, piece: int) -> None:
    """Copy the weights of a piece to the panels, if the plan uses tiles."""
    l, i, inputs = plan.pieces[piece, LAYER], plan.pieces[piece, INPUT], plan.pieces[piece, INPUTS]
    if HAS_TILES and plan.tiles:
        k, n, t = plan.layers[l, N_IN], plan.layers[l, N_OUT], plan.layers[l, THETA]
        first = 0 if i == 0 else 1 + i  # biases are the first row
        rows, place = 1 + i + inputs - first, plan.layers[l, PANELS]
        panels = line(work.panels, place, work.panels.size - place)
        panels_into(panels, 1 + k, line(theta, t + first * n, rows * n), n, first, rows)
        if l > 0 or len(plan.embedding) > 0:
            place = plan.layers[l, TRANSPOSED]
            transposed = line(work.panels, place, work.panels.size - place)
            transposed_panels_into(transposed, line(theta, t + n + i * n, inputs * n), n, k, i, inputs)


@inlined
def _affine_into(Z: Floats, is_longer: bool, A: Floats, place: int, work: Work) -> None:
    """Compute Z ← bias + A W, with the panels at a place; Z may be one vector longer."""
    rows, n = Z.shape
    panels = line(work.panels, place, work.panels.size - place)
    if n * Z.itemsize < BYTES and not is_longer:
        affine_into(work.spill, A, panels, n)
        copy_into(line(Z, 0, rows * n), line(work.spill, 0, rows * n))
    else:
        affine_into(line(Z, 0, rows * n), A, panels, n)


@inner
def _products_into(D: Floats, A: Floats, i: int, delta: Floats, tiles: bool, keep: float) -> None:
    """Compute D ← keep D + A'ᵀ delta, where A' are the columns from i on of A, as many as D has rows.

    Tiles read the rows of both matrices again and again, which must stay in the cache.
    """
    rows, n = delta.shape
    if HAS_TILES and tiles and keep == 0.0 and n * D.itemsize >= BYTES and rows * (A.shape[1] + n) <= MOST_NUMBERS:
        sum_products_into(D, A, i, delta)
    else:
        multiply_transposed_into(D, A, i, delta, keep)


@inlined
def _place(plan: Plan, l: int, at: int) -> int:
    """Return the offset of row ``at`` of a chunk in the values, or delta, of layer l."""
    return plan.layers[l, VALUES] * plan.chunk_rows + at * plan.layers[l, N_OUT]


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
    epsilon: Floats, D: Floats, plan: Plan, data: Data, work: Work, theta: Floats, first: int
) -> None:
    """(F3), (F4) Compute the derivatives of a block with respect to the embedding."""
    fill(D, 0.0)
    if len(plan.dropout) > 0 and plan.dropout[0] > 0.0:
        times_into(line(epsilon, 0, epsilon.size), line(work.masks, 0, epsilon.size))
    pass_back_to_waves_into(D, epsilon, data.X, data.order, first, work.waves, theta, plan.embedding)


@inlined
def _back_into(eta: Floats, delta: Floats, W: Floats, plan: Plan, work: Work, l: int) -> None:
    """(B2) Compute eta ← delta Wᵀ, without g', for the weights W of layer l."""
    if HAS_TILES and plan.tiles:
        _affine_into(eta, l == 0, delta, plan.layers[l, TRANSPOSED], work)
    else:
        multiply_by_transposed_into(eta, delta, W, 0.0)


@inlined
def _times_derivative(plan: Plan, work: Work, l: int, A: Floats, delta: Floats) -> None:
    """Compute delta ← delta * M_l * g'(Z_l) of a block of rows, whose A_l is not changed."""
    derivatives = line(work.derivatives, plan.layers[l - 1, VALUES] * plan.block_rows, delta.size)
    if len(plan.dropout) > 0 and plan.dropout[l] > 0.0:
        mask = line(work.masks, _mask_offset(plan, l), delta.size)
        times_into(delta, mask)
        unmask_into(mask, A, plan.dropout[l])  # the mask is no longer needed
        derivative_times_into(plan.layers[l - 1, ACTIVATION], mask, derivatives, delta)
    else:
        derivative_times_into(plan.layers[l - 1, ACTIVATION], A, derivatives, delta)


@inlined
def _normalize(Z: Floats, plan: Plan, work: Work, theta: Floats, l: int) -> None:
    """(M2) Compute Z ← Z' of the hidden layer in row ``l`` of the table; Ẑ and its scales are stored in work."""
    rows, n = Z.shape
    normalize_into(
        Z,
        block(work.normalized, plan.layers[l, VALUES] * plan.block_rows, rows, n),
        line(work.normalized, _scales_offset(plan, l), rows),
        line(theta, plan.layers[l + 1, THETA] - 2 * n, 2 * n),
    )


@inlined
def _pass_back(delta: Floats, sums: Floats, plan: Plan, work: Work, theta: Floats, l: int) -> None:
    """(M3), (M4) Replace η in delta by delta of the hidden layer below row ``l``; compute Delta of gain and shift."""
    rows, n = delta.shape
    Z_hat = block(work.normalized, plan.layers[l - 1, VALUES] * plan.block_rows, rows, n)
    sum_row_products_into(line(sums, 0, n), delta, Z_hat)
    _sum_rows_into(line(sums, n, n), delta)
    gain = line(theta, plan.layers[l, THETA] - 2 * n, n)  # gain, then shift, before the next layer's biases
    pass_back_into(delta, Z_hat, line(work.normalized, _scales_offset(plan, l - 1), rows), gain)


@inlined
def _scales_offset(plan: Plan, l: int) -> int:
    # The values of the last layer begin where those of the hidden ones end.
    return (plan.layers[len(plan.layers) - 1, VALUES] + l) * plan.block_rows


@inlined
def _mask_offset(plan: Plan, l: int) -> int:
    return 0 if l == 0 else (plan.layers[0, N_IN] + plan.layers[l - 1, VALUES]) * plan.block_rows


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
def _sum_rows_into(sums: Floats, delta: Floats) -> None:
    """Compute the sum of the rows of delta, the gradient of the biases."""
    fill(sums, 0.0)
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
