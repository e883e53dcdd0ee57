"""``read_batches``: files of any size, batch by batch."""

from __future__ import annotations

import gc
import gzip
import io
import os

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import DataFileError, InputError, ParameterError
from multilayer.tables import read_table
from multilayer.tables.batches import read_batches

TEXT = """num,flag,day,at,town
1,true,2026-01-02,7:30,Ulm
x,no,2026-02-30,25:00,
,FALSE,2026-03-01 10:00,08:15:10,Bonn
1e3,maybe,soon,,Ulm
"""
KINDS = {"num": "number", "flag": "Boolean", "day": "date", "at": "time", "town": "text"}


def whole(batches):
    return pa.concat_tables([batch.table for batch in batches], promote_options="permissive")


def test_cells_of_another_kind_become_gaps_and_are_counted():
    batches = read_batches(io.BytesIO(TEXT.encode()), KINDS)
    rows = whole(batches).to_pylist()
    assert [row["num"] for row in rows] == [1.0, None, None, 1000.0]
    assert [row["flag"] for row in rows] == [True, None, False, None]
    assert [str(row["day"]) for row in rows] == ["2026-01-02 00:00:00", "None", "2026-03-01 10:00:00", "None"]
    assert [str(row["at"]) for row in rows] == ["07:30:00", "None", "08:15:10", "None"]
    found = {name: (cells.count, cells.example, cells.row) for name, cells in batches.unreadable.items()}
    assert found == {
        "num": (1, "'x'", 2),
        "flag": (2, "'no'", 2),
        "day": (2, "'2026-02-30'", 2),
        "at": (1, "'25:00'", 2),
    }
    assert batches.n_rows == 4


@pytest.mark.parametrize("size", [64, 1000, 1_000_000])
def test_batches_hold_what_read_table_reads(tmp_path, size):
    random = np.random.RandomState(0)
    lines = ["a;b;c;d"]
    for i in range(500):
        a, b = f"{random.normal():.6g}".replace(".", ","), random.choice(["x", "y y", "?"])
        lines.append(f"{a};{b};{'true' if i % 3 else 'false'};{i % 28 + 1:02}.02.2024")
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode("latin-1")))
    options = {"decimal": ",", "date_format": "%d.%m.%Y", "encoding": "latin-1"}
    kinds = {"a": "number", "b": "text", "c": "Boolean", "d": "date"}
    batches = list(read_batches(path, kinds, batch_bytes=size, **options))
    assert (len(batches) > 1) == (size < 10_000)
    assert whole(batches).to_pylist() == read_table(path, **options).to_pylist()


@pytest.mark.parametrize("extension", [".parquet", ".arrow", ".feather"])
def test_stored_types_stay_and_text_is_converted(tmp_path, extension):
    table = pa.table({"n": [1, None, 3], "word": ["1.5", "x", None], "b": [True, False, None], "more": [1, 2, 3]})
    path = tmp_path / f"table{extension}"
    if extension == ".parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        pyarrow.feather.write_feather(table, path)
    batches = read_batches(path, {"b": "Boolean", "word": "number", "n": "number"}, also=["more"], batch_bytes=100)
    parts = list(batches)
    assert whole(parts).to_pylist() == [
        {"b": True, "word": 1.5, "n": 1},
        {"b": False, "word": None, "n": None},
        {"b": None, "word": None, "n": 3},
    ]
    assert [row["more"] for part in parts for row in part.also.to_pylist()] == [1, 2, 3]
    assert batches.unreadable["word"].row == 2
    assert read_table(path).equals(table)


