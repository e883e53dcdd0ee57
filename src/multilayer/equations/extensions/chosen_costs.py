r"""Costs in place of the one that matches the output unit, each with its delta.

e = h - y is the error of one output; a cost is summed over the K outputs of an example.

    =====  ==============  =============================================  ==========================  ==============
    tag    cost            for one output                                 delta_L                     outputs
    =====  ==============  =============================================  ==========================  ==============
    (C6)   absolute error  abs(e)                                         sign(e)                     identity
    (C7)   Huber           e²/2 if abs(e) <= t else t (abs(e) - t/2)      e clipped to [-t, t]        identity
    (C8)   quantile        τ (y - h) if y > h else (1 - τ) (h - y)        -τ if y > h, 1 - τ if h > y  identity
    (C9)   Gamma deviance  y/h - log(y/h) - 1                             1 - y/h                     exp
    (C10)  focal, yes/no   -y (1-h)^γ log h - (1-y) h^γ log(1-h)          see SigmoidFocal            sigmoid
    (C11)  focal, one of   -y (1-h)^γ log h                               see SoftmaxFocal            softmax
    =====  ==============  =============================================  ==========================  ==============

"increasing" outputs (C12) use the costs for identity outputs, which then receive H instead of Z.
At a kink of a cost, e = 0, delta is 0: the output equals the target and is not changed.

References: (C7) Huber (1964); (C8) Koenker and Bassett (1978); (C10), (C11) Lin et al. (2017), eq. 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from multilayer.equations._checks import check_not_negative, check_positive
from multilayer.equations.activations import Array, sigmoid, softplus
from multilayer.equations.costs import Cost, SoftmaxOutput
from multilayer.exceptions import InputError, ParameterError, ShapeError

NUMBERS = ("identity", "increasing")  # outputs that are numbers of either sign


@dataclass(frozen=True)
class AbsoluteError(Cost):
    """(C6) Σ_k abs(h_k - y_k),  delta = sign(h - y), 0 at h = y.  Its minimum is the median.

    Examples
    --------
    >>> AbsoluteError().value(np.array([[1.0, 5.0]]), np.array([[2.0, 2.0]]))
    array([4.])
    """

    outputs: ClassVar[tuple[str, ...]] = NUMBERS

    def value(self, Z: Array, Y: Array) -> Array:
        return np.sum(np.abs(Z - Y), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return np.sign(Z - Y)


@dataclass(frozen=True)
class Huber(Cost):
    """(C7) Σ_k e²/2 where abs(e) <= t, else t (abs(e) - t/2), e = h - y;  delta = e, clipped to [-t, t].

    It is quadratic near the target and linear far away: the gradient of an outlier is at most t.

    Parameters
    ----------
    threshold : float
        The error t at which the cost becomes linear.

    Examples
    --------
    >>> Huber(1.0).value(np.array([[0.5], [3.0]]), np.zeros((2, 1)))
    array([0.125, 2.5  ])
    """

    threshold: float = 1.0
    outputs: ClassVar[tuple[str, ...]] = NUMBERS

    def __post_init__(self) -> None:
        check_positive(self.threshold, "threshold")

    def value(self, Z: Array, Y: Array) -> Array:
        # With c = e clipped to [-t, t], both pieces are c (e - c/2): e²/2 where c = e, t (|e| - t/2) where c = ±t.
        e = Z - Y
        c = self.delta(Z, Y)
        return np.sum(c * (e - 0.5 * c), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return np.clip(Z - Y, -self.threshold, self.threshold)


@dataclass(frozen=True)
class Quantile(Cost):
    """(C8) Σ_k τ_k (y_k - h_k) where y_k > h_k, (1 - τ_k) (h_k - y_k) elsewhere;  delta = -τ_k, 1 - τ_k, 0 at h = y.

    Its minimum is the τ-quantile of y: the slope is τ for predictions that are too low and 1 - τ for those that are too
    high, and the two balance if a share τ of the targets is below the prediction.

    Parameters
    ----------
    levels : tuple of float
        One τ for each output, or one for all.  To predict several quantiles of one target, use several outputs with the
        same y; with "increasing" outputs and ascending levels the quantiles never cross.

    Examples
    --------
    >>> Quantile((0.1, 0.9)).value(np.array([[0.0, 0.0]]), np.array([[10.0, 10.0]]))
    array([10.])
    """

    levels: tuple[float, ...] = (0.5,)
    outputs: ClassVar[tuple[str, ...]] = NUMBERS

    def __post_init__(self) -> None:
        levels = np.asarray(self.levels)
        is_right = levels.ndim == 1 and levels.size > 0 and levels.dtype.kind == "f"
        if not is_right or not ((levels > 0) & (levels < 1)).all():
            raise ParameterError(
                f"levels must be numbers between 0 and 1, got {self.levels!r}. Write (0.5,) for the median."
            )
        object.__setattr__(self, "levels", tuple(float(level) for level in levels))

    def check_outputs(self, output: str, n_outputs: int) -> None:
        """Raise an error if the levels do not match the outputs.

        Parameters
        ----------
        output : str
            The name of the output unit.
        n_outputs : int
            The number of outputs K.

        Raises
        ------
        ParameterError
            If the number of levels differs, or increasing outputs have levels that do not ascend.
        """
        if len(self.levels) not in (1, n_outputs):
            raise ParameterError(
                f"levels must be a single one, or one for each of the {n_outputs} outputs, got {len(self.levels)}: "
                f"{self.levels}."
            )
        rise = np.diff(self.levels) if len(self.levels) > 1 else np.zeros(n_outputs - 1)
        if output == "increasing" and (rise <= 0).any():
            raise ParameterError(f"increasing outputs need ascending levels, got {self.levels}. Sort the levels.")

    def check_targets(self, Y: Array) -> None:
        """Raise an error for targets for which the cost is undefined.

        Parameters
        ----------
        Y : array of shape (m, K)
            Targets.

        Raises
        ------
        ShapeError
            If there is not one column for each level.
        """
        if len(self.levels) not in (1, Y.shape[1]):
            raise ShapeError(
                f"Y must have one column for each of the {len(self.levels)} levels, the same y in each, "
                f"got {Y.shape[1]} columns. Use np.repeat(y[:, np.newaxis], {len(self.levels)}, axis=1)."
            )

    def value(self, Z: Array, Y: Array) -> Array:
        low = Y - Z  # above 0 where the prediction is too low
        return np.sum(np.where(low > 0, np.asarray(self.levels) * low, (np.asarray(self.levels) - 1.0) * low), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        levels = np.asarray(self.levels)
        return np.where(Y > Z, -levels, np.where(Y < Z, 1.0 - levels, 0.0))


@dataclass(frozen=True)
class GammaDeviance(Cost):
    """(C9) Σ_k y_k/h_k - log(y_k/h_k) - 1,  delta = 1 - y/h: half the Gamma deviance, for positive targets.

    With h = e^z and r = log y - z = log(y/h) it is e^r - 1 - r, and delta = -(e^r - 1).  The error is relative to the
    target: doubling y and h changes nothing.

    Examples
    --------
    >>> GammaDeviance().value(np.array([[0.0]]), np.array([[1.0]]))
    array([0.])
    """

    outputs: ClassVar[tuple[str, ...]] = ("exp",)

    def check_targets(self, Y: Array) -> None:
        """Raise an error for targets for which the cost is undefined.

        Parameters
        ----------
        Y : array of shape (m, K)
            Targets.

        Raises
        ------
        InputError
            If a target is not positive.
        """
        if Y.min() <= 0:
            raise InputError(
                f"Y must be positive for the Gamma deviance, got {Y.min():g}. Use the Poisson cost, the "
                "default of exp outputs, which allows 0, or identity outputs for numbers of either sign."
            )

    def value(self, Z: Array, Y: Array) -> Array:
        r = np.log(Y) - Z
        return np.sum(np.expm1(r) - r, axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        return -np.expm1(np.log(Y) - Z)


@dataclass(frozen=True)
class SigmoidFocal(Cost):
    """(C10) Σ_k -y_k (1-h_k)^γ log h_k - (1-y_k) h_k^γ log(1-h_k): well-predicted examples have little influence.

    With q = 1 - h and log h = -softplus(-z), log q = -softplus(z), both terms are products that stay finite, and

    delta = -y q^γ (γ h softplus(-z) + q) + (1-y) h^γ (γ q softplus(z) + h).

    γ = 0 is the cross-entropy (C1), whose delta is h - y.

    Parameters
    ----------
    gamma : float
        The exponent γ, at least 0; 0 is the plain cross-entropy.

    Examples
    --------
    >>> SigmoidFocal(0.0).value(np.array([[0.0]]), np.array([[1.0]]))  # log 2
    array([0.69314718])
    """

    gamma: float = 2.0
    outputs: ClassVar[tuple[str, ...]] = ("sigmoid",)

    def __post_init__(self) -> None:
        check_not_negative(self.gamma, "gamma")

    def check_targets(self, Y: Array) -> None:
        """Raise an error for targets for which the cost is undefined.

        Parameters
        ----------
        Y : array of shape (m, K)
            Targets.

        Raises
        ------
        InputError
            If a target lies outside [0, 1].
        """
        _check_shares(Y)

    def value(self, Z: Array, Y: Array) -> Array:
        h, q = sigmoid.g(Z), sigmoid.g(-Z)
        return np.sum(Y * q**self.gamma * softplus.g(-Z) + (1.0 - Y) * h**self.gamma * softplus.g(Z), axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        h, q = sigmoid.g(Z), sigmoid.g(-Z)
        yes = q**self.gamma * (self.gamma * h * softplus.g(-Z) + q)
        no = h**self.gamma * (self.gamma * q * softplus.g(Z) + h)
        return (1.0 - Y) * no - Y * yes


@dataclass(frozen=True)
class SoftmaxFocal(Cost):
    """(C11) -Σ_k y_k (1-h_k)^γ log h_k over K classes that exclude each other.

    With f(h) = -(1-h)^γ log h and u_k = y_k h_k f'(h_k) = y_k (γ h_k (1-h_k)^(γ-1) log h_k - (1-h_k)^γ), the chain
    rule through the softmax gives delta_j = u_j - h_j Σ_k u_k.  γ = 0 is the cross-entropy (C2).

    Parameters
    ----------
    gamma : float
        The exponent γ, at least 0; 0 is the plain cross-entropy.

    Examples
    --------
    >>> SoftmaxFocal(2.0).value(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]))  # (1/2)² log 2
    array([0.1732868])
    """

    gamma: float = 2.0
    outputs: ClassVar[tuple[str, ...]] = ("softmax",)

    def __post_init__(self) -> None:
        check_not_negative(self.gamma, "gamma")

    def check_targets(self, Y: Array) -> None:
        """Raise an error for targets for which the cost is undefined.

        Parameters
        ----------
        Y : array of shape (m, K)
            Targets.

        Raises
        ------
        InputError
            If a target lies outside [0, 1].
        """
        _check_shares(Y)

    def value(self, Z: Array, Y: Array) -> Array:
        log_h = SoftmaxOutput().log_h(Z)
        return -np.sum(Y * (-np.expm1(log_h)) ** self.gamma * log_h, axis=1)

    def delta(self, Z: Array, Y: Array) -> Array:
        log_h = SoftmaxOutput().log_h(Z)
        h, q = np.exp(log_h), -np.expm1(log_h)
        # (1-h)^(γ-1) log h = (1-h)^γ (log h / (1-h)): the fraction tends to -1 as h tends to 1, where γ - 1 may be
        # below 0 and the power by itself would be infinite.
        fraction = np.where(q > 0, log_h / np.where(q > 0, q, 1.0), -1.0)
        u = Y * q**self.gamma * (self.gamma * h * fraction - 1.0)
        return u - h * np.sum(u, axis=1, keepdims=True)


def _check_shares(Y: Array) -> None:
    if Y.min() < 0 or Y.max() > 1:
        raise InputError(f"Y must lie in [0, 1] for the focal cost, got values from {Y.min():g} to {Y.max():g}.")
