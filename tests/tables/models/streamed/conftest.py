"""A table as files and datasets, and the settings of short fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

MEMORY = "600MB"


def table(m: int = 3_000, seed: int = 0) -> pa.Table:
    """Return a table with numbers, text, Booleans, gaps, two targets and a column that numbers the rows."""
    rng = np.random.RandomState(seed)
    size, town = rng.normal(80, 25, m).round(2), rng.choice(["Bonn", "Kiel", "Ulm"], m)
    rent = (10 * size + 300 * (town == "Ulm") + 20 * rng.normal(size=m)).round(2)
    return pa.table(
        {
            "row_id": np.arange(m),
            "size": pa.array(size, mask=rng.rand(m) < 0.05),
            "town": town,
            "street": [f"street {i}" for i in rng.randint(0, 150, m)],
            "lift": rng.rand(m) > 0.4,
            "rent": rent,
            "kind": np.where(rent > 1000, "dear", np.where(rent > 800, "fair", "cheap")),
        }
    )


def in_files(folder: Path, whole: pa.Table, n: int = 3) -> Path:
    """Write a table to a folder of n Parquet files."""
    folder.mkdir()
    size = -(-len(whole) // n)
    for i in range(n):
        pq.write_table(whole.slice(i * size, size), folder / f"part-{i}.parquet")
    return folder


@pytest.fixture(scope="session")
def flats_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table as a CSV file with one target, rent."""
    path = tmp_path_factory.mktemp("flats") / "flats.csv"
    pyarrow.csv.write_csv(table().drop_columns("kind"), path)
    return path


@pytest.fixture(scope="session")
def kinds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table as a folder of Parquet files with one target, kind."""
    return in_files(tmp_path_factory.mktemp("kinds") / "kinds", table().drop_columns("rent"))
