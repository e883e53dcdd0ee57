"""Small clusters of Dask and Ray on this machine, and work that kills its worker."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import multilayer
from multilayer.selection.data import network_of
from multilayer.training import EpochEnded

ROOT = Path(__file__).parents[3]
PACKAGE = Path(multilayer.__file__).parent
# A worker that dies earlier is not started again by its nanny, the process of Dask that watches it.
SECONDS_OF_START = 0.5
# Large enough for the tables of the tests; Ray takes 30 % of the memory by default.
RAY_STORE_BYTES = 80 << 20
DASK_SETTINGS = {
    "distributed.admin.tick.limit": "1h",  # a busy machine is no fault: no message about a slow event loop
    "distributed.comm.timeouts.connect": "30s",
    "distributed.worker.memory.terminate": False,
    "distributed.worker.memory.pause": False,
}


@contextmanager
def workers_find_the_package() -> Iterator[None]:
    """Let worker processes import the package that this process has imported, and the modules of tests."""
    paths = [str(PACKAGE.parent), str(ROOT), os.environ.get("PYTHONPATH", "")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        yield


@contextmanager
def dask_cluster(n_workers: int = 2) -> Iterator[Any]:
    """Start a Dask cluster of processes with one thread each and yield its client, which is the current one."""
    distributed = pytest.importorskip("distributed")
    dask = pytest.importorskip("dask")
    with (
        tempfile.TemporaryDirectory() as folder,
        workers_find_the_package(),
        dask.config.set(DASK_SETTINGS),
        distributed.LocalCluster(
            n_workers=n_workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any free port: that of another cluster would be reported
            host="127.0.0.1",
            local_directory=folder,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(n_workers, timeout=60)
        yield client


def complete(client: Any, n_workers: int = 2) -> None:
    """Replace the workers of a Dask cluster that an earlier test has lost."""
    if len(client.ncores()) < n_workers:
        client.cluster.scale(0)
        client.cluster.scale(n_workers)
        client.wait_for_workers(n_workers, timeout=60)


@contextmanager
def ray_cluster(n_workers: int = 2) -> Iterator[Any]:
    """Start Ray with one core for each worker and yield its module."""
    ray = pytest.importorskip("ray")
    # The path of its sockets must be short.
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp", ignore_cleanup_errors=True) as folder:
        with workers_find_the_package(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(
                address="local",
                num_cpus=n_workers,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
                object_store_memory=RAY_STORE_BYTES,
                _node_ip_address="127.0.0.1",
                _temp_dir=folder,
            )
        try:
            yield ray
        finally:
            ray.shutdown()


def kill_worker(folder: str, driver: int, times: int) -> None:
    """Kill this process, which must not be the driver, unless so many processes have been killed by this folder."""
    for number in range(times):
        try:
            (Path(folder) / f"killed-{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        if os.getpid() == driver:
            raise AssertionError("the process that runs the pack did the work of a worker")
        time.sleep(SECONDS_OF_START)
        os.kill(os.getpid(), signal.SIGKILL)


def n_killed(folder: Path) -> int:
    """Return how many processes :func:`kill_worker` has killed."""
    return len(list(folder.glob("killed-*")))


@dataclass
class KillsItsWorker:
    """A callback of a network that kills the worker after an epoch, once."""

    folder: str
    epoch: int = 3
    driver: int = field(default_factory=os.getpid)

    def __call__(self, event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == self.epoch:
            kill_worker(self.folder, self.driver, 1)


@dataclass
class ScoreThatKills:
    """The score of an estimator, as a metric that kills workers when it scores more than some epochs."""

    folder: str
    epochs: int = 0
    times: int = 1
    driver: int = field(default_factory=os.getpid)

    def __call__(self, model: Any, X: Any, y: Any) -> float:
        if network_of(model).n_iter_ > self.epochs:
            kill_worker(self.folder, self.driver, self.times)
        return float(model.score(X, y))


def score(model: Any, X: Any, y: Any) -> float:
    """Return the score of an estimator, as :class:`ScoreThatKills` does."""
    return float(model.score(X, y))


@dataclass
class DoomedFold:
    """A score that kills the worker each time that it scores the rows of a certain fold."""

    first_row: float
    driver: int = field(default_factory=os.getpid)

    def __call__(self, model: Any, X: Any, y: Any) -> float:
        if X[0, 0] == self.first_row and os.getpid() != self.driver:
            time.sleep(SECONDS_OF_START)
            os.kill(os.getpid(), signal.SIGKILL)
        return float(model.score(X, y))
