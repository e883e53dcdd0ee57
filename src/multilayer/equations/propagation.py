r"""Forward propagation: from the inputs, layer by layer, to the network's output and its cost.

Shapes: m examples, s_l units in layer l, K = s_L outputs, L layers.  Lists count from 0, layers from 1, so
``A[0]`` is A_1 = X, ``thetas[0]`` is Theta_1, and ``Z[0]`` is Z_2, the weighted sums by Theta_1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.equations._checks import (
    as_matrix,
    as_targets,
    as_thetas,
    as_weights,
    hidden_activations,
)
from multilayer.equations.activations import Activation, Array, Hidden
from multilayer.equations.costs import Output, output_unit
from multilayer.equations.extensions.normalization import Norms, as_norms, normalized
from multilayer.equations.extensions.penalties import Penalty, as_penalty, regularization
from multilayer.exceptions import InputError


@dataclass(frozen=True)
class Layers:
    """A network's weights and units, checked once by a public function and passed to the private ones."""

    thetas: list[Array]  # (s_{l+1}, s_l + 1), biases in column 0
    activations: list[Activation]  # of the hidden layers
    unit: Output
    norms: list[Array] | None = None  # gain and shift of each hidden layer, (2, s_{l+1})


@dataclass(frozen=True)
class Examples:
    """Checked examples, their weights and the regularisation."""

    X: Array  # (m, s_1)
    Y: Array  # (m, K)
    w: Array  # (m,) sample weights
    penalty: Penalty

    @property
    def total_weight(self) -> float:
        """Return m of the cost: the sum of the sample weights."""
        return float(self.w.sum())


def as_layers(
    thetas: Sequence[ArrayLike],
    hidden: Hidden,
    output: str | Output,
    norms: Norms | None,
    n_features: int | None = None,
) -> Layers:
    """Check the weights and the units of a network."""
    matrices = as_thetas(thetas, n_features)
    activations = hidden_activations(hidden, len(matrices) - 1)
    return Layers(matrices, activations, output_unit(output), as_norms(norms, matrices))


def as_problem(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty,
    hidden: Hidden,
    output: str | Output,
    sample_weight: ArrayLike | None,
    norms: Norms | None,
) -> tuple[Examples, Layers]:
    """Check all arguments of the cost."""
    penalty, X = as_penalty(lam), as_matrix(X, "X")
    layers = as_layers(thetas, hidden, output, norms, X.shape[1])
    Y = as_targets(Y, len(X), layers.thetas[-1].shape[0], output)
    return Examples(X, Y, as_weights(sample_weight, len(X)), penalty), layers


def forward_propagation(
    X: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    masks: Sequence[Array] | None = None,
    norms: Norms | None = None,
) -> tuple[list[Array], list[Array]]:
    """(P1)-(P4) Compute the weighted sums Z and the activations A of every layer.

    (P1) A_1 = X;  (P2) Z_{l+1} = [1 A_l] Theta_lᵀ;  (P3) A_{l+1} = g(Z_{l+1});  (P4) A_L = H = h(Z_L).

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    thetas : list of arrays, the l-th of shape (s_{l+1}, s_l + 1)
        Weights, the biases in column 0.
    hidden : str or Activation, or one for each hidden layer
        The activation g by its name, or a custom pair (g, g'); see :mod:`multilayer.equations.activations`.
    output : {"sigmoid", "softmax", "identity", "exp", "increasing"} or Output
        The output unit h by its name, with its matching cost; ``output_unit(name, cost)`` replaces the cost.
        See :mod:`multilayer.equations.costs`.
    masks : list of L - 1 arrays, ``masks[l]`` of the shape of ``A[l]``, optional
        Dropout (R1): each A_l except the last is multiplied by its mask; see :func:`dropout_mask`.
    norms : list of L - 2 arrays, the l-th of shape (2, s_{l+1}), optional
        Layer normalisation (M2): gain and shift of each hidden layer, whose g is then applied to Z' in place of Z;
        see :mod:`multilayer.equations.extensions.normalization`.

    Returns
    -------
    Z : list of L - 1 arrays
        ``Z[l]``, of shape (m, s_{l+2}), are the weighted sums of ``thetas[l]``, before normalisation.
    A : list of L arrays
        ``A[0]`` is X and ``A[-1]`` is the network's output of shape (m, K).

    Raises
    ------
    InputError, ShapeError, ParameterError
        For entries that are not finite numbers, shapes that do not match, or unknown names.

    Examples
    --------
    >>> Z, A = forward_propagation([[2.0]], [[[1.0, 3.0]]])
    >>> Z[0]  # 1 + 3 * 2
    array([[7.]])
    """
    X = as_matrix(X, "X")
    return forward(X, as_layers(thetas, hidden, output, norms, X.shape[1]), masks)


