"""The server: its socket, what it prints, and its end by Ctrl-C or SIGTERM."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from multilayer.cli.console import Output
from multilayer.cli.limits import UnfinishedError
from multilayer.cli.serving.limits import ServerLimits, is_loopback
from multilayer.cli.serving.model_process import model_process
from multilayer.exceptions import InputError, MissingExtraError
from multilayer.storage import reason_of

_BACKLOG = 1024
_SECONDS_OF_IDLE_CONNECTIONS = 30
_SECONDS_TO_FINISH = 10


def serve_model(path: Path, host: str, port: int, limits: ServerLimits, output: Output) -> None:
    """Answer requests for a model until Ctrl-C or SIGTERM.

    Raises
    ------
    MissingExtraError
        If starlette or uvicorn is not installed.
    InputError
        If the model cannot be served, or the address cannot be used.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError:
        raise MissingExtraError("multilayer serve", "starlette or uvicorn", "serve") from None
    from multilayer.cli.serving.app import Service, application

    with bound_socket(host, port) as listening, model_process(path, limits.most_rows) as model:
        model.wait_for_model()
        has_ended: list[bool] = []

        def end() -> None:
            has_ended.append(True)
            server.should_exit = True

        service = Service(model.exchange, model.about, model.schema, limits, end, lambda: model.is_running)
        app = application(service, limits)
        config = uvicorn.Config(
            app,
            http="h11",  # limits the size of headers
            lifespan="on",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_SECONDS_OF_IDLE_CONNECTIONS,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
        server = uvicorn.Server(config)
        _announce(model.about, listening, host, limits, output)
        model.watch(end)
        with _ended_by_signals():
            server.run(sockets=[listening])
        if has_ended:
            raise UnfinishedError(f"the process that predicts {model.end_in_words}. Start the server again.")
    output.say("Stopped.")


def check_model(path: Path, limits: ServerLimits, output: Output) -> None:
    """Load a model and predict an example, as a server does before it listens.

    Raises
    ------
    InputError
        If the model cannot be served.
    """
    with model_process(path, limits.most_rows) as model:
        model.wait_for_model()
        output.say(f"{model.about['model']}: {model.about['description']}")
        if model.refusal is not None:
            output.note(f"the model does not predict the example of its schema: {model.refusal}")
        output.say("It can be served.")


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket at this address, which does not accept connections yet.

    Raises
    ------
    InputError
        If the address is in use, or is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise InputError(
            f"--host {host!r}: there is no such address. Pass 127.0.0.1, or one of this machine."
        ) from None
    found = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows, the option would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
        found.listen(_BACKLOG)  # two sockets may be bound to a port, and only one may listen
        return found
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            text = f"port {port} of {host} is in use. Pass another --port, or --port 0 for a free one."
        elif error.errno == errno.EACCES:
            text = f"port {port} of {host} is not allowed: {reason_of(error).lower()}. Pass a --port from 1024 on."
        else:
            why = reason_of(error).lower()
            text = f"--host {host} --port {port}: {why}. Pass 127.0.0.1, or an address of this machine."
        raise InputError(text) from None


def _announce(
    about: Mapping[str, Any], listening: socket.socket, host: str, limits: ServerLimits, output: Output
) -> None:
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    if not is_loopback(host):
        names = "no name" if not limits.hosts else ", ".join(limits.hosts)
        output.note(
            f"the server is bound to {host}, so that other machines may reach it, without a password or encryption. "
            f"It answers to addresses and {names}; --allow-host adds a name"
        )
    output.say(f"{about['model']}: {about['description']}")
    output.say("Serving; Ctrl-C ends it.")
    output.lines([f"http://{shown}:{port}/"])


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals end the server within this block, and nothing else: it raises them again when it has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def has_ended(signum: int, frame: FrameType | None) -> None:
        pass

    before = {number: signal.signal(number, has_ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
