"""Prediction intervals with a given coverage for any network and any noise.

They assume only that rows are exchangeable.  R_i is the error |y_i - ŷ_i| of the prediction for a row that its network
was not trained on, n the number of such rows, and 1 - α the coverage.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_real
from multilayer.exceptions import ParameterError
from multilayer.network import Floats

# Numbers in memory at a time, new rows times rows held out: 32 MB.
BLOCK = 1 << 22


def check_coverage(coverage: float) -> float:
    """Check a coverage, at least 0.5: with less, the ends of a jackknife+ interval may cross."""
    return check_real("coverage", coverage, 0.5, 1.0, open_high=True)


def rank(n: int, coverage: float) -> int:
    """Return ⌈(n + 1)(1 - α)⌉: a new error is at most the one of this rank with probability 1 - α or more.

    The rank of a new error among the others is uniform.  The ceiling is that of the decimal fraction as written:
    0.07 · 100 is above 7 in floating point.

    Raises
    ------
    ParameterError
        If the rank is above n: only an infinite interval has this coverage.

    Examples
    --------
    >>> rank(99, 0.9), rank(100, 0.9)
    (90, 91)
    """
    found = math.ceil((n + 1) * Fraction(repr(float(coverage))))
    if found > n:
        needed = math.ceil(1 / (1 - Fraction(repr(float(coverage))))) - 1
        raise ParameterError(
            f"coverage={coverage:g} needs at least {needed} rows whose errors are known, got {n}. Calibrate on more "
            "rows, or lower coverage."
        )
    return found


def split_conformal(errors: Floats, coverage: float) -> float:
    """Return half the width of the interval ŷ ± q: the error of rank ⌈(n + 1)(1 - α)⌉.

    Coverage is at least 1 - α and, where errors do not tie, at most 1 - α + 1 / (n + 1).

    Parameters
    ----------
    errors : array of shape (n,)
        R_i of rows that were not used in training.
    coverage : float

    Examples
    --------
    >>> split_conformal(np.array([3.0, 1.0, 2.0, 4.0]), 0.75)
    4.0

    References
    ----------
    Papadopoulos, H., Proedrou, K., Vovk, V. and Gammerman, A. (2002). Inductive confidence machines for regression.
    ECML.  Lei, J., G'Sell, M., Rinaldo, A., Tibshirani, R. J. and Wasserman, L. (2018). Distribution-free predictive
    inference for regression. Journal of the American Statistical Association 113.
    """
    k = rank(len(errors), coverage) - 1
    return float(np.partition(errors, k)[k])


def jackknife_plus(
    predictions: Floats, left_out: Floats, errors: Floats, coverage: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return intervals from the predictions of networks that were each trained without some of the rows.

    ŷ_i(x) is the mean prediction for a new row x by the networks that were trained without row i, with the weights of
    column i of ``left_out``.  The ends are

        lower = the ⌊(n + 1) α⌋-th smallest of ŷ_i(x) - R_i, i = 1 .. n
        upper = the ⌈(n + 1)(1 - α)⌉-th smallest of ŷ_i(x) + R_i

    With one network for each fold this is CV+, with one row in each fold jackknife+, and with the bootstrap's networks
    that have not drawn row i the jackknife+ after bootstrap.  Each new row needs n numbers, of which at most BLOCK are
    in memory at a time.

    Coverage is about 1 - α.  The proved bound for any network and any noise is 1 - 2α for jackknife+, at most √(2 / n)
    less for CV+, and 1 - 2α for the bootstrap if the number of networks has a binomial distribution.

    Parameters
    ----------
    predictions : array of shape (k, m)
        The prediction of each network for each new row.
    left_out : array of shape (k, n)
        Weights; each column sums to 1, and is 0 for networks trained on the row.
    errors : array of shape (n,)
        R_i.
    coverage : float

    Returns
    -------
    lower, upper : arrays of shape (m,)

    References
    ----------
    Barber, R. F., Candès, E. J., Ramdas, A. and Tibshirani, R. J. (2021). Predictive inference with the jackknife+.
    The Annals of Statistics 49.  Kim, B., Xu, C. and Barber, R. F. (2020). Predictive inference is free with the
    jackknife+-after-bootstrap. NeurIPS.
    """
    n, m = len(errors), predictions.shape[1]
    k = rank(n, coverage) - 1
    lower, upper = np.empty(m), np.empty(m)
    for start in range(0, m, max(1, BLOCK // n)):
        block = slice(start, start + max(1, BLOCK // n))
        # Member by member: a matrix product would add up in an order that depends on the number of rows.
        centres = np.zeros((predictions[:, block].shape[1], n))
        for prediction, shares in zip(predictions[:, block], left_out, strict=True):
            centres += prediction[:, np.newaxis] * shares
        highs = centres + errors
        highs.partition(k, axis=1)
        upper[block] = highs[:, k]
        centres -= errors
        centres.partition(n - 1 - k, axis=1)
        lower[block] = centres[:, n - 1 - k]
    return lower, upper
