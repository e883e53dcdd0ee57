r"""Checks of custom activations and costs against difference quotients, before training uses them."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations._checks import as_matrix
from multilayer.equations.activations import Activation, Array, activation
from multilayer.equations.costs import Cost, Output, output_unit
from multilayer.equations.difference_quotients import four_point_quotient
from multilayer.exceptions import InputError, ParameterError, ShapeError

# Narrow enough that a kink is seldom between the points, and wide enough for an accuracy of ten digits.
STEP = 1e-5
TOLERANCE = 1e-6
# Sums at which an activation is checked: none is 0, where most kinks are.
SUMS = np.linspace(-8.0, 8.0, 257) + 0.0137


def check_activation(pair: Activation, z: ArrayLike | None = None) -> float:
    """(N1) Compare the derivative g' of a custom activation with central differences of its g.

    Parameters
    ----------
    pair : Activation
        An object with the methods ``g(z)`` and ``g_prime(z)``.
    z : array of shape (n,), optional
        Weighted sums to check at; by default from -8 to 8.

    Returns
    -------
    float
        The largest error, relative to the larger of the two derivatives and of their root mean square.

    Raises
    ------
    ParameterError
        If they differ, with the z where they differ most; if either is not finite or has another shape.

    Examples
    --------
    >>> class Sine:
    ...     def g(self, z):
    ...         return np.sin(z)
    ...     def g_prime(self, z):
    ...         return np.cos(z)
    >>> check_activation(Sine()) < 1e-8
    True
    """
    pair = activation(pair)
    sums = SUMS if z is None else np.asarray(z, dtype=np.float64)
    values, analytic = np.asarray(pair.g(sums.copy())), np.asarray(pair.g_prime(sums.copy()))
    for name, result in (("g", values), ("g_prime", analytic)):
        if result.shape != sums.shape:
            raise ParameterError(
                f"{name} of {pair!r} must return an array of the shape of z, {sums.shape}, got {result.shape}."
            )
        if not np.isfinite(result).all():
            worst = int(np.argmin(np.isfinite(result)))
            raise ParameterError(f"{name} of {pair!r} is {result[worst]} at z = {sums[worst]:g}. It must be finite.")
    numerical = four_point_quotient(pair.g, sums, STEP)
    errors = _relative_errors(analytic, numerical)
    worst = int(errors.argmax())
    if errors[worst] > TOLERANCE:
        raise ParameterError(
            f"g_prime of {pair!r} is not the derivative of g: at z = {sums[worst]:g} it is {analytic[worst]:.10g}, the "
            f"difference quotient of g is {numerical[worst]:.10g}."
        )
    return float(errors[worst])


def check_cost(cost: Cost, Z: ArrayLike, Y: ArrayLike, output: str = "identity") -> float:
    """(N1) Compare the delta of a custom cost with central differences of its value, entry by entry.

    Parameters
    ----------
    cost : Cost
        An object with the methods ``value(Z, Y)`` and ``delta(Z, Y)``.
    Z : array of shape (m, K)
        Weighted sums of the output units to check at; none may be at a kink of the cost.
    Y : array of shape (m, K)
        Targets in the form that the network receives.
    output : str
        The output unit of the cost; for "increasing" outputs the derivative includes the unit.

    Returns
    -------
    float
        The largest error, relative to the larger of the two derivatives and of their root mean square.

    Raises
    ------
    ParameterError
        If they differ, with the row and column where they differ most.
    InputError, ShapeError
        For invalid Z or Y, results of a wrong shape, and costs that are not finite.

    Examples
    --------
    >>> class Quartic:
    ...     def value(self, Z, Y):
    ...         return ((Z - Y) ** 4).sum(axis=1)
    ...     def delta(self, Z, Y):
    ...         return 4 * (Z - Y) ** 3
    >>> check_cost(Quartic(), [[0.5, -1.0]], [[0.0, 1.0]]) < 1e-8
    True
    """
    unit = output_unit(output, cost)
    Z, Y = as_matrix(Z, "Z"), as_matrix(Y, "Y")
    if Y.shape != Z.shape:
        raise ShapeError(f"Y must have the shape of Z, {Z.shape}, got {Y.shape}.")
    value, analytic = np.asarray(unit.cost(Z, Y)), np.asarray(unit.delta(Z, Y))
    for name, result, shape in (("value", value, Z.shape[:1]), ("delta", analytic, Z.shape)):
        if result.shape != shape:
            raise ShapeError(f"{name} of {cost!r} must return an array of shape {shape}, got {result.shape}.")
        if not np.isfinite(result).all():
            row = int(np.argwhere(~np.isfinite(result))[0][0])
            raise InputError(f"{name} of {cost!r} is not finite in row {row}, where Z is {Z[row]} and Y is {Y[row]}.")
    numerical = np.empty_like(Z)
    for k in range(Z.shape[1]):
        numerical[:, k] = four_point_quotient(partial(_moved_cost, unit, Z, Y, k), np.zeros(len(Z)), STEP)
    errors = _relative_errors(analytic, numerical)
    row, column = (int(i) for i in np.unravel_index(errors.argmax(), errors.shape))
    if errors[row, column] > TOLERANCE:
        raise ParameterError(
            f"delta of {cost!r} is not the derivative of value: in row {row}, column {column}, where z is "
            f"{Z[row, column]:g} and y is {Y[row, column]:g}, it is {analytic[row, column]:.10g}, the difference "
            f"quotient of value is {numerical[row, column]:.10g}."
        )
    return float(errors[row, column])


def _moved_cost(unit: Output, Z: Array, Y: Array, k: int, moves: Array) -> Array:
    """Compute the cost of each example after a change of its z_k."""
    moved = Z.copy()
    moved[:, k] += moves
    return unit.cost(moved, Y)


def _relative_errors(analytic: Array, numerical: Array) -> Array:
    scale = max(float(np.sqrt(np.mean(analytic**2))), float(np.sqrt(np.mean(numerical**2))), 1e-300)
    errors = np.abs(analytic - numerical) / np.maximum(np.maximum(np.abs(analytic), np.abs(numerical)), scale)
    return np.where(np.isnan(errors), np.inf, errors)
