"""The public context in which fits spread the rows of one network over workers."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

from multilayer.engines.protocol import Objective
from multilayer.engines.sharded.actor_workers import ActorWorkers
from multilayer.engines.sharded.shards import divide_batch, ranges, shards_of
from multilayer.engines.sharded.tree import Node, complete_subtrees
from multilayer.engines.sharded.worker import PartialSum
from multilayer.engines.sharded.workers import ShardedTable, ShardWorkers, ThreadWorkers
from multilayer.engines.steps import Rows
from multilayer.exceptions import EngineError, ParameterError, unknown_name
from multilayer.network import Floats

BACKENDS = ("threads", "ray", "dask")


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


_active: Sharding | None = None


def active_sharding() -> Sharding | None:
    """Return the sharding of the innermost :func:`sharded_rows`, or None outside it."""
    return _active


@contextmanager
def sharded_rows(workers: int = 2, *, n_shards: int = 64, backend: str = "threads", threads: int = 1) -> Iterator[None]:
    """Within this block, train each network on rows that are spread over workers.

    The rows of a fit are divided into ``n_shards`` shards of consecutive rows, and each worker loads its shards once.
    For each update, a worker computes the gradient over the rows of the batch that it has, and the sums of the shards
    are added in a fixed order.  A result depends on ``n_shards``, but has the same bits for any number of workers, if
    they have the same type of processor and the same versions of the libraries.  It differs from the result without
    this context by rounding.

    This pays for wide layers and large batches only: each update waits for the slowest worker and sends all weights
    and a gradient of their size.  ``benchmarks/data_parallel.py`` measures and predicts the speed-up.

    Parameters
    ----------
    workers : int, default=2
        The number of workers, at most ``n_shards``.
    n_shards : int, default=64
        The number of shards.
    backend : {"threads", "ray", "dask"}, default="threads"
        Where the workers run: in threads of this process, as actors of the Ray cluster to which this process is
        connected (``ray.init`` with its default arguments is called if it is not connected), or as actors of the
        current Dask client.
    threads : int, default=1
        The number of threads of each worker.

    Yields
    ------
    None
        The workers end at the end of the block.

    Raises
    ------
    ParameterError
        For numbers that are not positive, more workers than shards, or an unknown backend.
    MissingExtraError
        If Ray or Dask is not installed.
    EngineError
        If the cluster has too few cores for the workers, or if workers are lost again and again.

    Notes
    -----
    The context applies to all estimators with one network, in all threads of this process, until the block ends.  Fits
    that other processes run, such as those of joblib's workers, are not affected.  Predictions run in this process.
    Dropout raises an error.  A worker that is lost is replaced, and its part of the update is repeated, with the same
    result.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> from multilayer.engines import sharded_rows
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((16,), max_iter=300, learning_rate_init=0.01, random_state=0)
    >>> with sharded_rows(workers=2):
    ...     network.fit(X, y)
    MLPClassifier(hidden_layer_sizes=(16,), learning_rate_init=0.01, max_iter=300,
                  random_state=0)
    >>> weights = network.parameters_
    >>> with sharded_rows(workers=3):
    ...     bool((network.fit(X, y).parameters_ == weights).all())
    True
    """
    global _active
    for name, value in (("workers", workers), ("n_shards", n_shards), ("threads", threads)):
        _check_positive(name, value)
    if workers > n_shards:
        raise ParameterError(
            f"workers must be at most n_shards={n_shards}, got {workers}. Use fewer workers or more shards."
        )
    started = _workers(backend, int(workers), int(threads))
    sharding = Sharding(started, int(n_shards))
    before, _active = _active, sharding
    try:
        yield
    finally:
        _active = before
        sharding.close()


def _check_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ParameterError(f"{name} must be a positive integer, got {value!r}.")


def _workers(backend: str, n_workers: int, n_threads: int) -> ShardWorkers:
    if backend == "threads":
        return ThreadWorkers(n_workers, n_threads)
    if backend == "ray":
        from multilayer.engines.sharded.ray_actors import RayActors

        return ActorWorkers(RayActors(n_workers, n_threads), n_workers, n_threads)
    if backend == "dask":
        from multilayer.engines.sharded.dask_actors import DaskActors

        return ActorWorkers(DaskActors(), n_workers, n_threads)
    raise unknown_name("backend", backend, BACKENDS)
