"""Workers that are Ray actors give the bits of threads, also when one of them is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from multilayer.engines import get_engine, sharded_rows
from multilayer.exceptions import EngineError, ParameterError

from .runs import Run, a_run, kill_in_update, workers_of_context

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
)
posix = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def expected() -> Run:
    with sharded_rows(3):
        return a_run()


@pytest.mark.parametrize("k", [1, 2])
def test_actors_give_the_bits_of_threads(expected: Run, k: int) -> None:
    with sharded_rows(k, backend="ray"):
        a_run().assert_equals(expected)


@posix
def test_killed_actors_are_replaced_and_change_nothing(expected: Run) -> None:
    with sharded_rows(2, backend="ray"):
        workers = workers_of_context()
        first = list(workers.workers)
        killed = []

        def kill(worker: int) -> None:
            # Ray finds out by itself that the process has ended.
            pid = ray.get(workers.workers[worker].__ray_call__.remote(lambda _: os.getpid()))
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

        with kill_in_update(workers, {2: lambda: kill(1), 5: lambda: ray.kill(workers.workers[0])}):
            a_run().assert_equals(expected)
        assert killed
        assert all(now is not before for now, before in zip(workers.workers, first, strict=True))


def test_a_worker_that_is_lost_again_and_again_raises_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with sharded_rows(1, backend="ray"):
        workers = workers_of_context()
        replace = workers._replace

        def replace_and_kill(worker: int) -> None:
            replace(worker)
            ray.kill(workers.workers[worker])

        monkeypatch.setattr(workers, "_replace", replace_and_kill)
        ray.kill(workers.workers[0])
        with pytest.raises(EngineError, match="worker 0 of sharded_rows was lost 3 times in one update"):
            a_run()


def test_the_error_of_a_worker_is_raised_as_it_is() -> None:
    from multilayer.engines import Objective
    from multilayer.network import Network

    network = Network((2, 1), (), "identity")
    wrong = Objective(network, np.ones((8, 2)), np.ones((5, 1)))
    with sharded_rows(1, n_shards=2, backend="ray"), pytest.raises((ValueError, IndexError, ParameterError)):
        get_engine("reference", network).cost_and_gradient(wrong, np.ones(3))


def test_more_workers_than_the_cluster_has_cores_raise_an_error() -> None:
    with (
        pytest.raises(EngineError, match=r"2 workers of 3 threads need 6 CPUs, and this Ray cluster has 2\. Use fewer"),
        sharded_rows(2, threads=3, backend="ray"),
    ):
        pass


def test_actors_end_with_the_block() -> None:
    with sharded_rows(1, backend="ray"):
        (actor,) = workers_of_context().workers
    with pytest.raises(ray.exceptions.RayActorError):
        ray.get(actor.release.remote(0))
