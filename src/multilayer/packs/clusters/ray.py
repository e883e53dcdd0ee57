"""Tasks of Ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from multilayer.packs.clusters.executors import Answer, Worker, WorkerLost
from multilayer.packs.clusters.messages import Message, Reply, SharedArray, arrays_by_number
from multilayer.packs.clusters.worker import work_on

# The largest number of members in a task, unless the user sets the number of processors of a task.
MOST_THREADS = 4


class RayExecutor:
    """Tasks of a Ray cluster, each with some processors.

    Parameters
    ----------
    options : mapping
        Options of Ray's tasks.  ``num_cpus`` is the number of members that a task trains at the same time, by default
        that of the smallest node, at most 4.
    """

    name = "ray"
    least_seconds = 2.0

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        self._pending: list[Any] = []

    def open(self) -> None:
        """Start or join a cluster, if this process has not done so."""
        import ray

        if not ray.is_initialized():
            ray.init()

    def workers(self) -> list[Worker]:
        import ray

        cores = [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]
        cores = [n for n in cores if n >= 1]
        if not cores:
            return []
        # Several tasks of half a processor, for example, share one.
        n_cpus = self._options.get("num_cpus") or max(min(int(min(cores)), MOST_THREADS), 1)
        return [Worker(number, max(int(n_cpus), 1)) for number in range(sum(int(n // n_cpus) for n in cores))]

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> Any:
        import ray

        for each in arrays:
            if each.handle[0] is None:
                each.handle[0] = ray.put(each.array)
        numbers = [each.number for each in arrays]
        n_cpus = min(self._options.get("num_cpus") or worker.n_threads, worker.n_threads)
        task = self._task.options(**{**self._options, "num_cpus": n_cpus})
        reference = task.remote(message, numbers, *(each.handle[0] for each in arrays))
        self._pending.append(reference)
        return reference

    def wait(self, seconds: float) -> list[Answer]:
        import ray

        if not self._pending:
            return []
        first, rest = ray.wait(self._pending, num_returns=1, timeout=seconds)
        more, self._pending = ray.wait(rest, num_returns=len(rest), timeout=0) if first and rest else ([], rest)
        return [_answer(reference) for reference in (*first, *more)]

    def close(self) -> None:
        import ray

        for reference in self._pending:
            ray.cancel(reference, force=True)
        self._pending = []

    @cached_property
    def _task(self) -> Any:
        import ray

        # The pack sends a message again if its worker is lost.
        return ray.remote(max_retries=0, scheduling_strategy="SPREAD")(_work)


def _answer(reference: Any) -> Answer:
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return Answer(reference, ray.get(reference))
    except RayTaskError as error:
        cause = error.cause
        return Answer(reference, error=cause if isinstance(cause, Exception) else error)
    except RayError as error:  # such as a worker that crashed, a node that died, or an object that is lost
        return Answer(reference, error=WorkerLost(str(error)))


def _work(message: Message, numbers: Sequence[int], *arrays: Any) -> Reply:
    return work_on(message, arrays_by_number(numbers, arrays))
