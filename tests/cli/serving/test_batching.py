"""The thread of predictions: requests share batches, and one that fails does so alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from multilayer.cli.prediction.saved import Wanted
from multilayer.cli.serving.batching import Batches
from multilayer.cli.serving.requests import RequestError, Rows
from multilayer.exceptions import InputError


def request(number: int, *, explain: bool = False, coverage: float | None = None) -> Rows:
    return Rows({"x": [number]}, {}, 1, Wanted(False, coverage, explain))


class Model:
    """Remembers the batches; the first one waits until ``free`` is set, and numbers below 0 are refused."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.free = threading.Event()

    def __call__(self, requests: Sequence[Rows]) -> list[bytes]:
        numbers = [each.columns["x"][0] for each in requests]
        self.batches.append(numbers)
        self.free.wait(10)
        if min(numbers) < 0:
            raise InputError("a number below 0")
        if max(numbers) > 1_000:
            raise RuntimeError("an error in the program")
        return [str(number).encode() for number in numbers]


def run(work: Callable[[Batches, Model], Coroutine[Any, Any, None]]) -> Model:
    model = Model()

    async def main() -> None:
        batches = Batches(model)
        try:
            await work(batches, model)
        finally:
            model.free.set()
            await batches.stop(10)
        assert not batches.is_alive

    asyncio.run(main())
    return model


async def queued(batches: Batches, model: Model, requests: Sequence[Rows]) -> list[Any]:
    """Let the first request occupy the thread, queue the others, and return all results."""
    first = asyncio.create_task(batches.answer(requests[0]))
    while not model.batches:
        await asyncio.sleep(0.001)
    others = [asyncio.create_task(batches.answer(each)) for each in requests[1:]]
    await asyncio.sleep(0)
    model.free.set()
    return await asyncio.gather(first, *others, return_exceptions=True)


def test_requests_that_wait_are_predicted_together_and_each_has_its_answer() -> None:
    async def work(batches: Batches, model: Model) -> None:
        found = await queued(batches, model, [request(i) for i in range(5)])
        assert found == [b"0", b"1", b"2", b"3", b"4"]

    assert run(work).batches == [[0], [1, 2, 3, 4]]


def test_requests_with_other_options_have_their_own_batch_and_explanations_come_last_and_alone() -> None:
    async def work(batches: Batches, model: Model) -> None:
        requests = [request(0), request(1, explain=True), request(2), request(3, coverage=0.9), request(4)]
        found = await queued(batches, model, [*requests, request(5, explain=True)])
        assert found == [b"0", b"1", b"2", b"3", b"4", b"5"]

    assert run(work).batches == [[0], [2, 4], [3], [1], [5]]


def test_a_request_that_fails_fails_alone(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(batches: Batches, model: Model) -> None:
        found = await queued(batches, model, [request(i) for i in (0, 1, -1, 2, 1_001)])
        assert (found[0], found[1], found[3]) == (b"0", b"1", b"2")
        assert isinstance(found[2], RequestError)
        assert (found[2].status, str(found[2])) == (422, "the model cannot predict these rows: a number below 0")
        assert isinstance(found[4], RequestError)
        assert found[4].status == 500

    assert run(work).batches == [[0], [1, -1, 2, 1_001], [1], [-1], [2], [1_001]]
    assert "RuntimeError: an error in the program" in capsys.readouterr().err


def test_a_request_that_nobody_waits_for_is_not_predicted() -> None:
    async def work(batches: Batches, model: Model) -> None:
        first = asyncio.create_task(batches.answer(request(0)))
        while not model.batches:
            await asyncio.sleep(0.001)
        second = asyncio.create_task(batches.answer(request(1)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.sleep(0)
        model.free.set()
        assert await first == b"0"

    assert run(work).batches == [[0]]
