"""A workbench that counts, and a server in a thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from uvicorn import Server
from websockets.sync.client import ClientConnection, connect

from multilayer.exceptions import InputError, ParameterError
from multilayer.playground.messages import Reply, decode, encode
from multilayer.playground.server.access import Access
from multilayer.playground.server.app import application
from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.page_files import PageFiles
from multilayer.playground.server.sessions import Sessions
from multilayer.web import bound_socket, quiet_config


class Counter:
    """A workbench whose updates count, and whose frames have 64,000 numbers."""

    n_alive = 0
    lock = threading.Lock()
    seconds_of_frame = 0.0

    def __init__(self) -> None:
        self.is_playing = False
        self.update = self.n_frames = 0
        self.seconds_of_work = self.seconds_of_frames = 0.0
        self.n_works, self.is_slow = 0, False
        self._training_fails = self._frames_fail = False
        self._is_cancelled = threading.Event()
        with Counter.lock:
            Counter.n_alive += 1

    def handle(self, request: Mapping[str, Any], data: bytes | None) -> Reply:
        name = request["do"]
        match name:
            case "play" | "pause":
                self.is_playing = name == "play"
            case "step":
                self.update += request["updates"]
            case "upload":
                return Reply({"n_bytes": len(data or b"")})
            case "echo":
                return Reply({"text": request["text"]}, payload=data)
            case "wait":
                return Reply({"is_cancelled": self._is_cancelled.wait(60)})
            case "large":
                return Reply({}, {"numbers": np.zeros(1_000_000, np.float32)})
            case "fail":
                raise {
                    "input": InputError("the input is wrong."),
                    "parameter": self._error_of_alpha(),
                    "memory": MemoryError(),
                    "other": KeyError("secret"),
                }[request["how"]]
            case "set":
                setattr(self, "_training_fails" if request["what"] == "work" else "_frames_fail", request["value"])
            case _:
                raise InputError(f"unknown request {name!r}.")
        return Reply({"update": self.update, "frames": self.n_frames})

    @staticmethod
    def _error_of_alpha() -> Exception:
        error: Any = ParameterError("alpha must be a number.")
        error.parameter = "alpha"
        return error

    def work(self, seconds: float) -> None:
        if self._training_fails:
            raise InputError("training has failed.")
        self.n_works += 1
        if self.is_slow:
            return
        began = time.monotonic()
        time.sleep(seconds)
        self.seconds_of_work += time.monotonic() - began
        self.update += 1

    def frame(self, have: Mapping[str, Any]) -> Reply | None:
        if self._frames_fail:
            raise ZeroDivisionError
        if have.get("update") == self.update:
            return None
        began = time.monotonic()
        time.sleep(self.seconds_of_frame)
        self.seconds_of_frames += time.monotonic() - began
        self.n_frames += 1
        return Reply({"update": self.update, "cost": np.nan}, {"outputs": np.zeros(64_000, np.float32)})

    def cancel(self) -> None:
        self._is_cancelled.set()

    def close(self) -> None:
        with Counter.lock:
            Counter.n_alive -= 1


class Running:
    """A server that runs in a thread."""

    def __init__(self, folder: Path, make_bench: Callable[[], Any], limits: PlaygroundLimits, settings: Any) -> None:
        self._listening = bound_socket("127.0.0.1", 0)
        self.access = Access(self._listening.getsockname()[1])
        self.port = self.access.port
        self.sessions = Sessions(make_bench, limits)
        app = application(self.access, PageFiles(folder), self.sessions)
        usual: dict[str, Any] = {"ws_ping_interval": 10.0, "ws_ping_timeout": 15.0}
        config = quiet_config(
            app,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=limits.most_message,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
            **usual | settings,
        )
        self._server = Server(config)
        self._thread = threading.Thread(target=lambda: self._server.run(sockets=[self._listening]))
        self._thread.start()

    def end(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._listening.close()
        self.sessions.close(5)

    def page(self, **settings: Any) -> Page:
        return Page(self.access, **settings)


class Page:
    """A client of the WebSocket, as a page is."""

    def __init__(self, access: Access, **settings: Any) -> None:
        address = access.address.replace("http://", "ws://") + "socket"
        usual: dict[str, Any] = {"origin": f"http://127.0.0.1:{access.port}", "max_size": None, "compression": None}
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(connect(address, **usual | settings))
        self.n = 0

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, name: str, payload: bytes | None = None, /, **fields: Any) -> int:
        self.n += 1
        self.socket.send(encode(Reply({"id": self.n, "do": name, **fields}, payload=payload)))
        return self.n

    def receive(self, seconds: float = 30) -> dict[str, Any]:
        fields, arrays, payload = decode(self.socket.recv(seconds))
        return {**fields, **arrays} | ({} if payload is None else {"payload": payload})

    def ask(self, name: str, payload: bytes | None = None, /, **fields: Any) -> dict[str, Any]:
        number = self.send(name, payload, **fields)
        while (answer := self.receive())["id"] != number:
            pass
        return answer


@contextmanager
def running(folder: Path, make_bench: Callable[[], Any] = Counter, **settings: Any) -> Iterator[Running]:
    """Run a server with a page of two files."""
    (folder / "js").mkdir(exist_ok=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>", encoding="utf-8")
    (folder / "js" / "main.js").write_text("export {};", encoding="utf-8")
    (folder / "secret.txt").write_text(json.dumps("no file of the page"), encoding="utf-8")
    limits = settings.pop("limits", PlaygroundLimits())
    server = Running(folder, make_bench, limits, settings)
    try:
        yield server
    finally:
        server.end()


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition has not become true"
        time.sleep(0.01)
