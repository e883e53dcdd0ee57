"""The score of a constant prediction: networks that are no better have learned nothing from the columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from multilayer.fits.columns import as_dense
from multilayer.fits.scale_advice import LARGE, SMALL
from multilayer.selection.data import Data, network_of
from multilayer.selection.splitting import Split
from multilayer.selection.statistics import Array, mean

ZERO_FOR_A_CONSTANT = ("R²", "r2", "r2_score", "explained_variance", "explained_variance_score")
ACCURACY = ("accuracy", "accuracy_score")


@dataclass(frozen=True)
class ConstantPrediction:
    """The score of a constant prediction on the same folds.

    Attributes
    ----------
    score : float
        The mean over the folds; NaN if it is not known for the metric.
    remedies : tuple of str
        What to try if no network scores better.
    """

    score: float = math.nan
    remedies: tuple[str, ...] = ()

    def conclusion(self, scores: Array, metric: str, *others: str) -> str:
        """Return a sentence if no mean of scores (n, folds) is above that of a constant; otherwise an empty text."""
        means = mean(scores)
        if math.isnan(self.score) or not np.isfinite(means).any() or float(np.nanmax(means)) > self.score:
            return ""
        *first, last = [*self.remedies, *others]
        remedies = f"{', '.join(first)} or {last}" if first else last
        return (
            f"No network has learned more than a constant prediction: the best mean {metric} is "
            f"{float(np.nanmax(means)):.4g}, and a constant has {self.score:.4g}. "
            f"Try {remedies}."
        )


UNKNOWN = ConstantPrediction()


def constant_prediction(estimator: Any, data: Data, splits: Sequence[Split], metric: str) -> ConstantPrediction:
    """Return the score of a constant prediction, and what to try if no network scores better."""
    network = network_of(estimator)
    parameters = network.get_params(deep=False)
    remedies = []
    if parameters.get("standardize_targets") is False and _is_far_from_unit_scale(data.y):
        remedies.append("standardize_targets=True, because the targets are far from unit scale")
    remedies.append("more epochs (max_iter)" if "max_iter" in parameters else "longer training")
    if "learning_rate_init" in parameters and parameters.get("solver") != "lbfgs":
        remedies.append("another step size (learning_rate_init)")
    return ConstantPrediction(_score(estimator, data, splits, metric), tuple(remedies))


def _score(estimator: Any, data: Data, splits: Sequence[Split], metric: str) -> float:
    if not is_classifier(estimator):
        return 0.0 if metric in ZERO_FOR_A_CONSTANT else math.nan
    y = np.asarray(data.y)
    if metric not in ACCURACY or y.ndim != 1:
        return math.nan
    weight = np.ones(len(y)) if data.weight is None else data.weight
    codes = np.unique(y, return_inverse=True)[1]
    shares = []
    for train, test in splits:
        most_frequent = np.bincount(codes[train], weight[train]).argmax()
        total = weight[test].sum()
        shares.append(float(weight[test][codes[test] == most_frequent].sum() / total) if total else math.nan)
    return float(mean(shares))


def _is_far_from_unit_scale(y: Any) -> bool:
    """Whether the mean or the standard deviation of a target is far from unit scale."""
    targets = as_dense(y).astype(np.float64)
    centre, deviation = np.abs(targets.mean(axis=0)), targets.std(axis=0)
    return bool(np.any((centre > LARGE) | (deviation > LARGE) | ((deviation > 0) & (deviation < SMALL))))
