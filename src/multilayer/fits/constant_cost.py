"""The cost of a constant prediction, with which the cost of a training is compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from multilayer.engines import Objective
from multilayer.equations.costs import output_unit
from multilayer.fits.recipe import AUTO_BATCH_SIZE
from multilayer.fits.scale_advice import spread
from multilayer.fits.settings import Settings
from multilayer.network import n_parameters
from multilayer.training.batching import RowNumbers

ROWS_EXAMINED = 10_000
# Multiples of the cost of a constant prediction.  A cost above the first is not explained by slow training if it has
# risen, and one above the second never is.
FAR_ABOVE, BEYOND_STARTING_WEIGHTS = 5.0, 1000.0


def stays_far_above(costs: Sequence[float], constant: float) -> bool:
    """Whether the costs of the epochs show steps that are far too large, beside the cost of a constant prediction."""
    if not costs or not constant > 0:
        return False
    multiple = costs[-1] / constant
    return multiple > BEYOND_STARTING_WEIGHTS or (multiple > FAR_ABOVE and costs[-1] > costs[0])


def constant_cost(objective: Objective, settings: Settings, rows: RowNumbers | None = None) -> float:
    """Return the cost of a network whose weighted sums are all 0, from evenly spaced rows.

    It includes the regularisation of weights of size 1: a strong regularisation alone is no sign of large steps.
    """
    network, Y, weight = objective.network, objective.Y, objective.sample_weight
    n_rows = len(Y) if rows is None else len(rows)
    chosen = spread(rows, len(Y), ROWS_EXAMINED)
    if chosen is not None:
        Y, weight = Y[chosen], None if weight is None else weight[chosen]
    true: NDArray[np.float64] = np.asarray(Y, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        costs = output_unit(network.output, network.cost).cost(np.zeros_like(true), true)
        mean = float(np.average(costs, weights=weight))
    size = AUTO_BATCH_SIZE if isinstance(settings.batch_size, str) else settings.batch_size
    return mean + (objective.lam / 2 + objective.lam1) * n_parameters(network) / min(size, n_rows)
