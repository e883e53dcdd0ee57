"""Dropout (R1)-(R3) of the book for a block of rows: the same random words, computed when they are needed."""

from __future__ import annotations

import numpy as np

from multilayer.engines.cpu.compiling import inlined, inner
from multilayer.equations.extensions.dropout import KEY_STEPS, MULTIPLIERS, ROUNDS
from multilayer.network import Floats

Word = np.uint64  # only the lower half is used

_M0, _M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
_W0, _W1 = np.uint64(KEY_STEPS[0]), np.uint64(KEY_STEPS[1])
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


@inlined
def _philox(c0: Word, c1: Word, c2: Word, c3: Word, seed: Word) -> tuple[Word, Word, Word, Word]:
    """(R2) Return four words for a counter of four, all uint64 below 2^32; the key is the two halves of the seed."""
    k0, k1 = seed & _LOW, seed >> _HALF
    for _ in range(ROUNDS):
        first, second = c0 * _M0, c2 * _M1
        c0 = (second >> _HALF) ^ c1 ^ k0
        c1 = second & _LOW
        c2 = (first >> _HALF) ^ c3 ^ k1
        c3 = first & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@inner
def mask_into(mask: Floats, rate: float, seed: int, update: int, layer: int, first_row: int) -> None:
    """(R1) Compute the mask of a block (rows, units) whose first row is row ``first_row`` of its batch."""
    rows, units = mask.shape
    limit = np.uint64(round(rate * 4294967296.0))
    kept, silent = mask.dtype.type(1.0 / (1.0 - rate)), mask.dtype.type(0)
    key, level = np.uint64(np.int64(seed)), np.uint64(layer)
    when = np.uint64(update) & _LOW
    whole = units // 4
    for r in range(rows):
        row, of_row = np.uint64(first_row + r), mask[r]
        for quad in range(whole):
            # The compiler puts several quads into one register only if the four stores are written out.
            w0, w1, w2, w3 = _philox(np.uint64(quad), row, level, when, key)
            of_row[4 * quad] = silent if w0 < limit else kept
            of_row[4 * quad + 1] = silent if w1 < limit else kept
            of_row[4 * quad + 2] = silent if w2 < limit else kept
            of_row[4 * quad + 3] = silent if w3 < limit else kept
        if units > 4 * whole:
            words = _philox(np.uint64(whole), row, level, when, key)
            for lane in range(units - 4 * whole):
                of_row[4 * whole + lane] = silent if words[lane] < limit else kept


@inner
def mask_at(rate: float, seed: int, update: int, layer: int, row: int, unit: int) -> float:
    """(R1) Return one element of a mask, for sparse inputs."""
    words = _philox(
        np.uint64(unit // 4), np.uint64(row), np.uint64(layer), np.uint64(update) & _LOW, np.uint64(np.int64(seed))
    )
    return 0.0 if words[unit % 4] < np.uint64(round(rate * 4294967296.0)) else 1.0 / (1.0 - rate)


@inner
def times_into(A: Floats, mask: Floats) -> None:
    """Compute A ← A * mask, both flat."""
    for i in range(A.size):
        A[i] *= mask[i]


@inner
def unmask_into(out: Floats, A: Floats, rate: float) -> None:
    """Undo the mask's factor at kept units, because g' is computed from g(z); dropped units do not matter."""
    factor = A.dtype.type(1.0 - rate)
    for i in range(A.size):
        out[i] = A[i] * factor
