"""Actors of Dask."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

from multilayer.engines.sharded.actor_workers import Actors, WorkerLostError
from multilayer.engines.sharded.worker import ShardWorker
from multilayer.exceptions import EngineError, MissingExtraError


class _Started(NamedTuple):
    future: Any
    actor: Any


class DaskActors(Actors):
    """Actors of the current Dask client, in turn on its workers."""

    def __init__(self) -> None:
        try:
            import distributed
        except ImportError:
            raise MissingExtraError("sharded_rows(backend='dask')", "dask.distributed", "dask") from None
        try:
            self._client: Any = distributed.get_client()
        except ValueError:
            raise EngineError(
                "sharded_rows(backend='dask') needs a Dask client. Create it first: dask.distributed.Client(...)."
            ) from None

    def put(self, value: Any) -> Any:
        return value  # actors receive arguments in their calls

    def start(self, number: int, n_threads: int) -> Any:
        addresses = sorted(self._client.scheduler_info(n_workers=-1)["workers"])
        chosen = {"workers": [addresses[number % len(addresses)]], "allow_other_workers": True} if addresses else {}
        future = self._client.submit(ShardWorker, n_threads, actor=True, pure=False, **chosen)
        return _Started(future, self._lost_if_unreachable(future.result))

    def call(self, actor: Any, method: str, *arguments: Any) -> Any:
        if actor.future.status != "finished":
            raise WorkerLostError
        return getattr(actor.actor, method)(*arguments)

    def result(self, call: Any) -> Any:
        return self._lost_if_unreachable(call.result)

    def stop(self, actor: Any) -> None:
        with suppress(Exception):  # the client may have been closed
            actor.future.cancel(force=True)

    @staticmethod
    def _lost_if_unreachable(result: Any) -> Any:
        try:
            return result()
        except OSError as error:
            raise WorkerLostError from error
