r"""Layer normalisation: the weighted sums of a hidden layer, scaled to mean 0 and variance 1 for each example.

    ====  =========================================================  =============================================
    tag   equation                                                   note
    ====  =========================================================  =============================================
    (M1)  Ẑ = (Z - mean(Z)) / √(var(Z) + ε)                          mean and variance over the units of the layer
    (M2)  Z' = gain * Ẑ + shift                                      g is applied to Z' in place of Z
    (M3)  D_gain = 1/m Σ_i η_i * ẑ_i,  D_shift = 1/m Σ_i η_i         η: derivative with respect to Z'
    (M4)  δ = (u - mean(u) - Ẑ * mean(u * Ẑ)) / √(var(Z) + ε)        u = η * gain; derivative w.r.t. Z
    ====  =========================================================  =============================================

Each unit has a gain and a shift, which are learned and start at 1 and 0.  Those of a layer are stored as one array
of shape (2, s_l), with the gain in row 0, so that ``gain, shift = norm``.  Neither is penalised or decayed.

In a layer of one unit Z equals its mean: Ẑ is 0, the activation is g(shift) for every example, and (M4) is 0.

References: Ba, Kiros and Hinton (2016), "Layer normalization".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_matrix
from multilayer.equations.activations import Array
from multilayer.exceptions import ShapeError

# ε prevents division by 0 if all sums of a layer are equal; it is small compared with other variances.
EPSILON = 1e-5

Norms = Sequence[ArrayLike]  # one array (2, s_l) per hidden layer


def standardize(Z: Array) -> tuple[Array, Array]:
    """(M1) Return Ẑ, (m, s_l), and 1 / √(var(Z) + ε), (m, 1).

    Examples
    --------
    >>> Z_hat, scale = standardize(np.array([[1.0, 3.0], [5.0, 5.0]]))
    >>> Z_hat.round(4)
    array([[-1.,  1.],
           [ 0.,  0.]])
    """
    centred = Z - Z.mean(axis=1, keepdims=True)
    # The variance is computed from the differences: E[z²] - E[z]² would cancel if the mean is large.
    scale = 1.0 / np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
    return centred * scale, scale


def normalize(Z: Array, norm: Array) -> Array:
    """(M1), (M2) Normalise the weighted sums of one layer.

    Parameters
    ----------
    Z : array of shape (m, s_l)
        Weighted sums.
    norm : array of shape (2, s_l)
        Gain and shift.

    Returns
    -------
    array of shape (m, s_l)
        Z'.

    Examples
    --------
    >>> normalize(np.array([[1.0, 3.0]]), np.array([[2.0, 2.0], [10.0, 20.0]])).round(4)
    array([[ 8., 22.]])
    """
    gain, shift = norm
    return gain * standardize(Z)[0] + shift


def normalized(Z: Sequence[Array], norms: Sequence[Array] | None, l: int) -> Array:
    """(M2) Return the argument of g in hidden layer ``l``, counted from 0: Z' if there are norms, else Z."""
    return Z[l] if norms is None else normalize(Z[l], norms[l])


def normalization_gradient(eta: Array, Z: Array, w: Array) -> Array:
    """(M3) Compute the derivative of the examples' summed cost with respect to gain and shift, without the 1/m.

    Parameters
    ----------
    eta : array of shape (m, s_l)
        The derivative η of each example's cost by Z'.
    Z : array of shape (m, s_l)
        Weighted sums.
    w : array of shape (m,)
        Weights of the examples.

    Returns
    -------
    array of shape (2, s_l)
        The derivative with respect to the gain in row 0, and to the shift in row 1.

    Examples
    --------
    >>> normalization_gradient(np.array([[0.5, 0.25]]), np.array([[1.0, 3.0]]), np.ones(1)).round(4)
    array([[-0.5 ,  0.25],
           [ 0.5 ,  0.25]])
    """
    Z_hat, _ = standardize(Z)
    return np.stack([w @ (eta * Z_hat), w @ eta])


def normalization_delta(eta: Array, Z: Array, gain: Array) -> Array:
    """(M4) Compute delta, the derivative of each example's cost with respect to Z, from η, that with respect to Z'.

    The rows of delta sum to 0, because adding a constant to all sums of a layer does not change Z'.

    Parameters
    ----------
    eta : array of shape (m, s_l)
        The derivative η of each example's cost by Z'.
    Z : array of shape (m, s_l)
        Weighted sums.
    gain : array of shape (s_l,)
        The gain.

    Returns
    -------
    array of shape (m, s_l)
        The derivative delta.

    Examples
    --------
    >>> delta = normalization_delta(np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 2.0, 3.0]]), np.ones(3))
    >>> delta.round(3)
    array([[ 0.204, -0.408,  0.204]])
    """
    Z_hat, scale = standardize(Z)
    u = eta * gain
    return (u - u.mean(axis=1, keepdims=True) - Z_hat * (u * Z_hat).mean(axis=1, keepdims=True)) * scale


def as_norms(norms: Norms | None, thetas: Sequence[Array]) -> list[Array] | None:
    """Return one array of gain and shift, (2, s_l), per hidden layer; None if layers are not normalised."""
    if norms is None or len(norms) == 0:
        return None
    sizes = [theta.shape[0] for theta in thetas[:-1]]
    # Like weights, they need not be finite: the cost is then not finite either.
    checked = [as_matrix(norm, f"norms[{index}]", finite=False) for index, norm in enumerate(norms)]
    if [norm.shape for norm in checked] != [(2, size) for size in sizes]:
        raise ShapeError(
            f"norms must hold gain and shift of each hidden layer, arrays of shapes {[(2, size) for size in sizes]}, "
            f"got {[norm.shape for norm in checked]}."
        )
    return checked
