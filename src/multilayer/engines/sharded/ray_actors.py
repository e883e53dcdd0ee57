"""Actors of Ray."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from multilayer.engines.sharded.actor_workers import Actors, WorkerLostError
from multilayer.engines.sharded.worker import ShardWorker
from multilayer.exceptions import EngineError, MissingExtraError


class RayActors(Actors):
    """Actors of the Ray cluster to which this process is connected.

    Shards and parameters travel through Ray's object store.

    Parameters
    ----------
    n_workers : int
        The number of actors that will be started.
    n_threads : int
        The number of Ray's CPUs for each.
    """

    def __init__(self, n_workers: int, n_threads: int) -> None:
        try:
            import ray
        except ImportError:
            raise MissingExtraError("sharded_rows(backend='ray')", "ray", "ray") from None
        self._ray: Any = ray
        if not self._ray.is_initialized():
            self._ray.init()
        n_cpus = self._ray.cluster_resources().get("CPU", 0)
        if n_cpus < n_workers * n_threads:  # Ray would wait for more of them without end
            raise EngineError(
                f"{n_workers} workers of {n_threads} threads need {n_workers * n_threads} CPUs, and this Ray cluster "
                f"has {n_cpus:g}. Use fewer workers or threads, or a larger num_cpus in ray.init."
            )

    def put(self, value: Any) -> Any:
        return self._ray.put(value)

    def start(self, number: int, n_threads: int) -> Any:  # noqa: ARG002 Ray chooses the machine
        # By default, Ray would fill the driver's machine first.
        actor = self._ray.remote(num_cpus=n_threads, scheduling_strategy="SPREAD")(ShardWorker)
        return actor.remote(n_threads)

    def call(self, actor: Any, method: str, *arguments: Any) -> Any:
        return getattr(actor, method).remote(*arguments)

    def result(self, call: Any) -> Any:
        try:
            return self._ray.get(call)
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayActorError as error:
            raise WorkerLostError from error

    def stop(self, actor: Any) -> None:
        with suppress(Exception):  # Ray may have been shut down
            self._ray.kill(actor)
