"""Any table as an Arrow table whose rows can be divided, checked against the table of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_integer, check_seed
from multilayer.exceptions import InputError, ShapeError
from multilayer.tables._arrow import import_pyarrow, kind_of
from multilayer.tables._frames import columns_of
from multilayer.tables._identifiers import row_identifiers
from multilayer.tables._names import missing_column


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a table.

    Attributes
    ----------
    table : pyarrow.Table
        The columns; those of an array are called x0, x1, ...
    has_names : bool
        Whether the names are those of the given table.
    """

    table: Any
    has_names: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.table.column_names)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def subset(self, rows: NDArray[np.intp]) -> Rows:
        """Return some of the rows."""
        return Rows(self.take(rows), self.has_names)

    def take(self, rows: NDArray[np.intp]) -> Any:
        """Return some of the rows as an Arrow table."""
        return self.table.take(rows)


def rows_of(X: Any) -> Rows:
    """Convert a table of pandas, polars, pyarrow or another library, or an array.

    Raises
    ------
    InputError
        For anything that is not a table with at least one row.
    """
    columns = columns_of(X)
    if not columns.n_rows:
        raise InputError(
            f"Found array with 0 sample(s) (shape=(0, {len(columns.names)})) while a minimum of 1 is required."
        )
    pa = import_pyarrow("a table model")
    return Rows(pa.table({name: columns.arrow(name) for name in columns.names}), columns.has_names)


def rows_to_predict(X: Any, names: tuple[str, ...], has_names: bool, used: set[str], model: str) -> Rows:
    """Convert a table to predict, with the columns of the fit by their names, or by position in an array.

    Raises
    ------
    InputError, ShapeError
        If a column that a model uses is missing.
    """
    columns = columns_of(X)
    pa = import_pyarrow("a table model")
    if has_names and columns.has_names:
        for name in names:
            if name not in columns.names and name in used:
                raise missing_column("column", name, columns.names)
        return Rows(pa.table({name: columns.arrow(name) for name in names if name in columns.names}), True)
    if len(columns.names) != len(names):
        raise ShapeError(
            f"X has {len(columns.names)} features, but {model} is expecting {len(names)} features as input."
        )
    given = {name: columns.arrow(at) for name, at in zip(names, columns.names, strict=True)}
    return Rows(pa.table(given), has_names)


def identifiers_of(rows: Rows) -> tuple[str, ...]:
    """Return the columns that only identify rows, of the whole table; numbers are kept if no other column is left."""
    found = row_identifiers(rows.table, text="typed")
    if len(found) < len(rows.names):
        return found
    return tuple(name for name in found if kind_of(rows.table.column(name), f"column {name!r}") == "text")


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
    pa = import_pyarrow("a table model")
    columns = {}
    for name in rows.names:
        both = (rows.table.select([name]), further.select([name]))
        try:
            columns[name] = pa.concat_tables(both, promote_options="permissive").column(name)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            kinds = [str(each.schema.field(0).type) for each in both]
            raise InputError(
                f"column {name!r} holds values of type {kinds[0]} in X and of type {kinds[1]} in X_val. "
                "Convert one of them."
            ) from None
    return Rows(pa.table(columns), rows.has_names)


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
