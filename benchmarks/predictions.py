"""Compare predict_proba with scikit-learn, for one row and for many, and check whether its rows are independent.

    python benchmarks/predictions.py
    python benchmarks/predictions.py --only 784 --rounds 20

One core, both libraries alternate, and the minimum counts. "rows independent": the predictions for single rows and for
parts of the table are equal, to the bit, to those for the whole table.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import sklearn.neural_network
from threadpoolctl import threadpool_limits

import json_results
import multilayer
from timing import one_core

SIZES = ((2, 5, 5, 2), (64, 100, 10), (50, 64, 64, 3), (20, 32, 32, 3), (784, 256, 128, 10), (100, 512, 512, 3))
CASES = [(sizes, m) for sizes in SIZES for m in (1, 200)]
CASES += [(sizes, 20_000) for sizes in SIZES[1:]]
CASES += [((50, 64, 64, 3), 200_000), ((50, 256, 128, 3), 200_000)]


def fitted(estimator: type, sizes: tuple[int, ...], dtype: Any) -> Any:
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(200, sizes[0])).astype(dtype), np.arange(200) % sizes[-1]
    return estimator(sizes[1:-1], max_iter=1, random_state=0).fit(X, y)


def is_rowwise(predict: Callable[[Any], Any], X: Any) -> bool:
    rng, m, whole = np.random.RandomState(0), len(X), predict(X)
    parts: list[Any] = [[i] for i in rng.randint(m, size=20)]
    parts += [slice(n) for n in (1, 2, 5, 7, 13, 64, 97, 193)] + [rng.permutation(m)[:1000], slice(None, None, -1)]
    return all(np.array_equal(predict(X[rows]), whole[rows]) for rows in parts)


def minima(predicts: list[Callable[[Any], Any]], X: Any, rounds: int) -> list[float]:
    """Return the microseconds of a call, the minimum of all rounds."""
    counts, best = [], [float("inf")] * len(predicts)
    for predict in predicts:
        predict(X)
        start = time.perf_counter()
        predict(X)
        counts.append(max(1, int(0.02 / (time.perf_counter() - start))))
    for _ in range(rounds):
        for i, predict in enumerate(predicts):
            start = time.perf_counter()
            for _ in range(counts[i]):
                predict(X)
            best[i] = min(best[i], (time.perf_counter() - start) / counts[i] * 1e6)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="networks whose sizes contain this, such as 64-100")
    parser.add_argument("--rounds", type=int, default=9)
    json_results.add_option(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows: list[list[json_results.Cell]] = []
    print("| network | rows | dtype | multilayer, µs | scikit-learn | rows independent |\n|---|---|---|---|---|---|")
    with threadpool_limits(1), one_core():
        for sizes, m in CASES:
            name = "-".join(map(str, sizes))
            if options.only not in name:
                continue
            for dtype in (np.float32, np.float64):
                X = np.random.RandomState(1).normal(size=(m, sizes[0])).astype(dtype)
                kinds = (multilayer.MLPClassifier, sklearn.neural_network.MLPClassifier)
                ours, theirs = (fitted(kind, sizes, dtype).predict_proba for kind in kinds)
                times = minima([ours, theirs], X, options.rounds)
                independent = "yes" if is_rowwise(ours, X) else "NO"
                print(
                    f"| {name} | {m} | {dtype.__name__} | {times[0]:.4g} | {times[1] / times[0]:.3g}x | {independent} |"
                )
                rows.append([name, m, dtype.__name__, times[0], times[1] / times[0], independent])
    if options.json:
        columns = ("network", "rows", "dtype", "multilayer", "scikit-learn", "rows independent")
        table = json_results.Results("predict_proba on one core", columns, ("", "", "", "µs", "x", ""), rows)
        json_results.write(options.json, [table])


if __name__ == "__main__":
    main()
