r"""Output units and their costs.

An output unit turns the last weighted sums Z_L into the network's output H; its cost compares H with the targets Y.
Unit and cost match: for each of these four pairs, the derivative of the cost with respect to Z_L is H - Y.

    ====  ==========================  ==========================================  =============
    tag   output unit                 cost of one example                         delta_L
    ====  ==========================  ==========================================  =============
    (C1)  sigmoid: K yes/no outputs   -Σ_k [y_k log h_k + (1-y_k) log(1-h_k)]     h - y
    (C2)  softmax: one of K classes   -Σ_k y_k log h_k                            h - y
    (C3)  identity: K numbers         1/2 Σ_k (h_k - y_k)²                        h - y
    (C5)  exp: K counts or rates      Σ_k [y_k log(y_k / h_k) - y_k + h_k]        h - y
    ====  ==========================  ==========================================  =============

A fifth output unit, (C12) "increasing", gives K numbers in ascending order, as quantiles are.
(C4) and (C13) are the regularisation, which does not depend on the examples; see
:mod:`multilayer.equations.extensions.penalties`.

delta is H - Y only for a matched pair: a squared cost of sigmoid outputs, for example, would have the factor g'(z).
:mod:`multilayer.equations.extensions.chosen_costs` contains costs, each with its delta, that replace the matched one.

Costs are computed from Z_L, not from H.  At z = 40 the sigmoid rounds to exactly 1 and log(1 - h) would be
log 0; computed from z, the same cost is 40 + e^-40, accurate to all digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from multilayer.equations.activations import Array, sigmoid, softplus
from multilayer.exceptions import ParameterError, unknown_name


class Cost(Protocol):
    """A cost and its derivative; a custom cost is any object with these two methods.

    Z are the last weighted sums; for "increasing" outputs they are the outputs H.  A cost may also have ``outputs``,
    the names of the output units that it supports, and ``check_targets(Y)``, which raises an InputError for targets
    out of its range.
    """

    def value(self, Z: Array, Y: Array) -> Array:
        """Compute the cost of each example.

        Parameters
        ----------
        Z : array of shape (m, K)
            The last weighted sums.
        Y : array of shape (m, K)
            Targets.

        Returns
        -------
        array of shape (m,)
            The costs.
        """

    def delta(self, Z: Array, Y: Array) -> Array:
        """Compute the derivative of each example's cost with respect to its Z.

        Parameters
        ----------
        Z : array of shape (m, K)
            The last weighted sums.
        Y : array of shape (m, K)
            Targets.

        Returns
        -------
        array of shape (m, K)
            The derivatives.
        """


class Output(Protocol):
    """An output unit h with its cost."""

    @property
    def name(self) -> str:
        """Return the name of the unit."""

    def h(self, Z: Array) -> Array:
        """Compute the network's output.

        Parameters
        ----------
        Z : array of shape (m, K)
            The last weighted sums.

        Returns
        -------
        array of shape (m, K)
            The output H.
        """

    def cost(self, Z: Array, Y: Array) -> Array:
        """Compute the cost of each example.

        Parameters
        ----------
        Z : array of shape (m, K)
            The last weighted sums.
        Y : array of shape (m, K)
            Targets.

        Returns
        -------
        array of shape (m,)
            The costs.
        """

    def delta(self, Z: Array, Y: Array) -> Array:
        """Compute the derivative of each example's cost with respect to its Z.

        Parameters
        ----------
        Z : array of shape (m, K)
            The last weighted sums.
        Y : array of shape (m, K)
            Targets.

        Returns
        -------
        array of shape (m, K)
            The derivatives.
        """


class SigmoidOutput:
    """(C1) h = 1 / (1 + e^-z); cross-entropy summed over K independent yes/no outputs.

    With h = sigmoid(z): log h = -softplus(-z) and log(1 - h) = -softplus(z), so that
    -y log h - (1 - y) log(1 - h) = softplus(z) - y z.
    """

    name: ClassVar[str] = "sigmoid"

    def h(self, Z: Array) -> Array:
        return sigmoid.g(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        # softplus(z) - y z, arranged so that a confident correct prediction (y = 1, z large) is not a difference
        # of two large numbers: y softplus(-z) + (1 - y) softplus(z).
        return np.sum(Y * softplus.g(-Z) + (1.0 - Y) * softplus.g(Z), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.h(Z) - Y


class SoftmaxOutput:
    """(C2) h_k = e^(z_k) / Σ_j e^(z_j); categorical cross-entropy over K classes that exclude each other.

    Subtracting the row's maximum changes nothing (numerator and denominator are divided by the same number)
    and keeps e^z at most 1; without it z = 1000 gives inf / inf.
    """

    name: ClassVar[str] = "softmax"

    def h(self, Z: Array) -> Array:
        e = np.exp(Z - Z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def cost(self, Z: Array, Y: Array) -> Array:
        return -np.sum(Y * self.log_h(Z), axis=1)

    def log_h(self, Z: Array) -> Array:
        """Compute log h = z - log Σ_j e^(z_j), which is finite even where h rounds to 0."""
        shifted = Z - Z.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.h(Z) - Y


class IdentityOutput:
    """(C3) h = z; half the squared error summed over K numbers.  The half cancels the 2 of the derivative."""

    name: ClassVar[str] = "identity"

    def h(self, Z: Array) -> Array:
        return np.array(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        return 0.5 * np.sum((Z - Y) ** 2, axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return Z - Y


class ExpOutput:
    """(C5) h = e^z; half the Poisson deviance summed over K rates, for non-negative targets.

    It is the Poisson cost h - y log h minus its minimum y - y log y, so that the cost of a perfect prediction is 0.
    With h = e^z: y log(y / h) - y + h = e^z - y z + (y log y - y), and 0 log 0 = 0.
    """

    name: ClassVar[str] = "exp"

    def h(self, Z: Array) -> Array:
        return np.exp(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        y_log_y = Y * np.log(np.where(Y > 0, Y, 1.0))
        return np.sum(np.exp(Z) - Y * Z + (y_log_y - Y), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.h(Z) - Y


class IncreasingOutput:
    """(C12) h_1 = z_1, h_k = h_{k-1} + softplus(z_k): K numbers in ascending order; half the squared error.

    Each z_k changes h_k and all later outputs, with the factor softplus'(z_k) = sigmoid(z_k), or 1 for z_1:
    dc/dz_k = sigmoid(z_k) Σ_{j>=k} dc/dh_j.
    """

    name: ClassVar[str] = "increasing"

    def h(self, Z: Array) -> Array:
        return np.cumsum(np.hstack([Z[:, :1], softplus.g(Z[:, 1:])]), axis=1)

    def cost(self, Z: Array, Y: Array) -> Array:
        return 0.5 * np.sum((self.h(Z) - Y) ** 2, axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return self.through(Z, self.h(Z) - Y)

    def through(self, Z: Array, delta_H: Array) -> Array:
        """Compute the derivative of each example's cost with respect to Z from that with respect to H."""
        later = np.cumsum(delta_H[:, ::-1], axis=1)[:, ::-1]  # Σ_{j>=k}
        return later * np.hstack([np.ones_like(Z[:, :1]), sigmoid.g(Z[:, 1:])])


