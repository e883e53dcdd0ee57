r"""Integrated gradients: the change of an output between two inputs, divided among the inputs.

    ====  ==================================================  ====================================================
    tag   equation                                            what it is
    ====  ==================================================  ====================================================
    (V3)  φ_j = (x_j - x'_j) ∫_0^1 ∂F/∂x_j(x' + t (x - x'))   the attribution of the input x_j, for the baseline x'
          dt
    (V4)  Σ_j φ_j = F(x) - F(x')                              completeness
    ====  ==================================================  ====================================================

(V4) follows from the chain rule: the sum of all φ_j is the integral of dF/dt along the straight line from x' to x.

Where the gradient at x alone is used, a saturated output has no reasons: near 1, a probability does not change with any
input.  The integral also passes the places where it did.

References: Sundararajan, Taly, Yan (2017), "Axiomatic attribution for deep networks", ICML.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_matrix
from multilayer.equations.activations import Array
from multilayer.exceptions import ParameterError, ShapeError


def integrated_gradients(
    gradient: Callable[[Array], Array], X: ArrayLike, baseline: ArrayLike, n_nodes: int = 32
) -> Array:
    """(V3) Compute the attributions of the inputs, for each example, by Gauss-Legendre quadrature.

    The quadrature is exact if the gradient along the line is a polynomial in t of a degree below 2 n.  Whether n nodes
    are enough is seen in (V4).

    Parameters
    ----------
    gradient : callable
        Returns the derivatives of F with respect to the inputs for points of shape (n m, s_1), in the same shape: the m
        examples at the first node, then at the second, and so on.
    X : array of shape (m, s_1)
        Inputs, one example per row.
    baseline : array of shape (s_1,) or (m, s_1)
        The inputs x' at which the lines begin.
    n_nodes : int, default=32
        The number n of nodes.

    Returns
    -------
    array of shape (m, s_1)
        The attributions, in the units of F.

    Examples
    --------
    >>> def gradient(X):  # of F = x_1 x_2, from (0, 0), where F is 0, to (2, 3), where F is 6
    ...     return X[:, ::-1]
    >>> integrated_gradients(gradient, [[2.0, 3.0]], [0.0, 0.0], n_nodes=1)
    array([[3., 3.]])
    """
    X, start = as_matrix(X, "X"), np.asarray(baseline, dtype=np.float64)
    if start.shape not in (X.shape, X.shape[1:]):
        raise ShapeError(f"baseline must be of shape {X.shape[1:]} or {X.shape}, got {start.shape}.")
    if n_nodes < 1:
        raise ParameterError(f"n_nodes must be at least 1, got {n_nodes}.")
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)  # on (-1, 1)
    t = (nodes + 1.0) / 2.0
    path = start + t[:, np.newaxis, np.newaxis] * (X - start)  # (n, m, s_1)
    slopes = gradient(path.reshape(-1, X.shape[1])).reshape(path.shape)
    phi: Array = (X - start) * np.einsum("n,nmj->mj", weights / 2.0, slopes)
    return phi
