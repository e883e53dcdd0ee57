"""Workers that are actors of a cluster: loaded once, and replaced when they are lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from multilayer.engines.sharded.shards import BatchPart
from multilayer.engines.sharded.worker import PartialSum
from multilayer.engines.sharded.workers import ShardedTable, ShardWorkers
from multilayer.exceptions import EngineError
from multilayer.network import Floats

# The number of times that a worker is replaced for one call.
MAX_LOSSES = 3


class WorkerLostError(Exception):
    """The process of an actor has ended, or cannot be reached."""


class Actors(Protocol):
    """Actors of a cluster that are :class:`ShardWorker` in other processes."""

    def put(self, value: Any) -> Any:
        """Return what several calls may receive in place of a value, which then travels once to each machine."""

    def start(self, number: int, n_threads: int) -> Any:
        """Start an actor for the worker of this number."""

    def call(self, actor: Any, method: str, *arguments: Any) -> Any:
        """Begin a call of a method of :class:`ShardWorker`."""

    def result(self, call: Any) -> Any:
        """Return the result of a call, or raise the error of the method, or WorkerLostError."""

    def stop(self, actor: Any) -> None:
        """End an actor, which may be lost already."""


class ActorWorkers(ShardWorkers):
    """Workers that are actors.

    An actor that is lost is replaced by a new one, which loads the same shards; then its call is repeated.

    Parameters
    ----------
    actors : Actors
        The cluster.
    n_workers : int
        The number of workers.
    n_threads : int
        The number of threads of each.
    """

    def __init__(self, actors: Actors, n_workers: int, n_threads: int) -> None:
        self.n_workers, self._n_threads, self._actors = n_workers, n_threads, actors
        # The arguments of load for each worker of each table, after the number of the table.
        self._tables: dict[int, list[tuple[Any, ...]]] = {}
        self.workers = [actors.start(number, n_threads) for number in range(n_workers)]

    def load(self, table: ShardedTable) -> None:
        shards = [self._actors.put(shard) for shard in table.shards]
        self._tables[table.number] = [
            (table.engine, table.network, first, *shards[first:stop]) for first, stop in table.workers
        ]
        self._on_all(lambda worker: self._load(worker, table.number))

    def partial_sums(self, table: int, parameters: Floats, parts: Sequence[BatchPart]) -> list[list[PartialSum | None]]:
        sent = self._actors.put(parameters)
        return self._on_all(lambda worker: self._call(worker, "partial_sums", table, sent, parts[worker]))

    def release(self, table: int) -> None:
        if self._tables.pop(table, None) is not None:
            self._on_all(lambda worker: self._call(worker, "release", table))

    def close(self) -> None:
        for worker in self.workers:
            self._actors.stop(worker)
        self._tables.clear()

    def _call(self, worker: int, method: str, *arguments: Any) -> Any:
        return self._actors.call(self.workers[worker], method, *arguments)

    def _load(self, worker: int, table: int) -> Any:
        return self._call(worker, "load", table, *self._tables[table][worker])

    def _on_all(self, begin: Callable[[int], Any]) -> list[Any]:
        """Return the results of a call by each worker; the calls run at the same time."""
        begun: list[Any] = []
        for worker in range(self.n_workers):
            try:
                begun.append(begin(worker))
            except WorkerLostError:
                begun.append(None)
        return [self._result(worker, call, begin) for worker, call in enumerate(begun)]

    def _result(self, worker: int, call: Any, begin: Callable[[int], Any]) -> Any:
        for _ in range(MAX_LOSSES):
            try:
                if call is None:
                    self._replace(worker)
                    call = begin(worker)
                return self._actors.result(call)
            except WorkerLostError:
                call = None
        raise EngineError(
            f"worker {worker} of sharded_rows was lost {MAX_LOSSES} times in one update. Its machine may have too "
            "little memory for its shards: use more workers, or see the logs of the cluster."
        )

    def _replace(self, worker: int) -> None:
        """Start a new actor in place of a lost one, with the same shards."""
        self._actors.stop(self.workers[worker])
        self.workers[worker] = self._actors.start(worker, self._n_threads)
        for table in self._tables:
            self._actors.result(self._load(worker, table))
