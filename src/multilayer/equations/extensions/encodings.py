r"""Encodings of single columns of a table: a smooth clip, piecewise-linear parts, and means of the target.

    ====  ==================================================  ====================================================
    tag   equation                                            what it is
    ====  ==================================================  ====================================================
    (X1)  s(x) = x / √(1 + (x / 3)²)                          clips a scaled number to (-3, 3)
    (X2)  p_i = min(max((x - e_i) / (e_{i+1} - e_i), 0), 1)   the part between two of the edges e_0 < e_1 < ... < e_n
                - 1/2
    (X3)  d_c = Σ_{i in c} t_i / (n_c + 10)                   the smoothed mean of the target t in a category c of
                                                              n_c rows, where t has mean 0
    (X4)  (X3) over the rows of all other folds, less their   the mean for a row that is trained on
          mean
    ====  ==================================================  ====================================================

They turn columns into inputs before the first layer and have no trained parameters.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.activations import Array

SMOOTHING = 10.0
"""Number of rows with the overall mean that are added to each category."""


def smooth_clip(scaled: Array) -> Array:
    """(X1) Clip numbers smoothly to (-3, 3): ``x / sqrt(1 + (x / 3)^2)``.

    The numbers, of shape (m,), may be infinite but not NaN.  The slope is 1 at 0, and infinity becomes 3.

    Examples
    --------
    >>> smooth_clip(np.array([0.0, 4.0, -np.inf])).round(6).tolist()
    [0.0, 2.4, -3.0]
    """
    # hypot computes the root without squares, which overflow; infinity / infinity would be NaN.
    finite = np.minimum(np.maximum(scaled, -1e300), 1e300)
    return finite / np.hypot(1.0, finite / 3.0)


def piecewise_linear(x: Array, edges: Array) -> Array:
    r"""(X2) Compute the parts of numbers: ``clip((x - e_i) / (e_{i+1} - e_i), 0, 1) - 0.5`` for each pair of edges.

    Below its two edges a part is -0.5, above them 0.5, and linear in between: a linear function of all parts is any
    continuous function that is linear between the edges and constant outside of them.

    Parameters
    ----------
    x : array of shape (m,)
        Numbers, also infinite ones.
    edges : array of shape (n + 1,)
        Strictly increasing numbers: the minimum, the thresholds and the maximum.

    Returns
    -------
    array of shape (m, n)
        The parts.

    Examples
    --------
    >>> piecewise_linear(np.array([0.0, 3.0, 9.0]), np.array([0.0, 2.0, 6.0]))
    array([[-0.5 , -0.5 ],
           [ 0.5 , -0.25],
           [ 0.5 ,  0.5 ]])
    """
    return linear_parts(x[:, None], edges[:-1], np.diff(edges))


def linear_parts(x: Array, low: Array, width: Array) -> Array:
    """(X2) Compute ``clip((x - low) / width, 0, 1) - 0.5`` of arrays whose shapes broadcast."""
    with np.errstate(over="ignore"):
        return np.minimum(np.maximum((x - low) / width, 0.0), 1.0) - 0.5


def smoothed_means(codes: NDArray[np.intp], t: Array, n_categories: int) -> Array:
    """(X3) Compute the smoothed mean ``d_c = sum(t_i) / (n_c + 10)`` over the n_c rows i of each category c.

    For outputs t with mean 0, it is ``n_c / (n_c + 10)`` times the difference of the category's mean and the overall
    mean, as if ten more rows had the overall mean.

    Parameters
    ----------
    codes : array of shape (m,)
        The category of each row; -1 for none.
    t : array of shape (m,)
        An output of the target with mean 0.
    n_categories : int
        Number of categories.

    Returns
    -------
    array of shape (n_categories,)
        The means.

    Examples
    --------
    >>> smoothed_means(np.array([0, 0, 1, -1]), np.array([3.0, 3.0, -11.0, 5.0]), 2).tolist()
    [0.5, -1.0]
    """
    known = codes >= 0
    sums = np.bincount(codes[known], t[known], n_categories)
    counts = np.bincount(codes[known], minlength=n_categories)
    means: Array = sums / (counts + SMOOTHING)
    return means


def cross_fitted_means(codes: NDArray[np.intp], t: Array, n_categories: int, folds: NDArray[np.intp]) -> Array:
    """(X4) Compute for each row the smoothed mean of its category over the rows of other folds, less their mean.

    Otherwise a network would learn the rows' own targets from the means.  Even the overall mean of all rows would tell
    a little: the higher a row's target, the lower the mean of the others beside it.

    Parameters
    ----------
    codes : array of shape (m,)
        The category of each row; -1 for none, which gets 0, the overall mean.
    t : array of shape (m,)
        An output of the target.
    n_categories : int
        Number of categories.
    folds : array of shape (m,)
        The fold of each row, from 0.

    Returns
    -------
    array of shape (m,)
        The means.
    """
    known = codes >= 0
    n_folds = int(folds.max()) + 1
    cells = codes[known] * n_folds + folds[known]
    shape = (n_categories, n_folds)
    sums = np.bincount(cells, t[known], n_categories * n_folds).reshape(shape)
    counts = np.bincount(cells, minlength=n_categories * n_folds).reshape(shape)
    counts_of_folds = np.bincount(folds, minlength=n_folds)
    of_others = means_of_other_folds(sums, counts, np.bincount(folds, t, n_folds), counts_of_folds)
    means = np.zeros(len(codes))
    means[known] = of_others.ravel()[cells]
    return means


def means_of_other_folds(
    sums: NDArray[np.number],
    counts: NDArray[np.integer],
    sums_of_folds: NDArray[np.number],
    counts_of_folds: NDArray[np.integer],
) -> Array:
    """(X4) Compute the cross-fitted mean of each category and fold from the sums over their rows.

    The mean of a category c for the rows of a fold f is that of :func:`smoothed_means` over the rows of the other
    folds, less their mean.

    Parameters
    ----------
    sums, counts : arrays of shape (n_categories, n_folds)
        The sum of an output of the target over the rows of each category and fold, and the number of these rows.
    sums_of_folds, counts_of_folds : arrays of shape (n_folds,)
        The same for all rows of each fold, also those without a category.

    Returns
    -------
    array of shape (n_categories, n_folds)
        The means.

    Examples
    --------
    >>> sums, counts = np.array([[3.0, -1.0]]), np.array([[2, 1]])
    >>> means_of_other_folds(sums, counts, np.array([3.0, -3.0]), np.array([3, 2])).round(3).tolist()
    [[0.045, 0.083]]
    """
    sums = sums.sum(axis=1, keepdims=True) - sums
    counts = counts.sum(axis=1, keepdims=True) - counts
    n_others = counts_of_folds.sum() - counts_of_folds
    overall = (sums_of_folds.sum() - sums_of_folds) / np.maximum(n_others, 1)
    means: Array = np.where(counts > 0, sums - counts * overall, 0.0) / (counts + SMOOTHING)
    return means
