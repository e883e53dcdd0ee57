"""Products of small networks for training, in register tiles instead of BLAS.

Without AVX-512, OpenBLAS packs both matrices of every product, which takes up to half of the time for layers of a
hundred units.  Here the weights stay in the panels of ``panels.py`` from update to update, once for forward propagation
and once transposed for delta, and each update writes its own part of them.  A tile has ``ROWS`` rows by one or two
vectors of columns.  The last tile ends with the matrix and may overlap the one before; fewer rows than a tile has are
computed one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multilayer.engines.cpu.compiling import belongs_to, inlined, inner
from multilayer.engines.cpu.panels import ROWS, panel_width
from multilayer.engines.cpu.vectors import BYTES, add_outer, load, spread, store, zeros
from multilayer.engines.cpu.views import line
from multilayer.network import Floats


@inner
def panels_into(panels: Floats, height: int, layer: Floats, n: int, first: int, rows: int) -> None:
    """Copy rows of a matrix with n columns to panels of ``height`` rows, from their row ``first`` on."""
    lanes, place, j = BYTES // layer.itemsize, 0, 0
    while j < n:
        width = panel_width(n, j, lanes)
        start, filled = max(min(j, n - width), 0), min(width, n)
        for i in range(rows):
            out = line(panels, place + (first + i) * width, filled)
            row = line(layer, i * n + start, filled)
            for c in range(filled):
                out[c] = row[c]
        place += height * width
        j += width


@inner
def transposed_panels_into(panels: Floats, layer: Floats, n: int, columns: int, first: int, rows: int) -> None:
    """Copy rows of a matrix with n columns to panels, as columns from ``first`` on, below the panels' first row."""
    lanes, place, j = BYTES // layer.itemsize, 0, 0
    while j < columns:
        width = panel_width(columns, j, lanes)
        start = max(min(j, columns - width), 0)
        begin, end = max(start, first), min(start + width, first + rows)
        for u in range(n):
            out = line(panels, place + (1 + u) * width, width)
            for i in range(begin, end):
                out[i - start] = layer[(i - first) * n + u]
        place += (1 + n) * width
        j += width


@inner
def affine_into(Z: Floats, A: Floats, panels: Floats, n: int) -> None:
    """Compute Z ← bias + A W for A (rows, k), with bias and W, (1 + k, n), in panels.

    Z has (rows, n) elements and, if n is less than a vector, one vector more, which is overwritten.
    """
    lanes, k, place, j = BYTES // Z.itemsize, A.shape[1], 0, 0
    while j < n:
        width = panel_width(n, j, lanes)
        start = max(min(j, n - width), 0)
        panel, z = line(panels, place, (k + 1) * width), line(Z, start, Z.size - start)
        if width > lanes:
            _affine_of_2(z, n, A, panel)
        else:
            _affine_of_1(z, n, A, panel)
        place, j = place + (k + 1) * width, j + width


@inner
def sum_products_into(D: Floats, A: Floats, i: int, delta: Floats) -> None:
    """Compute D ← A'ᵀ delta for D (m, n) and delta (rows, n), where A' are the columns from i on of A.

    A row of delta is at least as long as a vector.
    """
    n, lanes, j = D.shape[1], BYTES // D.itemsize, 0
    while j < n:
        width = panel_width(n, j, lanes)
        start = max(min(j, n - width), 0)
        if width > lanes:
            _products_of_2(D, A, i, delta, start)
        else:
            _products_of_1(D, A, i, delta, start)
        j += width


def _affine(vectors: int) -> Callable[..., None]:
    """Return a function that computes the columns of one panel, as wide as the given number of vectors."""

    @inlined
    @belongs_to(f"{vectors}")
    def affine_panel_into(Z: Floats, n: int, A: Floats, panel: Floats) -> None:
        (rows, k), lanes = A.shape, BYTES // A.itemsize
        width, whole = vectors * lanes, rows if rows >= ROWS else 0
        for first in range(0, whole, ROWS):
            r = min(first, rows - ROWS)
            s: Any = load(panel, 0, 0, ROWS, lanes, vectors)
            for i in range(k):
                weights = load(panel, (i + 1) * width, 0, 1, lanes, vectors)
                s = add_outer(s, spread(A, r * k + i, k, ROWS), weights)
            # In layers narrower than a vector, the next row overwrites the padding of this row.
            store(Z, r * n, n, lanes, vectors, s)
        for r in range(whole, rows):
            one: Any = load(panel, 0, 0, 1, lanes, vectors)
            for i in range(k):
                weights = load(panel, (i + 1) * width, 0, 1, lanes, vectors)
                one = add_outer(one, spread(A, r * k + i, k, 1), weights)
            store(Z, r * n, n, lanes, vectors, one)

    return affine_panel_into


def _products(vectors: int) -> Callable[..., None]:
    """Return a function that computes the columns of D from ``start`` on, as wide as the given number of vectors."""
    tile = ROWS * vectors

    @inlined
    @belongs_to(f"{vectors}")
    def products_into(D: Floats, A: Floats, i: int, delta: Floats, start: int) -> None:
        (m, n), (rows, k), lanes = D.shape, A.shape, BYTES // A.itemsize
        whole = m if m >= ROWS else 0
        for first in range(0, whole, ROWS):
            c = min(first, m - ROWS)
            s: Any = zeros(D, tile)
            for r in range(rows):
                s = add_outer(s, spread(A, r * k + i + c, 1, ROWS), load(delta, r * n + start, 0, 1, lanes, vectors))
            store(D, c * n + start, n, lanes, vectors, s)
        for c in range(whole, m):
            one: Any = zeros(D, vectors)
            for r in range(rows):
                one = add_outer(one, spread(A, r * k + i + c, 1, 1), load(delta, r * n + start, 0, 1, lanes, vectors))
            store(D, c * n + start, n, lanes, vectors, one)

    return products_into


_affine_of_1, _affine_of_2 = _affine(1), _affine(2)
_products_of_1, _products_of_2 = _products(1), _products(2)
