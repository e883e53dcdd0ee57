"""Scorers by the name of a metric, and names of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sklearn.base import is_classifier
from sklearn.metrics import check_scoring, get_scorer_names

from multilayer.exceptions import ParameterError, similar_names


def one_scorer(estimator: Any, scoring: Any) -> Callable[..., Any]:
    """Return the scorer of one metric, given by its name or as a scorer; None is the estimator's own ``score``."""
    if scoring is not None and not isinstance(scoring, str) and not callable(scoring):
        raise ParameterError(
            f"scoring must be the name of one metric or a scorer, got {scoring!r}. Write scoring='accuracy'."
        )
    return scorer_of(estimator, scoring)


def scorer_of(estimator: Any, scoring: Any) -> Callable[..., Any]:
    """Return the scorer of one or several metrics; None is the estimator's own ``score``."""
    if not (scoring is None or callable(scoring) or isinstance(scoring, str | Iterable)) or isinstance(scoring, type):
        raise ParameterError(
            f"scoring must be the name of a metric, a scorer, or a list or dict of them, got {scoring!r:.200}. "
            "Write scoring='accuracy'."
        )
    names = scoring.values() if isinstance(scoring, Mapping) else scoring
    for name in [names] if isinstance(names, str) else names if isinstance(names, Iterable) else ():
        if isinstance(name, str):
            check_metric_name(name)
    try:
        scorer: Callable[..., Any] = check_scoring(estimator, scoring)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"scoring cannot be used, got {scoring!r}: {error}") from None
    return scorer


def check_metric_name(name: str) -> None:
    """Raise a ParameterError with similar names if scikit-learn has no scorer of this name."""
    known = get_scorer_names()
    if name in known:
        return
    key = name.lower().replace(" ", "_").replace("-", "_").removeprefix("neg_")
    near = [_SHORT[key]] if key in _SHORT else similar_names(name, known)
    hint = f" Did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
    raise ParameterError(f"unknown scoring {name!r}.{hint} sklearn.metrics.get_scorer_names() lists all names.")


# Names of scikit-learn's scorers by the usual short names of the metrics.
_SHORT = {
    "rmse": "neg_root_mean_squared_error",
    "mse": "neg_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "logloss": "neg_log_loss",
    "cross_entropy": "neg_log_loss",
    "log_loss": "neg_log_loss",
    "brier": "neg_brier_score",
    "auc": "roc_auc",
    "r_squared": "r2",
}


def metric_name(estimator: Any, scoring: Any) -> str:
    """Return the name of the score."""
    if scoring is None:
        return "accuracy" if is_classifier(estimator) else "R²"
    if isinstance(scoring, str):
        return scoring
    metric = getattr(scoring, "_score_func", scoring)
    return str(getattr(metric, "__name__", "score"))
