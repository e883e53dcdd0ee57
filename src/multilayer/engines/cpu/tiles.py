"""Products of a few units by a few inputs, over all rows of a block that lies on its side.

The loops of ``narrow.py`` are cut into tiles whose sizes are literal numbers: everything that a tile multiplies with
while it runs over the rows then stays in registers, and the loop does little else than multiply.  Without, each
multiplication loads its weight anew, and loads are what a core runs out of first.

A tile of the weighted sums has up to 3 units and 5 inputs (15 weights, 3 sums), one of the products up to 5 inputs and
3 units (15 sums, 3 sums of delta): each fits into the 32 registers of AVX-512.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.engines.cpu.compiling import belongs_to, inner
from multilayer.engines.cpu.vectors import (
    BYTES,
    add,
    add_outer,
    add_totals_into,
    add_weighted,
    gate,
    load,
    spread,
    store,
    zeros,
)
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


@inner
def weighted_sums_into(out: Floats, A: Floats, W: Floats, bias: Floats, a: Floats) -> None:
    """Forward, out ← bias + Wᵀ A; if the bias is empty, back, out ← W A.  out (n, rows), A (k, rows).

    W is (k, n) going forward, (n, k) going back.  Unless ``a``, (n rows,), is empty, each sum is multiplied by
    a (1 - a), the derivative of a sigmoid.
    """
    (n, rows), k = out.shape, A.shape[0]
    unit, step = (1, n) if bias.size > 0 else (k, 1)  # from one unit to the next in W, and from one input to the next
    j = 0
    while j < n:
        units = _units_of_piece(n - j)
        z, i = line(out, j * rows, units * rows), 0
        while i < k:
            inputs = _inputs_of_piece(k - i)
            w = line(W, j * unit + i * step, W.size)
            b = line(bias, j, units if i == 0 and bias.size > 0 else 0)
            g = line(a, j * rows, units * rows if i + inputs == k and a.size > 0 else 0)
            _tile_of_sums_into(units, inputs, z, line(A, i * rows, inputs * rows), rows, w, unit, step, b, g, i > 0)
            i += inputs
        j += units


@inner
def add_products_into(D: Floats, A: Floats, delta: Floats) -> None:
    """D[0] += Σ_r delta, D[1 + i] += Σ_r A[i] delta; D (k + 1, n), A (k, rows), delta (n, rows)."""
    k, (n, rows) = A.shape[0], delta.shape
    j = 0
    while j < n:
        units = _units_of_piece(n - j)
        d, i = line(delta, j * rows, units * rows), 0
        while i < k:
            inputs = _inputs_of_piece(k - i)
            products = line(D, (1 + i) * n + j, (inputs - 1) * n + units)
            sums = line(D, j, units if i == 0 else 0)
            _tile_of_products_into(units, inputs, products, n, sums, line(A, i * rows, inputs * rows), d, rows)
            i += inputs
        j += units


@inner
def _inputs_of_piece(left: int) -> int:
    """The size of the next tile: one of 1, 2, 3 and 5."""
    if left <= 3:
        return left
    return 2 if left == 4 else 3 if left == 6 else 5


@inner
def _units_of_piece(left: int) -> int:
    """The size of the next tile: 1, 2 or 3."""
    return 3 if left == 3 or left > 4 else min(left, 2)


def _sums(n: int, k: int) -> Callable[..., None]:
    """The weighted sums of n units over k inputs."""

    @inner
    @belongs_to(f"{n}-{k}")
    def sums_into(
        out: Floats, A: Floats, rows: int, W: Floats, unit: int, step: int, bias: Floats, a: Floats, goes_on: bool
    ) -> None:
        weights = spread(W, step, k, unit, n)
        start = spread(bias, 0, 1, 1, n) if bias.size > 0 else zeros(out, n)
        for c in range(0, rows, BYTES // out.itemsize):
            s = load(out, c, rows, n) if goes_on else start
            s = add_weighted(s, weights, A, c, rows)
            if a.size > 0:
                s = gate(s, load(a, c, rows, n))
            store(out, c, rows, s)

    return sums_into


def _products(n: int, k: int) -> Callable[..., None]:
    """The products of n units by k inputs, and the sums of the units if there is room for them."""
    n_sums = n * k

    @inner
    @belongs_to(f"{n}-{k}")
    def products_into(D: Floats, width: int, sums: Floats, A: Floats, delta: Floats, rows: int) -> None:
        s, t = zeros(D, n_sums), zeros(D, n)
        for c in range(0, rows, BYTES // D.itemsize):
            d = load(delta, c, rows, n)
            s = add_outer(s, A, c, rows, d)
            t = add(t, d)  # takes no time: additions have a unit of their own
        add_totals_into(D, width, n, s)
        if sums.size > 0:
            add_totals_into(sums, width, n, t)

    return products_into


def _of_any_size(make: Callable[[int, int], Callable[..., None]]) -> Callable[..., None]:
    """One function for the tiles of all sizes: (units, inputs, what the tile takes)."""
    one_1, one_2, one_3, one_5 = (make(1, k) for k in (1, 2, 3, 5))
    two_1, two_2, two_3, two_5 = (make(2, k) for k in (1, 2, 3, 5))
    three_1, three_2, three_3, three_5 = (make(3, k) for k in (1, 2, 3, 5))

    @inner
    @belongs_to(make.__name__)
    def of_any_size(units: int, inputs: int, *arguments: Any) -> None:
        if units == 1:
            if inputs == 1:
                one_1(*arguments)
            elif inputs == 2:
                one_2(*arguments)
            elif inputs == 3:
                one_3(*arguments)
            else:
                one_5(*arguments)
        elif units == 2:
            if inputs == 1:
                two_1(*arguments)
            elif inputs == 2:
                two_2(*arguments)
            elif inputs == 3:
                two_3(*arguments)
            else:
                two_5(*arguments)
        elif inputs == 1:
            three_1(*arguments)
        elif inputs == 2:
            three_2(*arguments)
        elif inputs == 3:
            three_3(*arguments)
        else:
            three_5(*arguments)

    return of_any_size


_tile_of_sums_into = _of_any_size(_sums)
_tile_of_products_into = _of_any_size(_products)
