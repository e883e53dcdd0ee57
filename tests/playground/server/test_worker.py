"""A worker without a server: the order of answers, frames, errors, and its end."""

from __future__ import annotations

import queue
import time

import pytest

from multilayer.playground.messages import decode
from multilayer.playground.server.limits import PlaygroundLimits
from multilayer.playground.server.requests import Request
from multilayer.playground.server.worker import Worker

from .bench import Counter, wait_for


class Client:
    """A worker and its answers, each of which is read at once unless ``reads`` is false."""

    def __init__(self, make_bench=Counter, limits=None):
        self.answers = queue.Queue()
        self.reads = True
        self.benches = []
        self.has_ended = False
        self.worker = Worker(lambda: self._made(make_bench), self._send, limits or PlaygroundLimits(), self._end)

    def _made(self, make_bench):
        self.benches.append(make_bench())
        return self.benches[-1]

    def _send(self, message):
        fields, _, _ = decode(message)
        self.answers.put(fields)
        if self.reads:
            self.worker.inbox.count_unread(-1)

    def _end(self):
        self.has_ended = True

    def put(self, number, name, **fields):
        request = Request(number, {"id": number, "do": name, **fields}, None, 100)
        found = self.worker.inbox.put(request)
        return None if found is None else decode(found)[0]

    def get(self, seconds=10):
        return self.answers.get(timeout=seconds)


@pytest.fixture
def client():
    found = Client()
    yield found
    found.worker.close()
    found.worker.join(10)
    assert not found.worker.is_alive
    assert found.has_ended


def test_requests_are_answered_in_their_order(client):
    for number in range(1, 40):
        assert client.put(number, "step", updates=1) is None
    assert [(each["id"], each["update"]) for each in (client.get() for _ in range(39))] == [
        (n, n) for n in range(1, 40)
    ]


def test_a_frame_waits_until_there_is_something_new(client):
    client.put(1, "frame", have={"update": 0})
    with pytest.raises(queue.Empty):
        client.get(0.3)
    client.put(2, "step", updates=3)
    assert client.get()["id"] == 2
    answer = client.get()
    assert (answer["id"], answer["update"], answer["cost"]) == (1, 3, None)


def test_a_newer_request_for_a_frame_replaces_an_older_one(client):
    client.put(1, "frame", have={"update": 0})
    assert client.put(2, "frame", have={"update": 0}) == {"id": 1, "superseded": True}
    assert client.put(3, "frame", have={"update": 7}) == {"id": 2, "superseded": True}
    assert client.get()["id"] == 3


def test_frames_come_at_most_twenty_times_a_second(client):
    client.put(1, "play")
    assert client.get()["id"] == 1
    began, times, update = time.monotonic(), [], 0
    while time.monotonic() < began + 1.5:
        client.put(2, "frame", have={"update": update})
        update = client.get()["update"]
        times.append(time.monotonic())
    assert 3 < len(times) <= (times[-1] - began) / 0.05 + 2


def test_frames_take_a_small_share_of_the_training_time(client):
    Counter.seconds_of_frame = 0.05
    try:
        client.put(1, "play")
        client.get()
        end, update = time.monotonic() + 3, 0
        while time.monotonic() < end:
            client.put(2, "frame", have={"update": update})
            update = client.get()["update"]
        client.put(3, "pause")
        answer = client.get()
        (bench,) = client.benches
        assert answer["frames"] >= 3
        # The first frame comes at once; the last may not be followed by training yet.
        assert bench.seconds_of_frames - 0.1 <= 0.2 * bench.seconds_of_work
    finally:
        Counter.seconds_of_frame = 0.0


@pytest.mark.parametrize(
    ("how", "text", "parameter", "traceback"),
    [
        ("input", "the input is wrong.", None, ""),
        ("parameter", "alpha must be a number.", "alpha", ""),
        ("memory", "out of memory. Use a smaller network or fewer rows.", None, ""),
        ("other", "unexpected KeyError. The traceback is where multilayer play was started.", None, "Traceback"),
    ],
)
def test_an_error_is_an_answer_and_the_session_continues(client, capfd, how, text, parameter, traceback):
    client.put(1, "fail", how=how)
    assert client.get() == {"id": 1, "error": {"message": text, "parameter": parameter}}
    client.put(2, "step", updates=1)
    assert client.get()["update"] == 1
    assert capfd.readouterr().err.startswith(traceback)


