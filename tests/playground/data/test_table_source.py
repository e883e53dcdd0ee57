"""table_of: the content of uploads is limited before it is unpacked."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from multilayer.exceptions import DataFileError, InputError
from multilayer.playground.data.table_data import table_data
from multilayer.playground.data.table_source import table_of

TEXT = b"a,b\n" + b"1,2\n3,4\n" * 500


def test_bytes_path_and_table_give_the_same_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(TEXT))
    table = table_of(path)
    assert table_of(table) is table
    assert table_of(io.BytesIO(path.read_bytes())).equals(table)
    assert table_data(table, "b").fingerprint == table_data(path, "b").fingerprint


@pytest.mark.parametrize("members", [1, 3])
def test_packed_text_is_limited_by_its_unpacked_size(members: int) -> None:
    packed = b"".join(gzip.compress(TEXT if i == 0 else TEXT[4:]) for i in range(members))
    size = len(TEXT) + (members - 1) * (len(TEXT) - 4)
    assert table_of(io.BytesIO(packed), most_bytes=size).num_rows == 1000 * members
    with pytest.raises(DataFileError, match="the file unpacks to more than 0 MB"):
        table_of(io.BytesIO(packed), most_bytes=size - 1)


def test_a_bomb_does_not_fill_the_memory() -> None:
    bomb = gzip.compress(b"a,b\n" + bytes(300_000_000), 1)
    assert len(bomb) < 2_000_000
    tracemalloc.start()
    with pytest.raises(DataFileError, match="more than 268 MB"):
        table_of(io.BytesIO(bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_parquet_is_limited_by_its_cells() -> None:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"a": [1] * 1000, "b": [2] * 1000}), file)
    assert table_of(io.BytesIO(file.getvalue()), most_cells=2000).num_rows == 1000
    with pytest.raises(DataFileError, match="holds 2,000 cells, but the playground takes at most 1,999"):
        table_of(io.BytesIO(file.getvalue()), most_cells=1999)


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8b" + bytes(range(50)), b"PAR1" + bytes(range(50)) + b"PAR1", gzip.compress(TEXT)[:40]],
    ids=["gzip", "Parquet", "truncated gzip"],
)
def test_damaged_files_are_errors_of_the_reader(content: bytes) -> None:
    with pytest.raises(DataFileError, match="the file"):
        table_of(io.BytesIO(content))


def test_text_streams_are_refused() -> None:
    with pytest.raises(InputError, match="opened as text"):
        table_of(io.StringIO("a,b\n1,2\n"))
