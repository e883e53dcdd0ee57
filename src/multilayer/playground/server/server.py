"""The server: its socket, the browser, and its end by Ctrl-C or SIGTERM."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable
from typing import Any

from multilayer.exceptions import InputError, MissingExtraError
from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.web import bound_socket, ended_by_signals, quiet_config

USUAL_PORT = 8765
_HOST = "127.0.0.1"
_SECONDS_TO_FINISH = 2
_SECONDS_OF_SESSIONS = 2.0  # for threads to end
_SECONDS_BETWEEN_PINGS = 10.0
_SECONDS_TO_PONG = 15.0


def serve_playground(
    make_bench: Callable[[], Any],
    announce: Callable[[str], None],
    *,
    port: int | None = None,
    opens_page: bool = True,
    limits: PlaygroundLimits | None = None,
) -> None:
    """Serve the page of the playground to this machine until Ctrl-C or SIGTERM.

    Parameters
    ----------
    make_bench : callable
        Makes the ``Workbench`` of a page; called in the thread of its session.
    announce : callable
        Called with the address when the server accepts connections.
    port : int, optional
        The port; 0 for a free one. By default 8765, or a free one if that is in use.
    opens_page : bool, default=True
        Whether the page is opened in the browser.
    limits : PlaygroundLimits, optional
        What the server accepts.

    Raises
    ------
    MissingExtraError
        If starlette, uvicorn or websockets is not installed.
    InputError
        If the port cannot be used.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn
        import websockets  # noqa: F401
    except ImportError:
        raise MissingExtraError("multilayer play", "starlette, uvicorn or websockets", "play") from None
    from multilayer.playground.server.access import Access
    from multilayer.playground.server.app import application
    from multilayer.playground.server.page_files import PageFiles
    from multilayer.playground.server.sessions import Sessions

    limits = limits or PlaygroundLimits()
    with _listening(port) as listening:
        access, sessions = Access(listening.getsockname()[1]), Sessions(make_bench, limits)
        config = quiet_config(
            application(access, PageFiles(), sessions),
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=limits.most_message,
            ws_per_message_deflate=False,  # a small message could become a large one
            ws_ping_interval=_SECONDS_BETWEEN_PINGS,
            ws_ping_timeout=_SECONDS_TO_PONG,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
        server = uvicorn.Server(config)
        announce(access.address)
        if opens_page:
            # Connections wait in the socket until the server runs; some browsers keep the call waiting.
            threading.Thread(target=webbrowser.open, args=(access.address,), daemon=True).start()
        with ended_by_signals():
            try:
                server.run(sockets=[listening])
            finally:
                sessions.close(_SECONDS_OF_SESSIONS)


def _listening(port: int | None) -> socket.socket:
    if port is not None:
        return bound_socket(_HOST, port)
    try:
        return bound_socket(_HOST, USUAL_PORT)
    except InputError:
        return bound_socket(_HOST, 0)
