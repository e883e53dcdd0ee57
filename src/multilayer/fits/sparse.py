"""Sparse matrices: SciPy accepts index arrays that point outside the matrix, and its compiled code follows them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from multilayer.exceptions import InputError, InputTypeError

ADVICE = "Build it from the numbers and their places: scipy.sparse.csr_array((data, (rows, columns)), shape)."
COMPRESSED = {"csr": (0, 1), "csc": (1, 0), "bsr": (0, 1)}  # by axis: what indptr counts, what indices count


def checked_sparse(X: Any, name: str = "X") -> Any:
    """A sparse matrix whose index arrays agree with its shape; anything else as it is.

    Raises
    ------
    InputError, InputTypeError
        For indices outside the shape, row pointers that decrease or do not span the entries, and arrays of different
        lengths, with the first place.
    """
    if not issparse(X) or X.ndim != 2:
        return X
    if X.format in ("lil", "dok"):  # whose entries are Python objects
        X = _converted(X, name)
    if X.format in COMPRESSED:
        _check_compressed(X, name)
    elif X.format == "coo":
        _check_coordinates(X, name)
    elif X.format == "dia" and (X.data.ndim != 2 or X.data.shape[0] != len(X.offsets)):
        raise _error(name, X, f"has {len(X.offsets)} offsets for data of shape {X.data.shape}")
    return X


def canonical(X: Any) -> Any:
    """CSR with one entry a place, in the order of the columns; the caller's matrix is left as it is.

    SciPy's own flag is not trusted: it stays as it was when somebody writes to the index arrays.
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
    rises[ends[(ends > 0) & (ends < len(X.indices))] - 1] = True  # from one row to the next
    return bool(rises.all())


def _converted(X: Any, name: str) -> Any:
    try:
        if X.format == "lil":
            counts = [len(row) for row in X.rows], [len(values) for values in X.data]
            if counts[0] != counts[1] or len(counts[0]) != X.shape[0]:
                raise ValueError("its rows and data are of different lengths")
        return X.tocsr()
    except (ValueError, IndexError, TypeError, OverflowError) as error:
        raise _error(name, X, f"cannot be read: {str(error).rstrip('.')}") from None


def _check_compressed(X: Any, name: str) -> None:
    counted, pointed = COMPRESSED[X.format]
    words = ("row", "column") if counted == 0 else ("column", "row")
    block = X.blocksize if X.format == "bsr" else (1, 1)
    n_counted, n_pointed = X.shape[counted] // block[counted], X.shape[pointed] // block[pointed]
    indptr, indices = X.indptr, X.indices
    _check_integers(X, name, indptr=indptr, indices=indices)
    if len(indptr) != n_counted + 1:
        raise _error(name, X, f"has {len(indptr)} entries in indptr, and {n_counted} {words[0]}s need {n_counted + 1}")
    if len(indices) != len(X.data):
        raise _error(name, X, f"has {len(X.data)} entries in data and {len(indices)} in indices")
    if indptr[0] != 0 or indptr[-1] != len(indices):
        raise _error(
            name, X, f"has an indptr from {indptr[0]} to {indptr[-1]}, and it must go from 0 to {len(indices)} entries"
        )
    falls = indptr[1:] < indptr[:-1]
    if falls.any():
        i = int(falls.argmax())
        raise _error(name, X, f"has an indptr that decreases at {words[0]} {i}, from {indptr[i]} to {indptr[i + 1]}")
    outside = _first_outside(indices, n_pointed)
    if outside is not None:
        place = int(np.searchsorted(indptr, outside, side="right")) - 1
        raise _error(
            name, X, f"has the {words[1]} index {indices[outside]} in {words[0]} {place}, entry {outside}, and "
            f"{words[1]}s go from 0 to {n_pointed - 1}"
        )  # fmt: skip


def _check_coordinates(X: Any, name: str) -> None:
    _check_integers(X, name, row=X.row, col=X.col)
    if not len(X.row) == len(X.col) == len(X.data):
        raise _error(name, X, f"has {len(X.row)} row indices, {len(X.col)} column indices and {len(X.data)} numbers")
    for word, indices, n in (("row", X.row, X.shape[0]), ("column", X.col, X.shape[1])):
        outside = _first_outside(indices, n)
        if outside is not None:
            raise _error(name, X, f"has the {word} index {indices[outside]} in entry {outside}, of {n} {word}s")


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
                f"{received}. {ADVICE}"
            )


def _error(name: str, X: Any, what: str) -> InputError:
    return InputError(f"{name} is a sparse matrix ({X.format}) of shape {X.shape} that {what}. {ADVICE}")
