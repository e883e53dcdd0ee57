"""Compare successive halving with the whole grid: the choice and the number of epochs; and kill and resume a search.

    python benchmarks/halving.py --data FOLDER    four minutes: telco_churn, wine_quality, kin8nm (.csv.gz, the target
                                                  in the column "target")
    python benchmarks/halving.py                  only the killed search

The folder can also be named by the environment variable MULTILAYER_DATA. Both searches use the same 27 candidates and
the same five folds. The choice of halving is judged by its score in the grid, where all candidates were trained to the
end.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

import json_results
from multilayer import MLPClassifier, MLPRegressor
from multilayer.selection import Search, search
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

TABLES = ("telco_churn", "wine_quality", "kin8nm")
SPACE = {
    "hidden_layer_sizes": [(16,), (64,), (64, 64)],
    "learning_rate_init": [3e-4, 3e-3, 3e-2],
    "alpha": [1e-3, 1.0, 30.0],
}
EPOCHS = 60


def problem(folder: Path, name: str) -> tuple[Any, Any, Any, str]:
    features, column = split_target(read_table(folder / f"{name}.csv.gz"), "target")
    info = encode_target(column)
    # The encoder is fitted once for all folds: both searches use the same columns.
    X = TableEncoder(dtype=np.float32).fit_transform(features)
    options: dict[str, Any] = {"max_iter": EPOCHS, "n_iter_no_change": math.inf, "random_state": 0}
    if info.task == "classification":
        return MLPClassifier(**options), X, info.y, "neg_log_loss"
    return MLPRegressor(standardize_targets=True, **options), X, info.y, "neg_root_mean_squared_error"


COLUMNS = ("table", "metric", "best of the grid", "choice of halving, fully trained", "within 1 SE", "epochs", "time")


def compare_with_grid(folder: Path, console: Console) -> json_results.Results:
    """Print the table, and return it."""
    rows = []
    for name in TABLES:
        model, X, y, scoring = problem(folder, name)
        options: dict[str, Any] = {"scoring": scoring, "baseline": False, "refit": False}
        grid = search(model, SPACE, X, y, halving=False, **options)
        halving = search(model, SPACE, X, y, **options)
        chosen = grid.trials[halving.best.number]
        best = grid.best
        row = (
            name,
            scoring,
            f"{best.mean:.4f} ± {best.standard_error:.4f}",
            f"{chosen.mean:.4f}",
            "yes" if chosen.mean >= best.mean - best.standard_error else "NO",
            f"{halving.n_epochs:,} of {grid.n_epochs:,} ({halving.n_epochs / grid.n_epochs:.0%}, target 33 %)",
            f"{halving.seconds:.1f} of {grid.seconds:.1f} s",
        )
        rows.append(row)
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    return json_results.Results("halving and the whole grid", COLUMNS, ("",) * len(COLUMNS), rows)


def digits_search(journal: str | None) -> Search:
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier(max_iter=EPOCHS, n_iter_no_change=math.inf, random_state=0)
    return search(model, SPACE, (X / 16).astype(np.float32), y, cv=3, journal=journal)


def killed(times: int, console: Console) -> None:
    """Kill a search at random moments several times, then let it finish, and compare it with an undisturbed one."""
    began = time.perf_counter()
    whole = digits_search(None)
    seconds = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        journal, lines = str(Path(folder) / "journal"), []
        for _ in range(times):
            process = subprocess.Popen([sys.executable, __file__, "--journal", journal])
            # After its imports, which take about a second.
            time.sleep(1.5 + random.uniform(0, seconds))
            process.kill()
            process.wait()
            lines.append(len(Path(journal).read_bytes().splitlines()) if Path(journal).exists() else 0)
        resumed = digits_search(journal)
    columns = [name for name in whole.to_frame() if name != "seconds"]
    same = whole.to_frame()[columns].equals(resumed.to_frame()[columns])
    known = ", ".join(map(str, lines))
    console.print(f"A search killed {times} times (lines in its journal: {known}): ", end="")
    console.print(
        "the same table as that of an undisturbed search"
        if same
        else "ANOTHER table than that of an undisturbed search"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MULTILAYER_DATA"))
    parser.add_argument("--kills", type=int, default=5)
    json_results.add_option(parser)
    parser.add_argument("--journal", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.journal:
        digits_search(options.journal)
        return
    console = Console(width=160)
    killed(options.kills, console)
    if options.data is not None:
        compared = compare_with_grid(Path(options.data), console)
        if options.json:
            json_results.write(options.json, [compared])


if __name__ == "__main__":
    main()
