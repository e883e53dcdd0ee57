"""The WebSocket with real clients: large uploads, many pages, killed ones, ones that do not read, and nonsense."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed

from multilayer.playground.messages import Reply, encode
from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.requests import Request

from ...living import living_objects
from .bench import Counter, running, wait_for

GIGABYTE = 1 << 30
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(
        tmp_path_factory.mktemp("page"), limits=PlaygroundLimits(most_sessions=8, most_bytes=10_000_000)
    ) as found:
        yield found


@pytest.fixture(autouse=True)
def _sessions_end(server):
    yield
    wait_for(lambda: server.sessions.n_alive == 0)


def test_a_session(server):
    with server.page() as page, server.page() as other:
        assert page.ask("step", updates=3)["update"] == 3
        assert other.ask("step", updates=1)["update"] == 1  # a session of its own
        assert page.ask("echo", b"a,b\n", text="\ud83d\ude00 \u00e9")["payload"] == b"a,b\n"
        answer = page.ask("frame", have={})
        assert (answer["update"], answer["cost"], answer["outputs"].shape) == (3, None, (64_000,))
        assert server.sessions.n_alive == 2


def test_a_session_ends_with_its_page_and_frees_its_workbench(server):
    made = []

    class Traced(Counter):
        def __init__(self):
            super().__init__()
            made.append(weakref.ref(self))

    before, usual = Counter.n_alive, server.sessions._make_bench
    server.sessions._make_bench = Traced
    try:
        for name, fields in [("step", {"updates": 1}), ("fail", {"how": "input"}), ("play", {})]:
            with server.page() as page:
                page.ask(name, **fields)
        with server.page() as page:
            page.send("wait")  # a long request
            wait_for(lambda: Counter.n_alive > before)
    finally:
        server.sessions._make_bench = usual
    wait_for(lambda: server.sessions.n_alive == 0, 3)
    gc.collect()
    assert Counter.n_alive == before
    assert [reference() for reference in made] == [None] * 4


def test_malformed_messages_are_answered_and_the_session_continues(server):
    with server.page() as page:
        for data in (b"", b"\xff" * 100, struct.pack("<I", 4) + b"[1] ", struct.pack("<I", 4) + b"{}  ", "text"):
            page.socket.send(data)
            answer = page.receive()
            assert answer["id"] is None
            assert answer["error"]["message"]
        page.socket.send(struct.pack("<I", 12) + b'{"id":7}    ')
        assert page.receive() == {"id": 7, "error": {"message": "do must be the name of a request.", "parameter": None}}
        assert "unknown request" in page.ask("nonsense")["error"]["message"]
        assert "have must be an object" in page.ask("frame", have=[1])["error"]["message"]
        assert "unexpected KeyError" in page.ask("step")["error"]["message"]  # without its field
        assert page.ask("step", updates=1)["update"] == 1


def test_an_upload_of_the_largest_size(server):
    with server.page() as page:
        assert page.ask("upload", bytes(10_000_000))["n_bytes"] == 10_000_000
        gc.collect()
        kept = [each for each in living_objects() if type(each) is Request and each.payload]  # not of weak proxies
        assert kept == []  # the session does not hold what was uploaded
        assert "at most 10,000,000 are accepted" in page.ask("upload", bytes(10_000_001))["error"]["message"]
        with pytest.raises(ConnectionClosed) as caught:
            page.ask("upload", bytes(12_000_000))
        # Too big; or nothing, if the client still sends when the server closes the connection.
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009


def opened(server):
    """A connection on which a WebSocket has been opened by hand."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(
        f"GET /{server.access.token}/socket HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        f"Origin: http://127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 101 ")
    return connection


def frame_head(length, opcode=2, fin=True):
    """The head of a frame of RFC 6455, masked by zeros."""
    return bytes([opcode | (0x80 if fin else 0), 0x80 | 127]) + struct.pack(">Q", length) + bytes(4)


def sent_until_refused(connection, parts):
    """Send parts until the server closes the connection; the number of bytes that were sent."""
    n = 0
    with contextlib.suppress(OSError):
        for part in parts:
            connection.sendall(part)
            n += len(part)
    return n


@pytest.mark.parametrize("is_in_fragments", [False, True])
def test_a_gigabyte_is_refused_without_memory(server, is_in_fragments):
    part = bytes(MEGABYTE)
    one = frame_head(GIGABYTE), *[part] * 1024
    many = (frame_head(MEGABYTE, 0 if i else 2, False) + part for i in range(1024))
    tracemalloc.start()
    try:
        with opened(server) as connection:
            n = sent_until_refused(connection, many if is_in_fragments else one)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n < 100 * MEGABYTE
    assert peak < (60 if is_in_fragments else 20) * MEGABYTE
    with server.page() as page:
        assert page.ask("step", updates=1)["update"] == 1


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_gigabyte_over_http_is_refused_without_memory(server, is_chunked):
    how = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {GIGABYTE}"
    head = f"POST /{server.access.token}/ HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{how}\r\n\r\n".encode()
    part = b"100000\r\n" + bytes(MEGABYTE) + b"\r\n" if is_chunked else bytes(MEGABYTE)
    tracemalloc.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(head)
            sent_until_refused(connection, [part] * 40)
            connection.settimeout(30)
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 405 ")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * MEGABYTE


