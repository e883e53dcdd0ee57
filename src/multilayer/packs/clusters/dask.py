"""Workers of dask.distributed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from multilayer.packs.clusters.executors import Answer, Worker, WorkerLost
from multilayer.packs.clusters.messages import Message, Reply, SharedArray, arrays_by_number
from multilayer.packs.clusters.worker import work_on

# Larger messages are sent to the worker, not through the scheduler.
LARGEST_IN_SCHEDULER = 1 << 20


class DaskExecutor:
    """The workers of a Dask cluster; each trains as many members at the same time as it has threads.

    Parameters
    ----------
    client : dask.distributed.Client
        The client, which stays open.
    """

    name = "dask"
    least_seconds = 2.0

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pending: set[Any] = set()

    def open(self) -> None:
        """Do nothing: the client is open."""

    def workers(self) -> list[Worker]:
        return [Worker(address, n_threads) for address, n_threads in sorted(self._client.ncores().items())]

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> Any:
        place = {"workers": [worker.key], "allow_other_workers": True}
        sent: Any = message
        if sum(map(len, message.parcels)) > LARGEST_IN_SCHEDULER:
            (sent,) = self._client.scatter([message], workers=[worker.key], hash=False)
        future = self._client.submit(
            _work, sent, [each.number for each in arrays], [self._sent(each) for each in arrays], pure=False, **place
        )
        self._pending.add(future)
        return future

    def wait(self, seconds: float) -> list[Answer]:
        from distributed import TimeoutError as DaskTimeoutError
        from distributed import wait

        try:
            wait(list(self._pending), timeout=seconds, return_when="FIRST_COMPLETED")
        except (DaskTimeoutError, TimeoutError):
            return []
        done = [future for future in self._pending if future.done()]
        self._pending.difference_update(done)
        return [_answer(future) for future in done]

    def close(self) -> None:
        if self._pending:
            self._client.cancel(list(self._pending))
            self._pending.clear()

    def _sent(self, shared: SharedArray) -> Any:
        """Return the future of an array on all workers; it is sent again if the workers that had it are lost."""
        future = shared.handle[0]
        if future is None or future.status not in ("finished", "pending"):
            shared.handle[0] = future = self._client.scatter([shared.array], broadcast=True, hash=False)[0]
        return future


def _answer(future: Any) -> Answer:
    from distributed.client import FutureCancelledError
    from distributed.scheduler import KilledWorker

    try:
        return Answer(future, future.result())
    except (KilledWorker, FutureCancelledError, OSError) as error:
        return Answer(future, error=WorkerLost(str(error)))
    except Exception as error:
        return Answer(future, error=error)
    finally:
        future.release()


def _work(message: Message, numbers: Sequence[int], arrays: Sequence[Any]) -> Reply:
    return work_on(message, arrays_by_number(numbers, arrays))
