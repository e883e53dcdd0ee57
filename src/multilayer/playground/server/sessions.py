"""The sessions of all pages: their number is limited, and all end with the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.worker import Bench, Worker

_SECONDS_FOR_ROOM = 2.0  # for the session of a page that was closed to end, as when a page is loaded again
_SECONDS_BETWEEN_LOOKS = 0.05


class Sessions:
    """The workers of the open pages.

    Parameters
    ----------
    make_bench : callable
        Makes the workbench of a session.
    limits : PlaygroundLimits
        How many sessions there may be.
    """

    def __init__(self, make_bench: Callable[[], Bench], limits: PlaygroundLimits) -> None:
        self._make_bench, self.limits = make_bench, limits
        self._workers: list[Worker] = []

    @property
    def n_alive(self) -> int:
        """The number of threads."""
        self._workers = [each for each in self._workers if each.is_alive]
        return len(self._workers)

    async def begin(self, send: Callable[[bytes], None], on_end: Callable[[], None]) -> Worker | None:
        """A worker for a page; None if there are as many sessions as there may be."""
        end = time.monotonic() + _SECONDS_FOR_ROOM
        while self.n_alive >= self.limits.most_sessions:
            is_one_ending = any(each.inbox.is_closed for each in self._workers)
            if not is_one_ending or time.monotonic() > end:
                return None
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        worker = Worker(self._make_bench, send, self.limits, on_end)
        self._workers.append(worker)
        return worker

    def close(self, seconds: float) -> None:
        """End all sessions, and wait for so long."""
        end = time.monotonic() + seconds
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.join(max(0.0, end - time.monotonic()))
