"""The public context in which fits spread the rows of one network over workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

from multilayer.engines.choice import driven_by
from multilayer.engines.sharded.actor_workers import ActorWorkers
from multilayer.engines.sharded.engine import ShardedEngine
from multilayer.engines.sharded.sharding import Sharding
from multilayer.engines.sharded.workers import ShardWorkers, ThreadWorkers
from multilayer.exceptions import ParameterError, unknown_name

BACKENDS = ("threads", "ray", "dask")


@contextmanager
def sharded_rows(workers: int = 2, *, n_shards: int = 64, backend: str = "threads", threads: int = 1) -> Iterator[None]:
    """Within this block, train each network on rows that are spread over workers.

    The rows of a fit are divided into ``n_shards`` shards of consecutive rows, and each worker loads its shards once.
    For each update, a worker computes the gradient over the rows of the batch that it has, and the sums of the shards
    are added in a fixed order.  A result depends on ``n_shards``, but has the same bits for any number of workers, if
    they have the same type of processor and the same versions of the libraries.  It differs from the result without
    this context by rounding.

    This pays for large batches only, and more for wide layers than for narrow ones: each update waits for the slowest
    worker, and sends all weights to each worker and a gradient back.  ``benchmarks/data_parallel.py`` measures and
    predicts the speed-up.

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
    The context applies to all networks that this process trains until the block ends, in all of its threads; blocks may
    contain each other.  Networks that are trained at the same time share the workers, which compute one update at a
    time.  Fits that other processes run, such as those of joblib's workers, are not affected.  Predictions, and the
    validation rows, are computed in this process.

    Dropout raises an error, because the units that it drops depend on the place of a row in its batch.

    A Ray or Dask worker that is lost is replaced: the new one loads the same shards and repeats the lost one's part of
    the update, with the same result.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> from multilayer.engines import sharded_rows
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> network = MLPClassifier((16,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> with sharded_rows(workers=2):
    ...     weights = network.fit(X, y).parameters_
    >>> with sharded_rows(workers=3):
    ...     bool((network.fit(X, y).parameters_ == weights).all())
    True
    """
    for name, value in (("workers", workers), ("n_shards", n_shards), ("threads", threads)):
        _check_positive(name, value)
    if workers > n_shards:
        raise ParameterError(
            f"workers must be at most n_shards={n_shards}, got {workers}. Use fewer workers or more shards."
        )
    started = _workers(backend, int(workers), int(threads))
    sharding = Sharding(started, int(n_shards))
    try:
        with driven_by(lambda engine: ShardedEngine(engine, sharding)):
            yield
    finally:
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
