"""Backpropagation with a mistake, six times: compare each function with `multilayer.equations.core.backpropagation`.

Each function differs from the right one in a single line, with the comment WRONG.  Arguments and results are
those of the right function.
"""

# ruff: noqa: E741 the layer is l, as in the textbook
from __future__ import annotations

from collections.abc import Callable, Sequence

from multilayer.equations.core import Array, forward, sigmoid, with_bias


def missing_mean(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B4) without 1/m: the derivatives of the sum of the costs, not of their mean."""
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = A[-1] - Y  # (B1)
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)
        penalty = lam / m * thetas[l]
        penalty[:, 0] = 0.0
        D.insert(0, Delta + penalty)  # WRONG
        if l > 0:
            delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])  # (B2)
    return D


def missing_derivative(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B2) without g': the derivatives by the activations of a layer, not by its sums."""
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = A[-1] - Y  # (B1)
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)
        penalty = lam / m * thetas[l]
        penalty[:, 0] = 0.0
        D.insert(0, Delta / m + penalty)  # (B4)
        if l > 0:
            delta = delta @ thetas[l][:, 1:]  # WRONG
    return D


def regularised_bias(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B4) with a penalty of the biases, which the cost (C4) does not contain."""
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = A[-1] - Y  # (B1)
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)
        penalty = lam / m * thetas[l]  # WRONG: column 0 must be set to 0
        D.insert(0, Delta / m + penalty)  # (B4)
        if l > 0:
            delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])  # (B2)
    return D


def transposed_matrix(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B2) with Theta transposed, which is possible only if all layers after the first have as many units."""
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = A[-1] - Y  # (B1)
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)
        penalty = lam / m * thetas[l]
        penalty[:, 0] = 0.0
        D.insert(0, Delta / m + penalty)  # (B4)
        if l > 0:
            delta = (delta @ thetas[l][:, 1:].T) * A[l] * (1 - A[l])  # WRONG
    return D


def wrong_sign(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B1) with the opposite sign: descent then climbs."""
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = Y - A[-1]  # WRONG
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)
        penalty = lam / m * thetas[l]
        penalty[:, 0] = 0.0
        D.insert(0, Delta / m + penalty)  # (B4)
        if l > 0:
            delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])  # (B2)
    return D


def delta_of_another_cost(
    X: Array, Y: Array, thetas: Sequence[Array], lam: float = 0.0, h: Callable[[Array], Array] = sigmoid
) -> list[Array]:
    """(B1) of the squared error of sigmoid units, with the cross-entropy of softmax units."""
    m, A = len(X), forward(X, thetas, h)
    D: list[Array] = []
    delta = (A[-1] - Y) * A[-1] * (1 - A[-1])  # WRONG
    for l in reversed(range(len(thetas))):
        Delta = delta.T @ with_bias(A[l])  # (B3)
        penalty = lam / m * thetas[l]
        penalty[:, 0] = 0.0
        D.insert(0, Delta / m + penalty)  # (B4)
        if l > 0:
            delta = (delta @ thetas[l][:, 1:]) * A[l] * (1 - A[l])  # (B2)
    return D
