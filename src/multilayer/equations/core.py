r"""The textbook on one page: forward propagation, cost, backpropagation and gradient descent.

Shapes: m examples, s_l units in layer l, K = s_L outputs, L layers.  Lists count from 0 and layers from 1: ``A[0]`` is
A_1 = X, ``thetas[0]`` is Theta_1, and ``Z[0]`` is Z_2.  Theta_l has shape (s_{l+1}, s_l + 1), with the biases in
column 0.  Hidden units are sigmoid units.  The output unit h is ``sigmoid``, ``softmax`` or ``identity``, and each has
its own cost.  The equations are derived in docs/learn/mathematics.md.

Arrays are float64, and arguments are not checked.  The other modules of :mod:`multilayer.equations` contain the same
functions with checked arguments, more activations, costs and penalties, and formulas that are accurate for any z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(Z: Array) -> Array:
    """(A1) Compute g(z) = 1 / (1 + e^-z); its derivative is g'(z) = g(z) (1 - g(z))."""
    return 1.0 / (1.0 + np.exp(-Z))


def softmax(Z: Array) -> Array:
    """(C2) Compute h_k = e^(z_k) / Σ_j e^(z_j)."""
    e = np.exp(Z - Z.max(axis=1, keepdims=True))  # without the maximum, z = 1000 gives inf / inf
    return e / e.sum(axis=1, keepdims=True)


def identity(Z: Array) -> Array:
    """(C3) Return h = z."""
    return Z


# (C1) cross-entropy of K yes/no outputs; (C2) cross-entropy of one of K classes; (C3) half the squared error.
# For matched pairs of output unit and cost such as these, the derivative of the cost with respect to Z_L is H - Y.
COSTS: dict[Callable[[Array], Array], Callable[[Array, Array], Array]] = {
    sigmoid: lambda H, Y: -np.sum(Y * np.log(H) + (1 - Y) * np.log(1 - H), axis=1),
    softmax: lambda H, Y: -np.sum(Y * np.log(H), axis=1),
    identity: lambda H, Y: 0.5 * np.sum((H - Y) ** 2, axis=1),
}


def with_bias(A: Array) -> Array:
    """Return [1 A]: the activations, preceded by the bias unit, which is always 1."""
    return np.hstack([np.ones((len(A), 1)), A])  # (m, s_l + 1)


def forward(X: Array, thetas: Sequence[Array], h: Callable[[Array], Array] = sigmoid) -> list[Array]:
    """(P1)-(P4) Return the activations A of all layers, from A_1 = X to the output A_L = H.

    Examples
    --------
    >>> forward(np.array([[0.0]]), [np.array([[0.0, 1.0]])])
    [array([[0.]]), array([[0.5]])]
    """
    A = [X]  # (P1)  (m, s_1)
    for l, theta in enumerate(thetas, start=1):
        Z = with_bias(A[-1]) @ theta.T  # (P2)  (m, s_l + 1) @ (s_l + 1, s_{l+1}) = (m, s_{l+1})
        A.append(sigmoid(Z) if l < len(thetas) else h(Z))  # (P3), (P4)  (m, s_{l+1})
    return A


def cost(X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid) -> float:
    """(J) Return the mean cost of the examples plus the regularisation (C4), λ/(2m) Σ Theta² without the biases."""
    m, H = len(X), forward(X, thetas, h)[-1]
    squares = sum(np.sum(theta[:, 1:] ** 2) for theta in thetas)
    return float(COSTS[h](H, Y).sum() / m + lam / (2 * m) * squares)  # (J)


def backpropagation(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B1)-(B4) Return D, the derivatives of the cost J with respect to the weights: one array like each Theta.

    Examples
    --------
    >>> backpropagation(np.array([[2.0]]), np.array([[1.0]]), [np.array([[0.0, 0.0]])])  # (h - y) [1 x]
    [array([[-0.5, -1. ]])]
    """
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = A[-1] - Y  # (B1)  (m, K)
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)  (s_{l+1}, m) @ (m, s_l + 1): the sum over the examples
        penalty = lam / m * thetas[l]
        penalty[:, 0] = 0.0  # biases are not regularised
        D.insert(0, Delta / m + penalty)  # (B4)  the only place where 1/m appears
        if l > 0:
            # Column 0 of Theta multiplies the bias unit, which is constant and propagates no error.
            delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])  # (B2)  (m, s_l), with g' = a (1 - a)
    return D


def descend(
    X: Array,
    Y: Array,
    thetas: Sequence[Array],
    alpha: float,
    n_steps: int,
    lam: float = 0.0,
    h: Callable[[Array], Array] = sigmoid,
) -> tuple[list[Array], list[float]]:
    """(D1) Perform n_steps times Theta ← Theta - alpha D; return the last weights and the cost before each step."""
    current, costs = list(thetas), []
    for _ in range(n_steps):
        costs.append(cost(X, Y, current, lam, h))
        D = backpropagation(X, Y, current, lam, h)
        current = [theta - alpha * d for theta, d in zip(current, D, strict=True)]  # (D1)
    return current, costs
