"""Timing on noisy machines: all runs alternate, many times, in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median

Run = Callable[[int], None]


@contextmanager
def one_core() -> Iterator[None]:
    """Restrict this process, and all threads it starts meanwhile, to one core, where the system supports it.

    Libraries differ in the setting that limits them to one thread, and in whether they respect it; this limit applies
    to all.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def microseconds(runs: Mapping[str, Run], seconds: float, rounds: int, least: int = 100) -> dict[str, float]:
    """Return the median time of one update of every run; each of ``rounds`` rounds takes about ``seconds``.

    A run is a function that makes the given number of updates, at least ``least``.
    """
    counts = {}
    for name, run in runs.items():
        run(least)  # compile, fill caches
        start = time.perf_counter()
        run(least)
        counts[name] = max(least, int(least * seconds / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(counts[name])
            times[name].append((time.perf_counter() - start) / counts[name] * 1e6)
    return {name: median(values) for name, values in times.items()}
