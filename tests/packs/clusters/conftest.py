"""One cluster of each kind for all tests of this folder, and the executors by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import joblib
import pytest

from multilayer.training import TrainingSession

from .local import complete, dask_cluster, ray_cluster, workers_find_the_package

NAMES = ("loky", "dask", "ray")
Use = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(scope="session")
def dask_client() -> Iterator[Any]:
    with dask_cluster() as client:
        yield client


@pytest.fixture(scope="session")
def ray() -> Iterator[Any]:
    with ray_cluster() as module:
        from ray.util.joblib import register_ray

        register_ray()
        yield module


@pytest.fixture(scope="session")
def loky() -> Iterator[None]:
    """Processes of loky, which are ended after all tests."""
    from multilayer.packs.clusters.loky import end_processes

    with workers_find_the_package():
        yield
        end_processes()


@pytest.fixture(params=NAMES)
def executor(request: pytest.FixtureRequest) -> Use:
    """Return a function that selects an executor with two workers for a block."""
    name = request.param
    cluster = request.getfixturevalue({"dask": "dask_client"}.get(name, name))
    if name == "dask":
        complete(cluster)
    options = {"n_jobs": 2} if name == "loky" else {}
    return lambda: joblib.parallel_config(name, **options)


@pytest.fixture
def idle_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each training in this process fail, so that only workers can train."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a network was trained in the process that runs the pack")

    monkeypatch.setattr(TrainingSession, "next_updates", fail)
