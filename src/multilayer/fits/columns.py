"""Checks of y and sample_weight whose errors are clearer than those of scikit-learn's validation."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import _check_sample_weight

from multilayer.exceptions import InputError, InputTypeError
from multilayer.fits.containers import check_no_dates, check_not_masked, checked_sparse
from multilayer.fits.sample_weights import scaled_weights
from multilayer.network import Floats


def as_dense(rows: Any) -> NDArray[Any]:
    """Return the rows of a sparse matrix as an array, and an array unchanged."""
    return rows.toarray() if issparse(rows) else np.asarray(rows)


def checked_weight(
    weight: Any, m: int, dtype: np.dtype[Any], name: str = "sample_weight", *, warns: bool = False
) -> Floats | None:
    """Return the weights of m rows in the dtype of X; see :func:`scaled_weights`."""
    if weight is None:
        return None
    check_not_masked(weight, name)
    check_no_dates(weight, name)
    try:
        checked: NDArray[np.float64] = _check_sample_weight(weight, range(m), dtype=np.float64)
    except (TypeError, ValueError) as error:
        kind = InputTypeError if isinstance(error, TypeError) else InputError
        reason = str(error).split("\n")[0]  # the lines after it may hold all of the numbers
        raise kind(
            f"{name} must be one finite non-negative number for each of the {m} rows, and not all 0: {reason}"
        ) from None
    if checked.min() < 0:
        raise InputError(
            f"{name} must not be negative, got values from {checked.min():g} to {checked.max():g}. "
            "Remove the rows that should not count, or give them the weight 0."
        )
    return scaled_weights(checked, dtype, name, warns=warns)


def checked_y(y: Any, *, are_labels: bool, name: str = "y") -> Any:
    """Return y after checks of dimensions, gaps and labels; Python objects of one type become an array of that type."""
    if y is None or issparse(y):
        return checked_sparse(y, name)
    check_not_masked(y, name)
    array = _as_array(y, name)
    if array.dtype.kind == "O":
        _check_gaps(array, name)
    if not are_labels or isinstance(y, np.matrix):  # a matrix is rejected by scikit-learn
        return y
    if isinstance(y, list | tuple) and array.dtype.kind == "U":
        array = np.array(y, dtype=object)  # NumPy converted numbers to text
    if array.dtype.kind in "OS":
        return _converted_to_one_type(array, name)
    # Not y itself: scikit-learn converts pandas' Int64 and boolean to floats.
    return _with_supported_dtype(array, name)


def _as_array(y: Any, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise InputError(f"{name} must be an array of shape (m,) or (m, K), got {type(y).__name__}: {error}") from None
    if array.ndim not in (1, 2):
        received = f"shape {array.shape}" if array.ndim else f"a single {type(y).__name__}"
        raise InputError(
            f"{name} must be an array of shape (m,) or (m, K), got {received}. "
            "Pass a list or an array with one entry, or one row of K entries, for each row of X."
        )
    return array


def _check_gaps(array: NDArray[Any], name: str) -> None:
    if {type(entry) for entry in array.flat} <= {str, int, bool}:
        return
    gaps = [i for i, entry in enumerate(array.flat) if _is_gap(entry)]
    if gaps:
        row = gaps[0] * len(array) // array.size
        raise InputError(
            f"{name} must not have gaps, got {array.flat[gaps[0]]} in row {row}, and {len(gaps)} such entries "
            "in all. Remove them and their rows of X: a row without a target cannot be used."
        )


def _is_gap(entry: Any) -> bool:
    is_nan = isinstance(entry, numbers.Real) and entry != entry
    return entry is None or is_nan or type(entry).__name__ in ("NAType", "NaTType")  # of pandas


def _converted_to_one_type(array: NDArray[Any], name: str) -> NDArray[Any]:
    examples = {_kind(entry): entry for entry in array.flat}
    if "bytes" in examples:
        raise InputTypeError(
            f"{name} must hold text, numbers or bools, got labels represented as bytes, such as "
            f"{examples['bytes']!r}. Write [label.decode() for label in {name}]."
        )
    if len(examples) > 1:
        received = " and ".join(f"{kind} ({entry!r})" for kind, entry in sorted(examples.items()))
        raise InputTypeError(
            f"{name} must hold labels of one type, got {received}. Write [str(label) for label in {name}]."
        )
    if not examples or "text" in examples:
        return array
    converted = np.array(array.tolist())
    if converted.dtype.kind not in "biuf":
        (entry,) = examples.values()
        raise InputTypeError(
            f"{name} must hold text, numbers or bools, got {type(entry).__name__}, such as {entry!r}. "
            f"Write [str(label) for label in {name}]."
        )
    return converted


def _with_supported_dtype(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return labels in a dtype that predictions, comparisons and model files support."""
    kind, given = array.dtype.kind, array.dtype
    if kind == "T":  # NumPy's StringDType
        return np.array(array.tolist())
    if kind == "f" and given.itemsize > 8:
        with np.errstate(over="ignore"):
            as_float64 = array.astype(np.float64)
        changed = (as_float64 != array) & ~np.isnan(array)
        if changed.any():
            label = array[changed].flat[0]
            raise InputTypeError(
                f"{name} must hold labels that float64 can hold, got the {given} {label!r}. "
                f"Write {name}.astype(str), or number the labels."
            )
        return as_float64
    if kind in "mMV":
        raise InputTypeError(
            f"{name} must hold text, numbers or bools, got {given}: model files cannot store such labels. "
            f"Write {name}.astype(str), or number the labels."
        )
    return array


def _kind(entry: Any) -> str:
    if isinstance(entry, str):
        return "text"
    if isinstance(entry, bool | np.bool_):
        return "bools"
    return "numbers" if isinstance(entry, numbers.Number) else type(entry).__name__.removesuffix("_")
