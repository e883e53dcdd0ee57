"""Compare the CPU engine with other libraries: time per update, ratios, and the fraction of the machine's limit.

    python benchmarks/engine.py                        # everything but the curves, about six minutes
    python benchmarks/engine.py --quick --only digits  # fewer and shorter rounds; works whose name contains this
    python benchmarks/engine.py --curves scaling.png   # time by rows, features, width, depth, batch size and threads
    python benchmarks/engine.py --markdown             # tables as in docs/performance.md
    python benchmarks/engine.py --json figures.json    # every figure

Updates are timed in one process on one core; the libraries alternate many times, and ratios are of medians. The target
of a figure, a minimum or a maximum, is printed with it. The limit of an update is the time of its matrix products at
the rate that BLAS reaches, in the same minutes, for the largest of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import numpy as np
import sklearn.neural_network
from rich.console import Console
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

import curves
import multilayer
import new_process
from peers import PEERS, Work, installed, numpy_loop, ours
from timing import Run, microseconds, one_core

MOONS = Work(
    "moons 2-5-5-2, float64",
    (2, 5, 5, 2),
    1000,
    1000,
    np.float64,
    "sigmoid",
    "sigmoid",
    "sgd",
    0.0,
    0.5,
    floors={"NumPy loop": 14, "scikit-learn": 16, "PyTorch": 16},
)
SMALL = Work("20-32-32-3, batch 256", (20, 32, 32, 3), 5120, 256, floors={"scikit-learn": 9, "PyTorch": 10})
WORKS = [
    MOONS,
    replace(MOONS, name="moons 2-5-5-2, float32", dtype=np.float32, floors={"scikit-learn": 24}),
    Work(
        "digits 64-100-10, batch 200",
        (64, 100, 10),
        1800,
        200,
        floors={"scikit-learn": 5, "PyTorch": 4.5},
        share=0.8,
    ),
    Work("50-64-64-3, batch 256", (50, 64, 64, 3), 5120, 256, floors={"scikit-learn": 4.5, "PyTorch": 4.5}),
    SMALL,
    Work("784-256-128-10, batch 128", (784, 256, 128, 10), 2560, 128, floors={"scikit-learn": 1.8, "PyTorch": 1.4}),
    Work(
        "100-512-512-3, batch 256",
        (100, 512, 512, 3),
        2560,
        256,
        floors={"scikit-learn": 1.5, "PyTorch": 1.25},
        share_of_rate=0.8,
    ),
]


@dataclass(frozen=True)
class Figure:
    """A measured figure with its target: at least ``floor``, at most ``ceiling``."""

    work: str
    what: str
    value: float
    unit: str = ""
    floor: float | None = None
    ceiling: float | None = None

    @property
    def aim(self) -> str:
        if self.floor is not None:
            return f"at least {self._text(self.floor)}"
        return f"at most {self._text(self.ceiling)}" if self.ceiling is not None else ""

    @property
    def text(self) -> str:
        return self._text(self.value)

    @property
    def met(self) -> bool:
        return (self.floor is None or self.value >= self.floor) and (self.ceiling is None or self.value <= self.ceiling)

    def _text(self, value: float) -> str:
        if self.unit == "%":
            return f"{value:.0%}"
        return f"{value:.3g} {self.unit}".replace(" x", "x")


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


def updates(work: Work, seconds: float, rounds: int) -> list[Figure]:
    """Measure microseconds per update, the ratios of the other libraries, and the fraction of the limit."""
    runs = {"ours": ours(work)}
    if not work.shuffled:
        runs["NumPy loop"] = numpy_loop(work)
    runs |= {name: PEERS[name](work) for name in installed()}
    shapes = products(work)
    largest = max(shapes, key=lambda s: flops(*s))
    if max(work.sizes) >= 16:
        runs |= {"products": by_blas(work, shapes), "largest": by_blas(work, [largest])}
    times = microseconds(runs, seconds, rounds)
    figures = [Figure(work.name, "multilayer", times["ours"], "µs")]
    for name in ("NumPy loop", *PEERS):
        if name in times:
            figures.append(Figure(work.name, name, times[name] / times["ours"], "x", floor=work.floors.get(name)))
    if "products" in times:
        rate = flops(*largest) / times["largest"] / 1e3
        limit = sum(flops(*s) for s in shapes) / rate / 1e3
        alone = times["products"] / times["ours"]
        figures += [
            Figure(work.name, "products alone", alone, "%", floor=work.share or None),
            Figure(work.name, "BLAS", rate, "GFLOP/s"),
            Figure(work.name, "at that rate", limit / times["ours"], "%", floor=work.share_of_rate or None),
        ]
    return figures


def eight_networks(seconds: float, rounds: int) -> list[Figure]:
    """Measure eight networks, each fitted in a thread of a pool, with two threads and with one."""
    members = [ours(SMALL) for _ in range(8)]

    def with_threads(n_threads: int) -> Run:
        def run(n: int) -> None:
            with ThreadPoolExecutor(n_threads) as pool:
                list(pool.map(lambda member: member(n), members))

        return run

    times = microseconds({str(n): with_threads(n) for n in (1, 2)}, seconds, rounds)
    name = "8 networks of 20-32-32-3"
    return [
        Figure(name, "one core, each update", times["1"] / 8, "µs"),
        Figure(name, "two cores", times["1"] / times["2"], "x", floor=1.85),
    ]


def predictions(seconds: float, rounds: int) -> list[Figure]:
    """Measure predict_proba for one row and for all digits."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    models = {
        "ours": multilayer.MLPClassifier((100,), max_iter=5, random_state=0).fit(X, y),
        "theirs": sklearn.neural_network.MLPClassifier((100,), max_iter=5, random_state=0).fit(X, y),
    }

    def predicting(model: Any, rows: Any) -> Run:
        def run(n: int) -> None:
            for _ in range(n):
                model.predict_proba(rows)

        return run

    figures = []
    for name, rows in (("one row", X[:1]), ("1,797 rows", X)):
        times = microseconds({key: predicting(model, rows) for key, model in models.items()}, seconds, rounds)
        work = f"predict_proba of digits, {name}"
        figures += [
            Figure(work, "multilayer", times["ours"], "µs"),
            Figure(work, "scikit-learn", times["theirs"] / times["ours"], "x", floor=2),
        ]
    return figures


