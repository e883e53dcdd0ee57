"""Columns of any data frame or array as Arrow columns, and Arrow columns as NumPy arrays.

pandas, polars and pyarrow all convert a column to Arrow, mostly without a copy, so that the rest of the package needs
one implementation only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, InputTypeError, MissingExtraError

if TYPE_CHECKING:
    import narwhals as nw

Kind = Literal["number", "Boolean", "text", "date", "time", "duration", "empty"]
"""The kind of a column's values.  ``empty`` is a column without values, whose type is unknown."""

PLURAL: dict[Kind, str] = {
    "number": "numbers",
    "Boolean": "Booleans",
    "text": "text",
    "date": "dates",
    "time": "times of day",
    "duration": "durations",
    "empty": "only gaps",
}

_TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def import_pyarrow(feature: str) -> Any:
    """Import pyarrow, or raise an error with the command to install it; the message begins with ``feature``."""
    try:
        import pyarrow
        import pyarrow.compute
    except ImportError:
        raise MissingExtraError(feature, "pyarrow", "tables") from None
    return pyarrow


def column_of(frame: nw.DataFrame[Any], name: str) -> Any:
    """Return one column as a ``pyarrow.ChunkedArray``."""
    return to_arrow(frame.get_column(name), f"column {name!r}")


def to_arrow(column: object, what: str) -> Any:
    """Convert a series, array or list to a ``pyarrow.ChunkedArray``."""
    pa = import_pyarrow("encoding tables")
    import narwhals

    column = narwhals.to_native(column, pass_through=True)
    if isinstance(column, pa.ChunkedArray):
        return column
    column = _plain(column, what)
    try:
        series: Any = narwhals.from_native(column, series_only=True, pass_through=True)
        array = series.to_arrow() if isinstance(series, narwhals.Series) else _array(pa, column)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        if hasattr(column, "__iter__") and any(isinstance(value, complex) for value in column):
            raise _complex(what) from None
        raise InputError(
            f"{what} holds values that have no common type ({_first_line(error)}). Make them all numbers or all text."
        ) from None
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _plain(column: Any, what: str) -> Any:
    """Convert a column to this machine's byte order, to a dense one, and to a type that Arrow has."""
    dtype = getattr(column, "dtype", None)
    if type(dtype).__name__ == "SparseDtype":
        column = column.sparse.to_dense()
        dtype = column.dtype
    if not isinstance(dtype, np.dtype):
        return column
    if dtype.kind == "c":
        raise _complex(what)
    if dtype.kind == "T":  # NumPy's text of variable width
        return column.astype(object)
    if dtype.kind == "f" and dtype.itemsize > 8:
        return column.astype(np.float64)
    if dtype.kind in "mM" and np.datetime_data(dtype)[0] not in _TICKS_PER_SECOND:
        return column.astype(f"{dtype.kind}8[s]")
    return column if dtype.isnative else column.astype(dtype.newbyteorder("="))


def _complex(what: str) -> InputTypeError:
    return InputTypeError(
        f"Complex data not supported: {what} holds complex numbers. Pass real and imaginary parts as two columns."
    )


def _array(pa: Any, values: object) -> Any:
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, mask=np.ma.getmaskarray(values), from_pandas=True)
    # NaN among floats and None in any column are gaps; NumPy's fixed-width text has none.
    return pa.array(values, from_pandas=True)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".")


def kind_of(column: Any, what: str) -> Kind:
    """Return the kind of an Arrow column; categories of any type are ``text``."""
    types = import_pyarrow("encoding tables").types
    kind = column.type
    tests: list[tuple[Kind, tuple[Any, ...]]] = [
        ("empty", (types.is_null,)),
        ("number", (types.is_integer, types.is_floating, types.is_decimal)),
        ("Boolean", (types.is_boolean,)),
        ("text", (types.is_string, types.is_large_string, types.is_string_view, types.is_dictionary)),
        ("date", (types.is_date, types.is_timestamp)),
        ("time", (types.is_time,)),
        ("duration", (types.is_duration,)),
    ]
    for name, accepts in tests:
        if any(accept(kind) for accept in accepts):
            return name
    raise InputError(
        f"{what} holds values of type {kind}, which cannot be encoded. "
        "Convert them to numbers, text or dates, or drop the column."
    )


