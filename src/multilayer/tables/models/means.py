"""The mean of values over rows, and its standard error: of all paired differences of losses in table models."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def mean_over_rows(
    values: NDArray[np.float64], weight: NDArray[np.float64] | None = None, groups: NDArray[np.intp] | None = None
) -> tuple[float, float]:
    r"""(T5) Return the weighted mean of values, and its standard error, which is robust to clusters.

    .. math:: \mathrm{SE}^2 = \frac{n}{n - 1} \sum_g \Big( \sum_{i \in g} s_i (v_i - \bar v) \Big)^2

    with the shares s of the weights, :math:`\bar v = \sum_i s_i v_i`, groups g, and their effective number
    :math:`n = 1 / \sum_g (\sum_{i \in g} s_i)^2`.  Without groups, each row is one.

    Parameters
    ----------
    values : array of shape (n,)
        The values v.
    weight : array of shape (n,) or None, default=None
        Non-negative weights of the rows.
    groups : array of int of shape (n,) or None, default=None
        The number of the group of each row, from 0.  Rows of one group may depend on each other.

    Returns
    -------
    mean : float
        The mean.
    error : float
        Its standard error; infinity for a single row or group.

    Examples
    --------
    >>> mean_over_rows(np.array([1.0, 3.0]))
    (2.0, 1.0)
    >>> mean_over_rows(np.array([1.0, 1.0, 3.0, 3.0]), groups=np.array([0, 0, 1, 1]))
    (2.0, 1.0)

    References
    ----------
    Liang, K.-Y. and Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.
    """
    w = np.ones(len(values)) if weight is None else weight
    shares = w / w.sum()
    mean = float(shares @ values)
    deviations = shares * (values - mean)
    if groups is not None:
        shares, deviations = np.bincount(groups, shares), np.bincount(groups, deviations)
    effective = 1.0 / float(shares @ shares)
    if effective <= 1.0 + 1e-12:
        return mean, math.inf
    return mean, math.sqrt(float(deviations @ deviations) * effective / (effective - 1.0))
