"""Temperature scaling of probabilities, if out-of-fold probabilities say that it helps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from multilayer.ensembles.greedy import LEAST_PROBABILITY
from multilayer.tables.models.means import mean_over_rows

Calibration = Literal["auto", "temperature"]
CALIBRATIONS = ("auto", "temperature")
# Temperatures from a fifth to five.
LARGEST_LOG_TEMPERATURE = math.log(5.0)
# With fewer rows, a temperature is less certain than the need of one.
FEWEST_ROWS = 100
# A gain counts if it is larger than so many standard errors.
ERRORS_OF_GAIN = 2.0


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


def tempered_gradient(probabilities: NDArray[np.float64], temperature: float, k: int) -> NDArray[np.float64]:
    """(T4) ∂p'_k / ∂p_j = p'_k (δ_kj - p'_j) / (T p_j): the derivative of (T1) of one class, of shape (m, K).

    Examples
    --------
    >>> tempered_gradient(np.array([[0.2, 0.8]]), 0.5, k=1).round(3).tolist()
    [[-0.554, 0.138]]
    """
    if temperature == 1.0:
        return np.tile(np.eye(probabilities.shape[1])[k], (len(probabilities), 1))
    p = tempered(probabilities, temperature)
    steps = p[:, [k]] * (np.eye(p.shape[1])[k] - p) / (temperature * np.maximum(probabilities, LEAST_PROBABILITY))
    return np.where(probabilities > LEAST_PROBABILITY, steps, 0.0)


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
    groups: NDArray[np.intp] | None = None,
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
    groups : array of int of shape (n,) or None, default=None
        The groups of the rows, for the standard error.

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
        mean, error = mean_over_rows(gains, weight, groups)
        if not mean > ERRORS_OF_GAIN * error:
            return unchanged
    temperature = fitted(np.arange(len(y)))
    return Tempering(temperature, found)
