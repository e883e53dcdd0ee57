"""Fitted models scored by scikit-learn's scorers, with the weights of the rows where a scorer takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier
from sklearn.metrics import (
    brier_score_loss,
    check_scoring,
    d2_brier_score,
    d2_log_loss_score,
    log_loss,
    make_scorer,
)

from multilayer.exceptions import ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.labels import KnownClasses
from multilayer.fits.measure import takes_weights
from multilayer.selection.out_of_fold import for_classes
from multilayer.selection.routing import requested

Scorer = Callable[..., Any]
# Metrics of probabilities that need the list of classes if a fold lacks some.
_NEED_LABELS = (log_loss, d2_log_loss_score, brier_score_loss, d2_brier_score)


def score_of(scorer: Scorer, model: Any, part: tuple[Any, Any, Any], known: KnownClasses | None = None) -> Any:
    """The score of a model for X, y and weights (None for none): a number, or one for each metric by its name.

    A scorer that takes no weights scores without them; :func:`warn_of_scores_without_weights` reports it.
    ``known`` are the labels of the whole table: a class that the training rows of the model lack has the probability 0.
    """
    X, y, weight = part
    metrics = _metrics(scorer)
    needs_labels = any(map(_needs_labels, [scorer] if metrics is None else metrics.values()))
    classes = known.values if known is not None and needs_labels else None
    lacks = classes is not None and _lacks_classes(model, y, classes)
    if metrics is None:
        return _one_score(scorer, model, part, classes if lacks else None)
    if weight is None and not lacks:
        return scorer(model, X, y)
    scores: dict[str, float] = {}
    for is_weighted in (True, False):
        group = {name: each for name, each in metrics.items() if _is_weighted(each, model) == is_weighted}
        shared = {name: each for name, each in group.items() if _shares_predictions(each, lacks=lacks)}
        if shared:
            weights = {"sample_weight": weight} if is_weighted and weight is not None else {}
            # The requests of these scorers have been followed by the choice of the group.
            with config_context(enable_metadata_routing=False):
                scores |= check_scoring(model, shared)(model, X, y, **weights)
        for name in group.keys() - shared.keys():
            scores[name] = _one_score(group[name], model, part, classes if lacks else None)
    return {name: scores[name] for name in metrics}


def warn_of_scores_without_weights(scorer: Scorer, model: Any, sample_weight: Any) -> None:
    """One warning that names the metrics that take no ``sample_weight``, where weights were passed."""
    if sample_weight is None:
        return
    metrics = _metrics(scorer) or {_name(scorer): scorer}
    names = [name for name, each in metrics.items() if not _takes_weights(each, model)]
    if names:
        takes, it = ("takes", "it") if len(names) == 1 else ("take", "them")
        warn(
            f"scoring: {', '.join(names)} {takes} no sample_weight: all rows count alike in {it}, and the weights "
            "count in training only. Use a scorer that has a parameter sample_weight.",
            ParameterWarning,
        )


def _metrics(scorer: Scorer) -> Mapping[str, Scorer] | None:
    """The scorers of several metrics by their names; None for a single one."""
    return getattr(scorer, "_scorers", None)


def _name(scorer: Scorer) -> str:
    if _is_own_score(scorer):
        return repr(scorer)
    return str(getattr(getattr(scorer, "_score_func", scorer), "__name__", repr(scorer)))


def _is_own_score(scorer: Scorer) -> bool:
    """Whether it is the model's own ``score``."""
    return hasattr(scorer, "_estimator") and not hasattr(scorer, "_score_func")


def _shares_predictions(scorer: Scorer, *, lacks: bool) -> bool:
    """Whether scikit-learn can score it together with others, which predict once."""
    return hasattr(scorer, "_score_func") and not (lacks and _needs_labels(scorer))


def _takes_weights(scorer: Scorer, model: Any) -> bool:
    if _is_own_score(scorer):
        last = model
        while hasattr(last, "steps"):  # a pipeline hands the weights to its last step
            last = last[-1]
        return takes_weights(last.score) or requested(last, "score") is True
    return takes_weights(scorer)


def _is_weighted(scorer: Scorer, model: Any) -> bool:
    """Whether the weights are passed: it can take them, and no request of metadata routing refuses them."""
    subject = model if _is_own_score(scorer) else scorer
    return _takes_weights(scorer, model) and requested(subject, "score") is not False


def _one_score(scorer: Scorer, model: Any, part: tuple[Any, Any, Any], classes: NDArray[Any] | None) -> Any:
    X, y, weight = part
    weights = {} if weight is None or not _is_weighted(scorer, model) else {"sample_weight": weight}
    if classes is not None and _needs_labels(scorer):
        scorer, model = _with_labels(scorer, classes), _OfAllClasses(model, classes)
    if not _is_own_score(scorer) or (weights and requested(model, "score")):
        return scorer(model, X, y, **weights)
    # With routing a pipeline would refuse weights without a request, although sample_weight was passed to our function,
    # and even weights of None if its last step has refused them.
    with config_context(enable_metadata_routing=False):
        return scorer(model, X, y, **weights)


def _lacks_classes(model: Any, y: Any, classes: NDArray[Any]) -> bool:
    known = getattr(model, "classes_", None)
    if known is None or np.ndim(y) != 1 or not is_classifier(model):
        return False
    return len(known) < len(classes) or len(np.unique(np.asarray(y))) < len(classes)


def _needs_labels(scorer: Scorer) -> bool:
    return getattr(scorer, "_score_func", None) in _NEED_LABELS and "labels" not in getattr(scorer, "_kwargs", {})


def _with_labels(scorer: Any, classes: NDArray[Any]) -> Scorer:
    """The same metric of probabilities for all classes."""
    return make_scorer(
        scorer._score_func,
        response_method=scorer._response_method,
        greater_is_better=scorer._sign > 0,
        labels=classes,
        **scorer._kwargs,
    )


class _OfAllClasses(ClassifierMixin, BaseEstimator):
    """A fitted classifier with an additional column of probabilities for each class that was not in its rows."""

    def __init__(self, model: Any, classes: NDArray[Any]) -> None:
        self.model, self.classes = model, classes

    @property
    def classes_(self) -> NDArray[Any]:
        return self.classes

    def fit(self, X: Any, y: Any) -> _OfAllClasses:  # noqa: ARG002 scikit-learn asks an estimator for it
        return self

    def predict_proba(self, X: Any) -> Any:
        return for_classes(self.model.predict_proba(X), self.model.classes_, self.classes)
