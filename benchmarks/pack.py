"""Compare cross-validation as a pack with that of scikit-learn with warm workers: time, scores, cores, memory.

    python benchmarks/pack.py             # about a minute
    python benchmarks/pack.py --rounds 9

Each side runs once without measurement, then both alternate in one process; medians count. scikit-learn trains its own
networks with n_jobs=2 in persistent workers, multilayer trains in threads.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.neural_network
from rich.console import Console
from rich.table import Table
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score

import json_results
import multilayer
from multilayer.packs.members import Member
from multilayer.packs.running import run_pack
from multilayer.selection import cross_validate, search
from multilayer.selection.data import Data
from multilayer.selection.training import ModelTraining
from new_process import CLEAR, _status

OPTIONS = {"hidden_layer_sizes": (100,), "max_iter": 20, "n_iter_no_change": math.inf, "random_state": 0}


def digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


def medians(runs: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    for run in runs.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def five_folds(rounds: int) -> list[tuple[str, str, str]]:
    X, y = digits()
    ours = multilayer.MLPClassifier(**OPTIONS)
    theirs = sklearn.neural_network.MLPClassifier(**OPTIONS)
    times = medians(
        {
            "ours": lambda: cross_validate(ours, X, y, n_jobs=2),
            "theirs": lambda: cross_val_score(theirs, X, y, n_jobs=2),
            "ours, by scikit-learn": lambda: cross_val_score(ours, X, y),
        },
        rounds,
    )
    same = cross_validate(ours, X, y)["test_score"].tolist() == cross_val_score(ours, X, y).tolist()
    return [
        ("5 folds of digits, (100,), 20 epochs", "multilayer", f"{times['ours'] * 1e3:.0f} ms"),
        ("", "scikit-learn, n_jobs=2", f"{times['theirs'] / times['ours']:.1f}x (8x)"),
        ("", "multilayer fit by fit, one core", f"{times['ours, by scikit-learn'] / times['ours']:.2f}x"),
        ("", "scores equal those fit by fit", "yes" if same else "NO"),
    ]


def grid(rounds: int) -> list[tuple[str, str, str]]:
    X, y = digits()
    ours = multilayer.MLPClassifier(**OPTIONS)
    theirs = sklearn.neural_network.MLPClassifier(**OPTIONS)
    space = {"alpha": [1e-4, 1e-2, 1.0], "learning_rate_init": [1e-3, 3e-3, 1e-2]}
    options: dict[str, Any] = {"halving": False, "baseline": False, "refit": False}
    times = medians(
        {
            "ours": lambda: search(ours, space, X, y, n_jobs=2, **options),
            "theirs": lambda: GridSearchCV(theirs, space, n_jobs=2, refit=False).fit(X, y),
        },
        rounds,
    )
    found = search(ours, space, X, y, n_jobs=2, **options)
    fit_by_fit = GridSearchCV(ours, space, refit=False).fit(X, y).cv_results_
    by_fold = np.array([fit_by_fit[f"split{i}_test_score"] for i in range(5)]).T
    same = [trial.fold_scores for trial in found.trials] == by_fold.tolist()
    return [
        ("grid of 9 candidates, 5 folds, the same network", "multilayer", f"{times['ours'] * 1e3:.0f} ms"),
        ("", "GridSearchCV, n_jobs=2", f"{times['theirs'] / times['ours']:.1f}x (10x)"),
        ("", "scores equal those fit by fit", "yes" if same else "NO"),
    ]


def sixteen_members(rounds: int) -> list[tuple[str, str, str]]:
    X, y = digits()
    network = multilayer.MLPClassifier(**(OPTIONS | {"max_iter": 60}))
    data, rows = Data.of(X, y, None, network), np.arange(len(y))

    def pack(n_jobs: int) -> None:
        networks = [clone(network).set_params(random_state=seed) for seed in range(16)]
        run_pack([Member(i, ModelTraining(data, each, rows)) for i, each in enumerate(networks)], n_jobs=n_jobs)

    times = medians({"1": lambda: pack(1), "2": lambda: pack(2)}, rounds)
    return [("16 members on 2 cores", "one core", f"{times['1'] / times['2']:.2f}x (1.9x)")]


def memory_of(task: str) -> float:
    """Return the MB that a cross-validation of 200,000 x 100 float32 adds at its peak, measured in a new process."""
    done = subprocess.run([sys.executable, __file__, "--memory", task], check=True, capture_output=True, text=True)
    return float(done.stdout)


def memory(n_jobs: int) -> None:
    rng = np.random.RandomState(0)
    X = rng.standard_normal((200_000, 100)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    model = multilayer.MLPClassifier((64,), batch_size=256, max_iter=1, n_iter_no_change=math.inf, random_state=0)
    cross_validate(model, X[:2000], y[:2000], n_jobs=n_jobs)
    CLEAR.write_text("5", encoding="ascii")
    before = _status("VmRSS")
    cross_validate(model, X, y, n_jobs=n_jobs)
    print(_status("VmHWM") - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    json_results.add_option(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.memory:
        memory(int(options.memory))
        return
    rows = five_folds(options.rounds) + grid(options.rounds) + sixteen_members(options.rounds)
    if CLEAR.exists():
        sizes = {n: memory_of(str(n)) for n in (1, 2)}
        work = "memory, 5 folds of 200,000 x 100 float32 (80 MB)"
        rows.append((work, "1 and 2 threads", f"{sizes[1]:.0f} and {sizes[2]:.0f} MB"))
    columns = ("work", "what", "figure")
    table = Table(*columns, caption="minimum targets in parentheses")
    for row in rows:
        table.add_row(*row)
    Console(width=120).print(table)
    if options.json:
        json_results.write(options.json, [json_results.Results("packs", columns, ("", "", ""), rows)])


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
