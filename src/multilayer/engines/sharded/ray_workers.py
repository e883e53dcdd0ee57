"""Workers that are Ray actors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from multilayer.engines.sharded.shards import BatchPart
from multilayer.engines.sharded.worker import PartialSum, ShardWorker
from multilayer.engines.sharded.workers import ShardedTable, ShardWorkers, too_many_losses
from multilayer.exceptions import EngineError, MissingExtraError
from multilayer.network import Floats

# The number of times that a worker is replaced for one call.
MAX_LOSSES = 3


def imported_ray() -> Any:
    """Return Ray, or raise MissingExtraError."""
    try:
        import ray
    except ImportError:
        raise MissingExtraError("sharded_rows(backend='ray')", "ray", "ray") from None
    return ray


class RayWorkers(ShardWorkers):
    """Actors of the Ray cluster to which this process is connected.

    The shards are put into Ray's object store once, and the parameters once for each update.  An actor that is lost is
    replaced by a new one, which loads the same shards; then its call is repeated.

    Parameters
    ----------
    n_workers : int
        The number of actors.
    n_threads : int
        The number of threads, and of Ray's CPUs, of each actor.
    """

    def __init__(self, n_workers: int, n_threads: int) -> None:
        self.n_workers, self._n_threads = n_workers, n_threads
        self._ray = imported_ray()
        if not self._ray.is_initialized():
            self._ray.init()
        n_cpus = self._ray.cluster_resources().get("CPU", 0)
        if n_cpus < n_workers * n_threads:  # Ray would wait for more for ever
            raise EngineError(
                f"{n_workers} workers of {n_threads} threads need {n_workers * n_threads} CPUs, and this Ray cluster "
                f"has {n_cpus:g}. Use fewer workers or threads, or a larger num_cpus in ray.init."
            )
        # The arguments of load for each worker of each table, after the number of the table.
        self._tables: dict[int, list[tuple[Any, ...]]] = {}
        self._actors = [self._started() for _ in range(n_workers)]

    def load(self, table: ShardedTable) -> None:
        references = [self._ray.put(shard) for shard in table.shards]
        self._tables[table.number] = [
            (table.engine, table.network, first, *references[first:stop]) for first, stop in table.workers
        ]
        self._on_all(lambda worker: self._load(worker, table.number))

    def partial_sums(
        self, table: int, parameters: Floats, parts: Sequence[BatchPart]
    ) -> list[list[PartialSum | None]]:
        reference = self._ray.put(parameters)
        return self._on_all(lambda worker: self._actors[worker].partial_sums.remote(table, reference, parts[worker]))

    def release(self, table: int) -> None:
        if self._tables.pop(table, None) is not None:
            for actor in self._actors:
                actor.release.remote(table)  # a lost actor is replaced in the next call

    def close(self) -> None:
        for actor in self._actors:
            self._kill(actor)
        self._tables.clear()

    def _started(self) -> Any:
        return self._ray.remote(num_cpus=self._n_threads)(ShardWorker).remote(self._n_threads)

    def _load(self, worker: int, table: int) -> Any:
        return self._actors[worker].load.remote(table, *self._tables[table][worker])

    def _on_all(self, call: Callable[[int], Any]) -> list[Any]:
        """Return the results of a call by each worker; the calls run at the same time."""
        references = [call(worker) for worker in range(self.n_workers)]
        return [self._result(worker, reference, call) for worker, reference in enumerate(references)]

    def _result(self, worker: int, reference: Any, call: Callable[[int], Any]) -> Any:
        errors = self._ray.exceptions
        for n_losses in range(MAX_LOSSES + 1):
            try:
                if n_losses:
                    self._replace(worker)
                    reference = call(worker)
                return self._ray.get(reference)
            except errors.RayTaskError as error:
                raise error.cause from None  # the error of the worker's own code
            except errors.RayActorError as error:
                lost = error
        raise too_many_losses(worker, MAX_LOSSES + 1) from lost

    def _replace(self, worker: int) -> None:
        """Start a new actor in place of a lost one, with the same shards."""
        self._kill(self._actors[worker])
        self._actors[worker] = self._started()
        self._ray.get([self._load(worker, table) for table in self._tables])

    def _kill(self, actor: Any) -> None:
        with suppress(Exception):  # it may be lost, or Ray shut down
            self._ray.kill(actor)