def test_an_error_of_training_is_reported_by_the_next_frame(client):
    client.put(1, "frame", have={"update": 0})
    client.put(2, "set", what="work", value=True)
    assert client.get()["id"] == 2
    client.put(3, "play")
    assert {client.get()["id"], client.get()["id"]} == {1, 3}
    (bench,) = client.benches
    assert not bench.is_playing
    client.put(4, "set", what="work", value=False)
    client.put(5, "play")
    client.put(6, "frame", have={"update": 0})
    assert [client.get()["id"] for _ in range(2)] == [4, 5]
    assert client.get()["update"] > 0


def test_frames_that_fail_are_not_repeated_at_once(client, capfd):
    client.put(1, "set", what="frame", value=True)
    client.get()
    end = time.monotonic() + 1.5
    n = 0
    while time.monotonic() < end:
        client.put(2, "frame")
        assert "ZeroDivisionError" in client.get()["error"]["message"]
        n += 1
    assert n <= 3
    assert capfd.readouterr().err.count("Traceback") == n


def test_requests_beyond_the_limit_are_answered_by_an_error():
    client = Client(limits=PlaygroundLimits(most_requests=3))
    client.put(1, "wait")
    wait_for(lambda: not client.worker.inbox._waiting)
    assert [client.put(number, "step", updates=1) for number in (2, 3, 4)] == [None] * 3
    answer = client.put(5, "step", updates=1)
    assert answer == {
        "id": 5,
        "error": {"message": "3 requests wait already. Wait for their answers.", "parameter": None},
    }
    client.worker.close()
    client.worker.join(10)
    assert not client.worker.is_alive


def test_uploads_that_wait_are_limited_together():
    client = Client(limits=PlaygroundLimits(most_bytes=1_000, most_text=0))
    client.put(1, "wait")
    wait_for(lambda: not client.worker.inbox._waiting)
    put = client.worker.inbox.put
    assert put(Request(2, {"do": "upload"}, bytes(700), 700)) is None
    assert "1 requests wait" in decode(put(Request(3, {"do": "upload"}, bytes(700), 700)))[0]["error"]["message"]
    client.worker.close()
    client.worker.join(10)


def test_nothing_is_made_for_a_page_that_does_not_read(client):
    client.put(1, "play")
    client.get()
    client.reads = False
    for number in range(2, 12):
        client.put(number, "step", updates=1)
    wait_for(lambda: client.answers.qsize() == 4)
    client.put(20, "frame", have={"update": -1})
    (bench,) = client.benches
    before = bench.update
    wait_for(lambda: bench.update > before + 20)  # it trains on
    assert client.answers.qsize() == 4
    assert bench.n_frames == 0
    client.reads = True
    client.worker.inbox.count_unread(-4)
    assert {client.get()["id"] for _ in range(11)} == {*range(2, 12), 20}


def test_the_end_of_a_long_request():
    before = Counter.n_alive
    client = Client()
    client.put(1, "wait")
    wait_for(lambda: client.benches and not client.worker.inbox._waiting)
    began = time.monotonic()
    client.worker.close()
    client.worker.join(10)
    assert time.monotonic() - began < 2
    assert not client.worker.is_alive
    assert Counter.n_alive == before


def test_a_workbench_that_cannot_be_made_ends_the_session():
    def fail():
        raise MemoryError

    client = Client(fail)
    client.put(1, "open")
    assert client.get()["error"]["message"].startswith("out of memory")
    client.worker.join(10)
    assert client.has_ended


def test_a_slow_pace_does_not_keep_the_processor_busy(client):
    client.put(1, "play")
    client.get()
    (bench,) = client.benches
    bench.is_slow = True
    before = bench.n_works
    time.sleep(0.5)
    assert 10 < bench.n_works - before < 150
    client.put(2, "step", updates=1)
    assert client.get(1)["id"] == 2


def test_an_idle_worker_waits(client):
    client.put(1, "step", updates=1)
    client.get()
    client.put(2, "frame", have={"update": 1})
    time.sleep(0.2)
    looked = client.benches[0]
    calls = []
    looked.frame = lambda have: calls.append(have)
    time.sleep(0.5)
    assert calls == []
    client.put(3, "step", updates=0)
    wait_for(lambda: bool(calls))
    assert looked.frame({}) is None
