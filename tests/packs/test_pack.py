"""Packs run many members at once with the same results as separate runs."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from joblib import cpu_count
from threadpoolctl import threadpool_info

from multilayer.exceptions import DivergenceError, ParameterError
from multilayer.packs import Member, MemberEnded, Pack, Slice, run_pack
from multilayer.packs import pack as pack_module

from ..training.problems import objective, recipe, reference, start, train

Steps = Generator[float, Slice, Any]


class InSteps:
    """A task defined by a generator that yields the remaining fraction and receives the next slice."""

    def __init__(self, steps: Callable[[], Steps]) -> None:
        self._make, self._steps = steps, None
        self._value: Any = None

    def advance(self, part: Slice) -> float:
        try:
            if self._steps is None:
                self._steps = self._make()
                next(self._steps)
            return self._steps.send(part)
        except StopIteration as end:
            self._value = end.value
            return 0.0

    def result(self) -> Any:
        return self._value


def trained(step_size: float) -> Any:
    how = recipe(step_size=step_size)
    return train(reference(), objective(), how, start(how)).descent.parameters.copy()


def networks(*step_sizes: float) -> list[Member]:
    return [Member(size, partial(trained, size)) for size in step_sizes]


@pytest.mark.parametrize("n_jobs", [1, 2, 5, None])
def test_a_member_does_not_depend_on_the_others(n_jobs: int | None) -> None:
    outcomes = run_pack(networks(0.01, 0.02, 0.03, 0.04), n_jobs=n_jobs)
    assert list(outcomes) == [0.01, 0.02, 0.03, 0.04]
    for size, outcome in outcomes.items():
        assert outcome.error is None
        np.testing.assert_array_equal(outcome.value, trained(size))


def test_processes_give_the_same_parameters() -> None:
    outcomes = run_pack(networks(0.01, 0.02), n_jobs=2, backend="loky")
    for size, outcome in outcomes.items():
        np.testing.assert_array_equal(outcome.value, trained(size))


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_failed_member_is_reported_and_does_not_affect_the_others(n_jobs: int) -> None:
    def fail() -> None:
        raise DivergenceError("gone")

    outcomes = run_pack([Member("bad", fail), *networks(0.01)], n_jobs=n_jobs)
    assert isinstance(outcomes["bad"].error, DivergenceError)
    assert outcomes[0.01].value is not None


def test_the_largest_members_start_first() -> None:
    started: list[int] = []
    run_pack([Member(n, partial(started.append, n), size=n) for n in (1, 3, 2)], n_jobs=1)
    assert started == [3, 2, 1]


def test_members_run_concurrently_with_one_blas_thread_each() -> None:
    both_there = threading.Barrier(2, timeout=30)

    def meet() -> set[int]:
        both_there.wait()
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    before = threadpool_info()
    outcomes = run_pack([Member(n, meet) for n in range(2)], n_jobs=2)
    assert all(outcome.value == {1} for outcome in outcomes.values())
    assert threadpool_info() == before


def test_the_listener_receives_each_member_in_the_calling_thread() -> None:
    received: list[tuple[MemberEnded, Any]] = []
    run_pack(
        networks(0.01, 0.02), n_jobs=2, listener=lambda event: received.append((event, threading.current_thread()))
    )
    assert [(event.n_done, event.n_members) for event, _ in received] == [(1, 2), (2, 2)]
    assert {event.outcome.key for event, _ in received} == {0.01, 0.02}
    assert {thread for _, thread in received} == {threading.current_thread()}


def test_an_error_of_the_listener_ends_the_pack() -> None:
    def listener(event: MemberEnded) -> None:
        raise KeyError(f"mine: {event.n_done}")

    started: list[int] = []

    def work(n: int) -> None:
        started.append(n)
        time.sleep(0.005)

    members = [Member(n, InSteps(partial(work, n))) for n in range(200)]
    with pytest.raises(KeyError, match="mine: 1"):
        run_pack(members, n_jobs=2, listener=listener)
    assert len(started) < 200


def steps(key: str, n: int, log: list[str]) -> Steps:
    """Do ``n`` units of work, each of which appends the key to the log."""
    done = 0
    while done < n:
        part = yield (n - done) / n
        if part.is_last:
            return f"{done} of {n}"
        for _ in range(max(1, round(part.share * (n - done)))):
            log.append(key)
            done += 1
    return f"all {n}"


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_work_in_slices_gives_complete_results(n_jobs: int) -> None:
    log: list[str] = []
    outcomes = run_pack(
        [Member(key, InSteps(partial(steps, key, n, log))) for key, n in zip("abcde", range(5), strict=True)],
        n_jobs=n_jobs,
    )
    assert {key: outcome.value for key, outcome in outcomes.items()} == {k: f"all {n}" for n, k in enumerate("abcde")}
    assert sorted(log) == sorted("b" + 2 * "c" + 3 * "d" + 4 * "e")


def test_the_last_members_take_turns_on_all_threads() -> None:
    """With three equal members on two threads, each thread does the work of one and a half."""
    n, seconds, log = 30, 0.004, []  # type: ignore[var-annotated]

    def work(key: str) -> Steps:
        left = n
        while left:
            next_slice = yield left / n
            part = max(1, round(next_slice.share * left))
            log.append((key, part, threading.get_ident()))
            time.sleep(seconds * part)
            left -= part

    run_pack([Member(key, InSteps(partial(work, key))) for key in "abc"], n_jobs=2)
    threads = {thread for _, _, thread in log}
    shares = [sum(part for _, part, by in log if by == thread) for thread in threads]
    assert sum(shares) == 3 * n
    assert min(shares) > 1.2 * n  # without turns it would be n
    assert len(log) < 15


def test_members_run_to_completion_while_many_are_left() -> None:
    log: list[str] = []
    run_pack([Member(key, InSteps(partial(steps, key, 3, log))) for key in "abcd"], n_jobs=1)
    assert "".join(log) == "aaabbbcccddd"


def test_members_of_higher_priority_run_first() -> None:
    log: list[str] = []
    members = [
        Member("a", InSteps(partial(steps, "a", 2, log)), size=9),
        Member("b", InSteps(partial(steps, "b", 2, log)), priority=1),
    ]
    run_pack(members, n_jobs=1)
    assert log == ["b", "b", "a", "a"]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_members_can_be_added_while_others_run(n_jobs: int) -> None:
    with Pack(n_jobs) as pack:
        pack.add(Member(0, lambda: 1))
        values = []
        for outcome in pack.ended():
            values.append(outcome.value)
            if outcome.key < 6:
                pack.add(Member(outcome.key + 1, lambda value=outcome.value: 2 * value))
    assert values == [1, 2, 4, 8, 16, 32, 64]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_members_can_be_paused_resumed_stopped_and_dropped(n_jobs: int) -> None:
    log: list[str] = []
    with Pack(n_jobs) as pack:
        for key in ("paused", "stopped", "dropped"):
            pack.add(Member(key, InSteps(partial(steps, key, 4, log))))
            pack.pause(key)
        pack.add(Member("free", InSteps(partial(steps, "free", 2, log))))
        assert [outcome.value for outcome in pack.ended()] == ["all 2"]
        assert log.count("free") == 2
        pack.drop("dropped")
        pack.resume("paused")
        pack.stop("stopped")
        values = {outcome.key: outcome.value for outcome in pack.ended()}
    assert values == {"paused": "all 4", "stopped": "0 of 4"}
    assert "dropped" not in log


def test_a_running_member_is_paused_or_dropped_after_its_slice() -> None:
    at_work, go_on = threading.Event(), threading.Event()
    closed: list[str] = []

    def work() -> Steps:
        try:
            yield 1.0
            at_work.set()
            go_on.wait(30)
            yield 0.5
        except GeneratorExit:
            closed.append("closed")
            raise
        return "done"

    with Pack(2) as pack:
        for key in ("paused", "dropped"):
            pack.add(Member(key, InSteps(work)))
            assert at_work.wait(30)
            (pack.pause if key == "paused" else pack.drop)(key)
            go_on.set()
            assert list(pack.ended()) == []
            at_work.clear()
            go_on.clear()
        assert closed == ["closed"]
        go_on.set()
        pack.resume("paused")
        assert [outcome.value for outcome in pack.ended()] == ["done"]


def test_duplicate_and_unknown_keys_raise_errors() -> None:
    with Pack(1) as pack:
        pack.add(Member("a", lambda: 1))
        with pytest.raises(ParameterError, match="the keys of a pack's members must be unique, got 'a' twice"):
            pack.add(Member("a", lambda: 1))
        with pytest.raises(ParameterError, match="the pack has no member 'b'"):
            pack.pause("b")


def test_a_dropped_member_is_closed_immediately() -> None:
    closed: list[str] = []

    def work(key: str) -> Steps:
        try:
            while True:
                yield 1.0
        finally:
            closed.append(key)

    with Pack(1) as pack:
        pack.add(Member("a", InSteps(partial(work, "a"))))
        list(pack.ended(time.perf_counter() + 0.05))
        assert closed == []
        pack.drop("a")
        assert closed == ["a"]
        pack.drop("a")  # dropping it again has no effect


def test_all_members_can_be_dropped_while_some_end() -> None:
    for _ in range(20):
        with Pack(3) as pack:
            for key in range(30):
                pack.add(Member(key, partial(time.sleep, 0.0002)))
            time.sleep(0.001)
            pack.drop_all()
            list(pack.ended())
            assert pack.keys == []


def test_outcomes_before_the_deadline_are_returned() -> None:
    with Pack(2) as pack:
        for key in range(4):
            pack.add(Member(key, partial(pow, key, 2)))
        time.sleep(0.2)
        assert len(list(pack.ended(time.perf_counter() - 1.0))) == 4


def test_system_exit_in_a_member_does_not_end_the_pack() -> None:
    def leave() -> None:
        raise SystemExit(3)

    outcomes = run_pack([Member("leaves", leave), Member("stays", lambda: 1)], n_jobs=2)
    assert "SystemExit was raised in a member: 3" in str(outcomes["leaves"].error)
    assert outcomes["stays"].value == 1


def test_invalid_keys_and_backends_raise_errors_before_any_member_starts() -> None:
    started: list[int] = []
    with pytest.raises(ParameterError, match="the keys of a pack's members must be unique, got 'a' twice"):
        run_pack([Member("a", partial(started.append, n)) for n in range(2)], backend="loky")
    with pytest.raises(ParameterError, match=r"unknown backend 'thread'\. Did you mean 'threads'"):
        run_pack([Member("a", partial(started.append, 1))], backend="thread")
    assert started == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_in_a_slice_is_the_error_of_its_member(n_jobs: int) -> None:
    def work() -> Steps:
        yield 1.0
        raise DivergenceError("gone")

    outcomes = run_pack([Member("bad", InSteps(work)), Member("good", lambda: 1)], n_jobs=n_jobs)
    assert isinstance(outcomes["bad"].error, DivergenceError)
    assert outcomes["good"].value == 1


def test_an_empty_pack_has_no_outcomes() -> None:
    assert run_pack([]) == {}


@pytest.mark.parametrize("n_jobs", [0, -2, -1.0, 1.5, True, "all"])
def test_an_invalid_n_jobs_raises_an_error(n_jobs: Any) -> None:
    with pytest.raises(ParameterError, match="n_jobs must be None or -1 for all cores, or a positive integer, got"):
        run_pack([], n_jobs=n_jobs)


def test_n_jobs_minus_one_uses_all_cores() -> None:
    assert Pack(-1).n_jobs == Pack(None).n_jobs == cpu_count()


@pytest.fixture
def python_s_own_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("python_s_own_handler")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_training_after_an_update_and_returns_the_completed_members(
    n_jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_module, "SECONDS_BETWEEN_CHECKS", 0.01)
    ended: list[str] = []
    at_work = threading.Semaphore(0)

    def endless() -> None:
        at_work.release()
        how = recipe(max_epochs=10**9)
        ended.append(train(reference(), objective(), how, start(how)).reason)

    def press() -> None:
        for _ in range(n_jobs):
            assert at_work.acquire(timeout=30)
        time.sleep(0.1)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=press).start()
    members = [Member("done", lambda: "value", size=3), Member("endless", endless, size=2), Member("late", endless)]
    outcomes = run_pack(members, n_jobs=n_jobs)
    assert {key: outcome.value for key, outcome in outcomes.items()} == {"done": "value"}
    assert ended == ["interrupted"] * n_jobs


@pytest.mark.parametrize("n_allowed", [0, 1, 2])
def test_members_run_on_as_many_threads_as_can_be_started(n_allowed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, []

    def limited(self: threading.Thread) -> None:
        if len(started) == n_allowed:
            raise RuntimeError("can't start new thread")
        started.append(self)
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)
    seen: set[threading.Thread] = set()

    def work(n: int) -> int:
        seen.add(threading.current_thread())
        return n * n

    outcomes = run_pack([Member(n, lambda n=n: work(n)) for n in range(20)], n_jobs=4)  # type: ignore[misc]
    assert [outcome.value for outcome in outcomes.values()] == [n * n for n in range(20)]
    assert seen <= set(started) if n_allowed else seen == {threading.current_thread()}
    assert not any(thread.is_alive() for thread in started)
