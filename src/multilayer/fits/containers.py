"""Checks of containers whose entries NumPy or SciPy would read as wrong numbers.

These are masked arrays, dates, and sparse matrices with invalid index arrays, which SciPy does not check.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import _get_feature_names

from multilayer.exceptions import InputError, InputTypeError

DATES = ("m", "M")  # NumPy's kinds of timedelta64 and datetime64
TIME_TYPES = (np.datetime64, np.timedelta64, datetime.date, datetime.time, datetime.timedelta)
_FRAME_DATE_PREFIXES = (
    "datetime",
    "timedelta",
    "period",
    "date",
    "duration",
    "time",
    "timestamp",
)  # prefixes of dtype names
_SPARSE_ADVICE = "Build it from values and positions: scipy.sparse.csr_array((data, (rows, columns)), shape)."
_COMPRESSED = {"csr": (0, 1), "csc": (1, 0), "bsr": (0, 1)}  # by axis: what indptr counts, what indices count


def checked_entries(X: Any, name: str = "X") -> Any:
    """Return X if no entry is masked and all sparse indices lie within the shape; otherwise raise an input error."""
    check_not_masked(X, name)
    return checked_sparse(X, name)


def checked_numbers(X: Any, name: str = "X") -> Any:
    """Return X if it also has no dates and no named fields; otherwise raise an input error."""
    if isinstance(X, np.ndarray) and X.dtype.kind == "V" and X.dtype.names:
        raise InputTypeError(
            f"{name} must be a table of numbers, got a structured array with the fields {', '.join(X.dtype.names)}. "
            f"Write numpy.lib.recfunctions.structured_to_unstructured({name})."
        )
    dates = _dates(X)
    if dates:
        raise InputTypeError(
            f"{name} must hold numbers, got dates or times{dates}, whose numbers depend on their unit. "
            "Convert them first, for example to days since a date; multilayer.tables.TableEncoder encodes a data frame "
            "with dates."
        )
    return checked_entries(X, name)


def first_not_finite(X: Any) -> str:
    """Return a sentence on the place of the first non-finite entry of X; empty if X does not convert to numbers."""
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
    """Raise an error for masked arrays, since NumPy would use the numbers under the mask."""
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
        f"{name} is a masked array with {n_masked} masked entries{where}; these have no valid values. "
        f"Remove these rows, or fill the entries: {name}.filled(value)."
    )


def check_no_dates(values: Any, name: str) -> None:
    """Raise an error for weights that are dates or times, which NumPy would convert to numbers."""
    if _dates(values):
        raise InputTypeError(f"{name} must hold numbers, got dates or times. Pass numbers.")


def _dates(X: Any) -> str | None:
    """Describe the dates or times in X; None without any."""
    if isinstance(X, np.ndarray):
        return f", {X.dtype}" if _is_date(X.dtype) else _first_date(X)
    if isinstance(X, list | tuple):
        first = np.asarray(X[0]) if len(X) and _is_flat(X[0]) else None
        return None if first is None else f", {first.dtype}" if _is_date(first.dtype) else _first_date(first)
    dtype = getattr(X, "dtype", None)
    if dtype is not None:
        return f", {dtype}" if _is_date(dtype) else None
    dtypes = getattr(X, "dtypes", ())
    names = getattr(X, "columns", range(len(dtypes)))
    found = [str(name) for name, dtype in zip(names, dtypes, strict=False) if _is_date(dtype)]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f" in column {found[0]!r}{more}" if found else None


def _first_date(entries: NDArray[Any]) -> str | None:
    """Describe the first date or time in an array of Python objects."""
    if entries.dtype.kind != "O":
        return None
    return next((f", {entry!r}" for entry in entries.flat if isinstance(entry, TIME_TYPES)), None)


def _is_flat(row: Any) -> bool:
    return isinstance(row, np.generic | np.ndarray) or (
        isinstance(row, list | tuple) and not any(isinstance(entry, list | tuple) for entry in row)
    )


def _is_date(dtype: Any) -> bool:
    return getattr(dtype, "kind", "") in DATES or str(dtype).lower().startswith(_FRAME_DATE_PREFIXES)


def checked_sparse(X: Any, name: str = "X") -> Any:
    """Return X; raise an input error for a sparse matrix whose index arrays do not agree with its shape."""
    if not issparse(X) or X.ndim != 2:
        return X
    if X.format in ("lil", "dok"):  # their entries are Python objects
        X = _to_csr(X, name)
    if X.format in _COMPRESSED:
        _check_compressed(X, name)
    elif X.format == "coo":
        _check_coordinates(X, name)
    elif X.format == "dia" and (X.data.ndim != 2 or X.data.shape[0] != len(X.offsets)):
        raise _sparse_error(name, X, f"has {len(X.offsets)} offsets for data of shape {X.data.shape}")
    return X


def canonical(X: Any) -> Any:
    """Return CSR with sorted, unique column indices; the caller's matrix is unchanged.

    SciPy's flag is not used, because it is not updated when the index arrays are changed.
    """
    if not issparse(X) or _is_canonical(X):
        return X
    X = X.copy()
    X.has_canonical_format = X.has_sorted_indices = False
    X.sum_duplicates()
    return X


def _is_canonical(X: Any) -> bool:
    rises = np.diff(X.indices) > 0
    ends = X.indptr[1:-1]
    rises[ends[(ends > 0) & (ends < len(X.indices))] - 1] = True  # between two rows
    return bool(rises.all())


def _to_csr(X: Any, name: str) -> Any:
    try:
        if X.format == "lil":
            counts = [len(row) for row in X.rows], [len(values) for values in X.data]
            if counts[0] != counts[1] or len(counts[0]) != X.shape[0]:
                raise ValueError("its rows and data are of different lengths")
        return X.tocsr()
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise _sparse_error(name, X, f"cannot be read: {str(error).rstrip('.')}") from None


def _check_compressed(X: Any, name: str) -> None:
    counted, pointed = _COMPRESSED[X.format]
    words = ("row", "column") if counted == 0 else ("column", "row")
    block = X.blocksize if X.format == "bsr" else (1, 1)
    n_counted, n_pointed = X.shape[counted] // block[counted], X.shape[pointed] // block[pointed]
    indptr, indices = X.indptr, X.indices
    _check_integers(X, name, indptr=indptr, indices=indices)
    if len(indptr) != n_counted + 1:
        raise _sparse_error(
            name, X, f"has {len(indptr)} entries in indptr, but {n_counted} {words[0]}s need {n_counted + 1}"
        )
    if len(indices) != len(X.data):
        raise _sparse_error(name, X, f"has {len(X.data)} entries in data and {len(indices)} in indices")
    if indptr[0] != 0 or indptr[-1] != len(indices):
        raise _sparse_error(
            name, X, f"has an indptr from {indptr[0]} to {indptr[-1]}, but needs one from 0 to {len(indices)}"
        )
    falls = indptr[1:] < indptr[:-1]
    if falls.any():
        i = int(falls.argmax())
        raise _sparse_error(
            name, X, f"has an indptr that decreases at {words[0]} {i}, from {indptr[i]} to {indptr[i + 1]}"
        )
    outside = _first_outside(indices, n_pointed)
    if outside is not None:
        place = int(np.searchsorted(indptr, outside, side="right")) - 1
        raise _sparse_error(
            name, X, f"has the {words[1]} index {indices[outside]} in {words[0]} {place}, entry {outside}, but "
            f"{words[1]} indices must be from 0 to {n_pointed - 1}"
        )  # fmt: skip


def _check_coordinates(X: Any, name: str) -> None:
    _check_integers(X, name, row=X.row, col=X.col)
    if not len(X.row) == len(X.col) == len(X.data):
        raise _sparse_error(
            name, X, f"has {len(X.row)} row indices, {len(X.col)} column indices and {len(X.data)} numbers"
        )
    for word, indices, n in (("row", X.row, X.shape[0]), ("column", X.col, X.shape[1])):
        outside = _first_outside(indices, n)
        if outside is not None:
            raise _sparse_error(name, X, f"has the {word} index {indices[outside]} in entry {outside}, of {n} {word}s")


def _first_outside(indices: NDArray[Any], n: int) -> int | None:
    if not len(indices) or (indices.min() >= 0 and indices.max() < n):
        return None
    return int(((indices < 0) | (indices >= n)).argmax())


def _check_integers(X: Any, name: str, **arrays: Any) -> None:
    for what, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype not in (np.int32, np.int64):
            received = f"{array.ndim}-dimensional {array.dtype}" if isinstance(array, np.ndarray) else type(array)
            raise InputTypeError(
                f"{name} is a sparse matrix ({X.format}) whose {what} must be an array of int32 or int64, got "
                f"{received}. {_SPARSE_ADVICE}"
            )


def _sparse_error(name: str, X: Any, what: str) -> InputError:
    return InputError(f"{name} is a sparse matrix ({X.format}) of shape {X.shape} that {what}. {_SPARSE_ADVICE}")
