"""Small clusters of Dask and Ray on this machine, and work that kills its worker."""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import multilayer

ROOT = Path(__file__).parents[3]
PACKAGE = Path(multilayer.__file__).parent
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


def kill_once(folder: str | os.PathLike[str], driver: int) -> None:
    """Kill this process the first time that any process calls this with the folder, unless it is the driver."""
    if os.getpid() == driver:
        return
    try:
        os.close(os.open(Path(folder) / "killed", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def was_killed(folder: str | os.PathLike[str]) -> bool:
    """Whether :func:`kill_once` has killed a process."""
    return (Path(folder) / "killed").exists()


@dataclass
class KillsItsWorker:
    """A callback of a network that kills the worker after an epoch, once."""

    folder: str
    epoch: int = 3
    driver: int = field(default_factory=os.getpid)

    def __call__(self, event: Any) -> None:
        if getattr(event, "epoch", None) == self.epoch:
            kill_once(self.folder, self.driver)


@dataclass
class ScoreThatKills:
    """The estimator's own score, as a metric that kills the worker once after a number of epochs."""

    folder: str
    epochs: int = 0
    driver: int = field(default_factory=os.getpid)

    def __call__(self, model: Any, X: Any, y: Any) -> float:
        if model.n_iter_ > self.epochs:
            kill_once(self.folder, self.driver)
        return float(model.score(X, y))
