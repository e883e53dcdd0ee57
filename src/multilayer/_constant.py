"""When a column of numbers is constant: its spread is no more than the rounding of its values.

``[0.1 + 0.2, 0.3] * 20`` holds two numbers, but their difference says nothing: it is the rounding of a sum.  A column
divided by such a difference would turn 0.31 into 1e14.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

ROUNDINGS = 16.0  # sums of about a hundred numbers differ by as many roundings
# Where numbers are as coarse as in float16, a step between two of them may well be what was measured.
COARSEST = 2.0**-16


def rounding(low: ArrayLike, high: ArrayLike, dtype: DTypeLike = np.float64) -> NDArray[np.float64]:
    """The largest spread that a column from ``low`` to ``high`` may owe to rounding alone.

    It is ``16 eps max(|low|, |high|)``, with the machine precision eps of ``dtype``; ``eps max(|low|, |high|)`` for
    integers and Booleans, which carry no rounding but that of float64 itself; 0 for float16, whose steps may be
    what was measured.  Spreads below the smallest normal number of the type are rounding too: arithmetic with such
    numbers has lost its digits, or makes them 0.

    Parameters
    ----------
    low, high : array of shape (n,), or numbers
        The least and the largest value of each column; finite.
    dtype : data type, default=numpy.float64
        The type in which the values were given, which may be coarser than the one they are computed in.

    Returns
    -------
    array of shape (n,)

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
    """Whether a column whose values lie from ``low`` to ``high`` is constant but for :func:`rounding`.

    Parameters
    ----------
    low, high : array of shape (n,), or numbers
        The least and the largest value of each column; finite.
    dtype : data type, default=numpy.float64
        The type in which the values were given.

    Returns
    -------
    array of bool of shape (n,)

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
