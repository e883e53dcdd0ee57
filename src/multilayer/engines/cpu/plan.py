"""The arguments of kernels: the network as a table of numbers, the data, and working memory.

Compiled code cannot use a Network or a Python list.  A plan is a table with one row per layer and named columns.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from numpy.typing import DTypeLike, NDArray

from multilayer.engines.cpu.coverage import unsupported_by_cpu
from multilayer.engines.cpu.embeddings import embedding_memory, encode_embedding
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
COLUMNS = 5

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
    block: int  # the maximum rows of a block; it follows from the network alone, so that sums do not depend on the call
    rows: int  # the maximum rows of a block in this call, for which memory is allocated
    kept: int  # the maximum rows that may be kept transposed from update to update
    narrow: bool  # whether the loops of narrow.py run the network
    transposes: bool  # whether backpropagation may transpose the weights of a layer before it multiplies by them
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
    """Memory for one block of rows, allocated once per call; kernels allocate nothing."""

    inputs: Floats  # (rows * s_1,): gathered rows, or [1 X] transposed
    targets: Floats  # (K * rows,), transposed like all arrays of outputs
    outputs: Floats  # (K * rows,): Z, then H, or the cost of each entry
    errors: Floats  # (K * rows,): delta of the output layer
    scratch: Floats  # (2, rows)
    values: Floats  # the outputs of all layers, layer after layer, flat
    derivatives: Floats  # g' of the activations for which it does not follow from the value, in the same layout
    deltas: Floats  # two blocks of the widest layer, used alternately
    gradient: Floats  # (P,)
    # In narrow.py, (P * numbers in a vector,): the partial sums of the gradient.  With normalised layers, which
    # narrow.py does not run: Ẑ of the hidden layers, laid out like values, then the scales of the rows, (rows,) each.
    # At the end, the transposed weights, if the plan uses them, (P,).  These share one array because passing an array
    # to a kernel takes time.
    sums: Floats
    waves: Floats  # cosines, then sines of an embedding: see embeddings.py; empty without an embedding
    masks: Floats  # dropout masks: of the inputs, then laid out like values; empty without dropout
    held: NDArray[np.int64]  # the batch in inputs and targets: see START, STOP, PLACE, PRESENT
    clock: NDArray[np.int64]  # dropout: [the update's number, the batch's first row]


# Indices into Work.held.
START, STOP = 0, 1  # the batch that was transposed last
PLACE = 2  # the first row of the current block in inputs and targets
PRESENT = 3  # 1 if the block is already there

# Blocks.  OpenBLAS has kernels without packing for products of up to a million multiplications, which reach 110 of
# 118 GFLOP/s in float32 where its general path reaches 80 to 95 (README.md).  So a block is made so small that the
# products of every layer stay below that bound, unless it would then have too few rows to be efficient.
SMALL_PRODUCT = 1_000_000
FEWEST_ROWS = 32
MOST_ROWS = 256
# With fewer rows, backpropagation does not transpose the weights first.
FEWEST_TRANSPOSED = 16
# Networks whose widest layer is narrower than this run in the loops of narrow.py.
NARROW = 16
# The working memory of their blocks should fit into the first-level cache, but each loop has a fixed overhead, which
# needs a minimum number of rows.
NARROW_BYTES = 30_000
FEWEST_NARROW_ROWS = 64
MOST_NARROW_ROWS = 1024
MOST_KEPT = 1 << 17  # numbers of X and Y that stay transposed: 1 MB in float64


def make_plan(network: Network, X: Any, dtype: DTypeLike, most_rows: int, objective: Objective | None = None) -> Plan:
    """Return the plan of a network for batches of at most ``most_rows`` rows of X, with the dropout of an objective."""
    check_inputs(network, X)
    rates = objective.dropout if objective is not None and any(objective.dropout) else ()
    narrow = is_narrow(network) and not scipy.sparse.issparse(X) and not rates and not normalized_sizes(network)
    table, most = layer_table(network, np.dtype(dtype).itemsize, narrow)
    needed = max(min(most, most_rows), 1)
    rows = narrow_columns(needed) if narrow else needed
    return Plan(
        table,
        OUTPUT_CODES[network.output],
        *encode_cost(network),
        most,
        rows,
        _kept(network, rows, most_rows) if narrow and objective is not None else rows,
        narrow,
        not narrow and _is_small(table, most),
        encode_embedding(network),
        np.array(rates, dtype=np.float64),
        # Numba has no mixed arithmetic of signed and unsigned integers: the upper half of the seeds becomes negative.
        int(np.uint64(objective.seed).view(np.int64)) if rates and objective is not None else 0,
    )


def encode_cost(network: Network) -> tuple[int, NDArray[np.float64]]:
    """Return the code of the network's cost and its numbers; in the two families, the slope's bounds (low, high)."""
    match network.cost:
        case None if network.output == "increasing":
            return CUT, np.array([[-np.inf, np.inf]])
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
    values = 0
    for index, ((rows, n_out), theta) in enumerate(zip(layer_shapes(network), places(network), strict=True)):
        code = CODES[str(network.hidden[index])] if index < len(network.hidden) else -1
        table[index] = (rows - 1, n_out, code, theta, values)
        values += n_out + narrow  # in narrow networks a row of ones precedes the units
    return table, _narrow_block(network, itemsize) if narrow else _block(table)


def is_narrow(network: Network) -> bool:
    """Return whether the narrow path runs the network: no layer has ``NARROW`` units, and no input is embedded."""
    return max(network.layer_sizes) < NARROW and network.embedding is None


def make_work(network: Network, plan: Plan, dtype: DTypeLike, *, gathers: bool) -> Work:
    """Allocate the memory for a plan, with space for gathered rows of X if ``gathers`` is true."""
    n_inputs, *widths = layer_widths(network)
    rows, waves = plan.rows, embedding_memory(plan.embedding, plan.rows)
    widest = max(widths if network.embedding is None else [n_inputs, *widths])
    units, drops = sum(widths), len(plan.dropout) > 0
    normalized = normalized_sizes(network)
    sums = n_parameters(network) * BYTES // np.dtype(dtype).itemsize if plan.narrow else 0
    transposed = n_parameters(network) if plan.transposes else 0

    def take(*shape: int) -> Any:
        return np.empty(shape, dtype=dtype)

    return Work(
        inputs=take(plan.kept * (n_inputs + 1)) if plan.narrow else take(rows * n_inputs if gathers else 0),
        targets=take(plan.kept * widths[-1]),
        outputs=take(rows * widths[-1]),
        errors=take(rows * widths[-1]),
        scratch=take(2, rows),
        values=take(rows * (units + len(widths))),
        derivatives=take(rows * (units + len(widths))),
        deltas=take(2 * rows * widest),
        gradient=take(n_parameters(network)),
        sums=take(sums + rows * (sum(normalized) + len(normalized)) + transposed),
        waves=take(waves),
        masks=take(rows * (n_inputs + units) if drops else 0),
        held=np.zeros(4, dtype=np.int64),
        clock=np.zeros(2, dtype=np.int64),
    )


def make_data(objective: Objective, order: NDArray[np.intp] | None = None) -> Data:
    """Return the arrays of an objective without copying them."""
    values, indptr, indices = input_arrays(objective.X)
    weight = objective.sample_weight
    return Data(
        X=values,
        indptr=indptr,
        indices=indices,
        Y=writeable(objective.Y),
        weight=writeable(weight if weight is not None else np.empty(0, dtype=objective.Y.dtype)),
        order=writeable(order if order is not None else np.empty(0, dtype=np.intp)),
        lam=float(objective.lam),
        lam1=float(objective.lam1),
    )


def writeable(array: Any) -> Any:
    """Return a writeable alias of a C-contiguous array.

    Numba compiles a kernel separately for read-only arrays, such as joblib's memory maps.  No kernel writes to its
    input, so it receives an alias of the same memory without the read-only flag.
    """
    if array.flags.writeable:
        return array
    if not array.size:
        return np.empty(array.shape, dtype=array.dtype)
    memory = (ctypes.c_byte * array.nbytes).from_address(array.ctypes.data)
    return np.frombuffer(memory, dtype=array.dtype).reshape(array.shape)  # the caller keeps the array itself alive


_NO_NUMBERS = np.empty(0, dtype=np.int64)


def input_arrays(X: Any) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    """Return X and two empty arrays, or the entries of a CSR matrix, (entries, 1), with its indptr and indices."""
    if scipy.sparse.issparse(X):
        entries = writeable(X.data).reshape(-1, 1)
        return entries, X.indptr.astype(np.int64, copy=False), X.indices.astype(np.int64, copy=False)
    return writeable(X), _NO_NUMBERS, _NO_NUMBERS


def _is_small(table: NDArray[np.int64], rows: int) -> bool:
    return rows * _most_weights(table) <= SMALL_PRODUCT


def _most_weights(table: NDArray[np.int64]) -> int:
    return int((table[:, N_IN] * table[:, N_OUT]).max())


def _block(table: NDArray[np.int64]) -> int:
    rows = SMALL_PRODUCT // _most_weights(table)
    return MOST_ROWS if rows < FEWEST_ROWS else min(rows, MOST_ROWS)


def _narrow_block(network: Network, itemsize: int) -> int:
    """Return the number of rows whose [1 X], [1 A], Z, Y and delta fit into the first-level cache."""
    hidden, K = network.layer_sizes[:-1], network.layer_sizes[-1]
    rows = NARROW_BYTES // (itemsize * (sum(hidden) + len(hidden) + 3 * K))
    return min(max(rows, FEWEST_NARROW_ROWS), MOST_NARROW_ROWS) // STRIP * STRIP


def narrow_columns(rows: int) -> int:
    """Return the width of a transposed block: the rows, padded to whole strips."""
    return -(-rows // STRIP) * STRIP


def _kept(network: Network, rows: int, most_rows: int) -> int:
    """Return the rows to keep transposed: a small full batch is transposed once for all updates."""
    whole = narrow_columns(most_rows)
    small = whole * (network.layer_sizes[0] + network.layer_sizes[-1]) <= MOST_KEPT
    return max(rows, whole) if small else rows
