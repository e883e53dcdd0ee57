"""Workers of dask.distributed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any

from multilayer.exceptions import ClusterError
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
        self._pending: dict[Any, Any] = {}  # futures, with the addresses of their workers

    def open(self) -> None:
        """Do nothing: the client is open."""

    def workers(self) -> list[Worker]:
        return [Worker(address, n_threads) for address, n_threads in sorted(self._n_threads().items())]

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> Any:
        sent: Any = message
        try:
            if sum(map(len, message.parcels)) > LARGEST_IN_SCHEDULER:
                (sent,) = self._client.scatter([message], workers=[worker.key], hash=False)
            given = [self._sent(each) for each in arrays]
        except (TimeoutError, OSError) as error:  # no worker is left to receive them
            raise WorkerLost(str(error)) from error
        # With allow_other_workers=True a task is never started if all workers are away when its worker is lost.
        future = self._client.submit(
            _work, sent, [each.number for each in arrays], given, pure=False, workers=[worker.key]
        )
        self._pending[future] = worker.key
        return future

    def wait(self, seconds: float) -> list[Answer]:
        from distributed import wait

        with suppress(TimeoutError, CancelledError):  # cancelled futures are done
            wait(list(self._pending), timeout=seconds, return_when="FIRST_COMPLETED")
        answers = [_answer(future) for future in self._pending if future.done()]
        if not answers and self._pending:
            addresses = self._n_threads()
            lost = [future for future, address in self._pending.items() if address not in addresses]
            self._client.cancel(lost)
            answers = [Answer(future, error=WorkerLost("the worker has left the cluster")) for future in lost]
        for answer in answers:
            del self._pending[answer.ticket]
        return answers

    def close(self) -> None:
        if self._pending and self._client.status not in ("closing", "closed"):
            self._client.cancel(list(self._pending))
        self._pending.clear()

    def _n_threads(self) -> dict[str, int]:
        """Return the number of threads of each worker by its address."""
        if self._client.status in ("closing", "closed"):
            raise ClusterError(
                "the Dask client is closed. Make a new dask.distributed.Client, and call the function again."
            )
        found: dict[str, int] = self._client.ncores()
        return found

    def _sent(self, shared: SharedArray) -> Any:
        """Return the future of an array on all workers; it is sent again if the workers that had it are lost."""
        future = shared.handle[0]
        if future is None or future.status not in ("finished", "pending"):
            shared.handle[0] = future = self._client.scatter([shared.array], broadcast=True, hash=False)[0]
        return future


def is_in_dask_task() -> bool:
    """Return whether this thread runs a task of Dask, such as a fit of a grid search of scikit-learn."""
    if "distributed" not in sys.modules:
        return False
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return False
    return True


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
