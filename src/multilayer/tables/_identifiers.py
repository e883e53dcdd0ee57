"""Which columns only tell rows apart."""

from __future__ import annotations

from typing import Any

from multilayer.exceptions import ParameterError
from multilayer.tables._frames import columns_of
from multilayer.tables._notes import ColumnNote
from multilayer.tables.fitting import Identifiers, Rules, fit_column


def row_identifiers(frame: Any) -> tuple[str, ...]:
    """The names of the columns of a table that only tell its rows apart.

    These are text of more than 20 values of which 95 % or more differ (names, codes, free text), and whole numbers that
    number the rows: n different ones from the least to the largest of n, in whatever order, n > 20.

    Some of the rows tell this less well than all of them: a third of the rows numbered 1 to 900 is numbered with gaps.
    Judge the whole table, before it is divided into training and test rows or into folds, and pass the result to
    :class:`TableEncoder`.

    Parameters
    ----------
    frame : pandas, polars or pyarrow table, or array

    Raises
    ------
    InputError
        Infinity in a column, or a type that cannot be encoded.

    Examples
    --------
    >>> import pyarrow
    >>> from multilayer.tables import TableEncoder
    >>> table = pyarrow.table({"customer": range(1, 31), "age": [20 + i % 7 for i in range(30)]})
    >>> row_identifiers(table)
    ('customer',)
    >>> encoder = TableEncoder(identifiers=row_identifiers(table)).fit(table.take([3, 7, 15, 29]))
    >>> print(encoder.columns_[0].encoding)
    standardised: mean 14.5, deviation 9.937; it numbers the rows: leave it out unless their order matters
    """
    columns = columns_of(frame)
    if not columns.n_rows:
        return ()
    rules = Rules()
    return tuple(
        name
        for name in columns.names
        if fit_column(name, columns.arrow(name), rules, columns.notes.get(name, ColumnNote()))[1].is_identifier
    )


def checked_identifiers(identifiers: Any) -> Identifiers:
    """The value itself, if it is "auto" or names.

    Raises
    ------
    ParameterError
        For anything else.
    """
    if isinstance(identifiers, str):
        if identifiers == "auto":
            return "auto"
    elif isinstance(identifiers, list | tuple | set | frozenset) and all(isinstance(n, str) for n in identifiers):
        return identifiers
    raise ParameterError(
        f'identifiers must be "auto" or the names of columns, as row_identifiers finds them, got {identifiers!r}.'
    )
