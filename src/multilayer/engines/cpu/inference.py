"""Predictions, in which the output for a row does not depend on the other rows.

Three things would cause a dependence: an order of additions that depends on the number of rows, as in BLAS; a loop
whose last numbers are computed by other instructions than the rest; and sums over rows.  So the products are those of
``panels.py`` or ``tiles.py``, a block is padded to whole tiles, and loops that round several times run over a multiple
of ``WHOLE`` numbers, which leaves no remainder.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from multilayer.engines.cpu.activations import activate_into
from multilayer.engines.cpu.blocks import copy_into, gather_rows_into, gather_transposed_into, transpose_into
from multilayer.engines.cpu.compiling import COMPILED, belongs_to, inlined, inner, kernel
from multilayer.engines.cpu.embeddings import embed_into, embedding_memory, encode_embedding
from multilayer.engines.cpu.normalization import normalize_into
from multilayer.engines.cpu.outputs import WHOLE, activate_outputs_into, whole
from multilayer.engines.cpu.panels import ROWS, copy_panels_into, panels_size, products_into
from multilayer.engines.cpu.plan import (
    ACTIVATION,
    N_IN,
    N_OUT,
    OUTPUT_CODES,
    THETA,
    input_arrays,
    is_narrow,
    layer_table,
    narrow_columns,
)
from multilayer.engines.cpu.sparse import affine_rows_into
from multilayer.engines.cpu.subnormals import flush, restore
from multilayer.engines.cpu.tiles import weighted_sums_into
from multilayer.engines.cpu.vectors import BYTES
from multilayer.engines.cpu.views import block, line
from multilayer.engines.protocol import check_inputs
from multilayer.engines.threads import in_threads, n_threads
from multilayer.network import Floats, Network, n_parameters, normalized_sizes
from multilayer.network import widths as layer_widths

# Columns of the table of layers: those of the plan up to this one.
PANELS = 4  # offset of the layer's panels; -1 if its weights are read in place

# Rows of a block, a multiple of ROWS: inputs and values of a block then stay in the second-level cache.
MOST_ROWS = 96
# From this number of rows on, copying the weights into panels saves time.
FEWEST_COPIED = 64
# Products of one part of the rows, which a thread predicts in about a millisecond, and the most parts.
PRODUCTS_OF_PART, MOST_PARTS = 1 << 23, 256
# Networks of which each thread keeps memory for single rows.
MOST_PASSES = 16


class Inputs(NamedTuple):
    """The rows to predict for."""

    X: Floats  # (m, s_1), or (entries, 1) of a CSR matrix
    indptr: NDArray[np.int64]  # (m + 1,) for a CSR matrix, else empty
    indices: NDArray[np.int64]  # columns of its entries


class Pass(NamedTuple):
    """A network as a table, and memory for one block of rows.  Each array has extra elements at its end."""

    layers: NDArray[np.int64]  # (L - 1, columns)
    output: int  # code of the output unit
    rows: int  # the maximum rows of a block
    half: int  # offset of the second half of ``values``
    inputs: Floats  # (rows, s_1): a padded or transposed block
    values: Floats  # the outputs of a layer; consecutive layers use different halves
    spare: Floats  # g' of the activations that compute it along with g; Ẑ of a normalised layer
    outputs: Floats  # (K, rows)
    scratch: Floats  # (2, rows)
    panels: Floats  # see panels.py
    embedding: NDArray[np.int64]  # see embeddings.py; empty for none
    waves: Floats  # of an embedding


class Inference(NamedTuple):
    """One way to run the layers."""

    name: str
    columns: Callable[[int], int]  # rows of a block -> rows that are computed
    prepare: Callable[..., None]  # (run, theta): before the first block
    forward: Callable[..., None]  # (run, given, theta, first, rows): Z transposed to run.outputs


def make_predict(inference: Inference) -> Callable[..., None]:
    columns_of, prepare, forward = inference.columns, inference.prepare, inference.forward

    @kernel
    @belongs_to(inference.name)
    def predict(run: Pass, given: Inputs, theta: Floats, H: Floats) -> None:
        """Compute H of all rows, block by block."""
        state = flush()
        m, K = H.shape
        prepare(run, theta)
        for first in range(0, m, run.rows):
            rows = min(run.rows, m - first)
            columns = columns_of(rows)
            forward(run, given, theta, first, rows)
            activate_outputs_into(run.output, run.outputs, K, columns, run.scratch)
            transpose_into(block(H, first * K, rows, K), block(run.outputs, 0, K, columns))
        restore(state)

    return predict


def _make_dense(name: str, normalizes: bool, embeds: bool = False) -> Inference:
    """Return the functions for row-major blocks, (rows, s_l)."""

    @inlined
    @belongs_to(name)
    def prepare(run: Pass, theta: Floats) -> None:
        for l in range(len(run.layers)):
            k, n, t = run.layers[l, N_IN], run.layers[l, N_OUT], run.layers[l, THETA]
            place = run.layers[l, PANELS]
            if place >= 0:
                copy_panels_into(line(run.panels, place, run.panels.size - place), line(theta, t, (k + 1) * n), n)

    @inlined
    @belongs_to(name)
    def forward(run: Pass, given: Inputs, theta: Floats, first: int, rows: int) -> None:
        columns, s = _whole_tiles(rows), run.layers[0, N_IN]
        is_sparse = len(given.indptr) > 0
        if embeds:
            A = block(run.inputs, 0, columns, s)
            _embed(A, run, given, theta, first, rows)
        elif columns > rows and not is_sparse:
            _fill_up_into(line(run.inputs, 0, columns * s), line(given.X, first * s, rows * s))
            A = block(run.inputs, 0, columns, s)
        else:
            A = block(given.X, first * s, 0 if is_sparse else columns, s)
        for l in range(len(run.layers)):
            k, n, t = run.layers[l, N_IN], run.layers[l, N_OUT], run.layers[l, THETA]
            v = l % 2 * run.half
            Z, layer = line(run.values, v, columns * n + WHOLE), line(theta, t, (k + 1) * n)
            if l == 0 and is_sparse:
                affine_rows_into(block(Z, 0, rows, n), given.X, given.indptr, given.indices, first, layer)
                _clear(line(Z, rows * n, (columns - rows) * n))
            else:
                place = max(run.layers[l, PANELS], 0)
                n_laid = run.panels.size - place if run.layers[l, PANELS] >= 0 else 0
                products_into(Z, A, layer, n, line(run.panels, place, n_laid))
            A, code = block(Z, 0, columns, n), run.layers[l, ACTIVATION]
            if code >= 0:
                if normalizes:
                    norm = line(theta, t + (k + 1) * n, 2 * n)
                    normalize_into(A, block(run.spare, 0, columns, n), line(run.scratch, 0, columns), norm)
                activate_into(code, line(Z, 0, whole(columns * n)), line(run.spare, 0, whole(columns * n)))
        transpose_into(block(run.outputs, 0, A.shape[1], columns), A)

    return Inference(name, _whole_tiles, prepare, forward)


@inlined
def _embed(A: Floats, run: Pass, given: Inputs, theta: Floats, first: int, rows: int) -> None:
    """(F1), (F2) Compute A_1 for a block of rows; the rows added to fill the last tile are 0."""
    width = A.shape[1]
    gather_rows_into(block(A, 0, rows, width), given.X, given.indices, first)  # there are no indices
    _clear(line(A, rows * width, A.size - rows * width))
    embed_into(A, run.waves, theta, run.embedding)


@inner
def _whole_tiles(rows: int) -> int:
    return -(-rows // ROWS) * ROWS


@inner
def _fill_up_into(out: Floats, source: Floats) -> None:
    copy_into(line(out, 0, source.size), source)
    _clear(line(out, source.size, out.size - source.size))


@inner
def _clear(out: Floats) -> None:
    for i in range(out.size):
        out[i] = 0


@inlined
def _prepare_narrow(run: Pass, theta: Floats) -> None:
    """Do nothing."""


@inlined
def _forward_narrow(run: Pass, given: Inputs, theta: Floats, first: int, rows: int) -> None:
    """Compute Z of a transposed block, (s_l, rows), as in ``narrow.py``."""
    columns, s, last = _whole_strips(rows), run.layers[0, N_IN], len(run.layers) - 1
    A, nothing = block(run.inputs, 0, s, columns), line(theta, 0, 0)
    gather_transposed_into(A, given.X, given.indices, first, rows)  # there are no indices, and so no other order
    for l in range(len(run.layers)):
        k, n, t = run.layers[l, N_IN], run.layers[l, N_OUT], run.layers[l, THETA]
        v = l % 2 * run.half
        Z = block(run.values, v, n, columns) if l < last else block(run.outputs, 0, n, columns)
        weighted_sums_into(Z, A, line(theta, t + n, k * n), line(theta, t, n), nothing)
        if l < last:
            size = whole(n * columns)
            activate_into(run.layers[l, ACTIVATION], line(run.values, v, size), line(run.spare, 0, size))
        A = Z


_whole_strips = inner(narrow_columns)

_DENSE = make_predict(_make_dense("dense", False))
_NORMALIZED = make_predict(_make_dense("normalized", True))
_EMBEDDED = make_predict(_make_dense("embedded", False, True))
_EMBEDDED_NORMALIZED = make_predict(_make_dense("embedded_normalized", True, True))
_NARROW = make_predict(Inference("narrow", _whole_strips, _prepare_narrow, _forward_narrow))


def predict(network: Network, theta: Floats, X: Any) -> Floats:
    """Return H (m, K) for the rows of X, an array or a CSR matrix in the dtype of the parameters."""
    check_inputs(network, X)
    given, m = Inputs(*input_arrays(X)), X.shape[0]
    H: Floats = np.empty((m, network.layer_sizes[-1]), dtype=theta.dtype)
    if m <= ROWS:
        call, run = _few_rows_pass(network, H.dtype, m, len(given.indptr) > 0)
        call(run, given, theta, H)
        return H
    rows = _rows_of_part(network, m)

    def predict_part(number: int) -> None:
        part = slice(number * rows, min((number + 1) * rows, m))
        _predict_into(H[part], network, theta, _part_of(given, part))

    in_threads(predict_part, -(-m // rows))
    return H


def _rows_of_part(network: Network, m: int) -> int:
    """Return the number of rows that a thread predicts at a time."""
    if n_threads() == 1:
        return m
    n_products = max(n_parameters(network), 1)
    rows = max(PRODUCTS_OF_PART // n_products, m // MOST_PARTS, 1)
    return -(-rows // MOST_ROWS) * MOST_ROWS


def _part_of(given: Inputs, part: slice) -> Inputs:
    if len(given.indptr):
        return given._replace(indptr=given.indptr[part.start : part.stop + 1])
    return given._replace(X=given.X[part])


def _predict_into(H: Floats, network: Network, theta: Floats, given: Inputs) -> None:
    call, run = _make_pass(network, H.dtype, len(H), len(given.indptr) > 0)
    call(run, given, theta, H)


class _Passes(threading.local):
    """The memory for single rows of the last networks of a thread, whose allocation takes longer than the products."""

    def __init__(self) -> None:
        self.by_network: dict[Any, tuple[Callable[..., None], Pass]] = {}


_passes = _Passes()


def _few_rows_pass(network: Network, dtype: DTypeLike, m: int, is_sparse: bool) -> tuple[Callable[..., None], Pass]:
    """Return the kernel and memory for at most ``ROWS`` rows, which the next call in this thread uses again."""
    known, key = _passes.by_network, (network, dtype, m, is_sparse)
    found = known.get(key)
    if found is None:
        if len(known) >= MOST_PASSES:
            known.clear()
        found = known[key] = _make_pass(network, dtype, m, is_sparse)
    return found


def _make_pass(network: Network, dtype: DTypeLike, m: int, is_sparse: bool) -> tuple[Callable[..., None], Pass]:
    """Return the kernel of a network and memory for m rows."""
    normalized = bool(normalized_sizes(network))
    narrow = is_narrow(network) and not is_sparse and not normalized
    if network.embedding is not None:
        call = _EMBEDDED_NORMALIZED if normalized else _EMBEDDED
    else:
        call = _NARROW if narrow else _NORMALIZED if normalized else _DENSE
    itemsize = np.dtype(dtype).itemsize
    layers, panels, most = _table(network, itemsize, narrow, m >= FEWEST_COPIED, is_sparse)
    needed = max(min(m, most), 1)  # X may have no rows
    rows = narrow_columns(needed) if narrow else -(-needed // ROWS) * ROWS
    s, *widths = layer_widths(network)
    embedding = encode_embedding(network)
    half = rows * max(widths) + WHOLE

    def take(*shape: int) -> Any:
        return np.empty(shape, dtype=dtype)

    run = Pass(
        layers=layers,
        output=OUTPUT_CODES[network.output],
        rows=rows,
        half=half,
        inputs=take(rows * s if narrow or embedding.size or (m % ROWS and not is_sparse) else 0),
        values=take(2 * half),
        spare=take(half),
        outputs=take(rows * widths[-1] + WHOLE),
        scratch=take(2 * rows),
        panels=take(panels),
        embedding=embedding,
        waves=take(embedding_memory(embedding, rows)),
    )
    return call, run


@functools.lru_cache(maxsize=64)
def _table(
    network: Network, itemsize: int, narrow: bool, is_copied: bool, is_sparse: bool
) -> tuple[NDArray[np.int64], int, int]:
    """Return the table of layers, which must not be changed, the size of all panels, and the rows of a block."""
    table, most = layer_table(network, itemsize, narrow)
    table, size = table.copy(), 0
    for l, layer in enumerate(table):
        k, n = int(layer[N_IN]), int(layer[N_OUT])
        layer[PANELS] = -1
        if COMPILED and not narrow and (is_copied or n * itemsize < BYTES) and not (is_sparse and l == 0):
            layer[PANELS] = size
            size += panels_size(k, n, itemsize)
    return table, size, most if narrow else MOST_ROWS
