"""Everything that ``engine.py`` measures beside single updates: predictions, threads, long runs, memory, first fits."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import sklearn.neural_network
from sklearn.datasets import load_digits

import multilayer
import new_process
import threads
from figures import ALL, ONE, Figure, compared
from multilayer.training import RunEnded
from peers import ours
from timing import Run, in_pool, microseconds, on_one_thread
from works import SMALL, TABLES, Goals

EIGHT = "8 networks of 20-32-32-3"
SERVED = "predict_proba"
ROWS = "20-32-32-3, training alone"
LATE = "late epochs of digits"
MEMORY = "memory of fitting 200,000 x 100 float32"
FIRST = "first fit of a process"
WEIGHTS = "weights with 1, 2 and 4 threads"
BESIDE = "2 processes with 2 threads each"


def eight_networks(seconds: float, rounds: int) -> list[Figure]:
    """Measure eight networks, each fitted on one thread, by a pool of two threads and by one."""
    members = [ours(SMALL) for _ in range(8)]

    times = microseconds({str(n): in_pool(members, n) for n in (1, 2)}, seconds, rounds, SMALL.updates_per_epoch)
    return [
        Figure(EIGHT, "one thread, each update", times["1"] / 8, "µs"),
        Figure(EIGHT, "two threads", times["1"] / times["2"], "x", floor=1.85),
    ]


def larger_tables(seconds: float, rounds: int) -> list[Figure]:
    """Measure the same updates on tables of several sizes, without the checks before training.

    Each run has about as many updates as the largest table has batches, so that the processor's cache is as it is in
    the middle of a long fit.
    """
    spent: dict[tuple[str, str], list[float]] = {(work.name, used): [] for work in TABLES for used in (ONE, ALL)}
    largest = max(work.updates_per_epoch for work in TABLES)
    counts = {work.name: largest // work.updates_per_epoch * work.updates_per_epoch for work in TABLES}
    if seconds < 0.15:
        rounds = 3
    lasted: list[float] = []
    runs = {(work.name, ALL): ours(work, callbacks=[_training_time(lasted)]) for work in TABLES}
    runs |= {(name, ONE): on_one_thread(run) for (name, _), run in runs.items()}
    for _ in range(min(rounds, 9)):
        for (name, used), run in runs.items():
            run(counts[name])
            spent[name, used].append(lasted[-1] / counts[name] * 1e6)
    figures = []
    for used in (ONE, ALL):
        times = [median(spent[work.name, used]) for work in TABLES]
        for work, time_ in zip(TABLES, times, strict=True):
            what, times_longer = f"{used}, {work.rows:,} rows", time_ / times[0]
            figures.append(Figure(ROWS, what, time_, "µs"))
            if work is not TABLES[0]:
                ceiling = 1.25 if work is TABLES[-1] else None
                figures.append(Figure(ROWS, f"{what} / {TABLES[0].rows:,}", times_longer, "x", ceiling=ceiling))
    return figures


def _training_time(lasted: list[float]) -> Callable[[Any], None]:
    """Return a callback that appends the seconds of each training."""

    def append(event: Any) -> None:
        if isinstance(event, RunEnded):
            lasted.append(event.seconds)

    append.only_watches = True  # type: ignore[attr-defined]
    return append


def _predicting(model: Any, X: Any) -> Run:
    def run(n: int) -> None:
        for _ in range(n):
            model.predict_proba(X)

    return run


def predictions(seconds: float, rounds: int) -> list[Figure]:
    """Measure predict_proba for one row and all digits, and for many rows."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    many = np.random.RandomState(0).standard_normal((200_000, 50)).astype(np.float32)
    of_many = (many[:2000, 0] > 0).astype(int) + (many[:2000, 1] > 0)
    cases = [
        ("digits, one row", (100,), (X, y), X[:1], 2.0),
        ("digits, 1,797 rows", (100,), (X, y), X, 2.0),
        ("200,000 x 50, (64, 64)", (64, 64), (many[:2000], of_many), many, 2.2),
        ("200,000 x 50, (256, 128)", (256, 128), (many[:2000], of_many), many, 2.2),
    ]
    figures = []
    for name, hidden, (rows, labels), predicted, floor in cases:
        kinds = {ALL: multilayer.MLPClassifier, "scikit-learn": sklearn.neural_network.MLPClassifier}
        models = {key: kind(hidden, max_iter=5, random_state=0).fit(rows, labels) for key, kind in kinds.items()}
        runs = {key: _predicting(model, predicted) for key, model in models.items()}
        runs[ONE] = on_one_thread(runs[ALL])
        times = microseconds(runs, seconds, rounds, 1)
        figures += compared(f"{SERVED} of {name}", times, Goals(peers={"scikit-learn": floor}))
    return figures


