"""Compare the CPU engine with other libraries: time per update on one thread and on all cores, ratios, and the limit.

    python benchmarks/engine.py                        # everything but the curves, about seven minutes
    python benchmarks/engine.py --quick --only digits  # fewer and shorter rounds; works whose name contains this
    python benchmarks/engine.py --curves scaling.png   # time by rows, features, width, depth, batch size and threads
    python benchmarks/engine.py --markdown             # tables as in docs/explanation/performance.md
    python benchmarks/engine.py --json figures.json    # every figure, and the tables
    python benchmarks/engine.py --read a.json b.json   # no measurement: the tables of stored figures

All libraries run in one process and alternate many times; ratios are of medians. Every library takes the threads that
it takes by itself; multilayer also runs on one thread, by threadpoolctl's limit. The goal of a figure, a minimum or a
maximum, is printed with it. The limit of an update on one thread is the time of its matrix products at the rate that
BLAS reaches, in the same minutes, for the largest of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
from rich.console import Console
from threadpoolctl import threadpool_info

import curves
import json_results
from figures import ALL, GAIN, ONE, Figure, Page, against, as_results, compared, markdown, show
from measurements import ALL_MEASUREMENTS
from multilayer.engines.threads import n_threads
from peers import PEERS, Work, installed, numpy_loop, ours
from timing import Run, microseconds, on_one_thread, processor
from works import WORKS, Goals

BUSY = 0.5  # the load of the machine from which on a warning is printed
PAGES = (
    Page(
        "time on one thread and on all cores, and of other libraries on all cores as a multiple of both",
        (ONE, ALL, GAIN, "NumPy loop", *(against(peer, ours) for peer in PEERS for ours in (ONE, ALL))),
    ),
    Page("the limit of one thread", ("products alone", "BLAS", "at that rate")),
)


def products(work: Work) -> list[tuple[int, int, int]]:
    """Return the matrix products (m, n, k) of one update: forward, gradient, and delta of all layers but the first."""
    shapes = []
    for l, (k, n) in enumerate(itertools.pairwise(work.sizes)):
        shapes += [(work.batch, n, k), (k, n, work.batch)]
        if l > 0:
            shapes.append((work.batch, k, n))
    return shapes


def flops(m: int, n: int, k: int) -> int:
    return 2 * m * n * k


def by_blas(work: Work, shapes: list[tuple[int, int, int]]) -> Run:
    """Return a run of only these products, one after another, with BLAS."""
    triples = [
        (np.ones((m, k), work.dtype), np.ones((k, n), work.dtype), np.empty((m, n), work.dtype)) for m, n, k in shapes
    ]

    def run(n: int) -> None:
        for _ in range(n):
            for A, B, C in triples:
                np.dot(A, B, out=C)

    return run


def updates(work: Work, goals: Goals, seconds: float, rounds: int) -> list[Figure]:
    """Measure the time of an update, the ratios of the other libraries, and the fraction of the limit."""
    runs = {ALL: ours(work)}
    if not work.shuffle:
        runs["NumPy loop"] = numpy_loop(work)
    runs |= {name: PEERS[name](work) for name in installed()}
    shapes = products(work)
    largest = max(shapes, key=lambda s: flops(*s))
    runs[ONE] = on_one_thread(ours(work))
    if max(work.sizes) >= 16:
        runs |= {name: on_one_thread(by_blas(work, s)) for name, s in (("products", shapes), ("largest", [largest]))}
    times = microseconds(runs, seconds, rounds, work.updates_per_epoch)
    figures = compared(work.name, times, goals)
    if "products" in times:
        rate = flops(*largest) / times["largest"] / 1e3
        limit = sum(flops(*s) for s in shapes) / rate / 1e3
        figures += [
            Figure(work.name, "products alone", times["products"] / times[ONE], "%"),
            Figure(work.name, "BLAS", rate, "GFLOP/s"),
            Figure(work.name, "at that rate", limit / times[ONE], "%"),
        ]
    return figures


def header() -> str:
    """Return processor, threads and versions."""
    lines = [f"processor: {processor()}", f"threads: multilayer {n_threads()}"]
    if "PyTorch" in installed():
        import torch

        lines[-1] += f", PyTorch {torch.get_num_threads()}"
    blas = {str(library["num_threads"]) for library in threadpool_info() if library["user_api"] == "blas"}
    lines[-1] += f", BLAS of NumPy and SciPy {' and '.join(sorted(blas))}"
    if "OMP_NUM_THREADS" in os.environ:
        lines[-1] += f"; limited by OMP_NUM_THREADS={os.environ['OMP_NUM_THREADS']}"
    known = json_results.installed_versions()
    lines.append("versions: " + ", ".join(f"{name} {version}" for name, version in known.items()))
    return "\n".join(lines)


def measured(only: str, seconds: float, rounds: int) -> list[Figure]:
    """Return the figures of all works and measurements whose name contains ``only``."""
    figures = []
    for work, goals in WORKS.items():
        if only in work.name:
            figures += updates(work, goals, seconds, min(rounds, 5) if work.rows > 100_000 else rounds)
    for name, measure in ALL_MEASUREMENTS.items():
        if only in name:
            figures += measure(seconds, rounds)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", default="", help="only works whose name contains this")
    parser.add_argument("--curves", type=Path, metavar="FILE", help="only draw the scaling curves")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    json_results.add_option(parser)
    parser.add_argument("--read", type=Path, nargs="+", metavar="FILE", help="print the figures of these files")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    seconds, rounds = (0.1, 5) if options.quick else (0.15, 15)
    if options.curves:
        curves.draw(options.curves, seconds / 2, rounds // 3)
        return
    if options.read:
        stored = [json.loads(file.read_text(encoding="utf-8")) for file in options.read]
        description = stored[0]["header"]
        figures = [Figure(**figure) for each in stored for figure in each["figures"]]
    else:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        figures = measured(options.only, seconds, rounds)
        description = header()  # after the libraries have been loaded
        if load > BUSY:
            description += (
                f"\nThe load before the run was {load:.2g}: other processes were running. The threads of BLAS "
                "and PyTorch wait for them, so the ratios may be far too large."
            )
    if options.json:
        raw = [asdict(figure) for figure in figures]
        json_results.write(options.json, as_results(figures, PAGES), header=description, figures=raw)
    if options.markdown:
        print(description, markdown(figures, PAGES), sep="\n\n")
    else:
        print(description)
        show(figures, PAGES, Console(width=170))


if __name__ == "__main__":
    main()
