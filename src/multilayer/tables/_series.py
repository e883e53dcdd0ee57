"""The columns of pandas, polars, pyarrow, NumPy and other libraries as column data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError
from multilayer.tables._arrow import data_of_arrow
from multilayer.tables._column_data import TICKS_PER_SECOND, ColumnData, Kind, Unit, category_texts
from multilayer.tables._inference import complex_numbers, data_of_objects, unusable

_TEMPORAL: dict[str, Kind] = {"Date": "date", "Datetime": "date", "Time": "time", "Duration": "duration"}


def column_data(column: Any, what: str) -> ColumnData:
    """Convert a series, an array or a list; ``what`` names it in messages.

    Raises
    ------
    InputError
        For values of a type that cannot be encoded, or of no type in common.
    """
    if isinstance(column, ColumnData):
        return column
    if isinstance(column, np.ndarray):
        return _data_of_array(column, what)
    if isinstance(column, list | tuple):
        return data_of_objects(column, what)
    library = type(column).__module__.split(".")[0]
    if library == "narwhals":
        return column_data(column.to_native(), what)
    if library == "pyarrow":
        return data_of_arrow(column, what)
    if library == "pandas":
        return _data_of_pandas(column, what)
    if library == "polars":
        return _data_of_polars(column, what)
    return _data_of_other(column, what)


def _data_of_other(column: Any, what: str) -> ColumnData:
    """Convert a series of another library that narwhals knows, by way of Arrow, or anything that is an array."""
    try:
        import narwhals

        series: Any = narwhals.from_native(column, series_only=True, pass_through=True)
        if isinstance(series, narwhals.Series):
            return data_of_arrow(series.to_arrow(), what)
    except ImportError:
        pass
    if hasattr(column, "__array__"):
        return _data_of_array(np.asarray(column), what)
    try:
        values = list(column)
    except TypeError:
        raise InputError(
            f"{what} holds values that have no common type: expected a column, got {type(column).__name__}. "
            "Pass a series, an array or a list."
        ) from None
    return data_of_objects(values, what)


def _data_of_array(array: NDArray[Any], what: str) -> ColumnData:
    mask = np.ma.getmaskarray(array) if isinstance(array, np.ma.MaskedArray) else None
    array = np.asarray(array)
    if array.ndim != 1:
        raise InputError(f"{what} must have one dimension, got an array of shape {array.shape}.")
    dtype = array.dtype
    if not dtype.isnative:
        array = array.astype(dtype.newbyteorder("="))
    if dtype.kind in "OT":
        return data_of_objects(_objects(array, mask), what)
    if dtype.kind == "U":
        return ColumnData.of_texts(_objects(array, mask))
    if dtype.kind in "biuf":
        return ColumnData.of_numbers(array.astype(np.float64) if dtype.itemsize > 8 else array, mask)
    if dtype.kind in "mM":
        if np.datetime_data(dtype)[0] not in TICKS_PER_SECOND or np.datetime_data(dtype)[1] != 1:
            array = array.astype(f"{dtype.kind}8[s]")
        gaps = np.isnat(array) if mask is None else np.isnat(array) | mask
        unit = _unit_of(array)
        return ColumnData.of_ticks("date" if dtype.kind == "M" else "duration", array.view(np.int64), gaps, unit)
    if dtype.kind == "c":
        raise complex_numbers(what)
    raise unusable(what, "binary" if dtype.kind == "S" else str(dtype))


def _unit_of(array: NDArray[Any]) -> Unit:
    unit: Any = np.datetime_data(array.dtype)[0]
    return unit


def _objects(array: NDArray[Any], gaps: NDArray[np.bool_] | None) -> list[Any]:
    """Return the entries of an array as objects, None at gaps."""
    objects = array.tolist()
    if gaps is not None:
        return [None if is_gap else value for value, is_gap in zip(objects, gaps.tolist(), strict=True)]
    return objects


def _data_of_pandas(column: Any, what: str) -> ColumnData:
    """Convert a series, a categorical or another array of pandas."""
    import pandas

    series = column if isinstance(column, pandas.Series) else pandas.Series(column)
    dtype = series.dtype
    if isinstance(dtype, pandas.SparseDtype):
        series = series.sparse.to_dense()
        dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _data_of_array(series.to_numpy(), what)
    if isinstance(dtype, pandas.CategoricalDtype):
        codes = series.cat.codes.to_numpy().astype(np.intp)
        words = category_texts(column_data(dtype.categories.to_series(), what))
        return ColumnData.of_codes(codes, words, is_category=True)
    if isinstance(dtype, pandas.ArrowDtype) or getattr(dtype, "storage", "") == "pyarrow":
        return data_of_arrow(series.array.__arrow_array__(), what)
    gaps = series.isna().to_numpy(dtype=np.bool_)
    if isinstance(dtype, pandas.StringDtype):
        return ColumnData.of_texts(_objects(series.to_numpy(dtype=object), gaps))
    if isinstance(dtype, pandas.DatetimeTZDtype):
        naive, local = (each.dt.tz_localize(None).to_numpy() for each in (series.dt.tz_convert("UTC"), series))
        zone = str(dtype.tz).removeprefix("UTC") or "UTC"
        return ColumnData.of_ticks(
            "date", naive.view(np.int64), gaps, _unit_of(naive), zone=zone, local=local.view(np.int64)
        )
    plain = getattr(dtype, "numpy_dtype", None)  # of nullable numbers and Booleans
    if plain is not None:
        return ColumnData.of_numbers(series.to_numpy(dtype=plain, na_value=plain.type(0)), gaps)
    raise unusable(what, str(dtype))


def _data_of_polars(series: Any, what: str) -> ColumnData:
    dtype = series.dtype
    name = type(dtype).__name__ if not isinstance(dtype, type) else dtype.__name__
    if name == "Null":
        return ColumnData.empty(len(series))
    if name in ("String", "Categorical", "Enum"):
        is_category = name != "String"
        texts = (series.cast(_polars_text()) if is_category else series).to_list()
        return ColumnData.of_texts(texts, is_category=is_category)
    if name == "Object":
        return data_of_objects(series.to_list(), what)
    gaps: NDArray[np.bool_] = series.is_null().to_numpy()
    if name == "Boolean":
        return ColumnData.of_numbers(series.fill_null(False).to_numpy(), gaps)
    if name == "Decimal" or name.endswith("128"):
        amounts = [np.nan if value is None else float(value) for value in series.to_list()]
        return ColumnData.of_numbers(np.array(amounts, dtype=np.float64), gaps)
    if dtype.is_integer():
        return ColumnData.of_numbers(series.fill_null(0).to_numpy(), gaps)
    if dtype.is_float():
        return ColumnData.of_numbers(series.fill_null(np.nan).to_numpy(), gaps)
    if name not in _TEMPORAL:
        raise unusable(what, str(dtype))
    unit: Unit = "D" if name == "Date" else "ns" if name == "Time" else dtype.time_unit
    zone = getattr(dtype, "time_zone", None)
    local = None if zone is None else _polars_ticks(series.dt.replace_time_zone(None))
    return ColumnData.of_ticks(_TEMPORAL[name], _polars_ticks(series), gaps, unit, zone=zone or "", local=local)


def _polars_text() -> Any:
    import polars

    return polars.String


def _polars_ticks(series: Any) -> NDArray[np.int64]:
    ticks: NDArray[np.int64] = series.to_physical().fill_null(0).to_numpy().astype(np.int64, copy=False)
    return ticks
