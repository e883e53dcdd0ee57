"""Advice on columns of X and targets that are far from unit scale.

Starting weights suit inputs of mean 0 and deviation 1, outputs start near 0, and a step of Adam changes a weight by at
most ``learning_rate_init``.  Therefore the following are far from unit scale:

- a column of X or a target whose mean or standard deviation is above 10 in absolute value,
- an X of which no column has a root mean square above 0.01,
- targets whose standard deviation is below 0.01, because their cost is below ``tol``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from multilayer.engines import Objective
from multilayer.training.batching import RowNumbers

LARGE, SMALL = 10.0, 0.01
NUMBERS = 1 << 22  # numbers in a block
SCALES_TARGETS = ("identity", "increasing")  # outputs that support standardize_targets

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ScaleAdvice:
    """What is far from unit scale, and what to do; empty if nothing is."""

    text: str = ""  # a sentence for y and one for X
    summary: str = ""  # the same without numbers, for many fits


def scale_advice(
    objective: Objective, rows: RowNumbers | None, names: Sequence[str] | None = None, most_rows: int | None = None
) -> ScaleAdvice:
    """Return advice on what is far from unit scale, from at most ``most_rows`` evenly spaced training rows."""
    rows = spread(rows, objective.X.shape[0], most_rows)
    found: list[str] = []
    summary: list[str] = []
    if objective.network.output in SCALES_TARGETS:
        mean, deviation = _moments(objective.Y, rows)
        far = _is_large(mean, deviation) | ((deviation > 0) & (deviation < SMALL))
        if far.any():
            k = int(far.argmax())
            what = "y" if len(far) == 1 else f"Column {k} of y"
            found.append(_sentence(what, mean[k], deviation[k], "set standardize_targets=True"))
            summary.append("y is far from unit scale: set standardize_targets=True.")
    mean, deviation = _moments(objective.X, rows)
    far = _is_large(mean, deviation)
    advice = "put a StandardScaler before the network"
    if far.any():
        column = int((np.abs(mean) + deviation).argmax())
        name = repr(str(names[column])) if names is not None else str(column)
        more = f", the furthest of {int(far.sum())} such columns" if far.sum() > 1 else ""
        found.append(_sentence(f"Column {name} of X", mean[column], deviation[column], advice, more))
        summary.append(f"Columns of X are far from unit scale: {advice}.")
    elif 0 < (largest := float(np.hypot(mean, deviation).max())) < SMALL:
        found.append(f"X is far from unit scale (no column has a root mean square above {largest:.3g}): {advice}.")
        summary.append(f"X is far from unit scale: {advice}.")
    return ScaleAdvice(" ".join(found), " ".join(summary))


def _sentence(what: str, mean: float, deviation: float, advice: str, more: str = "") -> str:
    return f"{what} is far from unit scale (mean {mean:.3g}, standard deviation {deviation:.3g}{more}): {advice}."


def _is_large(mean: Array, deviation: Array) -> NDArray[np.bool_]:
    return (np.abs(mean) > LARGE) | (deviation > LARGE)


def spread(rows: RowNumbers | None, n: int, most: int | None) -> RowNumbers | None:
    """Return at most ``most`` evenly spaced rows; None for all."""
    n = n if rows is None else len(rows)
    if most is None or n <= most:
        return rows
    places = np.arange(most, dtype=np.intp) * n // most
    return places if rows is None else rows[places]


def _moments(table: Any, rows: RowNumbers | None) -> tuple[Array, Array]:
    """Return mean and standard deviation of each column over some rows, in float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (
            _sparse_moments(table if rows is None else table[rows]) if issparse(table) else _dense_moments(table, rows)
        )


def _dense_moments(table: Any, rows: RowNumbers | None) -> tuple[Array, Array]:
    m = table.shape[0] if rows is None else len(rows)
    step = max(1, NUMBERS // table.shape[1])
    blocks = [slice(i, i + step) for i in range(0, m, step)]
    mean = sum(_block(table, rows, block).sum(axis=0) for block in blocks) / m
    squares = sum(((_block(table, rows, block) - mean) ** 2).sum(axis=0) for block in blocks)
    return mean, np.sqrt(squares / m)


def _block(table: Any, rows: RowNumbers | None, block: slice) -> Array:
    part: Array = table[block] if rows is None else table[rows[block]]
    return part.astype(np.float64, copy=False)


def _sparse_moments(table: Any) -> tuple[Array, Array]:
    """Return the moments of a canonical CSR matrix, without dense columns."""
    m, n_columns = table.shape
    blocks = [slice(i, i + NUMBERS) for i in range(0, max(len(table.data), 1), NUMBERS)]

    def sums(of: Callable[[slice], Array]) -> Array:
        total = np.zeros(n_columns)
        for block in blocks:
            total += np.bincount(table.indices[block], of(block), minlength=n_columns)
        return total

    mean = sums(lambda block: table.data[block]) / m
    n_zeros = m - sums(lambda block: np.ones(len(table.data[block])))
    squares = sums(lambda block: (table.data[block] - mean[table.indices[block]]) ** 2)
    return mean, np.sqrt((squares + n_zeros * mean**2) / m)
