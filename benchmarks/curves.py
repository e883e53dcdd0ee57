"""Training time as a function of rows, features, width, depth, batch size and threads, drawn as curves."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from peers import PEERS, Work, installed, ours
from timing import in_pool, microseconds, on_one_thread, one_core

BASE = Work("50-64-64-3, batch 256", (50, 64, 64, 3), 5120, 256)
LIBRARIES = {"multilayer": ours} | {name: PEERS[name] for name in installed(("scikit-learn", "PyTorch"))}


class Curve(NamedTuple):
    """One panel: the quantity that is varied, its values, and the work for each value."""

    what: str
    values: Sequence[int]
    work: Callable[[int], Work]


CURVES = [
    Curve("rows (a batch of all of them)", (16, 64, 256, 1024, 4096, 16384), lambda n: replace(BASE, rows=n, batch=n)),
    Curve("features", (2, 8, 32, 128, 512, 1024), lambda n: replace(BASE, sizes=(n, 64, 64, 3))),
    Curve(
        "units of each of two layers", (4, 8, 16, 32, 64, 128, 256, 512), lambda n: replace(BASE, sizes=(50, n, n, 3))
    ),
    Curve("hidden layers of 64 units", (1, 2, 4, 8), lambda n: replace(BASE, sizes=(50, *[64] * n, 3))),
    Curve("rows of a batch", (1, 4, 16, 64, 256, 1024), lambda n: replace(BASE, rows=max(1024, 2 * n), batch=n)),
]


def draw(file: Path, seconds: float, rounds: int) -> None:
    """Measure all curves and draw them into a file."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import ScalarFormatter

    figure, panels = plt.subplots(2, 3, figsize=(12, 7), layout="constrained")
    for panel, curve in zip(panels.flat, CURVES, strict=False):
        _measure_into(panel, curve, seconds, rounds)
        panel.set(xscale="log", yscale="log", xlabel=curve.what, ylabel="µs per update")
        panel.set_xticks(curve.values, minor=False)
        panel.xaxis.set_minor_locator(mpl.ticker.NullLocator())
        panel.xaxis.set_major_formatter(ScalarFormatter())
        panel.tick_params(axis="x", labelrotation=30)
    panels.flat[0].legend()
    _threads_into(panels.flat[-1], seconds, rounds)
    for panel in panels.flat:
        panel.grid(alpha=0.3)
    figure.suptitle(f"Updates of {BASE.name}, Adam, float32, one core, with one thing changed at a time")
    figure.savefig(file, dpi=110)


def _measure_into(panel: Any, curve: Curve, seconds: float, rounds: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in LIBRARIES}
    with one_core():
        for value in curve.values:
            work = curve.work(value)
            least = max(1, work.rows // work.batch)
            runs = {name: on_one_thread(prepare(work)) for name, prepare in LIBRARIES.items()}
            for name, time in microseconds(runs, seconds, rounds, least).items():
                times[name].append(time)
            print(curve.what, value, {name: round(t[-1], 1) for name, t in times.items()}, flush=True)
    for marker, (name, values) in zip("os^", times.items(), strict=False):
        panel.plot(curve.values, values, marker=marker, label=name)


def _threads_into(panel: Any, seconds: float, rounds: int) -> None:
    """Measure the speedup of fitting sixteen networks in a pool of threads, one thread per network."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    counts = [n for n in (1, 2, 4, 8, 16) if n <= cores]
    members = [ours(BASE) for _ in range(16)]

    times = microseconds({str(n): in_pool(members, n) for n in counts}, seconds, rounds, BASE.rows // BASE.batch)
    gains = [times["1"] / times[str(n)] for n in counts]
    print("threads", dict(zip(counts, gains, strict=True)))
    panel.plot(counts, counts, color="0.7", linestyle="--", label="ideal speedup")
    panel.plot(counts, gains, marker="o", label="multilayer")
    panel.set(xlabel="threads (16 networks)", ylabel="speedup", xticks=counts)
    panel.legend()
