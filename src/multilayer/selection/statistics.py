"""Means over folds, their standard errors, and choices by them; values that are not finite do not count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# A difference of more standard errors than this is clear: about 95 of 100 differences by chance are smaller.
CLEAR = 2.0


def mean(values: ArrayLike, axis: int = -1) -> Array:
    """The mean of the finite values; NaN where there is none.

    Examples
    --------
    >>> mean([[1.0, 3.0], [float("nan"), 5.0]]).tolist()
    [2.0, 5.0]
    """
    known, n = _known(values, axis)
    return np.divide(known.sum(axis=axis), n, out=np.full(n.shape, np.nan), where=n > 0)


def standard_error(values: ArrayLike) -> Array:
    """The standard error of the mean of the finite values: standard deviation / √n; NaN for fewer than two.

    It is a little too small for folds, whose scores are not independent: they share most of their training rows.

    Examples
    --------
    >>> standard_error([[1.0, 3.0], [float("nan"), 5.0]]).tolist()
    [1.0, nan]
    """
    known, n = _known(values, -1)
    centre = np.expand_dims(mean(values), -1)
    squares = np.where(np.isfinite(np.asarray(values, dtype=np.float64)), (known - centre) ** 2, 0.0).sum(axis=-1)
    return np.sqrt(np.divide(squares, n * (n - 1.0), out=np.full(n.shape, np.nan), where=n > 1))


def mean_and_error(values: ArrayLike) -> tuple[Array, Array]:
    """The mean over the folds and its standard error; values that are not finite do not count.

    Parameters
    ----------
    values : array of shape (..., folds)
        Scores or costs.

    Returns
    -------
    tuple of two arrays of shape (...)
        The means and their standard errors.

    Examples
    --------
    >>> means, errors = mean_and_error([[1.0, 3.0], [float("nan"), 5.0]])
    >>> means.tolist(), errors.tolist()
    ([2.0, 5.0], [1.0, nan])
    """
    return mean(values), standard_error(values)


def mean_pairs(values: ArrayLike) -> list[tuple[float, float]]:
    """Pairs (mean, standard error) of the rows of values (n, folds), for a table."""
    return list(zip(mean(values).tolist(), standard_error(values).tolist(), strict=True))


def _known(values: ArrayLike, axis: int) -> tuple[Array, NDArray[np.intp]]:
    """The values, 0 in place of those that are not finite, and how many are."""
    array = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(array)
    return np.where(finite, array, 0.0), finite.sum(axis=axis)


def paired(one: ArrayLike, other: ArrayLike) -> tuple[float, float]:
    """The mean difference between two series, fold by fold, and its standard error.

    What makes a fold hard for both cancels.
    """
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    known = np.isfinite(first) & np.isfinite(second)
    difference = first[known] - second[known]
    return float(mean(difference)), float(standard_error(difference))


def is_clear(difference: float, error: float) -> bool:
    """Whether a difference is positive and clear; never if its error is not known."""
    return bool(difference > 0 and difference > CLEAR * error)


def best_and_within_one_error(scores: Array, simplest_first: Sequence[int]) -> tuple[int, int] | None:
    """The index of the highest mean of scores (n, folds), and of the simplest within one standard error of it.

    None if there is no score.  With a single fold both are the same.  (Breiman et al. 1984, section 3.4.3)
    """
    means, errors = mean(scores), standard_error(scores)
    if not np.isfinite(means).any():
        return None
    best = int(np.nanargmax(means))
    least = means[best] - np.nan_to_num(errors[best])
    return best, next(i for i in simplest_first if means[i] >= least)
