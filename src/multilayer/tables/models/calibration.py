"""Temperature scaling of probabilities, and the expected calibration error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from multilayer._checks import check_integer
from multilayer.exceptions import InputError, ShapeError
from multilayer.fits.columns import checked_weight

Calibration = Literal["auto", "temperature"]
CALIBRATIONS = ("auto", "temperature")
LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
# Temperatures from a fifth to five.
LARGEST_LOG_TEMPERATURE = math.log(5.0)
# With fewer rows, a temperature is less certain than the need of one.
FEWEST_ROWS = 100
# A gain counts if it is larger than so many standard errors.
ERRORS_OF_GAIN = 2.0
N_BINS = 15


@dataclass(frozen=True, eq=False)
class Tempering:
    """A temperature, and out-of-fold probabilities at temperatures that were fitted on other rows.

    Attributes
    ----------
    temperature : float
        The temperature for new rows; 1 for unchanged probabilities.
    probabilities : array of shape (n, K)
        The out-of-fold probabilities.
    """

    temperature: float
    probabilities: NDArray[np.float64]


def tempered(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(T1) p'_k = p_k^(1/T) / Σ_j p_j^(1/T): probabilities at another temperature, of shape (m, K).

    T > 1 makes them more equal, T < 1 more extreme; their order does not change.  Zeros count as the smallest
    difference of numbers near 1, 2e-16.

    Parameters
    ----------
    probabilities : array of shape (m, K)
        Probabilities p, which sum to 1 in each row.
    temperature : float
        T, positive.

    Returns
    -------
    array of shape (m, K)
        Probabilities.

    Examples
    --------
    >>> tempered(np.array([[0.2, 0.8]]), 0.5).round(3).tolist()
    [[0.059, 0.941]]

    References
    ----------
    Guo, C., Pleiss, G., Sun, Y. and Weinberger, K. Q. (2017). On calibration of modern neural networks. ICML.
    """
    if temperature == 1.0:
        return probabilities
    scaled = np.log(np.maximum(probabilities, LEAST_PROBABILITY)) / temperature
    found: NDArray[np.float64] = softmax(scaled, axis=1)
    return found


def log_losses(probabilities: NDArray[np.float64], y: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return -log p of the class of each row, (m,)."""
    of_class: NDArray[np.float64] = probabilities[np.arange(len(y)), y]
    return -np.log(np.maximum(of_class, LEAST_PROBABILITY))


def best_temperature(
    probabilities: NDArray[np.float64], y: NDArray[np.intp], weight: NDArray[np.float64] | None = None
) -> float:
    """(T2) T = argmin Σ_i w_i (-log p'_{i, y_i}) / Σ_i w_i: the temperature with the smallest log-loss.

    The loss is convex in 1/T.  T is limited to 0.2 to 5, and is 1 if no other is better.

    Parameters
    ----------
    probabilities : array of shape (n, K)
        Probabilities of rows that the networks were not trained on.
    y : array of int of shape (n,)
        Their classes.
    weight : array of shape (n,) or None, default=None
        Their weights.

    Returns
    -------
    float
        T.

    Examples
    --------
    >>> best_temperature(np.full((4, 2), [0.9, 0.1]), np.array([0, 0, 0, 1])) > 1
    True
    """
    logarithms = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    logarithms = logarithms - logarithms[np.arange(len(y)), y][:, np.newaxis]

    def loss(log_temperature: float) -> float:
        return float(np.average(_log_sum_exp(logarithms * math.exp(-log_temperature)), weights=weight))

    bounds = (-LARGEST_LOG_TEMPERATURE, LARGEST_LOG_TEMPERATURE)
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return float(math.exp(found.x)) if found.fun < loss(0.0) else 1.0


def _log_sum_exp(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = Z.max(axis=1)
    found: NDArray[np.float64] = largest + np.log(np.exp(Z - largest[:, np.newaxis]).sum(axis=1))
    return found


def chosen_tempering(
    probabilities: NDArray[np.float64],
    y: NDArray[np.intp],
    weight: NDArray[np.float64] | None,
    parts: Sequence[NDArray[np.intp]],
    *,
    only_if_better: bool,
    may_soften: bool,
) -> Tempering:
    """Fit a temperature to out-of-fold probabilities, if they say that it helps.

    For each part of the rows, a temperature is fitted on the other parts.  The losses of all rows with and without
    these temperatures are compared in pairs: the temperature is used if the mean gain is larger than two of its
    standard errors.

    Parameters
    ----------
    probabilities : array of shape (n, K)
        Out-of-fold probabilities.
    y : array of int of shape (n,)
        The classes.
    weight : array of shape (n,) or None
        The weights of the rows.
    parts : sequence of arrays of int
        Row numbers; each row is in one part.
    only_if_better : bool
        Whether the comparison decides; otherwise the temperature is used.
    may_soften : bool
        Whether a temperature above 1 may be used.

    Returns
    -------
    Tempering
        The temperature and the probabilities.
    """
    unchanged = Tempering(1.0, probabilities)
    if only_if_better and len(y) < FEWEST_ROWS:
        return unchanged

    def fitted(rows: NDArray[np.intp]) -> float:
        of_rows = None if weight is None else weight[rows]
        if of_rows is not None and not of_rows.sum() > 0:
            return 1.0
        temperature = best_temperature(probabilities[rows], y[rows], of_rows)
        return temperature if may_soften else min(temperature, 1.0)

    found = np.empty_like(probabilities)
    for part in parts:
        others = np.setdiff1d(np.arange(len(y)), part)
        found[part] = tempered(probabilities[part], fitted(others) if len(others) else 1.0)
    if only_if_better:
        gains = log_losses(probabilities, y) - log_losses(found, y)
        mean, error = mean_and_error(gains, weight)
        if not mean > ERRORS_OF_GAIN * error:
            return unchanged
    temperature = fitted(np.arange(len(y)))
    return Tempering(temperature, found)


def mean_and_error(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> tuple[float, float]:
    """Return the weighted mean of values of shape (n,) and its standard error.

    Examples
    --------
    >>> mean_and_error(np.array([1.0, 3.0]), None)
    (2.0, 1.0)
    """
    w = np.ones(len(values)) if weight is None else weight
    shares = w / w.sum()
    mean = float(shares @ values)
    effective = 1.0 / float(shares @ shares)  # as many rows of equal weight
    if effective <= 1.0:
        return mean, math.inf
    return mean, math.sqrt(float(shares @ (values - mean) ** 2) / (effective - 1.0))


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
