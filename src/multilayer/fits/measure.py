"""The measure of a validated training: mean cost and score of its validation rows, as functions of the parameters."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer

from multilayer.engines import Engine
from multilayer.exceptions import InputError, MultilayerError, ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.rows import Table, Targets
from multilayer.fits.settings import AUTO, LOSS, Metric
from multilayer.network import Floats, Network, output_with_cost
from multilayer.training.loop import Measure


@dataclass(frozen=True)
class Watched:
    """How validation rows are scored."""

    metric: Metric
    targets: Targets
    view: Any  # the estimator as a scorer is to see it, whose parameters_ are put in before


def validation_measure(engine: Engine, network: Network, table: Table, watched: Watched) -> Measure:
    """The mean cost J of the rows, without regularisation, and their score, as functions of the parameters.

    Without regularisation it says what mistakes on new rows cost, and networks of different ``alpha`` compare.
    """
    unit, summing = output_with_cost(network), replace(network, output="identity", cost=None)
    score_of, Y = _score(table, watched), table.Y.astype(np.float64, copy=False)

    def measured(parameters: Floats) -> tuple[float, float]:
        Z: Any = engine.predict(summing, parameters, table.X)
        with np.errstate(over="ignore", invalid="ignore"):
            costs = unit.cost(Z.astype(np.float64, copy=False), Y)
            H = unit.h(Z)
        cost = float(np.average(costs, weights=table.weight))
        if not np.isfinite(H).all():
            return cost, math.nan
        if watched.metric == LOSS:
            return cost, -cost / watched.targets.cost_divisor
        return cost, score_of(parameters, H)

    return measured


def _score(table: Table, watched: Watched) -> Callable[[Floats, Floats], float]:
    if watched.metric == AUTO:
        return lambda _, H: watched.targets.score(H, table.Y, table.weight)
    if watched.metric == LOSS:
        return lambda _, H: math.nan  # noqa: ARG005 not called: the cost is at hand
    return _scorer(table, watched)


def _scorer(table: Table, watched: Watched) -> Callable[[Floats, Floats], float]:
    """The score by a scorer, which sees the parameters in a view of the estimator."""
    metric, view = watched.metric, watched.view
    scorer: Any = get_scorer(metric) if isinstance(metric, str) else metric
    weights = {} if table.weight is None else {"sample_weight": table.weight}
    if weights and not takes_weights(scorer):
        warn(
            f"early_stopping_metric={metric!r} takes no sample_weight: all rows that validate count alike in it. "
            "Use a scorer that does, or 'auto' or 'loss'.",
            ParameterWarning,
        )
        weights = {}

    def score(parameters: Floats, H: Floats) -> float:  # noqa: ARG001 a scorer asks the estimator itself
        view.parameters_ = parameters
        try:
            value = float(scorer(view, table.X, table.y, **weights))
        except MultilayerError:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(_unusable(watched, table, str(error).rstrip("."))) from error
        if math.isnan(value):
            raise InputError(_unusable(watched, table, "the score is NaN"))
        return value

    return score


def takes_weights(scorer: Any) -> bool:
    """Whether a scorer, or any other function, has a parameter ``sample_weight``."""
    # Scorers that scikit-learn makes of metrics take whatever their metric takes.
    function = getattr(scorer, "_score_func", scorer)
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def takes_any(function: Callable[..., Any]) -> bool:
    """Whether a function takes arguments of any name, which it may hand on."""
    parameters = inspect.signature(function).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _unusable(watched: Watched, table: Table, why: str) -> str:
    loss = watched.targets.loss
    if loss.n_quantiles > 1:
        advice = "Scorers of scikit-learn's know one answer a row, not several quantiles; 'auto' and 'loss' do."
    elif not isinstance(watched.metric, str) and not _takes_estimators(watched.metric):
        advice = (
            "It must be a function of (estimator, X, y): sklearn.metrics.make_scorer makes one of a metric. "
            "Or set early_stopping_metric='loss'."
        )
    elif loss.output in ("sigmoid", "softmax"):
        advice = "Validate on more rows, with every class among them, or set early_stopping_metric='loss'."
    else:
        advice = "Use a metric of numbers, such as 'neg_mean_absolute_error', or set early_stopping_metric='loss'."
    return (
        f"early_stopping_metric={watched.metric!r} cannot score the {len(table.Y)} rows that validate: {why}. {advice}"
    )


def _takes_estimators(scorer: Any) -> bool:
    """Whether it can be called with an estimator, X and y, and does not ask for targets by their usual name."""
    try:
        parameters = inspect.signature(scorer).parameters
        inspect.signature(scorer).bind(None, None, None)
    except (TypeError, ValueError):
        return False
    return "y_true" not in parameters
