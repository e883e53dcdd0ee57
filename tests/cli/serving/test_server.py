"""``multilayer serve`` as a process: its socket, its limits, many clients at a time, and its end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from multilayer import load_model
from multilayer.tables import read_table

from .browser import CHROMIUM, Browser

HEADERS = {"Content-Type": "application/json"}


class Server:
    """A running server."""

    def __init__(self, *options: object) -> None:
        words = [sys.executable, "-m", "multilayer.cli", "serve", *map(str, options), "--port", "0"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if line.startswith("  http://"):
                break
        self.port = int(self.lines[-1].rstrip("/\n").rpartition(":")[2])

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; the exit code, and what was printed on standard error."""
        self.process.send_signal(number)
        return self.process.wait(60), self.process.communicate()[1]


@contextmanager
def running(*options: object) -> Iterator[Server]:
    server = Server(*options)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.communicate()


@pytest.fixture(scope="module")
def server(people_model: Path) -> Iterator[Server]:
    """A server, which SIGTERM ends while a connection is open."""
    with running(people_model) as found:
        yield found
        connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=30)
        connection.request("GET", "/health")
        assert connection.getresponse().read()
        if os.name == "posix":
            assert found.end(signal.SIGTERM) == (0, "")
        connection.close()


def test_concurrent_answers_equal_those_of_predict(server, table, people_model):
    frame = read_table(table).select(["age", "income", "town"])
    rows = frame.to_pylist()
    expected = load_model(people_model).predict_proba(frame).tolist()
    requests = [(i % len(rows), 1 + i % 7) for i in range(120)]

    def ask(which: tuple[int, int]) -> tuple[int, Any]:
        start, n_rows = which
        return server.request("POST", "/predict", {"rows": rows[start : start + n_rows]})

    with ThreadPoolExecutor(24) as pool:
        found = list(pool.map(ask, requests))
    for (start, n_rows), (status, answer) in zip(requests, found, strict=True):
        assert status == 200
        shares = [list(each["probabilities"].values()) for each in answer["predictions"]]
        assert shares == expected[start : start + n_rows]


def test_bad_requests_among_others_fail_alone(server):
    person = {"age": 41, "income": 0.25, "town": "Ulm"}

    def ask(i: int) -> int:
        row = person if i % 3 else person | {"age": "old"}
        return server.request("POST", "/predict", {"rows": [row]})[0]

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(ask, range(48))) == [200 if i % 3 else 422 for i in range(48)]


def test_large_headers_and_other_protocols_are_refused(server):
    for text in (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01" * 9 + b"\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(text)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400 ")


def test_a_port_in_use_is_one_line(server, run, people_model):
    result = run("serve", people_model, "--port", server.port)
    assert result.exit_code == 2
    assert result.stderr == (
        f"multilayer: port {server.port} of 127.0.0.1 is in use. Pass another --port, or --port 0 for a free one.\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_ctrl_c_ends_the_server_when_it_has_answered(people_model, tmp_path):
    settings = tmp_path / "serve.toml"
    settings.write_text(
        f'command = "serve"\nmodel = {json.dumps(str(people_model))}\nhost = "0.0.0.0"\nallow-host = ["a.example"]\n'
    )
    with running("--config", settings) as server:
        assert server.lines[-2] == "Serving; Ctrl-C ends it.\n"
        body = json.dumps({"rows": [{"age": 41, "income": 0.25, "town": "Ulm"}]}).encode()
        head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(head.encode() + body[:9])
            for _ in range(200):
                if server.request("GET", "/health")[1]["requests"]:
                    break
                time.sleep(0.05)
            server.process.send_signal(signal.SIGINT)
            time.sleep(0.2)  # the server ends, but for this request
            connection.sendall(body[9:])
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        code, notes = server.process.wait(60), server.process.communicate()[1]
        assert code == 0
        assert notes.startswith("note: the server is bound to 0.0.0.0, so that other machines may reach it, without a ")
        assert "It answers to addresses and a.example" in notes
        assert len(notes.splitlines()) == 1


@pytest.mark.skipif(CHROMIUM is None or os.name != "posix", reason="there is no Chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_predicts_a_row_in_a_browser(server, tmp_path, scheme):
    with Browser(tmp_path) as browser:
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        browser.call("Emulation.setDeviceMetricsOverride", width=360, height=700, deviceScaleFactor=1, mobile=True)
        browser.call("Page.navigate", url=f"http://127.0.0.1:{server.port}/")
        browser.wait_for("document.querySelector('#form:not([hidden])') !== null")
        labels = browser.evaluate("[...document.querySelectorAll('#columns label')].map((each) => each.textContent)")
        assert labels == ["age", "income", "town"]
        named = "[...document.querySelectorAll('input, select')].every((each) => each.labels.length === 1)"
        assert browser.evaluate(named)
        browser.evaluate("document.querySelector('#column-1').value = '1e9'; document.querySelector('.main').click()")
        browser.wait_for("document.querySelector('#result .answer') !== null")
        sent = browser.evaluate("document.getElementById('command').textContent")
        row = json.loads(sent[sent.index("{") : sent.rindex("}") + 1])["rows"][0]
        assert (row["income"], list(row)) == (1e9, labels)
        (answer,) = server.request("POST", "/predict", {"rows": [row]})[1]["predictions"]
        text = browser.evaluate("document.getElementById('result').innerText")
        assert answer["prediction"] in text
        assert f"{100 * answer['probabilities']['yes']:.1f} %" in text
        assert "Warning: far outside the training rows, by values in 'income'." in text
        assert browser.evaluate("document.querySelectorAll('table.bars').length") == 2
        assert browser.evaluate("document.documentElement.scrollWidth") <= 360
        background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, background[4:-1].split(","))) < 380) == (scheme == "dark")
        browser.evaluate("document.querySelector('#column-1').value = ''; document.querySelector('.main').click()")
        browser.wait_for("document.getElementById('command').textContent.includes('\"income\":null')")
        assert browser.errors == []


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_server_ends_with_the_process_that_predicts(people_model):
    with running(people_model) as mortal:
        children = Path(f"/proc/{mortal.process.pid}/task/{mortal.process.pid}/children")
        if not children.exists():
            pytest.skip("this system does not list the children of a process")
        (child,) = map(int, children.read_text().split())
        os.kill(child, signal.SIGKILL)
        assert mortal.process.wait(60) == 1
        assert mortal.process.communicate()[1] == (
            "multilayer: the process that predicts was ended by signal 9. Start the server again.\n"
        )


def test_files_of_the_current_folder_are_not_run(people_model, tmp_path):
    (tmp_path / "pyarrow.py").write_text("raise SystemExit('run')")
    words = [sys.executable, "-P", "-m", "multilayer.cli", "serve", str(people_model), "--check"]
    result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")


def test_options_and_models_that_cannot_be_served(run, table, monkeypatch):
    result = run("serve", table, "--port", "0")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert str(table) in result.stderr
    result = run("serve", table, "--port", "70000")
    assert "--port must be an integer from 0 to 65535, got 70000" in result.stderr
    assert "there is no such address" in run("serve", table, "--host", "no.such.host.invalid").stderr
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert 'python -m pip install "multilayer[serve]"' in run("serve", table).stderr


def test_check_loads_the_model_and_ends(run, people_model):
    result = run("serve", people_model, "--check")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("model.safetensors: Predicts 2 classes ('no', 'yes') from 3 columns")
    assert result.stdout.endswith("\nIt can be served.\n")