@dataclass(frozen=True)
class CostedOutput:
    """An output unit with a chosen cost in place of the matching one.

    Examples
    --------
    >>> from multilayer.equations import AbsoluteError
    >>> CostedOutput("identity", AbsoluteError()).cost(np.array([[3.0]]), np.array([[1.0]]))
    array([2.])
    """

    name: str
    chosen: Cost

    def h(self, Z: Array) -> Array:
        return OUTPUTS[self.name].h(Z)

    def cost(self, Z: Array, Y: Array) -> Array:
        return self.chosen.value(self._seen(Z), Y)

    def delta(self, Z: Array, Y: Array) -> Array:
        delta = self.chosen.delta(self._seen(Z), Y)
        unit = OUTPUTS[self.name]
        return unit.through(Z, delta) if isinstance(unit, IncreasingOutput) else delta

    def _seen(self, Z: Array) -> Array:
        # The increasing unit acts as one more layer, without weights, before identity outputs.
        return self.h(Z) if self.name == IncreasingOutput.name else Z


OUTPUTS: dict[str, Output] = {
    "sigmoid": SigmoidOutput(),
    "softmax": SoftmaxOutput(),
    "identity": IdentityOutput(),
    "exp": ExpOutput(),
    "increasing": IncreasingOutput(),
}


def output_unit(output: str | Output, cost: Cost | None = None) -> Output:
    """(C1)-(C3), (C5), (C12) Look up an output unit by its name, with its matching cost or the one given.

    Parameters
    ----------
    output : str or Output
        A key of ``OUTPUTS``; an output unit with a cost is returned unchanged.
    cost : Cost, optional
        A cost that replaces the matching one.

    Returns
    -------
    Output
        The output unit with its cost.

    Raises
    ------
    ParameterError
        For an unknown name, an object that is not a cost, or a cost for another output unit.

    Examples
    --------
    >>> output_unit("softmax").h(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """
    if not isinstance(output, str) and callable(getattr(output, "delta", None)):
        return output
    if not isinstance(output, str) or output not in OUTPUTS:
        raise unknown_name("output unit", output, OUTPUTS)
    if cost is None:
        return OUTPUTS[output]
    if not (callable(getattr(cost, "value", None)) and callable(getattr(cost, "delta", None))):
        raise ParameterError(
            f"a cost is an object with the methods value(Z, Y) and delta(Z, Y), got {cost!r}. "
            "Use one of multilayer.equations, such as Huber(1.0), or None for the cost that matches the output unit."
        )
    outputs = getattr(cost, "outputs", tuple(OUTPUTS))
    if output not in outputs:
        raise ParameterError(f"{cost!r} is a cost for {' or '.join(outputs)} outputs, got output={output!r}.")
    return CostedOutput(output, cost)
