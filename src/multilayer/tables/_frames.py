"""One interface to tables of several libraries and to two-dimensional arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from multilayer.exceptions import InputError, InputTypeError, MissingExtraError, ShapeError
from multilayer.tables._arrow import column_of, import_pyarrow, to_arrow
from multilayer.tables._names import repeated
from multilayer.tables._notes import ColumnNote, column_notes

if TYPE_CHECKING:
    import narwhals as nw


@dataclass(frozen=True)
class Columns:
    """The columns of a table or an array."""

    names: tuple[str, ...]  # x0, x1, ... if the columns have none
    has_names: bool
    n_rows: int
    frame: Any = None  # a narwhals.DataFrame; None for an array
    arrays: Mapping[str, Any] = field(default_factory=dict)  # the Arrow columns of an array
    notes: Mapping[str, ColumnNote] = field(default_factory=dict)  # of read_table, by column

    def arrow(self, name: str) -> Any:
        """Return one column as a ``pyarrow.ChunkedArray``."""
        return self.arrays[name] if self.frame is None else column_of(self.frame, name)


def columns_of(data: Any) -> Columns:
    """Return the columns of a table, lazy frame, DuckDB relation, NumPy array, or list of rows or dictionaries."""
    if sparse.issparse(data):
        raise InputTypeError(
            "Sparse data was passed, but TableEncoder needs dense data. Use X.toarray(), or pass a sparse X of numbers "
            "to the network directly."
        )
    is_frame = any(hasattr(type(data), name) for name in ("columns", "column_names"))
    if not is_frame and (isinstance(data, list | tuple) or hasattr(data, "__array__")):
        return _of_records(data) if _holds_records(data) else _of_array(data)
    data, has_names = _with_names(data)
    frame = as_frame(data)
    return Columns(tuple(frame.columns), has_names, len(frame), frame, notes=column_notes(data))


def _holds_records(data: Any) -> bool:
    return isinstance(data, list | tuple) and len(data) > 0 and all(isinstance(row, dict) for row in data)


def _of_records(rows: Any) -> Columns:
    """Return the columns of dictionaries, in the order of their first occurrence; a missing key is a gap."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"column names must be text, got {name!r} ({type(name).__name__}) as a key of a row.")
    arrays = {name: to_arrow([row.get(name) for row in rows], f"column {name!r}") for name in names}
    return Columns(names, True, len(rows), arrays=arrays)


def _with_names(data: Any) -> tuple[Any, bool]:
    """Name the columns of a pandas frame x0, x1, ... if they are numbered, as scikit-learn does."""
    if not type(data).__module__.startswith("pandas") or not hasattr(data, "set_axis"):
        return data, True
    if not len(data.columns) or any(isinstance(name, str) for name in data.columns):
        return data, True
    return data.set_axis([f"x{i}" for i in range(data.shape[1])], axis=1), False


def _of_array(data: Any) -> Columns:
    array = data if isinstance(data, np.ndarray) else _as_array(data)
    if array.dtype.names is not None:
        raise InputTypeError("structured arrays are not supported. Wrap X in pandas.DataFrame.")
    if array.ndim != 2:
        raise ShapeError(
            f"Expected 2D array, got {array.ndim}D array instead of shape {array.shape}. Reshape your data: "
            "X.reshape(-1, 1) is one column, X.reshape(1, -1) one row."
        )
    n_rows, n_columns = array.shape
    if not n_columns:
        raise ShapeError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required by TableEncoder."
        )
    if array.dtype.kind == "c":
        to_arrow(array[:, 0], "X")  # raises an error
    names = tuple(f"x{i}" for i in range(n_columns))
    arrays = {name: to_arrow(array[:, i], f"column {name!r}") for i, name in enumerate(names)}
    return Columns(names, False, n_rows, arrays=arrays)


def _as_array(data: Any) -> Any:
    """Convert rows to an array of objects, because NumPy would convert numbers to text if there is text."""
    try:
        return np.asarray(data, dtype=object if isinstance(data, list | tuple) else None)
    except ValueError as error:
        raise InputError(f"X is not a table: {error}.") from None


def as_frame(data: Any) -> nw.DataFrame[Any]:
    """Wrap a table or record batch in a narwhals frame, without a copy; collect a lazy frame or a relation."""
    try:
        import narwhals
    except ImportError:
        raise MissingExtraError("encoding tables", "narwhals", "tables") from None
    if type(data).__name__ == "RecordBatch":
        data = import_pyarrow("encoding tables").Table.from_batches([data])
    _check_columns_attribute(data)
    try:
        frame = narwhals.from_native(data)
    except TypeError:
        raise InputError(
            "expected a data frame of pandas, polars or pyarrow, a relation of DuckDB, a two-dimensional array, or a "
            f"list of rows or dictionaries, got {type(data).__module__}.{type(data).__qualname__}. Wrap it, e.g. in "
            "pandas.DataFrame."
        ) from None
    except narwhals.exceptions.DuplicateError:
        names = repeated(data.column_names if hasattr(data, "column_names") else [])
        raise InputError(_repeated_message(names)) from None
    return frame.collect() if isinstance(frame, narwhals.LazyFrame) else frame


def _check_columns_attribute(data: object) -> None:
    """Check the names of a pandas frame, which may be repeated, numbers or tuples."""
    if not type(data).__module__.startswith("pandas") or not hasattr(data, "columns"):
        return
    names = list(data.columns)
    for name in names:
        if not isinstance(name, str):
            raise InputError(
                f"column names must be text, got {name!r} ({type(name).__name__}). "
                "Rename them: frame.columns = [str(name) for name in frame.columns]"
            )
    if repeats := repeated(names):
        raise InputError(_repeated_message(repeats))


def _repeated_message(names: list[str]) -> str:
    return f"column names must differ, got more than once: {', '.join(map(repr, names))}. Rename them."
