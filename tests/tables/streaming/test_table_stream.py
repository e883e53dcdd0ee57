"""TableStream: cells of other kinds, rows without a target, and files that change."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from multilayer.exceptions import DataFileError, InputError
from multilayer.tables.streaming import UnreadableCells, open_stream


def write(folder, name, lines):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def lines_with(words, column="a", n_rows=200):
    """Return lines of a and y, numbers but for some words by row, from 1."""
    rows = [[str(i * 0.5), str(i % 3)] for i in range(1, n_rows + 1)]
    for row, word in words.items():
        rows[row - 1]["ay".index(column)] = word
    return ["a,y", *map(",".join, rows)]


def test_cells_of_another_kind_are_gaps_and_are_counted(tmp_path):
    path = write(tmp_path, "t.csv", lines_with({150: "n/a!", 170: "x", 180: ""}))
    stream = open_stream(path, "y", sample_rows=100, block_rows=32)
    for _ in range(2):
        column = np.concatenate([block.columns.column("a").numbers() for block in stream.blocks()])
        assert (np.flatnonzero(np.isnan(column)) + 1).tolist() == [150, 170, 180]
        assert stream.unreadable == {"a": UnreadableCells(2, 197, "'n/a!'", 150, "t.csv")}
    assert stream.reading_notes() == (
        "column 'a': 2 of 199 cells are not numbers and count as gaps: 'n/a!' (t.csv, data row 150) is the first",
    )
    stream.check_readable()


def test_cells_are_counted_over_all_files(tmp_path):
    write(tmp_path, "t/1.csv", lines_with({}))
    write(tmp_path, "t/2.csv", lines_with({150: "x"}))
    write(tmp_path, "t/3.csv", lines_with({2: "y", 5: "z"}))
    stream = open_stream(tmp_path / "t", "y")
    assert sum(map(len, stream.blocks())) == 600
    assert stream.unreadable == {"a": UnreadableCells(3, 597, "'x'", 150, "2.csv")}


def test_a_column_that_is_mostly_of_another_kind_is_an_error(tmp_path):
    path = write(tmp_path, "t.csv", lines_with({row: f"w{row}" for row in range(81, 201)}))
    stream = open_stream(path, "y", sample_rows=80)
    list(stream.blocks())
    message = (
        r"column 'a' holds numbers in the first rows, but 120 of 200 cells of the table are not numbers, such as 'w81' "
        r"\(t.csv, data row 81\). Correct the cells, or read the column as text with text_columns=\['a'\]."
    )
    with pytest.raises(InputError, match=message):
        stream.check_readable()
    (block,) = open_stream(path, "y", sample_rows=80, text_columns=["a"]).blocks()
    assert block.columns.column("a").to_pylist()[79:81] == ["40.0", "w81"]


def test_rows_without_a_target_are_dropped(tmp_path):
    path = write(tmp_path, "t.csv", lines_with(dict.fromkeys((1, 2, 3, 4, 50, 200), "NA"), "y"))
    stream = open_stream(path, "y", block_rows=3)
    found = list(stream.blocks())
    values = np.concatenate([block.columns.column("a").numbers() for block in found])
    assert (2 * values).tolist() == [i for i in range(5, 200) if i != 50]
    assert (stream.n_rows, stream.n_dropped) == (194, 6)
    assert [block.first for block in found][:3] == [0, 2, 5]
    assert not any(block.target.gaps.any() for block in found)


def test_a_table_without_a_target_is_an_error(tmp_path):
    types = {"a": pa.array([1.0, 2.0]), "y": pa.array([None, None], pa.float64())}
    pa.parquet.write_table(pa.table(types), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="target 'y' has no value at all, all of its 2 rows are gaps"):
        list(open_stream(tmp_path / "t.parquet", "y").blocks())
    with pytest.raises(InputError, match="target 'y' holds only gaps, which cannot be predicted"):
        open_stream(write(tmp_path, "t.csv", ["a,y", "1,", "2,"]), "y")


def test_a_cell_of_the_target_of_another_kind_is_an_error(tmp_path):
    path = write(tmp_path, "t.csv", lines_with({150: "many"}, "y"))
    stream = open_stream(path, "y", sample_rows=100, block_rows=20)
    message = (
        r"target 'y' holds numbers in the first rows, but 'many' in data row 150 of .*t.csv. Correct the cell, lea"
    )
    with pytest.raises(InputError, match=message):
        list(stream.blocks())


def test_infinity_in_the_target_is_an_error(tmp_path):
    pa.parquet.write_table(pa.table({"a": np.arange(9), "y": [1.5] * 7 + [-np.inf, 2]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="target 'y' holds infinity in data row 8"):
        list(open_stream(tmp_path / "t.parquet", "y", block_rows=4).blocks())


def test_dates_are_no_target(forms):
    with pytest.raises(InputError, match=r"target 'when' holds dates, which cannot be predicted. Convert them to num"):
        open_stream(forms["csv"], "when")


@pytest.mark.parametrize("form", ["csv", "folder", "dataset"])
def test_the_fingerprint_depends_on_files_and_kinds(forms, form):
    one = open_stream(forms[form], "price").fingerprint
    assert one == open_stream(forms[form], "price", block_rows=7).fingerprint
    others = [open_stream(forms[form], "size"), open_stream(forms[form], "price", text_columns=["rooms"])]
    assert len({one, *(other.fingerprint for other in others)}) == 3


def test_the_fingerprint_depends_on_the_reading(forms):
    found = {open_stream(forms["csv"], "price", **options).fingerprint for options in ({}, {"encoding": "latin-1"})}
    assert len(found) == 2


def test_a_file_that_changes_is_an_error(tmp_path):
    path = write(tmp_path, "t.csv", lines_with({}))
    stream = open_stream(path, "y", block_rows=20)
    before = stream.fingerprint
    blocks = stream.blocks()
    next(blocks)
    os.utime(path, ns=(0, 0))
    with pytest.raises(
        DataFileError, match=r"t.csv: has changed since the table was opened, so that passes over it wo"
    ):
        list(blocks)
    with pytest.raises(DataFileError, match="has changed since the table was opened"):
        list(stream.blocks())
    assert open_stream(path, "y").fingerprint != before
    path.unlink()
    with pytest.raises(DataFileError, match=r"t.csv: cannot be read: No such file"):
        list(stream.blocks())


def test_errors_of_the_readers_have_the_row(tmp_path):
    lines = lines_with({})
    path = write(tmp_path, "t.csv", [*lines[:150], "1,2,3", *lines[150:]])
    with pytest.raises(DataFileError, match="data row 150 has 3 fields, expected 2 as in the first line"):
        list(open_stream(path, "y", sample_rows=100).blocks())


def test_a_pass_can_be_abandoned(forms):
    stream = open_stream(forms["folder"], "price", block_rows=50)
    next(stream.blocks())
    assert sum(map(len, stream.blocks())) == 980


def test_moments_of_all_files_are_in_the_zone_of_the_first(tmp_path):
    for name, offset in (("1", "+01:00"), ("2", "+02:00")):
        moments = [f"2026-01-02 0{i}:00:00{offset},{i % 2}" for i in range(9)]
        write(tmp_path, f"t/{name}.csv", ["at,y", *moments])
    columns = [block.columns.column("at") for block in open_stream(tmp_path / "t", "y", block_rows=9).blocks()]
    assert [column.zone for column in columns] == ["+01:00"] * 2
    assert columns[1].to_pylist()[1].isoformat() == "2026-01-02T00:00:00+01:00"
