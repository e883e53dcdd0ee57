"""What X, y and weights come in: containers whose entries NumPy would take for other numbers than they are."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import _get_feature_names

from multilayer.exceptions import InputError, InputTypeError
from multilayer.fits.sparse import checked_sparse

DATES = ("m", "M")  # NumPy's kinds of timedelta64 and datetime64
OF_TIME = (np.datetime64, np.timedelta64, datetime.date, datetime.time, datetime.timedelta)
_OF_FRAMES = ("datetime", "timedelta", "period", "date", "duration", "time", "timestamp")  # how such dtypes are named


def checked_entries(X: Any, name: str = "X") -> Any:
    """X, if NumPy and SciPy will read the entries it has: none is masked, sparse indices lie within the shape.

    Raises
    ------
    InputError, InputTypeError
        With the reason, and what to do.
    """
    check_not_masked(X, name)
    return checked_sparse(X, name)


def checked_numbers(X: Any, name: str = "X") -> Any:
    """The same for what is to become numbers without an encoder: no dates and no named fields either.

    Raises
    ------
    InputError, InputTypeError
        With the reason, and what to do.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind == "V" and X.dtype.names:
        raise InputTypeError(
            f"{name} must be a table of numbers, got a structured array with the fields {', '.join(X.dtype.names)}. "
            f"Write numpy.lib.recfunctions.structured_to_unstructured({name})."
        )
    dates = _dates(X)
    if dates:
        raise InputTypeError(
            f"{name} must hold numbers, got dates or times{dates}, whose bare numbers depend on their unit. "
            "Turn them into numbers first, such as days since a date; multilayer.tables.TableEncoder encodes a "
            "data frame with its dates."
        )
    return checked_entries(X, name)


def where_not_finite(X: Any) -> str:
    """A sentence on where the entries of X are that are not finite, or "" for what NumPy does not read as numbers."""
    names = _get_feature_names(X)
    try:
        if issparse(X):
            entries = X.tocoo()
            spoilt = ~np.isfinite(entries.data)
            rows, columns = entries.row[spoilt], entries.col[spoilt]
        else:
            with np.errstate(over="ignore"):
                rows, columns = np.nonzero(~np.isfinite(np.asarray(X, dtype=np.float64)))
    except (TypeError, ValueError):
        return ""
    if not len(rows):  # too large for float32 only
        return ""
    column = repr(str(names[columns[0]])) if names is not None else str(columns[0])
    return f"The first of {len(rows):,} is in row {rows[0]}, column {column}. "


def check_not_masked(values: Any, name: str) -> None:
    """An error for a masked array, or a list of such: NumPy would use the numbers under the mask."""
    if isinstance(values, np.ma.MaskedArray):
        parts = [values]
    elif isinstance(values, list | tuple):
        parts = [part for part in values if isinstance(part, np.ma.MaskedArray)]
    else:
        return
    masks = [np.atleast_1d(np.ma.getmaskarray(part)) for part in parts]
    n_masked = sum(int(mask.sum()) for mask in masks)
    if not n_masked:
        return
    where = ""
    if parts[0] is values:
        place = [int(i[0]) for i in np.nonzero(masks[0])]
        where = f", the first in row {place[0]}" + (f", column {place[1]}" if len(place) == 2 else "")
    raise InputError(
        f"{name} is a masked array with {n_masked} masked entries{where}: the numbers under a mask are no data. "
        f"Remove these rows, or put a value in their place: {name}.filled(value)."
    )


def check_no_dates(values: Any, name: str) -> None:
    """An error for weights that are dates or times, which NumPy would convert to numbers."""
    if _dates(values):
        raise InputTypeError(f"{name} must hold numbers, got dates or times. Pass numbers.")


def _dates(X: Any) -> str | None:
    """Where X holds dates or times, in words; None where it holds none."""
    if isinstance(X, np.ndarray):
        return f", {X.dtype}" if _is_date(X.dtype) else _among(X)
    if isinstance(X, list | tuple):
        first = np.asarray(X[0]) if len(X) and _is_flat(X[0]) else None
        return None if first is None else f", {first.dtype}" if _is_date(first.dtype) else _among(first)
    dtype = getattr(X, "dtype", None)
    if dtype is not None:
        return f", {dtype}" if _is_date(dtype) else None
    dtypes = getattr(X, "dtypes", ())
    names = getattr(X, "columns", range(len(dtypes)))
    found = [str(name) for name, dtype in zip(names, dtypes, strict=False) if _is_date(dtype)]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f" in column {found[0]!r}{more}" if found else None


def _among(entries: NDArray[Any]) -> str | None:
    """Of an array of Python objects, the first date or time."""
    if entries.dtype.kind != "O":
        return None
    return next((f", {entry!r}" for entry in entries.flat if isinstance(entry, OF_TIME)), None)


def _is_flat(row: Any) -> bool:
    return isinstance(row, np.generic | np.ndarray) or (
        isinstance(row, list | tuple) and not any(isinstance(entry, list | tuple) for entry in row)
    )


def _is_date(dtype: Any) -> bool:
    return getattr(dtype, "kind", "") in DATES or str(dtype).lower().startswith(_OF_FRAMES)
