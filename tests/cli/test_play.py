"""``multilayer play`` as a process and in this one: its address, its errors before it starts, and its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.sync.client import connect

from multilayer.playground.messages import Reply, decode, encode

STARTED = "The playground; Ctrl-C ends it.\n"


class Playground:
    """A running ``multilayer play``."""

    def __init__(self, *options: object) -> None:
        words = [sys.executable, "-m", "multilayer.cli", "play", *map(str, options), "--no-open"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise AssertionError(self.process.communicate()[1])
        self.port = int(self.address.split("/")[2].partition(":")[2])

    def page(self):
        origin = f"http://127.0.0.1:{self.port}"
        address = self.address.replace("http:", "ws:") + "socket"
        return connect(address, origin=origin, max_size=None, compression=None)

    def end(self, number: int) -> tuple[int, str, str]:
        """Send a signal; the exit code, and the rest of both outputs."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        return (code, *self.process.communicate())


@contextmanager
def playing(*options: object) -> Iterator[Playground]:
    found = Playground(*options)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.communicate()


def ask(page, name, **fields):
    page.send(encode(Reply({"id": 1, "do": name, **fields})))
    return decode(page.recv(120))[0]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_running_sessions_quickly(number):
    with playing("--port", "0") as found, ExitStack() as stack:
        assert found.line == STARTED
        with urllib.request.urlopen(found.address, timeout=30) as answer:
            assert answer.read().lower().startswith(b"<!doctype html>")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"http://127.0.0.1:{found.port}/", timeout=30)
        pages = [stack.enter_context(found.page()) for _ in range(2)]
        assert [ask(page, "open")["data"]["title"] for page in pages] == ["two moons"] * 2
        ask(pages[0], "play", updates_per_second=None)
        time.sleep(0.5)
        assert ask(pages[0], "pause")["update"] > 0
        ask(pages[0], "play", updates_per_second=None)
        began = time.monotonic()
        assert found.end(number) == (0, "Stopped.\n", "")
        assert time.monotonic() - began < 5


def test_a_table(people: Path):
    with playing(people, "--target", "buys", "--port", "0") as found, found.page() as page:
        data = ask(page, "open")["data"]
        assert (data["target"], data["is_table"], data["classes"]) == ("buys", True, ["no", "yes"])


def test_the_usual_port_is_replaced_if_it_is_in_use():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8765))
            taken.listen()
        except OSError:
            pass  # another program has it, which serves as well
        with playing() as found:
            assert found.port != 8765


def test_a_port_that_is_given_and_in_use_is_an_error(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("play", "--port", port, "--no-open")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"multilayer: port {port} of 127.0.0.1 is in use.")


@pytest.fixture
def _nothing_is_served(monkeypatch):
    monkeypatch.setattr(
        "multilayer.playground.serve_playground", lambda *_, **__: pytest.fail("the server has started")
    )


@pytest.mark.usefixtures("_nothing_is_served")
def test_files_that_cannot_be_used(run, people, tmp_path):
    lesson = tmp_path / "lesson.toml"
    lesson.write_text("title = ", encoding="utf-8")
    for words, text in [
        ([tmp_path / "none.csv"], "none.csv"),
        ([people, "--target", "by"], "'by'"),
        ([tmp_path / "none.toml"], "none.toml"),
        ([lesson], "lesson.toml"),
        (["--target", "buys"], "--target names a column of a table."),
        ([lesson, "--target", "buys"], "--target names a column of a table."),
        (["--port", "70000"], "--port must be an integer from 0 to 65535, got 70000"),
        (["--max-sessions", "0"], "--max-sessions must be an integer from 1 to 1000, got 0"),
    ]:
        result = run("play", *words, "--no-open")
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1), result.stderr
        assert text in result.stderr


def test_options_reach_the_server(run, monkeypatch):
    received = {}

    def serve(make_bench, announce, **options):
        received.update(options)
        announce("http://127.0.0.1:1/token/")
        assert callable(make_bench)

    monkeypatch.setattr("multilayer.playground.serve_playground", serve)
    result = run("play", "--max-sessions", "3", "--max-bytes", "2000", "--port", "7")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == STARTED + "  http://127.0.0.1:1/token/\nStopped.\n"
    limits = received.pop("limits")
    assert (limits.most_sessions, limits.most_bytes) == (3, 2_000)
    assert received == {"port": 7, "opens_page": True}


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "websockets"])
def test_the_error_of_a_missing_extra(run, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    result = run("play", "--no-open")
    assert result.exit_code == 2
    assert 'python -m pip install "multilayer[play]"' in result.stderr


def test_the_help_loads_no_server():
    code = "import sys\nfrom multilayer.cli import main\nmain(['play', '--help'], standalone_mode=False)\n"
    code += "print([name for name in ('starlette', 'uvicorn', 'websockets', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "multilayer play houses.csv --target price" in done.stdout
    assert done.stdout.endswith("\n[]\n")
