"""The cells of a table of one row, without the conversion of its columns to arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Cells = Sequence[Any]

# Columns of these types have cells that lists of rows may have, too.
_OF_POLARS = frozenset(
    {"String", "Categorical", "Enum", "Boolean", "Null", "Float32", "Float64"}
    | {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
)
_OF_ARROW = frozenset(
    {"string", "large_string", "string_view", "bool", "null", "float", "double"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


class RowReader:
    """Reads the cells of some columns from tables of one row.

    Parameters
    ----------
    fitted : sequence of str
        The names of the columns of the fit, in their order.
    has_names : bool
        Whether columns are found by their names; else by their positions.
    used : sequence of str
        The columns to read.
    """

    def __init__(self, fitted: Sequence[str], has_names: bool, used: Sequence[str]) -> None:
        self._n_fitted, self._has_names, self._used = len(fitted), has_names, tuple(used)
        self._positions = [list(fitted).index(name) for name in used]
        self._seen: tuple[Any, list[int]] = None, []  # the columns of the last frame, and the positions in them

    def cells(self, X: Any) -> Cells | None:
        """Return the cells, or None for more rows and for tables that are not read here."""
        if type(X) is np.ndarray:
            is_read = X.shape == (1, self._n_fitted) and X.dtype.kind in "biufO" and X.dtype.itemsize <= 8
            return self._at(X[0].tolist(), self._positions) if is_read else None
        if type(X) is list:
            return self._of_list(X)
        read = _READERS.get((type(X).__module__.partition(".")[0], type(X).__name__))
        return None if read is None or not self._has_names else read(self, X)

    def _of_list(self, rows: list[Any]) -> Cells | None:
        if len(rows) != 1:
            return None
        row = rows[0]
        if type(row) is dict:
            names = self._used
            is_read = self._has_names and all(map(row.__contains__, names)) and all(type(name) is str for name in row)
            return [row[name] for name in names] if is_read else None
        return self._at(row, self._positions) if type(row) is list and len(row) == self._n_fitted else None

    def _of_pandas(self, frame: Any) -> Cells | None:
        if len(frame) != 1:
            return None
        kinds = {dtype.kind if isinstance(dtype, np.dtype) else type(dtype).__name__ for dtype in frame.dtypes}
        if kinds <= set("iuf"):
            row = frame.to_numpy()[0]
        elif kinds <= {*"biufO", "StringDtype"}:
            row = frame.iloc[0]
        else:
            return None
        return self._named(row.tolist(), frame.columns, lambda one, other: bool(one.equals(other)))

    def _of_polars(self, frame: Any) -> Cells | None:
        if len(frame) != 1 or not all(str(dtype.base_type()) in _OF_POLARS for dtype in frame.dtypes):
            return None
        return self._named(frame.row(0), frame.columns)

    def _of_arrow(self, table: Any) -> Cells | None:
        if table.num_rows != 1 or not all(str(kind) in _OF_ARROW for kind in table.schema.types):
            return None
        return self._named([column[0].as_py() for column in table.columns], table.column_names)

    def _named(self, row: Cells, names: Any, are_equal: Callable[[Any, Any], bool] = list.__eq__) -> Cells | None:
        """Return the cells of a row of named columns."""
        seen, positions = self._seen  # one assignment, because threads may predict at the same time
        if type(seen) is not type(names) or not are_equal(names, seen):
            listed = list(names)
            if len(set(listed)) < len(listed) or not set(self._used) <= set(listed):
                return None
            if not all(type(name) is str for name in listed):
                return None
            positions = [listed.index(name) for name in self._used]
            self._seen = names, positions
        return self._at(row, positions)

    def _at(self, row: Cells, positions: list[int]) -> Cells:
        return [row[i] for i in positions]


_READERS: dict[tuple[str, str], Callable[[RowReader, Any], Cells | None]] = {
    ("pandas", "DataFrame"): RowReader._of_pandas,
    ("polars", "DataFrame"): RowReader._of_polars,
    ("pyarrow", "Table"): RowReader._of_arrow,
}
