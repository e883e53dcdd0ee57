"""Requests that queue up share batches and predictions, and one that fails does so alone."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from multilayer.cli.prediction.saved import Wanted
from multilayer.cli.serving.answer import Answer, RequestError
from multilayer.cli.serving.answering import answers_to
from multilayer.cli.serving.batching import MOST_BYTES, Batches
from multilayer.cli.serving.requests import Rows
from multilayer.exceptions import InputError


class Model:
    """Remembers the batches; the first one waits until ``free`` is set."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.free = threading.Event()
        self.has_ended = False

    def exchange(self, bodies: Sequence[bytes]) -> list[Answer]:
        self.batches.append(list(bodies))
        self.free.wait(10)
        if b"end" in bodies:
            raise EOFError
        return [Answer(200, body.upper()) for body in bodies]

    def end(self) -> None:
        self.has_ended = True


def run(work: Callable[[Batches, Model], Coroutine[Any, Any, None]]) -> Model:
    model = Model()

    async def main() -> None:
        batches = Batches(model.exchange, model.end)
        try:
            await work(batches, model)
        finally:
            model.free.set()
            await batches.stop(10)
        assert not batches.is_alive

    asyncio.run(main())
    return model


async def queued(batches: Batches, model: Model, bodies: Sequence[bytes]) -> list[Any]:
    """Let the first request occupy the thread, queue the others, and return the texts of all answers."""
    first = asyncio.create_task(batches.answer(bodies[0]))
    while not model.batches:
        await asyncio.sleep(0.001)
    others = [asyncio.create_task(batches.answer(each)) for each in bodies[1:]]
    await asyncio.sleep(0)
    model.free.set()
    return [each.text for each in await asyncio.gather(first, *others)]


def test_requests_that_wait_are_passed_on_together_and_each_has_its_answer() -> None:
    async def work(batches: Batches, model: Model) -> None:
        assert await queued(batches, model, [b"a", b"b", b"c", b"d"]) == [b"A", b"B", b"C", b"D"]

    assert run(work).batches == [[b"a"], [b"b", b"c", b"d"]]


def test_explanations_come_last_and_alone() -> None:
    slow = [b'1 "explain": true', b'2 "explain" :\ttrue']
    fast = b'3 "explain": false'

    async def work(batches: Batches, model: Model) -> None:
        await queued(batches, model, [b"a", slow[0], b"b", slow[1], fast])

    assert run(work).batches == [[b"a"], [b"b", fast], [slow[0]], [slow[1]]]


def test_large_bodies_do_not_share_a_batch() -> None:
    large = [letter * (MOST_BYTES - 10) for letter in (b"x", b"y")]

    async def work(batches: Batches, model: Model) -> None:
        await queued(batches, model, [b"a", *large, b"b"])

    assert run(work).batches == [[b"a"], [large[0]], [large[1], b"b"]]


def test_a_request_that_nobody_waits_for_is_not_passed_on() -> None:
    async def work(batches: Batches, model: Model) -> None:
        first = asyncio.create_task(batches.answer(b"a"))
        while not model.batches:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(batches.answer(b"b"))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        model.free.set()
        assert (await first).text == b"A"

    assert run(work).batches == [[b"a"]]


def test_after_the_end_of_the_model_requests_are_answered_by_503() -> None:
    async def work(batches: Batches, model: Model) -> None:
        model.free.set()
        assert [(await batches.answer(body)).status for body in (b"a", b"end", b"b")] == [200, 503, 503]
        assert not batches.is_alive

    model = run(work)
    assert (model.batches, model.has_ended) == ([[b"a"], [b"end"]], True)


class Reader:
    """Reads JSON of a number and its options; text is an error of a request."""

    def read(self, body: bytes) -> Rows:
        number, *options = json.loads(body)
        if isinstance(number, str):
            raise RequestError(400, number)
        coverage = next((each for each in options if each != "explain"), None)
        return Rows({"x": [number]}, {}, 1, Wanted(False, coverage, "explain" in options))


def answered(bodies: Sequence[str]) -> tuple[list[Answer], list[list[int]]]:
    together = []

    def predict(requests: Sequence[Rows]) -> list[bytes]:
        numbers = [each.columns["x"][0] for each in requests]
        together.append(numbers)
        if min(numbers) < 0:
            raise InputError("a number below 0")
        if max(numbers) > 1_000:
            raise RuntimeError("an error in the program")
        return [str(number).encode() for number in numbers]

    reader: Any = Reader()
    return answers_to([body.encode() for body in bodies], reader, predict), together


def test_requests_that_want_the_same_are_predicted_together() -> None:
    found, together = answered(["[1]", "[2, 0.9]", "[3]", '[4, "explain"]', '[5, "explain"]', "[6, 0.9]"])
    assert found == [Answer(200, text) for text in (b"1", b"2", b"3", b"4", b"5", b"6")]
    assert together == [[1, 3], [2, 6], [4], [5]]


def test_a_request_that_fails_fails_alone(capsys: pytest.CaptureFixture[str]) -> None:
    found, together = answered(["[1]", '["wrong"]', "[-1]", "[2]", "[1001]"])
    assert [each.status for each in found] == [200, 400, 422, 200, 500]
    assert json.loads(found[1].text) == {"error": "wrong"}
    assert json.loads(found[2].text) == {"error": "the model cannot predict these rows: a number below 0"}
    assert together == [[1, -1, 2, 1001], [1], [-1], [2], [1001]]
    assert "RuntimeError: an error in the program" in capsys.readouterr().err
