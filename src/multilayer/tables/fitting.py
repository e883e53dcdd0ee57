"""Fitting of the columns of a table: the choice of their encodings, and their parameters.

Rules
-----
* A gap becomes the mean (robust: median) of numbers and the share of True of Booleans; in text no category is set.  If
  the fitting rows have gaps, a column of 0 and 1 marks them.
* A column with one value, except for rounding, is dropped; if it also has gaps, the column of 0 and 1 stays.
* Text of more than ``max_categories`` categories keeps the ``max_categories - 1`` most frequent ones (ties in
  alphabetical order), and the others share the column "other"; or it becomes means of the target.
* Text that only identifies rows is dropped, because with one category for nearly every row a network memorises the
  rows.  Whole numbers that number the rows, or are named as an identifier, are kept by default, with a note, because
  they may count years.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from multilayer.tables._notes import ColumnNote
from multilayer.tables._response import Response
from multilayer.tables._spelled import spelled_cells
from multilayer.tables.column_summaries import (
    ColumnSummary,
    NumbersInMemory,
    NumberSummary,
    TableSummaries,
    TextSummary,
)
from multilayer.tables.encodings import Encoding, NumberEncoding
from multilayer.tables.number_fitting import fit_numbers
from multilayer.tables.piecewise import is_piecewise, most_parts, with_parts
from multilayer.tables.reports import ColumnReport
from multilayer.tables.rules import Rules
from multilayer.tables.text_fitting import fit_text


def fit_columns(
    table: TableSummaries, rules: Rules, response: Response | None
) -> list[tuple[Encoding | None, ColumnReport]]:
    """Fit the encodings of all columns of a table of at least one row; see :func:`fit_column`.

    ``response`` is the target of the rows in memory, if the rules need it.
    """
    fitted = [fit_column(name, table.summary(name), rules, table.note(name), response) for name in table.column_names]
    if rules.piecewise is None:
        return fitted
    classes = response is not None and response.task == "classification"
    most = most_parts(sum(is_piecewise(encoding) for encoding, _ in fitted), classes=classes)
    by_tree = response if rules.piecewise == "tree" else None
    return [
        with_parts(encoding, report, _numbers(encoding, table.summary(report.name)), most, by_tree)
        if isinstance(encoding, NumberEncoding) and is_piecewise(encoding)
        else (encoding, report)
        for encoding, report in fitted
    ]


def _numbers(encoding: NumberEncoding, summary: ColumnSummary) -> NumberSummary:
    """Return the summary of the numbers of a column, or of those that its text spells."""
    if summary.kind != "text":
        return cast(NumberSummary, summary)
    return NumbersInMemory(encoding.name, spelled_cells(summary.cells, encoding.kind, encoding.form))


def fit_column(
    name: str, summary: ColumnSummary, rules: Rules, note: ColumnNote, response: Response | None = None
) -> tuple[Encoding | None, ColumnReport]:
    """Fit the encoding of one column of at least one row.

    Returns
    -------
    encoding : Encoding or None
        None for a dropped column.
    report : ColumnReport
        The description of the encoding.
    """
    if reason := rules.reason_to_drop(name):
        report = ColumnReport(name, summary.kind, f"dropped: {reason}", summary.n_gaps, 0, is_identifier=True)
        return None, report
    if summary.kind == "text":
        encoding, report = fit_text(name, cast(TextSummary, summary), rules, note, response)
    else:
        encoding, report = fit_numbers(name, cast(NumberSummary, summary), rules)
    if note.text and not (isinstance(encoding, NumberEncoding) and encoding.form):  # which is read after all
        report = replace(report, encoding=f"{report.encoding}; {note.text}")
    return encoding, report
