"""A stable choice of validation rows by the hashes of rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ParameterError
from multilayer.tables._response import N_FOLDS
from multilayer.tables.streaming.row_hashes import mixed
from multilayer.tables.streaming.row_sample import RowSample

__all__ = ["RowSample", "folds_of", "is_validation"]

# Make the choices independent of each other and of that of samples.
_OF_VALIDATION, _OF_FOLDS = np.uint64(0x6A09E667F3BCC908), np.uint64(0xBB67AE8584CAA73B)


def is_validation(hashes: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """Return which rows are validation rows, by their hashes.

    A row keeps its side when other rows are added, moved or removed, unless their features are equal.  Up to four rows
    of equal features are on one side, so that copies of validation rows are not trained on.  The target has no
    influence.  A larger share keeps the validation rows of a smaller one.

    Parameters
    ----------
    hashes : array of uint64, of shape (m,)
        The hashes of the rows, of :class:`Block`.
    share : float
        The expected share of validation rows, from 0 to 1.

    Returns
    -------
    array of bool, of shape (m,)
        True for validation rows.

    Raises
    ------
    ParameterError
        For another share.

    Examples
    --------
    >>> hashes = np.arange(1000, dtype=np.uint64)
    >>> int(is_validation(hashes, 0.1).sum())
    91
    """
    if not isinstance(share, int | float | np.floating) or not 0 <= share <= 1:
        raise ParameterError(f"share must be a number from 0 to 1, got {share!r}.")
    if share == 1:
        return np.ones(len(hashes), dtype=np.bool_)
    return mixed(hashes ^ _OF_VALIDATION) < np.uint64(int(share * 2.0**64))


def folds_of(hashes: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Return the fold of each row for cross-fitting, by its hash, which does not depend on the target.

    Parameters
    ----------
    hashes : array of uint64, of shape (m,)
        The hashes of the rows, of :class:`Block`.

    Returns
    -------
    array of int, of shape (m,)
        The folds, from 0 to 4.

    Examples
    --------
    >>> np.bincount(folds_of(np.arange(1000, dtype=np.uint64))).tolist()
    [208, 207, 210, 193, 182]
    """
    return (mixed(hashes ^ _OF_FOLDS) % np.uint64(N_FOLDS)).astype(np.intp)
