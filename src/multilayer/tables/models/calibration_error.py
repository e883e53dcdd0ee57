"""The expected calibration error: how far probabilities are from observed shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer._checks import check_integer
from multilayer.exceptions import InputError, ShapeError
from multilayer.fits.columns import checked_weight

N_BINS = 15


def expected_calibration_error(
    y: ArrayLike,
    probabilities: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    n_bins: int = N_BINS,
) -> float:
    r"""Compute the expected calibration error (T3): how far probabilities are from observed shares.

    .. math:: \mathrm{ECE} = \sum_b \frac{W_b}{W} \left| \bar o_b - \bar p_b \right|

    The rows are sorted by a probability p and divided into bins of equal total weight, in which rows of equal p stay
    together.  :math:`\bar p_b` is the mean of p in bin b, :math:`\bar o_b` the share of rows in which the event
    happened, and :math:`W_b` the weight.  With two classes p is the probability of the second one, and the event is
    this class.  With more classes p is the largest probability of the row, and the event is that its class is right.

    Parameters
    ----------
    y : array of shape (m,)
        The observed classes.
    probabilities : array of shape (m, K) or (m,)
        The probabilities of the classes, in the order of ``classes``; of shape (m,), those of the second of two.
    classes : array of shape (K,) or None, default=None
        The classes of the columns; None for the sorted values of y.
    sample_weight : array of shape (m,) or None, default=None
        Weights of the rows.
    n_bins : int, default=15
        The largest number of bins.

    Returns
    -------
    float
        From 0 to 1; 0 for perfect calibration.

    Raises
    ------
    InputError
        If y has a class that ``classes`` lacks, or probabilities are not from 0 to 1.
    ShapeError
        If the shapes do not match.
    ParameterError
        If ``n_bins`` is not a positive integer.

    See Also
    --------
    sklearn.calibration.calibration_curve : The shares and means of the bins of two classes.

    Notes
    -----
    Also perfect probabilities have an error above 0, because shares of few rows vary: about 0.4 sqrt(n_bins / m) for
    probabilities near 0.5.  Compare models on the same rows.

    Examples
    --------
    >>> y = np.array(["no", "no", "yes", "yes"])
    >>> expected_calibration_error(y, [0.25, 0.25, 0.25, 0.75], n_bins=2).__round__(4)
    0.125

    References
    ----------
    Naeini, M. P., Cooper, G. F. and Hauskrecht, M. (2015). Obtaining well calibrated probabilities using Bayesian
    binning. AAAI.  Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of modern neural networks.
    ICML.
    """
    check_integer("n_bins", n_bins, 1)
    labels = np.asarray(y)
    names = np.unique(labels) if classes is None else np.asarray(classes)
    p, happened = _predicted_events(labels, np.asarray(probabilities, dtype=np.float64), names)
    weight = checked_weight(sample_weight, len(p), np.dtype(np.float64))
    w = np.ones(len(p)) if weight is None else np.asarray(weight, dtype=np.float64)
    bins = equal_mass_bins(p, w, n_bins)
    differences = np.bincount(bins, w * (happened - p), minlength=n_bins)
    return float(np.abs(differences).sum() / w.sum())


def equal_mass_bins(p: NDArray[np.float64], w: NDArray[np.float64], n_bins: int) -> NDArray[np.intp]:
    """Return the bin of each row, by the weight of the rows before the first row of equal p, plus half its own.

    Examples
    --------
    >>> equal_mass_bins(np.array([0.1, 0.4, 0.4, 0.2]), np.ones(4), 2).tolist()
    [0, 1, 1, 0]
    """
    values, place = np.unique(p, return_inverse=True)
    mass = np.bincount(place, w, minlength=len(values))
    middle = np.cumsum(mass) - mass + 0.5 * np.bincount(place, w) / np.maximum(np.bincount(place), 1)
    bins = np.minimum((n_bins * middle / w.sum()).astype(np.intp), n_bins - 1)
    found: NDArray[np.intp] = bins[place]
    return found


def _predicted_events(
    y: NDArray[Any], P: NDArray[np.float64], classes: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a probability for each row, and 1 if its event happened, else 0."""
    K = len(classes)
    if P.ndim == 1 and K <= 2:
        P = np.column_stack([1.0 - P, P])
        if K < 2:
            raise InputError(f"y holds {K} classes, so that classes is needed. Pass the two labels in ascending order.")
    if y.ndim != 1 or P.shape != (len(y), K) or not len(y):
        raise ShapeError(
            f"probabilities must be of shape (m, K) for y of shape (m,) and K={K} classes, got {P.shape} and "
            f"{y.shape}. Pass classes if y does not hold all of them."
        )
    if not ((P >= 0) & (P <= 1)).all():
        raise InputError("probabilities must be from 0 to 1 without NaN. Pass the result of predict_proba.")
    order = np.argsort(classes)
    codes = order[np.searchsorted(classes, y, sorter=order).clip(max=K - 1)]
    if not (classes[codes] == y).all():
        unknown = sorted(set(y.tolist()) - set(classes.tolist()))
        raise InputError(f"y holds {unknown[0]!r}, which is not among the classes {classes.tolist()!r}.")
    if K == 2:
        return P[:, 1], (codes == 1).astype(np.float64)
    return P.max(axis=1), (codes == P.argmax(axis=1)).astype(np.float64)
