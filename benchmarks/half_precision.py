"""Measure what half-precision weights cost: the change of the score on test rows, and the sizes of both files.

python benchmarks/half_precision.py
python benchmarks/half_precision.py --folder TABLES    # also adult, german_credit, abalone, ... as .csv.gz
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.datasets
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from multilayer import MLPClassifier, MLPRegressor, load_model, save_model
from multilayer.tables import TableEncoder, encode_target, read_table, split_target

MOST_ROWS = 10_000


def tables(folder: Path | None) -> Iterator[tuple[str, Any, Any, bool]]:
    """Yield name, rows, target and whether the target is a class."""
    for name, load in (
        ("digits", "load_digits"),
        ("breast cancer", "load_breast_cancer"),
        ("diabetes", "load_diabetes"),
    ):
        X, y = getattr(sklearn.datasets, load)(return_X_y=True)
        yield name, X, y, name != "diabetes"
    for path in sorted(folder.glob("*.csv.gz")) if folder else ():
        features, target = split_target(read_table(path).slice(0, MOST_ROWS), "target")
        found = encode_target(target)
        yield path.name.partition(".")[0], features, np.asarray(found.y), found.task == "classification"


def sizes_and_scores(X: Any, y: Any, classifies: bool) -> tuple[float, float, float, int, int]:
    """Return the score, its change, the largest change of a prediction, and the sizes in bytes."""
    rows = np.arange(len(y))
    train, test = train_test_split(rows, test_size=0.3, random_state=0, stratify=y if classifies else None)
    take = X.take if hasattr(X, "take") and not isinstance(X, np.ndarray) else X.__getitem__
    kind: Any = MLPClassifier if classifies else MLPRegressor
    options = {} if classifies else {"standardize_targets": True}
    model = make_pipeline(TableEncoder(dtype=np.float32), kind((128, 64), max_iter=40, random_state=0, **options))
    model.fit(take(train), y[train])
    with tempfile.TemporaryDirectory() as folder:
        whole, half = Path(folder) / "whole", Path(folder) / "half"
        save_model(model, whole)
        save_model(model, half, dtype="float16")
        rounded = load_model(half)
        sizes = whole.stat().st_size, half.stat().st_size
    answer = "predict_proba" if classifies else "predict"
    before, after = (getattr(each, answer)(take(test)) for each in (model, rounded))
    score = model.score(take(test), y[test])
    change = np.abs(before - after).max() / (1.0 if classifies else np.std(y[train]))
    return score, rounded.score(take(test), y[test]) - score, float(change), *sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    warnings.simplefilter("ignore")
    print(f"{'table':28}{'score':>9}{'change':>11}{'largest':>11}{'file':>10}{'half':>10}")
    for name, X, y, classifies in tables(parser.parse_args().folder):
        score, change, largest, whole, half = sizes_and_scores(X, y, classifies)
        print(f"{name:28}{score:9.4f}{change:+11.5f}{largest:11.5f}{whole / 1000:8.0f}kB{half / 1000:8.0f}kB")


if __name__ == "__main__":
    main()
