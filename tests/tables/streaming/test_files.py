"""Folders of files: their order, columns that paths state, and files that do not fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from multilayer.exceptions import DataFileError
from multilayer.tables.streaming import open_stream


def put(folder, name, **columns):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(pa.table(columns), path)
    return path


def rows(stream):
    return [row for block in stream.blocks() for row in block.columns.to_pylist()]


def test_paths_state_columns(tmp_path):
    put(tmp_path, "year=2024/town=New%20York/day=2026-01-01/a.parquet", a=[1], y=[0])
    put(tmp_path, "year=2024/town=Ulm/day=2026-01-02/a.parquet", a=[2], y=[1])
    put(tmp_path, "year=__HIVE_DEFAULT_PARTITION__/town=Bonn/day=2026-01-03/b.parquet", a=[3], y=[1])
    stream = open_stream(tmp_path, "y")
    assert stream.kinds == {"a": "number", "year": "number", "town": "text", "day": "date"}
    found = [(row["a"], row["year"], row["town"], str(row["day"])) for row in rows(stream)]
    assert found == [
        (1, 2024, "New York", "2026-01-01"),
        (2, 2024, "Ulm", "2026-01-02"),
        (3, None, "Bonn", "2026-01-03"),
    ]


def test_a_path_may_state_the_target_or_a_column_of_the_files(tmp_path):
    for label in ("no", "yes"):
        put(tmp_path, f"label={label}/part.parquet", a=[1, 2], label=["?", "?"])
    (block,) = open_stream(tmp_path, "label").blocks()
    assert block.target.to_pylist() == ["no", "no", "yes", "yes"]


def test_text_files_have_columns_in_any_order_and_of_paths(tmp_path):
    for year, text in ((2024, "a,y\n1,0\n"), (2025, "y,a\n1,2\n")):
        (tmp_path / f"year={year}").mkdir()
        (tmp_path / f"year={year}" / "part.csv").write_text(text)
    assert rows(open_stream(tmp_path, "y")) == [{"a": 1, "year": 2024}, {"a": 2, "year": 2025}]


def test_hidden_files_and_other_files_are_ignored_and_empty_ones_allowed(tmp_path):
    put(tmp_path, "b.parquet", a=[2.0], y=[1])
    put(tmp_path, "a.parquet", a=np.empty(0), y=np.empty(0, dtype=np.int64))
    for name in ("_SUCCESS", ".a.parquet.crc", "_temporary/c.parquet", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("?")
    assert rows(open_stream(tmp_path, "y")) == [{"a": 2.0}]


def test_the_index_of_pandas_is_no_column(tmp_path):
    put(tmp_path, "a.parquet", a=[1], y=[1], __index_level_0__=[7])
    assert open_stream(tmp_path, "y").names == ("a",)


def test_types_of_one_kind_may_differ(tmp_path):
    put(tmp_path, "a.parquet", a=pa.array([1], pa.int32()), b=pa.array([None], pa.null()), y=[1])
    put(tmp_path, "b.parquet", a=pa.array([1.5]), b=["x"], y=[1])
    put(tmp_path, "c.parquet", a=pa.array([None], pa.int8()), b=pa.array(["z"]).dictionary_encode(), y=[1])
    assert rows(open_stream(tmp_path, "y")) == [{"a": 1, "b": None}, {"a": 1.5, "b": "x"}, {"a": None, "b": "z"}]


def test_other_columns_are_an_error(tmp_path):
    put(tmp_path, "a.parquet", a=[1], b=[1], y=[1])
    put(tmp_path, "b.parquet", a=[1], c=[1], y=[1])
    with pytest.raises(
        DataFileError, match=r"b.parquet lacks 'b' and has 'c', which the first file lacks. The files of"
    ):
        open_stream(tmp_path, "y")


def test_other_kinds_are_an_error(tmp_path):
    put(tmp_path, "a.parquet", a=[1], y=[1])
    put(tmp_path, "b.parquet", a=["x"], y=[1])
    with pytest.raises(DataFileError, match=r"column 'a' holds numbers and text in different files. Give it one type"):
        open_stream(tmp_path, "y")


def test_folders_without_a_table_are_errors(tmp_path):
    with pytest.raises(DataFileError, match=r"is a directory without data files. Known: .csv"):
        open_stream(tmp_path, "y")
    put(tmp_path, "a.parquet", a=[1], y=[1])
    (tmp_path / "b.csv").write_text("a,y\n1,1\n")
    with pytest.raises(
        DataFileError, match=r"holds text files and files that store types, such as a.parquet and b.csv"
    ):
        open_stream(tmp_path, "y")


def test_a_damaged_file_is_an_error(tmp_path):
    path = put(tmp_path, "a.parquet", a=np.arange(1000), y=np.arange(1000))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataFileError, match=r"a.parquet: is not a Parquet file, or is damaged"):
        open_stream(tmp_path, "y")
