"""The part of a pack that runs on a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import cloudpickle
import numpy as np
import pytest
from sklearn import config_context, get_config

from multilayer.exceptions import ClusterError
from multilayer.packs import Member, Slice
from multilayer.packs.clusters.messages import Message, Reply, decode, encode
from multilayer.packs.clusters.worker import is_worker, work_on

from .here import NAP, Steps


def message(*members: Member, n_threads: int = 1, seconds: float = 10.0, **config: Any) -> Message:
    """Return a message with one parcel for each member."""
    parcels = tuple(cloudpickle.dumps([member]) for member in members)
    return Message(parcels, n_threads, seconds, get_config() | config)


def after_a_step(*members: Member) -> Reply:
    """Return the reply to a message whose time is over in the first step of a member."""
    for _ in range(100):  # on a busy machine it may be over before
        reply = work_on(message(*members, seconds=NAP / 2), {})
        if reply.outcomes or any(encoded is not None for _, encoded in reply.left):
            return reply
    raise AssertionError("no step was done")


def outcomes(of: Message) -> dict[Any, Any]:
    reply = work_on(of, {})
    found = {key: decode(encoded.data, {})[0] for key, encoded in reply.outcomes}
    assert reply.left == ()
    assert [each.key for each in found.values()] == list(found)
    return {key: each.error or each.value for key, each in found.items()}


@pytest.mark.parametrize("n_threads", [1, 3])
def test_members_that_end_have_outcomes(n_threads: int) -> None:
    members = [Member(key, partial(pow, key, 3)) for key in range(5)]
    assert outcomes(message(*members, n_threads=n_threads)) == {key: key**3 for key in range(5)}


def test_members_that_have_not_ended_come_back_with_their_progress() -> None:
    reply = after_a_step(Member("a", Steps(9)), Member("b", Steps(9)))
    assert reply.outcomes == ()
    (a, encoded), rest = reply.left
    assert (a, rest) == (0, (1, None))  # nobody worked on the second one
    assert encoded is not None
    (member,) = decode(encoded.data, {})
    assert isinstance(member.work, Steps)
    assert len(member.work.log) >= 1
    assert member.seconds > 0.0
    assert reply.seconds >= NAP


class Unpausable(Steps):
    """Work that cannot be sent while it is under way."""

    def advance(self, part: Slice) -> float:
        self.lock = threading.Lock()
        left = super().advance(part)
        if left == 0:
            del self.lock
        return left


def test_work_that_cannot_be_paused_is_done_to_its_end() -> None:
    reply = after_a_step(Member("a", Unpausable(4)), Member("b", Steps(2)))
    (key, encoded), (place, _) = reply.outcomes[0], reply.left[0]
    assert (key, place) == ("a", 1)
    assert decode(encoded.data, {})[0].value == [0, 1, 2, 3]


class NeedsTwo(Exception):
    """An exception that can be encoded and not decoded, as many with arguments."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")

    def __reduce__(self) -> Any:
        return int, (None,)  # whatever the packages in this process register for exceptions


class HoldsLock(Exception):
    """An exception that cannot be encoded."""

    def __init__(self) -> None:
        super().__init__("locked")
        self.lock = threading.Lock()


def fail(kind: Callable[[], Exception]) -> None:
    raise kind()


@pytest.mark.parametrize(
    ("kind", "text"), [(partial(NeedsTwo, 1, 2), "NeedsTwo: 1 and 2"), (HoldsLock, "HoldsLock: locked")]
)
def test_an_error_that_cannot_travel_is_replaced_by_one_with_its_text(kind: Any, text: str) -> None:
    found = outcomes(message(Member("a", partial(fail, kind)), Member("b", int)))
    assert found["b"] == 0
    assert isinstance(found["a"], ClusterError)
    assert "the error of member 'a' cannot be sent from its worker (TypeError: " in str(found["a"])
    assert f"; it is {text}. Use only objects" in str(found["a"])


def test_a_result_that_cannot_travel_is_an_error() -> None:
    found = outcomes(message(Member("a", threading.Lock)))
    assert "the result of member 'a' cannot be sent from its worker (TypeError: cannot pickle" in str(found["a"])


def test_results_refer_to_the_arrays_that_were_received() -> None:
    table = np.arange(20_000.0)
    parcel = encode([Member("a", partial(lambda array: (array, array + 1.0), table))], lambda _: 5)
    reply = work_on(Message((parcel.data,), 1, 10.0, get_config()), {5: table})
    ((_, encoded),) = reply.outcomes
    assert encoded.numbers == {5}
    value = decode(encoded.data, {5: table})[0].value
    assert value[0] is table
    np.testing.assert_array_equal(value[1], table + 1.0)


def test_members_see_the_configuration_of_the_driver() -> None:
    with config_context(enable_metadata_routing=True):
        work = message(Member("a", lambda: get_config()["enable_metadata_routing"]))
    assert outcomes(work) == {"a": True}
    assert not get_config()["enable_metadata_routing"]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_process_is_a_worker_while_it_trains(n_threads: int) -> None:
    assert not is_worker()
    assert outcomes(message(Member("a", is_worker), Member("b", is_worker), n_threads=n_threads)) == {
        "a": True,
        "b": True,
    }
    assert not is_worker()
