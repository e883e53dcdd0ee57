"""read_table: what is detected, what must be stated as an option, and the notes for the user."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from multilayer.exceptions import DataFileError, InputError, ParameterError
from multilayer.tables import TableEncoder, read_table, reading_notes

ONE_ROW = [{"a": 1, "b": "x"}]


def read(content: str | bytes, **options: Any) -> pa.Table:
    data = content.encode() if isinstance(content, str) else content
    return read_table(io.BytesIO(data), **options)


def rows(content: str | bytes, **options: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = read(content, **options).to_pylist()
    return result


# Separators.


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a|b\n1|x,y\n2|z\n", {"a": 1, "b": "x,y"}),
        ("name, first;age\nBob;3\nAnn;4\n", {"name, first": "Bob", "age": 3}),
        ("x,y;z\n1,5;2\n2,5;3\n", {"x,y": "1,5", "z": 2}),
        ("a;b\n1,5;2,5\n", {"a": "1,5", "b": "2,5"}),
        ("a\tb\n1,2\t3;4\n", {"a": "1,2", "b": "3;4"}),
        ('a,b\n"1;2;3",x\n', {"a": "1;2;3", "b": "x"}),
        ('a;b\n"x;\n,,,";2\n', {"a": "x;\n,,,", "b": 2}),
        ("text\none; two\nthree\n", {"text": "one; two"}),
    ],
)
def test_separator_is_the_one_that_gives_all_lines_the_same_number_of_fields(
    content: str, expected: dict[str, Any]
) -> None:
    assert rows(content)[0] == expected


def test_a_tsv_file_with_commas_as_separator_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a,b\n1,x\n")
    assert read_table(tmp_path / "t.tsv").to_pylist() == ONE_ROW


@pytest.mark.parametrize(
    ("content", "separator"), [("a;b\n1;x\n", ";"), ("a b\n1 x\n", " "), ("a:b\n1:x\n", ":"), ("a\tb\n1\tx\n", "\t")]
)
def test_a_stated_separator_is_used(content: str, separator: str) -> None:
    assert rows(content, separator=separator) == ONE_ROW


@pytest.mark.parametrize(
    ("content", "separator", "found"),
    [
        ("a:b:c\n1:2:3\n", None, ('":" 2 times', 'separator=":"')),
        ("a b\n1 2\n3 4\n", None, ('" " 1 time', 'separator=" "')),
        ("a\tb\n1\t2\n", ",", ('"\\t" 1 time', 'separator="\\t"')),
        ("name\nAnn Lee\nBo\n", None, None),
        ("full name\nAnn\n", None, None),
        ("a,b\n", ";", None),
        ("a,b\n1,2\n", None, None),
    ],
)
def test_a_likely_separator_of_a_single_column_is_noted(
    content: str, separator: str | None, found: tuple[str, str] | None
) -> None:
    try:
        notes = reading_notes(read(content, separator=separator))
    except DataFileError:  # without rows
        notes = ()
    assert bool(notes) == (found is not None)
    assert all(word in notes[0] for word in found or ())


def test_a_stated_separator_is_not_overruled() -> None:
    table = read("a,b\n1,x\n", separator=";")
    assert table.to_pylist() == [{"a,b": "1,x"}]
    assert reading_notes(table) == (
        'all of the file was read as one column, but every line holds "," 1 time: if it separates columns, pass '
        'separator=","',
    )
    assert rows("sep=,\na;b,c\n1;2,3\n", separator=";") == [{"a": 1, "b,c": "2,3"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a;b\n1;2\n3\n4;5\n", "data row 2 has 1 field, expected 2 as in the first line: '3'"),
        ("a;b\n" + "1;2\n" * 40 + "1;2;3\n", "data row 41 has 3 fields, expected 2"),
        ("a|b\n1|2|3\n", "data row 1 has 3 fields"),
        ("a\nhello, world\nyou\n", "data row 1 has 2 fields, expected 1"),
        ("a,b\n1,2\n,\n3\n", "data row 3 has 1 field"),
    ],
)
def test_ragged_files_raise_errors(content: str, message: str) -> None:
    with pytest.raises(DataFileError, match=message):
        read(content)


@pytest.mark.parametrize("end", ["\n\n", "   \n \n", "\x1a", "\r\n\r\n"])
def test_blank_lines_at_the_end_are_ignored(end: str) -> None:
    assert rows("a,b\n1,x\n" + end) == ONE_ROW


# Lines above the names.


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("# made by us\n#\na,b\n1,x\n", "2 lines above the column names skipped: '# made by us', '#'"),
        ("# of 2024, final\na,b\n1,x\n", "1 line above the column names skipped: '# of 2024, final'"),
        ("Sales of 2024\n\na,b\n1,x\n", "1 line above the column names skipped: 'Sales of 2024'"),
        ("Sales, 2024\nof us\na;b\n1;x\n", "2 lines above the column names skipped: 'Sales, 2024', 'of us'"),
        ("# a,b\n1,x\n", "column names taken from the comment '# a,b'"),
        ("# made by us\n# a,b\n1,x\n", "column names taken from the comment '# a,b'"),
        ("sep=;\na;b\n1;x\n", ""),
        ("a,b\n1,x\n", ""),
        (b"\xef\xbb\xbf# \xc3\xa9\na,b\n1,x\n", "1 line above the column names skipped: '# é'"),
        ("\n# c\r\n\r\na,b\r\n1,x\r\n", "1 line above the column names skipped: '# c'"),
    ],
)
def test_comments_and_titles_above_the_names_are_skipped_with_a_note(content: str | bytes, note: str) -> None:
    table = read(content)
    assert table.to_pylist() == ONE_ROW
    assert " ".join(reading_notes(table)).startswith(note)
    assert bool(note) == bool(reading_notes(table))


@pytest.mark.parametrize("content", ["#id,b\n1,x\n2,y\n", "#id,b\nu,x\nv,y\n", "##v=1\n#id\tb\n1\tx\n"])
def test_names_that_begin_with_a_hash_are_kept(content: str) -> None:
    assert read(content).column_names == ["#id", "b"]


def test_first_line_of_a_ragged_file_is_not_a_title() -> None:
    with pytest.raises(DataFileError, match="data row 1 has 2 fields, expected 1"):
        read("a\n1,2\n3,4\n")


@pytest.mark.parametrize(
    ("content", "is_noted"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", True),
        ("1.5,2\n3,4\n", True),
        ("2020-01-01,7\n2020-01-02,8\n", True),
        ("1.5\n2.5\n", True),
        ("0,1,2\n5.1,3.2,1\n", False),
        ("1990,1991,1992\n1,2,3\n", False),
        ("land,1990,1991\nx,1,2\n", False),
        ("a,b\n1,2\n", False),
        ("a,b\na,b\n", False),
    ],
)
def test_a_missing_line_of_names_is_noted(content: str, is_noted: bool) -> None:
    notes = reading_notes(read(content))
    assert [note[:50] for note in notes] == ["the line of column names looks like a row of data "][: int(is_noted)]


# Quotes.


def test_apostrophes_as_quotation_marks_are_recognised() -> None:
    assert rows("'a','b'\n'1','x, y'\n'2','it''s \"so\"'\n") == [{"a": 1, "b": "x, y"}, {"a": 2, "b": 'it\'s "so"'}]
    assert rows("a;b\n1;'x;y'\n2;'z'\n") == [{"a": 1, "b": "x;y"}, {"a": 2, "b": "z"}]


@pytest.mark.parametrize("text", ["'tis", "rock 'n' roll", "'n' roll", "5'"])
def test_apostrophes_within_text_are_kept(text: str) -> None:
    assert [row["b"] for row in rows(f"a,b\n1,{text}\n2,it's\n3,'s\n")] == [text, "it's", "'s"]


# Encodings.


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16-le", "utf-16-be", "cp437", "utf-8"])
def test_a_stated_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    data = "# ü\nö;b\n1,5;é\n".encode(encoding)
    assert rows(data, encoding=encoding, decimal=",") == [{"ö": 1.5, "b": "é"}]
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(data))
    assert read_table(tmp_path / "t.csv.gz", encoding=encoding).column_names == ["ö", "b"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_an_encoding_with_a_byte_order_mark_is_detected(encoding: str) -> None:
    table = read(("ö,b\n1,é\n" + "2,ß\n" * 50_000).encode(encoding))
    assert table.num_rows == 50_001
    assert table.slice(0, 1).to_pylist() == [{"ö": 1, "b": "é"}]


def test_text_in_another_encoding_raises_an_error() -> None:
    with pytest.raises(
        DataFileError, match=r"data row 1, column 'a' holds the byte 0xe9\. Pass its encoding, e\.g\. enc"
    ):
        read("a,b\né,1\n".encode("cp1252"))
    with pytest.raises(DataFileError, match=r"is not cp1252 text, in which the byte 0x81 is invalid\. .*\"latin-1\""):
        read(b"a,b\n\x81,1\n", encoding="cp1252")
    with pytest.raises(DataFileError, match=r"is not ascii text"):
        read("a,b\n" + "1,2\n" * 500_000 + "é,1\n", encoding="ascii")


# Numbers, codes and dates.


def test_decimal_commas_are_read_with_the_option() -> None:
    assert rows("a;b;c\n1,5;-2;x\n,5;3,0e2;y\n", decimal=",") == [
        {"a": 1.5, "b": -2.0, "c": "x"},
        {"a": 0.5, "b": 300.0, "c": "y"},
    ]
    assert rows('a,b\n"1,5",2\n', decimal=",") == [{"a": 1.5, "b": 2}]
    table = read("a;b\n1.5;2\n1;3\n", decimal=",")
    assert str(table.schema.types[0]) == "string"
    assert reading_notes(table) == (
        "column 'a': kept as text, because '1.5' has a decimal point and the file is read with decimal=\",\"",
    )


def test_a_column_of_decimal_commas_is_noted_with_the_option_that_reads_it() -> None:
    table = read("a;b\n;2\n1,5;3\n2,25;4\n")
    note = (
        "kept as text, because cells such as '1,5' (data row 2) hold commas; if these are decimal commas, read the "
        'file with decimal=","'
    )
    assert reading_notes(table) == (f"column 'a': {note}",)
    assert TableEncoder().fit(table).columns_[0].encoding.endswith(note)
    assert reading_notes(read("a;b\n1,5;2\nx,5;3\n")) == ()
    assert reading_notes(read("a;b\n1,500,000;2\n2,5;3\n")) == ()


def test_numbers_with_leading_zeros_are_read_as_text() -> None:
    table = read("place,n,zero,share\n00012,7,0,0.5\n345,8,1,00.5\n")
    assert table["place"].to_pylist() == ["00012", "345"]
    assert [str(kind) for kind in table.schema.types[1:]] == ["int64", "int64", "double"]
    note = "kept as text, because 1 of 2 cells begins with a zero, such as '00012' (data row 1)"
    assert reading_notes(table) == (f"column 'place': {note}",)
    encoder = TableEncoder().fit(table)
    assert encoder.columns_[0].encoding == f"a column for each of 2 categories; {note}"


def nearly(words: list[str], stray: list[str]) -> pa.Table:
    return read("v\n" + "\n".join([*words, *stray]) + "\n")


NUMBERS = [str(i / 2) for i in range(89)]
DAYS = [str(dt.date(2024, 1, 1) + dt.timedelta(days=i)) for i in range(89)]


@pytest.mark.parametrize(
    ("words", "stray", "note"),
    [
        (NUMBERS, ["n/a!"], "1 of 90 cells is not a number and counts as a gap: 'n/a!' (data row 90)"),
        (
            NUMBERS,
            ["a", "b", "c", "d"],
            "4 of 93 cells are not numbers and count as gaps: "
            "'a' (data row 90), 'b' (data row 91), 'c' (data row 92) and 1 more",
        ),
        (
            NUMBERS,
            ["None", "none"] * 30,
            "60 of 149 cells are not numbers and count as gaps: 'None' (data row 90), 'none' (data row 91) and 58 more",
        ),
        (NUMBERS, ["12 EUR"], "1 of 90 cells is not a number and counts as a gap: '12 EUR' (data row 90)"),
        (
            DAYS,
            ["unknown", "2024-02-30"],
            "2 of 91 cells are not dates and count as gaps: 'unknown' (data row 90), '2024-02-30' (data row 91)",
        ),
    ],
)
def test_a_few_cells_that_are_not_numbers_become_gaps(words: list[str], stray: list[str], note: str) -> None:
    table = nearly(words, stray)
    assert reading_notes(table) == (f"column 'v': {note}",)
    assert table["v"].null_count == len(stray)
    assert [str(value) for value in table["v"].to_pylist()[:89]] == words
    # The note stays with the column and keeps the row numbers of the file.
    part = table.append_column("w", pa.array(range(table.num_rows))).select(["w", "v"]).take(list(range(60)))
    encoder = TableEncoder().fit(part)
    assert encoder.columns_[1].encoding.endswith(note)


@pytest.mark.parametrize(
    ("words", "stray"),
    [
        (NUMBERS, ["a", "b", "c", "d", "e"]),  # more than one in twenty
        (NUMBERS, ["-"] * 90),  # a mark, but in half of the cells
        ([f"0{i}" for i in range(89)], ["x"]),  # codes
    ],
)
def test_many_cells_that_are_not_numbers_make_a_text_column(words: list[str], stray: list[str]) -> None:
    table = nearly(words, stray)
    assert str(table.schema.types[0]) == "string"
    assert reading_notes(table) == ()


@pytest.mark.parametrize(
    ("words", "stray", "cells"),
    [
        ([str(i % 16) for i in range(999)], ["n/a!"], "1 of 1,000 cells is not a number: 'n/a!' (data row 1000)"),
        (["0", "1", "2"] * 30, ["3+", "3+"], "2 of 92 cells are not numbers: '3+' (data row 91) and 1 more"),
        (NUMBERS[:19], ["x"], "1 of 20 cells is not a number: 'x' (data row 20)"),
        (DAYS[:3] * 10, ["soon"], "1 of 31 cells is not a date: 'soon' (data row 31)"),
    ],
)
def test_a_small_set_of_numbers_with_another_word_stays_text_with_a_note(
    words: list[str], stray: list[str], cells: str
) -> None:
    table = nearly(words, stray)
    assert table["v"].to_pylist() == [*words, *stray]
    gaps = "it marks a gap, leave the cell" if len(stray) == 1 else "they mark gaps, leave the cells"
    note = f"kept as text, because {cells}; if {gaps} empty"
    assert reading_notes(table) == (f"column 'v': {note}",)
    done = TableEncoder().fit(table).columns_[0].encoding
    assert done.endswith(f"; {note}")
    assert done.count(cells) == 1


def test_encoder_notes_a_small_set_of_numbers_with_another_word() -> None:
    report = TableEncoder().fit(pa.table({"v": [*(str(i % 16) for i in range(999)), "n/a!"]})).columns_[0]
    assert (report.kind, report.width) == ("text", 17)
    assert "1 of 1,000 cells is not a number: 'n/a!' (data row 1000)" in report.encoding


def test_text_columns_stay_text() -> None:
    table = read("v,w\n" + "".join(f"{word},{i}\n" for i, word in enumerate([*NUMBERS, "n/a!"])), text_columns=["v"])
    assert table["v"].to_pylist() == [*NUMBERS, "n/a!"]
    assert TableEncoder().fit(table).columns_[0].kind == "text"


def test_encoder_converts_text_that_is_nearly_numeric() -> None:
    encoder = TableEncoder().fit(pa.table({"v": [*NUMBERS, "n/a!"]}))
    report = encoder.columns_[0]
    assert (report.kind, report.n_gaps, report.width) == ("number", 1, 2)
    assert report.encoding.endswith("1 of 90 cells is not a number and counts as a gap: 'n/a!' (data row 90)")
    values = np.arange(89) / 2
    expected = [[(0.5 - values.mean()) / values.std(), 0], [0, 1]]
    for words in (["0.5", "y"], [0.5, None]):
        np.testing.assert_allclose(encoder.transform(pa.table({"v": words})), expected)
    with pytest.raises(InputError, match=r"column 'v' held numbers .* now it holds text \('y' in data row 1\)"):
        encoder.transform(pa.table({"v": ["y", "z"]}))


@pytest.mark.parametrize(
    ("word", "date_format", "expected"),
    [
        ("31.12.2025", "%d.%m.%Y", dt.date(2025, 12, 31)),
        ("20251231", "%Y%m%d", dt.date(2025, 12, 31)),
        ("12/31/25 11 PM", "%m/%d/%y %I %p", dt.datetime(2025, 12, 31, 23)),
        ("23.15", "%H.%M", dt.time(23, 15)),
        ("31.12.2025 01:30 +0200", "%d.%m.%Y %H:%M %z", dt.datetime(2025, 12, 30, 23, 30, tzinfo=dt.UTC)),
    ],
)
def test_a_date_format_is_applied(word: str, date_format: str, expected: Any) -> None:
    assert rows(f"d,n\n{word},5\n,6\n", date_format=date_format) == [{"d": expected, "n": 5}, {"d": None, "n": 6}]


def test_a_date_format_that_fits_no_column_raises_an_error() -> None:
    with pytest.raises(
        ParameterError, match=r'no column of the file fits date_format="%d\.%m\.%Y": .* \'30\.02\.2025\''
    ):
        read("d,n\n31.12.2025,5\n30.02.2025,6\n", date_format="%d.%m.%Y")
    with pytest.raises(ParameterError, match=r"no column of the file fits .*: column 'd' holds '2025-12-31'"):
        read("d,n\n2025-12-31,5\n", date_format="%d.%m.%Y")


@pytest.mark.parametrize(
    ("words", "expected", "n_notes"),
    [
        (["2024-01-01T10:00:00Z"], "timestamp[s, tz=UTC]", 0),
        (["2024-01-01T10:00:00+01:00", "2024-06-01 11:00:00+0100"], "timestamp[s, tz=+01:00]", 0),
        (["2024-01-01T10:00:00+01:00", "2024-06-01T10:00:00+02:00"], "timestamp[s, tz=UTC]", 1),
        (["2024-01-01 10:00:00.5"], "timestamp[us]", 0),
        (["2024-01-01 10:00"], "timestamp[s]", 0),
        (["9:05", "23:59:59"], "time32[s]", 0),
        (["TRUE", "False"], "bool", 0),
        (["true", "yes"], "string", 0),
        (["9007199254740993"], "int64", 0),
    ],
)
def test_types(words: list[str], expected: str, n_notes: int) -> None:
    table = read("v,w\n" + "".join(f"{word},1\n" for word in words))
    assert str(table.schema.types[0]) == expected
    assert len(reading_notes(table)) == n_notes


# Sources and options.


def test_file_objects_are_read(tmp_path: Path) -> None:
    table = pa.table({"a": [1], "b": ["x"]})
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(table, path)
    for data in (b"a,b\n1,x\n", gzip.compress(b"a,b\n1,x\n"), path.read_bytes()):
        assert rows(data) == ONE_ROW
    with path.open("rb") as file:
        assert read_table(file).to_pylist() == ONE_ROW
    with pytest.raises(DataFileError, match=r"^the file: is empty"):
        read(b"")
    with pytest.raises(
        InputError, match=r"the file is opened as text\. Open it with mode 'rb', or pass sys\.stdin\.buf"
    ):
        read_table(io.StringIO("a,b\n"))  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match=r"expected the path of a file or a file opened with mode 'rb', got builtins\.int"
    ):
        read_table(3)  # type: ignore[arg-type]


def test_error_messages_name_standard_input() -> None:
    class Stdin(io.BytesIO):
        name = "<stdin>"

    with pytest.raises(DataFileError, match=r"^standard input: has column names but no rows"):
        read_table(Stdin(b"a,b\n"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";;"}, r"separator must be one character, .* got ';;'"),
        ({"separator": ""}, "got ''"),
        ({"separator": "\n"}, "no quotation mark or line end"),
        ({"separator": "§"}, "separator must be an ASCII character"),
        ({"decimal": ";"}, r"decimal must be decimal=\"\.\" or decimal=\",\", got ';'"),
        ({"encoding": "klingon"}, r"unknown encoding, got 'klingon'"),
        ({"encoding": "base64"}, r"unknown encoding"),
        ({"date_format": "dd.mm.yyyy"}, r"date_format must be a format of Python's strptime with a year"),
        ({"date_format": "%d.%m."}, r"with a year"),
    ],
)
def test_invalid_options_raise_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        read("a,b\n1,x\n", **options)


@pytest.mark.parametrize(
    "option", [{"separator": ";"}, {"decimal": ","}, {"encoding": "cp1252"}, {"date_format": "%Y"}]
)
def test_text_options_raise_errors_for_a_parquet_file(tmp_path: Path, option: dict[str, str]) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(
        ParameterError, match=rf"^{next(iter(option))} is for text files, but .*t\.parquet stores the types"
    ):
        read_table(path, **option)  # type: ignore[arg-type]


def test_notes_are_not_stored_with_the_table(tmp_path: Path) -> None:
    table = read("# c\nv\n0012\n")
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(table, path)
    assert len(reading_notes(table)) == 2
    assert reading_notes(read_table(path)) == ()
    assert reading_notes(table.to_pandas()) == ()
    assert reading_notes(pa.table({"a": [1]})) == ()


@pytest.mark.parametrize("length", [200_000, 3_000_000])
def test_long_cells_are_read(length: int) -> None:
    assert rows("a,b\n" + "y" * length + ",1\nz,2\n")[0] == {"a": "y" * length, "b": 1}


def test_many_columns_are_read() -> None:
    table = read(";".join(f"c{i}" for i in range(2000)) + "\n" + (";".join(["1"] * 2000) + "\n") * 2)
    assert (table.num_columns, table.num_rows) == (2000, 2)
