"""One thread that predicts together what requests have queued up, so that the event loop never waits for a model."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from multilayer.cli.serving.requests import RequestError, Rows
from multilayer.exceptions import MultilayerError

MOST_ROWS = 4096  # of a batch
# Seconds to wait for further requests, if the last batch had several: many clients then share a batch, instead of a
# first request being predicted alone while the others arrive.
_PAUSE = 0.002

Predict = Callable[[Sequence[Rows]], list[bytes]]
_Waiting = tuple[Rows, "asyncio.Future[bytes]"]


class Batches:
    """Predicts requests in batches, in a thread, for the event loop that runs when it is made.

    Requests that want the same share a batch; one with explanations, which take much longer, is predicted alone, after
    the others that wait.

    Parameters
    ----------
    predict : callable
        From requests that can be predicted together to their answers.
    """

    def __init__(self, predict: Predict) -> None:
        self._predict = predict
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._slow: deque[_Waiting] = deque()  # requests with explanations
        self._is_open = True
        self._n_alike = 0  # requests of the last batch
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="predictions", daemon=True)
        self._thread.start()

    async def stop(self, seconds: float) -> None:
        """End the thread when it has predicted what has queued up, or after so many seconds."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, seconds)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    async def answer(self, rows: Rows) -> bytes:
        """Wait for the answer to a request.

        Raises
        ------
        RequestError
            422 if the model cannot predict one of the rows, 500 for an error in this program.
        """
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._queue.put((rows, future))
        return await future

    def _run(self) -> None:
        while self._is_open or self._slow:
            batch = self._next_batch()
            self._n_alike = len(batch)
            for group in _alike(batch):
                self._answer(group)
            if self._slow:
                self._answer([self._slow.popleft()])

    def _next_batch(self) -> list[_Waiting]:
        """Wait for requests, and return those that have queued up without explanations."""
        batch: list[_Waiting] = []
        n_rows = 0
        while self._is_open and n_rows < MOST_ROWS:
            is_idle = not batch and not self._slow
            try:
                found = self._queue.get(block=is_idle)
            except queue.Empty:
                break
            if found is None:
                self._is_open = False
            elif found[0].wanted.reasons:
                self._slow.append(found)
            else:
                batch.append(found)
                n_rows += found[0].n_rows
            if is_idle and self._n_alike > 1:
                time.sleep(_PAUSE)
        return batch

    def _answer(self, group: list[_Waiting]) -> None:
        group = [each for each in group if not each[1].cancelled()]  # nobody waits for it any longer
        if not group:
            return
        found: list[bytes | RequestError]
        try:
            found = list(self._predict([rows for rows, _ in group]))
        except Exception as error:
            if len(group) > 1:
                # One of them is the cause: only that one fails.
                for each in group:
                    self._answer([each])
                return
            found = [_as_request_error(error)]
        answered = list(zip((future for _, future in group), found, strict=True))
        try:
            self._loop.call_soon_threadsafe(_set_results, answered)
        except RuntimeError:
            return  # the event loop has ended, and so have the requests


def _alike(batch: list[_Waiting]) -> list[list[_Waiting]]:
    """The requests that can be predicted together."""
    groups: dict[Any, list[_Waiting]] = {}
    for each in batch:
        rows = each[0]
        groups.setdefault((rows.wanted, tuple(rows.zones.items())), []).append(each)
    return list(groups.values())


def _set_results(answered: list[tuple[asyncio.Future[bytes], bytes | RequestError]]) -> None:
    for future, result in answered:
        if future.cancelled():
            continue
        if isinstance(result, RequestError):
            future.set_exception(result)
        else:
            future.set_result(result)


def _as_request_error(error: Exception) -> RequestError:
    if isinstance(error, RequestError):
        return error
    if isinstance(error, MultilayerError | ValueError):  # the latter by steps of scikit-learn
        return RequestError(422, f"the model cannot predict these rows: {error}")
    if isinstance(error, MemoryError):
        return RequestError(503, "out of memory. Send fewer rows.")
    traceback.print_exception(error, file=sys.stderr)
    return RequestError(500, f"unexpected {type(error).__name__}. The server has printed its traceback.")
