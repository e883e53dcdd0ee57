"""The web application: the routes, their errors, and the headers of all answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from multilayer.cli.serving.answer import Answer, RequestError, as_json, error_answer
from multilayer.cli.serving.batching import Batches, Exchange
from multilayer.cli.serving.limits import ServerLimits
from multilayer.cli.serving.page import Page
from multilayer.cli.text import shortened

_JSON = "application/json"
_SECONDS_TO_STOP = 5.0
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Service:
    """The answers to requests for a model.

    Parameters
    ----------
    exchange : callable
        From the bodies of requests to their answers.
    about : mapping
        What ``/health`` says of the model.
    schema : mapping
        The answer of ``/schema``.
    limits : ServerLimits
        What is accepted.
    on_end : callable
        Called when the model answers no longer.
    is_running : callable
        Whether the process of the model runs.
    """

    def __init__(
        self,
        exchange: Exchange,
        about: Mapping[str, Any],
        schema: Mapping[str, Any],
        limits: ServerLimits,
        on_end: Callable[[], None] = lambda: None,
        is_running: Callable[[], bool] = lambda: True,
    ) -> None:
        self._exchange, self._about, self._schema = exchange, about, as_json(schema)
        self._limits, self._on_end, self._is_running = limits, on_end, is_running
        self._page = Page.load()
        self._n_requests = 0
        self._batches: Batches | None = None

    @asynccontextmanager
    async def running(self, _app: Any = None) -> AsyncIterator[None]:
        """Run the thread that passes requests on."""
        self._batches = batches = Batches(self._exchange, self._on_end)
        try:
            yield
        finally:
            await batches.stop(_SECONDS_TO_STOP)

    async def page(self, _request: Request) -> Response:
        """``GET /``."""
        return Response(self._page.html, media_type="text/html", headers={"content-security-policy": self._page.policy})

    async def schema(self, _request: Request) -> Response:
        """``GET /schema``."""
        return Response(self._schema, media_type="application/schema+json")

    async def health(self, _request: Request) -> Response:
        """``GET /health``."""
        is_alive = self._batches is not None and self._batches.is_alive and self._is_running()
        state = {"status": "ok" if is_alive else "stopped", "requests": self._n_requests, **self._about}
        return Response(as_json(state), 200 if is_alive else 503, media_type=_JSON)

    async def predict(self, request: Request) -> Response:
        """``POST /predict``."""
        if self._n_requests >= self._limits.most_requests:
            raise RequestError(503, f"busy with {self._n_requests:,} requests. Try again in a second.")
        self._n_requests += 1
        try:
            _check_type(request)
            return await self._answer(await self._body(request))
        except asyncio.CancelledError:  # the server ends, and does not wait any longer
            raise RequestError(503, "the server is stopping.") from None
        finally:
            self._n_requests -= 1

    async def _answer(self, body: bytes) -> Response:
        if self._batches is None:
            raise RequestError(503, "the server has not started. Try again in a second.")
        try:
            async with asyncio.timeout(self._limits.seconds):
                return _response(await self._batches.answer(body))
        except TimeoutError:
            text = f"not answered within {self._limits.seconds:g} seconds. Send fewer rows, or try again later."
            raise RequestError(503, text) from None

    async def _body(self, request: Request) -> bytes:
        most = self._limits.most_bytes
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > most:
            raise _too_large(most)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > most:
                        raise _too_large(most)
                    parts.append(part)
        except TimeoutError:
            raise RequestError(408, f"the body has not arrived within {self._limits.seconds:g} seconds.") from None
        except ClientDisconnect:
            raise RequestError(400, "the connection was closed.") from None
        return b"".join(parts)


def _too_large(most: int) -> RequestError:
    return RequestError(413, f"the body may have at most {most:,} bytes. Send several requests.")


def _check_type(request: Request) -> None:
    """Raise a RequestError for a body that is not JSON of UTF-8.

    A page of another site cannot send this type without asking first, and is refused then.
    """
    given = request.headers.get("content-type", "")
    kind, _, parameters = given.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if kind.strip().lower() != _JSON or charset not in ("", "utf-8"):
        got = shortened(given, 60) or "none"
        raise RequestError(415, f"the Content-Type must be {_JSON}, in UTF-8, got {got}.")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise RequestError(415, f"the Content-Encoding must be identity, got {shortened(encoding, 60)}.")


def _response(answer: Answer) -> Response:
    headers = {"retry-after": "1"} if answer.status == 503 else {}
    if answer.status in (408, 413):
        headers["connection"] = "close"  # the rest of the body is not read
    return Response(answer.text, answer.status, media_type=_JSON, headers=headers)


def application(service: Service, limits: ServerLimits) -> Any:
    """The application of ASGI."""

    async def refused(_request: Request, error: Exception) -> Response:
        return _response(error_answer(error if isinstance(error, RequestError) else RequestError(500, str(error))))

    async def unrouted(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        path = shortened(request.url.path, 60)
        known = "POST /predict, GET /schema, GET /health and GET /"
        what = f"{path} does not take {request.method}" if error.status_code == 405 else f"there is no {path}"
        answer = _response(error_answer(RequestError(error.status_code, f"{what}. Known: {known}.")))
        answer.headers.update(error.headers or {})
        return answer

    routes = [
        Route("/predict", service.predict, methods=["POST"]),
        Route("/", service.page, methods=["GET"]),
        Route("/schema", service.schema, methods=["GET"]),
        Route("/health", service.health, methods=["GET"]),
    ]
    handlers: Any = {RequestError: refused, HTTPException: unrouted}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=service.running)
    app.router.redirect_slashes = False
    return _guarded(app, limits)


def _guarded(app: Any, limits: ServerLimits) -> Any:
    """The application behind the check of the host, with headers that keep other sites from using the answers."""

    async def guarded(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not limits.is_known_host(hosts[0]):
            got = shortened(hosts[0], 60) if hosts else "none"
            text = f"the Host {got} is not known. Call the server by its address, or start it with --allow-host NAME."
            await _response(error_answer(RequestError(400, text)))(scope, receive, send_with_headers)
            return
        await app(scope, receive, send_with_headers)

    return guarded
