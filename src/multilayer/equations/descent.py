r"""Descent: from a gradient to the next weights.

:func:`gradient_descent` is the complete training loop of the textbook.  The update rules below it are the same step and
more general rules, for one array of weights θ, its gradient D and the step size alpha.  Each rule keeps ``n_slots``
arrays of memory ("slots") between steps.

    ====  ================  ==================================================================
    tag   rule              step
    ====  ================  ==================================================================
    (D1)  gradient descent  θ ← θ - alpha D
    (D2)  momentum          v ← μ v - alpha D;  θ ← θ + v
    (D3)  Nesterov          v ← μ v - alpha D;  θ ← θ + μ v - alpha D
    (D4)  Adam              p ← β1 p + (1-β1) D;  q ← β2 q + (1-β2) D²;
                            θ ← θ - alpha √(1-β2^t) / (1-β1^t) · p / (√q + ε)
    ====  ================  ==================================================================

References: (D2) Polyak (1964); (D3) Sutskever et al. (2013), eq. 7, for the variable that is stored; (D4) Kingma
and Ba (2015), in the form of the last paragraph of their section 2, which scikit-learn uses too.  PyTorch's Adam
divides by √(q / (1-β2^t)) + ε instead, which differs only in the effect of ε.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import check_count, check_positive
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.backpropagation import cost_and_gradient_of
from multilayer.equations.costs import Output
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.propagation import as_problem
from multilayer.exceptions import DivergenceError


def gradient_descent(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    alpha: float,
    max_iter: int,
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
) -> tuple[list[Array], list[float]]:
    """(D1) Run batch gradient descent: max_iter times Theta_l ← Theta_l - alpha D_l, on all examples at once.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    Y : array of shape (m, K)
        Targets.
    thetas : list of arrays
        Starting weights; they are not changed.
    alpha : float
        Step size, positive.
    max_iter : int
        Number of steps, at least 0.
    lam, hidden, output : as for :func:`cost`
        The regularisation, the activations and the output unit.

    Returns
    -------
    thetas : list of arrays
        The weights after the last step.
    costs : list of max_iter floats
        The cost before each step.

    Raises
    ------
    DivergenceError
        At the first cost that is not finite.

    Examples
    --------
    >>> thetas, costs = gradient_descent([[0.0], [1.0]], [[0.0], [1.0]], [[[0.0, 0.0]]], alpha=1.0, max_iter=100)
    >>> costs[0] > costs[-1]
    True
    """
    check_positive(alpha, "alpha")
    check_count(max_iter, "max_iter")
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, None, None)
    layers = replace(layers, thetas=[theta.copy() for theta in layers.thetas])
    costs = []
    for iteration in range(int(max_iter)):
        with np.errstate(over="ignore", invalid="ignore"):
            J, D = cost_and_gradient_of(examples, layers)
        if not np.isfinite(J):
            raise DivergenceError(
                f"the cost is {J} before step {iteration + 1}: gradient descent diverges with alpha={alpha:g}.",
                "Use a smaller alpha, or scale the columns of X to a similar range.",
            )
        costs.append(J)
        with np.errstate(over="ignore", invalid="ignore"):
            stepped = [theta - alpha * d for theta, d in zip(layers.thetas, D, strict=True)]  # (D1)
        layers = replace(layers, thetas=stepped)
    return layers.thetas, costs


Step = float | Array  # the step size, or that of each weight


class UpdateRule(Protocol):
    """One step of descent for an array of weights."""

    name: ClassVar[str]
    n_slots: ClassVar[int]

    def step(
        self, theta: Array, D: Array, slots: list[Array], alpha: float | Array, t: int
    ) -> tuple[Array, list[Array]]:
        """Compute the next weights and slots.

        Parameters
        ----------
        theta : array of shape (P,)
            The weights.
        D : array of shape (P,)
            The gradient.
        slots : list of arrays of shape (P,)
            The memory of the rule, ``n_slots`` arrays.
        alpha : float or array of shape (P,)
            Step size, or that of each weight.
        t : int
            The number of this step, from 1.

        Returns
        -------
        theta : array of shape (P,)
            The next weights.
        slots : list of arrays of shape (P,)
            The next memory.
        """


@dataclass(frozen=True)
class GradientDescent(UpdateRule):
    """(D1) θ ← θ - alpha D.

    Examples
    --------
    >>> GradientDescent().step(np.array([1.0]), np.array([0.5]), [], alpha=0.5, t=1)
    (array([0.75]), [])
    """

    name: ClassVar[str] = "gradient descent"
    n_slots: ClassVar[int] = 0

    def step(
        self, theta: Array, D: Array, slots: list[Array], alpha: float | Array, t: int
    ) -> tuple[Array, list[Array]]:
        return theta - alpha * D, slots


@dataclass(frozen=True)
class Momentum(UpdateRule):
    """(D2) v ← μ v - alpha D;  θ ← θ + v: like a ball that rolls downhill with friction.

    Parameters
    ----------
    mu : float
        The share μ of the velocity that is kept, from 0 up to but not including 1.
    """

    mu: float = 0.9
    name: ClassVar[str] = "momentum"
    n_slots: ClassVar[int] = 1

    def step(
        self, theta: Array, D: Array, slots: list[Array], alpha: float | Array, t: int
    ) -> tuple[Array, list[Array]]:
        v = self.mu * slots[0] - alpha * D
        return theta + v, [v]


@dataclass(frozen=True)
class Nesterov(UpdateRule):
    """(D3) v ← μ v - alpha D;  θ ← θ + μ v - alpha D: momentum that looks one step ahead.

    Parameters
    ----------
    mu : float
        The share μ of the velocity that is kept, from 0 up to but not including 1.
    """

    mu: float = 0.9
    name: ClassVar[str] = "nesterov"
    n_slots: ClassVar[int] = 1

    def step(
        self, theta: Array, D: Array, slots: list[Array], alpha: float | Array, t: int
    ) -> tuple[Array, list[Array]]:
        v = self.mu * slots[0] - alpha * D
        return theta + (self.mu * v - alpha * D), [v]


@dataclass(frozen=True)
class Adam(UpdateRule):
    """(D4) Steps of about the size alpha for every weight, for any size of its gradient.

    p and q are running means of D and D²; √(1-β2^t) / (1-β1^t) corrects their bias from starting at zero.

    Parameters
    ----------
    beta_1, beta_2 : float
        The decay of the running means of D and of D².
    epsilon : float
        Added to the denominator.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    name: ClassVar[str] = "adam"
    n_slots: ClassVar[int] = 2

    def step(
        self, theta: Array, D: Array, slots: list[Array], alpha: float | Array, t: int
    ) -> tuple[Array, list[Array]]:
        p = self.beta_1 * slots[0] + (1.0 - self.beta_1) * D
        q = self.beta_2 * slots[1] + (1.0 - self.beta_2) * D**2
        corrected = alpha * np.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        return theta - corrected * p / (np.sqrt(q) + self.epsilon), [p, q]
