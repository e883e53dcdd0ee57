"""read_table: conversion of cells to values and gaps, and one-line errors."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import DataFileError, InputError
from multilayer.tables import _csv, read_table


def write(folder: Path, content: bytes | str, name: str = "data.csv") -> Path:
    path = folder / name
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def rows(folder: Path, content: bytes | str, name: str = "data.csv", **options: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = read_table(write(folder, content, name), **options).to_pylist()
    return result


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz", "DATA.CSV"])
def test_csv_files_are_read(tmp_path: Path, name: str) -> None:
    assert rows(tmp_path, "a,b,c\n1,x,2.5\n2,y,3\n", name) == [
        {"a": 1, "b": "x", "c": 2.5},
        {"a": 2, "b": "y", "c": 3.0},
    ]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("a\tb\n1\tx,y\n", "t.tsv"),
        ("a\tb\n1\tx,y\n", "t.tsv.gz"),
        ("a;b\n1;x,y\n", "t.csv"),
        ("a\tb\n1\tx,y\n", "t.csv"),
    ],
)
def test_separator_is_detected(tmp_path: Path, content: str, name: str) -> None:
    assert rows(tmp_path, content, name) == [{"a": 1, "b": "x,y"}]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,b\n1,x\n",
        "a,b\r\n1,x\r\n",
        "a,b\r1,x\r",
        "a,b\n1,x",
        "\n\na,b\n\n1,x\n\n",
        " a , b \n 1 , x \n",
        '"a","b"\n"1","x"\n',
        "a,b\n\t1\t,\tx\t\n",
    ],
)
def test_variants_of_the_same_table_are_read_alike(tmp_path: Path, content: bytes | str) -> None:
    assert rows(tmp_path, content) == [{"a": 1, "b": "x"}]


def test_quoted_fields_keep_separators_quotes_and_line_ends(tmp_path: Path) -> None:
    content = 'a,b\n1,"x, ""y""\nz"\n2,"one\r\ntwo\n"\n'
    assert [row["b"] for row in rows(tmp_path, content)] == ['x, "y"\nz', "one\r\ntwo"]


@pytest.mark.parametrize("mark", [mark for mark in _csv.GAP_MARKS if mark] + ["", " ", " NA ", '""', '"?"', "  ?"])
def test_gap_marks_apply_to_all_types(tmp_path: Path, mark: str) -> None:
    table = read_table(write(tmp_path, f"n,t,b,d\n1,x,true,2020-01-01\n{mark},{mark},{mark},{mark}\n"))
    assert table.slice(1).to_pylist() == [{"n": None, "t": None, "b": None, "d": None}]
    assert [str(kind) for kind in table.schema.types] == ["int64", "string", "bool", "date32[day]"]


@pytest.mark.parametrize("word", ["None", "none", "no", "No", "-", "--", ".", "missing", "unknown", "N", "na"])
def test_ordinary_words_are_not_gaps(tmp_path: Path, word: str) -> None:
    assert rows(tmp_path, f"t,n\n{word},1\nx,2\n")[0]["t"] == word


def test_column_types_are_inferred(tmp_path: Path) -> None:
    content = (
        "big,bool,day,moment,time,comma,huge\n"
        '9223372036854775807,true,2026-11-23,2026-11-23 17:00:00,12:30:00,"1,5",99999999999999999999999\n'
    )
    (row,) = rows(tmp_path, content)
    assert row == {
        "big": 2**63 - 1,
        "bool": True,
        "day": datetime.date(2026, 11, 23),
        "moment": datetime.datetime(2026, 11, 23, 17),
        "time": datetime.time(12, 30),
        "comma": "1,5",
        "huge": 1e23,
    }


def test_columns_of_zeros_and_ones_are_numbers(tmp_path: Path) -> None:
    assert str(read_table(write(tmp_path, "a\n0\n1\n")).schema.types[0]) == "int64"


def test_text_columns_are_read_as_text(tmp_path: Path) -> None:
    assert rows(tmp_path, "code , n\n 01, 2\n 02 ,3\n", text_columns=["code"]) == [
        {"code": "01", "n": 2},
        {"code": "02", "n": 3},
    ]
    assert rows(tmp_path, '"code"\n01\n', text_columns=["code"]) == [{"code": "01"}]
    with pytest.raises(InputError, match=r"no column 'Code'\. Did you mean 'code'\? Its columns: 'code', 'n'\."):
        rows(tmp_path, "code,n\n1,2\n", text_columns=["Code"])


def test_parquet_files_are_read(tmp_path: Path) -> None:
    table = pa.table({"a": [1, None], "b": ["NA", " x "], "__index_level_0__": [7, 8]})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").to_pylist() == [{"a": 1, "b": "NA"}, {"a": None, "b": " x "}]
    assert read_table(tmp_path / "t.parquet", text_columns=["a"])["a"].to_pylist() == ["1", None]


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_csv_files_written_by_pyarrow_are_read_back(values: list[tuple[int | None, str | None]]) -> None:
    numbers, words = zip(*values, strict=True)
    words = tuple(word and f"w{word.strip()}w" for word in words)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        pyarrow.csv.write_csv(pa.table({"i": range(len(words)), "n": numbers, "t": words}), path)
        table = read_table(path)
    assert table["n"].to_pylist() == list(numbers)
    assert table["t"].to_pylist() == list(words)


NOT_UTF8 = r'Pass its encoding, e\.g\. encoding="cp1252", or save it as UTF-8\.$'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"data\.csv: is empty\. Column names and rows are needed\.$"),
        ("\n \n\n", r"data\.csv: is empty\. Column names and rows are needed\.$"),
        (b"\xef\xbb\xbf", r"data\.csv: is empty\. Column names and rows are needed\.$"),
        ("a,b\n", r"data\.csv: has column names but no rows below them\.$"),
        ("a,b", r"data\.csv: has column names but no rows below them\.$"),
        (
            "a,b,a, b\n1,2,3,4\n",
            r"more than once: 'a' \(columns 1 and 3\), 'b' \(columns 2 and 4\)\. Rename all but one",
        ),
        (",b\n1,2\n", r"column 1 of 2 has no name\. Name it in the first line; .*index=False"),
        ("a,b, \n1,2,3\n", r"column 3 of 3 has no name"),
        (
            "a,b\n1,2\n\n3\n4,5,6\n",
            r"data row 2 has 1 field, expected 2 as in the first line: '3'\. Correct this row\.$",
        ),
        ("a,b\n1,2,3\n", r"data row 1 has 3 fields, expected 2 as in the first line: '1,2,3'\. Correct this row\.$"),
        (b"a,b\n1,x\n2,y\xff\n", r"is not UTF-8 text: data row 2, column 'b' holds the byte 0xff\. " + NOT_UTF8),
        (b"a,\xe9\n1,x\n", r"is not UTF-8 text: a column name holds the byte 0xe9\. " + NOT_UTF8),
        (b'a,"b\n\xe9"\n1,x\n', r"is not UTF-8 text: a column name holds the byte 0xe9\. " + NOT_UTF8),
        (b"a,b\n1,2\n\xff\n", r"data row 2 has 1 field, expected 2 as in the first line: "),
        (b"a,b\n" + b"x" * 99 + b"\n", r"first line: 'x{57}\.\.\.'\. Correct this row\.$"),
        (
            "a,b\n1,2\n".encode("utf-16-le"),
            r'holds a zero byte in every second place\. If it is UTF-16 text, pass encoding="utf-16-le"\.$',
        ),
        ("a,b\n1,2\n".encode("utf-16-be"), r'pass encoding="utf-16-be"\.$'),
        (b"a,b\n1,2\n" * 99 + b"3,x\0y\n", r"holds binary data \(a zero byte at \d+\), not text\."),
        (
            "1,1\n2,3\n",
            r"more than once: '1' .* These look like a row of data: the first line must hold the column names",
        ),
        (b"a\0\x01\x02,b\n1,2\n", r"holds binary data \(a zero byte at 1\), not text\."),
        (b"\x1f\x8b\x08\0", r"holds gzip data, not text\. Give the file the matching extension\."),
        (b"PK\x03\x04\x14", r"holds a zip archive \(perhaps a spreadsheet\), not text\."),
        (b"PAR1\x15", r"holds Parquet data, not text\."),
        ('a,b\n1,x\n2,"y\n3,z\n', r"a quotation mark in data row 2, column 'b' is never closed\.$"),
        ('a,b\n"1,x\n2,y\n3,z\n', r"data row 1 has 1 field, expected 2"),
    ],
)
def test_text_that_is_not_a_table_raises_a_one_line_error(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(DataFileError, match=message) as caught:
        read_table(write(tmp_path, content))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'data.csv'}: ")
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_text_columns_that_are_not_utf8_raise_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=NOT_UTF8):
        read_table(write(tmp_path, b"a,b\n1,\xff\n"), text_columns=["b"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.csv", r"absent\.csv: no such file\.$"),
        (
            "data.xlsx",
            r"unknown file extension, got \.xlsx\. Known: \.csv, .*, \.parquet, \.arrow, \.feather\.$",
        ),
        ("data", r"unknown file extension, got none"),
        ("absent", r"absent: no such file\.$"),
        ("x" * 300, r"no such file\.$"),
        ("", r"is a directory, not a data file\. Pass one of its files\.$"),
        ("folder.csv", r"folder\.csv: is a directory, not a data file\. Pass one of its files\.$"),
        ("pipe.csv", r"pipe\.csv: is not a regular file\.$"),
        ("data.csv/x.csv", r"no such file\.$"),
        ("zero\0.csv", r"cannot be read: "),
        ("x" * 300 + ".csv", r"cannot be read: "),
    ],
)
def test_files_that_cannot_be_read_raise_errors(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    write(tmp_path, "a\n1\n")
    for existing in ("data", "data.xlsx"):
        (tmp_path / existing).touch()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
    elif name == "pipe.csv":
        pytest.skip("there are no pipes in folders on this system")
    with pytest.raises(DataFileError, match=message):
        read_table(tmp_path / name)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root, and any user of Windows, may read it"
)
def test_a_file_without_read_permission_raises_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "a\n1\n")
    path.chmod(0)
    with pytest.raises(DataFileError, match=r"cannot be read: Permission denied\.$"):
        read_table(path)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", gzip.compress(b"a,b\n" + os.urandom(9999))[:-2000]])
def test_damaged_gzip_files_raise_errors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(content)
    with pytest.raises(
        DataFileError,
        match=r"is not gzip data, or is damaged or truncated\.$|is empty\. Column names and rows are needed\.$",
    ):
        read_table(path)


def test_a_column_may_have_the_name_of_a_file_format(tmp_path: Path) -> None:
    assert rows(tmp_path, "PAR1,PK\n1,2\n") == [{"PAR1": 1, "PK": 2}]


@pytest.mark.parametrize("content", [b"junk", b"PAR1junkPAR1", os.urandom(5000)])
def test_damaged_parquet_files_raise_errors(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataFileError, match=r"is not a Parquet file, or is damaged \(.+\)\.$") as caught:
        read_table(write(tmp_path, content, "t.parquet"))
    assert "\n" not in str(caught.value)


def test_parquet_with_any_byte_changed_is_read_or_raises_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pa.parquet.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), path)
    good = path.read_bytes()
    for position in range(len(good)):
        path.write_bytes(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
        with contextlib.suppress(DataFileError):
            read_table(path)


def test_parquet_without_rows_or_with_repeated_names_raises_an_error(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pa.parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    with pytest.raises(DataFileError, match="no rows below them"):
        read_table(path)
    pa.parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), path)
    with pytest.raises(DataFileError, match=r"more than once: 'a' \(columns 1 and 2\)"):
        read_table(path)


@pytest.mark.parametrize(
    ("start", "message"),
    [(b"", "no end of line within the first 16 MiB"), (b"a,b\n" + b"1,2\n" * 2**18, "a row is longer than 16 MiB")],
)
def test_a_line_of_a_gigabyte_raises_an_error_within_little_memory(tmp_path: Path, start: bytes, message: str) -> None:
    pytest.importorskip("resource")  # not available on Windows
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(2**30)
    script = (
        "import resource, sys\n"
        "from multilayer.tables import read_table\n"
        "import pyarrow, pyarrow.csv\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: read_table(sys.argv[1])\n"
        "except Exception as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True, timeout=60)
    error, grown = run.stdout.splitlines()
    assert message in error
    assert int(grown) < 300_000 * (1024 if sys.platform == "darwin" else 1)  # macOS counts bytes, Linux kilobytes


def test_ragged_rows_are_counted_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv, "LONGEST_LINE", 4096)
    path = write(tmp_path, "a,b\n" + "1,2\n" * 9_999 + "1,2,3\n" + "1,2\n" * 10_000)
    with pytest.raises(DataFileError, match=r"data row 10000 has 3 fields, expected 2"):
        read_table(path)


def test_a_type_may_change_after_the_first_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv, "LONGEST_LINE", 4096)
    table = read_table(write(tmp_path, "a,b\n" + "1,2\n" * 9_999 + "1.5,x\n"))
    assert [str(kind) for kind in table.schema.types] == ["double", "string"]
    assert table.num_rows == 10_000


def test_a_missing_pyarrow_raises_an_error_with_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"reading tables needs pyarrow, .* pip install \"multilayer\[tables\]\""):
        read_table(write(tmp_path, "a\n1\n"))


def test_importing_tables_does_not_import_pyarrow() -> None:
    # scikit-learn imports those that are installed; the test checks what this library adds.
    script = (
        "import sys, sklearn.base, sklearn.utils.validation\n"
        "heavy = {'pyarrow', 'narwhals', 'pandas', 'polars'}\n"
        "for name in [name for name in sys.modules if name.split('.')[0] in heavy]: sys.modules[name] = None\n"
        "import multilayer.tables\n"
        "print({name for name in heavy if sys.modules.get(name)} or 'none')"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "none"
