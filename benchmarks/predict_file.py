"""``multilayer predict`` beside pandas and scikit-learn's Pipeline, on a CSV file of any size.

    python benchmarks/predict_file.py --gigabytes 2

A table of twelve columns (numbers with gaps, text, a date and a Boolean) is made, a network of 128 and 128 units is
trained on its first 20,000 rows behind ``TableEncoder``, and one of the same size by scikit-learn behind a
ColumnTransformer.  The file has ``--gigabytes`` of such rows.  Each program runs in a process of its own, which reads
the file in pieces and writes a CSV file of predicted classes; ``multilayer predict`` also counts new categories and
unreadable cells.  The table shows rows per second of wall time with the start of the process, CPU seconds, and the
largest resident memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS = 20_000
PEER = """
import sys, pandas as pd
from joblib import load
model, source, target = load(sys.argv[1]), sys.argv[2], sys.argv[3]
for number, rows in enumerate(pd.read_csv(source, chunksize=20_000)):
    rows["day"] = pd.to_datetime(rows["day"]).astype("int64") / 1e15
    found = pd.DataFrame({"predicted": model.predict(rows.drop(columns="y"))})
    found.to_csv(target, mode="a" if number else "w", header=not number, index=False)
"""


def table(n: int, seed: int = 0) -> Any:
    import numpy as np
    import pandas as pd

    random = np.random.RandomState(seed)
    numbers = {
        f"x{i}": np.where(random.uniform(size=n) < 0.05, np.nan, random.normal(size=n).round(4)) for i in range(6)
    }
    words = {
        name: random.choice([f"{name}{i}" for i in range(k)], n) for name, k in (("town", 30), ("kind", 5), ("tier", 3))
    }
    day = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.randint(0, 2000, n), "D")
    frame = pd.DataFrame({**numbers, **words, "day": day.strftime("%Y-%m-%d"), "flag": random.uniform(size=n) < 0.3})
    score = np.nan_to_num(frame["x0"]) + np.nan_to_num(frame["x1"]) ** 2 - frame["flag"]
    return frame.assign(y=np.where(score > 0.5, "yes", "no"))


def train(folder: Path) -> None:
    import numpy as np
    import pandas as pd
    from joblib import dump
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier as Peer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from multilayer import MLPClassifier, save_model
    from multilayer.tables import TableEncoder, read_table

    frame = table(ROWS)
    frame.to_csv(folder / "train.csv", index=False)
    rows = read_table(folder / "train.csv")
    options = {"max_iter": 3, "random_state": 0}
    ours = make_pipeline(TableEncoder(dtype=np.float32), MLPClassifier((128, 128), n_iter_no_change=None, **options))
    save_model(ours.fit(rows.drop_columns(["y"]), frame["y"]), folder / "model.safetensors")
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encoder = make_column_transformer(
        (numbers, make_column_selector(dtype_include=["number", "bool"])),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_include=["object", "str"]),
        ),
    )
    X = frame.assign(day=pd.to_datetime(frame["day"]).astype("int64") / 1e15).drop(columns="y")
    dump(make_pipeline(encoder, Peer((128, 128), **options)).fit(X, frame["y"]), folder / "peer.joblib")


def write(path: Path, size: float) -> int:
    """Write at least so many bytes, and return the number of rows."""
    text = table(100_000, 1).to_csv(index=False)
    head, body = text.split("\n", 1)
    n_times = max(1, round(size / len(body)))
    with path.open("w") as file:
        file.write(head + "\n")
        for _ in range(n_times):
            file.write(body)
    return n_times * 100_000


def measured(words: list[str]) -> tuple[float, float, int]:
    """Run a program, and return its wall and CPU seconds and its largest memory in bytes."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{words[:4]} failed with status {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.prepare:
        train(given.prepare)
        print(write(given.prepare / "rows.csv", 1e9 * given.gigabytes))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In another process, because the largest memory of a process counts that of the one that started it.
        words = [sys.executable, __file__, "--gigabytes", str(given.gigabytes), "--prepare", name]
        n = int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        source, target = str(folder / "rows.csv"), str(folder / "predicted.csv")
        ours = [
            sys.executable,
            "-m",
            "multilayer.cli",
            "predict",
            str(folder / "model.safetensors"),
            source,
            "-o",
            target,
        ]
        peer = [sys.executable, "-c", PEER, str(folder / "peer.joblib"), source, target]
        print(f"{n:,} rows, {Path(source).stat().st_size / 1e9:.2f} GB\n")
        print(f"{'':<22}{'rows/s':>10}{'CPU s':>10}{'memory':>10}")
        for label, words in (("multilayer predict", ours), ("pandas, scikit-learn", peer)):
            wall, cpu, memory = measured(words)
            with open(target) as file:
                lines = sum(1 for _ in file) - 1
            if lines != n:
                raise SystemExit(f"{label} wrote {lines:,} rows of {n:,}")
            print(f"{label:<22}{n / wall:>10,.0f}{cpu:>10.1f}{memory / 1e6:>7.0f} MB", flush=True)


if __name__ == "__main__":
    main()
