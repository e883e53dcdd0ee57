"""The arguments of kernels: the network as a table of numbers, the data, and working memory.

Compiled code cannot use a Network or a Python list.  A plan is a table with one row per layer and named columns.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from numpy.typing import DTypeLike, NDArray

from multilayer.engines.cpu.compiling import COMPILED, has_wide_registers, inlined, inner
from multilayer.engines.cpu.coverage import unsupported_by_cpu
from multilayer.engines.cpu.embeddings import embedding_memory, encode_embedding
from multilayer.engines.cpu.panels import ROWS, panels_size
from multilayer.engines.cpu.vectors import BYTES, STRIP
from multilayer.engines.protocol import Objective, check_inputs
from multilayer.equations.activations import ACTIVATIONS
from multilayer.equations.extensions.chosen_costs import (
    AbsoluteError,
    GammaDeviance,
    Huber,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
)
from multilayer.exceptions import ParameterError
from multilayer.network import Floats, Network, layer_shapes, n_parameters, normalized_sizes, places
from multilayer.network import widths as layer_widths

# Columns of the table of layers.
N_IN = 0  # s_l
N_OUT = 1  # s_{l+1}
ACTIVATION = 2  # code of g; -1 in the last layer
THETA = 3  # offset of the layer's parameters in the vector: n_out biases, n_in rows of weights, gain and shift if any
VALUES = 4  # offset of the layer's output in work.values, divided by the number of rows
SLOT = 5  # offset of its biases in a slot: see Work.slots
PANELS = 6  # offset of its panels in work.panels, if the plan uses tiles
TRANSPOSED = 7  # and of those of the transposed weights
COLUMNS = 8

# Columns of the table of pieces: the weights of some inputs of a layer; the piece with input 0 has the layer's section
# of other parameters too.
LAYER, INPUT, INPUTS = range(3)

# The codes in activations.py number the book's activations in their order.
CODES = {name: code for code, name in enumerate(ACTIVATIONS)}
SIGMOID_OUTPUT, SOFTMAX_OUTPUT, IDENTITY_OUTPUT, EXP_OUTPUT, INCREASING_OUTPUT = range(5)
OUTPUT_CODES = {
    "sigmoid": SIGMOID_OUTPUT,
    "softmax": SOFTMAX_OUTPUT,
    "identity": IDENTITY_OUTPUT,
    "exp": EXP_OUTPUT,
    "increasing": INCREASING_OUTPUT,
}
# Costs: the matched one, the two families of costs.py, and two others.
MATCHED, CUT, STEP, GAMMA, FOCAL = range(5)

NO_NUMBERS = np.empty((0, 2))


class Plan(NamedTuple):
    """A network, encoded as numbers."""

    layers: NDArray[np.int64]  # (L - 1, COLUMNS)
    output: int  # code of the output unit
    cost: int  # code of the cost
    numbers: NDArray[np.float64]  # parameters of the cost: (1, 2), or (K, 2) if they differ between outputs, or empty
    pieces: NDArray[np.int64]  # (n, 3): the parameters, divided into pieces of about equal work
    block: int  # the maximum rows of a block
    tile: int  # the rows of a tile: all blocks but the last have a multiple of it
    least: int  # the minimum rows of a block, if the batch has that many
    chunk: int  # the maximum rows of a chunk; all three follow from the network alone, as sums depend on them
    block_rows: int  # the maximum rows of a block in this call, for which memory is allocated; with padding
    chunk_rows: int  # and of a chunk
    kept: int  # the columns that keep a batch transposed from update to update; 0 if no batch is kept
    narrow: bool  # whether the loops of narrow.py run the network
    tiles: bool  # whether products.py multiplies in place of BLAS
    embedding: NDArray[np.int64]  # see embeddings.py; empty without an embedding
    dropout: NDArray[np.float64]  # (L - 1,): the rate of the inputs and of each hidden layer; empty without dropout
    seed: int  # seed of the dropout masks


class Data(NamedTuple):
    """The data of the objective; missing arrays are empty."""

    X: Floats  # (m, s_1), or (entries, 1) of a CSR matrix
    indptr: NDArray[np.int64]  # (m + 1,) for a CSR matrix
    indices: NDArray[np.int64]  # columns of its entries
    Y: Floats  # (m, K)
    weight: Floats  # (m,)
    order: NDArray[np.intp]
    lam: float
    lam1: float


class Descent(NamedTuple):
    """The updates to perform, and the memory of their rule."""

    rule: int  # code of the update rule
    numbers: NDArray[np.float64]  # its constants
    slots: Floats  # (n_slots, P)
    t: int  # the number of previous updates
    starts: NDArray[np.intp]  # (n,)
    stops: NDArray[np.intp]  # (n,)
    step_sizes: NDArray[np.float64]  # (n,)
    clip_norm: float  # infinite without clipping
    weight_decay: float
    beta: float  # decay of the average; 0 without averaging
    average: Floats  # (P,); empty without averaging
    # (D8) Factors of the step size: of the embedding, then of the biases and the weights of each layer; or empty.
    factors: NDArray[np.float64]


class Work(NamedTuple):
    """Memory for the computation, allocated once per call; kernels allocate nothing.

    The first arrays are shared by the threads of a team, and an item of a stage writes to a part of its own.  They hold
    the rows of a chunk.  The others belong to one thread, for one block of rows, and are allocated for each.
    """

    values: Floats  # the outputs of all layers, layer after layer, flat; of one thread in narrow.py
    deltas: Floats  # delta of all layers, laid out like values; in narrow.py two blocks of the widest, of one thread
    inputs: Floats  # (rows * s_1,): gathered rows; in narrow.py [1 X] transposed, of one thread unless the batch stays
    targets: Floats  # (K * rows,), transposed like all arrays of outputs; of one thread unless the batch stays
    gradient: Floats  # (P,)
    # What the blocks of a chunk contribute to the gradient, one slot each, where it is not a product over all rows: in
    # narrow.py everything, one vector per parameter; else the parameters between the weights of two layers.
    slots: Floats
    panels: Floats  # the weights in the panels of products.py, if the plan uses tiles
    clock: NDArray[np.int64]  # dropout: [the update's number, the batch's first row]

    outputs: Floats  # (K * rows,): Z, then H, or the cost of each entry
    errors: Floats  # (K * rows,): delta of the output layer
    scratch: Floats  # (2, rows)
    last: Floats  # (rows, K): Z of the output layer before it is transposed; one vector longer
    spill: Floats  # (rows, numbers in a vector): a product that is narrower than a vector; one vector longer
    derivatives: Floats  # g' of the activations for which it does not follow from the value, laid out like values
    normalized: Floats  # Ẑ of the hidden layers, laid out like values, then the scales of the rows, (rows,) each
    epsilon: Floats  # delta of embedded inputs, (rows, s_1)
    waves: Floats  # cosines, then sines of an embedding: see embeddings.py; empty without an embedding
    masks: Floats  # dropout masks: of the inputs, then laid out like values; empty without dropout


class Chunk(NamedTuple):
    """Adjacent rows of a batch."""

    first: int  # the first row
    rows: int
    n_blocks: int


class Block(NamedTuple):
    """Adjacent rows of a chunk."""

    first: int  # the first row
    at: int  # its place in the chunk
    rows: int
    number: int  # of the block in the chunk
    place: int  # the first row's column in inputs and targets, in narrow.py
    present: bool  # whether the block stands transposed there already


# Blocks.  OpenBLAS has kernels without packing for products of up to a million multiplications, which reach 110 of
# 118 GFLOP/s in float32 where its general path reaches 80 to 95 (README.md).  So a block is made so small that the
# products of every layer stay below that bound, unless it would then have too few rows to be efficient.
SMALL_PRODUCT = 1_000_000
FEWEST_ROWS = 32
MOST_ROWS = 256
# A batch has up to this number of blocks, for as many threads, if they have at least so many rows.
FEW_BLOCKS = 4
LEAST_ROWS, LEAST_ROWS_OF_WIDE = 96, 64
# A chunk is divided into blocks, and their values are kept until the gradient is computed, from all rows of the chunk.
CHUNK_ROWS = 1024
# The weights are divided into about this number of pieces, each of at least so many weights.
PIECES = 8
FEWEST_WEIGHTS = 2048
# A piece has the weights of a multiple of this number of inputs.
WHOLE_INPUTS = 12
# OpenBLAS packs small matrices, too, unless it has kernels for AVX-512: then products.py multiplies in its place.
HAS_TILES = COMPILED and not has_wide_registers()
# Networks whose widest layer is narrower than this run in the loops of narrow.py.
NARROW = 16
# The working memory of their blocks should fit into the first-level cache, but each loop has a fixed overhead, which
# needs a minimum number of rows.
NARROW_BYTES = 30_000
FEWEST_NARROW_ROWS = 64
MOST_NARROW_ROWS = 1024
NARROW_BLOCKS = 16  # of a chunk
MOST_KEPT = 1 << 17  # numbers of X and Y that stay transposed: 1 MB in float64


def make_plan(network: Network, X: Any, dtype: DTypeLike, most_rows: int, objective: Objective, *, stays: bool) -> Plan:
    """Return the plan of a network for batches of at most ``most_rows`` rows of X, with the dropout of an objective.

    Narrow networks keep small batches transposed if ``stays`` is true; then they must be rows of X in its own order.
    """
    check_inputs(network, X)
    rates = objective.dropout if any(objective.dropout) else ()
    is_sparse = scipy.sparse.issparse(X)
    narrow = is_narrow(network) and not is_sparse and not rates and not normalized_sizes(network)
    table, block = layer_table(network, np.dtype(dtype).itemsize, narrow)
    chunk = NARROW_BLOCKS * block if narrow else max(CHUNK_ROWS // block, 1) * block
    rows = max(min(block, most_rows), 1)
    tiles = HAS_TILES and not narrow and _is_small(table, block)
    return Plan(
        layers=table,
        output=OUTPUT_CODES[network.output],
        **encode_cost(network),
        pieces=_pieces(network, narrow, is_sparse),
        block=block,
        tile=ROWS if tiles else 1,
        least=block if narrow else LEAST_ROWS if _is_small(table, block) else LEAST_ROWS_OF_WIDE,
        chunk=chunk,
        block_rows=narrow_columns(rows) if narrow else rows,
        chunk_rows=max(min(chunk, most_rows), 1),
        kept=_kept(network, most_rows) if narrow and stays else 0,
        narrow=narrow,
        tiles=tiles,
        embedding=encode_embedding(network),
        dropout=np.array(rates, dtype=np.float64),
        # Numba has no mixed arithmetic of signed and unsigned integers: the upper half of the seeds becomes negative.
        seed=int(np.uint64(objective.seed).view(np.int64)) if rates else 0,
    )


def encode_cost(network: Network) -> dict[str, Any]:
    """Return cost and numbers of a plan; in the two families the numbers are the slope's bounds (low, high)."""
    cost, numbers = _encoded_cost(network)
    return {"cost": cost, "numbers": numbers}


