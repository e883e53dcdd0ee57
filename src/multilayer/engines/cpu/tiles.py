"""Products of a few units by a few inputs, over all rows of a transposed block.

Both products are split into tiles whose numbers of units (and inputs) are literals, so that the sums of a tile stay in
registers.  A tile of weighted sums has up to five units and runs over their inputs, one strip of rows after another;
each strip of an input is loaded once for all units of the tile.  A tile of products, of up to three inputs by three
units, runs over the rows.  Its sums are vectors with a partial sum in each lane, which are added up at the end of the
batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.engines.cpu.compiling import belongs_to, inlined, inner
from multilayer.engines.cpu.vectors import (
    BYTES,
    STRIP,
    add_outer,
    add_scaled,
    gate,
    load,
    load_strips,
    spread_strips,
    store,
    store_strips,
    zero_strips,
    zeros,
)
from multilayer.engines.cpu.views import line
from multilayer.network import Floats

MOST_UNITS = 5


@inner
def weighted_sums_into(out: Floats, A: Floats, W: Floats, bias: Floats, a: Floats) -> None:
    """Compute out ← bias + Wᵀ A (forward) or, if the bias is empty, out ← W A (backward); out (n, rows), A (k, rows).

    W is (k, n) forward and (n, k) backward.  Unless ``a``, (n rows,), is empty, each sum is multiplied by
    a (1 - a), the derivative of a sigmoid; ``a`` and ``out`` may be the same memory.
    """
    (n, rows), k = out.shape, A.shape[0]
    unit = 1 if bias.size > 0 else k  # stride between units in W
    for j in range(0, n, MOST_UNITS):
        units = min(n - j, MOST_UNITS)
        z, w = line(out, j * rows, units * rows), line(W, j * unit, W.size - j * unit)
        b = line(bias, j, units if bias.size > 0 else 0)
        g = line(a, j * rows, units * rows if a.size > 0 else 0)
        if units == 5:
            _sums_of_5(z, A, w, n, b, g)
        elif units == 4:
            _sums_of_4(z, A, w, n, b, g)
        elif units == 3:
            _sums_of_3(z, A, w, n, b, g)
        elif units == 2:
            _sums_of_2(z, A, w, n, b, g)
        else:
            _sums_of_1(z, A, w, n, b, g)


@inner
def sum_products_into(sums: Floats, A: Floats, delta: Floats) -> None:
    """Compute ``sums[i, j]`` ← A[i] delta[j], for A (k, rows) and delta (n, rows); each sum is a vector."""
    k, n = A.shape[0], delta.shape[0]
    for j in range(0, n, 3):
        units = min(n - j, 3)
        for i in range(0, k, 3):
            inputs = min(k - i, 3)
            if units == 3:
                if inputs == 3:
                    _products_of_3_3(sums, A, i, delta, j)
                elif inputs == 2:
                    _products_of_2_3(sums, A, i, delta, j)
                else:
                    _products_of_1_3(sums, A, i, delta, j)
            elif units == 2:
                if inputs == 3:
                    _products_of_3_2(sums, A, i, delta, j)
                elif inputs == 2:
                    _products_of_2_2(sums, A, i, delta, j)
                else:
                    _products_of_1_2(sums, A, i, delta, j)
            elif inputs == 3:
                _products_of_3_1(sums, A, i, delta, j)
            elif inputs == 2:
                _products_of_2_1(sums, A, i, delta, j)
            else:
                _products_of_1_1(sums, A, i, delta, j)


def _sums(n: int) -> Callable[..., None]:
    """Return a function that computes the weighted sums of n units."""

    @inlined
    @belongs_to(f"{n}")
    def sums_into(out: Floats, A: Floats, W: Floats, all_units: int, bias: Floats, a: Floats) -> None:
        k, rows = A.shape
        unit, step = (1, all_units) if bias.size > 0 else (k, 1)  # strides between units, and between inputs, in W
        for c in range(0, rows, STRIP):
            s = spread_strips(bias, 0, 1, n) if bias.size > 0 else zero_strips(out, n)
            for i in range(k):
                s = add_scaled(s, A, i * rows + c, W, i * step, unit)
            if a.size > 0:
                s = gate(s, load_strips(a, c, rows, n))
            store_strips(out, c, rows, s)

    return sums_into


def _products(k: int, n: int) -> Callable[..., None]:
    """Return a function that sums the products of inputs i .. i + k - 1 by units j .. j + n - 1."""
    tile = k * n

    @inlined
    @belongs_to(f"{k}-{n}")
    def products_into(sums: Floats, A: Floats, i: int, delta: Floats, j: int) -> None:
        lanes, rows = BYTES // A.itemsize, A.shape[1]
        first, row = (i * delta.shape[0] + j) * lanes, delta.shape[0] * lanes
        s: Any = zeros(sums, tile)
        for c in range(0, rows, lanes):
            s = add_outer(s, load(A, i * rows + c, rows, k, 0, 1), load(delta, j * rows + c, rows, n, 0, 1))
        store(sums, first, row, lanes, n, s)

    return products_into


_sums_of_1, _sums_of_2, _sums_of_3, _sums_of_4, _sums_of_5 = (_sums(n) for n in range(1, MOST_UNITS + 1))
_products_of_1_1, _products_of_1_2, _products_of_1_3 = (_products(1, n) for n in (1, 2, 3))
_products_of_2_1, _products_of_2_2, _products_of_2_3 = (_products(2, n) for n in (1, 2, 3))
_products_of_3_1, _products_of_3_2, _products_of_3_3 = (_products(3, n) for n in (1, 2, 3))
