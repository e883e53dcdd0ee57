r"""The derivative of the network's output with respect to each input: backpropagation to the first layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_matrix
from multilayer.equations.activations import Array, Hidden, sigmoid
from multilayer.equations.costs import IncreasingOutput, output_unit
from multilayer.equations.extensions.normalization import Norms, normalization_delta, normalized
from multilayer.equations.propagation import as_layers, forward
from multilayer.exceptions import ParameterError, unknown_name

SIDES = ("H", "Z")


def input_gradient(
    X: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden = "sigmoid",
    output: str = "sigmoid",
    unit: int = 0,
    of: str = "H",
    norms: Norms | None = None,
) -> Array:
    """(V2) Compute the derivative of one output with respect to every input, for each example.

    v_L = ∂h_k / ∂z_L (V1), or the k-th unit vector for the weighted sum z_k itself;
    v_l = (v_{l+1} Theta_l[:, 1:]) * g'(Z_l) as in (B2), and ∂h_k / ∂x = v_2 Theta_1[:, 1:].  Normalised layers apply
    (M4) to it, as to delta.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    thetas, hidden, output : as for :func:`forward_propagation`
        The network.
    unit : int
        The number k of the output unit, from 0.
    of : {"H", "Z"}
        The unit's output, or its weighted sum.  When the output saturates near 0 or 1, its derivative is near 0 for
        every input, but the derivative of the sum still ranks the inputs.
    norms : list of arrays, optional
        Gain and shift of each hidden layer, as for :func:`forward_propagation`.

    Returns
    -------
    array of shape (m, s_1)
        The derivatives.

    Examples
    --------
    >>> input_gradient([[0.0, 0.0]], [[[0.0, 1.0, -2.0]]])  # h' = 1/4
    array([[ 0.25, -0.5 ]])
    """
    X = as_matrix(X, "X")
    layers = as_layers(thetas, hidden, output, norms, X.shape[1])
    matrices = layers.thetas
    Z, _ = forward(X, layers)
    if of not in SIDES:
        raise unknown_name("side of the output unit", of, SIDES)
    n_outputs = Z[-1].shape[1]
    if not 0 <= unit < n_outputs:
        raise ParameterError(
            f"unit must be from 0 to {n_outputs - 1}, one of the {n_outputs} output units, got {unit}."
        )
    v = output_gradient(Z[-1], output, unit) if of == "H" else np.tile(np.eye(n_outputs)[unit], (len(Z[-1]), 1))
    for l in range(len(matrices) - 1, 0, -1):
        v = (v @ matrices[l][:, 1:]) * layers.activations[l - 1].g_prime(
            normalized(Z, layers.norms, l - 1)
        )  # (m, s_{l+1})
        if layers.norms is not None:
            v = normalization_delta(v, Z[l - 1], layers.norms[l - 1][0])  # (M4)
    return v @ matrices[0][:, 1:]


def output_gradient(Z: Array, output: str, unit: int) -> Array:
    """(V1) Compute the derivative of the output h_k with respect to every weighted sum z_j of the last layer, (m, K).

    Sigmoid, identity and exp units depend on their own sum only: h'(z_k) for j = k, else 0.  Softmax units depend on
    all sums: h_k (1 - h_k) for j = k, else -h_k h_j.  Increasing units depend on the sums j <= k: 1 for the first,
    sigmoid(z_j) for the others.

    Examples
    --------
    >>> output_gradient(np.array([[0.0, 0.0]]), "softmax", unit=0)
    array([[ 0.25, -0.25]])
    """
    H = output_unit(output).h(Z)
    own = np.eye(Z.shape[1])[unit]
    if output == "softmax":
        return H[:, [unit]] * (own - H)
    if output == "sigmoid":
        return sigmoid.g_prime(Z) * own
    if output == "exp":
        return H * own
    if output == "identity":
        return np.ones_like(Z) * own
    return IncreasingOutput().through(Z, np.tile(own, (len(Z), 1)))  # output_unit rejects all other names
