"""The numbers and dates that a column of text spells, for columns of any library."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from multilayer.tables._amounts import AmountForm
from multilayer.tables._column_data import ColumnData
from multilayer.tables._notes import ColumnNote
from multilayer.tables._spellings import FEW_VALUES
from multilayer.tables._stray import Conversion, chosen_conversion, stray_cells


def spelled_cells(column: ColumnData, kind: str, form: AmountForm | None = None) -> ColumnData:
    """Convert a column of text to numbers, or to dates if ``kind`` is "date"; other cells become gaps.

    Each cell is converted independently of the others.  ``form`` is that of numbers with marks or units.
    """
    if form is not None:
        return ColumnData.of_numbers(np.append(column.words.amounts(form), np.nan)[column.values])
    if kind != "date":
        return ColumnData.of_numbers(np.append(column.words.numbers, np.nan)[column.values])
    ticks, spelled = column.words.moments
    gaps = ~np.append(spelled, False)[column.values]
    return ColumnData.of_ticks("date", np.append(ticks, 0)[column.values], gaps, "us")


def spelled_column(column: ColumnData, *, typed: bool) -> tuple[ColumnData | None, ColumnNote]:
    """Convert a column of text of numbers with a few other cells; None for other columns.

    With ``typed``, also text of numbers only, and text of dates with at most a few other cells.  See
    :func:`chosen_conversion` for the rule.
    """
    chosen, note = chosen_conversion(
        _conversions(column, typed), len(column) - column.n_gaps, lambda rows: column.take(rows).to_pylist(),
        complete=typed,
    )  # fmt: skip
    return (None if chosen is None else chosen.converted), note


def stray_words(column: ColumnData) -> str:
    """Describe the cells that are not numbers in a text column of mostly numbers; empty for other columns."""
    n_values = len(column) - column.n_gaps
    found = _conversion(column, "number")
    n_numbers = n_values - int(found.stray.sum())
    if n_numbers == n_values or 2 * n_numbers < n_values or found.n_different <= FEW_VALUES:
        return ""
    return stray_cells(found, n_values, lambda rows: column.take(rows).to_pylist())


def _conversion(column: ColumnData, kind: str) -> Conversion:
    converted = spelled_cells(column, kind)
    return Conversion(f"{kind}s", kind, ~column.gaps & converted.gaps, converted.n_different(), converted)


def _conversions(column: ColumnData, with_dates: bool) -> Iterator[Conversion]:
    codes = np.append(column.words.are_codes, False)[column.values]
    if not codes.any():
        yield _conversion(column, "number")
    if with_dates:
        dates = _conversion(column, "date")
        if 2 * (len(column) - dates.converted.n_gaps) > len(column) - column.n_gaps:
            yield dates
