"""Difference quotients: derivatives of the cost from its values at changed weights, without backpropagation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_position, check_positive
from multilayer.equations.activations import Array, Hidden
from multilayer.equations.costs import CostedOutput, Output
from multilayer.equations.extensions.normalization import Norms
from multilayer.equations.extensions.penalties import Penalty, as_penalty
from multilayer.equations.propagation import Layers, as_problem, cost_of

# Activations with a kink at z = 0, or with a derivative that has one.  A wide difference quotient across the kink is
# wrong, so these use a narrow one, which costs a few digits.  Custom activations use it too.
KINKED = frozenset({"relu", "leaky_relu", "elu", "selu"})
SMOOTH_STEP, KINKED_STEP = 1e-3, 1e-6
# (M1) divides by the standard deviation of a layer's sums; if it is small, Z' is strongly curved in every weight.
NORMALIZED_STEP = 1e-4

Number = TypeVar("Number", float, Array)


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
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    h = default_step(hidden, output, lam, norms) if step is None else step
    check_positive(h, "step")
    layers, arrays = _movable(layers)
    J = partial(cost_of, examples, layers)
    gradient = [np.zeros_like(array) for array in arrays]
    for array, numerical in zip(arrays, gradient, strict=True):
        for index in np.ndindex(array.shape):
            numerical[index] = _derivative(array, index, h, J)
    return gradient


def difference_quotient(
    X: ArrayLike,
    Y: ArrayLike,
    thetas: Sequence[ArrayLike],
    index: tuple[int, int, int],
    lam: float | Penalty = 0.0,
    hidden: Hidden = "sigmoid",
    output: str | Output = "sigmoid",
    step: float | None = None,
    sample_weight: ArrayLike | None = None,
    masks: Sequence[Array] | None = None,
    norms: Norms | None = None,
) -> float:
    """(N1) Compute the derivative of the cost with respect to one weight, by central differences of four points.

    Parameters
    ----------
    X, Y, thetas : as for :func:`numerical_gradient`
        The examples and the network.
    index : tuple of int
        Layer, row and column of the weight ``thetas[layer][row, column]``, from 0.
    lam, hidden, output, step, sample_weight : as for :func:`numerical_gradient`
        The regularisation, the units, the step and the weights of the examples.
    masks : list of arrays, optional
        Dropout masks, as for :func:`forward_propagation`: the derivative is that of the network without the dropped
        units.
    norms : list of arrays, optional
        Gain and shift of normalised layers, as for :func:`forward_propagation`.

    Returns
    -------
    float
        The difference quotient.

    Raises
    ------
    ParameterError
        If there is no such weight, or the step is not positive.

    Examples
    --------
    >>> round(difference_quotient([[2.0]], [[1.0]], [[[0.0, 0.0]]], (0, 0, 1)), 9)
    -1.0
    """
    examples, layers = as_problem(X, Y, thetas, lam, hidden, output, sample_weight, norms)
    h = default_step(hidden, output, lam, norms) if step is None else step
    check_positive(h, "step")
    layer, *place = as_position(index, layers.thetas)
    layers, arrays = _movable(layers)
    return _derivative(arrays[layer], tuple(place), h, partial(cost_of, examples, layers, masks))


def four_point_quotient(f: Callable[[Number], Number], x: Number, h: float) -> Number:
    """(N1) Compute [8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))] / (12 h)."""
    return (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)


def default_step(hidden: Hidden, output: str | Output, lam: float | Penalty, norms: Norms | None) -> float:
    """Return the step of (N1) for a network: a small one if its cost has kinks, or may have them."""
    given = [hidden] if isinstance(hidden, str) or not isinstance(hidden, Sequence) else list(hidden)
    is_smooth = all(isinstance(name, str) and name not in KINKED for name in given)
    has_kinked_cost = isinstance(output, CostedOutput) or as_penalty(lam).absolutes > 0
    if not is_smooth or has_kinked_cost:
        return KINKED_STEP
    return SMOOTH_STEP if norms is None or len(norms) == 0 else NORMALIZED_STEP


def _movable(layers: Layers) -> tuple[Layers, list[Array]]:
    """Return the layers with copies of their weights, and the copies: first ``thetas``, then ``norms``."""
    thetas = [theta.copy() for theta in layers.thetas]
    norms = None if layers.norms is None else [norm.copy() for norm in layers.norms]
    return replace(layers, thetas=thetas, norms=norms), [*thetas, *(norms or ())]


def _derivative(array: Array, index: tuple[int, ...], h: float, J: Callable[[], float]) -> float:
    """(N1) Compute the derivative of J with respect to one entry of an array that J reads."""

    def moved_cost(value: float) -> float:
        array[index] = value
        return J()

    kept = float(array[index])
    try:
        return four_point_quotient(moved_cost, kept, h)
    finally:
        array[index] = kept
