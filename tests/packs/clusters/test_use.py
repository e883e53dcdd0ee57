"""Tables are sent once, events arrive, and what cannot be used raises clear errors."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from multilayer.exceptions import ClusterError, MissingExtraError, ParameterError
from multilayer.packs import Member, MemberEnded, run_pack
from multilayer.packs.clusters import executor_of
from multilayer.packs.clusters.dask import DaskExecutor
from multilayer.packs.clusters.loky import LokyExecutor
from multilayer.packs.clusters.ray import RayExecutor
from multilayer.selection import TrialScored, cross_validate, search

from ...problems import CLASSES, X, classifier

Use = Callable[[], AbstractContextManager[Any]]

# 3.2 MB; its targets and row numbers are small enough to travel with each member.
TABLE = np.random.RandomState(1).normal(size=(4000, 100))
SIDES = (TABLE[:, 0] > 0).astype(np.int64)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], dict[int, set[str]]]:
    """Return the sizes of all messages, and by the size of each array how the workers find it."""
    sizes: list[int] = []
    places: dict[int, set[str]] = {}

    def observe(kind: Any) -> None:
        submit = kind.submit

        def observed(self: Any, worker: Any, message: Any, arrays: Any) -> Any:
            ticket = submit(self, worker, message, arrays)
            sizes.append(sum(map(len, message.parcels)))
            for each in arrays:
                places.setdefault(each.array.nbytes, set()).add(str(each.handle[0]))
            return ticket

        monkeypatch.setattr(kind, "submit", observed)

    for kind in (DaskExecutor, LokyExecutor, RayExecutor):
        observe(kind)
    return sizes, places


def test_the_table_is_sent_once(executor: Use, sent: tuple[list[int], dict[int, set[str]]]) -> None:
    sizes, places = sent
    with executor():
        cross_validate(classifier(random_state=0), TABLE, SIDES, cv=8)
    assert len(sizes) >= 3
    assert sum(sizes) < TABLE.nbytes / 2
    assert len(places[TABLE.nbytes]) == 1


def test_the_table_of_a_search_is_sent_once(executor: Use, sent: tuple[list[int], dict[int, set[str]]]) -> None:
    sizes, places = sent
    with executor():
        search(classifier(random_state=0, max_iter=18), {"alpha": [0.0, 0.1, 1.0, 10.0]}, TABLE, SIDES, cv=3)
    assert len(sizes) >= 4
    assert max(sizes) < TABLE.nbytes / 2
    assert len(places[TABLE.nbytes]) == 1


def test_columns_of_a_frame_are_sent_once(executor: Use, sent: tuple[list[int], dict[int, set[str]]]) -> None:
    sizes, places = sent
    frame = pd.DataFrame(TABLE, columns=[f"x{i}" for i in range(100)])
    with executor():
        cross_validate(classifier(random_state=0), frame, SIDES, cv=8)
    assert sum(sizes) < TABLE.nbytes / 2
    assert len(places[TABLE.nbytes]) == 2  # the frame, and the checked table of all networks


def test_events_arrive_in_the_calling_thread(executor: Use) -> None:
    events: list[MemberEnded] = []
    threads: set[threading.Thread] = set()

    def receive(event: MemberEnded) -> None:
        events.append(event)
        threads.add(threading.current_thread())

    with executor():
        cross_validate(classifier(random_state=0), X, CLASSES, cv=5, callbacks=[receive])
    assert [(event.n_done, event.n_members) for event in events] == [(n, 5) for n in range(1, 6)]
    assert {event.outcome.key for event in events} == set(range(5))
    assert all(event.outcome.seconds > 0 for event in events)
    assert threads == {threading.current_thread()}


def test_events_of_a_search_arrive(executor: Use) -> None:
    events: list[TrialScored] = []
    with executor():
        found = search(classifier(max_iter=18), {"alpha": [0.0, 1.0, 9.0]}, X, CLASSES, cv=3, callbacks=[events.append])
    assert {event.trial.number for event in events} == {-1, 0, 1, 2}
    assert events[-1].best is not None
    assert events[-1].best.number == found.best.number


def test_an_error_of_the_listener_ends_the_pack(executor: Use) -> None:
    def fail(event: MemberEnded) -> None:
        raise KeyError(f"mine: {event.n_done}")

    with executor(), pytest.raises(KeyError, match="mine: 1"):
        cross_validate(classifier(), X, CLASSES, cv=20, callbacks=[fail])
    with executor():  # the cluster can still be used
        assert len(cross_validate(classifier(), X, CLASSES, cv=2)["test_score"]) == 2


def test_an_error_of_a_fold_is_that_of_the_worker(executor: Use) -> None:
    def fail(model: Any, rows: Any, y: Any) -> float:
        if rows[0, 0] == X[0, 0]:
            raise ZeroDivisionError("in the first fold")
        return float(model.score(rows, y))

    with executor():
        found = cross_validate(classifier(), X, CLASSES, cv=KFold(3), scoring=fail)
    assert list(found.failures) == [0]
    assert isinstance(found.failures[0], ZeroDivisionError)
    assert str(found.failures[0]) == "in the first fold"


class Locked(TransformerMixin, BaseEstimator):
    """A step that cannot be pickled, from its beginning or after its fit."""

    def __init__(self, lock: Any = None) -> None:
        self.lock = lock

    def fit(self, rows: Any, y: Any = None) -> Locked:  # noqa: ARG002 the interface
        self.lock_ = threading.Lock()
        return self

    def transform(self, rows: Any) -> Any:
        return rows


class Copied:
    """A lock that can be cloned but not pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __deepcopy__(self, memo: Any) -> Copied:
        return self


