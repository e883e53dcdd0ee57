"""The thread of a page: it owns the training, answers requests in their order, and trains between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from multilayer.playground.messages import Reply
from multilayer.playground.server.inbox import Inbox
from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.requests import ERRORS, Request, answer, error_answer, failure_of

_SECONDS_OF_WORK = 0.02  # so long a request waits at most, unless an update takes longer
_LEAST_SECONDS = 0.001
_SHARE_OF_REST = 0.1  # work that takes less than this share of its time has to wait for its next update
_SECONDS_OF_REST = 0.005
_SECONDS_BETWEEN_FRAMES = 0.05
# At full speed the browser that draws takes time from training, on few cores, with each frame.
_SECONDS_AT_FULL_SPEED = 0.07
_TRAINING_PER_FRAME = 8.0  # while playing, as many times as long as the last frame took: 12 % of the training time
_SECONDS_AFTER_ERROR = 1.0  # until the next frame


class Bench(Protocol):
    """The part of ``Workbench`` that a worker needs."""

    @property
    def is_playing(self) -> bool: ...

    def handle(self, request: Mapping[str, Any], data: bytes | None) -> Reply: ...

    def work(self, seconds: float) -> None: ...  # at most about so long

    def frame(self, have: Mapping[str, Any]) -> Reply | None: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


class Worker:
    """A thread with a workbench.

    Parameters
    ----------
    make_bench : callable
        Makes the workbench, in the thread.
    send : callable
        Called in the thread with each answer; must not wait.
    limits : PlaygroundLimits
        How many requests may wait.
    on_end : callable
        Called in the thread at its end.
    """

    def __init__(
        self,
        make_bench: Callable[[], Bench],
        send: Callable[[bytes], None],
        limits: PlaygroundLimits,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._make_bench, self._send, self._on_end = make_bench, send, on_end
        self.inbox = Inbox(limits)
        self._bench: Bench | None = None
        self._may_work = True  # not after an error of training, until the next request
        self._rest = 0.0  # seconds to wait while playing, if the pace is slow
        self._failure: dict[str, Any] | None = None  # of training, which the next frame reports
        self._seen: Request | None = None  # a request for a frame, for which there was nothing new
        self._frame_end, self._frame_cost, self._frame_pause = 0.0, 0.0, 0.0
        self._thread = threading.Thread(target=self._run, name="multilayer-playground", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """End the thread, at the next update if it trains; does not wait."""
        self.inbox.close()
        bench = self._bench
        if bench is not None:
            bench.cancel()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread for so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            try:
                self._bench = bench = self._make_bench()
            except ERRORS as error:
                self._refuse(error)
                return
            try:
                self._serve(bench)
            finally:
                self._bench = None
                bench.close()
        finally:
            self.inbox.close()
            self._on_end()

    def _refuse(self, error: Exception) -> None:
        """Answer the first request by the error that has prevented the workbench; the session ends then."""
        request = None
        while request is None and not self.inbox.is_closed:
            request = self.inbox.take(None) or self.inbox.take_frame()
        if request is not None:
            self._emit(error_answer(request.id, failure_of(error)))

    def _serve(self, bench: Bench) -> None:
        while not self.inbox.is_closed:
            if not self._handled_next(bench) and bench.is_playing and self._may_work:
                self._work(bench)
            if not self.inbox.is_closed:
                self._show(bench)

    def _handled_next(self, bench: Bench) -> bool:
        """Answer the next request, which is not kept: it may be an upload; whether there was one."""
        request = self.inbox.take(self._patience(bench))
        if request is None:
            return False
        self._may_work, self._seen = True, None
        self._emit(answer(request.id, partial(bench.handle, request.fields, request.payload)))
        return True

    def _work(self, bench: Bench) -> None:
        began, self._seen = time.monotonic(), None
        until_frame = self._next_frame(bench) - began
        seconds = min(_SECONDS_OF_WORK, until_frame) if until_frame > _LEAST_SECONDS else _SECONDS_OF_WORK
        try:
            bench.work(seconds)
        except ERRORS as error:
            self._may_work, self._failure = False, failure_of(error)
            with suppress(Exception):
                bench.handle({"id": 0, "do": "pause"}, None)
        # Without a rest, a pace of a few updates per second would keep the processor busy.
        is_slow = time.monotonic() - began < _SHARE_OF_REST * seconds
        self._rest = _SECONDS_OF_REST if is_slow else 0.0

    def _show(self, bench: Bench) -> None:
        """Answer the request for a frame, if it is time and there is something new."""
        began = time.monotonic()
        if began < self._next_frame(bench):
            return
        request = self.inbox.take_frame()
        if request is None:
            return
        self._frame_pause = _SECONDS_BETWEEN_FRAMES
        found = self._frame(bench, request)
        if found is None:
            self._seen = request
            found = self.inbox.put_back(request)
        self._frame_end = time.monotonic()
        self._frame_cost = self._frame_end - began
        self._emit(found)

    def _frame(self, bench: Bench, request: Request) -> bytes | None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            return error_answer(request.id, failure)
        try:
            reply = bench.frame(request.fields.get("have", {}))
        except ERRORS as error:
            self._frame_pause = _SECONDS_AFTER_ERROR
            return error_answer(request.id, failure_of(error))
        return None if reply is None else answer(request.id, lambda: reply)

    def _next_frame(self, bench: Bench) -> float:
        least = 0.0
        if bench.is_playing:
            at_full_speed = _SECONDS_AT_FULL_SPEED if self._rest == 0 else 0.0
            least = max(_TRAINING_PER_FRAME * self._frame_cost, at_full_speed)
        return self._frame_end + max(self._frame_pause, least)

    def _patience(self, bench: Bench) -> float | None:
        """How long to wait for a request; None for no limit."""
        if bench.is_playing and self._may_work:
            return self._rest
        request = self.inbox.next_frame
        if request is None or (request is self._seen and self._failure is None):
            return None
        return max(0.0, self._next_frame(bench) - time.monotonic())

    def _emit(self, message: bytes | None) -> None:
        if message is not None:
            self.inbox.count_unread(1)
            self._send(message)
