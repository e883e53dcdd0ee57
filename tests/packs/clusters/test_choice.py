"""The choice of an executor by ``joblib.parallel_config`` and by arguments."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import joblib
import pytest
from joblib.parallel import BACKENDS

from multilayer.exceptions import ClusterError, MissingExtraError, ParameterError
from multilayer.packs import THREADS, Member, run_pack
from multilayer.packs.clusters import choice, executor_of
from multilayer.packs.clusters.loky import LokyExecutor
from multilayer.packs.clusters.other import JoblibExecutor
from multilayer.packs.clusters.worker import _as_worker

N_CORES = joblib.cpu_count()


def chosen(config: dict[str, Any], backend: str | None = None, n_jobs: int | None = None) -> tuple[str, int | None]:
    """Return the name of the executor and the number of jobs within a ``parallel_config``."""
    with joblib.parallel_config(**config):
        executor, found = executor_of(backend, n_jobs)
    return THREADS if executor is None else executor.name, found


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"verbose": 0}, (THREADS, None)),
        ({"n_jobs": 3}, (THREADS, 3)),
        ({"n_jobs": 1}, (THREADS, 1)),
        ({"n_jobs": -1}, (THREADS, None)),
        ({"n_jobs": -2}, (THREADS, max(N_CORES - 1, 1))),
        ({"n_jobs": -99}, (THREADS, 1)),
        ({"backend": "threading"}, (THREADS, None)),
        ({"backend": "threading", "n_jobs": 2}, (THREADS, 2)),
        ({"backend": "sequential"}, (THREADS, 1)),
        ({"prefer": "processes"}, (THREADS, None)),
        ({"backend": "loky"}, ("loky", N_CORES)),
        ({"backend": "loky", "n_jobs": 3}, ("loky", 3)),
        ({"backend": "loky", "n_jobs": 1}, ("loky", 1)),
        ({"backend": "loky", "n_jobs": -1}, ("loky", N_CORES)),
        ({"backend": "loky", "n_jobs": 3, "inner_max_num_threads": 2}, ("loky", 6)),
        ({"backend": "multiprocessing", "n_jobs": 2}, ("MultiprocessingBackend", 2)),
    ],
)
def test_parallel_config_chooses_the_executor(config: dict[str, Any], expected: tuple[str, int | None]) -> None:
    assert chosen(config) == expected


def test_without_parallel_config_members_are_trained_in_threads() -> None:
    assert executor_of(None, None) == (None, None)
    assert executor_of(None, 3) == (None, 3)


def test_arguments_override_parallel_config() -> None:
    config = {"backend": "loky", "n_jobs": 3}
    assert chosen(config, THREADS) == (THREADS, None)
    assert chosen(config, n_jobs=2) == ("loky", 2)
    assert chosen({"n_jobs": 3}, "loky") == ("loky", 3)


def test_the_processes_and_threads_of_loky() -> None:
    with joblib.parallel_config("loky", n_jobs=3, inner_max_num_threads=2):
        executor, n_jobs = executor_of(None, None)
    assert isinstance(executor, LokyExecutor)
    assert (executor.n_processes, executor.n_threads, n_jobs) == (3, 2, 6)
    executor, n_jobs = executor_of("loky", 2)
    assert isinstance(executor, LokyExecutor)
    assert (executor.n_processes, executor.n_threads, n_jobs) == (2, 1, 2)


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, True])
def test_n_jobs_is_checked(n_jobs: Any) -> None:
    with pytest.raises(ParameterError, match="n_jobs must be"):
        executor_of(None, n_jobs)


def test_an_unknown_backend_raises_an_error() -> None:
    with pytest.raises(ParameterError, match="backend"):
        executor_of("lokyy", None)


def test_dask_without_a_client_raises_an_error() -> None:
    pytest.importorskip("distributed")
    from distributed import default_client

    try:
        default_client()
    except ValueError:
        with pytest.raises(ClusterError, match=r"backend='dask' cannot be used: .*Client"):
            executor_of("dask", None)
    else:
        pytest.skip("another test has a client")


@pytest.mark.parametrize(("backend", "module"), [("dask", "distributed"), ("ray", "ray.util.joblib")])
def test_a_missing_package_raises_an_error(backend: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'pip install "multilayer\[{backend}\]"'):
        executor_of(backend, None)


@pytest.mark.parametrize("backend", [None, "loky", "dask"])
def test_a_worker_uses_threads(backend: str | None) -> None:
    with _as_worker(), joblib.parallel_config("loky", n_jobs=2):
        assert executor_of(backend, 2)[0] is None


@pytest.mark.parametrize("name", ["threading", "loky"])
def test_a_pack_in_a_task_of_joblib_uses_threads(name: str) -> None:
    with joblib.parallel_config(name, n_jobs=2):
        assert joblib.Parallel()(joblib.delayed(_is_in_threads)() for _ in range(2)) == [True, True]


def test_a_pack_in_a_task_of_dask_uses_threads(dask_client: Any) -> None:
    assert dask_client.submit(_in_dask, pure=False).result() == "None"
    with joblib.parallel_config("dask"):
        assert chosen({"verbose": 0}) == ("dask", None)
        assert chosen({"n_jobs": -2}) == ("dask", -2)


def _in_dask() -> str:
    with joblib.parallel_config("dask"):
        return repr(executor_of(None, None)[0])


def _is_in_threads() -> bool:
    return executor_of(None, None)[0] is None


class Failing(BACKENDS["threading"]):  # type: ignore[name-defined]
    """A backend that fails in its first rounds."""

    n_failures = 1

    def configure(self, *arguments: Any, **options: Any) -> Any:
        if Failing.n_failures:
            Failing.n_failures -= 1
            raise RuntimeError("a process was killed")
        return super().configure(*arguments, **options)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Return a function that makes a pack's executor of a backend that fails."""
    monkeypatch.setattr(choice, "_kind", lambda _: "another")
    return lambda: joblib.parallel_config(Failing(), n_jobs=2)


@pytest.mark.parametrize("n_failures", [0, 1, 3])
def test_a_round_of_another_backend_is_repeated(failing: Callable[[], Any], n_failures: int) -> None:
    Failing.n_failures = n_failures
    with failing():
        assert isinstance(executor_of(None, None)[0], JoblibExecutor)
        found = run_pack([Member(key, partial(int, key + 1)) for key in range(3)])
    assert {key: each.value for key, each in found.items()} == {0: 1, 1: 2, 2: 3}


def test_a_backend_that_always_fails_is_an_error_of_the_members(failing: Callable[[], Any]) -> None:
    Failing.n_failures = 99
    with failing():
        found = run_pack([Member(key, int) for key in range(2)])
    for each in found.values():
        assert isinstance(each.error, ClusterError)
        assert "RuntimeError: a process was killed" in str(each.error)
