"""Work in several threads."""

from __future__ import annotations

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_limits

from multilayer import MLPClassifier, MLPRegressor
from multilayer.engines import at_most, in_threads, threads
from multilayer.engines.cpu import inference
from multilayer.packs import Member, Pack, run_pack


@pytest.fixture(params=[1, 2, 5])
def n(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Use so many threads, on any machine."""
    monkeypatch.setattr(threads, "_limit", lambda: request.param)
    monkeypatch.setattr(threads, "_pool", None)
    monkeypatch.setattr(threads, "_n_cores", lambda: request.param)
    return int(request.param)


@pytest.mark.usefixtures("n")
def test_each_part_is_done_once() -> None:
    done: Counter[int] = Counter()
    in_threads(lambda part: done.update([part]), 100)
    assert done == Counter(range(100))
    in_threads(lambda part: done.update([part]), 0)
    assert sum(done.values()) == 100


def test_parts_are_done_at_the_same_time(n: int) -> None:
    barrier = threading.Barrier(n)
    in_threads(lambda _: barrier.wait(timeout=60), n)  # every thread waits for all others


@pytest.mark.usefixtures("n")
def test_an_error_is_raised_when_all_threads_have_ended() -> None:
    n_working = 0
    lock = threading.Lock()

    def fails(part: int) -> None:
        nonlocal n_working
        with lock:
            n_working += 1
        try:
            if part == 3:
                raise KeyError(part)
        finally:
            with lock:
                n_working -= 1

    with pytest.raises(KeyError, match="3"):
        in_threads(fails, 50)
    assert n_working == 0
    done: list[int] = []
    in_threads(done.append, 50)  # the threads can be used again
    assert sorted(done) == list(range(50))


@pytest.mark.usefixtures("n")
def test_work_inside_of_work_ends_though_all_threads_are_busy() -> None:
    done: list[int] = []
    in_threads(lambda _: in_threads(done.append, 10), 10)
    assert sorted(done) == sorted(10 * list(range(10)))


@pytest.mark.usefixtures("n")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_starts_threads_of_its_own() -> None:
    in_threads(lambda _: None, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # of threads in a process that forks
        child = os.fork()
    if not child:
        done: list[int] = []
        in_threads(done.append, 20)
        os._exit(int(sorted(done) != list(range(20))))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.usefixtures("n")
def test_work_is_done_alone_where_a_pool_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()  # as at the end of the interpreter
    monkeypatch.setattr(threads, "_started_pool", lambda: pool)
    done: list[int] = []
    in_threads(done.append, 20)
    assert done == list(range(20))


def test_limits_are_kept() -> None:
    with threadpool_limits(1, "openmp"):
        assert threads.n_threads() == 1
    with at_most(1):
        assert threads.n_threads() == 1
        with at_most(1):
            pass
        assert threads.n_threads() == 1
    assert threads.n_threads() >= 1


def test_joblib_s_processes_keep_to_their_share() -> None:
    shares = joblib.Parallel(n_jobs=joblib.cpu_count() + 1)(joblib.delayed(threads.n_threads)() for _ in range(2))
    assert shares == [1, 1]


@pytest.mark.parametrize("n", [4], indirect=True)
def test_members_of_a_pack_share_the_cores_that_are_idle(n: int) -> None:
    together, end = threading.Barrier(2), threading.Barrier(2)

    def early() -> int:
        together.wait(timeout=60)
        found = threads.n_threads()
        together.wait(timeout=60)
        return found

    def last() -> int:
        end.wait(timeout=60)
        return threads.n_threads()

    found = {}
    with Pack(n_jobs=2, n_cores=n) as pack:
        pack.add(*(Member(key, early) for key in range(2)))
        for outcome in pack.ended():
            found[outcome.key] = outcome.value
        pack.add(Member("last", last))
        end.wait(timeout=60)
        found |= {outcome.key: outcome.value for outcome in pack.ended()}
    assert found == {0: 2, 1: 2, "last": 4}


@pytest.mark.parametrize("n", [5], indirect=True)
def test_cores_that_do_not_divide_evenly_are_all_used(n: int) -> None:
    together = threading.Barrier(3)

    def member() -> int:
        together.wait(timeout=60)
        found = threads.n_threads()
        together.wait(timeout=60)
        return found

    outcomes = run_pack([Member(key, member) for key in range(3)], n_jobs=n)
    assert sorted(outcome.value for outcome in outcomes.values()) == [1, 2, 2]


@pytest.mark.parametrize("n", [5], indirect=True)
def test_members_of_a_full_pack_have_one_thread_each(n: int) -> None:
    members = [Member(key, threads.n_threads) for key in range(3 * n)]
    outcomes = run_pack(members, n_jobs=n)
    assert [outcome.value for outcome in outcomes.values()].count(1) >= 2 * n
    assert [outcome.value for outcome in run_pack([Member(0, threads.n_threads)], n_jobs=n).values()] == [n]
    with at_most(2):  # as in a member of another pack
        assert [outcome.value for outcome in run_pack([Member(0, threads.n_threads)], n_jobs=n).values()] == [2]
    assert [outcome.value for outcome in run_pack([Member(0, threads.n_threads)], n_jobs=1).values()] == [1]


NETWORKS: dict[str, dict[str, Any]] = {
    "dense": {"hidden_layer_sizes": (40, 9)},
    "narrow": {"hidden_layer_sizes": (5, 5)},
    "normalized": {"hidden_layer_sizes": (40,), "normalization": "layer"},
    "embedded": {"hidden_layer_sizes": (40,), "embedding": "periodic"},
}


@pytest.mark.usefixtures("n")
@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_are_equal_for_any_number_of_threads(
    kind: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    X = np.random.RandomState(0).normal(size=(1003, 7)).astype(dtype)
    options: dict[str, Any] = {"max_iter": 2, "n_iter_no_change": None, "random_state": 0, **NETWORKS[kind]}
    model = MLPRegressor(**options).fit(X[:200], X[:200, 0])
    whole = model.predict(X)
    monkeypatch.setattr(inference, "PRODUCTS_OF_PART", 1)
    monkeypatch.setattr(inference, "MOST_PARTS", 7)
    np.testing.assert_array_equal(model.predict(X), whole)
    np.testing.assert_array_equal(np.concatenate([model.predict(row) for row in np.split(X, 17)]), whole)


@pytest.mark.usefixtures("n")
def test_predictions_of_sparse_rows_are_equal_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    X = sparse.random(1001, 30, 0.2, "csr", random_state=0)
    y = np.arange(1001) % 3
    model = MLPClassifier((20,), max_iter=2, n_iter_no_change=None, random_state=0).fit(X, y)
    whole = model.predict_proba(X)
    monkeypatch.setattr(inference, "PRODUCTS_OF_PART", 1)
    np.testing.assert_array_equal(model.predict_proba(X), whole)
