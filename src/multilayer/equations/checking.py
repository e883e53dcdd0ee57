r"""The gradient check: backpropagation held against difference quotients, weight by weight.

A difference quotient knows nothing of backpropagation: it moves one weight a little, both ways, and looks what
the cost does.  Where the two agree to many digits, both are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_thetas, check_positive
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.backpropagation import backpropagation
from multilayer.equations.costs import CostedOutput, Output
from multilayer.equations.penalties import Penalty, as_penalty
from multilayer.equations.propagation import cost
from multilayer.exceptions import ShapeError

# Activations with a kink, in themselves or in a derivative, at z = 0: a wide difference quotient that reaches over the
# kink is wrong there, so these get a narrow one, at the price of a few digits; so do one's own, of which nobody knows.
KINKED = frozenset({"relu", "leaky_relu", "elu", "selu"})
SMOOTH_STEP, KINKED_STEP = 1e-3, 1e-6


def numerical_gradient(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    step: float | None = None,
    sample_weight: ArrayLike | None = None,
) -> list[Array]:
    """(N1) The derivative of the cost by every weight, from central differences of four points.

    dJ/dθ ≈ [8 (J(θ+h) - J(θ-h)) - (J(θ+2h) - J(θ-2h))] / (12 h), with an error of order h⁴ from the formula and
    1e-16 / h from rounding.  Costs four forward propagations for each weight: for checking, not for training.

    Parameters
    ----------
    X, Y, thetas, lam, hidden, output
        As in :func:`cost`.
    step : float, optional
        h; 1e-3 where every activation is smooth, 1e-6 where one has a kink.
    sample_weight : array of shape (m,), optional

    Returns
    -------
    list of arrays of the shapes of ``thetas``

    Examples
    --------
    >>> D = numerical_gradient([[2.0]], [[1.0]], [[[0.0, 0.0]]])
    >>> np.round(D[0], 9)
    array([[-0.5, -1. ]])
    """
    h = _default_step(hidden, output, lam) if step is None else step
    check_positive(h, "step")
    moved = [theta.copy() for theta in as_thetas(thetas)]
    gradient = [np.zeros_like(theta) for theta in moved]
    for theta, numerical in zip(moved, gradient, strict=True):
        for index in np.ndindex(theta.shape):
            kept = theta[index]
            J = {}
            for k in (-2, -1, 1, 2):
                theta[index] = kept + k * h
                J[k] = cost(X, Y, moved, lam, hidden, output, sample_weight)
            theta[index] = kept
            numerical[index] = (8.0 * (J[1] - J[-1]) - (J[2] - J[-2])) / (12.0 * h)  # (N1)
    return gradient


@dataclass(frozen=True)
class WorstWeight:
    """The weight on which backpropagation and difference quotient agree least."""

    layer: int  # from 0: the index into thetas
    row: int  # the unit that the weight leads to
    column: int  # 0 for the bias, else 1 + the unit that it comes from
    analytic: float
    numerical: float
    error: float

    def __str__(self) -> str:
        return (
            f"thetas[{self.layer}][{self.row}, {self.column}]: backpropagation {self.analytic:.10g}, "
            f"difference quotient {self.numerical:.10g}, relative error {self.error:.2g}"
        )


@dataclass(frozen=True)
class GradientCheck:
    """What :func:`check_gradient` found: both gradients and their relative error, for every weight."""

    analytic: list[Array]
    numerical: list[Array]
    errors: list[Array]

    @property
    def worst(self) -> WorstWeight:
        layer = max(range(len(self.errors)), key=lambda index: float(self.errors[index].max()))
        row, column = (int(i) for i in np.unravel_index(self.errors[layer].argmax(), self.errors[layer].shape))
        return WorstWeight(
            layer,
            row,
            column,
            float(self.analytic[layer][row, column]),
            float(self.numerical[layer][row, column]),
            float(self.errors[layer][row, column]),
        )

    @property
    def max_error(self) -> float:
        return self.worst.error

    def __iter__(self) -> Iterator[WorstWeight]:
        """Every weight's line of the report, in the order of the weights."""
        for layer, errors in enumerate(self.errors):
            for row, column in np.ndindex(errors.shape):
                pair = float(self.analytic[layer][row, column]), float(self.numerical[layer][row, column])
                yield WorstWeight(layer, row, column, *pair, float(errors[row, column]))

    def __str__(self) -> str:
        lines = [
            f"Theta{layer + 1} {errors.shape[0]} x {errors.shape[1]}: largest relative error {errors.max():.2g}"
            for layer, errors in enumerate(self.errors)
        ]
        return "\n".join([*lines, f"worst: {self.worst}"])


