"""The complex step: the derivative of the cost as the imaginary part of a cost of complex weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_position, check_positive
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.costs import Output
from multilayer.equations.extensions.continuations import (
    Numbers,
    continued_activation,
    continued_cost,
    continued_regularization,
)
from multilayer.equations.extensions.normalization import Norms, normalize
from multilayer.equations.extensions.penalties import Penalty
from multilayer.equations.propagation import Layers, as_problem

# Its square, 1e-40, is lost beside any cost; h itself, times a derivative, is far above the smallest float64.
STEP = 1e-20


def complex_step_derivative(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    index: tuple[int, int, int],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    step: float = STEP,
    sample_weight: ArrayLike | None = None,
    masks: Sequence[Array] | None = None,
    norms: Norms | None = None,
) -> float:
    """(N3) Compute the derivative of the cost with respect to one weight by a complex step: Im J(θ + ih) / h.

    J(θ + ih) = J + ih J' - h²/2 J'' - ..., so that the imaginary part has no other term of first order.  Unlike a
    difference quotient (N1) it subtracts no two costs: h may be so small that h² vanishes, and the derivative has all
    digits of float64.  At a kink it takes the side that backpropagation takes.

    Parameters
    ----------
    X, Y, thetas : as for :func:`cost`
        The examples and the network.
    index : tuple of int
        Layer, row and column of the weight ``thetas[layer][row, column]``, from 0.
    lam, hidden, output : as for :func:`cost`
        The regularisation and the units.
    step : float, default=1e-20
        The step h.
    sample_weight : array of shape (m,), optional
        Weights of the examples.
    masks, norms : as for :func:`forward_propagation`
        Dropout masks of the layers, and the gain and shift of each normalised layer.

    Returns
    -------
    float
        The derivative.

    Raises
    ------
    ParameterError
        If there is no such weight, or if an activation or the cost cannot be computed for complex numbers: "gelu",
        because NumPy has no error function of complex numbers, and custom activations and costs.

    Examples
    --------
    >>> complex_step_derivative([[2.0]], [[1.0]], [[[0.0, 0.0]]], (0, 0, 1))
    -1.0

    References
    ----------
    Squire, W. and Trapp, G. (1998). Using complex variables to estimate derivatives of real functions. SIAM Review
    40(1), 110-112.

    Martins, J. R. R. A., Sturdza, P. and Alonso, J. J. (2003). The complex-step derivative approximation. ACM
    Transactions on Mathematical Software 29(3), 245-262.
    """
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    check_positive(step, "step")
    layer, row, column = as_position(index, layers.thetas)
    of_examples = continued_cost(layers.unit)
    moved: list[Numbers] = list(layers.thetas)
    moved[layer] = moved[layer].astype(np.complex128)
    moved[layer][row, column] += 1j * step
    Z = _last_sums(examples.X, moved, layers, masks)
    m = examples.total_weight
    J = examples.w @ of_examples(Z, examples.Y) / m + continued_regularization(moved[layer], examples.penalty, m)
    return float(J.imag / step)  # (N3)


def _last_sums(X: Array, thetas: Sequence[Numbers], layers: Layers, masks: Sequence[Array] | None) -> Numbers:
    """(P1)-(P3) Compute Z_L with one complex Theta; the layers before it stay real."""
    g = [continued_activation(pair) for pair in layers.activations]
    A: Any = X
    for l, theta in enumerate(thetas):
        if masks is not None:
            A = A * masks[l]  # (R1)
        Z = A @ theta[:, 1:].T + theta[:, 0]  # (P2)
        if l == len(g):
            break
        A = g[l](Z if layers.norms is None else normalize(Z, layers.norms[l]))  # (P3), (M2)
    return Z
