r"""The gradient check: backpropagation compared with difference quotients, weight by weight.

A difference quotient does not use backpropagation: it changes one weight slightly in both directions and computes the
cost.  If the two agree to many digits, both are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations.activations import Array, Hidden
from multilayer.equations.backpropagation import backpropagation
from multilayer.equations.costs import Output
from multilayer.equations.difference_quotients import numerical_gradient
from multilayer.equations.extensions.normalization import Norms
from multilayer.equations.extensions.penalties import Penalty
from multilayer.exceptions import ShapeError


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
    scale = root_mean_square(analytic)
    errors = [relative_errors(a, n, scale) for a, n in zip(analytic, numerical, strict=True)]
    return GradientCheck(list(analytic), list(numerical), errors)


def root_mean_square(gradient: Sequence[Array]) -> float:
    """(N2) Compute s, the root mean square of all derivatives."""
    squares = np.concatenate([derivatives.ravel() ** 2 for derivatives in gradient])
    # All derivatives are 0 at a perfect fit; the smallest normal number prevents 0 / 0.
    return max(float(np.sqrt(squares.mean())), float(np.finfo(np.float64).tiny))


def relative_errors(analytic: Array, numerical: Array, scale: float) -> Array:
    """(N2) Compute |a - n| / max(|a|, |n|, s) of each pair of derivatives."""
    errors = np.abs(analytic - numerical) / np.maximum(np.maximum(np.abs(analytic), np.abs(numerical)), scale)
    # A derivative that is NaN counts as an infinite error, because the maximum would ignore NaN.
    return np.where(np.isnan(errors), np.inf, errors)
