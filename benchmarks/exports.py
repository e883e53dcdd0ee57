"""Differences of exported models from predict, on the tables of a folder.

    python benchmarks/exports.py FOLDER [--preset quick] [--with-trees]

For each CSV file with a column "target": the largest difference of probabilities, or of amounts in units of their
deviation, on 300 new rows with gaps, for a table model in ONNX, NumPy and C, and for a pipeline with a small network
in SQL.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.exports import compiled, feeds

from multilayer import MLPClassifier, MLPRegressor, TableClassifier, TableRegressor
from multilayer.exports import to_numpy, to_sql
from multilayer.tables import TableEncoder

NEW = 300  # rows
MOST_ROWS = 1_800


def table(path: Path) -> tuple[Any, Any]:
    """Return the rows and the target of some rows of a file."""
    frame = pd.read_csv(path).drop(columns="split", errors="ignore")
    frame = frame.sample(min(len(frame), MOST_ROWS), random_state=0).reset_index(drop=True)
    return frame, frame.pop("target")


def with_gaps(rows: Any) -> Any:
    """Return rows with a gap in each column, numbers as floats."""
    rows = rows.reset_index(drop=True)
    rows = rows.astype({name: float for name in rows.columns if rows[name].dtype.kind in "iu"})
    for i, name in enumerate(rows.columns):
        rows.loc[7 * i % 97 :: 97, name] = np.nan if rows[name].dtype.kind == "f" else None
    return rows


def answers(model: Any, rows: Any) -> Any:
    """Return probabilities, or amounts as columns."""
    found = model.predict_proba(rows) if hasattr(model, "classes_") else np.asarray(model.predict(rows))
    return found.reshape(len(rows), -1)


def differences(frame: Any, y: Any, preset: str, with_trees: bool) -> dict[str, float]:
    """Return the largest difference of each form."""
    is_text = y.dtype.kind not in "iuf"
    classifies = is_text or y.nunique() <= 2
    unit = 1.0 if classifies else float(np.std(y))
    n = len(frame) - NEW
    rows = with_gaps(frame[n:])
    kind: Any = TableClassifier if classifies else TableRegressor
    model = kind(preset, with_trees=with_trees, random_state=0).fit(frame[:n], y[:n])
    expected, found = answers(model, rows), {}
    *_, last = feeds.onnx_outputs(model, rows)
    found["ONNX"] = last.reshape(expected.shape)
    names: dict[str, Any] = {}
    exec(to_numpy(model), names)
    found["NumPy"] = names["predict_proba" if classifies else "predict"](rows).reshape(expected.shape)
    with tempfile.TemporaryDirectory() as folder:
        found["C"] = compiled.outputs([compiled.Case(model, rows)], Path(folder))[0][0]
    result = {name: float(np.abs(values - expected).max()) / unit for name, values in found.items()}
    network: Any = MLPClassifier if classifies else MLPRegressor
    options = {} if classifies else {"standardize_targets": True}
    small = make_pipeline(TableEncoder(), network((16,), max_iter=20, n_iter_no_change=None, random_state=0, **options))
    small.fit(frame[:n], y[:n])
    expected = answers(small, rows)
    with sqlite3.connect(":memory:") as base:
        rows.to_sql("rows", base, index=False)
        by_query = pd.read_sql(to_sql(small), base).iloc[:, -expected.shape[1] :].to_numpy(dtype=float)
    return result | {"SQL": float(np.abs(by_query - expected).max()) / unit}


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--with-trees", action="store_true")
    given = parser.parse_args()
    for path in sorted(given.folder.glob("*.csv*")):
        found = differences(*table(path), given.preset, given.with_trees)
        shown = "  ".join(f"{name} {value:.1e}" for name, value in found.items())
        print(f"{path.name.split('.')[0]:32}{shown}", flush=True)


if __name__ == "__main__":
    main()