def test_a_stream_of_arrow_is_read():
    table = pa.table({"n": [1.0, 2.0]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    sink.seek(0)
    assert whole(read_batches(sink, {"n": "number"})).equals(table)


class Pipe(io.BytesIO):
    """A file object that cannot be read twice, and that returns few bytes at a time."""

    def seek(self, *_):
        raise io.UnsupportedOperation

    def read(self, n=-1):
        return super().read(min(n, 100_000) if n >= 0 else 100_000)


def test_a_pipe_is_read_once_and_not_as_a_whole(monkeypatch):
    monkeypatch.setattr("multilayer.tables._data_file._PIECE", 10_000)
    lines = [f"{i},word {i % 7}" for i in range(200_000)]
    pipe = Pipe(("n,w\n" + "\n".join(lines)).encode())
    batches = read_batches(pipe, {"n": "number", "w": "text"}, batch_bytes=100_000)
    begun = pipe.tell()
    assert begun < 200_000
    total = 0.0
    for batch in batches:
        total += sum(batch.table.column("n").to_pylist())
    assert total == sum(range(200_000))
    assert batches.n_rows == 200_000


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("is_piped", [True, False])
def test_rows_may_be_longer_than_a_batch(tmp_path, quoted, is_piped):
    text = "\n".join('one "" two' for _ in range(60)) if quoted else "x" * 500
    rows = [f'{i},"{text}",{2 * i}' if i % 5 == 0 else f"{i},short,{2 * i}" for i in range(40)]
    content = "\n".join(["a,text,b", *rows, ""]).encode()
    (tmp_path / "table.csv").write_bytes(content)
    source = io.BytesIO(content) if is_piped else tmp_path / "table.csv"
    batches = list(read_batches(source, {"a": "number", "b": "number"}, also=["text"], batch_bytes=64))
    assert len(batches) > 10
    found = pa.concat_tables([batch.table for batch in batches]).to_pylist()
    assert found == [{"a": float(i), "b": 2.0 * i} for i in range(40)]
    texts = pa.concat_tables([batch.also for batch in batches]).column("text").to_pylist()
    assert texts == [text.replace('""', '"') if i % 5 == 0 else "short" for i in range(40)]


def test_a_single_quotation_mark_in_a_cell_leaves_the_batches_small(monkeypatch):
    monkeypatch.setattr("multilayer.tables._csv.LONGEST_LINE", 4096)
    rows = [f'{i},{"5 inch" if i != 30 else "5"}"' if i == 30 else f"{i},6 inch" for i in range(2000)]
    content = "\n".join(["a,text", *rows, ""]).encode()
    batches = list(read_batches(io.BytesIO(content), {"a": "number"}, also=["text"], batch_bytes=256))
    sizes = [batch.table.num_rows for batch in batches]
    assert sum(sizes) == 2000
    assert sorted(sizes)[-2] < 40


def test_a_row_beyond_the_limit_is_an_error(monkeypatch):
    monkeypatch.setattr("multilayer.tables._csv.LONGEST_LINE", 2**14)
    content = b"a,b\n1,2\n" + b"1" * 2**16 + b",2\n1,2\n"
    with pytest.raises(DataFileError, match=r"a row is longer than 0\.0156 MiB"):
        list(read_batches(io.BytesIO(content), {"a": "number", "b": "number"}))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="open files of Linux")
@pytest.mark.parametrize("form", [pa.ipc.new_file, pa.ipc.new_stream])
def test_files_of_arrow_are_closed_after_reading(tmp_path, form):
    table, path = pa.table({"a": [1.0, 2.0], "b": ["x", None]}), tmp_path / "table.arrow"
    with pa.OSFile(str(path), "wb") as sink, form(sink, table.schema) as writer:
        writer.write_table(table)

    def is_open():
        places = [os.path.join("/proc/self/fd", each) for each in os.listdir("/proc/self/fd")]
        with open("/proc/self/maps") as maps:
            return (
                str(path) in [os.readlink(each) for each in places if os.path.islink(each)] or str(path) in maps.read()
            )

    read = read_table(path)
    assert not is_open()
    batches = list(read_batches(path, {"a": "number"}, also=["b"]))
    found = [batch.table.to_pylist() for batch in batches], [batch.also.to_pylist() for batch in batches]
    del batches
    gc.collect()  # what the reader held may be in cycles
    assert not is_open()
    assert (read.to_pylist(), found) == (table.to_pylist(), ([[{"a": 1.0}, {"a": 2.0}]], [[{"b": "x"}, {"b": None}]]))
    with pytest.raises(InputError, match="missing"):
        read_batches(path, {"missing": "number"})
    assert not is_open()
    path.write_bytes(b"ARROW1 and no more")
    with pytest.raises(DataFileError, match="is not an Arrow file"):
        read_table(path)
    assert not is_open()


def test_missing_columns_are_named():
    with pytest.raises(InputError, match=r"no column 'age'\. Did you mean 'Age'\?.* Also missing: 'town'\.$"):
        read_batches(io.BytesIO(b"Age,b\n1,2\n"), {"age": "number", "town": "text"})
    with pytest.raises(InputError, match=r"no column 'id'"):
        read_batches(io.BytesIO(b"a,b\n1,2\n"), {"a": "number"}, also=["id"])


def test_invalid_options_and_files_raise_errors(tmp_path):
    with pytest.raises(ParameterError, match=r"kind of column 'a' must be one of number, .*, got 'float'"):
        read_batches(io.BytesIO(b"a\n1\n"), {"a": "float"})
    with pytest.raises(ParameterError, match=r"text_defaults may hold separator, .*, got colour"):
        read_batches(io.BytesIO(b"a\n1\n"), {"a": "number"}, text_defaults={"colour": "red"})
    with pytest.raises(DataFileError, match=r"data row 3 has 1 field, expected 2"):
        list(read_batches(io.BytesIO(b"a,b\n1,2\n\n3,4\n5\n"), {"a": "number"}))
    with pytest.raises(DataFileError, match="is not UTF-8 text"):
        list(read_batches(io.BytesIO(b"a,b\n1,\xff\n"), {"b": "text"}))
    damaged = tmp_path / "damaged.arrow"
    damaged.write_bytes(b"ARROW1 and nothing else")
    with pytest.raises(DataFileError, match="is not an Arrow file, or is damaged"):
        read_batches(damaged, {"a": "number"})


@given(
    st.lists(
        st.sampled_from(["1", "-2.5", "x", "", "true", "2026-01-01", "12:30", " 7 ", "1,5", "inf", "01.02.2026"]),
        max_size=30,
    ),
    st.sampled_from(["number", "Boolean", "date", "time", "text"]),
    st.integers(64, 200),
)
def test_cells_are_read_independently_of_each_other(words, kind, size):
    lines = ["n;w", *(f"{i};{word}" for i, word in enumerate(words)), "last;x"]
    content = "\n".join(lines).encode()
    once = read_batches(io.BytesIO(content), {"w": kind}, also=["w"])
    values = [row["w"] for batch in once for row in batch.table.to_pylist()]
    single = []
    for word in [*words, "x"]:
        one = read_batches(io.BytesIO(f"n;w\n0;{word}\n".encode()), {"w": kind}, batch_bytes=size)
        single += [row["w"] for batch in one for row in batch.table.to_pylist()]
    assert list(map(str, values)) == list(map(str, single))
    assert once.n_rows == len(words) + 1


def test_text_does_not_spell_durations_and_columns_of_gaps_stay():
    batches = read_batches(io.BytesIO(b"a,b\n5 days,x\n,y\n"), {"a": "duration", "b": "empty"})
    assert whole(batches).to_pylist() == [{"a": None, "b": "x"}, {"a": None, "b": "y"}]
    assert batches.unreadable["a"].count == 1


def test_the_zone_of_moments_is_that_of_the_first_ones():
    lines = ["n,at", "0,?", *(f"{i},2026-03-28 10:0{i}:00+01:00" for i in range(1, 9)), "9,2026-03-30 10:00:00+02:00"]
    for size in (70, 10_000):
        batches = read_batches(io.BytesIO("\n".join(lines).encode()), {"at": "date"}, batch_bytes=size)
        moments = whole(batches).column("at").to_pylist()
        assert moments[0] is None
        assert moments[-1].isoformat() in ("2026-03-30T09:00:00+01:00", "2026-03-30T08:00:00+00:00")
        assert batches.unreadable == {}


def test_a_quotation_mark_that_is_never_closed_is_an_error_in_pipes_too(monkeypatch):
    content = ("a,b\n" + "1,x\n" * 3000 + '2,"y\n' + "3,z\n" * 5).encode()
    with pytest.raises(DataFileError, match=r"data row 3001, column 'b' is never closed"):
        list(read_batches(io.BytesIO(content), {"a": "number"}, batch_bytes=2000))
    monkeypatch.setattr("multilayer.tables._data_file._PIECE", 1000)
    with pytest.raises(DataFileError, match=r"data row 3001, column 'b' is never closed"):
        list(read_batches(Pipe(content), {"a": "number"}, batch_bytes=2000))


def test_blank_lines_behind_a_quoted_cell_of_two_lines_are_no_open_quote():
    content = b'a,b\n1,"x\ny"' + b"\n" * 5000
    assert read_table(io.BytesIO(content)).to_pylist() == [{"a": 1, "b": "x\ny"}]
    assert whole(read_batches(io.BytesIO(content), {"b": "text"})).to_pylist() == [{"b": "x\ny"}]
