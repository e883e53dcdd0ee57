"""Copies of rows to blocks, row-major (rows, columns) or transposed (columns, rows), and back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import inlined, inner
from multilayer.engines.cpu.views import line, prefetch
from multilayer.network import Floats

# While a row of a table is copied, a row that is needed a little later is brought into the cache: the rows of a large
# table can be anywhere in memory, and the processor itself looks only a few rows ahead.
ROWS_AHEAD = 16
LINES = 4  # of a row; the processor itself fetches the rest
BYTES_OF_LINE = 64


@inlined
def fetch_ahead(source: Floats, order: NDArray[np.intp], place: int) -> None:
    """Begin to load the row that is gathered ``ROWS_AHEAD`` rows after the one at a place of the order."""
    if place + ROWS_AHEAD < len(order):
        n, step = source.shape[1], BYTES_OF_LINE // source.itemsize
        row = order[place + ROWS_AHEAD] * n
        for i in range(0, min(n + step - 1, LINES * step), step):
            prefetch(source, row + i)


@inner
def gather_into(out: Floats, source: Floats, order: NDArray[np.intp], first: int) -> None:
    for r in range(out.shape[0]):
        fetch_ahead(source, order, first + r)
        row = order[first + r] if len(order) > 0 else first + r
        for i in range(out.shape[1]):
            out[r, i] = source[row, i]


@inner
def gather_rows_into(out: Floats, source: Floats, order: NDArray[np.intp], first: int) -> None:
    """Rows of source at the beginning of the rows of out, which may be longer."""
    n, width = source.shape[1], out.shape[1]
    for r in range(out.shape[0]):
        row = order[first + r] if len(order) > 0 else first + r
        copy_into(line(out, r * width, n), line(source, row * n, n))


@inner
def gather_transposed_into(out: Floats, source: Floats, order: NDArray[np.intp], first: int, rows: int) -> None:
    """Copy rows of source to columns of out; set the remaining columns to 0."""
    n = out.shape[0]
    if len(order) > 0:
        for r in range(rows):
            fetch_ahead(source, order, first + r)
            row = order[first + r]
            for i in range(n):
                out[i, r] = source[row, i]
    else:
        for i in range(n):
            _take_every_into(line(out, i * out.shape[1], rows), line(source, first * n + i, rows * n), n)
    clear_padding(out, rows)


@inner
def _take_every_into(out: Floats, source: Floats, step: int) -> None:
    for r in range(out.size):
        out[r] = source[r * step]


@inner
def transpose_into(out: Floats, source: Floats) -> None:
    """Copy columns of source to rows of out, without the padding of source."""
    for r in range(out.shape[0]):
        for k in range(out.shape[1]):
            out[r, k] = source[k, r]


@inner
def clear_padding(out: Floats, rows: int) -> None:
    for i in range(out.shape[0]):
        for r in range(rows, out.shape[1]):
            out[i, r] = 0


@inner
def copy_into(out: Floats, source: Floats) -> None:
    for i in range(out.size):
        out[i] = source[i]


@inner
def add_into(out: Floats, other: Floats) -> None:
    for i in range(out.size):
        out[i] += other[i]


@inner
def add_slot_into(out: Floats, slot: Floats, keep: float) -> None:
    """Compute out ← keep out + slot, keep 0 or 1."""
    if keep == 0.0:  # the memory is uninitialised and may hold NaN
        copy_into(out, slot)
    else:
        add_into(out, slot)


@inner
def fill(out: Floats, number: float) -> None:
    value = out.dtype.type(number)
    for i in range(out.size):
        out[i] = value
