"""The server: its socket, what it prints, and its end by Ctrl-C or SIGTERM."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from multilayer.cli.console import Output
from multilayer.cli.limits import UnfinishedError
from multilayer.cli.serving.limits import ServerLimits, is_loopback
from multilayer.cli.serving.model_process import model_process
from multilayer.exceptions import MissingExtraError
from multilayer.web import bound_socket, ended_by_signals, quiet_config

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
        config = quiet_config(
            app,
            lifespan="on",
            ws="none",
            timeout_keep_alive=_SECONDS_OF_IDLE_CONNECTIONS,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
        server = uvicorn.Server(config)
        _announce(model.about, listening, host, limits, output)
        model.watch(end)
        with ended_by_signals():
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