def test_fifty_clients_are_served_or_refused(server):
    all_open = threading.Barrier(50, timeout=60)

    def visit(number):
        with server.page() as page:
            try:
                update = page.ask("step", updates=number)["update"]
            except ConnectionClosed as error:
                all_open.wait()
                return error.rcvd.code, error.rcvd.reason
            all_open.wait()
            return number, update

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(visit, range(50)))
    served = [each for each in found if each[0] == each[1]]
    refused = [each for each in found if each[0] != each[1]]
    assert (len(served), len(refused)) == (8, 42)
    text = "8 pages are open already. Close one, or start multilayer play with a larger --max-sessions."
    assert set(refused) == {(1013, text)}
    with server.page() as page:  # there is room again
        assert page.ask("step", updates=1)["update"] == 1


def test_the_reason_of_the_largest_limit_fits_into_a_close_frame():
    text = "1000 pages are open already. Close one, or start multilayer play with a larger --max-sessions."
    assert len(text.encode()) <= 123


CLIENT = """
import sys, time
from websockets.sync.client import connect
text = b'{"id":1,"do":"play"}'
with connect(sys.argv[1], origin=sys.argv[2], compression=None) as page:
    page.send(len(text).to_bytes(4, "little") + text)  # 4 + 20 bytes are a multiple of 8
    page.recv()
    print("open", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_session_of_a_killed_client_ends(server):
    before = Counter.n_alive
    address = server.access.address.replace("http:", "ws:") + "socket"
    words = [sys.executable, "-c", CLIENT, address, f"http://127.0.0.1:{server.port}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout.readline() == "open\n"
        assert (server.sessions.n_alive, Counter.n_alive) == (1, before + 1)
        client.send_signal(signal.SIGKILL)
    wait_for(lambda: server.sessions.n_alive == 0 and Counter.n_alive == before, 5)


def test_the_session_of_a_client_that_is_silent_ends(tmp_path):
    with running(tmp_path, ws_ping_interval=0.3, ws_ping_timeout=0.5) as server, opened(server):
        wait_for(lambda: server.sessions.n_alive == 1)  # which never answers a ping
        wait_for(lambda: server.sessions.n_alive == 0, 10)


def test_an_idle_page_keeps_its_session(tmp_path):
    with running(tmp_path, ws_ping_interval=0.1, ws_ping_timeout=0.5) as server, server.page() as page:
        page.ask("step", updates=5)
        time.sleep(2)
        assert page.ask("step", updates=1)["update"] == 6


def request_frame(number, name, **fields):
    message = encode(Reply({"id": number, "do": name, **fields}))
    return frame_head(len(message)) + message


def test_no_queue_grows_for_a_page_that_does_not_read(server):
    """Each of 60 requests is for 4 MB; the page reads their answers only when it has sent all."""
    with opened(server) as connection:
        tracemalloc.start()
        try:
            connection.sendall(request_frame(1, "play"))
            for number in range(2, 62):
                connection.sendall(request_frame(number, "large"))
            for number in range(100, 300):
                connection.sendall(request_frame(number, "frame", have={}))
            time.sleep(1)
            held = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert held < 40 * MEGABYTE
        (worker,) = server.sessions._workers
        assert worker.inbox._n_unread <= 220
        assert worker._bench.n_frames <= 2
        assert worker._bench.update > 10  # it trains on
        n_bytes = 0
        while n_bytes < 60 * 4_000_000:  # the answers arrive when they are read
            n_bytes += len(connection.recv(MEGABYTE))


def test_a_page_that_only_sends_is_held_back(server):
    """What it sends is malformed, so that each message is answered at once."""
    with opened(server) as connection:
        connection.settimeout(1)
        nonsense = b"\x82\xc8" + bytes(4) + b"\xff" * 72  # 72 bytes, masked by zeros
        with contextlib.suppress(TimeoutError):
            for _ in range(200):
                connection.sendall(nonsense * 1_000)
            pytest.fail("the server has read 200,000 messages whose answers were not read")
        time.sleep(0.5)
        (worker,) = server.sessions._workers
        assert worker.inbox._n_unread < 300


def test_the_newest_frame_reaches_a_slow_page(server):
    with server.page() as page:
        page.ask("play")
        first = page.ask("frame", have={})["update"]
        time.sleep(0.6)
        second = page.ask("frame", have={"update": first})["update"]
        assert second > first + 10
        page.ask("pause")


def test_a_session_whose_workbench_cannot_be_made(tmp_path, capfd):
    def fail():
        raise RuntimeError("secret")

    with running(tmp_path, fail) as server, server.page() as page:
        answer = page.ask("open")
        assert answer["error"]["message"].startswith("unexpected RuntimeError")
        with pytest.raises(ConnectionClosed, match="the session has ended"):
            page.receive()
    assert "RuntimeError: secret" in capfd.readouterr().err


def test_the_server_ends_while_sessions_run(tmp_path):
    before = Counter.n_alive
    with running(tmp_path) as server, contextlib.ExitStack() as stack:
        pages = [stack.enter_context(server.page()) for _ in range(3)]
        pages[0].ask("play")
        pages[1].send("wait")
        wait_for(lambda: server.sessions.n_alive == 3)
        began = time.monotonic()
        server.end()
        assert time.monotonic() - began < 4
        assert Counter.n_alive == before
        with pytest.raises(ConnectionClosed) as caught:
            pages[2].receive()
        assert caught.value.rcvd.code == 1012
