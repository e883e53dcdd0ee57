"""The intervals of a fitted TableRegressor, by its out-of-fold errors and their spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.conformal import quantile_interval, symmetric_interval, two_tailed_interval
from multilayer.tables.models.folds import RowIndices
from multilayer.tables.models.spread import Spread, fitted_spread

Floats = NDArray[np.float64]


def spreads_of(
    model: Any, encoded: NDArray[Any], divisions: Sequence[RowIndices], is_over: Callable[[], bool]
) -> tuple[list[Spread], list[Floats]]:
    """Fit the spread of the out-of-fold errors of each output; none for several quantiles.

    Parameters
    ----------
    model : TableRegressor
        The model with its out-of-fold predictions.
    encoded : array of shape (m, width)
        The rows of the fit.
    divisions : sequence of arrays of int
        The places of the out-of-fold rows by fold.
    is_over : callable
        Whether the time of the fit is over.

    Returns
    -------
    spreads : list of Spread
        For new rows.
    values : list of arrays of shape (n,)
        For the out-of-fold rows, by models that were not fitted on them.
    """
    spreads: list[Spread] = []
    values: list[Floats] = []
    if model._loss.several_levels:
        return spreads, values
    rows, oof = model._oof_rows, model._oof[model._oof_rows]
    errors = model._oof_y.reshape(len(model._oof), -1)[rows] - oof
    weight, groups = model._weight_of_rows, model._groups_of_rows
    for k in range(errors.shape[1]):
        found = fitted_spread(encoded[rows], oof[:, k], errors[:, k], weight, divisions, groups=groups, is_over=is_over)
        spreads.append(found[0])
        values.append(found[1])
    return spreads, values


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
    oof, y = model._oof[model._oof_rows], model._oof_y.reshape(len(model._oof), -1)[model._oof_rows]
    weight = model._weight_of_rows
    ends = []
    if model._loss.several_levels:
        scores = np.maximum(oof[:, 0] - y[:, 0], y[:, 0] - oof[:, -1])
        ends.append(quantile_interval(predicted[:, 0], predicted[:, -1], scores, coverage, weight))
    else:
        encoded = model._surroundings.encoder.transform(table)
        for k, spread in enumerate(model._spreads):
            z = (y[:, k] - oof[:, k]) / model._oof_spreads[k]
            at_rows = spread.at(encoded, predicted[:, k])
            if model._loss.name == "quantile":
                ends.append(two_tailed_interval(predicted[:, k], at_rows, z, coverage, weight))
            else:
                ends.append(symmetric_interval(predicted[:, k], at_rows, np.abs(z), coverage, weight))
    least = np.where(model._range[0] >= 0, 0.0, -np.inf)
    lower, upper = (np.maximum(np.column_stack(each), least) for each in zip(*ends, strict=True))
    return lower, upper
