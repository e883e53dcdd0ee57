"""Measure what the shuffle of blocks costs in accuracy, beside a shuffle of all rows in memory and no shuffle.

    python benchmarks/block_shuffle.py                         192,000 rows, three seeds; some minutes
    python benchmarks/block_shuffle.py --rows 16000 --seeds 1  a short run
    python benchmarks/block_shuffle.py --json FILE             also write the figures

A made table is trained on in random order and sorted by its target, which is the worst order for blocks: each block has
rows of almost the same target. All networks make the same number of passes over the rows with the same step size and
keep an average of their weights; they differ in the rows that are in memory together. A multiple of 16,000 rows gives
windows of whole batches. The scores are those of rows that are not in the table: R² for amounts, and accuracy in
percent for three classes. "in file order" reads windows one after the other as they are in the file; its rows are
shuffled within each window, or not at all.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import json_results
from multilayer import MLPClassifier, MLPRegressor
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import RowsFormat
from multilayer.tables.streaming.rows_writer import EncodedRowsWriter
from multilayer.tables.streaming.training import WindowTraining, train_by_windows
from multilayer.tables.streaming.windows import WindowPlan

WIDTH, BATCH = 20, 250
N_TEST = 20_000
NOISE = 0.3
TASKS = ("amounts", "classes")
ORDERS = ("random", "sorted")
COLUMNS = ("rows in memory", "rows of a block", *(f"{task}, {order} order" for task in TASKS for order in ORDERS))
UNITS = ("", "", "R²", "R²", "%", "%")

Floats = NDArray[np.float64]


class Method(NamedTuple):
    """Which rows are in memory together."""

    name: str
    windows: int  # of a pass
    block_rows: int | None  # None for the order of the file
    shuffles: bool = True  # the rows within a window


def methods(n_rows: int) -> Iterator[Method]:
    yield Method("all", 1, None)
    for windows in (4, 16, 64):
        for block in (64, 1024, 4096):
            if block * 2 <= n_rows // windows:
                yield Method(f"1/{windows}", windows, block)
    yield Method("1/16, in file order", 16, None)
    yield Method("1/16, in file order, not shuffled", 16, None, shuffles=False)


def made(n_rows: int, seed: int) -> tuple[NDArray[np.float32], Floats]:
    """Return columns of numbers, and amounts that depend on some of them and on noise."""
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((n_rows, WIDTH), dtype=np.float32)
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + 0.5 * X[:, 4]
    return X, y + NOISE * generator.standard_normal(n_rows)


def targets(task: str, y: Floats) -> NDArray[Any]:
    """Return the amounts, or the numbers of their classes."""
    return y if task == "amounts" else np.searchsorted([0.0, 1.5], y)


def written(folder: str, task: str, order: str, n_rows: int, seed: int) -> EncodedRows:
    """Write the table to a file, in an order."""
    X, y = made(n_rows, seed)
    if order == "sorted":
        places = np.argsort(y, kind="stable")
        X, y = X[places], y[places]
    form = RowsFormat(WIDTH, "numbers" if task == "amounts" else "classes")
    with EncodedRowsWriter(folder, form, n_rows) as writer:
        writer.append(X, targets(task, y))
        return writer.finish()


def network(task: str, method: Method, passes: int, seed: int) -> Any:
    options: dict[str, Any] = {
        "max_iter": passes * method.windows,
        "batch_size": BATCH,
        # Not a schedule: it changes the step size once in a window, which more windows make smoother.
        "learning_rate_init": 1e-3,
        "weight_averaging": 0.998,
        "n_iter_no_change": None,
        "shuffle": method.shuffles,
        "random_state": seed,
    }
    if task == "amounts":
        return MLPRegressor((64, 64), standardize_targets=True, **options)
    return MLPClassifier((64, 64), **options)


def score(task: str, rows: EncodedRows, method: Method, passes: int, seed: int) -> float:
    """Train a network and return its score on new rows."""
    n_rows = rows.n_rows
    # One block of all rows has only one order, that of the file.
    plan = WindowPlan(n_rows, -(-n_rows // method.windows), method.block_rows or n_rows, seed)
    fitted = train_by_windows(network(task, method, passes, seed), WindowTraining(rows, plan))
    X, y = made(N_TEST, 1000 + seed)
    found = float(fitted.score(X, targets(task, y)))
    return found if task == "amounts" else 100 * found


def measured(n_rows: int, passes: int, n_seeds: int, console: Console) -> dict[Method, list[float]]:
    """Return the mean scores of each method, by task and order."""
    found: dict[Method, list[float]] = {method: [] for method in methods(n_rows)}
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            for order in ORDERS:
                scores: dict[Method, list[float]] = {method: [] for method in found}
                for seed in range(n_seeds):
                    console.print(f"{task}, {order} order, seed {seed}")
                    with written(folder, task, order, n_rows, seed) as rows:
                        for method, of_method in scores.items():
                            of_method.append(score(task, rows, method, passes, seed))
                for method, of_method in scores.items():
                    found[method].append(float(np.mean(of_method)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=192_000, help="rows of the table")
    parser.add_argument("--passes", type=int, default=10, help="passes over the rows")
    parser.add_argument("--seeds", type=int, default=3, help="tables and networks")
    json_results.add_option(parser)
    given = parser.parse_args()
    if given.rows < 1000 or given.passes < 1 or given.seeds < 1:
        parser.error("--rows must be at least 1000, --passes and --seeds at least 1")
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    found = measured(given.rows, given.passes, given.seeds, Console(stderr=True))
    rows: list[list[Any]] = [[each.name, f"{each.block_rows or ''}", *scores] for each, scores in found.items()]
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row[:2], *(f"{each:.4f}" if each <= 1 else f"{each:.2f}" for each in row[2:]))
    console = Console(width=150)
    console.print(table)
    console.print(f"{given.rows:,} rows, {given.passes} passes; {time.perf_counter() - began:.0f} s")
    if given.json is not None:
        title = f"{given.rows:,} rows, {given.passes} passes, means of {given.seeds} seeds"
        json_results.write(given.json, [json_results.Results(title, COLUMNS, UNITS, rows)])


if __name__ == "__main__":
    main()
