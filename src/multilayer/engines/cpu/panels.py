"""Products of rows by weights for predictions, in which no sum depends on the other rows.

The order in which BLAS sums a product depends on the number of rows and on the position of a row among them.  Here
each sum starts with the bias and adds input by input, each by one multiply-add, in tiles of ``ROWS`` rows by one or two
vectors of units.  All tiles of one kind run the same instructions, so a row has the same sums in any of them.

The biases and weights of a layer are one matrix in the parameter vector, (1 + k, n).  A tile reads a panel, which is
some of its columns.  If there are many rows, each panel is first copied into contiguous memory: the rows of a wide
matrix are so far apart that the cache holds few of them.  The last panel ends with the matrix and may overlap the one
before, so some columns are computed twice.  Layers with fewer units than a vector has numbers are always copied, and
padded with zeros.
"""

from __future__ import annotations

from collections.abc import Callable

from multilayer.engines.cpu.blocks import copy_into
from multilayer.engines.cpu.compiling import COMPILED, belongs_to, has_wide_registers, inlined, inner
from multilayer.engines.cpu.vectors import BYTES, add_outer, load, spread, store
from multilayer.engines.cpu.views import line
from multilayer.network import Floats

#: Rows of a tile.  With two vectors of units their sums take 24 of AVX-512's 32 registers, and 12 of AVX2's 16.
ROWS = 1 if not COMPILED else 12 if has_wide_registers() else 6
# Inputs that a tile sums before the next tile starts: a piece of a panel that stays in the first-level cache.
DEPTH = 256


def panels_size(k: int, n: int, itemsize: int) -> int:
    """Return the size of the panels of a layer of n units with k inputs."""
    lanes, columns, j = BYTES // itemsize, 0, 0
    while j < n:
        width = panel_width(n, j, lanes)
        columns, j = columns + width, j + width
    return (k + 1) * columns


@inner
def panel_width(n: int, j: int, lanes: int) -> int:
    """Return the number of columns of the panel that starts at unit j."""
    return 2 * lanes if n - j > lanes and n >= 2 * lanes else lanes


@inner
def copy_panels_into(panels: Floats, layer: Floats, n: int) -> None:
    """Copy a layer's biases and weights, (1 + k, n), panel by panel."""
    lanes, k, place, j = BYTES // layer.itemsize, layer.size // n - 1, 0, 0
    while j < n:
        width = panel_width(n, j, lanes)
        start, filled = max(min(j, n - width), 0), min(width, n)
        for i in range(k + 1):
            copy_into(line(panels, place, filled), line(layer, i * n + start, filled))
            for c in range(filled, width):
                panels[place + c] = 0
            place += width
        j += width


def _products_in_python(Z: Floats, A: Floats, layer: Floats, n: int, panels: Floats) -> None:  # noqa: ARG001 not used here
    """Compute the same sums in the same order, for all rows at once, for runs without a compiler."""
    weights, sums = layer.reshape(-1, n), Z[: len(A) * n].reshape(-1, n)
    sums[...] = weights[0]
    for i in range(A.shape[1]):
        sums += A[:, i : i + 1] * weights[1 + i]


@inner
def _products_in_panels(Z: Floats, A: Floats, layer: Floats, n: int, panels: Floats) -> None:
    """Compute Z ← bias + A W for A (rows, k), rows a multiple of ROWS, and a layer's biases and weights, (1 + k, n).

    Z has (rows, n) elements and one vector more, which is overwritten.  ``panels`` is empty if the layer is read in
    place.
    """
    lanes, k, place, j = BYTES // Z.itemsize, A.shape[1], 0, 0
    while j < n:
        width = panel_width(n, j, lanes)
        start = max(min(j, n - width), 0)
        is_copied = panels.size > 0
        panel = line(panels, place, (k + 1) * width) if is_copied else line(layer, start, layer.size - start)
        z = line(Z, start, Z.size - start)
        if width > lanes:
            _panel_of_2(z, n, A, panel, width if is_copied else n)
        else:
            _panel_of_1(z, n, A, panel, width if is_copied else n)
        place, j = place + (k + 1) * width, j + width


def _panel(vectors: int) -> Callable[..., None]:
    """Return a function that computes the sums of one panel, as wide as the given number of vectors, for all rows."""

    @inlined
    @belongs_to(f"{vectors}")
    def panel_into(Z: Floats, n: int, A: Floats, panel: Floats, step: int) -> None:
        (rows, k), lanes = A.shape, BYTES // A.itemsize
        for first in range(0, k, DEPTH):
            depth = min(k - first, DEPTH)
            for r in range(0, rows, ROWS):
                start, at, row = (panel, 0, 0) if first == 0 else (Z, r * n, n)
                s = load(start, at, row, ROWS, lanes, vectors)
                for i in range(first, first + depth):
                    weights = load(panel, (i + 1) * step, 0, 1, lanes, vectors)
                    s = add_outer(s, spread(A, r * k + i, k, ROWS), weights)
                # In layers narrower than a vector, the next row overwrites the padding of this row.
                store(Z, r * n, n, lanes, vectors, s)

    return panel_into


_panel_of_1, _panel_of_2 = _panel(1), _panel(2)
products_into = _products_in_panels if COMPILED else _products_in_python
