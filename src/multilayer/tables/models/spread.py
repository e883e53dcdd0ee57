"""The spread of the errors of a regressor at each row: a small model of their size."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from multilayer.tables.models.calibration import ERRORS_OF_GAIN
from multilayer.tables.models.forest import Forest, forest_of
from multilayer.tables.models.means import mean_over_rows
from multilayer.tables.models.openmp import one_openmp_thread

Floats = NDArray[np.float64]

# With fewer rows the spread is constant.
FEWEST_ROWS = 200
# The share of the mean error in the spread of each row: no spread is near 0.
FLOOR = 0.1
TREES_OF_SPREAD: dict[str, Any] = {
    "loss": "poisson",
    "max_iter": 60,
    "max_leaf_nodes": 8,
    "min_samples_leaf": 30,
    "early_stopping": False,
    "random_state": 0,
}


@dataclass(frozen=True, eq=False)
class Spread:
    """The spread of one output.

    Attributes
    ----------
    models : sequence of Forest
        Trees of the absolute error over its mean; none for a constant spread.
    scale : float
        The mean absolute error of the rows of the fit; 1 if all errors are 0.
    """

    models: Sequence[Forest]
    scale: float

    def at(self, X: NDArray[Any], predicted: Floats) -> Floats:
        """(Q6) σ(x) = s (0.1 + 0.9 g(x)), with the mean error s and the mean g of the models; s without models.

        Parameters
        ----------
        X : array of shape (m, width)
            The encoded rows.
        predicted : array of shape (m,)
            The predictions of the regressor for them.

        Returns
        -------
        array of shape (m,)
            Positive numbers in the units of y.
        """
        if not self.models:
            return np.full(len(predicted), self.scale)
        inputs = _inputs(X, predicted)
        return _scaled(self.scale, sum(model.predict(inputs) for model in self.models) / len(self.models))


def fitted_spread(
    X: NDArray[Any],
    predicted: Floats,
    errors: Floats,
    weight: Floats | None,
    parts: Sequence[NDArray[np.intp]],
    *,
    groups: NDArray[np.intp] | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> tuple[Spread, Floats]:
    """Fit the spread of out-of-fold errors, and return it with its values for rows that it was not fitted on.

    A model for each part of the rows is fitted on the other parts: gradient-boosted trees of the encoded row and the
    prediction.  They are kept if they describe the errors better than a constant spread, by the mean of
    ``log σ_i + |e_i| / σ_i``, the negative logarithm of a Laplace density but for a constant, by more than two standard
    errors of the paired difference.

    Parameters
    ----------
    X : array of shape (n, width)
        The encoded rows.
    predicted : array of shape (n,)
        Their out-of-fold predictions.
    errors : array of shape (n,)
        y less the predictions.
    weight : array of shape (n,) or None
        The weights of the rows.
    parts : sequence of arrays of int
        Row numbers; each row is in one part.
    groups : array of int of shape (n,) or None, default=None
        The groups of the rows, for the standard error.
    is_over : callable
        Whether the time is over; the spread is then constant.

    Returns
    -------
    spread : Spread
        The spread for new rows.
    values : array of shape (n,)
        The spread of each row by the model that was not fitted on it.
    """
    sizes = np.abs(errors)
    scale = float(np.average(sizes, weights=weight))
    constant = Spread((), scale if scale > 0 else 1.0)
    values = np.full(len(sizes), constant.scale)
    if len(sizes) < FEWEST_ROWS or not scale > 0 or len(parts) < 2:
        return constant, values
    inputs, models = _inputs(X, predicted), []
    found = np.empty_like(values)
    for part in parts:
        if is_over():
            return constant, values
        others = np.setdiff1d(np.arange(len(sizes)), part)
        of_others = None if weight is None else weight[others]
        if not np.average(sizes[others], weights=of_others if of_others is None or of_others.any() else None) > 0:
            return constant, values
        with warnings.catch_warnings(), one_openmp_thread():
            warnings.simplefilter("ignore")
            model = HistGradientBoostingRegressor(**TREES_OF_SPREAD).fit(
                inputs[others], sizes[others] / scale, of_others
            )
            found[part] = _scaled(scale, model.predict(inputs[part]))
        models.append(forest_of(model))
    gains = np.log(values / found) + sizes / values - sizes / found
    mean, error = mean_over_rows(gains, weight, groups)
    return (Spread(models, scale), found) if mean > ERRORS_OF_GAIN * error else (constant, values)


def _scaled(scale: float, g: Any) -> Floats:
    return np.asarray(scale * (FLOOR + (1.0 - FLOOR) * g))


def _inputs(X: NDArray[Any], predicted: Floats) -> NDArray[Any]:
    return np.column_stack([X, predicted])
