"""Measure the coverage and the width of 90 % intervals on new rows, and compare them with scikit-learn.

    python benchmarks/intervals.py --data FOLDER    five minutes: abalone, bike_sharing_hourly,
                                                    california_housing_raw_missing, kin8nm (.csv.gz, the target in the
                                                    column "target")
    python benchmarks/intervals.py --splits 10      more random splits of each table
    python benchmarks/intervals.py --markdown       the table as in docs/how-to/ensembles.md

The folder can also be named by the environment variable MULTILAYER_DATA. The four tables have different difficulties:
abalone is small and its noise grows with the target; bike_sharing_hourly has counts from 1 to 977, whose noise differs
by a factor of a hundred between night and day; california_housing has gaps, text and a target with an upper limit;
kin8nm has almost no noise, so that most of the error is that of the network.

In each split, a random fifth of the rows is the test set, and a method receives all others: split conformal trains on
three quarters of them and calibrates on a quarter. The intervals of scikit-learn are two gradient boosting models with
the quantile loss, for 5 and 95 %, with default parameters; they do not guarantee a coverage. Widths are in standard
deviations of the target of the table.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import RepeatedKFold, train_test_split
from sklearn.pipeline import make_pipeline

from multilayer import EnsembleRegressor, MLPRegressor
from multilayer.tables import TableEncoder, read_table

TABLES = ("abalone", "bike_sharing_hourly", "california_housing_raw_missing", "kin8nm")
COVERAGE = 0.9
Ends = tuple[Any, Any]
Method = Callable[[Any, Any, Any, int], Ends]  # of training rows, their targets, new rows and a seed


def network() -> Any:
    options = {"learning_rate_init": 0.005, "early_stopping": True, "standardize_targets": True}
    return make_pipeline(TableEncoder(), MLPRegressor((64,), **options))


def by_rows_left_out(**options: Any) -> Method:
    def ends(rows: Any, y: Any, new: Any, seed: int) -> Ends:
        model = EnsembleRegressor(network(), random_state=seed, **options)
        return model.fit(rows, y).predict_interval(new, COVERAGE)

    return ends


def split_conformal(rows: Any, y: Any, new: Any, seed: int) -> Ends:
    rows, held_out, y, y_held_out = train_test_split(rows, y, test_size=0.25, random_state=seed)
    model = EnsembleRegressor(network(), 8, random_state=seed).fit(rows, y)
    return model.calibrate(held_out, y_held_out).predict_interval(new, COVERAGE)


def boosted_quantiles(rows: Any, y: Any, new: Any, seed: int) -> Ends:
    lower, upper = (
        make_pipeline(TableEncoder(), HistGradientBoostingRegressor(loss="quantile", quantile=share, random_state=seed))
        .fit(rows, y)
        .predict(new)
        for share in ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2)
    )
    return lower, upper


METHODS: dict[str, Method] = {
    'CV+, diversity="fold", 8 members': by_rows_left_out(diversity="fold", n_members=8),
    "CV+, 4 folds 4 times, 16 members": by_rows_left_out(
        diversity="fold", cv=RepeatedKFold(n_splits=4, n_repeats=4, random_state=0)
    ),
    'jackknife+ after bootstrap, diversity="bootstrap", 16 members': by_rows_left_out(
        diversity="bootstrap", n_members=16
    ),
    'split conformal, diversity="seed", 8 members, calibrate': split_conformal,
    "scikit-learn: HistGradientBoosting, two quantiles": boosted_quantiles,
}


def measured(folder: Path, splits: int, console: Console) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return (coverage, mean width) of each split, by method and table."""
    results: dict[str, dict[str, list[tuple[float, float]]]] = {name: {} for name in METHODS}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("ensembles", total=len(TABLES) * splits * len(METHODS))
        for table in TABLES:
            frame = read_table(folder / f"{table}.csv.gz").to_pandas()
            rows, y = frame.drop(columns="target"), frame["target"].to_numpy(dtype=np.float64)
            for seed in range(splits):
                train, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed)
                for name, method in METHODS.items():
                    lower, upper = method(rows.iloc[train], y[train], rows.iloc[test], seed)
                    held = np.mean((lower <= y[test]) & (y[test] <= upper))
                    width = np.mean(upper - lower) / y.std()
                    results[name].setdefault(table, []).append((float(held), float(width)))
                    progress.advance(task)
    return results


def figure(found: list[tuple[float, float]]) -> str:
    """Format mean and standard deviation of the coverage over the splits, and the mean width."""
    held, widths = np.array(found).T
    return f"{100 * held.mean():.1f} ± {100 * held.std(ddof=1):.1f} %, {widths.mean():.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MULTILAYER_DATA"), help="folder of the tables")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    if given.data is None or not Path(given.data).is_dir():
        parser.error("pass the folder of the tables: --data FOLDER")
    if given.splits < 2:
        parser.error("--splits must be at least 2")
    warnings.simplefilter("ignore")
    console = Console(stderr=given.markdown, width=150)
    began = time.perf_counter()
    results = measured(Path(given.data), given.splits, console)
    heads = ["90 % intervals: coverage, mean width", *TABLES]
    lines = [[name, *(figure(of_tables[table]) for table in TABLES)] for name, of_tables in results.items()]
    if given.markdown:
        for line in [heads, ["---"] * len(heads), *lines]:
            print(f"| {' | '.join(line)} |")
    else:
        table = Table(*heads)
        for line in lines:
            table.add_row(*line)
        console.print(table)
    console.print(f"{given.splits} splits; {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
