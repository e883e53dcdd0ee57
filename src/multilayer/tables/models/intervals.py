"""The intervals of a fitted TableRegressor, by its out-of-fold errors and their spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.conformal import (
    Conformity,
    quantile_interval,
    symmetric_interval,
    two_tailed_interval,
)
from multilayer.tables.models.out_of_fold import OutOfFoldRows
from multilayer.tables.models.spread import Spread, fitted_spread

Floats = NDArray[np.float64]


def spreads_of(
    model: Any, held: OutOfFoldRows, is_over: Callable[[], bool]
) -> tuple[tuple[Spread, ...], tuple[Conformity, ...]]:
    """Fit the spread of the out-of-fold errors of each output, and sort the errors in units of it.

    Parameters
    ----------
    model : TableRegressor
        The model with its out-of-fold predictions.
    held : OutOfFoldRows
        The rows with out-of-fold predictions.
    is_over : callable
        Whether the time of the fit is over.

    Returns
    -------
    spreads : tuple of Spread
        For new rows; none for several quantiles.
    conformity : tuple of Conformity
        The scores of each output; for one quantile, two for each: those of the lower and of the upper end.
    """
    oof, y, weight = model._oof[held.numbers], held.y.reshape(len(held.y), -1), held.weight
    if model._loss.several_levels:
        scores = np.maximum(oof[:, 0] - y[:, 0], y[:, 0] - oof[:, -1])
        return (), (Conformity.of(scores, weight),)
    errors, encoded = y - oof, held.encoded[held.numbers]
    spreads: list[Spread] = []
    conformity: list[Conformity] = []
    for k in range(errors.shape[1]):
        spread, values = fitted_spread(
            encoded, oof[:, k], errors[:, k], weight, held.divisions, groups=held.groups, is_over=is_over
        )
        z = errors[:, k] / values
        tails = (-z, z) if model._loss.name == "quantile" else (np.abs(z),)
        spreads.append(spread)
        conformity += [Conformity.of(tail, weight) for tail in tails]
    return tuple(spreads), tuple(conformity)


def intervals_of(model: Any, table: Any, predicted: Floats, coverage: float) -> tuple[Floats, Floats]:
    """Return the ends of the intervals for the rows of a table, (m, K) each; K outputs.

    Parameters
    ----------
    model : TableRegressor
        The fitted model.
    table : Columns
        The rows.
    predicted : array of shape (m, K)
        Their predictions.
    coverage : float
        The coverage.

    Returns
    -------
    lower, upper : arrays of shape (m, K)
        The ends.
    """
    conformity, ends = model._conformity, []
    if model._loss.several_levels:
        ends.append(quantile_interval(predicted[:, 0], predicted[:, -1], conformity[0], coverage))
    else:
        encoded = model._surroundings.encoder.transform(table)
        for k, spread in enumerate(model._spreads):
            at_rows = spread.at(encoded, predicted[:, k])
            if model._loss.name == "quantile":
                ends.append(two_tailed_interval(predicted[:, k], at_rows, conformity[2 * k : 2 * k + 2], coverage))
            else:
                ends.append(symmetric_interval(predicted[:, k], at_rows, conformity[k], coverage))
    least = np.where(model._range[0] >= 0, 0.0, -np.inf)
    lower, upper = (np.maximum(np.column_stack(each), least) for each in zip(*ends, strict=True))
    return lower, upper
