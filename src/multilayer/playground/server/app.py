"""The web application: the page and its files, the WebSocket, and the check of all requests before them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from multilayer.playground.server.access import Access
from multilayer.playground.server.conversation import Conversation
from multilayer.playground.server.page_files import PageFiles
from multilayer.playground.server.sessions import Sessions

_REFUSED = 1008  # before the connection is accepted, it becomes the status code 403

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def application(access: Access, files: PageFiles, sessions: Sessions) -> Any:
    """The application of ASGI."""

    async def file(request: Request) -> Response:
        found = files.get(request.path_params["path"])
        if found is None:
            return PlainTextResponse("There is no such file.", 404)
        return Response(found.content, media_type=found.media_type)

    async def limits(_request: Request) -> Response:
        return JSONResponse({"most_bytes": sessions.limits.most_bytes})

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await Conversation(websocket, sessions).hold()

    routes = [
        WebSocketRoute("/socket", socket),
        Route("/limits.json", limits, methods=["GET"]),
        Route("/{path:path}", file, methods=["GET"]),
    ]
    return _guarded(Starlette(routes=[Mount(f"/{access.token}", routes=routes)]), access)


def _guarded(app: Any, access: Access) -> Any:
    """The application behind the check of the token, the host and the origin."""

    async def guarded(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        reason = access.refusal(scope)
        if scope["type"] == "websocket":
            if reason is None:
                await app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _REFUSED})
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *access.headers(scope)]
            await send(message)

        found = app if reason is None else PlainTextResponse(reason, 403)
        await found(scope, receive, send_with_headers)

    return guarded
