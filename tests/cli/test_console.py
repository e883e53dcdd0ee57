"""Printed output, and the page of the report."""

from __future__ import annotations

import warnings

from multilayer import ConvergenceWarning
from multilayer.cli.console import Output
from multilayer.cli.evaluation.run import columns_table
from multilayer.cli.options import OPTION_NAMES
from multilayer.cli.output.page import Section, html_report
from multilayer.cli.text import text_table
from multilayer.engines import choice
from multilayer.exceptions import named_as_options
from multilayer.tables import ColumnReport


class TestNotes:
    def test_each_distinct_warning_is_printed_on_one_line(self, capsys):
        with Output().noting_warnings():
            for text in ("one\n  thing", "one\n  thing", "another"):
                warnings.warn(text, ConvergenceWarning, stacklevel=1)
            warnings.warn("for programmers", DeprecationWarning, stacklevel=1)
        assert capsys.readouterr().err == "note: one thing\nnote: another\n"

    def test_advice_about_the_engine_parameter_is_left_out(self, capsys, monkeypatch):
        monkeypatch.setattr(choice, "_has_warned", False)
        with Output().noting_warnings(), named_as_options(OPTION_NAMES):
            choice.warn_of_fallback("It is slow")
        assert capsys.readouterr().err.endswith("its results are equal up to rounding. It is slow.\n")


class TestOutput:
    TABLE = text_table("Title", ("name", "n"), (("a long name of something " * 5, "1"), ("[red]b[/red]", "22")), "lr")

    def test_tables_have_lines_in_a_terminal(self, monkeypatch, capsys):
        monkeypatch.setattr("multilayer.cli.console._is_terminal", lambda: True)
        monkeypatch.setenv("COLUMNS", "60")
        output = Output()
        output.table(self.TABLE)
        text = capsys.readouterr().out
        assert "─" in text
        assert "[red]b[/red]" in text

    def test_text_is_wrapped(self, capsys):
        Output().say("word " * 100)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 7
        assert max(map(len, lines)) <= 80


def test_report_escapes_html():
    table = text_table("<t>", ("<h>",), (("<c>",),), "l")
    page = html_report("<title>", ["<lead>"], [Section("<heading>", ["<p>"], [table], code="a < b")])
    for tag in (
        "<title>&lt;title&gt;</title>",
        "&lt;lead&gt;",
        "&lt;heading&gt;",
        "&lt;p&gt;",
        "&lt;t&gt;",
        "a &lt; b",
    ):
        assert tag in page
    assert "<c>" not in page


def test_own_symbols_are_ascii_without_a_terminal(capsys):
    output = Output()
    output.table(text_table("mean ± error", ("name",), (("1 ± 2",), ("±name",)), "l"))
    output.say("0.5 ± 0.1 lower")
    assert capsys.readouterr().out == "mean +- error\nname\n------\n1 +- 2\n±name\n0.5 +- 0.1 lower\n"


def test_a_title_may_be_wider_than_its_table(monkeypatch, capsys):
    monkeypatch.setattr("multilayer.cli.console._is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    Output().table(text_table("A title that is wider than what stands under it", ("n",), (("1 ± 2",),), "r"))
    assert "A title that is wider than what stands under it\n" in capsys.readouterr().out


def test_long_tables_of_columns_keep_dropped_columns():
    reports = [ColumnReport(f"c{i}", "number", "standardised", 0, 1) for i in range(99)]
    reports[70] = ColumnReport("id", "text", "left out: 99 of 99 values differ", 3, 0)
    rows = columns_table(reports, most=30).rows
    assert len(rows) == 31
    assert rows[29] == ("id", "text", "3", "-", "left out: 99 of 99 values differ")
    assert rows[30][0] == "... 69 more columns"
    reports[25] = ColumnReport("text", "text", "left out: every cell is a gap", 99, 0)
    assert [row[0] for row in columns_table(reports, most=30).rows[24:]] == [
        *("c24", "text", "c26", "c27", "c28"),
        "id",
        rows[30][0],
    ]
    assert len(columns_table(reports, most=200).rows) == 99
