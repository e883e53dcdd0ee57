"""The WebSocket of a page: what arrives goes to its worker, and the worker's answers are sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.requests import RequestError, read_request, refusal
from multilayer.playground.server.sessions import Sessions
from multilayer.playground.server.worker import Worker

_TRY_AGAIN_LATER = 1013  # codes of RFC 6455
_INTERNAL_ERROR = 1011


class Conversation:
    """An open page.

    Parameters
    ----------
    websocket : WebSocket
        Its connection, which is accepted.
    sessions : Sessions
        What makes its worker.
    """

    def __init__(self, websocket: WebSocket, sessions: Sessions) -> None:
        self._websocket, self._sessions = websocket, sessions
        self._loop = asyncio.get_running_loop()
        self._outbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._has_room = asyncio.Event()

    async def hold(self) -> None:
        """Answer the page until it is closed; its session ends then."""
        worker = await self._sessions.begin(self._put_from_thread, lambda: self._put_from_thread(None))
        if worker is None:
            n = self._sessions.limits.most_sessions
            text = f"{n} pages are open already. Close one, or start multilayer play with a larger --max-sessions."
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._websocket.close(_TRY_AGAIN_LATER, text)
            return
        tasks = [asyncio.create_task(self._read(worker)), asyncio.create_task(self._write(worker))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, worker: Worker) -> None:
        limits = self._sessions.limits
        while True:
            while self._outbox.qsize() >= limits.most_unread:
                self._has_room.clear()
                await self._has_room.wait()
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            answer = _put(worker, message.get("bytes"), limits)
            del message  # it may be an upload
            if answer is not None:
                worker.inbox.count_unread(1)
                self._outbox.put_nowait(answer)

    async def _write(self, worker: Worker) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # the page is closed
            while (answer := await self._outbox.get()) is not None:
                self._has_room.set()
                await self._websocket.send_bytes(answer)
                worker.inbox.count_unread(-1)
            await self._websocket.close(_INTERNAL_ERROR, "the session has ended")

    def _put_from_thread(self, message: bytes | None) -> None:
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(self._outbox.put_nowait, message)


def _put(worker: Worker, data: Any, limits: PlaygroundLimits) -> bytes | None:
    """Pass a message on; the answer to send at once, if there is one."""
    if not isinstance(data, bytes):
        return refusal(None, "a message must be binary, got one of text.")
    try:
        return worker.inbox.put(read_request(data, limits))
    except RequestError as error:
        return refusal(error.id, str(error))
    except MemoryError:
        return refusal(None, "out of memory. Send a smaller file.")
