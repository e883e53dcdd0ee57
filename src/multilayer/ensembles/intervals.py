"""Intervals that hold a new target with a probability chosen beforehand, whatever the network and the noise are.

All that they ask is that the rows could have come in any other order just as well.  R_i is the error |y_i - ŷ_i| of an
answer to a row that its network has not been trained on, n the number of such rows, 1 - α the coverage.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from multilayer._checks import check_real
from multilayer.exceptions import ParameterError
from multilayer.network import Floats

# Numbers that are looked at at a time, rows asked about times rows held out: 32 MB.
BLOCK = 1 << 22


def check_coverage(coverage: float) -> float:
    """The coverage, from 0.5: below it the ends of a jackknife+ interval may cross."""
    return check_real("coverage", coverage, 0.5, 1.0, open_high=True)


def rank(n: int, coverage: float) -> int:
    """⌈(n + 1)(1 - α)⌉: the error of a new row is at most the one of this rank, of n, with probability 1 - α or more.

    A new error is as likely to take any of the n + 1 places among the others.  The ceiling is taken of the decimal
    fraction as it was written: 0.07 · 100 is above 7 in floating point.

    Raises
    ------
    ParameterError
        Where it is above n: only the whole line holds a new target so surely.

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
            "rows, or ask for less coverage."
        )
    return found


def split_conformal(errors: Floats, coverage: float) -> float:
    """Half the width of the interval ŷ ± q: the error of rank ⌈(n + 1)(1 - α)⌉.

    Coverage is at least 1 - α and, where errors do not tie, at most 1 - α + 1 / (n + 1).

    Parameters
    ----------
    errors : array of shape (n,)
        R_i of rows that have had no part in the training.
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
    answers: Floats, left_out: Floats, errors: Floats, coverage: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The interval from the answers of networks that each have not seen some of the rows.

    ŷ_i(x) is the answer to a new row x of what has not seen row i: its mean, by the weights of column i of
    ``left_out``.  The ends are

        lower = the ⌊(n + 1) α⌋-th smallest of ŷ_i(x) - R_i, i = 1 .. n
        upper = the ⌈(n + 1)(1 - α)⌉-th smallest of ŷ_i(x) + R_i

    With one network a fold this is CV+, with a fold a row jackknife+, and with the mean of the bootstrap's networks
    that have not drawn row i the jackknife+ after bootstrap.  n numbers are needed for each new row; never more than
    BLOCK of them are there at a time.

    Coverage is about 1 - α.  What is proved, for any network and any noise, is 1 - 2α for jackknife+, at most
    √(2 / n) less for CV+, and 1 - 2α for the bootstrap if the number of networks is drawn from a binomial law.

    Parameters
    ----------
    answers : array of shape (k, m)
        Of each network for each new row.
    left_out : array of shape (k, n)
        Each column sums to 1, and is 0 for the networks that have seen the row.
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
    n, m = len(errors), answers.shape[1]
    k = rank(n, coverage) - 1
    lower, upper = np.empty(m), np.empty(m)
    for start in range(0, m, max(1, BLOCK // n)):
        block = slice(start, start + max(1, BLOCK // n))
        # Member by member: a matrix product would add up in an order that depends on the number of rows.
        centres = np.zeros((answers[:, block].shape[1], n))
        for answer, shares in zip(answers[:, block], left_out, strict=True):
            centres += answer[:, np.newaxis] * shares
        highs = centres + errors
        highs.partition(k, axis=1)
        upper[block] = highs[:, k]
        centres -= errors
        centres.partition(n - 1 - k, axis=1)
        lower[block] = centres[:, n - 1 - k]
    return lower, upper
