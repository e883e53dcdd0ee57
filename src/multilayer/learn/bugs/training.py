"""Training with a mistake, and the gradient check of a mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multilayer._checks import check_integer, check_real
from multilayer.equations import GradientCheck, compare_gradients, core, cost, numerical_gradient
from multilayer.exceptions import ParameterError, ShapeError, unknown_name
from multilayer.learn.bugs.orders import shuffled
from multilayer.learn.bugs.records import Gradient, bug_named

Array = NDArray[np.float64]
_OUTPUTS: MappingProxyType[str, Callable[[Array], Array]] = MappingProxyType(
    {"sigmoid": core.sigmoid, "softmax": core.softmax, "identity": core.identity}
)


def train_with_bug(
    name: str | None,
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    alpha: float = 0.1,
    max_iter: int = 100,
    *,
    lam: float = 0.0,
    output: str = "sigmoid",
    batch_size: int | None = None,
    random_state: int = 0,
) -> tuple[list[Array], list[float]]:
    """(D1) Train a network of sigmoid units by gradient descent, with one of the mistakes or with none.

    Parameters
    ----------
    name : str or None
        The name of the mistake, a key of :data:`BUGS`; None for the right program.
    X : array of shape (m, s_1)
        The examples.
    Y : array of shape (m, K)
        The targets.
    thetas : list of arrays of shape (s_{l+1}, s_l + 1)
        The starting weights, which are not changed.
    alpha : float, default=0.1
        The step size.
    max_iter : int, default=100
        The number of epochs.
    lam : float, default=0.0
        The strength of the regularisation.
    output : {"sigmoid", "softmax", "identity"}, default="sigmoid"
        The output unit, with its matching cost.
    batch_size : int, optional
        The number of rows in a step.  By default all rows, and the order of rows then has no effect.
    random_state : int, default=0
        The seed of the order of rows.

    Returns
    -------
    thetas : list of arrays
        The last weights.
    costs : list of float
        The cost (J) of all rows, computed without a mistake: before the first epoch, then after each.
        Training stops at a cost that is not finite.

    Raises
    ------
    ParameterError
        There is no mistake or output unit of this name, or a number is not positive.
    ShapeError
        The shapes of the arrays do not match, or Theta transposed does not fit the layers.

    Examples
    --------
    >>> from multilayer.equations import initialize_thetas
    >>> X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [0], [0], [1]]
    >>> thetas = initialize_thetas([2, 3, 1], random_state=0)
    >>> _, right = train_with_bug(None, X, Y, thetas, alpha=1.0)
    >>> _, wrong = train_with_bug("wrong-sign", X, Y, thetas, alpha=1.0)
    >>> right[-1] < right[0] < wrong[-1]
    True
    """
    alpha, max_iter = check_real("alpha", alpha, 0.0, open_low=True), check_integer("max_iter", max_iter, 1)
    h, gradient = _output(output), _gradient(name)
    costs = [cost(X, Y, thetas, lam, "sigmoid", output)]  # which also checks the arrays
    rows_x, rows_y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    m = len(rows_x)
    size = m if batch_size is None else check_integer("batch_size", batch_size, 1)
    if size > m:
        raise ParameterError(f"batch_size must be from 1 to the number of rows, {m}, got {batch_size}.")
    order = shuffled if name is None else bug_named(name).order
    current = [np.array(theta, dtype=np.float64) for theta in thetas]
    rng = np.random.default_rng(random_state)
    for _ in range(max_iter):
        rows = order(m, rng)
        for start in range(0, m, size):
            batch = rows[start : start + size]
            D = gradient(rows_x[batch], rows_y[batch], current, lam, h)
            current = [theta - alpha * d for theta, d in zip(current, D, strict=True)]  # (D1)
        costs.append(_cost_or_infinity(rows_x, rows_y, current, lam, output))
        if not np.isfinite(costs[-1]):
            break
    return current, costs


def check_bug(
    name: str | None,
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float = 0.0,
    output: str = "sigmoid",
) -> GradientCheck:
    """(N2) Compare the gradient of a program with a mistake with central differences, weight by weight.

    Parameters
    ----------
    name : str or None
        The name of the mistake, a key of :data:`BUGS`; None for the right program.
    X, Y, thetas, lam, output : as for :func:`train_with_bug`
        The examples, the network and the regularisation.

    Returns
    -------
    GradientCheck
        Both gradients and the relative errors.

    Raises
    ------
    ParameterError
        There is no mistake or output unit of this name.
    ShapeError
        The shapes of the arrays do not match, or Theta transposed does not fit the layers.

    Examples
    --------
    >>> thetas = [[[0.1, 0.2]]]
    >>> check_bug(None, [[2.0], [1.0]], [[1.0], [0.0]], thetas).max_error < 1e-9
    True
    >>> worst = check_bug("missing-mean", [[2.0], [1.0]], [[1.0], [0.0]], thetas).worst
    >>> round(worst.analytic / worst.numerical, 6)  # m
    2.0
    """
    h, gradient = _output(output), _gradient(name)
    numerical = numerical_gradient(X, Y, thetas, lam, "sigmoid", output)
    examples, targets, *matrices = (np.asarray(values, dtype=np.float64) for values in (X, Y, *thetas))
    return compare_gradients(gradient(examples, targets, matrices, lam, h), numerical)


def _output(name: str) -> Callable[[Array], Array]:
    try:
        return _OUTPUTS[name]
    except (KeyError, TypeError):
        raise unknown_name("output unit", name, _OUTPUTS) from None


def _gradient(name: str | None) -> Gradient:
    """Return the gradient of a program; products of matrices whose shapes do not match raise an error of this library.

    A program with a mistake may take weights so far that the sigmoid's exponential overflows; its limit 0 is right.
    """
    compute = core.backpropagation if name is None else bug_named(name).gradient

    def gradient(X: Array, Y: Array, thetas: Sequence[Array], lam: float, h: Callable[[Array], Array]) -> list[Array]:
        try:
            with np.errstate(over="ignore"):
                return compute(X, Y, thetas, lam, h)
        except ValueError as error:
            raise ShapeError(f"{name}: NumPy cannot compute this line: {error}") from error

    return gradient


def _cost_or_infinity(X: Array, Y: Array, thetas: list[Array], lam: float, output: str) -> float:
    """Compute the cost (J), which is infinite if a weight is, or if it is too large for float64."""
    if not all(np.isfinite(theta).all() for theta in thetas):
        return float("inf")
    with np.errstate(over="ignore", invalid="ignore"):
        J = cost(X, Y, thetas, lam, "sigmoid", output)
    return J if np.isfinite(J) else float("inf")
