"""The time of a prediction for one row, and of loading a model, beside scikit-learn's Pipeline and joblib.

    python benchmarks/single_rows.py

A table of twelve columns (six numbers with gaps, three of text, two Booleans, whole numbers) and a table of twelve
numbers are made.  ``TableClassifier`` is trained on 4,000 rows with the presets "quick" and "standard", saved and
loaded; scikit-learn's MLPClassifier of the same size behind a ColumnTransformer is dumped and loaded by joblib.  Each
predicts the probabilities of one row that is given as a dictionary, as frames of one row, and as an array.  The table
shows the median of the medians of several rounds, in which all are timed in turn, in microseconds, and the time of
loading in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier as Peer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import json_results
from multilayer import TableClassifier, load_model, save_model

ROWS = 4_000


def mixed() -> pd.DataFrame:
    random = np.random.RandomState(0)
    frame = pd.DataFrame({f"x{i}": random.normal(size=ROWS).round(4) for i in range(6)}).mask(
        random.uniform(size=(ROWS, 6)) < 0.05
    )
    for name, k in (("town", 30), ("kind", 5), ("tier", 3)):
        frame[name] = random.choice([f"{name}{i}" for i in range(k)], ROWS)
    frame["new"], frame["paid"] = random.uniform(size=(2, ROWS)) < 0.3
    return frame.assign(year=random.randint(1990, 2024, ROWS))


def numbers() -> pd.DataFrame:
    return pd.DataFrame(np.random.RandomState(0).normal(size=(ROWS, 12)), columns=[f"x{i}" for i in range(12)])


def labels(frame: pd.DataFrame) -> Any:
    score = frame["x0"].fillna(0) + frame["x1"].fillna(0) ** 2 - frame["x2"].fillna(0)
    return np.where(score > 0.5, "yes", "no")


def peer(frame: pd.DataFrame) -> Any:
    encoder = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include=["number", "bool"])),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), make_column_selector(dtype_include=["str"])),
    )
    return make_pipeline(encoder, Peer((128, 128), max_iter=20, random_state=0)).fit(frame, labels(frame))


def of_one_call(run: Callable[[], Any], n: int) -> float:
    """Return the median time of a call, in microseconds."""
    times = []
    for _ in range(n):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=200)
    json_results.add_option(parser)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    works: dict[tuple[str, str], Callable[[], Any]] = {}
    loads: dict[str, Callable[[], Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for table, frame in (("mixed", mixed()), ("numbers", numbers())):
            models = {}
            for preset in ("quick", "standard"):
                path = Path(folder) / f"{table}-{preset}.safetensors"
                save_model(TableClassifier(preset, random_state=0).fit(frame, labels(frame)), path)
                models[f"{table}, {preset}"] = load_model(path)
                loads[f"{table}, {preset}"] = lambda path=path: load_model(path)
            path = Path(folder) / f"{table}.joblib"
            joblib.dump(peer(frame), path)
            models[f"{table}, scikit-learn"] = joblib.load(path)
            loads[f"{table}, scikit-learn"] = lambda path=path: joblib.load(path)
            row = frame.iloc[[3]]
            forms: dict[str, Any] = {
                "dictionary": row.to_dict("records"),
                "pandas": row,
                "polars": pl.DataFrame(row.to_dict("records")),
            }
            if table == "numbers":
                forms["array"] = row.to_numpy()
            for name, model in models.items():
                for form, X in forms.items():
                    if "scikit-learn" not in name or form == "pandas":
                        works[name, form] = lambda model=model, X=X: model.predict_proba(X)
        times: dict[Any, list[float]] = {key: [] for key in (*works, *loads)}
        for _ in range(given.rounds):
            for key, run in works.items():
                times[key].append(of_one_call(run, given.calls))
            for name, run in loads.items():
                times[name].append(of_one_call(run, 5) / 1000)
    forms_shown = ("dictionary", "pandas", "polars", "array")
    rows: list[list[json_results.Cell]] = []
    print(f"{'us':<24}{'dictionary':>12}{'pandas':>12}{'polars':>12}{'array':>12}{'load, ms':>12}")
    for name in loads:
        cells = [times.get((name, form)) for form in forms_shown]
        medians = [statistics.median(cell) if cell else None for cell in cells]
        shown = [f"{cell:,.0f}" if cell is not None else "" for cell in medians]
        print(f"{name:<24}" + "".join(f"{cell:>12}" for cell in shown) + f"{statistics.median(times[name]):>12.1f}")
        rows.append([name, *medians, statistics.median(times[name])])
    if given.json:
        units = ("", *("µs" for _ in forms_shown), "ms")
        columns = ("table and model", *forms_shown, "load")
        json_results.write(given.json, [json_results.Results("predictions of one row", columns, units, rows)])


if __name__ == "__main__":
    main()