def numbers(column: Any, what: str, *, allow_infinity: bool = False) -> NDArray[np.float64]:
    """Convert a column of any kind except text to float64, with NaN at gaps.

    Dates are seconds since the start of 1970 (UTC), times of day seconds since midnight, durations seconds,
    Booleans 0 and 1.

    Returns
    -------
    array of shape (m,)
        Possibly a view of the frame's memory, which must not be changed.
    """
    kind = kind_of(column, what)
    if kind == "empty":
        return np.full(len(column), np.nan)
    if kind in ("date", "time", "duration"):
        return _seconds(column)
    types = import_pyarrow("encoding tables").types
    if types.is_decimal(column.type):
        column = column.cast("float64")
    elif types.is_boolean(column.type):
        column = column.cast("int8")
    elif types.is_float16(column.type):
        column = column.cast("float32")
    # Integers with gaps become floats with NaN here, others keep their type until the next line.
    values: NDArray[np.float64] = column.to_numpy().astype(np.float64, copy=False)
    infinite = np.isinf(values)
    if infinite.any() and not allow_infinity:
        row = int(infinite.argmax())
        raise InputError(
            f"{what} holds {'infinity' if values[row] > 0 else 'minus infinity'} in data row {row + 1}. "
            "Replace it by a number, or leave the cell empty for a gap."
        )
    return values


def _seconds(column: Any) -> NDArray[np.float64]:
    """Convert dates, times and durations to seconds.

    Whole seconds are computed as integers first: nanoseconds since 1970 exceed the exact range of float64, and the same
    moment must give the same number for any unit.
    """
    pa = import_pyarrow("encoding tables")
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("s" if pa.types.is_date32(column.type) else "ms"))
    per_second = _TICKS_PER_SECOND[column.type.unit]
    gaps = is_gap(column)
    width = "int32" if pa.types.is_time32(column.type) else "int64"
    ticks = column.cast(width).fill_null(0).to_numpy().astype(np.int64)
    seconds: NDArray[np.float64] = ticks // per_second + (ticks % per_second) / per_second
    seconds[gaps] = np.nan
    return seconds


def local_seconds(column: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return dates, moments and times of day as whole seconds in their time zone, 0 at gaps, and the gaps."""
    pa = import_pyarrow("encoding tables")
    gaps = is_gap(column)
    if pa.types.is_null(column.type) or not pa.types.is_temporal(column.type):
        return np.zeros(len(column), dtype=np.int64), np.ones(len(column), dtype=np.bool_)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = pa.compute.local_timestamp(column)
    seconds = np.floor(np.where(gaps, 0.0, _seconds(column)))
    return seconds.astype(np.int64), gaps


def is_gap(column: Any) -> NDArray[np.bool_]:
    """Return a mask of shape (m,) of the gaps of an Arrow column, without NaN, which :func:`numbers` returns."""
    result: NDArray[np.bool_] = column.is_null().to_numpy()
    return result


def texts(column: Any) -> Any:
    """Convert a column of text or of categories to an Arrow column of ``large_string``.

    Categories that are numbers, as pandas allows, become their text: 1 becomes "1".
    """
    pa = import_pyarrow("encoding tables")
    if pa.types.is_null(column.type):
        return column.cast(pa.large_string())
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.large_string())


def type_given(column: Any) -> type[np.generic]:
    """Return the type that determines the rounding of the numbers; dates and decimals have that of float64 only."""
    types = import_pyarrow("encoding tables").types
    for is_type, kind in (
        (types.is_float16, np.float16),
        (types.is_float32, np.float32),
        (types.is_float64, np.float64),
    ):
        if is_type(column.type):
            return kind
    return np.int64
