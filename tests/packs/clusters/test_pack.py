"""Packs on an executor that works in this process and loses, delays and reorders messages."""

from __future__ import annotations

import gc
import signal
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.exceptions import ClusterError, ParameterError
from multilayer.packs import Member, Pack, Slice
from multilayer.packs.clusters import ClusterPack
from multilayer.packs.clusters import pack as module
from multilayer.packs.clusters.executors import Worker, WorkerLost

from .here import NAP, Here, Steps, done, lost

ONE_STEP = NAP / 2  # seconds of a message, which are over after a step


@pytest.fixture(autouse=True)
def short_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep messages from becoming longer when this machine is busy."""
    monkeypatch.setattr(module, "MOST_SECONDS", ONE_STEP)


def outcomes(here: Here, *members: Member, n_jobs: int | None = None) -> dict[Any, Any]:
    """Return the values and errors of members by key."""
    with ClusterPack(here, n_jobs) as pack:
        assert here.is_open
        pack.add(*members)
        found = {each.key: each.error or each.value for each in pack.ended()}
        assert not pack.keys
    assert not here.is_open
    return found


def squares(n: int) -> list[Member]:
    return [Member(key, partial(pow, key, 2)) for key in range(n)]


def _none(n: int) -> Sequence[int]:  # noqa: ARG001 an order
    return []


def sent(here: Here) -> list[list[list[Any]]]:
    """Return the keys in each parcel of each message; for members without large arrays."""
    import pickle

    return [
        [[member.key for member in pickle.loads(parcel)] for parcel in message.parcels] for message in here.messages
    ]


def test_members_give_their_values() -> None:
    assert outcomes(Here(), *squares(9)) == {key: key**2 for key in range(9)}


def test_a_lost_message_is_sent_again() -> None:
    here = Here(fate=lost(0))
    assert outcomes(here, *squares(3)) == {0: 0, 1: 1, 2: 4}
    assert len(here.messages) == len(here.replies) + 1


def test_progress_is_kept_after_a_loss() -> None:
    done.clear()
    here = Here(n_workers=1, least_seconds=ONE_STEP, fate=lost(2, 4))
    assert outcomes(here, Member("a", Steps(5))) == {"a": [0, 1, 2, 3, 4]}
    assert done == [0, 1, 2, 3, 4]  # lost messages did nothing, and no other step is repeated
    assert len(here.messages) == len(here.replies) + 2


def test_a_member_that_loses_four_workers_fails_and_the_others_do_not() -> None:
    def fate(here: Here, number: int) -> Exception | None:
        return WorkerLost("no memory") if ["b"] in sent(here)[number] else None

    here = Here(n_workers=2, fate=fate)
    found = outcomes(here, *(Member(key, partial(str.upper, key)) for key in "abcdef"))
    error = found.pop("b")
    assert isinstance(error, ClusterError)
    assert "lost 4 times, the last time with: no memory" in str(error)
    assert found == {key: key.upper() for key in "acdef"}
    assert sum(["b"] in message for message in sent(here)) == module.MOST_LOSSES


def test_losses_are_counted_since_the_last_progress() -> None:
    here = Here(n_workers=1, least_seconds=ONE_STEP, fate=lost(1, 2, 3, 5, 6, 7, 9, 10, 11))
    assert outcomes(here, Member("a", Steps(5))) == {"a": [0, 1, 2, 3, 4]}


def test_members_without_progress_are_sent_again_as_they_were() -> None:
    here = Here(n_workers=1, least_seconds=ONE_STEP)
    assert outcomes(here, *(Member(key, Steps(2)) for key in range(4))) == {key: [0, 1] for key in range(4)}
    untouched = [left for reply in here.replies for _, left in reply.left if left is None]
    assert untouched


def test_workers_may_join_and_leave() -> None:
    @dataclass
    class Changing(Here):
        n_calls: int = 0

        def workers(self) -> list[Worker]:
            self.n_calls += 1
            n = self.n_calls % 4
            return [Worker(number, 1) for number in range(n, n + 2)] if n else []

    here = Changing(least_seconds=ONE_STEP)
    assert outcomes(here, *(Member(key, Steps(4)) for key in range(5))) == {key: [0, 1, 2, 3] for key in range(5)}
    assert len(set(here.keys)) > 2


def test_a_pack_without_workers_raises_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_WITHOUT_WORKERS", 0.02)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_COUNTS", 0.01)
    monkeypatch.setattr(module, "SECONDS_BETWEEN_CHECKS", 0.01)
    with pytest.raises(ClusterError, match="here has had no worker for 0 seconds, and 3 members are not trained"):
        outcomes(Here(n_workers=0), *squares(3))


@pytest.mark.parametrize(
    ("n_jobs", "threads"), [(None, [3, 3]), (4, [3, 1]), (2, [2]), (1, [1]), (-2, [3, 2]), (-9, [1])]
)
def test_n_jobs_limits_the_threads_of_the_workers(n_jobs: int | None, threads: list[int]) -> None:
    here = Here(n_workers=2, n_threads=3)
    with ClusterPack(here, n_jobs) as pack:
        assert pack.n_jobs == sum(threads)
        pack.add(*squares(12))
        assert len(list(pack.ended())) == 12
    assert [message.n_threads for message in here.messages[: len(threads)]] == threads
    assert set(here.keys) == set(range(len(threads)))


def test_groups_travel_together() -> None:
    here = Here(n_workers=3, least_seconds=ONE_STEP, fate=lost(1))
    members = [Member((group, i), Steps(2), group=group) for i in range(3) for group in "ab"]
    assert outcomes(here, *members) == {member.key: [0, 1] for member in members}
    for message in sent(here):
        for parcel in message:
            assert len({group for group, _ in parcel}) == 1
    assert sorted(map(len, sent(here)[0])) == [3]


def test_the_priority_and_then_the_size_decide_the_order() -> None:
    here = Here(n_workers=1)
    sizes = {"small": (1.0, 0), "large": (9.0, 0), "urgent": (0.5, 1), "medium": (4.0, 0)}
    outcomes(here, *(Member(key, int, size, priority) for key, (size, priority) in sizes.items()))
    # On a busy machine a member may be sent again.
    order = list(dict.fromkeys(key for message in sent(here) for parcel in message for key in parcel))
    assert order == ["urgent", "large", "medium", "small"]


def test_many_members_are_added_quickly_and_sent_in_few_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 60.0)
    here = Here(n_workers=4, n_threads=2)
    assert len(outcomes(here, *squares(2000))) == 2000
    assert len(here.messages) < 100


def test_members_can_be_added_meanwhile() -> None:
    with ClusterPack(Here()) as pack:
        pack.add(Member(1, partial(int, 10)))
        for outcome in pack.ended():
            if outcome.key < 3:
                pack.add(Member(outcome.key + 1, partial(int, outcome.value + 1)))
    assert outcome.value == 12


def test_a_key_is_unique_until_its_member_has_ended() -> None:
    with ClusterPack(Here()) as pack:
        pack.add(Member("a", int))
        with pytest.raises(ParameterError, match="must be unique, got 'a' twice"):
            pack.add(Member("a", int))
        assert [each.key for each in pack.ended()] == ["a"]
        pack.add(Member("a", int))
        assert [each.key for each in pack.ended()] == ["a"]


def test_dropped_members_have_no_outcome() -> None:
    here = Here(least_seconds=ONE_STEP)
    with ClusterPack(here) as pack:
        pack.add(Member("a", Steps(3)), Member("b", Steps(2)), Member("c", Steps(2)))
        first = next(pack.ended())
        list(pack.ended(0.0))  # those that have ended with it
        pack.drop_all()
        assert pack.keys == []
        assert list(pack.ended()) == []
        # A late answer is not that of a new member with the same key.
        pack.add(Member(first.key, partial(str, "new")))
        assert [each.value for each in pack.ended()] == ["new"]


def test_a_late_answer_is_not_taken_for_that_of_a_new_member() -> None:
    here = Here(n_workers=2, order=_none)
    with ClusterPack(here) as pack:
        pack.add(Member("a", partial(str, "old")))
        assert list(pack.ended(time.perf_counter() + 0.01)) == []
        pack.drop_all()
        pack.add(Member("a", partial(str, "new")))
        here.order = range
        assert [each.value for each in pack.ended()] == ["new"]


def test_ended_returns_at_its_time_and_limits_the_time_of_messages() -> None:
    here = Here(order=_none)
    with ClusterPack(here) as pack:
        pack.add(*squares(2))
        assert list(pack.ended(time.perf_counter() - 1.0)) == []
        assert here.messages == []
        assert list(pack.ended(time.perf_counter() + 0.05)) == []
        assert 0.0 <= here.messages[0].seconds <= 0.05
        here.order = range
        assert len(list(pack.ended())) == 2


def test_ctrl_c_ends_a_pack_without_waiting() -> None:
    def press(_: Here, number: int) -> Exception | None:
        if number == 1:
            signal.raise_signal(signal.SIGINT)
        return None

    here = Here(n_workers=1, fate=press)
    before = signal.getsignal(signal.SIGINT)
    with ClusterPack(here) as pack:
        pack.add(*squares(12))
        found = list(pack.ended())
        assert pack.interrupt.pressed
    assert 0 < len(found) < 12
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_interrupts_at_once_and_closes_the_executor() -> None:
    def press_twice(_: Here, number: int) -> Exception | None:  # noqa: ARG001 a fate
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return None

    here = Here(fate=press_twice)
    with pytest.raises(KeyboardInterrupt):
        outcomes(here, *squares(3))
    assert not here.is_open
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_executor_that_cannot_be_opened_leaves_the_handler_of_ctrl_c() -> None:
    class Broken(Here):
        def open(self) -> None:
            raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"), ClusterPack(Broken()):
        raise AssertionError("the pack was opened")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_a_member_is_its_outcome() -> None:
    found = outcomes(Here(least_seconds=ONE_STEP), Member("a", Steps(3, fails_at=1)), Member("b", Steps(2)))
    assert found["b"] == [0, 1]
    assert isinstance(found["a"], ArithmeticError)
    assert str(found["a"]) == "step 1"


def test_an_error_of_a_worker_says_what_workers_need() -> None:
    here = Here(fate=lambda *_: ModuleNotFoundError("No module named 'multilayer'"))
    with pytest.raises(ClusterError, match="a worker of here cannot train: ModuleNotFoundError: No module named"):
        outcomes(here, *squares(3))


def test_a_cluster_that_loses_all_workers_at_once_does_not_fail_its_members() -> None:
    @dataclass
    class Away(Here):
        n_calls: int = 0

        def submit(self, worker: Worker, *arguments: Any) -> int:
            self.n_calls += 1
            if self.n_calls <= 2:
                raise WorkerLost("nobody receives the arrays")
            return super().submit(worker, *arguments)

    assert outcomes(Away(n_workers=8), *squares(1)) == {0: 0}


def test_an_array_that_cannot_be_stored_raises_an_error() -> None:
    class Full(Here):
        def submit(self, *_: Any) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(
        ClusterError, match=r"here cannot store or send the arrays of a pack: OSError: .* No space left"
    ):
        outcomes(Full(), *squares(3))


def test_a_member_that_cannot_be_encoded_raises_an_error() -> None:
    lock = __import__("threading").Lock()
    with pytest.raises(ClusterError, match="member 'a' cannot be sent to a worker: TypeError: cannot pickle"):
        outcomes(Here(), Member("a", partial(id, lock)))


class Unreadable:
    """An object that can be encoded, but not decoded."""

    def __reduce__(self) -> Any:
        return int, ("not a number",)


def test_a_result_that_cannot_be_decoded_is_an_error_of_its_member() -> None:
    found = outcomes(Here(), Member("a", Unreadable), Member("b", int))
    assert found["b"] == 0
    assert isinstance(found["a"], ClusterError)
    assert "the result of member 'a' cannot be read: ValueError: invalid literal" in str(found["a"])


@pytest.mark.parametrize("n_losses", [0, 1])
def test_arrays_are_sent_once_and_forgotten(n_losses: int) -> None:
    table = np.arange(20_000.0)
    here = Here(least_seconds=ONE_STEP, fate=lost(*range(n_losses)))
    found = outcomes(here, *(Member(key, partial(_sum, table, key)) for key in range(6)))
    assert found == {key: table.sum() + key for key in range(6)}
    assert here.stored == [1]
    assert sum(len(parcel) for message in here.messages for parcel in message.parcels) < table.nbytes / 10
    forgotten = weakref.ref(table)
    del table
    gc.collect()
    assert forgotten() is None


def test_the_array_of_a_member_is_freed_when_it_has_ended() -> None:
    arrays = [np.full(20_000, float(key)) for key in range(3)]
    references = [weakref.ref(array) for array in arrays]
    here = Here(n_workers=1)
    with ClusterPack(here) as pack:
        pack.add(*(Member(key, partial(_sum, array, 0)) for key, array in enumerate(arrays)))
        del arrays
        assert [each.value for each in pack.ended()] == [0.0, 20_000.0, 40_000.0]
        gc.collect()
        assert [reference() for reference in references] == [None] * 3


def _sum(array: Any, more: float) -> float:
    return float(array.sum()) + more


@dataclass
class Descent:
    """A task that writes to its array, as training does, and that continues in another pack."""

    weights: Any
    n: int
    n_done: int = 0

    def advance(self, part: Slice) -> float:  # noqa: ARG002 always one step
        if self.n_done == 0:
            self.weights = self.weights.copy()
        self.weights += 1.0
        self.n_done += 1
        return max(1.0 - self.n_done / self.n, 0.0)

    def result(self) -> float:
        return float(self.weights[0])

    @property
    def is_begun(self) -> bool:
        return self.n_done > 0

    def take_over(self, other: Descent) -> None:
        self.weights, self.n_done = other.weights, other.n_done


def test_arrays_of_a_network_in_training_are_not_shared() -> None:
    start = np.zeros(20_000)
    tasks = [Descent(start, 3) for _ in range(4)]
    here = Here(least_seconds=ONE_STEP)
    assert outcomes(here, *(Member(key, task) for key, task in enumerate(tasks))) == dict.fromkeys(range(4), 3.0)
    assert here.stored == [1]  # the common array, and no weights
    assert start[0] == 0.0
    for n in (5, 7):  # on the next rung
        for task in tasks:
            task.n = n
        here = Here(least_seconds=ONE_STEP)
        assert outcomes(here, *(Member(key, task) for key, task in enumerate(tasks))) == dict.fromkeys(range(4), n)
        assert here.stored == []


def in_threads(members: Sequence[Member]) -> dict[Any, str]:
    with Pack(2) as pack:
        pack.add(*members)
        return {each.key: repr(each.error or each.value) for each in pack.ended()}


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_schedule_gives_the_outcomes_of_threads(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=7), label="steps")
    groups = data.draw(st.lists(st.sampled_from([None, "g", "h"]), min_size=7, max_size=7), label="groups")
    failing = data.draw(st.sets(st.integers(0, 6), max_size=2), label="failing members")
    losses = data.draw(st.sets(st.integers(0, 12), max_size=3), label="lost messages")
    n_workers = data.draw(st.integers(1, 3), label="workers")
    n_threads = data.draw(st.integers(1, 2), label="threads")
    seconds = data.draw(st.sampled_from([ONE_STEP, 10.0]), label="seconds")

    random = np.random.RandomState(data.draw(st.integers(0, 99), label="order"))  # draws depend on times

    def order(n: int) -> Sequence[int]:
        return random.permutation(n)[: random.randint(1, n + 1)].tolist() if n else []

    def members() -> list[Member]:
        return [
            Member(key, Steps(n, fails_at=n - 1 if key in failing else -1), size=float(n), group=groups[key])
            for key, n in enumerate(sizes)
        ]

    here = Here(n_workers, n_threads, seconds, lost(*losses), order)
    found = {key: repr(value) for key, value in outcomes(here, *members()).items()}
    assert found == in_threads(members())


def test_the_time_of_messages_grows_with_the_time_of_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Here):
        def wait(self, seconds: float) -> Any:
            time.sleep(0.02)
            return super().wait(seconds)

    monkeypatch.setattr(module, "MOST_SECONDS", 60.0)
    here = Slow(n_workers=1, least_seconds=ONE_STEP)
    outcomes(here, Member("a", Steps(4)))
    assert here.messages[0].seconds == ONE_STEP
    assert len(here.messages) > 1
    assert all(0.02 / module.SHARE_OF_SENDING <= message.seconds <= 60.0 for message in here.messages[1:])


def test_a_listener_that_fails_closes_the_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    from multilayer.packs import run_pack, running

    here = Here()
    choice: Callable[..., Any] = lambda *_: (here, None)  # noqa: E731
    monkeypatch.setattr(running, "executor_of", choice)
    with pytest.raises(ZeroDivisionError):
        run_pack(squares(3), listener=lambda event: event.n_done / 0)
    assert not here.is_open
