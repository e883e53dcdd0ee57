r"""The gradient check: backpropagation compared with difference quotients, weight by weight.

A difference quotient does not use backpropagation: it changes one weight slightly in both directions and computes the
cost.  If the two agree to many digits, both are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import check_positive
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.backpropagation import backpropagation
from multilayer.equations.costs import CostedOutput, Output
from multilayer.equations.extensions.normalization import Norms
from multilayer.equations.extensions.penalties import Penalty, as_penalty
from multilayer.equations.propagation import as_problem, cost_of
from multilayer.exceptions import ShapeError

# Activations with a kink at z = 0, or with a derivative that has one.  A wide difference quotient across the kink is
# wrong, so these use a narrow one, which costs a few digits.  Custom activations use it too.
KINKED = frozenset({"relu", "leaky_relu", "elu", "selu"})
SMOOTH_STEP, KINKED_STEP = 1e-3, 1e-6
# (M1) divides by the standard deviation of a layer's sums; if it is small, Z' is strongly curved in every weight.
NORMALIZED_STEP = 1e-4


def numerical_gradient(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    step: float | None = None,
    sample_weight: ArrayLike | None = None,
    norms: Norms | None = None,
) -> list[Array]:
    """(N1) Compute the derivative of the cost with respect to every weight, by central differences of four points.

    dJ/dθ ≈ [8 (J(θ+h) - J(θ-h)) - (J(θ+2h) - J(θ-2h))] / (12 h), with an error of order h⁴ from the formula and
    1e-16 / h from rounding.  It takes four forward propagations per weight, so it is for checking, not for training.

    Parameters
    ----------
    X, Y, thetas, lam, hidden, output : as for :func:`cost`
        The examples, the network and the regularisation.
    step : float, optional
        The step h.  By default 1e-3 if every activation is smooth (1e-4 if layers are normalised), else 1e-6.
    sample_weight : array of shape (m,), optional
        Weights of the examples.
    norms : list of arrays, optional
        Gain and shift of normalised layers, as for :func:`forward_propagation`.

    Returns
    -------
    list of arrays
        The derivatives with respect to ``thetas``, in arrays of the same shapes, then to ``norms``.

    Examples
    --------
    >>> D = numerical_gradient([[2.0]], [[1.0]], [[[0.0, 0.0]]])
    >>> np.round(D[0], 9)
    array([[-0.5, -1. ]])
    """
    h = _default_step(hidden, output, lam, norms) if step is None else step
    check_positive(h, "step")
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    moved = [theta.copy() for theta in layers.thetas]
    moved_norms = None if layers.norms is None else [norm.copy() for norm in layers.norms]
    layers = replace(layers, thetas=moved, norms=moved_norms)
    everything = [*moved, *(moved_norms or ())]
    gradient = [np.zeros_like(array) for array in everything]
    for theta, numerical in zip(everything, gradient, strict=True):
        for index in np.ndindex(theta.shape):
            kept = theta[index]
            J = {}
            for k in (-2, -1, 1, 2):
                theta[index] = kept + k * h
                J[k] = cost_of(examples, layers)
            theta[index] = kept
            numerical[index] = (8.0 * (J[1] - J[-1]) - (J[2] - J[-2])) / (12.0 * h)  # (N1)
    return gradient


@dataclass(frozen=True)
class WorstWeight:
    """The two derivatives with respect to one weight, and their relative error.

    Attributes
    ----------
    layer : int
        The index into ``thetas`` or ``norms``, from 0.
    row : int
        The unit that receives the weighted input; for ``norms`` 0 is the gain and 1 the shift.
    column : int
        0 for the bias, else 1 + the unit of the layer below; for ``norms`` the unit.
    analytic : float
        The derivative by backpropagation.
    numerical : float
        The difference quotient.
    error : float
        Their relative error.
    of : {"thetas", "norms"}
        Whether the weight is in Theta, or is gain or shift of a normalised layer.
    """

    layer: int
    row: int
    column: int
    analytic: float
    numerical: float
    error: float
    of: str = "thetas"

    def __str__(self) -> str:
        return (
            f"{self.of}[{self.layer}][{self.row}, {self.column}]: backpropagation {self.analytic:.10g}, "
            f"difference quotient {self.numerical:.10g}, relative error {self.error:.2g}"
        )


@dataclass(frozen=True)
class GradientCheck:
    """The result of :func:`check_gradient`: both gradients and their relative error, for every weight.

    Iteration yields a :class:`WorstWeight` for every weight; printing shows a summary.

    Attributes
    ----------
    analytic : list of arrays
        The derivatives by backpropagation.
    numerical : list of arrays
        The difference quotients.
    errors : list of arrays
        The relative errors.
    n_norms : int
        The number of arrays, at the end of each list, that are gain and shift of normalised layers.
    """

    analytic: list[Array]
    numerical: list[Array]
    errors: list[Array]
    n_norms: int = 0

    @property
    def worst(self) -> WorstWeight:
        """Return the weight with the largest error.

        Returns
        -------
        WorstWeight
            Its position, both derivatives and their error.
        """
        index = max(range(len(self.errors)), key=lambda index: float(self.errors[index].max()))
        row, column = (int(i) for i in np.unravel_index(self.errors[index].argmax(), self.errors[index].shape))
        return self._weight(index, row, column)

    @property
    def max_error(self) -> float:
        """Return the largest relative error.

        Returns
        -------
        float
            The error of :attr:`worst`.
        """
        return self.worst.error

    def __iter__(self) -> Iterator[WorstWeight]:
        """Yield a record for every weight, in the order of the weights."""
        for index, errors in enumerate(self.errors):
            for row, column in np.ndindex(errors.shape):
                yield self._weight(index, row, column)

    def __str__(self) -> str:
        lines = [
            f"{self._name(index)} {errors.shape[0]} x {errors.shape[1]}: largest relative error {errors.max():.2g}"
            for index, errors in enumerate(self.errors)
        ]
        return "\n".join([*lines, f"worst: {self.worst}"])

    @property
    def _n_thetas(self) -> int:
        return len(self.errors) - self.n_norms

    def _name(self, index: int) -> str:
        # The first normalised layer is layer 2.
        is_theta = index < self._n_thetas
        return f"Theta{index + 1}" if is_theta else f"gain and shift of layer {index - self._n_thetas + 2}"

    def _weight(self, index: int, row: int, column: int) -> WorstWeight:
        analytic, numerical, error = (
            float(arrays[index][row, column]) for arrays in (self.analytic, self.numerical, self.errors)
        )
        if index < self._n_thetas:
            return WorstWeight(index, row, column, analytic, numerical, error)
        return WorstWeight(index - self._n_thetas, row, column, analytic, numerical, error, "norms")


def check_gradient(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    step: float | None = None,
    sample_weight: ArrayLike | None = None,
    norms: Norms | None = None,
) -> GradientCheck:
    """(N2) Compare backpropagation with central differences, weight by weight.

    The relative error of a weight is ``|a - n| / max(|a|, |n|, s)``, where a and n are its two derivatives and s is the
    root mean square of all a.  Without s, the error of a derivative near 0 would be dominated by the rounding of J.

    Parameters
    ----------
    X, Y, thetas, lam, hidden, output, step, sample_weight, norms : as for :func:`numerical_gradient`
        The examples, the network, the regularisation and the step of the differences.

    Returns
    -------
    GradientCheck
        Both gradients and the relative errors.  An error below 1e-7 is due to rounding.  An error above 1e-4 means that
        a derivative is wrong, or that a weighted sum is at the kink of an activation such as relu.

    Examples
    --------
    >>> report = check_gradient([[2.0], [1.0]], [[1.0], [0.0]], [[[0.1, 0.2]]], lam=0.7)
    >>> report.max_error < 1e-9
    True

    References
    ----------
    Nocedal, J. and Wright, S. J. (2006). Numerical optimization, 2nd edition, section 8.1. Springer.
    """
    analytic = backpropagation(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    numerical = numerical_gradient(X, Y, thetas, lam, hidden, output, step, sample_weight, norms)
    return replace(compare_gradients(analytic, numerical), n_norms=len(analytic) - len(thetas))


def compare_gradients(analytic: Sequence[Array], numerical: Sequence[Array]) -> GradientCheck:
    """(N2) Compare two gradients of the same shapes.

    Parameters
    ----------
    analytic, numerical : list of arrays
        The gradients, one array for each Theta.

    Returns
    -------
    GradientCheck
        Both gradients and the relative errors.

    Raises
    ------
    ShapeError
        If the number of arrays or their shapes differ.
    """
    if len(analytic) != len(numerical):
        raise ShapeError(f"gradients must have the same number of matrices, got {len(analytic)} and {len(numerical)}.")
    for number, (a, n) in enumerate(zip(analytic, numerical, strict=True), start=1):
        if a.shape != n.shape:
            raise ShapeError(f"gradients must have the same shapes, got {a.shape} and {n.shape} for Theta_{number}.")
    squares = np.concatenate([a.ravel() ** 2 for a in analytic])
    # All derivatives are 0 at a perfect fit; the smallest normal number prevents 0 / 0.
    scale = max(float(np.sqrt(squares.mean())), float(np.finfo(np.float64).tiny))
    errors = [
        np.abs(a - n) / np.maximum(np.maximum(np.abs(a), np.abs(n)), scale)
        for a, n in zip(analytic, numerical, strict=True)
    ]
    # A derivative that is NaN counts as an infinite error, because the maximum would ignore NaN.
    errors = [np.where(np.isnan(error), np.inf, error) for error in errors]
    return GradientCheck(list(analytic), list(numerical), errors)


def _default_step(hidden: Hidden, output: str | Output, lam: float | Penalty, norms: Norms | None) -> float:
    given = [hidden] if isinstance(hidden, str) or not isinstance(hidden, Sequence) else list(hidden)
    is_smooth = all(isinstance(name, str) and name not in KINKED for name in given)
    has_kinked_cost = isinstance(output, CostedOutput) or as_penalty(lam).absolutes > 0
    if not is_smooth or has_kinked_cost:
        return KINKED_STEP
    return SMOOTH_STEP if norms is None or len(norms) == 0 else NORMALIZED_STEP
