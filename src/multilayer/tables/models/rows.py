"""Any table as an Arrow table whose rows can be divided, checked against the table of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from multilayer._checks import check_integer, check_seed
from multilayer.exceptions import InputError, ShapeError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._frames import columns_of
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


def rows_to_predict(X: Any, names: tuple[str, ...], has_names: bool, used: set[str]) -> Rows:
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
            f"X has {len(columns.names)} features, but this model is expecting {len(names)} features as input."
        )
    given = {name: columns.arrow(at) for name, at in zip(names, columns.names, strict=True)}
    return Rows(pa.table(given), has_names)


def chosen_rows(m: int, max_rows: int | None, random_state: Any) -> NDArray[np.intp]:
    """Return the numbers of all rows, or of ``max_rows`` random ones, in ascending order."""
    if max_rows is None:
        return np.arange(m)
    check_integer("max_rows", max_rows, 1)
    rng = check_random_state(check_seed("random_state", random_state))
    return np.arange(m) if m <= max_rows else np.sort(rng.choice(m, max_rows, replace=False))
