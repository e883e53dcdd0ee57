"""Out-of-fold predictions: each row is predicted by networks that were not trained on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.training.batching import RowNumbers

FoldPredictions = Sequence[tuple[RowNumbers, Mapping[str, Any], Any]]  # (rows, predictions by method, estimator)


@dataclass(frozen=True, eq=False)
class Predictions:
    """Out-of-fold predictions for the rows of a table.

    Attributes
    ----------
    predicted : array of shape (m,) or (m, K)
        Labels or numbers.
    probabilities : array of shape (m, n_classes) or None
        The probabilities of a classifier, in the order of ``classes``; NaN for rows that were in no test fold.
    classes : array of shape (n_classes,) or None
        The labels.
    n_times : array of shape (m,)
        The number of networks that have predicted each row.
    """

    predicted: Any
    probabilities: Any = None
    classes: Any = None
    n_times: Any = None


def predictions_of(model: Any, X: Any) -> dict[str, Any]:
    """Return the predictions of a fitted model by method."""
    methods = [name for name in ("predict", "predict_proba") if hasattr(model, name)]
    return {name: getattr(model, name)(X) for name in methods}


def out_of_fold(
    parts: FoldPredictions, m: int, weights: Sequence[float] | None = None, classes: NDArray[Any] | None = None
) -> Predictions:
    """Average the predictions of the networks for each row; a class that a fold lacks has the probability 0 there.

    Rows without a prediction are NaN, and their label is the first of ``classes``: see ``n_times``.  ``weights`` are
    the weights of the networks; ``classes`` may contain labels that no network knows.
    """
    n_times = np.zeros(m, dtype=np.intp)
    for rows, _, _ in parts:
        n_times[rows] += 1
    counts = [1.0] * len(parts) if weights is None else weights
    if all("predict_proba" in predicted for _, predicted, _ in parts):
        if classes is None:
            classes = np.unique(np.concatenate([model.classes_ for _, _, model in parts]))
        return _of_classes(parts, n_times, counts, classes)
    predicted = _mean([(rows, each["predict"]) for rows, each, _ in parts], m, counts)
    return Predictions(predicted, n_times=n_times)


def for_classes(predicted: NDArray[Any], has: NDArray[Any], classes: NDArray[Any], absent: float = 0.0) -> NDArray[Any]:
    """Add columns for the ``classes`` that an array of predictions lacks, filled with ``absent``."""
    if len(has) == len(classes):
        return predicted
    columns = np.full((len(predicted), len(classes)), absent, dtype=predicted.dtype)
    columns[:, np.searchsorted(classes, has)] = predicted
    return columns


def _of_classes(
    parts: FoldPredictions, n_times: RowNumbers, weights: Sequence[float], classes: NDArray[Any]
) -> Predictions:
    spread = []
    for rows, predicted, model in parts:
        probabilities = np.asarray(predicted["predict_proba"], dtype=np.float64)
        spread.append((rows, for_classes(probabilities, model.classes_, classes)))
    probabilities = _mean(spread, len(n_times), weights)
    if np.ndim(parts[0][1]["predict"]) == 2:  # several labels per row
        return Predictions((probabilities > 0.5).astype(int), probabilities, classes, n_times)
    best = np.nan_to_num(probabilities).argmax(axis=1)
    return Predictions(classes[best], probabilities, classes, n_times)


def _mean(parts: Sequence[tuple[RowNumbers, Any]], m: int, weights: Sequence[float]) -> Any:
    total, counted = np.zeros((m, *np.shape(parts[0][1])[1:])), np.zeros(m)
    for (rows, values), weight in zip(parts, weights, strict=True):
        total[rows] += weight * values
        counted[rows] += weight
    with np.errstate(invalid="ignore"):
        return total / counted.reshape(-1, *[1] * (total.ndim - 1))
