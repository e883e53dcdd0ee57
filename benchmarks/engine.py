"""The CPU engine beside its peers: time per update, ratios, and the share of the machine's own limit.

    python benchmarks/engine.py            # the table of works
    python benchmarks/engine.py --quick    # fewer repetitions

All run in one process on one BLAS thread, in turn, many times; ratios are of medians.  The limit is the time that the
matrix products of an update take at the rate that BLAS reaches, in the same minutes, on the largest of them.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from multilayer import MLPClassifier
from peers import PEERS, Run, Work, numpy_loop

WORKS = [
    Work("moons 2-5-5-2, float64", (2, 5, 5, 2), 1000, 1000, np.float64, "sigmoid", "sigmoid", "sgd", 0.0, 0.5),
    Work("moons 2-5-5-2, float32", (2, 5, 5, 2), 1000, 1000, np.float32, "sigmoid", "sigmoid", "sgd", 0.0, 0.5),
    Work("digits 64-100-10, batch 200", (64, 100, 10), 1800, 200),
    Work("50-64-64-3, batch 256", (50, 64, 64, 3), 5120, 256),
    Work("20-32-32-3, batch 256", (20, 32, 32, 3), 5120, 256),
    Work("784-256-128-10, batch 128", (784, 256, 128, 10), 2560, 128),
    Work("100-512-512-3, batch 256", (100, 512, 512, 3), 2560, 256),
]


def ours(work: Work) -> Run:
    X, y = work.data()
    updates_per_epoch = -(-work.rows // work.batch)
    model = MLPClassifier(
        work.sizes[1:-1],
        work.hidden,
        solver=work.solver,
        alpha=work.alpha,
        batch_size=work.batch,
        learning_rate_init=work.step_size,
        momentum=0.0,
        shuffle=work.shuffled,
        tol=0.0,
        n_iter_no_change=np.inf,
        output=work.output,
        random_state=0,
    )

    def run(n: int) -> None:
        model.set_params(max_iter=max(1, n // updates_per_epoch))
        model.fit(X, y)

    return run


def products(work: Work) -> list[tuple[int, int, int]]:
    """The matrix products (m, n, k) of one update: forward, gradient, and delta of all layers but the first."""
    shapes = []
    for l, (k, n) in enumerate(itertools.pairwise(work.sizes)):
        shapes += [(work.batch, n, k), (k, n, work.batch)]
        if l > 0:
            shapes.append((work.batch, k, n))
    return shapes


def blas_rate(work: Work) -> Run:
    """The largest product of the work, over and over; its rate is the machine's."""
    m, n, k = max(products(work), key=lambda s: s[0] * s[1] * s[2])
    A, B = np.ones((m, k), work.dtype), np.ones((k, n), work.dtype)
    C = np.empty((m, n), work.dtype)

    def run(n_products: int) -> None:
        for _ in range(n_products):
            np.dot(A, B, out=C)

    return run


def products_alone(work: Work) -> Run:
    """All products of an update by BLAS, one after another, and nothing else."""
    triples = [
        (np.ones((m, k), work.dtype), np.ones((k, n), work.dtype), np.empty((m, n), work.dtype))
        for m, n, k in products(work)
    ]

    def run(n: int) -> None:
        for _ in range(n):
            for A, B, C in triples:
                np.dot(A, B, out=C)

    return run


def interleaved(runs: dict[str, Run], seconds: float, rounds: int) -> dict[str, list[float]]:
    """Microseconds per call of every run, ``rounds`` times in turn; each turn lasts about ``seconds``."""
    counts = {}
    for name, run in runs.items():
        run(100)  # compile, fill caches
        start = time.perf_counter()
        run(100)
        counts[name] = max(100, int(100 * seconds / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(counts[name])
            times[name].append((time.perf_counter() - start) / counts[name] * 1e6)
    return times


def available(work: Work) -> dict[str, Callable[[Work], Run]]:
    peers: dict[str, Callable[[Work], Run]] = {}
    if not work.shuffled:
        peers["NumPy loop"] = numpy_loop
    for name, prepare in PEERS.items():
        module = {"scikit-learn": "sklearn", "PyTorch": "torch", "JAX": "jax"}[name]
        try:
            __import__(module)
        except ImportError:
            continue
        peers[name] = prepare
    return peers


def measure(work: Work, seconds: float, rounds: int) -> dict[str, Any]:
    runs = {"ours": ours(work), **{name: prepare(work) for name, prepare in available(work).items()}}
    wide = max(work.sizes) >= 16
    if wide:
        runs["products alone"] = products_alone(work)
        runs["largest product"] = blas_rate(work)
    times = {name: median(values) for name, values in interleaved(runs, seconds, rounds).items()}
    row: dict[str, Any] = {"work": work.name, **times}
    if wide:
        flops = 2 * sum(m * n * k for m, n, k in products(work))
        m, n, k = max(products(work), key=lambda s: s[0] * s[1] * s[2])
        row["rate"] = 2 * m * n * k / times["largest product"] / 1e3
        row["limit"] = flops / row["rate"] / 1e3
    return row


def show(rows: list[dict[str, Any]], console: Console) -> None:
    peers = ["NumPy loop", *PEERS]
    table = Table(title="microseconds per update, and how many times as long the peers take")
    table.add_column("work")
    for heading in ("ours", *peers, "products alone", "share", "GFLOP/s", "share of it"):
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [row["work"], f"{row['ours']:.1f}"]
        for peer in peers:
            cells.append(f"{row[peer]:.0f} ({row[peer] / row['ours']:.1f}x)" if peer in row else "")
        if "limit" in row:
            cells += [
                f"{row['products alone']:.1f}",
                f"{row['products alone'] / row['ours']:.0%}",
                f"{row['rate']:.0f}",
                f"{row['limit'] / row['ours']:.0%}",
            ]
        table.add_row(*cells)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter repetitions")
    parser.add_argument("--only", default="", help="works whose name contains this")
    options = parser.parse_args()
    seconds, rounds = (0.1, 5) if options.quick else (0.3, 11)
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        rows = [measure(work, seconds, rounds) for work in WORKS if options.only in work.name]
    show(rows, Console(width=170))


if __name__ == "__main__":
    main()
