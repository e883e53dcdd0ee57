"""Datasets of pyarrow: fragments, filters and schemas."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

from multilayer.exceptions import DataFileError
from multilayer.tables.streaming import open_stream


@pytest.fixture
def folder(tmp_path):
    for name, start in (("a", 0), ("b", 100)):
        numbers = np.arange(start, start + 100)
        pa.parquet.write_table(
            pa.table({"a": numbers, "y": numbers % 2}), tmp_path / f"{name}.parquet", row_group_size=30
        )
    return tmp_path


def numbers(dataset, **options):
    blocks = open_stream(dataset, "y", **options).blocks()
    return [number for block in blocks for number in block.columns.column("a").to_pylist()]


def test_filters_and_unions_are_applied(folder):
    dataset = pa.dataset.dataset(folder)
    assert numbers(dataset, block_rows=7) == list(range(200))
    filtered = dataset.filter(pa.dataset.field("a") >= 150)
    assert numbers(filtered, block_rows=7) == list(range(150, 200))
    union = pa.dataset.dataset([pa.dataset.dataset(folder / f"{name}.parquet") for name in "ba"])
    assert numbers(union) == [*range(100, 200), *range(100)]


def test_the_filter_is_part_of_the_fingerprint(folder):
    dataset = pa.dataset.dataset(folder)
    found = {
        open_stream(each, "y").fingerprint
        for each in (dataset, *(dataset.filter(pa.dataset.field("a") > limit) for limit in (10, 20, 10)))
    }
    assert len(found) == 3


def test_fragments_of_some_row_groups_hold_these(folder):
    dataset = pa.dataset.dataset(folder / "a.parquet")
    (fragment,) = dataset.get_fragments()
    part = fragment.subset(row_group_ids=[1, 3])
    some = pa.dataset.FileSystemDataset([part], dataset.schema, dataset.format, dataset.filesystem)
    assert numbers(some) == [*range(30, 60), *range(90, 100)]


def test_the_schema_is_that_of_the_dataset(folder):
    schema = pa.schema([("a", pa.float32()), ("y", pa.int8()), ("later", pa.string())])
    stream = open_stream(pa.dataset.dataset(folder, schema=schema), "y")
    (block,) = stream.blocks()
    assert stream.kinds == {"a": "number", "later": "text"}
    assert block.columns.column("a").values.dtype == np.float32
    assert block.columns.column("later").n_gaps == 200


@pytest.mark.parametrize("is_filtered", [False, True])
def test_files_that_change_are_errors(folder, is_filtered):
    dataset = pa.dataset.dataset(folder)
    stream = open_stream(dataset.filter(pa.dataset.field("a") > 3) if is_filtered else dataset, "y")
    os.utime(folder / "b.parquet", ns=(0, 0))
    with pytest.raises(DataFileError, match="has changed since the table was opened"):
        list(stream.blocks())
    (folder / "b.parquet").unlink()
    with pytest.raises(DataFileError, match=r"b.parquet: no such file"):
        list(stream.blocks())


def test_damaged_files_are_errors(folder):
    path = folder / "b.parquet"
    data = path.read_bytes()
    dataset = pa.dataset.dataset(folder)
    path.write_bytes(data[:100])
    with pytest.raises(DataFileError, match=r"b.parquet: cannot be read: .*Parquet"):
        open_stream(dataset, "y")
