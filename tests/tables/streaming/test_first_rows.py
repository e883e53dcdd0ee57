"""The kinds of columns of text, by the first rows and rows of other places."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from multilayer.exceptions import InputError
from multilayer.tables import read_table
from multilayer.tables._frames import columns_of
from multilayer.tables.streaming import open_stream


def write(folder, name, lines):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def test_kinds_are_those_of_read_table(tmp_path):
    lines = ["i,f,b,d,m,t,w,code,odd,none,y"]
    for i in range(100):
        odd = "?!" if i % 40 == 7 else str(i)
        lines.append(
            f"{i},{i / 4},{'true' if i % 2 else 'False'},2026-01-{i % 28 + 1:02},2026-01-02 10:{i % 60:02}:00+01:00,"
            f"{i % 24}:30,w{i % 5},{i:04},{odd},,{i % 2}"
        )
    path = write(tmp_path, "t.csv", lines)
    stream = open_stream(path, "y")
    whole = columns_of(read_table(path))
    assert stream.kinds == {name: whole.column(name).kind for name in stream.names}
    (block,) = stream.blocks()
    for name in stream.names:
        one, other = block.columns.column(name), whole.column(name)
        assert one.is_integer == other.is_integer, name
        if other.kind in ("date", "time"):
            assert one.numbers().tolist() == other.numbers().tolist(), name
        elif other.kind != "empty":
            assert one.to_pylist() == other.to_pylist(), name
    assert block.columns.notes["code"].is_code
    assert stream.unreadable["odd"].count == 3


def test_columns_whose_values_come_late_have_the_kind_of_the_first_values(tmp_path):
    lines = ["a,b,c,y", *[f",,,{i % 2}" for i in range(300)], "7,,,1", "8,x,24.12.2025,0", "9,y,,1"]
    path = write(tmp_path, "t.csv", lines)
    stream = open_stream(path, "y", sample_rows=100)
    assert stream.kinds == {"a": "number", "b": "text", "c": "text"}
    rows = [row for block in stream.blocks() for row in block.columns.to_pylist()]
    assert rows[-3:] == [
        {"a": 7, "b": None, "c": None},
        {"a": 8, "b": "x", "c": "24.12.2025"},
        {"a": 9, "b": "y", "c": None},
    ]
    write(tmp_path, "t.csv", ["a,d,c,y", *[f",01.02.2025,,{i % 2}" for i in range(300)], "7,,24.12.2025,1"])
    stream = open_stream(path, "y", sample_rows=100, date_format="%d.%m.%Y")
    assert stream.kinds == {"a": "number", "d": "date", "c": "date"}


def test_rows_of_other_files_are_examined(tmp_path):
    write(tmp_path, "t/1.csv", ["a,b,y", *[f"{i},{i},{i % 2}" for i in range(50)]])
    write(tmp_path, "t/2.csv", ["a,b,y", *[f"w{i},{i:04},{i % 2}" for i in range(50)]])
    stream = open_stream(tmp_path / "t", "y", sample_rows=40)
    assert stream.kinds == {"a": "text", "b": "text"}
    assert stream.reading_notes() == (
        "column 'b': kept as text, because 10 of 50 cells begin with zeros, such as '0000'; only 50 rows were examined",
    )


def stored(folder, words, **options):
    path = folder / "t.parquet"
    pa.parquet.write_table(pa.table({"a": words, "y": np.arange(len(words)) % 2}), path, **options)
    return path


def test_stored_text_that_spells_numbers_or_dates_is_read_as_such(tmp_path):
    stream = open_stream(stored(tmp_path, [str(i) for i in range(100)]), "y")
    assert (stream.kinds, stream.spelled) == ({"a": "number"}, ("a",))
    (block,) = stream.blocks()
    assert block.columns.column("a").to_pylist() == list(range(100))
    stream = open_stream(stored(tmp_path, [f"2026-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(100)]), "y")
    assert (stream.kinds, stream.spelled) == ({"a": "date"}, ("a",))
    few = open_stream(stored(tmp_path, [str(i % 20) for i in range(100)]), "y")
    assert (few.kinds, few.spelled) == ({"a": "text"}, ())
    codes = open_stream(stored(tmp_path, [f"{i:04}" for i in range(100)]), "y")
    assert codes.kinds == {"a": "text"}
    chosen = open_stream(stored(tmp_path, [str(i) for i in range(100)]), "y", text_columns=["a"])
    assert chosen.kinds == {"a": "text"}


def test_rows_of_other_row_groups_are_examined(tmp_path):
    words = [str(i) for i in range(100)] + [f"w{i}" for i in range(100)]
    path = stored(tmp_path, words, row_group_size=50)
    assert open_stream(path, "y", sample_rows=40).kinds == {"a": "text"}


def test_types_that_cannot_be_encoded_are_errors(tmp_path):
    pa.parquet.write_table(pa.table({"a": [[1], [2]], "y": [0, 1]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"column 'a' holds values of type list.*, which cannot be encoded"):
        open_stream(tmp_path / "t.parquet", "y")
