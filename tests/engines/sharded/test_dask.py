"""Workers that are Dask actors give the bits of threads, also when a worker of Dask is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from multilayer.engines import sharded_rows
from multilayer.exceptions import EngineError

from .runs import Run, a_run, kill_in_update, workers_of_context

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
)
posix = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def expected() -> Run:
    with sharded_rows(3):
        return a_run()


def test_without_a_client_there_is_an_error() -> None:
    with pytest.raises(EngineError, match=r"needs a Dask client\. Create it first"), sharded_rows(backend="dask"):
        pass


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.usefixtures("client")
def test_actors_give_the_bits_of_threads(expected: Run, k: int) -> None:
    with sharded_rows(k, backend="dask"):
        a_run().assert_equals(expected)


@posix
def test_a_killed_worker_is_replaced_and_changes_nothing(expected: Run, client: Any) -> None:
    with sharded_rows(2, backend="dask"):
        workers = workers_of_context()
        first = workers.workers[1]
        (address,) = client.who_has(first.future)[first.future.key]
        pid = client.run(os.getpid)[address]
        with kill_in_update(workers, {3: lambda: os.kill(pid, signal.SIGKILL)}):
            a_run().assert_equals(expected)
        assert workers.workers[1] is not first
