"""The table that every result prints: as text, with rich, in HTML and as a frame."""

from __future__ import annotations

import io
import math
import sys

import pytest
from rich.console import Console

from multilayer.exceptions import DivergenceError, MissingExtraError
from multilayer.results import Column, Table, failure_notes, listing, plus_minus

TABLE = Table(
    (Column("model", align="left"), Column("score"), Column("weights", ",", width=9)),
    [("linear", (0.5, 0.01), 10), ("[b]<x>[/b]", "failed", None), ("mean", (0.75, math.nan), 12345.0)],
    title="Models & scores",
    notes=["A note.", "one\n  " + "two " * 40],
    n_summary_rows=1,
)


def test_text_has_columns_of_equal_width_a_title_and_wrapped_notes() -> None:
    lines = str(TABLE).splitlines()
    assert lines[:7] == [
        "Models & scores",
        "",
        "model               score    weights",
        "linear      0.500 ± 0.010         10",
        "[b]<x>[/b]         failed",
        "------------------------------------",
        "mean                 0.75   12,345.0",
    ]
    assert lines[7:10] == ["", "A note.", "one"]
    assert all(line.startswith("  two") and len(line) <= 100 for line in lines[10:])
    assert len(lines) == 12


def test_rich_shows_the_same_cells_without_interpreting_markup() -> None:
    console = Console(width=120, file=io.StringIO())
    console.print(TABLE)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for cell in ("Models & scores", "0.500 ± 0.010", "[b]<x>[/b]", "failed", "12,345.0", "A note."):
        assert cell in printed


def test_html_is_escaped_and_aligned() -> None:
    written = TABLE._repr_html_()
    assert written.startswith("<table><caption>Models &amp; scores</caption>")
    assert '<td style="text-align: left">[b]&lt;x&gt;[/b]</td>' in written
    assert '<td style="text-align: right">0.500 ± 0.010</td>' in written
    assert written.count("<tr>") == 4
    assert "<p>A note.</p>" in written


def test_frame_contains_the_values() -> None:
    frame = TABLE.to_frame()
    assert list(frame.columns) == ["model", "score", "weights"]
    assert frame["score"][0] == (0.5, 0.01)
    assert frame["weights"][2] == 12345.0


def test_a_frame_without_pandas_raises_an_error_that_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r'pip install "multilayer\[frames\]"'):
        TABLE.to_frame()


def test_a_table_without_rows_prints_its_header() -> None:
    assert str(Table((Column("a"), Column("b")), [])) == "a  b"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.951234, 0.0432, "0.951 ± 0.043"),
        (0.951234, 0.0, "0.9512"),
        (-123.4, 25.0, "-123 ± 25"),
        (1.0, 1e-12, "1 ± 1e-12"),
        (2.5e7, 1e6, "2.5e+07 ± 1e+06"),
        (math.nan, 0.1, "none"),
    ],
)
def test_numbers_have_the_digits_that_the_error_justifies(value: float, error: float, text: str) -> None:
    assert plus_minus(value, error) == text


def test_listing_joins_words() -> None:
    assert [listing(list("abc"[:n])) for n in (1, 2, 3)] == ["a", "a and b", "a, b and c"]


def test_failures_are_counted_and_each_kind_is_printed_once() -> None:
    failures = {i: DivergenceError("the cost became inf") for i in range(5)}
    assert failure_notes(failures, 9) == [
        "5 of 9 fits failed:",
        "DivergenceError: the cost became inf",
    ]
    assert failure_notes({}, 9) == []
    assert len(failure_notes({i: ValueError(f"{i}") for i in range(9)}, 9)) == 4
