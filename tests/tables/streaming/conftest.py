"""One table in all forms that a stream reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.parquet
import pytest

N_ROWS = 1000
FORMS = ("csv", "tsv.gz", "parquet", "arrow", "stream.arrow", "folder", "csv folder", "dataset", "filtered", "memory")


def example() -> pa.Table:
    """Return a table whose values are the same in a text file."""
    random = np.random.default_rng(0)
    return pa.table({
        "size": pa.array(random.normal(size=N_ROWS).round(6), mask=random.random(N_ROWS) < 0.1),
        "rooms": random.integers(1, 60, N_ROWS),
        "town": [None if i % 13 == 0 else f"town {i % 7}" for i in range(N_ROWS)],
        "code": [f"{i % 50:05}" for i in range(N_ROWS)],
        "when": pa.array(1_700_000_000 + 3600 * np.arange(N_ROWS), pa.timestamp("s")),
        "price": [None if i % 50 == 7 else i % 9 + 0.5 for i in range(N_ROWS)],
        "year": [2020 + i * 3 // N_ROWS for i in range(N_ROWS)],
    })  # fmt: skip


@pytest.fixture(scope="session")
def table() -> pa.Table:
    return example()


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return the table by the name of its form, as open_stream takes it."""
    table, folder = example(), tmp_path_factory.mktemp("forms")
    paths = {name: folder / f"table.{name}" for name in ("csv", "tsv.gz", "parquet", "arrow", "stream.arrow")}
    write_text(table, paths["csv"])
    with pa.CompressedOutputStream(str(paths["tsv.gz"]), "gzip") as file:
        pa.csv.write_csv(table, file, pa.csv.WriteOptions(delimiter="\t"))
    pa.parquet.write_table(table, paths["parquet"], row_group_size=300)
    pa.feather.write_feather(table, str(paths["arrow"]), chunksize=170)
    with pa.ipc.new_stream(str(paths["stream.arrow"]), table.schema) as writer:
        writer.write_table(table, max_chunksize=120)
    pa.parquet.write_to_dataset(table, folder / "parts", partition_cols=["year"])
    (folder / "texts").mkdir()
    for i in range(4):
        names = table.column_names[i:] + table.column_names[:i]
        write_text(table.slice(250 * i, 250).select(names), folder / "texts" / f"{i}.csv")
    dataset = pa.dataset.dataset(folder / "parts", partitioning="hive")
    return {
        **paths,
        "folder": folder / "parts",
        "csv folder": str(folder / "texts"),
        "dataset": dataset,
        "filtered": dataset.filter(pa.dataset.field("year") > 2000),
        "memory": pa.dataset.dataset(table),
    }


def write_text(table: pa.Table, path: Path) -> None:
    """Write a CSV file."""
    pa.csv.write_csv(table, str(path))