LATE = "late epochs of digits"


def late_epochs() -> list[Figure]:
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


def memory() -> list[Figure]:
    """Measure the memory that a fit of 200,000 x 100 float32 adds to that of the process."""
    if not new_process.CLEAR.exists():
        return []
    name = "memory of fitting 200,000 x 100 float32"
    return [
        Figure(name, "multilayer", new_process.in_child("memory", "multilayer")["peak growth"], "MB", ceiling=10),
        Figure(name, "scikit-learn", new_process.in_child("memory", "scikit-learn")["peak growth"], "MB"),
    ]


def first_fit(rounds: int) -> list[Figure]:
    """Measure how much longer the first fit of a process takes, in addition to the imports."""
    found, name = new_process.first_fits(rounds), "first fit of a process"
    return [
        Figure(name, "kernels compiled", found["cold"]["first fit"], "s", ceiling=20),
        Figure(name, "kernels from the cache", found["cached"]["first fit"], "s", ceiling=0.5),
        Figure(name, "scikit-learn", found["scikit-learn"]["first fit"], "s"),
        Figure(name, "imports", found["cached"]["imports"], "s"),
        Figure(name, "scikit-learn's imports", found["scikit-learn"]["imports"], "s"),
    ]


COLUMNS = ("multilayer", "NumPy loop", *PEERS, "products alone", "BLAS", "at that rate")


def tables(figures: list[Figure]) -> list[tuple[str, tuple[str, ...], list[list[Figure | str | None]]]]:
    """Return title, headings and cells: the updates of all works in one table, every other figure in the second."""
    names = {work.name for work in WORKS}
    rows: dict[str, list[Figure | str | None]] = {}
    for figure in figures:
        if figure.work in names:
            row = rows.setdefault(figure.work, [figure.work, *[None] * len(COLUMNS)])
            row[1 + COLUMNS.index(figure.what)] = figure
    others = [[f.work, f.what, f, f.aim] for f in figures if f.work not in names]
    return [
        ("time of one update, and ratios of the other libraries", ("work", *COLUMNS), list(rows.values())),
        ("everything else", ("work", "what", "figure", "target"), others),
    ]


def cell(content: Figure | str | None, in_column: bool) -> str:
    if isinstance(content, Figure):
        aim = content.floor if content.floor is not None else content.ceiling
        return content.text if not in_column or aim is None else f"{content.text} ({content._text(aim)})"
    return content or ""


def show(figures: list[Figure], console: Console) -> None:
    from rich.table import Table

    for title, headings, rows in tables(figures):
        if not rows:
            continue
        table = Table(title=title, caption="targets in parentheses" if headings[1] == "multilayer" else None)
        for i, heading in enumerate(headings):
            table.add_column(heading, justify="left" if i == 0 else "right")
        for row in rows:
            contents = [cell(c, headings[1] == "multilayer") for c in row]
            styles = ["red" if isinstance(c, Figure) and not c.met else "" for c in row]
            table.add_row(*(f"[{s}]{c}[/{s}]" if s else c for s, c in zip(styles, contents, strict=True)))
        console.print(table)


def markdown(figures: list[Figure]) -> str:
    lines = []
    for _, headings, rows in tables(figures):
        if rows:
            lines += ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
            lines += ["| " + " | ".join(cell(c, headings[1] == "multilayer") for c in row) + " |" for row in rows]
            lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", default="", help="only works whose name contains this")
    parser.add_argument("--curves", type=Path, metavar="FILE", help="only draw the scaling curves")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file")
    options = parser.parse_args()
    seconds, rounds = (0.1, 5) if options.quick else (0.3, 11)
    warnings.simplefilter("ignore")
    if options.curves:
        with threadpool_limits(1):
            curves.draw(options.curves, seconds / 3, rounds // 2)
        return
    figures = []
    with threadpool_limits(1):
        with one_core():
            for work in WORKS:
                if options.only in work.name:
                    figures += updates(work, seconds, rounds)
            if not options.only:
                figures += predictions(seconds, rounds)
            if options.only in LATE:
                figures += late_epochs()
        if not options.only:
            figures += eight_networks(seconds, rounds)
            figures += memory() + first_fit(3 if options.quick else 5)
    if options.json:
        options.json.write_text(json.dumps([asdict(f) for f in figures], indent=1), encoding="utf-8")
    if options.markdown:
        print(markdown(figures))
    else:
        show(figures, Console(width=150))


if __name__ == "__main__":
    main()
