"""open_stream: the same table from all kinds of files."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multilayer.exceptions import DataFileError, InputError, InputTypeError, ParameterError
from multilayer.tables import read_table
from multilayer.tables._frames import columns_of
from multilayer.tables.streaming import RowSample, open_stream

FORMS = ("csv", "tsv.gz", "parquet", "arrow", "stream.arrow", "folder", "csv folder", "dataset", "filtered", "memory")
KINDS = {"size": "number", "rooms": "number", "town": "text", "code": "text", "when": "date", "year": "number"}


def rows(blocks):
    """Return the rows of blocks as dictionaries, with a price and a hash."""
    return [
        {**row, "price": price, "hash": hash_}
        for block in blocks
        for row, price, hash_ in zip(
            block.columns.to_pylist(), block.target.to_pylist(), block.hashes.tolist(), strict=True
        )
    ]


@pytest.fixture(scope="module")
def expected(forms, table):
    """The rows with a price; the hashes are those of the Parquet file."""
    kept = table.filter(table["price"].is_valid()).to_pylist()
    hashes = np.concatenate([block.hashes for block in open_stream(forms["parquet"], "price").blocks()])
    return [{**row, "hash": hash_} for row, hash_ in zip(kept, hashes.tolist(), strict=True)]


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_hold_the_same_rows(forms, expected, form):
    stream = open_stream(forms[form], "price", block_rows=128)
    found = list(stream.blocks())
    assert {name: stream.kinds[name] for name in sorted(stream.kinds)} == dict(sorted(KINDS.items()))
    assert stream.names == tuple(stream.kinds) == found[0].columns.column_names
    assert rows(found) == expected
    assert (stream.n_rows, stream.n_dropped, stream.unreadable) == (980, 20, {})
    assert [block.first for block in found] == np.cumsum([0, *map(len, found[:-1])]).tolist()
    assert all(len(block) <= 128 for block in found)
    assert len(found) < 12
    for block in found:
        assert [block.columns.column(name).kind for name in stream.names] == list(stream.kinds.values())


@pytest.mark.parametrize("form", ["csv", "parquet", "folder"])
def test_blocks_have_the_data_of_read_table(forms, form):
    """Whole numbers are integers, and notes are those of the file."""
    (block,) = open_stream(forms[form], "price").blocks()
    assert block.columns.column("rooms").is_integer
    assert not block.columns.column("size").is_integer
    if form == "csv":
        whole = columns_of(read_table(forms[form]))
        assert block.columns.notes["code"] == whole.notes["code"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=8)
@given(form=st.sampled_from(FORMS), size=st.integers(1, 1200), n_bytes=st.sampled_from([500, 20_000, 10**7]))
def test_each_pass_gives_the_same_blocks(forms, expected, form, size, n_bytes):
    size = max(size, 20)
    stream = open_stream(forms[form], "price", block_rows=size, block_bytes=n_bytes)
    first, second = list(stream.blocks()), list(stream.blocks())
    assert rows(first) == rows(second) == expected
    assert [block.first for block in first] == [block.first for block in second]
    one, other = RowSample(50), RowSample(50)
    for block in first:
        one.update(block)
    for block in open_stream(forms["parquet"], "price").blocks():
        other.update(block)
    assert one.numbers.tolist() == other.numbers.tolist()


def test_blocks_of_wide_rows_are_small(tmp_path):
    table = pa.table({"text": ["x" * (10 if i < 50 else 5000) for i in range(400)], "y": np.arange(400)})
    for name in ("t.csv", "t.parquet"):
        path = tmp_path / name
        pa.csv.write_csv(table, path) if name == "t.csv" else pa.parquet.write_table(table, path)
        stream = open_stream(path, "y", block_bytes=100_000)
        sizes = [len(block) for block in stream.blocks()]
        assert sum(sizes) == 400
        assert max(sizes[3:]) <= 25


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_options_are_those_of_read_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("größe;tag;y\n1,5;24.12.2025;1\n?;31.12.2025;0\n".encode("latin-1"))
    stream = open_stream(path, "y", separator=";", decimal=",", encoding="latin-1", date_format="%d.%m.%Y")
    (block,) = stream.blocks()
    assert block.columns.to_pylist() == [
        {"größe": 1.5, "tag": dt.date(2025, 12, 24)},
        {"größe": None, "tag": dt.date(2025, 12, 31)},
    ]
    stream = open_stream(path, "y", encoding="latin-1", text_columns=["größe"])
    assert stream.kinds["größe"] == "text"


def test_stored_numbers_can_be_read_as_text(tmp_path):
    pa.parquet.write_table(pa.table({"zip": [10115, 80331], "y": [0, 1]}), tmp_path / "t.parquet")
    (block,) = open_stream(tmp_path / "t.parquet", "y", text_columns=["zip"]).blocks()
    assert block.columns.column("zip").to_pylist() == ["10115", "80331"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block_rows": 0}, "block_rows must be a positive whole number, got 0"),
        ({"block_bytes": 1.5}, "block_bytes must be a positive whole number, got 1.5"),
        ({"sample_rows": True}, "sample_rows must be a positive whole number, got True"),
        ({"separator": ";;"}, "separator must be one character"),
        ({"decimal": ";"}, "decimal must be"),
        ({"encoding": "klingon"}, "unknown encoding"),
        ({"date_format": "%d"}, "date_format must be a format"),
        ({"date_format": "%d.%m.%Y"}, "no column of .* fits date_format"),
    ],
)
def test_invalid_options_are_errors(forms, options, message):
    with pytest.raises(ParameterError, match=message):
        open_stream(forms["csv"], "price", **options)


@pytest.mark.parametrize("form", ["parquet", "folder", "dataset"])
def test_options_of_text_do_not_apply_to_stored_tables(forms, form):
    with pytest.raises(ParameterError, match=r"separator is for text files, but .* stores the types"):
        open_stream(forms[form], "price", separator=";")


@pytest.mark.parametrize("form", ["csv", "folder", "dataset"])
def test_unknown_columns_are_errors(forms, form):
    with pytest.raises(InputError, match=r"the table has no target column 'prize'. Did you mean 'price'"):
        open_stream(forms[form], "prize")
    with pytest.raises(InputError, match=r"the table has no column 'toun'. Did you mean 'town'\?"):
        open_stream(forms[form], "price", text_columns=["toun"])


def test_inputs_that_cannot_be_read_repeatedly_are_errors(forms, table):
    with pytest.raises(
        InputTypeError, match="expected the path of a file or a folder, or a dataset of pyarrow, got py"
    ):
        open_stream(table, "price")
    with pytest.raises(InputError, match="a Scanner of pyarrow can be read only once"):
        open_stream(forms["dataset"].scanner(), "price")
    once = pa.dataset.Scanner.from_batches(table.to_reader())
    with pytest.raises(InputError, match="a Scanner of pyarrow can be read only once"):
        open_stream(once, "price")


def test_files_that_are_missing_or_empty_are_errors(tmp_path):
    with pytest.raises(DataFileError, match="no such file"):
        open_stream(tmp_path / "none.csv", "y")
    with pytest.raises(DataFileError, match="has column names but no rows below them"):
        list(open_stream(write(tmp_path, "t.csv", "a,y\n"), "y").blocks())
    with pytest.raises(InputError, match="there are no features to predict it from"):
        open_stream(write(tmp_path, "t.csv", "y\n1\n"), "y")


MEASURED = """
import resource, sys
from multilayer.tables.streaming import RowSample, open_stream
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
small = open_stream(sys.argv[1], "y", block_bytes=2**20)
sum(len(block) for block in small.blocks())
before = peak()
large, sample = open_stream(sys.argv[2], "y", block_bytes=2**20), RowSample(500)
for block in large.blocks():
    sample.update(block)
print(large.n_rows, len(sample.numbers), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_memory_does_not_grow_with_the_table(tmp_path, extension):
    """The larger table is sixteen times the smaller one, of 58 MB in memory, and one row group."""
    paths = []
    for n_rows in (50_000, 800_000):
        random = np.random.default_rng(0)
        table = pa.table({f"x{i}": random.normal(size=n_rows).round(3) for i in range(8)})
        table = table.append_column("y", pa.array(np.arange(n_rows) % 2))
        paths.append(tmp_path / f"{n_rows}.{extension}")
        if extension == "csv":
            pa.csv.write_csv(table, paths[-1])
        else:
            pa.parquet.write_table(table, paths[-1], row_group_size=n_rows, use_dictionary=False)
    found = subprocess.run(
        [sys.executable, "-c", MEASURED, *map(str, paths)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert found[:2] == ["800000", "500"]
    assert float(found[2]) < 40
