"""Any table as columns whose rows can be divided, checked against the table of the fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_integer, check_seed
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.tables._column_data import PLURAL, joined
from multilayer.tables._frames import Columns, columns_of
from multilayer.tables._identifiers import identifier_reasons
from multilayer.tables._names import missing_column

NAMED = "named in identifiers"
"""The reason for which a column is dropped that the user names."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a table.

    Attributes
    ----------
    table : Columns
        The columns; those of an array are called x0, x1, ...
    has_names : bool
        Whether the names are those of the given table.
    """

    table: Columns
    has_names: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return self.table.column_names

    def __len__(self) -> int:
        return self.table.num_rows

    def subset(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows."""
        return Rows(self.take(rows), self.has_names)

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Return some of the rows as a table for an encoder."""
        return self.table.take(rows)


def rows_of(X: Any) -> Rows:
    """Convert a table of pandas, polars, pyarrow or another library, or an array.

    Raises
    ------
    InputError
        For anything that is not a table with at least one row.
    """
    columns = columns_of(X)
    if not columns.num_rows:
        raise InputError(
            f"Found array with 0 sample(s) (shape=(0, {len(columns.column_names)})) while a minimum of 1 is required."
        )
    return Rows(_named(columns, columns.column_names), columns.has_names)


def _named(columns: Columns, names: Sequence[str]) -> Columns:
    """Return the columns with names, which those of an array do not have."""
    return columns.renamed(dict(zip(names, columns.column_names, strict=True)))


def rows_to_predict(X: Any, names: tuple[str, ...], has_names: bool, used: set[str], model: str) -> Rows:
    """Convert a table to predict, with the columns of the fit by their names, or by position in an array.

    Raises
    ------
    InputError, ShapeError
        If a column that a model uses is missing.
    """
    columns = columns_of(X)
    given = columns.column_names
    if has_names and columns.has_names:
        for name in names:
            if name not in given and name in used:
                raise missing_column("column", name, given)
        return Rows(columns.renamed({name: name for name in names if name in given}), True)
    if len(given) != len(names):
        raise ShapeError(f"X has {len(given)} features, but {model} is expecting {len(names)} features as input.")
    return Rows(_named(columns, names), has_names)


def identifiers_of(
    rows: Rows,
    named: Collection[str] = (),
    n_fitted: int | None = None,
    reasons: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the columns that only identify rows, and why: those that are named, and those found in all rows.

    They are found once, not in each fold: a third of the rows numbered 1 to 900 has gaps.  Numbers are kept if no other
    column is left.

    Parameters
    ----------
    rows : Rows
        All rows of the fit.
    named : collection of str
        The columns that the user names.
    n_fitted : int, optional
        The number of the first rows that are those of X, if rows of X_val follow, which may be numbered from 1 again.
    reasons : mapping of str to str, optional
        The columns that identify rows of a table of which these rows are a part, and why.

    Returns
    -------
    dict of str to str
        The reasons by column.

    Raises
    ------
    InputError
        If a column does not exist.
    """
    for name in named:
        if name not in rows.names:
            raise missing_column("identifier column", name, rows.names)
    parts = [len(rows)] if n_fitted in (None, len(rows)) else [len(rows), n_fitted]
    found = dict(reasons or {})
    for m in parts if reasons is None else ():
        part = rows.table if m == len(rows) else rows.take(np.arange(m))
        for name, reason in identifier_reasons(part, text="typed").items():
            found.setdefault(name, f"{reason}; decided on all {m:,} rows, for all folds")
    if len({*found, *named}) == len(rows.names):
        found = {name: reason for name, reason in found.items() if rows.table.column(name).kind == "text"}
    return found | dict.fromkeys(named, NAMED)


def checked_identifiers(identifiers: Any) -> tuple[str, ...]:
    """Return the names of columns, or raise a ParameterError."""
    if isinstance(identifiers, str) or not isinstance(identifiers, Collection):
        raise ParameterError(
            f"identifiers must be a list of column names, got {identifiers!r}. Use () if no column is an identifier."
        )
    for name in identifiers:
        if not isinstance(name, str):
            raise ParameterError(
                f"identifiers must be column names, got {name!r} ({type(name).__name__}). The columns of an array are "
                "called 'x0', 'x1', ..."
            )
    return tuple(identifiers)


def with_further_rows(rows: Rows, X: Any) -> Rows:
    """Append the rows of another table, ``X_val``, whose columns are found by their names.

    Raises
    ------
    InputError, ShapeError
        If a column is missing, or has values of another kind.
    """
    further = rows_to_predict(X, rows.names, rows.has_names, set(rows.names), "X").table
    if not further.num_rows:
        raise InputError("X_val has no rows. Pass at least one, or neither X_val nor y_val.")
    columns = {}
    for name in rows.names:
        one, other = rows.table.column(name), further.column(name)
        both = joined(one, other)
        if both is None:
            raise InputError(
                f"column {name!r} holds {PLURAL[one.kind]} in X and {PLURAL[other.kind]} in X_val. Convert one of them."
            )
        columns[name] = both
    return Rows(rows.table.replaced(columns.__getitem__, len(rows) + further.num_rows), rows.has_names)


def check_finite(y: Any, name: str) -> None:
    """Raise an InputError for NaN or infinity in an array of numbers; gaps among objects are found later."""
    values = np.asarray(y) if hasattr(y, "__array__") else None
    if values is None or values.dtype.kind != "f" or not values.ndim:
        return
    gaps = np.isnan(values.reshape(len(values), -1)).any(axis=1)
    if gaps.any():
        raise InputError(
            f"Input {name} contains NaN: {gaps.sum()} of {len(gaps)} rows have a gap in {name}, the first one is row "
            f"{int(gaps.argmax())}. Remove these rows from X and y: a row without a target cannot be used."
        )
    if np.isinf(values).any():
        raise InputError(
            f"Input {name} contains infinity or a value too large for {values.dtype!r}. Remove these rows from X and y."
        )


def chosen_rows(m: int, max_rows: int | None, random_state: Any) -> NDArray[np.intp]:
    """Return the numbers of all rows, or of ``max_rows`` random ones, in ascending order."""
    if max_rows is None:
        return np.arange(m)
    check_integer("max_rows", max_rows, 1)
    rng = check_random_state(check_seed("random_state", random_state))
    return np.arange(m) if m <= max_rows else np.sort(rng.choice(m, max_rows, replace=False))
