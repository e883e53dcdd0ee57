"""The columns of pyarrow as column data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import MissingExtraError
from multilayer.tables._column_data import TICKS_PER_SECOND, ColumnData, category_texts
from multilayer.tables._inference import unusable


def import_pyarrow(feature: str) -> Any:
    """Import pyarrow, or raise an error with the command to install it; the message begins with ``feature``."""
    try:
        import pyarrow
        import pyarrow.compute
    except ImportError:
        raise MissingExtraError(feature, "pyarrow", "tables") from None
    return pyarrow


def data_of_arrow(column: Any, what: str) -> ColumnData:
    """Convert an array or a chunked array of pyarrow.

    Raises
    ------
    InputError
        For a type that cannot be encoded.
    """
    pa = import_pyarrow("encoding tables")
    types, kind = pa.types, column.type
    if not isinstance(column, pa.ChunkedArray):
        column = pa.chunked_array([column])
    if types.is_null(kind):
        return ColumnData.empty(len(column))
    if types.is_dictionary(kind):
        return _data_of_categories(column, what)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        encoded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
        return ColumnData.of_codes(_codes(encoded.indices), encoded.dictionary.to_pylist())
    gaps: NDArray[np.bool_] = column.is_null().to_numpy()
    if types.is_boolean(kind):
        return ColumnData.of_numbers(column.cast("int8").fill_null(0).to_numpy().astype(np.bool_), gaps)
    if types.is_integer(kind):
        return ColumnData.of_numbers(column.fill_null(0).to_numpy() if gaps.any() else column.to_numpy(), gaps)
    if types.is_floating(kind):
        half = types.is_float16(kind)
        values = (column.cast("float32") if half else column).to_numpy()  # NaN at gaps
        return ColumnData.of_numbers(values.astype(np.float16) if half else values, gaps)
    if types.is_decimal(kind):
        amounts = [np.nan if value is None else float(value) for value in column.to_pylist()]
        return ColumnData.of_numbers(np.array(amounts, dtype=np.float64), gaps)
    if types.is_temporal(kind) and not types.is_interval(kind):
        return _data_of_ticks(pa, column, gaps)
    raise unusable(what, str(kind))


def _data_of_categories(column: Any, what: str) -> ColumnData:
    encoded = column.unify_dictionaries().combine_chunks()
    categories = data_of_arrow(encoded.dictionary, what)
    codes = _codes(encoded.indices)
    codes[np.append(categories.gaps, True)[codes]] = -1  # a category may be a gap
    return ColumnData.of_codes(codes, category_texts(categories), is_category=True)


def _codes(indices: Any) -> NDArray[np.intp]:
    codes: NDArray[np.intp] = indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    return codes


def _data_of_ticks(pa: Any, column: Any, gaps: NDArray[np.bool_]) -> ColumnData:
    types, kind = pa.types, column.type

    def ticks(column: Any) -> NDArray[np.int64]:
        width = "int32" if types.is_date32(column.type) or types.is_time32(column.type) else "int64"
        found: NDArray[np.int64] = column.cast(width).fill_null(0).to_numpy().astype(np.int64, copy=False)
        return found

    if types.is_date(kind):
        days = ticks(column) if types.is_date32(kind) else ticks(column) // (86_400 * TICKS_PER_SECOND["ms"])
        return ColumnData.of_ticks("date", days, gaps, "D")
    if types.is_time(kind):
        return ColumnData.of_ticks("time", ticks(column), gaps, kind.unit)
    if types.is_duration(kind):
        return ColumnData.of_ticks("duration", ticks(column), gaps, kind.unit)
    if kind.tz is None:
        return ColumnData.of_ticks("date", ticks(column), gaps, kind.unit)
    local = ticks(pa.compute.local_timestamp(column))
    return ColumnData.of_ticks("date", ticks(column), gaps, kind.unit, zone=kind.tz, local=local)
