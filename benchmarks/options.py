"""Measure the effect of options on test rows, compared with the defaults of scikit-learn.

    python benchmarks/options.py --data FOLDER      tables of the folder: telco_churn, california_housing_raw_missing,
                                                    bike_sharing_hourly (.csv.gz, the target in the column "target")
    python benchmarks/options.py --markdown         the table as in docs/how-to/options.md

The folder can also be named by the environment variable MULTILAYER_DATA. Without it, smaller tables of scikit-learn are
used.

A fifth of the rows of a table, the same for all seeds, is the test set. Each seed divides the other rows again: three
quarters for training, a quarter for validation; it is also the ``random_state`` of every network. ``TableEncoder`` and
the scale of the targets of a regression are fitted only on the training rows. All networks of a seed are fitted on the
same rows; those with early stopping hold out a tenth of them. The chosen setting of a table is the one with the best
mean on the validation rows; the figures are those of the test rows.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn.datasets
import sklearn.neural_network
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split

import multilayer
from multilayer.tables import TableEncoder, read_table
from timing import one_core

THEIRS = "scikit-learn's defaults"
# One setting for all tables.
FOR_ALL = "AdamW, one cycle, best by loss"
BY_LOSS = {"early_stopping": True, "early_stopping_metric": "loss"}
# tol=0: every lower loss counts as progress, and ten epochs without progress end the run.
EARLY = BY_LOSS | {"tol": 0.0}
# A planned run continues to its end; with validation rows, the best weights are kept.
ADAMW = {"weight_decay": 0.01, "learning_rate_init": 0.02, "n_iter_no_change": float("inf")}
SETTINGS: dict[str, dict[str, Any]] = {
    THEIRS: {},
    "multilayer's defaults": {},
    "dropout=0.2": {"dropout": 0.2},
    "dropout=0.5": {"dropout": 0.5},
    "weight_averaging=0.99": {"weight_averaging": 0.99},
    "early stopping by loss": EARLY,
    "the same, weight_averaging=0.99": EARLY | {"weight_averaging": 0.99},
    "AdamW, cosine": ADAMW | {"learning_rate": "cosine"},
    "AdamW, one cycle": ADAMW | {"learning_rate": "one_cycle"},
    FOR_ALL: ADAMW | BY_LOSS | {"learning_rate": "one_cycle"},
    "the same, dropout=0.2": ADAMW | BY_LOSS | {"learning_rate": "one_cycle", "dropout": 0.2},
    "AdamW with weight_decay=1, one cycle of 40": ADAMW
    | {"learning_rate": "one_cycle", "weight_decay": 1.0, "max_iter": 40},
}


@dataclass(frozen=True)
class Problem:
    """A table: its rows without the target, and the target."""

    name: str
    frame: Any
    target: Any
    classes: bool

    @property
    def measure(self) -> str:
        return "log-loss" if self.classes else "RMSE"


@dataclass
class Scores:
    """The scores of one setting on one table, one for each seed; lower is better."""

    validation: list[float] = field(default_factory=list)
    test: list[float] = field(default_factory=list)


def from_files(folder: Path) -> list[Problem]:
    problems = []
    for name, classes in (
        ("telco_churn", True),
        ("california_housing_raw_missing", False),
        ("bike_sharing_hourly", False),
    ):
        frame = read_table(folder / f"{name}.csv.gz").to_pandas()
        problems.append(Problem(name, frame.drop(columns="target"), frame["target"].to_numpy(), classes))
    return problems


def shipped() -> list[Problem]:
    """Return tables that are part of scikit-learn."""
    loaders: list[tuple[Callable[..., Any], bool]] = [
        (sklearn.datasets.load_breast_cancer, True),
        (sklearn.datasets.load_digits, True),
        (sklearn.datasets.load_diabetes, False),
    ]
    problems = []
    for load, classes in loaders:
        X, y = load(return_X_y=True)
        frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
        problems.append(Problem(load.__name__.removeprefix("load_"), frame, y, classes))
    return problems


def scores_of_a_seed(problem: Problem, seed: int, settings: Sequence[str], done: Callable[[], None]) -> Any:
    """Return the scores of each setting on the validation rows and on the test rows."""
    labels = problem.target if problem.classes else None
    rest, test = train_test_split(np.arange(len(problem.target)), test_size=0.2, random_state=0, stratify=labels)
    kept = None if labels is None else labels[rest]
    train, validation = train_test_split(rest, test_size=0.25, random_state=seed, stratify=kept)
    encoder = TableEncoder().fit(problem.frame.iloc[train])
    X = encoder.transform(problem.frame)
    y, unit = problem.target, 1.0
    if not problem.classes:
        unit = y[train].std()
        y = (y - y[train].mean()) / unit
    found = []
    for name in settings:
        module: Any = sklearn.neural_network if name == THEIRS else multilayer
        kind = module.MLPClassifier if problem.classes else module.MLPRegressor
        model = kind(random_state=seed, **SETTINGS[name]).fit(X[train], y[train])
        found.append([unit * _cost(problem, model, X[rows], y[rows]) for rows in (validation, test)])
        done()
    return found


def _cost(problem: Problem, model: Any, X: Any, y: Any) -> float:
    if problem.classes:
        return float(log_loss(y, model.predict_proba(X), labels=model.classes_))
    return float(root_mean_squared_error(y, model.predict(X)))


def measured(problems: Sequence[Problem], seeds: int, names: Sequence[str], console: Console) -> list[list[Scores]]:
    """Return the scores of each table and each setting."""
    results = [[Scores() for _ in names] for _ in problems]
    with Progress(console=console, transient=True) as progress, one_core():
        task = progress.add_task("networks", total=len(problems) * seeds * len(names))
        for problem, scores in zip(problems, results, strict=True):
            for seed in range(seeds):
                found = scores_of_a_seed(problem, seed, names, lambda: progress.advance(task))
                for score, (validation, test) in zip(scores, found, strict=True):
                    score.validation.append(validation)
                    score.test.append(test)
    return results


def figure(values: Sequence[float]) -> str:
    """Format mean and standard error with the digits that the error justifies."""
    mean, error = float(np.mean(values)), standard_error(values)
    digits = min(max(0, 1 - int(np.floor(np.log10(error)))), 5) if error > 0 else 3
    return f"{mean:,.{digits}f} ± {error:,.{digits}f}"


def standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def chosen(scores: Sequence[Scores]) -> int:
    """Return the setting with the best validation score; that of scikit-learn is not considered."""
    return 1 + int(np.argmin([np.mean(score.validation) for score in scores[1:]]))


def rows_of(names: Sequence[str], results: Sequence[Sequence[Scores]]) -> list[list[str]]:
    """Return the rows of the table: each setting, then the gains of the chosen setting and of the one for all
    tables.
    """
    best = [chosen(scores) for scores in results]
    rows = []
    for i, name in enumerate(names):
        cells = [figure(scores[i].test) for scores in results]
        rows.append([name, *(f"**{cell}**" if i == best[k] else cell for k, cell in enumerate(cells))])
    fixed = names.index(FOR_ALL)
    chosen_ones = [saved(scores, i) for scores, i in zip(results, best, strict=True)]
    return [
        *rows,
        ["lower than scikit-learn's: the chosen setting (bold)", *chosen_ones],
        [f"lower than scikit-learn's: {FOR_ALL}", *(saved(scores, fixed) for scores in results)],
    ]


def saved(scores: Sequence[Scores], i: int) -> str:
    """Format how far setting i is below scikit-learn, seed by seed."""
    theirs, ours = np.array(scores[0].test), np.array(scores[i].test)
    return f"{figure(100 * (theirs - ours) / theirs)} %, in {np.sum(ours < theirs)} of {len(ours)} seeds"


def shown(problems: Sequence[Problem], rows: Sequence[Sequence[str]], *, markdown: bool, console: Console) -> None:
    heads = ["setting", *(f"{problem.name}, {problem.measure}" for problem in problems)]
    if markdown:
        for row in [heads, ["---"] * len(heads), *rows]:
            print(f"| {' | '.join(row)} |")
        return
    table = Table(*heads)
    for row in rows[:-2]:
        table.add_row(*(f"[bold]{cell[2:-2]}[/]" if cell.startswith("**") else cell for cell in row))
    table.add_section()
    for row in rows[-2:]:
        table.add_row(*row)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("MULTILAYER_DATA"), help="folder of the tables")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # that 200 epochs are too few
    console = Console(stderr=given.markdown)
    folder = None if given.data is None else Path(given.data)
    if folder is not None and folder.is_dir():
        problems = from_files(folder)
    else:
        where = "no folder was given (--data)" if folder is None else f"the folder {folder} does not exist"
        console.print(f"{where}: tables of scikit-learn are used instead.")
        problems = shipped()
    began = time.process_time()
    names = list(SETTINGS)
    results = measured(problems, given.seeds, names, console)
    shown(problems, rows_of(names, results), markdown=given.markdown, console=console)
    console.print(f"{given.seeds} seeds, mean ± standard error; {time.process_time() - began:.0f} s of one core's time")


if __name__ == "__main__":
    main()
