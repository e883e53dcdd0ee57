"""Compare MLPClassifier and MLPRegressor with those of scikit-learn: the same program with another import.

    python benchmarks/dropin.py            ten typical uses, small fits, and memory over 1,000 fits
    python benchmarks/dropin.py --rounds 9

Each use runs once without measurement, then both libraries alternate in one process; the shortest time counts. The
final costs are printed as well, to show that both did the same work.
"""

from __future__ import annotations

import argparse
import gc
import math
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import sklearn.neural_network
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits, make_classification, make_multilabel_classification, make_regression

import json_results
import multilayer

MODULES = (multilayer, sklearn.neural_network)


@dataclass(frozen=True)
class Use:
    """One typical use: an estimator, its parameters, and data."""

    name: str
    kind: str
    data: Callable[[], tuple[Any, Any]]
    parameters: dict[str, Any] = field(default_factory=dict)
    parts: int = 0  # of a stream for partial_fit; 0 for fit

    def model(self, module: Any) -> Any:
        epochs = {} if self.parts else {"max_iter": 30}
        fixed = {"random_state": 0, "n_iter_no_change": math.inf} | epochs
        return getattr(module, self.kind)(**(fixed | self.parameters))

    def train(self, model: Any, X: Any, y: Any) -> None:
        if not self.parts:
            model.fit(X, y)
            return
        first = {"classes": np.unique(y)}
        for rows in np.array_split(np.arange(X.shape[0]), self.parts):
            model.partial_fit(X[rows], y[rows], **first)
            first = {}


def binary() -> tuple[Any, Any]:
    return make_classification(2000, 20, n_informative=10, random_state=0)


def digits() -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def multilabel() -> tuple[Any, Any]:
    X, Y = make_multilabel_classification(2000, 30, n_classes=8, random_state=0)
    return X / 10, Y


def regression() -> tuple[Any, Any]:
    X, y = make_regression(2000, 20, noise=1.0, random_state=0)
    return X, y / y.std()


def text() -> tuple[Any, Any]:
    rng = np.random.RandomState(0)
    X = scipy.sparse.random(2000, 2000, density=0.01, format="csr", random_state=rng)
    first, second = (np.asarray(X[:, columns].sum(axis=1)).ravel() for columns in (slice(0, 200), slice(200, 400)))
    return X, (first > second).astype(int)


CLASSIFIER, REGRESSOR = "MLPClassifier", "MLPRegressor"
USES = [
    Use("binary, defaults", CLASSIFIER, binary),
    Use("digits, defaults", CLASSIFIER, digits),
    Use("multilabel", CLASSIFIER, multilabel, {"hidden_layer_sizes": (32, 32)}),
    Use("regression", REGRESSOR, regression, {"hidden_layer_sizes": (64, 32)}),
    Use(
        "sgd, adaptive", CLASSIFIER, binary, {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.05}
    ),
    Use("adam, small", CLASSIFIER, binary, {"hidden_layer_sizes": (8,), "batch_size": 32}),
    Use("lbfgs", REGRESSOR, regression, {"solver": "lbfgs", "hidden_layer_sizes": (20,), "max_iter": 100}),
    Use("early stopping", CLASSIFIER, digits, {"early_stopping": True, "hidden_layer_sizes": (50,)}),
    Use("partial_fit, 100 parts", CLASSIFIER, binary, {"hidden_layer_sizes": (32,)}, parts=100),
    Use("sparse text", CLASSIFIER, text, {"hidden_layer_sizes": (32,)}),
]


def tiny() -> tuple[Any, Any]:
    return make_classification(20, 5, random_state=0)


TINY = Use("fit of 20 rows", CLASSIFIER, tiny, {"hidden_layer_sizes": (5,)})
TINY_DATA = TINY.data()
SMALL = [
    TINY,
    Use("20 rows, one iteration", CLASSIFIER, tiny, {"hidden_layer_sizes": (5,), "max_iter": 1}),
    Use("20 rows, defaults", CLASSIFIER, tiny, {"max_iter": 200, "n_iter_no_change": 10}),
]


def measured(use: Use, rounds: int) -> tuple[list[float], list[float]]:
    """Return seconds and final costs, of multilayer and of scikit-learn."""
    X, y = use.data()
    seconds, costs = [math.inf, math.inf], [math.nan, math.nan]
    for round_ in range(rounds + 1):
        for i, module in enumerate(MODULES):
            model = use.model(module)
            gc.collect()
            began = time.perf_counter()
            use.train(model, X, y)
            elapsed = time.perf_counter() - began
            if round_ > 0:
                seconds[i] = min(seconds[i], elapsed)
            costs[i] = model.loss_
    return seconds, costs


def resident() -> float:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def memory_over(fits: int) -> tuple[float, float]:
    """Return the memory of this process before and after the given number of fits, in MB."""
    for _ in range(100):
        TINY.train(TINY.model(multilayer), *TINY_DATA)
    gc.collect()
    before = resident()
    for _ in range(fits):
        TINY.train(TINY.model(multilayer), *TINY_DATA)
    gc.collect()
    return before, resident()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    json_results.add_option(parser)
    options = parser.parse_args()
    rounds = options.rounds
    warnings.simplefilter("ignore")
    columns = ("use", "multilayer", "scikit-learn", "times faster", "cost", "cost of scikit-learn")
    table = Table(*columns)
    ratios, rows = [], []
    for use in [*USES, *SMALL]:
        (ours, theirs), costs = measured(use, 20 * rounds if use in SMALL else rounds)
        if use not in SMALL:
            ratios.append(theirs / ours)
        table.add_row(
            use.name,
            f"{ours * 1e3:.3g} ms",
            f"{theirs * 1e3:.3g} ms",
            f"{theirs / ours:.1f}",
            *(f"{c:.9g}" for c in costs),
        )
        rows.append([use.name, ours * 1e3, theirs * 1e3, theirs / ours, *(f"{c:.9g}" for c in costs)])
    median = statistics.median(ratios)
    table.add_section()
    table.add_row("median of the ten", "", "", f"{median:.1f}", "", "")
    rows.append(["median of the ten", None, None, median, "", ""])
    console = Console()
    console.print(table)
    before, after = memory_over(1000)
    console.print(f"memory over 1,000 fits: {before:.1f} MB before, {after:.1f} MB after")
    if options.json:
        memory = [["memory over 1,000 fits", before, after]]
        tables = [
            json_results.Results("whole programs", columns, ("", "ms", "ms", "x", "", ""), rows),
            json_results.Results("memory", ("work", "before", "after"), ("", "MB", "MB"), memory),
        ]
        json_results.write(options.json, tables)


if __name__ == "__main__":
    main()
