"""Checks of the arguments of public functions; each error names the argument."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations.activations import Activation, Array, Hidden, activation
from multilayer.equations.costs import CostedOutput, Output, output_unit
from multilayer.exceptions import InputError, ParameterError, ShapeError

# The maximum deviation from 1 of the sum of a row of targets, for targets in float32.
SUM_TOLERANCE = 1e-6


def as_matrix(values: ArrayLike, name: str, *, finite: bool = True) -> Array:
    """Convert to a float64 matrix; with ``finite``, raise an error that names the first entry that is not finite."""
    try:
        matrix = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        if "inhomogeneous" in str(error):
            raise ShapeError(f"{name} must be a matrix, got rows of different lengths.") from None
        raise InputError(f"{name} must hold numbers only: {error}. Encode text columns first.") from None
    if matrix.ndim != 2:
        raise ShapeError(
            f"{name} must have two dimensions, one row per example, got shape {matrix.shape}. "
            f"Use {name}.reshape(-1, 1) for a single column."
        )
    if finite and not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise InputError(
            f"{name} must be finite, got {matrix[row, column]} in row {row}, column {column}. "
            "Remove or fill such entries first."
        )
    return matrix


def as_thetas(thetas: Sequence[ArrayLike], n_features: int | None = None) -> list[Array]:
    """Check that each weight matrix has as many inputs as the previous one has outputs."""
    if len(thetas) == 0:
        raise ShapeError("thetas is empty: a network has at least one weight matrix.")
    # Weights need not be finite: the cost is then not finite either, and the descent stops.
    checked = [as_matrix(theta, f"thetas[{index}]", finite=False) for index, theta in enumerate(thetas)]
    inputs, source = n_features, f"X has {n_features} columns"
    if inputs is None:
        inputs = checked[0].shape[1] - 1
    for index, theta in enumerate(checked):
        if theta.size == 0:
            raise ShapeError(f"thetas[{index}] must have at least one row and one column, got shape {theta.shape}.")
        if theta.shape[1] != inputs + 1:
            raise ShapeError(
                f"thetas[{index}] must have {inputs + 1} columns ({source}, and column 0 holds the biases), "
                f"got shape {theta.shape}."
            )
        inputs, source = theta.shape[0], f"thetas[{index}] has {theta.shape[0]} rows"
    return checked


def as_targets(Y: ArrayLike, m: int, n_outputs: int, output: str | Output) -> Array:
    """Check the shape of the targets and that they are within the range of the cost."""
    targets = as_matrix(Y, "Y")
    if m == 0:
        raise ShapeError("X has no rows: a mean cost needs at least one example.")
    if targets.shape != (m, n_outputs):
        raise ShapeError(
            f"Y must have shape ({m}, {n_outputs}): one row for each row of X, one column for each output unit; "
            f"got {targets.shape}. Use one_hot(y, n_classes) for class numbers."
        )
    unit = output_unit(output)
    if isinstance(unit, CostedOutput):
        if hasattr(unit.chosen, "check_targets"):  # a custom cost may omit it
            unit.chosen.check_targets(targets)
    else:
        _check_matched_targets(targets, unit.name)
    return targets


def _check_matched_targets(targets: Array, output: str) -> None:
    """Check the range of the targets of (C1), (C2) and (C5)."""
    if output in ("sigmoid", "softmax") and (targets.min() < 0 or targets.max() > 1):
        raise InputError(
            f"Y must lie in [0, 1] for {output} outputs, got values from {targets.min():g} to {targets.max():g}. "
            "Use one_hot(y, n_classes) for class numbers, or output='identity' for regression."
        )
    if output == "exp" and targets.min() < 0:
        raise InputError(
            f"Y must not be negative for exp outputs with the Poisson cost, got {targets.min():g}. "
            "Use output='identity' for numbers of either sign."
        )
    if output == "softmax" and np.abs(targets.sum(axis=1) - 1.0).max() > SUM_TOLERANCE:
        # The derivative of -Σ y_k log h_k with respect to z is (Σ y_k) h - y, which is h - y only if the row sums to 1.
        row = int(np.abs(targets.sum(axis=1) - 1.0).argmax())
        raise InputError(
            f"each row of Y must sum to 1 for softmax outputs, got {targets[row].sum():g} in row {row}. "
            "Use output='sigmoid' for classes that do not exclude each other."
        )


def as_weights(sample_weight: ArrayLike | None, m: int) -> Array:
    """Check that there is one non-negative weight per example and not all are zero; by default all are 1."""
    if sample_weight is None:
        return np.ones(m)
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight must hold one number for each row of X: {error}.") from None
    if weights.shape != (m,):
        raise ShapeError(f"sample_weight must have shape ({m},), one for each row of X, got {weights.shape}.")
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() == 0:
        raise InputError(
            "sample_weight must be finite, not negative and not all zero, "
            f"got values from {weights.min():g} to {weights.max():g}."
        )
    return weights


def hidden_activations(hidden: Hidden, n_hidden: int) -> list[Activation]:
    """Return one activation per hidden layer, from one for all layers or one per layer; each a name or a pair."""
    if isinstance(hidden, str) or not isinstance(hidden, Sequence):
        return [activation(hidden)] * n_hidden
    given = list(hidden)
    if len(given) != n_hidden:
        raise ParameterError(
            f"hidden must be one name or one for each of the {n_hidden} hidden layers, got {len(given)}: {given}."
        )
    return [activation(each) for each in given]


def as_position(index: tuple[int, int, int], thetas: Sequence[Array]) -> tuple[int, int, int]:
    """Check that a weight ``thetas[layer][row, column]`` exists."""
    try:
        layer, row, column = (operator.index(i) for i in index)
    except (TypeError, ValueError):
        raise ParameterError(f"index must be three integers (layer, row, column), got {index!r}.") from None
    if not 0 <= layer < len(thetas):
        raise ParameterError(f"the layer of index must be from 0 to {len(thetas) - 1}, got {layer}.")
    rows, columns = thetas[layer].shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise ParameterError(
            f"index must be within thetas[{layer}] of {rows} rows and {columns} columns, counted from 0, "
            f"got row {row}, column {column}."
        )
    return layer, row, column


def check_not_negative(value: float, name: str) -> None:
    if not (_is_finite_number(value) and value >= 0):
        raise ParameterError(f"{name} must be a non-negative number, got {value!r}.")


def check_positive(value: float, name: str) -> None:
    if not (_is_finite_number(value) and value > 0):
        raise ParameterError(f"{name} must be a positive number, got {value!r}.")


def check_count(value: int, name: str) -> None:
    if not (_is_finite_number(value) and value >= 0 and value == int(value)):
        raise ParameterError(f"{name} must be a non-negative integer, got {value!r}.")


def _is_finite_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and bool(np.isfinite(float(value)))
