"""Groups of workers: the protocol, and workers that are threads of this process."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from multilayer.engines.sharded.shards import BatchPart, Shard
from multilayer.engines.sharded.worker import PartialSum, ShardWorker
from multilayer.network import Floats, Network


@dataclass(frozen=True, eq=False)
class ShardedTable:
    """The shards of an objective, and how their parts of the gradient are computed."""

    number: int
    engine: str
    network: Network
    shards: tuple[Shard, ...]
    workers: tuple[tuple[int, int], ...]  # the range of shards of each worker


class ShardWorkers(Protocol):
    """A group of :class:`ShardWorker`, which its driver calls from one thread at a time."""

    n_workers: int

    def load(self, table: ShardedTable) -> None:
        """Load to each worker its shards, once.

        Parameters
        ----------
        table : ShardedTable
            The shards.
        """

    def partial_sums(self, table: int, parameters: Floats, parts: Sequence[BatchPart]) -> list[list[PartialSum | None]]:
        """Return the partial sums of all workers for one batch.

        Parameters
        ----------
        table : int
            The number of the table.
        parameters : array of shape (P,)
            The parameter vector.
        parts : sequence of BatchPart
            The rows of each worker.

        Returns
        -------
        list of lists
            For each worker the results of :meth:`ShardWorker.partial_sums`.
        """

    def release(self, table: int) -> None:
        """Release the shards of a table.

        Parameters
        ----------
        table : int
            Its number.
        """

    def close(self) -> None:
        """End the workers."""


class ThreadWorkers(ShardWorkers):
    """Workers that are threads of this process; shards are views of the caller's arrays.

    Parameters
    ----------
    n_workers : int
        The number of workers.
    n_threads : int
        The number of threads that each may use.
    """

    def __init__(self, n_workers: int, n_threads: int) -> None:
        self.n_workers = n_workers
        self._workers = [ShardWorker(n_threads) for _ in range(n_workers)]
        self._pool = ThreadPoolExecutor(n_workers, thread_name_prefix="multilayer-shards")

    def load(self, table: ShardedTable) -> None:
        for worker, (first, stop) in zip(self._workers, table.workers, strict=True):
            worker.load(table.number, table.engine, table.network, first, *table.shards[first:stop])

    def partial_sums(self, table: int, parameters: Floats, parts: Sequence[BatchPart]) -> list[list[PartialSum | None]]:
        calls = [
            self._pool.submit(worker.partial_sums, table, parameters, part)
            for worker, part in zip(self._workers, parts, strict=True)
        ]
        return [call.result() for call in calls]

    def release(self, table: int) -> None:
        for worker in self._workers:
            worker.release(table)

    def close(self) -> None:
        self._pool.shutdown()
