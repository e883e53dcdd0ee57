r"""Backpropagation: the derivative of the cost by every weight, from the last layer to the first.

docs/mathematics.md derives each of these equations under the same tag.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import (
    as_targets,
    as_thetas,
    as_weights,
    hidden_activations,
)
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.costs import Output, output_unit
from multilayer.equations.normalization import (
    Norms,
    as_norms,
    normalization_delta,
    normalization_gradient,
    normalized,
)
from multilayer.equations.penalties import Penalty, as_penalty, regularization, regularization_gradient
from multilayer.equations.propagation import forward_propagation, with_bias
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
    """(B1)-(B2) delta: how much each example's cost grows with each unit's weighted sum.

    (B1) delta_L = dcost/dZ_L, H - Y for matched pairs;  (B2) delta_l = (delta_{l+1} Theta_l[:, 1:]) * g'(Z_l).

    Column 0 of Theta is left out in (B2): it multiplies the bias unit, which is always 1 and passes nothing on.
    Where layers are normalised, (B2) with g'(Z'_l) is the derivative by Z'_l, and (M4) makes delta_l of it.

    Parameters
    ----------
    Z : list of arrays
        Weighted sums, as :func:`forward_propagation` returns them.
    Y : array of shape (m, K)
    thetas, hidden, output, masks, norms
        As in :func:`forward_propagation`.

    Returns
    -------
    list of L - 1 arrays; ``deltas[l]`` belongs to ``Z[l]`` and has its shape (m, s_{l+2})

    Examples
    --------
    >>> from multilayer.equations import forward_propagation
    >>> thetas = [np.array([[0.0, 1.0]])]
    >>> Z, A = forward_propagation([[0.0]], thetas)
    >>> deltas(Z, [[1.0]], thetas)  # h - y = 1/2 - 1
    [array([[-0.5]])]
    """
    return _deltas_and_etas(Z, Y, thetas, hidden, output, masks, norms)[0]


def _deltas_and_etas(
    Z: Sequence[Array],
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden,
    output: str | Output,
    masks: Sequence[Array] | None,
    norms: Norms | None,
) -> tuple[list[Array], list[Array]]:
    """(B1)-(B2) delta of every layer, and η, the derivative by what g was applied to, of every hidden layer."""
    matrices = as_thetas(thetas)
    if len(Z) != len(matrices):
        raise ShapeError(f"Z must hold one array for each of the {len(matrices)} weight matrices, got {len(Z)}.")
    activations = hidden_activations(hidden, len(matrices) - 1)
    norms = as_norms(norms, matrices)
    Y = as_targets(Y, len(Z[-1]), Z[-1].shape[1], output)

    delta = output_unit(output).delta(Z[-1], Y)  # (B1)  (m, K)
    deltas: list[Array] = [delta]
    etas: list[Array] = []
    for l in range(len(matrices) - 1, 0, -1):
        eta = (delta @ matrices[l][:, 1:]) * activations[l - 1].g_prime(normalized(Z, norms, l - 1))  # (B2)
        if masks is not None:
            eta = eta * masks[l]  # a unit that was silent passes nothing back
        delta = eta if norms is None else normalization_delta(eta, Z[l - 1], norms[l - 1][0])  # (M4)  (m, s_{l+1})
        deltas.insert(0, delta)
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
    """(B1)-(B4) D: the derivative of the cost J by every weight.

    (B3) Delta_l = delta_{l+1}ᵀ [1 A_l];  (B4) D_l = Delta_l / m + λ/m Theta_l, without λ in the bias column.

    Delta sums over the examples and 1/m is applied once, in (B4).  With sample weights each example's delta
    is multiplied by its weight and m is the sum of the weights.

    Parameters
    ----------
    X : array of shape (m, s_1)
    Y : array of shape (m, K)
    thetas, lam, hidden, output, sample_weight, norms
        As in :func:`cost`.

    Returns
    -------
    list of L - 1 arrays of the shapes of ``thetas``, and after them those of ``norms``

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
    """(J) and (B1)-(B4) together, from one forward propagation: the cost J and its derivatives D.

    The derivatives by gain and shift (M3) of normalised layers follow those by Theta, one array (2, s_l) a layer.
    With dropout ``masks``, the cost and derivatives of the network whose dropped units are silent.

    Examples
    --------
    >>> J, D = cost_and_gradient([[2.0]], [[1.0]], [[[0.0, 0.0]]])
    >>> round(J, 4), D
    (0.6931, [array([[-0.5, -1. ]])])
    """
    lam = as_penalty(lam)
    Z, A = forward_propagation(X, thetas, hidden, output, masks, norms)
    m, n_outputs = Z[-1].shape
    Y = as_targets(Y, m, n_outputs, output)
    w = as_weights(sample_weight, m)
    total = float(w.sum())
    matrices = as_thetas(thetas, A[0].shape[1])

    J = float(w @ output_unit(output).cost(Z[-1], Y)) / total + regularization(matrices, lam, total)
    D = []
    of_sums, of_normalized = _deltas_and_etas(Z, Y, matrices, hidden, output, masks, norms)
    for l, delta in enumerate(of_sums):
        Delta = (w[:, np.newaxis] * delta).T @ with_bias(A[l])  # (B3)  (s_{l+1}, m) @ (m, s_l + 1)
        D.append(Delta / total + regularization_gradient(matrices[l], lam, total))  # (B4)
    if as_norms(norms, matrices) is not None:
        D += [normalization_gradient(eta, Z[l], w) / total for l, eta in enumerate(of_normalized)]  # (M3)
    return J, D
