"""The workers of a context: what each loads, and the sums that they return."""

from __future__ import annotations

import itertools
import threading
from collections import deque

from multilayer.engines.protocol import Objective
from multilayer.engines.sharded.shards import divide_batch, ranges, shards_of
from multilayer.engines.sharded.tree import Node, complete_subtrees
from multilayer.engines.sharded.worker import PartialSum
from multilayer.engines.sharded.workers import ShardedTable, ShardWorkers
from multilayer.engines.steps import Rows
from multilayer.exceptions import EngineError
from multilayer.network import Floats


class Sharding:
    """The workers of a context, which the engines of all fits within it share.

    Parameters
    ----------
    workers : ShardWorkers
        The workers.
    n_shards : int
        The number of shards into which the rows of each fit are divided.
    """

    def __init__(self, workers: ShardWorkers, n_shards: int) -> None:
        self.workers, self.n_shards = workers, n_shards
        self.lock = threading.Lock()
        self.abandoned: deque[int] = deque()  # tables of engines that no longer exist
        self._is_closed = False
        self._ranges = ranges(n_shards, workers.n_workers)
        self._numbers = itertools.count()

    def load(self, objective: Objective, engine: str) -> int:
        """Load the rows of an objective to the workers and return the number of its table."""
        self._check_open()
        while self.abandoned:
            self.release(self.abandoned.popleft())
        shards = tuple(shards_of(objective, self.n_shards))
        number = next(self._numbers)
        self.workers.load(ShardedTable(number, engine, objective.network, shards, tuple(self._ranges)))
        return number

    def release(self, table: int) -> None:
        """Release a table; again without effect."""
        self.workers.release(table)

    def partial_sums(
        self, table: int, parameters: Floats, rows: Rows | None, n_rows: int
    ) -> dict[Node, PartialSum | None]:
        """Return the sums over a batch of the maximal complete subtrees of all workers.

        ``n_rows`` is the number of rows of the table; ``rows`` those of the batch, None for all.
        """
        self._check_open()
        parts = divide_batch(rows, n_rows, self.n_shards, self._ranges)
        found = self.workers.partial_sums(table, parameters, parts)
        nodes = [node for first, stop in self._ranges for node in complete_subtrees(first, stop)]
        return dict(zip(nodes, itertools.chain.from_iterable(found), strict=True))

    def close(self) -> None:
        """End the workers, after the current update of another thread."""
        with self.lock:
            self._is_closed = True
            self.workers.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise EngineError(
                "the workers have ended with the block of sharded_rows. Train within the block, or begin a new fit "
                "outside it."
            )
