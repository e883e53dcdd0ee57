"""Processes on this machine, by loky."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from multilayer.packs.clusters.executors import Answer, Worker, WorkerLost
from multilayer.packs.clusters.messages import Message, Reply, SharedArray, arrays_by_number
from multilayer.packs.clusters.worker import work_on


class LokyExecutor:
    """Processes on this machine.  Arrays are files, which all processes map into memory.

    Parameters
    ----------
    n_processes, n_threads : int
        The number of processes, and of members that each trains at the same time.
    """

    name = "loky"
    least_seconds = 2.0

    def __init__(self, n_processes: int, n_threads: int) -> None:
        self.n_processes, self.n_threads = n_processes, n_threads
        self._pending: dict[Future[Reply], tuple[int, Any]] = {}  # tickets, and the processes
        self._tickets = 0
        self._folder: Path | None = None

    def open(self) -> None:
        from joblib.externals.loky.backend import resource_tracker

        self._folder = Path(tempfile.mkdtemp(prefix="multilayer-"))
        resource_tracker.register(str(self._folder), "folder")  # which removes it if this process is killed

    def workers(self) -> list[Worker]:
        return [Worker(number, self.n_threads) for number in range(self.n_processes)]

    def submit(self, worker: Worker, message: Message, arrays: Sequence[SharedArray]) -> int:  # noqa: ARG002 any process
        for each in arrays:
            if each.handle[0] is None:
                each.handle[0] = self._stored(each)
        given = [each.handle[0] for each in arrays]
        self._tickets += 1
        processes = _processes(self.n_processes)
        try:
            future = processes.submit(_work, message, [each.number for each in arrays], given)
        except BrokenProcessPool as error:  # one has ended since its last answer
            end_processes(processes)
            raise WorkerLost(str(error)) from error
        self._pending[future] = self._tickets, processes
        return self._tickets

    def wait(self, seconds: float) -> list[Answer]:
        done, _ = wait(self._pending, seconds, FIRST_COMPLETED)
        return [self._answer(future) for future in done]

    def close(self) -> None:
        if self._pending:
            end_processes()
            self._pending.clear()
        if self._folder is not None:
            from joblib.externals.loky.backend import resource_tracker

            shutil.rmtree(self._folder, ignore_errors=True)
            resource_tracker.unregister(str(self._folder), "folder")

    def _answer(self, future: Future[Reply]) -> Answer:
        ticket, processes = self._pending.pop(future)
        try:
            return Answer(ticket, future.result())
        except BrokenProcessPool as error:
            end_processes(processes)
            return Answer(ticket, error=WorkerLost(str(error)))
        except Exception as error:
            return Answer(ticket, error=error)

    def _stored(self, shared: SharedArray) -> Any:
        """Return the path of an array of numbers, or another array itself."""
        if not isinstance(shared.array, np.ndarray) or self._folder is None:
            return shared.array
        path = self._folder / f"{shared.number}.npy"
        np.save(path, shared.array, allow_pickle=False)
        return str(path)


# The processes of the last pack, and their number.  joblib's own are not used: it expects them to be of its class.
_kept: tuple[Any, int] | None = None


def _processes(n: int) -> Any:
    """Return processes, which the next pack uses again, and which end after a minute without work."""
    global _kept
    from joblib.externals.loky import ProcessPoolExecutor

    if _kept is not None and _kept[1] != n:
        end_processes()
    if _kept is None:
        _kept = ProcessPoolExecutor(max_workers=n, timeout=60), n
    return _kept[0]


def end_processes(processes: Any = None) -> None:
    """End the processes that are kept for the next pack, which starts others; only if they are these, if any."""
    global _kept
    if _kept is not None and processes in (None, _kept[0]):
        _kept[0].shutdown(wait=False, kill_workers=True)
        _kept = None


# In a worker process: the arrays that members use.
_mapped: weakref.WeakValueDictionary[str, np.ndarray[Any, Any]] = weakref.WeakValueDictionary()


def _work(message: Message, numbers: Sequence[int], given: Sequence[Any]) -> Reply:
    return work_on(message, arrays_by_number(numbers, [_array(each) for each in given]))


def _array(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    array = _mapped.get(given)
    if array is None:
        array = np.asarray(np.load(given, mmap_mode="r", allow_pickle=False))
        _mapped[given] = array
    return array