def check_gradient(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    step: float | None = None,
    sample_weight: ArrayLike | None = None,
) -> GradientCheck:
    """(N2) Backpropagation against central differences, with a report for every weight.

    The relative error of a weight is |a - n| / max(|a|, |n|, s), a and n its two derivatives and s the root mean
    square of all a.  Without s, a weight whose derivative is nearly 0 would be judged by the rounding of J.

    Parameters
    ----------
    X, Y, thetas, lam, hidden, output, step, sample_weight
        As in :func:`numerical_gradient`.

    Returns
    -------
    GradientCheck
        ``max_error``, ``worst`` (named by layer, row and column), the gradients and all errors; iterate over it
        for one record a weight, print it for a summary.  Below 1e-7 all is well; above 1e-4 there is a mistake
        in a derivative (or, with relu and its kin, a weighted sum happens to lie on the kink).

    Examples
    --------
    >>> report = check_gradient([[2.0], [1.0]], [[1.0], [0.0]], [[[0.1, 0.2]]], lam=0.7)
    >>> report.max_error < 1e-9
    True
    """
    analytic = backpropagation(X, Y, thetas, lam, hidden, output, sample_weight)
    numerical = numerical_gradient(X, Y, thetas, lam, hidden, output, step, sample_weight)
    return compare_gradients(analytic, numerical)


def compare_gradients(analytic: Sequence[Array], numerical: Sequence[Array]) -> GradientCheck:
    """(N2) The report for two gradients of the same shapes, wherever they come from."""
    if len(analytic) != len(numerical):
        raise ShapeError(f"gradients must have the same number of matrices, got {len(analytic)} and {len(numerical)}.")
    for number, (a, n) in enumerate(zip(analytic, numerical, strict=True), start=1):
        if a.shape != n.shape:
            raise ShapeError(f"gradients must have the same shapes, got {a.shape} and {n.shape} for Theta_{number}.")
    squares = np.concatenate([a.ravel() ** 2 for a in analytic])
    # All derivatives are 0 at a perfect fit; the smallest normal number keeps 0 / 0 out.
    scale = max(float(np.sqrt(squares.mean())), float(np.finfo(np.float64).tiny))
    errors = [
        np.abs(a - n) / np.maximum(np.maximum(np.abs(a), np.abs(n)), scale)
        for a, n in zip(analytic, numerical, strict=True)
    ]
    # A derivative that is not a number agrees with nothing; as NaN it would be passed over by the maximum.
    errors = [np.where(np.isnan(error), np.inf, error) for error in errors]
    return GradientCheck(list(analytic), list(numerical), errors)


def _default_step(hidden: Hidden, output: str | Output, lam: float | Penalty) -> float:
    given = [hidden] if isinstance(hidden, str) or not isinstance(hidden, Sequence) else list(hidden)
    is_smooth = all(isinstance(name, str) and name not in KINKED for name in given)
    has_kinked_cost = isinstance(output, CostedOutput) or as_penalty(lam).absolutes > 0
    return SMOOTH_STEP if is_smooth and not has_kinked_cost else KINKED_STEP
