r"""Forward propagation: from the inputs, layer by layer, to the network's answer, and what that answer costs.

Shapes: m examples, s_l units in layer l, K = s_L outputs, L layers.  Lists count from 0, layers from 1, so
``A[0]`` is A_1 = X, ``thetas[0]`` is Theta_1, and ``Z[0]`` is Z_2, the weighted sums that Theta_1 makes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer.equations._checks import (
    as_matrix,
    as_targets,
    as_thetas,
    as_weights,
    hidden_activations,
)
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.costs import Output, output_unit
from multilayer.equations.normalization import Norms, as_norms, normalized
from multilayer.equations.penalties import Penalty, as_penalty, regularization
from multilayer.exceptions import InputError


def forward_propagation(
    X: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    masks: Sequence[Array] | None = None,
    norms: Norms | None = None,
) -> tuple[list[Array], list[Array]]:
    """(P1)-(P4) Weighted sums Z and activations A of every layer.

    (P1) A_1 = X;  (P2) Z_{l+1} = [1 A_l] Theta_lᵀ;  (P3) A_{l+1} = g(Z_{l+1});  (P4) A_L = H = h(Z_L).

    Parameters
    ----------
    X : array of shape (m, s_1)
    thetas : list of arrays, the l-th of shape (s_{l+1}, s_l + 1), bias in column 0
    hidden : str or Activation, or one for each hidden layer
        The activation g by its name, or one's own pair (g, g'); see :mod:`multilayer.equations.activations`.
    output : {"sigmoid", "softmax", "identity", "exp", "increasing"} or Output
        The output unit h by its name, with the cost that matches it; ``output_unit(name, cost)`` gives it another.
        See :mod:`multilayer.equations.costs`.
    masks : list of L - 1 arrays, ``masks[l]`` of the shape of ``A[l]``, optional
        Dropout (R1): each A_l but the last is multiplied by its mask; see :func:`dropout_mask`.
    norms : list of L - 2 arrays, the l-th of shape (2, s_{l+1}), optional
        Layer normalisation (M2): gain and shift of each hidden layer, whose g is then applied to Z' in place of Z;
        see :mod:`multilayer.equations.normalization`.

    Returns
    -------
    Z : list of L - 1 arrays, ``Z[l]`` of shape (m, s_{l+2}): the sums that ``thetas[l]`` makes, before normalisation
    A : list of L arrays, ``A[0]`` is X and ``A[-1]`` the network's answer (m, K)

    Raises
    ------
    InputError, ShapeError, ParameterError
        For entries that are not finite numbers, shapes that do not fit, or unknown names.

    Examples
    --------
    >>> Z, A = forward_propagation([[2.0]], [[[1.0, 3.0]]])
    >>> Z[0]  # 1 + 3 * 2
    array([[7.]])
    """
    X = as_matrix(X, "X")
    thetas = as_thetas(thetas, X.shape[1])
    activations = hidden_activations(hidden, len(thetas) - 1)
    norms = as_norms(norms, thetas)

    A = [X]  # (P1)
    Z = []
    for l, theta in enumerate(thetas):
        if masks is not None:
            A[l] = A[l] * masks[l]  # (R1)
        Z.append(with_bias(A[l]) @ theta.T)  # (P2)  (m, s_l + 1) @ (s_l + 1, s_{l+1})
        if l < len(activations):
            A.append(activations[l].g(normalized(Z, norms, l)))  # (P3), of (M2) where there are norms
    A.append(output_unit(output).h(Z[-1]))  # (P4)
    return Z, A


def predict(
    X: ArrayLike,
    thetas: Sequence[ArrayLike],
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    norms: Norms | None = None,
) -> NDArray[np.int64] | Array:
    """(P5) The predicted class of each example: the number of the output unit that answers most.

    A single sigmoid unit answers class 1 where h > 1/2.  With identity, exp and increasing outputs there is
    no class, and the answer H itself is returned.

    Returns
    -------
    array of shape (m,), int64; or (m, K), float64, for identity, exp and increasing outputs

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
    """(J) The cost: the examples' mean cost (C1)-(C3), (C5)-(C12) plus the regularisation (C4), (C13).

    J = 1/m Σ_i cost_i + λ/(2m) Σ_l Σ Theta_l[:, 1:]².  With sample weights w the mean is the weighted one and
    m is Σ_i w_i, so that an example of weight 2 counts as two rows and one of weight 0 as none.

    Parameters
    ----------
    X : array of shape (m, s_1)
    Y : array of shape (m, K)
        Targets; :func:`one_hot` makes them from class numbers.
    thetas, hidden, output, norms
        As in :func:`forward_propagation`.
    lam : float or Penalty
        λ, not below 0; a :class:`Penalty` for (C13) beside it.
    sample_weight : array of shape (m,), optional

    Examples
    --------
    >>> cost([[0.0]], [[1.0]], [[[0.0, 0.0]]])  # h = 1/2: log 2
    0.6931471805599453
    """
    lam = as_penalty(lam)
    Z, _ = forward_propagation(X, thetas, hidden, output, norms=norms)
    m, n_outputs = Z[-1].shape
    Y = as_targets(Y, m, n_outputs, output)
    w = as_weights(sample_weight, m)
    mean = float(w @ output_unit(output).cost(Z[-1], Y)) / float(w.sum())
    return mean + regularization([np.asarray(theta, dtype=np.float64) for theta in thetas], lam, float(w.sum()))


def one_hot(y: ArrayLike, n_classes: int) -> Array:
    """(E1) Class numbers as rows of zeros with a single 1, in the column of the class.

    The number of classes is given, never guessed: a batch in which the last class happens to be missing
    would otherwise come out one column short.

    Parameters
    ----------
    y : array of shape (m,), integers from 0 to n_classes - 1
    n_classes : int

    Returns
    -------
    array of shape (m, n_classes), float64

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
    """[1 A]: a column of ones, the bias unit, before the activations.  (m, s_l) to (m, s_l + 1)."""
    return np.hstack([np.ones((A.shape[0], 1)), A])
