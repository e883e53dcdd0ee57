"""Any other backend of joblib, such as Spark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import joblib

from multilayer.packs.clusters.executors import Answer, Worker, WorkerLost
from multilayer.packs.clusters.messages import Message, Reply, SharedArray, arrays_by_number
from multilayer.packs.clusters.worker import work_on


class JoblibExecutor:
    """Rounds of messages, one for each worker, by a backend of joblib.

    joblib has no store of arrays, so that each message holds those that its members need.

    Parameters
    ----------
    backend : str or joblib.parallel.ParallelBackendBase
        The backend.
    n_jobs : int
        The number of workers.
    """

    least_seconds = 30.0  # a round ends with its last message

    def __init__(self, backend: Any, n_jobs: int, name: str) -> None:
        self.name, self._backend, self._n_jobs = name, backend, n_jobs
        self._round: list[tuple[int, Any]] = []
        self._tickets = 0

    def open(self) -> None:
        """Do nothing: each round opens the backend."""

    def workers(self) -> list[Worker]:
        return [Worker(number, 1) for number in range(self._n_jobs)]

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> int:  # noqa: ARG002 any worker
        self._tickets += 1
        call = joblib.delayed(_work)(message, [each.number for each in arrays], [each.array for each in arrays])
        self._round.append((self._tickets, call))
        return self._tickets

    def wait(self, seconds: float) -> list[Answer]:  # noqa: ARG002 a round is as long as its messages
        tickets, calls = [ticket for ticket, _ in self._round], [call for _, call in self._round]
        self._round = []
        if not calls:
            return []
        try:
            with joblib.parallel_config(backend=self._backend, n_jobs=self._n_jobs):
                replies = joblib.Parallel(batch_size=1)(calls)
        except Exception as error:  # the end of a process: errors of members are parts of replies
            lost = WorkerLost(f"{type(error).__name__}: {error}")
            return [Answer(ticket, error=lost) for ticket in tickets]
        return [Answer(ticket, reply) for ticket, reply in zip(tickets, replies, strict=True)]

    def close(self) -> None:
        self._round = []


def _work(message: Message, numbers: Sequence[int], arrays: Sequence[Any]) -> Reply:
    return work_on(message, arrays_by_number(numbers, arrays))
