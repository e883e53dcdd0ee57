r"""Regularisation: a penalty on large weights.

    =====  =====================  ======================  =========================
    tag    penalty                cost                    its derivative
    =====  =====================  ======================  =========================
    (C4)   squares, "L2"          λ / (2m) Σ Theta²       λ/m Theta
    (C13)  absolute values, "L1"  λ1 / m Σ abs(Theta)     λ1/m sign(Theta)
    =====  =====================  ======================  =========================

The sums omit the biases, column 0.  (C13) has a kink at 0, where its derivative is defined as 0: it does not change a
weight of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multilayer.equations._checks import check_not_negative
from multilayer.equations.activations import Array


@dataclass(frozen=True)
class Penalty:
    """(C4) λ for the squared weights and (C13) λ1 for their absolute values, together.

    Parameters
    ----------
    squares : float
        The factor λ, at least 0.
    absolutes : float
        The factor λ1, at least 0.

    Examples
    --------
    >>> regularization([np.array([[9.0, 1.0, -2.0]])], Penalty(squares=0.4, absolutes=2.0), m=2)
    3.5
    """

    squares: float = 0.0
    absolutes: float = 0.0

    def __post_init__(self) -> None:
        check_not_negative(self.squares, "squares")
        check_not_negative(self.absolutes, "absolutes")


def as_penalty(lam: float | Penalty) -> Penalty:
    """(C4) Convert a number λ to a penalty on squares; return a penalty unchanged."""
    if isinstance(lam, Penalty):
        return lam
    check_not_negative(lam, "lam")
    return Penalty(lam)


def regularization(thetas: Sequence[NDArray[np.float64]], lam: float | Penalty, m: float) -> float:
    """(C4) Compute λ / (2m) times the sum of all squared weights without the biases (column 0); with a penalty, (C13).

    A bias shifts a unit's threshold and does not make the network's function steeper: shrinking it would only
    move the output towards sigmoid(0).

    Parameters
    ----------
    thetas : list of arrays
        Weights, the biases in column 0.
    lam : float or Penalty
        The factor λ, or λ and λ1.
    m : float
        The number of examples, or the sum of their weights.

    Returns
    -------
    float
        The cost of the weights.

    Examples
    --------
    >>> regularization([np.array([[9.0, 1.0, 2.0]])], lam=0.4, m=2)
    0.5
    """
    penalty = as_penalty(lam)
    squares = penalty.squares / (2.0 * m) * sum(float(np.sum(theta[:, 1:] ** 2)) for theta in thetas)
    if penalty.absolutes == 0:
        return squares
    return squares + penalty.absolutes / m * sum(float(np.sum(np.abs(theta[:, 1:]))) for theta in thetas)


def regularization_gradient(theta: Array, lam: float | Penalty, m: float) -> Array:
    """(C4), (C13) Compute the derivative of the regularisation with respect to one Theta.

    It is λ/m Theta + λ1/m sign(Theta).

    Parameters
    ----------
    theta : array of shape (s_{l+1}, s_l + 1)
        Weights, the biases in column 0.
    lam : float or Penalty
        The factor λ, or λ and λ1.
    m : float
        The number of examples, or the sum of their weights.

    Returns
    -------
    array of the shape of ``theta``
        The derivative, 0 for the biases.

    Examples
    --------
    >>> regularization_gradient(np.array([[9.0, 1.0, -2.0]]), Penalty(squares=0.4, absolutes=2.0), m=2)
    array([[ 0. ,  1.2, -1.4]])
    """
    penalty = as_penalty(lam)
    kept = theta.copy()
    kept[:, 0] = 0.0
    gradient = penalty.squares / m * kept
    return gradient if penalty.absolutes == 0 else gradient + penalty.absolutes / m * np.sign(kept)
