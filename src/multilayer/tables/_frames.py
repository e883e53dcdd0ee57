"""One interface to tables of several libraries and to two-dimensional arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multilayer.exceptions import InputError, InputTypeError, MissingExtraError, ShapeError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._column_data import ColumnData
from multilayer.tables._inference import complex_numbers
from multilayer.tables._names import repeated
from multilayer.tables._notes import ColumnNote, column_notes, file_notes
from multilayer.tables._series import column_data

if TYPE_CHECKING:
    import narwhals as nw


class Columns:
    """The columns of a table or an array, converted when they are first used; its methods are those of pyarrow.Table.

    Parameters
    ----------
    names : sequence of str
        The names of the columns; x0, x1, ... if they have none.
    n_rows : int
        The number of rows.
    source : callable
        From the name of a column to its data.
    has_names : bool
        Whether the columns have names.
    notes : mapping
        The notes of ``read_table``, by column.
    file_notes : sequence of str
        The notes of ``read_table`` on the file.
    """

    def __init__(
        self,
        names: Sequence[str],
        n_rows: int,
        source: Callable[[str], ColumnData],
        *,
        has_names: bool = True,
        notes: Mapping[str, ColumnNote] | None = None,
        file_notes: Sequence[str] = (),
    ) -> None:
        self.column_names, self.num_rows, self.has_names = tuple(names), n_rows, has_names
        self.notes: Mapping[str, ColumnNote] = notes or {}
        self.file_notes = tuple(file_notes)
        self._source = source
        self._converted: dict[str, ColumnData] = {}

    def column(self, name: str) -> ColumnData:
        """Return one column.

        Raises
        ------
        InputError
            For values of a type that cannot be encoded, or of no type in common.
        """
        if name not in self._converted:
            self._converted[name] = self._source(name)
        return self._converted[name]

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Return some of the rows."""
        return self.replaced(lambda name: self.column(name).take(rows), n_rows=len(rows))

    def set_column(self, place: int, name: str, column: ColumnData) -> Columns:
        """Replace the column at a position."""
        if self.column_names[place] != name:
            raise ValueError(name)
        return self.replaced(lambda other: column if other == name else self.column(other))

    def renamed(self, names: Mapping[str, str]) -> Columns:
        """Return the columns ``names.values()``, named as the keys."""
        notes = {name: self.notes[given] for name, given in names.items() if given in self.notes}
        return Columns(
            tuple(names), self.num_rows, lambda name: self.column(names[name]), notes=notes, file_notes=self.file_notes
        )

    def to_pylist(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        columns = [self.column(name).to_pylist() for name in self.column_names]
        return [dict(zip(self.column_names, row, strict=True)) for row in zip(*columns, strict=True)]

    def replaced(self, source: Callable[[str], ColumnData], n_rows: int | None = None) -> Columns:
        """Return columns of other data with these names and notes."""
        n_rows = self.num_rows if n_rows is None else n_rows
        return Columns(
            self.column_names,
            n_rows,
            source,
            has_names=self.has_names,
            notes=self.notes,
            file_notes=self.file_notes,
        )


def columns_of(data: Any) -> Columns:
    """Return the columns of a table, lazy frame, DuckDB relation, NumPy array, or list of rows or dictionaries.

    Raises
    ------
    InputError
        For anything else, and for repeated names.
    """
    if isinstance(data, Columns):
        return data
    if sparse.issparse(data):
        raise InputTypeError(
            "Sparse data was passed, but TableEncoder needs dense data. Use X.toarray(), or pass a sparse X of numbers "
            "to the network directly."
        )
    if isinstance(data, dict):
        raise InputTypeError("expected a table, got a dictionary. If it is one row, pass [row].")
    is_frame = any(hasattr(type(data), name) for name in ("columns", "column_names"))
    if not is_frame and (isinstance(data, list | tuple) or hasattr(data, "__array__")):
        return _of_records(data) if _holds_records(data) else _of_array(data)
    data, has_names = _with_names(data)
    frame = as_frame(data)

    def source(name: str) -> ColumnData:
        return column_data(frame.get_column(name), f"column {name!r}")

    return Columns(
        frame.columns,
        len(frame),
        source,
        has_names=has_names,
        notes=column_notes(data),
        file_notes=file_notes(data),
    )


def _holds_records(data: Any) -> bool:
    return isinstance(data, list | tuple) and len(data) > 0 and all(isinstance(row, dict) for row in data)


def _of_records(rows: Any) -> Columns:
    """Return the columns of dictionaries, in the order of their first occurrence; a missing key is a gap."""
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"column names must be text, got {name!r} ({type(name).__name__}) as a key of a row.")
    return Columns(names, len(rows), lambda name: column_data([row.get(name) for row in rows], f"column {name!r}"))


