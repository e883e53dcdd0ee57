r"""Backpropagation: the derivative of the cost with respect to every weight, from the last layer to the first.

docs/learn/mathematics.md derives each of these equations under the same tag.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_targets
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.costs import Output
from multilayer.equations.extensions.normalization import (
    Norms,
    normalization_delta,
    normalization_gradient,
    normalized,
)
from multilayer.equations.extensions.penalties import Penalty, regularization_gradient
from multilayer.equations.propagation import Examples, Layers, as_layers, as_problem, cost_of_sums, forward, with_bias
from multilayer.exceptions import ShapeError


def deltas(
    Z: Sequence[Array],
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    masks: Sequence[Array] | None = None,
    norms: Norms | None = None,
) -> list[Array]:
    """(B1)-(B2) Compute delta, the derivative of each example's cost with respect to each unit's weighted sum.

    (B1) delta_L = dcost/dZ_L, H - Y for matched pairs;  (B2) delta_l = (delta_{l+1} Theta_l[:, 1:]) * g'(Z_l).

    (B2) omits column 0 of Theta: it multiplies the bias unit, which is constant.
    If layers are normalised, (B2) with g'(Z'_l) is the derivative with respect to Z'_l, from which (M4) computes
    delta_l.

    Parameters
    ----------
    Z : list of arrays
        Weighted sums, as :func:`forward_propagation` returns them.
    Y : array of shape (m, K)
        Targets.
    thetas, hidden, output, masks, norms : as for :func:`forward_propagation`
        The network, and the dropout masks of this update.

    Returns
    -------
    list of L - 1 arrays
        ``deltas[l]`` belongs to ``Z[l]`` and has its shape (m, s_{l+2}).

    Examples
    --------
    >>> from multilayer.equations import forward_propagation
    >>> thetas = [np.array([[0.0, 1.0]])]
    >>> Z, A = forward_propagation([[0.0]], thetas)
    >>> deltas(Z, [[1.0]], thetas)  # h - y = 1/2 - 1
    [array([[-0.5]])]
    """
    layers = as_layers(thetas, hidden, output, norms)
    if len(Z) != len(layers.thetas):
        raise ShapeError(f"Z must hold one array for each of the {len(layers.thetas)} weight matrices, got {len(Z)}.")
    Y = as_targets(Y, len(Z[-1]), Z[-1].shape[1], output)
    return deltas_of(Z, Y, layers, masks)


def deltas_of(Z: Sequence[Array], Y: Array, layers: Layers, masks: Sequence[Array] | None = None) -> list[Array]:
    """(B1)-(B2) Compute delta from checked arguments."""
    return _deltas_and_etas(Z, Y, layers, masks)[0]


def _deltas_and_etas(
    Z: Sequence[Array], Y: Array, layers: Layers, masks: Sequence[Array] | None
) -> tuple[list[Array], list[Array]]:
    """(B1)-(B2) Return delta of each layer, and η of each hidden layer, the derivative with respect to g's argument."""
    delta = layers.unit.delta(Z[-1], Y)  # (B1)  (m, K)
    deltas: list[Array] = [delta]
    etas: list[Array] = []
    for l in range(len(layers.thetas) - 1, 0, -1):
        g_prime = layers.activations[l - 1].g_prime(normalized(Z, layers.norms, l - 1))
        eta = (delta @ layers.thetas[l][:, 1:]) * g_prime  # (B2)
        if masks is not None:
            eta = eta * masks[l]  # a dropped unit propagates no error
        delta = eta if layers.norms is None else normalization_delta(eta, Z[l - 1], layers.norms[l - 1][0])  # (M4)
        deltas.insert(0, delta)  # (m, s_{l+1})
        etas.insert(0, eta)
    return deltas, etas


def backpropagation(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    sample_weight: ArrayLike | None = None,
    norms: Norms | None = None,
) -> list[Array]:
    """(B1)-(B4) Compute D, the derivatives of the cost J with respect to the weights.

    (B3) Delta_l = delta_{l+1}ᵀ [1 A_l];  (B4) D_l = Delta_l / m + λ/m Theta_l, without λ in the bias column.

    Delta is a sum over the examples, and 1/m is applied once, in (B4).  With sample weights, each example's delta
    is multiplied by its weight, and m is the sum of the weights.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    Y : array of shape (m, K)
        Targets.
    thetas, lam, hidden, output, sample_weight, norms : as for :func:`cost`
        The network, the regularisation and the weights of the examples.

    Returns
    -------
    list of arrays
        The derivatives with respect to ``thetas`` (L - 1 arrays of the same shapes), then to ``norms``.

    Examples
    --------
    >>> backpropagation([[2.0]], [[1.0]], [[[0.0, 0.0]]])  # (h - y) [1 x]
    [array([[-0.5, -1. ]])]
    """
    return cost_and_gradient(X, Y, thetas, lam, hidden, output, sample_weight, norms=norms)[1]


def cost_and_gradient(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    sample_weight: ArrayLike | None = None,
    masks: Sequence[Array] | None = None,
    norms: Norms | None = None,
) -> tuple[float, list[Array]]:
    """(J) and (B1)-(B4) Compute the cost J and its derivatives D from one forward propagation.

    The derivatives with respect to gain and shift (M3) of normalised layers follow those with respect to Theta, one
    array (2, s_l) per layer.  With dropout ``masks``, these are the cost and the derivatives of the network without the
    dropped units.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    Y : array of shape (m, K)
        Targets.
    thetas, lam, hidden, output, sample_weight : as for :func:`cost`
        The network, the regularisation and the weights of the examples.
    masks, norms : as for :func:`forward_propagation`
        Dropout masks of the layers, and the gain and shift of each normalised layer.

    Returns
    -------
    J : float
        The cost.
    D : list of arrays
        The derivatives with respect to ``thetas``, then to ``norms``.

    Examples
    --------
    >>> J, D = cost_and_gradient([[2.0]], [[1.0]], [[[0.0, 0.0]]])
    >>> round(J, 4), D
    (0.6931, [array([[-0.5, -1. ]])])
    """
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    return cost_and_gradient_of(examples, layers, masks)


def cost_and_gradient_of(
    examples: Examples, layers: Layers, masks: Sequence[Array] | None = None
) -> tuple[float, list[Array]]:
    """(J) and (B1)-(B4) Compute cost and derivatives from checked arguments."""
    Z, A = forward(examples.X, layers, masks)
    J = cost_of_sums(Z[-1], examples, layers)
    of_sums, of_normalized = _deltas_and_etas(Z, examples.Y, layers, masks)
    D = gradient_of(A, of_sums, examples, layers)
    if layers.norms is not None:
        w, total = examples.w, examples.total_weight
        D += [normalization_gradient(eta, Z[l], w) / total for l, eta in enumerate(of_normalized)]  # (M3)
    return J, D


def gradient_of(A: Sequence[Array], deltas: Sequence[Array], examples: Examples, layers: Layers) -> list[Array]:
    """Compute D (B3)-(B4), the derivatives with respect to each Theta, from the activations and the deltas."""
    w, total = examples.w, examples.total_weight
    D = []
    for l, delta in enumerate(deltas):
        Delta = (w[:, np.newaxis] * delta).T @ with_bias(A[l])  # (B3)  (s_{l+1}, m) @ (m, s_l + 1)
        D.append(Delta / total + regularization_gradient(layers.thetas[l], examples.penalty, total))  # (B4)
    return D
