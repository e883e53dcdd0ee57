"""The mean cost of rows for a fitted network, in the units of its curves."""

from __future__ import annotations

from typing import Any

from multilayer.engines import get_engine
from multilayer.fits.measure import ValidationMetric, validation_measure
from multilayer.fits.reading import objective_on
from multilayer.fits.rows import Table
from multilayer.fits.settings import LOSS


def mean_cost(network: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """Return the mean cost of rows without regularisation, as in ``validation_loss_curve_``.

    ``loss_curve_`` includes the regularisation, so that networks of different ``alpha`` cannot be compared by it.

    Examples
    --------
    >>> from multilayer import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    >>> network = MLPRegressor((4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> mean_cost(network, X, y) == float(((network.predict(X) - y) ** 2).mean() / 2)
    True
    """
    network._check_is_fitted()
    objective, targets = objective_on(network, network._target_adapter(), X, y, sample_weight)
    table = Table(objective.X, y, objective.Y, objective.sample_weight)
    engine = get_engine(network.engine, network.network_, network.n_jobs)
    cost, _ = validation_measure(engine, network.network_, table, ValidationMetric(LOSS, targets, None))(
        network.parameters_
    )
    return cost / targets.cost_divisor
