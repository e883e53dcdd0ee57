"""Columns that only identify rows."""

from __future__ import annotations

from typing import Any

from multilayer.tables._frames import Columns, columns_of
from multilayer.tables.column_summaries import TableSummaries, summaries_of
from multilayer.tables.fitting import fit_column
from multilayer.tables.rules import Rules, Text


def row_identifiers(frame: Any, *, text: Text = "as_given") -> tuple[str, ...]:
    """Return the names of the columns that only identify the rows of a table.

    These are text columns of more than 20 values of which 95 % or more differ (names, codes, free text); columns of
    n > 20 different whole numbers without gaps in between, in any order, which number the rows; and columns of more
    than 20 whole numbers of which 95 % or more differ and whose name is or ends in "id", such as ``customer_id``,
    ``PassengerId`` or ``uuid``.

    Pass the whole table, before it is divided into training and test rows or into folds: a third of the rows numbered
    1 to 900 has gaps.  Then pass the result to :class:`TableEncoder`.

    Parameters
    ----------
    frame : pandas, polars or pyarrow table, or array
        The whole table.
    text : {"as_given", "typed"}, default="as_given"
        As in :class:`TableEncoder`: "typed" takes text that spells numbers or dates as numbers or dates.

    Returns
    -------
    tuple of str
        Column names.

    Raises
    ------
    InputError
        For infinity in a column, or a type that cannot be encoded.

    Examples
    --------
    >>> import pyarrow
    >>> from multilayer.tables import TableEncoder
    >>> table = pyarrow.table({"customer": range(1, 31), "age": [20 + i % 7 for i in range(30)]})
    >>> row_identifiers(table)
    ('customer',)
    >>> encoder = TableEncoder(identifiers=row_identifiers(table)).fit(table.take([3, 7, 15, 29]))
    >>> print(encoder.columns_[0].encoding)
    standardised: mean 14.5, deviation 9.937; it numbers the rows: drop it unless their order matters
    """
    return tuple(identifier_reasons(columns_of(frame), text=text))


def identifier_reasons(columns: Columns | TableSummaries, *, text: Text = "as_given") -> dict[str, str]:
    """Return the columns that :func:`row_identifiers` finds, and why each of them identifies rows."""
    table = summaries_of(columns) if isinstance(columns, Columns) else columns
    if not table.num_rows:
        return {}
    rules = Rules(text=text, row_numbers="drop")
    reports = (fit_column(name, table.summary(name), rules, table.note(name))[1] for name in table.column_names)
    return {report.name: report.encoding.removeprefix("dropped: ") for report in reports if report.is_identifier}
