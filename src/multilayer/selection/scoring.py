"""The one metric that a curve or a search goes by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklearn.base import is_classifier
from sklearn.metrics import check_scoring

from multilayer.exceptions import ParameterError


def one_scorer(estimator: Any, scoring: Any) -> Callable[..., Any]:
    """The scorer of one metric, by its name or a scorer; None for the estimator's own ``score``."""
    if scoring is not None and not isinstance(scoring, str) and not callable(scoring):
        raise ParameterError(f"scoring must be one metric, by its name or a scorer, got {scoring!r}. Name one.")
    scorer: Callable[..., Any] = check_scoring(estimator, scoring)
    return scorer


def metric_name(estimator: Any, scoring: Any) -> str:
    """What scores are called."""
    if scoring is None:
        return "accuracy" if is_classifier(estimator) else "R²"
    if isinstance(scoring, str):
        return scoring
    metric = getattr(scoring, "_score_func", scoring)
    return str(getattr(metric, "__name__", "score"))