def test_a_model_that_cannot_be_sent(executor: Use) -> None:
    with executor(), pytest.raises(ClusterError, match=r"cannot be sent to a worker: TypeError: cannot pickle .*lock"):
        cross_validate(make_pipeline(Locked(Copied()), classifier()), X, CLASSES, cv=2)


def test_a_result_that_cannot_be_sent_back(executor: Use) -> None:
    with executor(), pytest.raises(ClusterError, match=r"the result of member [01] cannot be sent from its worker"):
        cross_validate(make_pipeline(Locked(), classifier()), X, CLASSES, cv=2)


def test_an_unknown_backend() -> None:
    with pytest.raises(ParameterError, match=r"unknown backend 'desk'\. Did you mean 'dask'"):
        cross_validate(classifier(), X, CLASSES, backend="desk")


def test_a_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ray", "ray.util", "ray.util.joblib"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"multilayer\[ray\]"):
        cross_validate(classifier(), X, CLASSES, backend="ray")


def test_dask_without_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from joblib import _dask

    def no_client() -> None:
        raise ValueError("No global client found and no address provided")

    monkeypatch.setattr(_dask, "get_client", no_client)
    with pytest.raises(ClusterError, match=r"'dask' cannot be used: .*[Cc]lient"):
        cross_validate(classifier(), X, CLASSES, backend="dask")


@pytest.mark.parametrize("when", ["before", "in the middle"])
def test_a_closed_client(dask_client: Any, when: str) -> None:
    from distributed import Client

    client = Client(dask_client.scheduler.address, set_as_default=False)

    def close(_: MemberEnded) -> None:
        client.close()

    with joblib.parallel_config("dask", client=client):
        if when == "before":
            client.close()
        with pytest.raises(ClusterError, match=r"the Dask client is closed\. Make a new"):
            cross_validate(classifier(), X, CLASSES, cv=20, callbacks=[close])


def test_the_number_of_jobs_of_a_configuration() -> None:
    for options, expected in (({"n_jobs": 3}, 3), ({"backend": "threading", "n_jobs": 2}, 2), ({}, None)):
        with joblib.parallel_config(**options):
            assert executor_of(None, None) == (None, expected)
            assert executor_of(None, 1) == (None, 1)
    with joblib.parallel_config("loky", n_jobs=2):
        assert executor_of("threads", None) == (None, None)


def test_processes_of_joblib_work_after_a_pack() -> None:
    members = [Member(i, partial(pow, i, 2)) for i in range(3)]
    with joblib.parallel_config("loky", n_jobs=2):
        for _ in range(2):
            assert [outcome.value for outcome in run_pack(members).values()] == [0, 1, 4]
            assert joblib.Parallel()(joblib.delayed(pow)(i, 2) for i in range(3)) == [0, 1, 4]
