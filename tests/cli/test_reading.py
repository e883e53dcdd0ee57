"""Reading of tables, and file names."""

from __future__ import annotations

import html
import os
import sys
from pathlib import Path

import pytest

from multilayer.cli.console import Output
from multilayer.cli.text import shell_line

from .conftest import SMALL, lines_of_people, write


class TestReading:
    def test_options_for_reading_are_applied_and_reported(self, run, tmp_path, monkeypatch):
        lines = ["tag;größe;y", *(f"{1 + i % 28:02}.0{1 + i % 9}.2024;{i % 17},5;{'ab'[i % 2]}" for i in range(60))]
        path = tmp_path / "t.csv"
        path.write_bytes("\n".join(lines).encode("latin-1"))
        options = ("--separator", ";", "--decimal", ",", "--encoding", "latin-1", "--date-format", "%d.%m.%Y")
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        out = ("--out", tmp_path / "out")
        result = run("train", path, "--target", "y", "--hidden", "4", "--epochs", "1", *options, *out)
        assert result.exit_code == 0
        page = (tmp_path / "out" / "report.html").read_text("utf-8")
        assert "größe" in page
        for text in ("separator=&#x27;;&#x27;", "decimal=&#x27;,&#x27;", "date_format=&#x27;%d.%m.%Y&#x27;"):
            assert text in page

    def test_standard_input_is_read(self, people):
        from click.testing import CliRunner

        from multilayer.cli import main

        result = CliRunner().invoke(main, ["train", "-", *SMALL], input=people.read_bytes())
        assert result.exit_code == 0
        assert "standard input: 80 rows, 3 columns and the target." in result.output
        piped = CliRunner().invoke(main, ["train", "-", *SMALL], input=b"")
        assert "is empty. Column names and rows are needed." in piped.output

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (("--separator", "ab"), "multilayer: --separator must"),
            (("--encoding", "klingon"), "multilayer: unknown --encoding"),
            (("--decimal", ":"), "multilayer: --decimal must"),
            (("--date-format", "day"), "multilayer: --date-format"),
        ],
    )
    def test_invalid_reading_options_are_one_line_errors(self, run, people, options, text):
        result = run("train", people, *SMALL, *options)
        assert result.exit_code == 2
        assert result.stderr.startswith(text)
        assert result.stderr.count("\n") == 1

    def test_reading_notes_are_printed_and_in_the_report(self, run, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        head, *rows = lines_of_people()
        cells = [f"{row},{i:05}" for i, row in enumerate(rows)]
        cells[11] = cells[11].replace(cells[11].split(",")[1], "n/a!", 1)
        path = write(tmp_path / "t.csv", ["# exported", f"{head},code", *cells])
        result = run("train", path, *SMALL, "--out", tmp_path / "out")
        page = (tmp_path / "out" / "report.html").read_text("utf-8")
        notes = [line.removeprefix("note: ") for line in result.stderr.splitlines()]
        for words in (("1 line above", "# exported"), ("income", "n/a!"), ("code", "text")):
            assert [note for note in notes if all(word in note for word in words)], words
        assert all(note in html.unescape(page) for note in notes)
        assert html.unescape(page).count("# exported") == 1
        assert "# exported" not in result.stdout

    def test_an_identifier_column_is_reported(self, run, tmp_path):
        head, *rows = lines_of_people()
        path = write(tmp_path / "t.csv", [f"no,{head}", *(f"{i},{row}" for i, row in enumerate(rows, start=1))])
        said = " ".join(run("train", path, *SMALL).stdout.split())
        assert "it numbers the rows" in said


class TestNames:
    def test_file_names_that_are_not_utf_8_are_supported(self, run, tmp_path, monkeypatch):
        try:
            path = write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/t\xff.csv")), lines_of_people())
        except (OSError, UnicodeDecodeError):
            pytest.skip("the file system takes names in UTF-8 alone")
        out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xff"))
        monkeypatch.setitem(sys.modules, "matplotlib", None)  # plots contain no file names
        result = run("train", path, *SMALL, "--out", out)
        assert result.exit_code == 0
        page = (out / "report.html").read_text("utf-8")
        assert "read_table(&#x27;" in page
        assert "t\\udcff.csv" in page  # Python reads it back in this form
        missing = run("train", path.with_name("no\udcff.csv"), *SMALL)
        assert (missing.exit_code, missing.stderr.count("\n")) == (2, 1)

    def test_words_are_quoted_for_a_shell(self):
        assert shell_line(["a b", "c", "it's \udcff\n"]) == "'a b' c $'it\\x27s \\xff\\x0a'"

    def test_text_is_printed_in_a_terminal_of_one_column(self, monkeypatch, capsys):
        monkeypatch.setattr("multilayer.cli.console._is_terminal", lambda: True)
        for columns in ("0", "1"):
            monkeypatch.setenv("COLUMNS", columns)
            Output().say("one two")
        assert capsys.readouterr().out.split() == ["one", "two"] * 2
