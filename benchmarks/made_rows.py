"""Rows of a table of any size, made from a seed: numbers, text, dates, and two classes that depend on them.

    python benchmarks/made_rows.py FOLDER --gigabytes 1    # a folder of Parquet files

The first n rows are the same for every size. About 0.2 GB of memory are enough for any size.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUMBERS = 30
GROUP_ROWS = 1 << 16
GROUPS_OF_FILE = 16
ARTICLES, REGIONS, CHANNELS = 20_000, 60, 5
TARGET = "target"
FIRST_DAY, DAYS = np.datetime64("2020-01-01"), 2_000
NEW_ROWS = 1 << 40  # the first of the groups that are never part of a training table

Floats = NDArray[np.float32]


def numbers_of(generator: np.random.Generator, n_rows: int) -> Floats:
    """Return columns of several shapes: normal, with heavy tails, of positive amounts, and counts."""
    found = generator.standard_normal((NUMBERS, n_rows), dtype=np.float32)
    found[10:15] = np.sinh(1.5 * found[10:15])
    found[15:22] = np.exp(found[15:22])
    found[22:26] = np.round(np.abs(4 * found[22:26]))
    return found


def signal_of(numbers: Floats, channel: NDArray[Any], region: NDArray[Any], article: NDArray[Any], day: Any) -> Floats:
    """Return what the target depends on, besides noise."""
    season = np.sin(2 * np.pi * day.astype(np.float32) / 365)
    effects = np.random.default_rng(7)  # the same for all rows
    of_article = effects.standard_normal(ARTICLES, dtype=np.float32)
    of_region = effects.standard_normal(REGIONS, dtype=np.float32)
    found = np.sin(2 * numbers[0]) + numbers[1] * numbers[2] + np.abs(numbers[3]) - 0.8
    found += 0.4 * np.arcsinh(numbers[10]) + 0.6 * np.log(numbers[15]) * np.sign(numbers[16] - 1)
    found += 0.1 * np.minimum(numbers[22], 8) - 0.3 + (channel == 1) * numbers[4] + season * 0.5
    found += 0.8 * of_article[article] + 0.5 * of_region[region]
    return np.asarray(found, dtype=np.float32)


def group_of_rows(number: int, *, seed: int = 0, n_rows: int = GROUP_ROWS) -> Any:
    """Return a row group, numbered from 0, as a table of pyarrow."""
    import pyarrow as pa

    generator = np.random.default_rng((seed, number))
    numbers = numbers_of(generator, n_rows)
    channel = generator.integers(CHANNELS, size=n_rows)
    region = generator.integers(REGIONS, size=n_rows)
    article = (ARTICLES * generator.random(n_rows) ** 3).astype(np.int64)  # a few of them are frequent
    day = generator.integers(DAYS, size=n_rows)
    signal = signal_of(numbers, channel, region, article, day)
    noise = generator.standard_normal(n_rows, dtype=np.float32)
    columns = {}
    for place, column in enumerate(numbers):
        gaps = generator.random(n_rows, dtype=np.float32) < 0.1 if place % 4 == 3 else None
        columns[f"number {place}"] = pa.array(column, mask=gaps)
    for name, codes, words in (
        ("channel", channel, [f"channel {code}" for code in range(CHANNELS)]),
        ("region", region, [f"region {code}" for code in range(REGIONS)]),
        ("article", article, [f"article {code:05}" for code in range(ARTICLES)]),
    ):
        dictionary = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words))
        columns[name] = dictionary.cast(pa.string())
    columns["day"] = pa.array(FIRST_DAY + day).cast(pa.date32())
    is_high = (signal + 0.5 * noise > 0).astype(np.int32)
    columns[TARGET] = pa.DictionaryArray.from_arrays(pa.array(is_high), pa.array(["low", "high"])).cast(pa.string())
    return pa.table(columns)


def write_folder(folder: Path, n_bytes: int, *, seed: int = 0) -> dict[str, int]:
    """Write Parquet files of about so many bytes in all; return rows and bytes, those as tables of pyarrow, too."""
    import pyarrow.parquet as pq

    coded = ["channel", "region", "article", "day", TARGET]
    number = written = in_memory = 0
    for file in _files(folder):
        group = group_of_rows(number, seed=seed)
        with pq.ParquetWriter(file, group.schema, use_dictionary=coded) as writer:
            for _ in range(GROUPS_OF_FILE):
                writer.write_table(group)
                number += 1
                in_memory += group.nbytes
                if written + file.stat().st_size >= n_bytes:
                    break
                group = group_of_rows(number, seed=seed)
        written += file.stat().st_size
        if written >= n_bytes:
            break
    return {"rows": number * GROUP_ROWS, "bytes": written, "bytes_in_memory": in_memory}


def _files(folder: Path) -> Iterator[Path]:
    number = 0
    while True:
        yield folder / f"rows-{number:05}.parquet"
        number += 1


def first_rows(n_rows: int, *, seed: int = 0, first_group: int = 0) -> Any:
    """Return the first rows, or those from another group on, as a table of pyarrow."""
    import pyarrow as pa

    n_groups = -(-n_rows // GROUP_ROWS)
    groups = [group_of_rows(first_group + each, seed=seed) for each in range(n_groups)]
    return pa.concat_tables(groups).slice(0, n_rows)


def new_rows(n_rows: int, *, seed: int = 0) -> Any:
    """Return rows that no training table holds."""
    return first_rows(n_rows, seed=seed, first_group=NEW_ROWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="the size of the files")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    found = write_folder(given.folder, round(given.gigabytes * 1e9), seed=given.seed)
    print(json.dumps(found | {"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
