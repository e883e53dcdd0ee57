"""Whether a column of numbers is constant, except for the rounding of its values.

``[0.1 + 0.2, 0.3] * 20`` holds two numbers whose difference is the rounding of a sum.  Dividing the column by such a
difference would turn 0.31 into 1e14.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

ROUNDINGS = 16.0  # the rounding of sums of about a hundred numbers, in machine precisions
# Adjacent numbers of a type this coarse, such as float16, may differ by a measured amount.
COARSEST = 2.0**-16


def rounding(low: ArrayLike, high: ArrayLike, dtype: DTypeLike = np.float64) -> NDArray[np.float64]:
    """Compute the largest spread that rounding explains in a column from ``low`` to ``high``.

    It is ``16 eps max(|low|, |high|)``, with the machine precision eps of ``dtype``; ``eps max(|low|, |high|)`` for
    integers and Booleans, which have the rounding of float64 only; and 0 for float16, whose adjacent numbers may be
    different measurements.  Spreads below the smallest normal number of the type count as rounding too, because
    arithmetic with such numbers loses digits.

    Parameters
    ----------
    low, high : float or array of shape (n,)
        The finite minimum and maximum of each column.
    dtype : data type, default=numpy.float64
        The type of the given values, which may be coarser than the type of the computation.

    Returns
    -------
    array of shape (n,)
        The spread.

    Examples
    --------
    >>> bool(rounding(0.25, 1.0) == 16 * np.finfo(float).eps)
    True
    """
    given = np.dtype(dtype)
    kind = np.finfo(given if given.kind == "f" and given.itemsize < 8 else np.float64)
    share = float(kind.eps) if given.kind in "biu" else ROUNDINGS * float(kind.eps)
    if share > COARSEST:
        share = 0.0
    largest = np.maximum(np.abs(np.asarray(low, np.float64)), np.abs(np.asarray(high, np.float64)))
    return np.maximum(share * largest, float(kind.tiny))


def is_constant(low: ArrayLike, high: ArrayLike, dtype: DTypeLike = np.float64) -> NDArray[np.bool_]:
    """Return whether a column with values from ``low`` to ``high`` is constant, except for :func:`rounding`.

    Parameters
    ----------
    low, high : float or array of shape (n,)
        The finite minimum and maximum of each column.
    dtype : data type, default=numpy.float64
        The type of the given values.

    Returns
    -------
    array of bool of shape (n,)
        Whether each column is constant.

    Examples
    --------
    >>> is_constant([0.3, 0.3, 1e9, 1e16], [0.1 + 0.2, 0.31, 1e9 + 1e-7, 1e16 + 2]).tolist()
    [True, False, True, True]
    >>> bool(is_constant(2**51, 2**51 + 1, np.int64)), bool(is_constant(2**53, 2**53 + 2, np.int64))
    (False, True)
    """
    with np.errstate(over="ignore"):
        spread = np.asarray(high, np.float64) - np.asarray(low, np.float64)
    constant: NDArray[np.bool_] = spread <= rounding(low, high, dtype)
    return constant
