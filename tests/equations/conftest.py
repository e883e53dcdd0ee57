"""A network of plain Python numbers, computed one weight at a time: the reference for the matrix equations."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

HIDDEN = {
    "sigmoid": (lambda z: 1 / (1 + math.exp(-z)), lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    "tanh": (math.tanh, lambda z: 1 / math.cosh(z) ** 2),
    "relu": (lambda z: max(z, 0), lambda z: 1 if z > 0 else 0),
    "identity": (lambda z: z, lambda _: 1),
}


def _outputs(z, output):
    if output == "sigmoid":
        return [1 / (1 + math.exp(-z_k)) for z_k in z]
    if output == "softmax":
        return [math.exp(z_k) / sum(math.exp(z_j) for z_j in z) for z_k in z]
    if output == "exp":
        return [math.exp(z_k) for z_k in z]
    if output == "increasing":
        return [z[0] + sum(math.log(1 + math.exp(z_j)) for z_j in z[1 : k + 1]) for k in range(len(z))]
    return list(z)


def _output_delta(z, h, y, output):
    delta = [h_k - y_k for h_k, y_k in zip(h, y, strict=True)]
    if output != "increasing":
        return delta
    return [sum(delta[k:]) * (1 if k == 0 else 1 / (1 + math.exp(-z[k]))) for k in range(len(z))]


def _example_cost(h, y, output):
    if output == "sigmoid":
        return -sum(y_k * math.log(h_k) + (1 - y_k) * math.log(1 - h_k) for h_k, y_k in zip(h, y, strict=True))
    if output == "softmax":
        return -sum(y_k * math.log(h_k) for h_k, y_k in zip(h, y, strict=True))
    if output == "exp":
        return sum((y_k * math.log(y_k / h_k) if y_k else 0) - y_k + h_k for h_k, y_k in zip(h, y, strict=True))
    return sum((h_k - y_k) ** 2 for h_k, y_k in zip(h, y, strict=True)) / 2


def forward(x, thetas, hidden, output):
    """Return the sums and activations of one example: lists of lists, one per layer."""
    z, a = [], [list(x)]
    for layer, theta in enumerate(thetas):
        sums = []
        for weights in theta:
            total = weights[0]
            for j in range(len(a[-1])):
                total = total + weights[1 + j] * a[-1][j]
            sums.append(total)
        z.append(sums)
        last = layer == len(thetas) - 1
        a.append(_outputs(sums, output) if last else [HIDDEN[hidden][0](value) for value in sums])
    return z, a


def cost(X, Y, thetas, lam, hidden, output):
    m = len(X)
    total = sum(_example_cost(forward(x, thetas, hidden, output)[1][-1], y, output) for x, y in zip(X, Y, strict=True))
    squares = sum(weight**2 for theta in thetas for row in theta for weight in row[1:])
    return total / m + lam * squares / (2 * m)


def gradient(X, Y, thetas, lam, hidden, output):
    """Return the derivative of the cost by every weight, summed over all examples and all paths to the output."""
    m = len(X)
    D = [[[0 for _ in row] for row in theta] for theta in thetas]
    for x, y in zip(X, Y, strict=True):
        z, a = forward(x, thetas, hidden, output)
        delta = _output_delta(z[-1], a[-1], y, output)
        for layer in range(len(thetas) - 1, -1, -1):
            for i in range(len(delta)):
                D[layer][i][0] += delta[i]
                for j in range(len(a[layer])):
                    D[layer][i][1 + j] += delta[i] * a[layer][j]
            if layer > 0:
                below = []
                for j in range(len(a[layer])):
                    back = sum(delta[i] * thetas[layer][i][1 + j] for i in range(len(delta)))
                    below.append(back * HIDDEN[hidden][1](z[layer - 1][j]))
                delta = below
    for layer, theta in enumerate(thetas):
        for i, row in enumerate(theta):
            for j, weight in enumerate(row):
                D[layer][i][j] = (D[layer][i][j] + (lam * weight if j > 0 else 0)) / m
    return D


@pytest.fixture(scope="session")
def scalar():
    """``forward``, ``cost`` and ``gradient`` without matrices."""
    return SimpleNamespace(forward=forward, cost=cost, gradient=gradient, hidden=tuple(HIDDEN))
