"""The first layer on the rows of a CSR matrix, which is never converted to a dense array.

Only stored entries are visited.  The weights of a column are contiguous, so each entry reads one vector of s_2 weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.blocks import copy_into
from multilayer.engines.cpu.compiling import inner
from multilayer.engines.cpu.dropout import mask_at
from multilayer.engines.cpu.plan import Data, Plan, Work
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


@inner
def is_sparse(data: Data) -> bool:
    return len(data.indptr) > 0


@inner
def multiply_rows_into(Z: Floats, plan: Plan, data: Data, work: Work, first: int, weights: Floats) -> None:
    """Compute Z ← Z + X weights for the rows of X from ``first`` on, Z (rows, s_2), weights (s_1, s_2)."""
    for r in range(Z.shape[0]):
        row = data.order[first + r] if len(data.order) > 0 else first + r
        for entry in range(data.indptr[row], data.indptr[row + 1]):
            column = data.indices[entry]
            x = data.X[entry, 0] * Z.dtype.type(_mask(plan, work, first + r, column))
            for j in range(Z.shape[1]):
                Z[r, j] += x * weights[column, j]


@inner
def affine_rows_into(
    Z: Floats, X: Floats, indptr: NDArray[np.int64], indices: NDArray[np.int64], first: int, layer: Floats
) -> None:
    """Compute Z ← bias + X weights, without dropout; biases and weights are (1 + s_1, s_2)."""
    n = Z.shape[1]
    for r in range(Z.shape[0]):
        z = line(Z, r * n, n)
        copy_into(z, line(layer, 0, n))
        for entry in range(indptr[first + r], indptr[first + r + 1]):
            _add_times_into(z, line(layer, (1 + indices[entry]) * n, n), X[entry, 0])


@inner
def _add_times_into(z: Floats, weights: Floats, x: Any) -> None:
    for j in range(z.size):
        z[j] += x * weights[j]


@inner
def multiply_transposed_rows_into(
    D: Floats, plan: Plan, data: Data, work: Work, first: int, delta: Floats, keep: float
) -> None:
    """Compute D ← keep D + Xᵀ delta for the rows from ``first`` on, D (s_1, s_2), delta (rows, s_2), keep 0 or 1."""
    if keep == 0.0:  # the memory is uninitialised and may hold NaN
        for i in range(D.shape[0]):
            for j in range(D.shape[1]):
                D[i, j] = 0
    for r in range(delta.shape[0]):
        row = data.order[first + r] if len(data.order) > 0 else first + r
        for entry in range(data.indptr[row], data.indptr[row + 1]):
            column = data.indices[entry]
            x = data.X[entry, 0] * D.dtype.type(_mask(plan, work, first + r, column))
            for j in range(delta.shape[1]):
                D[column, j] += x * delta[r, j]


@inner
def _mask(plan: Plan, work: Work, row: int, column: int) -> float:
    """(R1) Return the factor by which dropout multiplies an input."""
    if len(plan.dropout) == 0 or plan.dropout[0] == 0.0:
        return 1.0
    return mask_at(plan.dropout[0], plan.seed, work.clock[0], 0, row - work.clock[1], column)
