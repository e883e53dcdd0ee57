r"""Output units and their costs.

An output unit turns the last weighted sums Z_L into the network's answer H; its cost compares H with the
targets Y.  The two are matched, so that for each of the four the derivative of the cost by Z_L is H - Y:

    ====  ==========================  ==========================================  =============
    tag   output unit                 cost of one example                         delta_L
    ====  ==========================  ==========================================  =============
    (C1)  sigmoid: K yes/no answers   -Σ_k [y_k log h_k + (1-y_k) log(1-h_k)]     h - y
    (C2)  softmax: one of K classes   -Σ_k y_k log h_k                            h - y
    (C3)  identity: K numbers         1/2 Σ_k (h_k - y_k)²                        h - y
    (C5)  exp: K counts or rates      Σ_k [y_k log(y_k / h_k) - y_k + h_k]        h - y
    ====  ==========================  ==========================================  =============

(C4) is the regularisation, which is no cost of an example.

Only for a matched pair: a squared cost on sigmoid outputs, say, would bring the factor g'(z) back.

Costs are computed from Z_L, not from H.  At z = 40 the sigmoid rounds to exactly 1 and log(1 - h) would be
log 0; computed from z the same cost is 40 + e^-40, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.activations import Array, sigmoid, softplus
from multilayer.exceptions import unknown_name


class Output(Protocol):
    """An output unit h with the cost that matches it."""

    def h(self, Z: Array) -> Array:
        """The network's answer, (m, K) from (m, K)."""

    def cost(self, Z: Array, Y: Array) -> Array:
        """The cost of each example, (m,)."""

    def delta(self, Z: Array, Y: Array) -> Array:
        """The derivative of each example's cost by its Z, (m, K)."""


class SigmoidOutput:
    """(C1) h = 1 / (1 + e^-z); cross-entropy summed over K units that answer yes or no independently.

    With h = sigmoid(z): log h = -softplus(-z) and log(1 - h) = -softplus(z), so that
    -y log h - (1 - y) log(1 - h) = softplus(z) - y z.
    """

    def h(self, Z: Array) -> Array:
        return sigmoid.g(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        # softplus(z) - y z, arranged so that a confident right answer (y = 1, z large) is not a difference
        # of two large numbers: y softplus(-z) + (1 - y) softplus(z).
        return np.sum(Y * softplus.g(-Z) + (1.0 - Y) * softplus.g(Z), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.h(Z) - Y


class SoftmaxOutput:
    """(C2) h_k = e^(z_k) / Σ_j e^(z_j); categorical cross-entropy over K classes that exclude each other.

    Subtracting the row's maximum changes nothing (numerator and denominator are divided by the same number)
    and keeps e^z at most 1; without it z = 1000 gives inf / inf.
    """

    def h(self, Z: Array) -> Array:
        e = np.exp(Z - Z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def cost(self, Z: Array, Y: Array) -> Array:
        return -np.sum(Y * self.log_h(Z), axis=1)

    def log_h(self, Z: Array) -> Array:
        """log h = z - log Σ_j e^(z_j), finite where h itself has already rounded to 0."""
        shifted = Z - Z.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.h(Z) - Y


class IdentityOutput:
    """(C3) h = z; half the squared error summed over K numbers.  The half cancels the 2 of the derivative."""

    def h(self, Z: Array) -> Array:
        return np.array(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        return 0.5 * np.sum((Z - Y) ** 2, axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return Z - Y


class ExpOutput:
    """(C5) h = e^z; half the Poisson deviance summed over K rates, for targets that are not negative.

    It is the Poisson cost h - y log h, less its least possible value y - y log y, so that a perfect answer costs 0.
    With h = e^z: y log(y / h) - y + h = e^z - y z + (y log y - y), and 0 log 0 = 0.
    """

    def h(self, Z: Array) -> Array:
        return np.exp(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        y_log_y = Y * np.log(np.where(Y > 0, Y, 1.0))
        return np.sum(np.exp(Z) - Y * Z + (y_log_y - Y), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.h(Z) - Y


OUTPUTS: dict[str, Output] = {
    "sigmoid": SigmoidOutput(),
    "softmax": SoftmaxOutput(),
    "identity": IdentityOutput(),
    "exp": ExpOutput(),
}


def output_unit(name: str) -> Output:
    """(C1)-(C3), (C5) The output unit of that name, with its cost.

    Examples
    --------
    >>> output_unit("softmax").h(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    if name not in OUTPUTS:
        raise unknown_name("output unit", name, OUTPUTS)
    return OUTPUTS[name]


def regularization(thetas: Sequence[NDArray[np.float64]], lam: float, m: float) -> float:
    """(C4) λ / (2m) times the sum of all squared weights, without the bias weights (column 0).

    A bias shifts a unit's threshold and does not make the network's function steeper: shrinking it would only
    pull the answer towards sigmoid(0).

    Examples
    --------
    >>> regularization([np.array([[9.0, 1.0, 2.0]])], lam=0.4, m=2)
    0.5
    """
    return lam / (2.0 * m) * sum(float(np.sum(theta[:, 1:] ** 2)) for theta in thetas)
