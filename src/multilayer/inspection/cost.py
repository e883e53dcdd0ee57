"""The cost of rows by a fitted network, in the units of its curves."""

from __future__ import annotations

from typing import Any

from multilayer.engines import get_engine
from multilayer.fits.measure import Watched, validation_measure
from multilayer.fits.reading import objective_on
from multilayer.fits.rows import Table
from multilayer.fits.settings import LOSS


def mean_cost(network: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
    """The mean cost of rows, without regularisation, as ``validation_loss_curve_`` holds it after an epoch.

    ``loss_curve_`` is the mean over an epoch's batches, each before its update, with regularisation: networks of
    different ``alpha`` do not compare by it.

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
    engine = get_engine(network.engine, network.network_)
    cost, _ = validation_measure(engine, network.network_, table, Watched(LOSS, targets, None))(network.parameters_)
    return cost / targets.cost_divisor
