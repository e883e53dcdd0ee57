"""Timing on noisy machines: all runs alternate, many times, in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from statistics import median

import threadpoolctl

from json_results import system_name
from multilayer.engines.threads import at_most

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


@cache
def _libraries() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()


def on_one_thread(run: Run) -> Run:
    """Return the same run, limited to one thread of OpenMP and BLAS, as threadpoolctl limits them.

    Call it after all libraries are loaded: finding them takes a millisecond, so they are found once.
    """
    libraries = _libraries()

    def limited(n: int) -> None:
        with libraries.limit(limits=1):
            run(n)

    return limited


def in_pool(members: Sequence[Run], n_threads: int) -> Run:
    """Return a run of every member, in a pool of threads, each member on one thread."""

    def run(n: int) -> None:
        def run_member(member: Run) -> None:
            with at_most(1):
                member(n)

        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(run_member, members))

    return run


def microseconds(runs: Mapping[str, Run], seconds: float, rounds: int, unit: int = 100) -> dict[str, float]:
    """Return the median time of one update of every run; each of ``rounds`` rounds takes about ``seconds``.

    A run is a function that makes the given number of updates, a multiple of ``unit``.
    """
    counts = {}
    for name, run in runs.items():
        run(unit)  # compile, fill caches
        count, elapsed = unit, 0.0
        while elapsed < seconds / 4:
            start = time.perf_counter()
            run(count)
            elapsed = time.perf_counter() - start
            counts[name] = max(1, round(seconds / elapsed * count / unit)) * unit
            count = min(counts[name], 10 * count)
            if counts[name] == unit:
                break
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(counts[name])
            times[name].append((time.perf_counter() - start) / counts[name] * 1e6)
    return {name: median(values) for name, values in times.items()}


def processor() -> str:
    """Return the name of the processor as the system and LLVM call it, and the width of its vectors."""
    names = [system_name(), _llvm_name(), "AVX-512" if has_avx512() else "no AVX-512"]
    return ", ".join(name for name in names if name)


def has_avx512() -> bool:
    """Return whether compiled code may use AVX-512."""
    given = os.environ.get("NUMBA_CPU_FEATURES")
    if given is not None or os.environ.get("NUMBA_CPU_NAME"):
        return "+avx512f" in (given or "")
    import llvmlite.binding

    return bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))


def _llvm_name() -> str:
    import llvmlite.binding

    host = str(llvmlite.binding.get_host_cpu_name())
    given = os.environ.get("NUMBA_CPU_NAME")
    return f"{host}, kernels compiled for {given}" if given else host