def forward(X: Array, layers: Layers, masks: Sequence[Array] | None = None) -> tuple[list[Array], list[Array]]:
    """(P1)-(P4) Compute Z and A from checked arguments, with (R1) if there are masks and (M2) if there are norms."""
    A = [X]  # (P1)
    Z = []
    for l, theta in enumerate(layers.thetas):
        if masks is not None:
            A[l] = A[l] * masks[l]  # (R1)
        Z.append(with_bias(A[l]) @ theta.T)  # (P2)  (m, s_l + 1) @ (s_l + 1, s_{l+1})
        if l < len(layers.activations):
            A.append(layers.activations[l].g(normalized(Z, layers.norms, l)))  # (P3)
    A.append(layers.unit.h(Z[-1]))  # (P4)
    return Z, A


def predict(
    X: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    norms: Norms | None = None,
) -> NDArray[np.int64] | Array:
    """(P5) Predict the class of each example: the index of the largest output.

    A single sigmoid unit predicts class 1 for h > 1/2.  Identity, exp and increasing outputs have no classes, and the
    output H is returned.

    Parameters
    ----------
    X, thetas, hidden, output, norms : as for :func:`forward_propagation`
        The inputs and the network.

    Returns
    -------
    array of shape (m,), int64, or of shape (m, K), float64
        The classes; for identity, exp and increasing outputs the output H.

    Examples
    --------
    >>> predict([[-1.0], [1.0]], [[[0.0, -1.0], [0.0, 1.0]]])
    array([0, 1])
    """
    _, A = forward_propagation(X, thetas, hidden, output, norms=norms)
    H = A[-1]  # (m, K)
    name = output_unit(output).name
    if name in ("identity", "exp", "increasing"):
        return H
    if name == "sigmoid" and H.shape[1] == 1:
        return (H[:, 0] > 0.5).astype(np.int64)
    return H.argmax(axis=1).astype(np.int64)


def cost(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    sample_weight: ArrayLike | None = None,
    norms: Norms | None = None,
) -> float:
    """(J) Compute the mean cost of the examples (C1)-(C3), (C5)-(C12) plus the regularisation (C4), (C13).

    J = 1/m Σ_i cost_i + λ/(2m) Σ_l Σ Theta_l[:, 1:]².  With sample weights w, the mean is weighted and m is Σ_i w_i, so
    that an example of weight 2 counts as two rows, and an example of weight 0 is ignored.

    Parameters
    ----------
    X : array of shape (m, s_1)
        Inputs, one example per row.
    Y : array of shape (m, K)
        Targets; :func:`one_hot` encodes class numbers.
    thetas : list of arrays
        Weights, as for :func:`forward_propagation`.
    lam : float or Penalty
        The regularisation λ, at least 0; a :class:`Penalty` adds (C13).
    hidden, output : as for :func:`forward_propagation`
        The activations and the output unit with its cost.
    sample_weight : array of shape (m,), optional
        Weights of the examples.
    norms : list of arrays, optional
        Gain and shift of each hidden layer, as for :func:`forward_propagation`.

    Returns
    -------
    float
        J.

    Examples
    --------
    >>> cost([[0.0]], [[1.0]], [[[0.0, 0.0]]])  # h = 1/2: log 2
    0.6931471805599453
    """
    return cost_of(*as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms))


def cost_of(examples: Examples, layers: Layers, masks: Sequence[Array] | None = None) -> float:
    """(J) Compute the cost from checked arguments, with (R1) if there are masks."""
    return cost_of_sums(forward(examples.X, layers, masks)[0][-1], examples, layers)


def cost_of_sums(Z: Array, examples: Examples, layers: Layers) -> float:
    """(J) Compute the cost from the last weighted sums Z_L."""
    mean = float(examples.w @ layers.unit.cost(Z, examples.Y)) / examples.total_weight
    return mean + regularization(layers.thetas, examples.penalty, examples.total_weight)


def one_hot(y: ArrayLike, n_classes: int) -> Array:
    """(E1) Encode class numbers as rows of zeros with a single 1, in the column of the class.

    Parameters
    ----------
    y : array of int, of shape (m,)
        Class numbers from 0 to ``n_classes - 1``.
    n_classes : int
        The number of classes; it cannot be inferred from a batch without the last class.

    Returns
    -------
    array of shape (m, n_classes), float64
        One row per example.

    Examples
    --------
    >>> one_hot([1, 0], n_classes=3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    classes = np.asarray(y)
    if classes.ndim != 1 or (classes.size and not np.issubdtype(classes.dtype, np.integer)):
        raise InputError(
            f"y must be a one-dimensional array of integers, got shape {classes.shape} and dtype {classes.dtype}."
        )
    if classes.size and (classes.min() < 0 or classes.max() >= n_classes):
        raise InputError(
            f"y must hold class numbers from 0 to {n_classes - 1} (n_classes={n_classes}), "
            f"got values from {classes.min()} to {classes.max()}."
        )
    Y = np.zeros((len(classes), n_classes))
    Y[np.arange(len(classes)), classes.astype(np.intp)] = 1.0
    return Y


def with_bias(A: Array) -> Array:
    """Return [1 A]: a column of ones, the bias unit, followed by the activations.  (m, s_l) to (m, s_l + 1)."""
    return np.hstack([np.ones((A.shape[0], 1)), A])