def late_epochs(seconds: float, rounds: int) -> list[Figure]:  # noqa: ARG001 all have the same arguments
    """Measure an epoch after many others, when the moments of Adam for pixels that are always zero have decayed."""
    X, y = load_digits(return_X_y=True)
    model = multilayer.MLPClassifier((100,), n_iter_no_change=10**6, random_state=0, warm_start=True, max_iter=1)
    X = (X / 16).astype(np.float32)
    model.fit(X, y)

    def milliseconds(epochs: int) -> float:
        start = time.perf_counter()
        model.set_params(max_iter=epochs).fit(X, y)
        return (time.perf_counter() - start) / epochs * 1e3

    early = min(milliseconds(10) for _ in range(5))
    milliseconds(450)
    late = min(milliseconds(10) for _ in range(5))
    return [
        Figure(LATE, "epochs 1 to 50, each", early, "ms"),
        Figure(LATE, "epochs 500 to 550", late / early, "x", ceiling=1.2),
    ]


def memory(seconds: float, rounds: int) -> list[Figure]:  # noqa: ARG001
    """Measure the memory that a fit of 200,000 x 100 float32 adds to that of the process."""
    if not new_process.CLEAR.exists():
        return []
    return [
        Figure(MEMORY, "multilayer", new_process.in_child("memory", "multilayer")["peak growth"], "MB", ceiling=10),
        Figure(MEMORY, "scikit-learn", new_process.in_child("memory", "scikit-learn")["peak growth"], "MB"),
    ]


def first_fit(seconds: float, rounds: int) -> list[Figure]:  # noqa: ARG001
    """Measure how much longer the first fit of a process takes, in addition to the imports."""
    found = new_process.first_fits(3 if rounds < 10 else 5)
    return [
        Figure(FIRST, "kernels compiled", found["cold"]["first fit"], "s", ceiling=20),
        Figure(FIRST, "kernels from the cache", found["cached"]["first fit"], "s", ceiling=0.5),
        Figure(FIRST, "scikit-learn", found["scikit-learn"]["first fit"], "s"),
        Figure(FIRST, "imports", found["cached"]["imports"], "s"),
        Figure(FIRST, "scikit-learn's imports", found["scikit-learn"]["imports"], "s"),
    ]


def weights(seconds: float, rounds: int) -> list[Figure]:  # noqa: ARG001
    """Count the networks whose weights depend on the number of threads."""
    return [Figure(WEIGHTS, "networks that differ", threads.differing(), "", ceiling=0)]


def processes(seconds: float, rounds: int) -> list[Figure]:
    """Measure two processes with two threads each at once, compared with the same two in turn."""
    return [
        Figure(BESIDE, f"{name}, at once / in turn", threads.beside(name, seconds, rounds), "x", ceiling=1)
        for name in threads.BESIDE
    ]


#: What is measured, by the name that ``--only`` looks for.
ALL_MEASUREMENTS: dict[str, Callable[[float, int], list[Figure]]] = {
    ROWS: larger_tables,
    SERVED: predictions,
    LATE: late_epochs,
    EIGHT: eight_networks,
    WEIGHTS: weights,
    BESIDE: processes,
    MEMORY: memory,
    FIRST: first_fit,
}