def _encoded_cost(network: Network) -> tuple[int, NDArray[np.float64]]:
    if network.cost is None and network.output == "increasing":
        return CUT, np.array([[-np.inf, np.inf]])
    if network.cost is None:
        return MATCHED, NO_NUMBERS
    match network.cost:
        case AbsoluteError():
            return STEP, np.array([[-1.0, 1.0]])
        case Huber(threshold):
            return CUT, np.array([[-threshold, threshold]])
        case Quantile(levels):
            return STEP, np.array([[-level, 1.0 - level] for level in levels])
        case GammaDeviance():
            return GAMMA, NO_NUMBERS
        case SigmoidFocal(gamma) | SoftmaxFocal(gamma):
            return FOCAL, np.array([[gamma, 0.0]])
    return MATCHED, NO_NUMBERS


@functools.lru_cache(maxsize=64)
def layer_table(network: Network, itemsize: int, narrow: bool) -> tuple[NDArray[np.int64], int]:
    """Return the table of layers, which must not be changed, and the maximum rows of a block."""
    lacks = unsupported_by_cpu(network)
    if lacks:
        raise ParameterError(f"the CPU engine cannot run {lacks}. Use the reference engine, which runs it slowly.")
    table = np.empty((len(network.layer_sizes) - 1, COLUMNS), dtype=np.int64)
    values, weights, place = 0, 0, 0
    for index, ((rows, n_out), theta) in enumerate(zip(layer_shapes(network), places(network), strict=True)):
        code = CODES[str(network.hidden[index])] if index < len(network.hidden) else -1
        panels, transposed = panels_size(rows - 1, n_out, itemsize), panels_size(n_out, rows - 1, itemsize)
        table[index] = (rows - 1, n_out, code, theta, values, theta - weights, place, place + panels)
        place += panels + transposed
        values += n_out + narrow  # in narrow networks a row of ones precedes the units
        weights += (rows - 1) * n_out
    return table, _narrow_block(network, itemsize) if narrow else _block(table)


