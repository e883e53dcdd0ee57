"""The requests that wait for a worker: a bounded queue, and at most one request for a frame."""

from __future__ import annotations

import threading
from collections import deque

from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.requests import Request, refusal, superseded_answer

_MOST_UNREAD = 4  # answers; a worker begins no further request until the page has read some


class Inbox:
    """Requests that two threads share: one puts them in, the worker takes them out.

    Parameters
    ----------
    limits : PlaygroundLimits
        How many requests may wait.
    """

    def __init__(self, limits: PlaygroundLimits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: deque[Request] = deque()
        self._frame: Request | None = None
        self._n_bytes = self._n_unread = 0
        self._has_news = False
        self.is_closed = False

    def put(self, request: Request) -> bytes | None:
        """Add a request; the message to send at once, if there is one."""
        with self._changed:
            if request.is_for_frame:
                before, self._frame = self._frame, request
                self._notify()
                return None if before is None else superseded_answer(before.id)
            too_large = bool(self._waiting) and self._n_bytes + request.size > self._limits.most_message
            if too_large or len(self._waiting) >= self._limits.most_requests:
                text = f"{len(self._waiting)} requests wait already. Wait for their answers."
                return refusal(request.id, text)
            self._waiting.append(request)
            self._n_bytes += request.size
            self._notify()
            return None

    def take(self, seconds: float | None) -> Request | None:
        """The next request; None if there is none within these seconds, or something else has changed."""
        with self._changed:
            if not self._can_go_on():
                self._changed.wait_for(self._can_go_on, seconds)
            self._has_news = False
            if self.is_closed or not self._has_request():
                return None
            request = self._waiting.popleft()
            self._n_bytes -= request.size
            return request

    @property
    def next_frame(self) -> Request | None:
        """The request for a frame that can be answered now, which stays here."""
        with self._changed:
            return None if self._n_unread else self._frame

    def take_frame(self) -> Request | None:
        """The request for a frame; None if there is none, or the page has not read its last answers."""
        with self._changed:
            if self._n_unread:
                return None
            found, self._frame = self._frame, None
            return found

    def put_back(self, request: Request) -> bytes | None:
        """Return a request for a frame that cannot be answered yet; the message to send, if a newer one waits."""
        with self._changed:
            if self._frame is not None:
                return superseded_answer(request.id)
            self._frame = request
            return None

    def count_unread(self, change: int) -> None:
        """Note that the page has one more answer to read, or has read one."""
        with self._changed:
            self._n_unread += change
            if change < 0:
                self._notify()

    def close(self) -> None:
        """Drop all requests and accept no more."""
        with self._changed:
            self.is_closed = True
            self._waiting.clear()
            self._frame = None
            self._notify()

    def _has_request(self) -> bool:
        return bool(self._waiting) and self._n_unread < _MOST_UNREAD

    def _can_go_on(self) -> bool:
        return self.is_closed or self._has_news or self._has_request()

    def _notify(self) -> None:
        self._has_news = True
        self._changed.notify_all()
