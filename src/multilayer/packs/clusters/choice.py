"""The choice of an executor: that of joblib's ``parallel_config``, or threads."""

from __future__ import annotations

from typing import Any

import joblib
from joblib.parallel import BACKENDS, EXTERNAL_BACKENDS, MAYBE_AVAILABLE_BACKENDS, get_active_backend

from multilayer.engines import checked_jobs
from multilayer.exceptions import ClusterError, MissingExtraError, unknown_name
from multilayer.packs.clusters.dask import DaskExecutor, is_in_dask_task
from multilayer.packs.clusters.executors import Executor
from multilayer.packs.clusters.loky import LokyExecutor
from multilayer.packs.clusters.other import JoblibExecutor
from multilayer.packs.clusters.ray import RayExecutor
from multilayer.packs.clusters.worker import is_worker

THREADS = "threads"
_IN_THREADS = ("threading", "sequential", "dask")  # Dask within a task of Dask


def executor_of(backend: str | None, n_jobs: int | None) -> tuple[Executor | None, int | None]:
    """Return the executor of a pack, and its number of jobs.

    Parameters
    ----------
    backend : str or None
        "threads", the name of a backend of joblib, or None for that of the ``joblib.parallel_config`` around this
        call, and for threads if it has none.  A worker of a cluster always uses threads: a pack that waits for others
        would occupy it.
    n_jobs : int or None
        The number of members that work at the same time; None for that of ``joblib.parallel_config``.

    Returns
    -------
    executor : Executor or None
        None for threads.
    n_jobs : int or None
        None for as many as there are.

    Raises
    ------
    ParameterError
        For an unknown backend.
    ClusterError
        If the backend cannot be used, for example because there is no Dask client.
    MissingExtraError
        If it is not installed.
    """
    if n_jobs is not None:
        checked_jobs(n_jobs)
    if backend == THREADS or (backend is None and is_worker()):
        return None, n_jobs
    if backend is not None:
        _check_name(backend)
        if is_worker():
            return None, n_jobs
        with _parallel_config(backend):
            return _active(backend, n_jobs)
    return _active(None, n_jobs)


def _active(name: str | None, n_jobs: int | None) -> tuple[Executor | None, int | None]:
    backend, _ = get_active_backend(prefer="threads")
    kind = _kind(backend)
    if n_jobs is None:
        _, n_jobs = get_active_backend()  # with prefer="threads" joblib may report one job
    n_jobs = None if n_jobs == -1 else n_jobs
    if kind == "dask" and not is_in_dask_task():
        return DaskExecutor(backend.client), n_jobs
    if kind == "ray":
        return RayExecutor(getattr(backend, "ray_remote_args", None) or {}), n_jobs
    if n_jobs is not None and n_jobs < 0:  # -2 for all cores but one
        n_jobs = max(checked_jobs(None) + 1 + n_jobs, 1)
    if kind in _IN_THREADS:
        return None, 1 if kind == "sequential" else n_jobs
    if kind == "loky":
        n_processes, n_threads = checked_jobs(n_jobs), backend.inner_max_num_threads or 1
        return LokyExecutor(n_processes, n_threads), n_processes * n_threads
    n_workers = backend.effective_n_jobs(-1 if n_jobs is None else n_jobs)
    return JoblibExecutor(backend, n_workers, name or kind), n_workers


def _kind(backend: Any) -> str:
    """Return "threading", "sequential", "loky", "dask", "ray" or the name of another class."""
    names = {
        "ThreadingBackend": "threading",
        "SequentialBackend": "sequential",
        "LokyBackend": "loky",
        "DaskDistributedBackend": "dask",
        "RayBackend": "ray",
    }
    return next(
        (names[each.__name__] for each in type(backend).__mro__ if each.__name__ in names), type(backend).__name__
    )


def _parallel_config(backend: str) -> Any:
    try:
        if backend == "ray":
            from ray.util.joblib import register_ray

            register_ray()
        if backend == "dask":
            import distributed  # noqa: F401 joblib raises a ValueError without it
        return joblib.parallel_config(backend=backend)
    except ImportError:
        package = {"dask": "dask.distributed"}.get(backend, backend)
        raise MissingExtraError(f"backend={backend!r}", package, backend) from None
    except ValueError as error:  # such as no Dask client
        raise ClusterError(f"backend={backend!r} cannot be used: {error}") from None


def _check_name(backend: Any) -> None:
    known = {THREADS, "ray", *BACKENDS, *EXTERNAL_BACKENDS, *MAYBE_AVAILABLE_BACKENDS}
    if not isinstance(backend, str) or backend not in known:
        raise unknown_name("backend", backend, known)
