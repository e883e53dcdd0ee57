"""Periodic embeddings (F1) to (F4) of the book, for a block of rows (rows, s_1 + e O).

The parameters precede those of the layers: frequencies and phases (e, F), mixtures (e, O, F), offsets (e, O).  Loops
run over the waves of a row, so that the embedding of a row does not depend on the number of rows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import inner, inner_sum
from multilayer.engines.cpu.elementary import cos_and_sin_of_turns
from multilayer.engines.cpu.views import line
from multilayer.network import Floats, Network

# Places in the array of numbers that describes an embedding; the embedded inputs follow.
INPUTS, WAVES, OUTPUTS, COLUMNS = 0, 1, 2, 3

TURN = 2.0 * math.pi


def encode_embedding(network: Network) -> NDArray[np.int64]:
    """Return the description of a network's embedding; empty without one."""
    embedding = network.embedding
    if embedding is None:
        return np.empty(0, dtype=np.int64)
    numbers = (network.layer_sizes[0], embedding.n_waves, embedding.n_outputs, *embedding.columns)
    return np.array(numbers, dtype=np.int64)


@inner
def embed_into(A: Floats, waves: Floats, theta: Floats, embedding: NDArray[np.int64]) -> None:
    """(F1), (F2) Embed rows whose inputs stand in A; their cosines and sines are left in ``waves``."""
    s, F, O = embedding[INPUTS], embedding[WAVES], embedding[OUTPUTS]
    e, half = embedding.size - COLUMNS, waves.size // 2
    rows, width = A.shape
    for r in range(rows):
        a, c = line(A, r * width, width), line(waves, r * e * F, e * F)
        for j in range(e):
            x = a[embedding[COLUMNS + j]]
            _turns_into(line(c, j * F, F), x, line(theta, j * F, F), line(theta, (e + j) * F, F))
        _waves_into(c, line(waves, half + r * e * F, e * F))
        for j in range(e):
            u = line(c, j * F, F)
            for o in range(O):
                offset = theta[(2 * e + e * O) * F + j * O + o]
                a[s + j * O + o] = offset + _product(u, line(theta, (2 * e + j * O + o) * F, F))


@inner
def pass_back_into(
    D: Floats,
    epsilon: Floats,
    X: Floats,
    order: NDArray[np.intp],
    first: int,
    waves: Floats,
    theta: Floats,
    embedding: NDArray[np.int64],
) -> None:
    """(F3), (F4) Add the derivatives of a block to D, in the layout of the parameters."""
    s, F, O = embedding[INPUTS], embedding[WAVES], embedding[OUTPUTS]
    e, half = embedding.size - COLUMNS, waves.size // 2
    rows, width = epsilon.shape
    eta = line(waves, waves.size - F, F)  # behind the sines
    for r in range(rows):
        of_a, row = line(epsilon, r * width, width), order[first + r] if len(order) > 0 else first + r
        for j in range(e):
            u, d = line(waves, (r * e + j) * F, F), line(waves, half + (r * e + j) * F, F)
            _clear(eta)
            for o in range(O):
                g, mixture = of_a[s + j * O + o], (2 * e + j * O + o) * F
                D[(2 * e + e * O) * F + j * O + o] += g
                _add_multiple_into(line(D, mixture, F), g, u)
                _add_multiple_into(eta, g, line(theta, mixture, F))
            x = X[row, embedding[COLUMNS + j]]
            _add_derivatives_into(line(D, j * F, F), line(D, (e + j) * F, F), x, eta, d)


@inner
def _turns_into(t: Floats, x: Any, frequencies: Floats, phases: Floats) -> None:
    """φ / 2π."""
    per_turn = t.dtype.type(1.0 / TURN)
    for k in range(t.size):
        t[k] = frequencies[k] * x + phases[k] * per_turn


@inner
def _waves_into(c: Floats, d: Floats) -> None:
    """Turn t, which stands in c, into cos(2 π t), and write sin(2 π t) to d."""
    for i in range(c.size):
        cosine, sine = cos_and_sin_of_turns(c[i])
        c[i] = cosine
        d[i] = sine


@inner_sum
def _product(u: Floats, mixture: Floats) -> Any:
    total = u.dtype.type(0)
    for k in range(u.size):
        total += u[k] * mixture[k]
    return total


@inner
def _clear(eta: Floats) -> None:
    for k in range(eta.size):
        eta[k] = 0


@inner
def _add_multiple_into(sums: Floats, g: Any, u: Floats) -> None:
    for k in range(sums.size):
        sums[k] += g * u[k]


@inner
def _add_derivatives_into(of_frequencies: Floats, of_phases: Floats, x: Any, eta: Floats, sines: Floats) -> None:
    factor = x * eta.dtype.type(TURN)
    for k in range(eta.size):
        d = eta[k] * sines[k]
        of_phases[k] -= d
        of_frequencies[k] -= factor * d


def embedding_memory(embedding: NDArray[np.int64], rows: int) -> int:
    """Return the size of the cosines and sines of a block, with room behind them for η; 0 without an embedding."""
    if not embedding.size:
        return 0
    return 2 * int((rows * (embedding.size - COLUMNS) + 1) * embedding[WAVES])