def _with_names(data: Any) -> tuple[Any, bool]:
    """Name the columns of a pandas frame x0, x1, ... if they are numbered, as scikit-learn does."""
    if not type(data).__module__.startswith("pandas") or not hasattr(data, "set_axis"):
        return data, True
    if not len(data.columns) or any(isinstance(name, str) for name in data.columns):
        return data, True
    return data.set_axis([f"x{i}" for i in range(data.shape[1])], axis=1), False


def _of_array(data: Any) -> Columns:
    array = data if isinstance(data, np.ndarray) else _as_array(data)
    if array.ndim == 1 and array.dtype == object:
        _check_lengths(array.tolist())
    if array.dtype.names is not None:
        raise InputTypeError("structured arrays are not supported. Wrap X in pandas.DataFrame.")
    if array.ndim != 2:
        advice = "X.reshape(-1, 1) is one column, X.reshape(1, -1) one row"
        if type(data).__name__ == "Series":
            advice = "frame.iloc[[i]] is one row"
        raise ShapeError(
            f"Expected 2D array, got {array.ndim}D array instead, of shape {array.shape}. Reshape your data: {advice}."
        )
    n_rows, n_columns = array.shape
    if not n_columns:
        raise ShapeError(
            f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required by TableEncoder."
        )
    if array.dtype.kind == "c":
        raise complex_numbers("X")
    places = {f"x{i}": i for i in range(n_columns)}
    return Columns(
        tuple(places), n_rows, lambda name: column_data(array[:, places[name]], f"column {name!r}"), has_names=False
    )


def _check_lengths(rows: list[Any]) -> None:
    """Raise a ShapeError if rows have different lengths."""
    lengths = [len(row) for row in rows if isinstance(row, list | tuple | np.ndarray)]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if len(lengths) == len(rows) and odd is not None:
        raise ShapeError(
            f"X is not a table: its first row has {lengths[0]} cells, data row {odd + 1} has {lengths[odd]}. Pass rows "
            "of equal length, with None for gaps."
        )


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
            f"list of rows or dictionaries, got {type(data).__module__}.{type(data).__qualname__}. {_advice(data)}"
        ) from None
    except narwhals.exceptions.DuplicateError:
        names = repeated(data.column_names if hasattr(data, "column_names") else [])
        raise InputError(_repeated_message(names)) from None
    return _collected(frame) if isinstance(frame, narwhals.LazyFrame) else frame


def _advice(data: Any) -> str:
    """Return how something that is not a table becomes one."""
    if isinstance(data, str | os.PathLike):
        return "Read the file by multilayer.tables.read_table, or in parts by read_batches."
    if hasattr(data, "to_batches"):
        return "Pass its rows: to_table(), or each batch of to_batches()."
    if hasattr(data, "blocks"):  # a result of open_stream
        return "Only fit reads it. Read the file in parts by multilayer.tables.read_batches."
    return "Wrap it, e.g. in pandas.DataFrame."


def _collected(frame: Any) -> Any:
    """Collect a lazy frame in its library, or a relation of a database by a library that is installed."""
    try:
        return frame.collect()
    except ModuleNotFoundError:  # pyarrow, which narwhals takes for relations
        return frame.collect("pandas")


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
