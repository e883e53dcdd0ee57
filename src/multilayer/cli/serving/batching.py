"""A queue of requests, and a thread that passes on together what has queued up, while the event loop runs on."""

from __future__ import annotations

import asyncio
import queue
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence

from multilayer.cli.serving.answer import Answer, RequestError, error_answer

MOST_BYTES = 1_000_000  # of the bodies of a batch of several requests

# Or a name with escapes, which may spell it.
_EXPLAINS = re.compile(rb'"explain"\s*:\s*true|\\u[^"]*"\s*:\s*true')

Exchange = Callable[[Sequence[bytes]], list[Answer]]
_Waiting = tuple[bytes, "asyncio.Future[Answer]"]


class Batches:
    """Passes requests on in batches, in a thread, for the event loop that runs when it is made.

    A request with an explanation, which takes as long as hundreds of predictions, is passed on alone, after the others
    that wait.

    Parameters
    ----------
    exchange : callable
        From the bodies of requests to their answers; an EOFError if it can give no answer any longer.
    on_end : callable
        Called in the event loop after such an error.
    """

    def __init__(self, exchange: Exchange, on_end: Callable[[], None]) -> None:
        self._exchange, self._on_end = exchange, on_end
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._slow: deque[_Waiting] = deque()
        self._next: _Waiting | None = None  # did not fit into the last batch
        self._is_open = True
        self._has_failed = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="predictions", daemon=True)
        self._thread.start()

    async def stop(self, seconds: float) -> None:
        """End the thread when it has passed on what has queued up, or after so many seconds."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, seconds)

    @property
    def is_alive(self) -> bool:
        """Whether requests are answered."""
        return self._thread.is_alive() and not self._has_failed

    async def answer(self, body: bytes) -> Answer:
        """Wait for the answer to a request."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.put((body, future))
        return await future

    def _run(self) -> None:
        while self._is_open or self._slow or self._next:
            self._pass_on(self._next_batch())
            if self._slow:
                self._pass_on([self._slow.popleft()])

    def _next_batch(self) -> list[_Waiting]:
        """Wait for requests, and return those that have queued up without explanations."""
        batch: list[_Waiting] = []
        n_bytes = 0
        while n_bytes < MOST_BYTES:
            found, self._next = self._next, None
            try:
                found = found or self._queue.get(block=not batch and not self._slow and self._is_open)
            except queue.Empty:
                break
            if found is None:
                self._is_open = False
            elif _EXPLAINS.search(found[0]):
                self._slow.append(found)
            elif batch and n_bytes + len(found[0]) > MOST_BYTES:
                self._next = found
                break
            else:
                batch.append(found)
                n_bytes += len(found[0])
        return batch

    def _pass_on(self, batch: list[_Waiting]) -> None:
        batch = [each for each in batch if not each[1].cancelled()]  # the request was cancelled
        if not batch:
            return
        try:
            found = [] if self._has_failed else self._exchange([body for body, _ in batch])
        except Exception as error:  # no answer may be missing, whatever the error
            if not isinstance(error, EOFError | OSError):
                traceback.print_exception(error, file=sys.stderr)
            found = []
            self._has_failed = True
            self._call(self._on_end)
        if not found:
            found = [error_answer(RequestError(503, "the process that predicts has ended."))] * len(batch)
        self._call(lambda: _set_results([future for _, future in batch], found))

    def _call(self, function: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            return  # the event loop has ended, and so have the requests


def _set_results(futures: Sequence[asyncio.Future[Answer]], found: Sequence[Answer]) -> None:
    for future, answer in zip(futures, found, strict=True):
        if not future.done():
            future.set_result(answer)
