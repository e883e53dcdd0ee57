"""The measure of validation: mean cost and score of the validation rows, as functions of the parameters."""

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
class ValidationMetric:
    """The metric of the validation rows."""

    metric: Metric
    targets: Targets
    view: Any  # the estimator that a scorer receives; its parameters_ are set before each call


def validation_measure(engine: Engine, network: Network, table: Table, scoring: ValidationMetric) -> Measure:
    """Return the mean cost J of the rows and their score, as functions of the parameters.

    The cost has no regularisation, so that networks of different ``alpha`` can be compared.
    """
    unit, summing = output_with_cost(network), replace(network, output="identity", cost=None)
    score_of, Y = _score(table, scoring), table.Y.astype(np.float64, copy=False)

    def measured(parameters: Floats) -> tuple[float, float]:
        Z: Any = engine.predict(summing, parameters, table.X)
        with np.errstate(over="ignore", invalid="ignore"):
            costs = unit.cost(Z.astype(np.float64, copy=False), Y)
            H = unit.h(Z)
        cost = float(np.average(costs, weights=table.weight))
        if not np.isfinite(H).all():
            return cost, math.nan
        if scoring.metric == LOSS:
            return cost, -cost / scoring.targets.cost_divisor
        return cost, score_of(parameters, H)

    return measured


def _score(table: Table, scoring: ValidationMetric) -> Callable[[Floats, Floats], float]:
    if scoring.metric == AUTO:
        return lambda _, H: _own_score(table, scoring, H)
    if scoring.metric == LOSS:
        return lambda _, H: math.nan  # noqa: ARG005 not called: the cost is known
    return _scorer(table, scoring)


def _own_score(table: Table, scoring: ValidationMetric, H: Floats) -> float:
    """Return the score of the estimator; squares of a network that diverges may overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return scoring.targets.score(H, table.Y, table.weight)


def _scorer(table: Table, scoring: ValidationMetric) -> Callable[[Floats, Floats], float]:
    """Return the score by a scorer, which receives the parameters in a view of the estimator."""
    metric, view = scoring.metric, scoring.view
    scorer: Any = get_scorer(metric) if isinstance(metric, str) else metric
    weights = {} if table.weight is None else {"sample_weight": table.weight}
    if weights and not takes_weights(scorer):
        warn(
            f"early_stopping_metric={metric!r} does not accept sample_weight: all validation rows weigh the same. "
            "Use a scorer that accepts it, or 'auto' or 'loss'.",
            ParameterWarning,
        )
        weights = {}

    def score(parameters: Floats, H: Floats) -> float:  # noqa: ARG001 a scorer calls the estimator
        view.parameters_ = parameters
        try:
            value = float(scorer(view, table.X, table.y, **weights))
        except MultilayerError:
            raise
        except (TypeError, ValueError) as error:
            raise InputError(_scorer_message(scoring, table, str(error).rstrip("."))) from error
        if math.isnan(value):
            raise InputError(_scorer_message(scoring, table, "the score is NaN"))
        return value

    return score


def takes_weights(scorer: Any) -> bool:
    """Return whether a scorer, or any other function, has a parameter ``sample_weight``."""
    # A scorer made by scikit-learn has the parameters of its metric.
    function = getattr(scorer, "_score_func", scorer)
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def takes_any(function: Callable[..., Any]) -> bool:
    """Return whether a function accepts arguments of any name."""
    parameters = inspect.signature(function).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _scorer_message(scoring: ValidationMetric, table: Table, why: str) -> str:
    loss = scoring.targets.loss
    if loss.n_quantiles > 1:
        advice = "Scorers of scikit-learn do not support several quantiles; use 'auto' or 'loss'."
    elif not isinstance(scoring.metric, str) and not _takes_estimators(scoring.metric):
        advice = (
            "It must be a function of (estimator, X, y), as sklearn.metrics.make_scorer returns. "
            "Or set early_stopping_metric='loss'."
        )
    elif loss.output in ("sigmoid", "softmax"):
        advice = "Validate on more rows, with every class among them, or set early_stopping_metric='loss'."
    else:
        advice = "Use a metric of numbers, such as 'neg_mean_absolute_error', or set early_stopping_metric='loss'."
    return f"early_stopping_metric={scoring.metric!r} cannot score the {len(table.Y)} validation rows: {why}. {advice}"


def _takes_estimators(scorer: Any) -> bool:
    """Return whether it can be called with an estimator, X and y, and is not a metric of y_true."""
    try:
        parameters = inspect.signature(scorer).parameters
        inspect.signature(scorer).bind(None, None, None)
    except (TypeError, ValueError):
        return False
    return "y_true" not in parameters