def _panels_size(table: NDArray[np.int64], itemsize: int) -> int:
    return int(table[-1, TRANSPOSED]) + panels_size(int(table[-1, N_OUT]), int(table[-1, N_IN]), itemsize)


@functools.lru_cache(maxsize=64)
def _pieces(network: Network, narrow: bool, is_sparse: bool) -> NDArray[np.int64]:
    """Return the table of pieces, which must not be changed."""
    pieces = []
    shapes = [(rows - 1, n_out) for rows, n_out in layer_shapes(network)]
    weights = max(sum(k * n for k, n in shapes) // PIECES, FEWEST_WEIGHTS)
    for l, (k, n) in enumerate(shapes):
        step = -(-weights // (n * WHOLE_INPUTS)) * WHOLE_INPUTS
        if narrow or (is_sparse and l == 0):  # the entries of a sparse row belong to any inputs
            step = k
        pieces += [(l, first, min(step, k - first)) for first in range(0, k, step)]
    return np.array(pieces, dtype=np.int64)


def is_narrow(network: Network) -> bool:
    """Return whether the narrow path runs the network: no layer has ``NARROW`` units, and no input is embedded."""
    return max(network.layer_sizes) < NARROW and network.embedding is None


def make_work(network: Network, plan: Plan, dtype: DTypeLike, n_threads: int, *, gathers: bool) -> list[Work]:
    """Allocate the memory for a plan, for each thread, with space for gathered rows of X if ``gathers`` is true."""

    def take(*shape: int) -> Any:
        return np.empty(shape, dtype=dtype)

    itemsize = np.dtype(dtype).itemsize
    lanes = BYTES // itemsize
    n_inputs, *widths = layer_widths(network)
    rows, units, K = plan.block_rows, sum(widths), widths[-1]
    n_slots, P = n_blocks(plan.chunk_rows, plan.block, plan.least), n_parameters(network)
    shared: dict[str, Any] = {
        "gradient": take(P),
        "panels": np.zeros(_panels_size(plan.layers, itemsize) if plan.tiles else 0, dtype=dtype),
        "clock": np.zeros(2, dtype=np.int64),
    }
    if plan.narrow:
        shared["slots"] = take(n_slots * P * lanes)
        shared |= {"inputs": take(plan.kept * (n_inputs + 1)), "targets": take(plan.kept * K)} if plan.kept else {}
    else:
        shared["slots"] = take(n_slots * int(plan.layers[-1, SLOT] + K))
        shared |= {"values": take(plan.chunk_rows * units), "deltas": take(plan.chunk_rows * units)}
        shared["inputs"] = take(plan.chunk_rows * n_inputs if gathers else 0)

    def take_own() -> dict[str, Any]:
        sizes = {"outputs": rows * K, "errors": rows * K, "targets": rows * K}
        if plan.narrow:
            sizes |= {"values": rows * (units + len(widths)), "derivatives": rows * (units + len(widths))}
            sizes |= {"deltas": 2 * rows * max(widths), "inputs": rows * (n_inputs + 1)}
            sizes |= dict.fromkeys(("last", "spill", "normalized", "epsilon", "waves", "masks"), 0)
        else:
            normalized = normalized_sizes(network)
            sizes |= {"last": rows * K + lanes, "spill": (rows + 1) * lanes, "derivatives": rows * units}
            sizes["normalized"] = rows * (sum(normalized) + len(normalized))
            sizes["epsilon"] = rows * n_inputs + lanes if network.embedding is not None else 0
            sizes["waves"] = embedding_memory(plan.embedding, rows)
            sizes["masks"] = rows * (n_inputs + units) if len(plan.dropout) else 0
        return {name: take(size) for name, size in sizes.items() if name not in shared}

    return [Work(scratch=take(2, rows), **shared, **take_own()) for _ in range(n_threads)]


@inlined
def section_start(plan: Plan, l: int) -> int:
    """Return where the parameters between the weights of the layer before and those of layer l begin."""
    if l == 0:
        return 0
    return plan.layers[l - 1, THETA] + (plan.layers[l - 1, N_IN] + 1) * plan.layers[l - 1, N_OUT]


@inner
def chunk_size(rows: int, most: int) -> int:
    """Return the size of the chunks of a batch, which are equal except for the last: 1,200 rows are 600 and 600."""
    return -(-rows // max(-(-rows // most), 1))


@inner
def n_blocks(rows: int, block: int, least: int) -> int:
    """Return the number of blocks of a chunk; a few more than its size requires, for as many threads."""
    return max(-(-rows // block), min(rows // least, FEW_BLOCKS), 1)


@inner
def block_size(rows: int, block: int, least: int) -> int:
    """Return the size of the blocks of a chunk, which are equal except for the last: 200 rows are 100 and 100."""
    return -(-rows // n_blocks(rows, block, least))


def make_data(objective: Objective, order: NDArray[np.intp] | None = None) -> Data:
    """Return the arrays of an objective without copying them."""
    values, indptr, indices = input_arrays(objective.X)
    weight = objective.sample_weight
    return Data(
        X=values,
        indptr=indptr,
        indices=indices,
        Y=objective.Y,
        weight=weight if weight is not None else np.empty(0, dtype=objective.Y.dtype),
        order=order if order is not None else np.empty(0, dtype=np.intp),
        lam=float(objective.lam),
        lam1=float(objective.lam1),
    )


_NO_NUMBERS = np.empty(0, dtype=np.int64)


def input_arrays(X: Any) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    """Return X and two empty arrays, or the entries of a CSR matrix, (entries, 1), with its indptr and indices."""
    if scipy.sparse.issparse(X):
        entries = X.data.reshape(-1, 1)
        return entries, X.indptr.astype(np.int64, copy=False), X.indices.astype(np.int64, copy=False)
    return X, _NO_NUMBERS, _NO_NUMBERS


def _is_small(table: NDArray[np.int64], rows: int) -> bool:
    return rows * _most_weights(table) <= SMALL_PRODUCT


def _most_weights(table: NDArray[np.int64]) -> int:
    return int((table[:, N_IN] * table[:, N_OUT]).max())


def _block(table: NDArray[np.int64]) -> int:
    rows = SMALL_PRODUCT // _most_weights(table)
    return MOST_ROWS if rows < FEWEST_ROWS else min(rows, MOST_ROWS) // ROWS * ROWS


def _narrow_block(network: Network, itemsize: int) -> int:
    """Return the number of rows whose [1 X], [1 A], Z, Y and delta fit into the first-level cache."""
    hidden, K = network.layer_sizes[:-1], network.layer_sizes[-1]
    rows = NARROW_BYTES // (itemsize * (sum(hidden) + len(hidden) + 3 * K))
    return min(max(rows, FEWEST_NARROW_ROWS), MOST_NARROW_ROWS) // STRIP * STRIP


def narrow_columns(rows: int) -> int:
    """Return the width of a transposed block: the rows, padded to whole strips."""
    return -(-rows // STRIP) * STRIP


def _kept(network: Network, most_rows: int) -> int:
    """Return the columns of a small full batch, which is transposed once for all updates; 0 if it is not small."""
    whole = narrow_columns(most_rows)
    return whole if whole * (network.layer_sizes[0] + network.layer_sizes[-1]) <= MOST_KEPT else 0
