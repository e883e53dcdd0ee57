"""Compare a pack of 32 members on threads, processes, Dask and Ray: time, overhead, bytes sent, a lost worker.

    python benchmarks/clusters.py                # about two minutes
    python benchmarks/clusters.py --rounds 5

All use two cores: two threads, or two workers with one thread each.  Clusters are started before the measurement, and
each side runs once without measurement, which loads the compiled kernels in the workers.  Then all alternate; medians
count.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import os
import signal
import statistics
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np

import json_results
from multilayer import MLPClassifier
from multilayer.packs.clusters.messages import SharedArrays
from multilayer.packs.members import Member
from multilayer.packs.running import run_pack
from multilayer.selection.data import Data
from multilayer.selection.training import ModelTraining

MEMBERS = 32
# Name, rows, columns, layers, epochs.
WORKS = (
    ("tiny", 2_000, 20, (32,), 5),
    ("small", 10_000, 30, (64,), 10),
    ("medium", 40_000, 50, (64, 64), 10),
)
THREADS, LOKY, DASK, RAY = "threads", "loky", "Dask", "Ray"


def problem(n_rows: int, n_columns: int) -> tuple[Any, Any]:
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_rows, n_columns)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] + 0.5 * X[:, 2] > 0).astype(np.int64)


def pack_of(work: tuple[Any, ...]) -> Callable[[], dict[Any, Any]]:
    """Return a function that trains 32 networks with different seeds, and returns their parameters."""
    _, n_rows, n_columns, layers, epochs = work
    X, y = problem(n_rows, n_columns)
    options = {"max_iter": epochs, "n_iter_no_change": math.inf, "batch_size": 200}
    networks = [MLPClassifier(layers, random_state=seed, **options) for seed in range(MEMBERS)]
    data, rows = Data.of(X, y, None, networks[0]), np.arange(n_rows)

    def run() -> dict[Any, Any]:
        outcomes = run_pack([Member(i, ModelTraining(data, each, rows)) for i, each in enumerate(networks)], n_jobs=2)
        return {key: outcome.value.model.parameters_ for key, outcome in outcomes.items()}

    return run


@contextlib.contextmanager
def clusters() -> Iterator[tuple[dict[str, Callable[[], Any]], dict[str, float]]]:
    """Start two workers of Dask and of Ray; yield configurations of joblib by name, and the seconds of each start."""
    import ray
    from dask.distributed import Client, LocalCluster
    from ray.util.joblib import register_ray

    seconds = {}
    began = time.perf_counter()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        seconds[DASK] = time.perf_counter() - began
        began = time.perf_counter()
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        seconds[RAY] = time.perf_counter() - began
        register_ray()
        yield (
            {
                THREADS: contextlib.nullcontext,
                LOKY: lambda: joblib.parallel_config("loky", n_jobs=2),
                DASK: lambda: joblib.parallel_config("dask"),
                RAY: lambda: joblib.parallel_config("ray", ray_remote_args={"num_cpus": 1}),
            },
            seconds,
        )
        ray.shutdown()


def measured(work: tuple[Any, ...], configs: dict[str, Callable[[], Any]], rounds: int) -> list[list[Any]]:
    """Return a row for each executor: seconds, ratio to threads, the first run, megabytes sent, and equal bits."""
    run = pack_of(work)
    first, found, sent = {}, {}, {}
    for name, config in configs.items():
        began = time.perf_counter()
        with config(), counted_bytes() as counter:
            found[name] = run()
        first[name] = time.perf_counter() - began
        sent[name] = sum(counter)
    times: dict[str, list[float]] = {name: [] for name in configs}
    for _ in range(rounds):
        for name, config in configs.items():
            began = time.perf_counter()
            with config():
                run()
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(each) for name, each in times.items()}
    return [
        [
            f"{MEMBERS} members, {work[0]}: {work[1]:,} x {work[2]}, {work[3]}",
            name,
            medians[name],
            medians[name] / medians[THREADS],
            1e3 * (medians[name] - medians[THREADS]) / MEMBERS,
            first[name],
            None if name == THREADS else sent[name] / 1e6,
            "yes" if all(np.array_equal(found[name][key], found[THREADS][key]) for key in range(MEMBERS)) else "NO",
        ]
        for name in configs
    ]


@contextlib.contextmanager
def counted_bytes() -> Iterator[list[int]]:
    """Count the bytes of members and of large arrays that a pack sends."""
    counts: list[int] = []
    seen: set[tuple[int, int]] = set()
    encode = SharedArrays.encode

    def encoded(self: SharedArrays, value: Any, *, changes: bool) -> Any:
        data, arrays = encode(self, value, changes=changes)
        new = {(id(self), number): each.array.nbytes for number, each in arrays.items()}
        counts.append(len(data.data) + sum(size for key, size in new.items() if key not in seen))
        seen.update(new)
        return data, arrays

    SharedArrays.encode = encoded  # type: ignore[method-assign]
    try:
        yield counts
    finally:
        SharedArrays.encode = encode  # type: ignore[method-assign]


def with_a_lost_worker(configs: dict[str, Callable[[], Any]]) -> list[list[Any]]:
    """Return a row for each executor: the seconds without and with a worker that is killed in the middle."""
    run = pack_of(WORKS[-1])
    found = []
    with configs[THREADS]():
        expected = run()
    for name in (LOKY, DASK, RAY):
        with configs[name]():
            began = time.perf_counter()
            run()
            undisturbed = time.perf_counter() - began
            killer = threading.Timer(undisturbed / 2, kill_a_worker, (name,))
            killer.start()
            began = time.perf_counter()
            disturbed = run()
            seconds = time.perf_counter() - began
            killer.join()
        same = all(np.array_equal(disturbed[key], expected[key]) for key in range(MEMBERS))
        found.append([name, undisturbed, seconds, "yes" if same else "NO"])
    return found


def kill_a_worker(name: str) -> None:
    """Kill one process of an executor that works now."""
    import psutil

    marks = {LOKY: "loky", DASK: "spawn_main", RAY: "ray::_work"}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(marks[name] in part for part in process.cmdline()) and process.cpu_percent(0.2) > 20:
                os.kill(process.pid, signal.SIGKILL)
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    json_results.add_option(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with clusters() as (configs, seconds):
        rows = [row for work in WORKS for row in measured(work, configs, options.rounds)]
        lost = with_a_lost_worker(configs)
    columns = ["work", "on", "time", "of threads", "overhead a member", "first run", "sent", "equal bits"]
    units = ["", "", "s", "x", "ms", "s", "MB", ""]
    tables = [
        json_results.Results("32 members on two cores", columns, units, rows),
        json_results.Results(
            "A worker killed in the middle",
            ["on", "undisturbed", "with the loss", "equal bits"],
            ["", "s", "s", ""],
            lost,
        ),
        json_results.Results(
            "Start of a cluster of two workers", ["on", "time"], ["", "s"], list(map(list, seconds.items()))
        ),
    ]
    json_results.show(tables)
    if options.json:
        json_results.write(options.json, tables)


if __name__ == "__main__":
    main()
