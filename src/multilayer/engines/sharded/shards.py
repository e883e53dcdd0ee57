"""The division of rows into shards, of shards among workers, and of a batch into the rows of each shard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.engines.protocol import Objective
from multilayer.engines.steps import Rows
from multilayer.network import Floats


@dataclass(frozen=True, eq=False)
class Shard:
    """Consecutive rows of an objective."""

    X: Any  # array or CSR matrix
    Y: Floats
    sample_weight: Floats | None


@dataclass(frozen=True, eq=False)
class BatchPart:
    """The rows of a batch that belong to the shards of one worker.

    ``rows`` are row numbers within the shards, shard after shard; those of shard i of the worker end at ``stops[i]``.
    None stands for all rows.
    """

    rows: NDArray[np.intp] | None = None
    stops: NDArray[np.intp] | None = None

    def of_shard(self, i: int) -> Rows:
        """Return the rows of the shard number i of the worker."""
        if self.rows is None or self.stops is None:
            return slice(None)
        return self.rows[self.stops[i - 1] if i else 0 : self.stops[i]]


def ranges(n: int, n_parts: int) -> list[tuple[int, int]]:
    """Divide n things into parts of consecutive ones whose sizes differ by at most one.

    Examples
    --------
    >>> ranges(5, 2)
    [(0, 2), (2, 5)]
    """
    return [(i * n // n_parts, (i + 1) * n // n_parts) for i in range(n_parts)]


def shards_of(objective: Objective, n_shards: int) -> Iterator[Shard]:
    """Yield the shards of an objective; those of an array are views."""
    weight = objective.sample_weight
    for start, stop in ranges(objective.X.shape[0], n_shards):
        rows = slice(start, stop)
        yield Shard(objective.X[rows], objective.Y[rows], None if weight is None else weight[rows])


def divide_batch(rows: Rows | None, n_rows: int, n_shards: int, workers: Sequence[tuple[int, int]]) -> list[BatchPart]:
    """Divide a batch among the workers.

    Parameters
    ----------
    rows : slice, array of intp or None
        The rows of the batch; None for all.
    n_rows : int
        The number of rows of the objective.
    n_shards : int
        The number of shards.
    workers : sequence of (int, int)
        The range of shards of each worker.

    Returns
    -------
    list of BatchPart
        The part of each worker.  Rows of a shard keep their order in the batch.
    """
    if rows is None:
        return [BatchPart() for _ in workers]
    numbers = np.arange(*rows.indices(n_rows)) if isinstance(rows, slice) else rows
    firsts = np.array([start for start, _ in ranges(n_rows, n_shards)], dtype=np.intp)
    # The last shard i whose first row, i n_rows // n_shards, is not after the row; small integers are sorted faster.
    shards = (((numbers + 1) * n_shards - 1) // n_rows).astype(np.min_scalar_type(n_shards))
    in_order = np.argsort(shards, kind="stable")
    shards = shards[in_order]
    local = (numbers[in_order] - firsts[shards]).astype(np.intp, copy=False)
    stops = np.cumsum(np.bincount(shards, minlength=n_shards))
    parts = []
    for first, stop in workers:
        begin = stops[first - 1] if first else 0
        parts.append(BatchPart(local[begin : stops[stop - 1]], (stops[first:stop] - begin).astype(np.intp)))
    return parts
