"""Greedy ensemble selection: how often to include each of many candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length

from multilayer._checks import check_integer
from multilayer.exceptions import InputError, ShapeError
from multilayer.fits.columns import checked_weight
from multilayer.selection.protocols import Scoring
from multilayer.selection.scores import score_of, warn_of_scores_without_weights
from multilayer.selection.scoring import one_scorer

Rated = Callable[[NDArray[np.float64]], float]  # predictions (m,) or (m, K) to a score; higher is better

MAX_SIZE = 50
# A smaller gain, as a fraction of the score, is attributed to rounding.
LEAST_GAIN = 1e-12
# Smaller probabilities are raised to this before the logarithm.
LEAST_PROBABILITY = float(np.finfo(np.float64).eps)


def greedy_selection(
    predictions: Sequence[ArrayLike],
    y: ArrayLike,
    *,
    scoring: Scoring = None,
    sample_weight: ArrayLike | None = None,
    classes: ArrayLike | None = None,
    max_size: int = MAX_SIZE,
) -> NDArray[np.intp]:
    """Choose candidates one by one so that their mean prediction scores well.

    It starts with the N best candidates, where N gives the best mean.  Then it repeatedly adds the candidate that
    improves the mean most; a candidate may be added several times.  It ends when none improves the score, or with
    ``max_size`` candidates.  On the given rows the result never scores worse than the best candidate.  These should be
    rows on which the candidates were not trained, such as the out-of-fold predictions of a cross-validation.

    Parameters
    ----------
    predictions : sequence of arrays, each of shape (m,) or (m, K)
        Each candidate's predictions for the same rows: numbers, or with ``classes`` probabilities, one column for each
        class.  Rows that are NaN in all of them are ignored.
    y : array of shape (m,) or (m, K)
        The targets: numbers, or with ``classes`` labels, or zeros and ones with one column for each label.
    scoring : str, callable or None, default=None
        The name of a scorer of scikit-learn, or a function of (estimator, X, y), whose estimator predicts the mean and
        whose X are row numbers.  None for minus the log-loss of probabilities, and minus the mean squared error of
        numbers, which change with the smallest improvement.
    sample_weight : array of shape (m,), default=None
        The weight of each row.
    classes : array of shape (n_classes,) or None, default=None
        The labels of the columns, in rising order; None for numbers.
    max_size : int, default=50
        The largest sum of the counts.

    Returns
    -------
    array of int of shape (number of candidates,)
        The number of times that each was chosen, 0 for most.  The positive ones are the ``weights`` of an ensemble.

    Raises
    ------
    InputError
        If predictions differ in shape, do not fit y or the classes, or are missing for some candidates only.
    ParameterError
        If the metric is unknown.

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 3.0])
    >>> too_high, too_low, wild = y + 1, y - 1, y[::-1] * 9
    >>> greedy_selection([too_high, wild, too_low], y)
    array([1, 0, 1])

    References
    ----------
    Caruana, R., Niculescu-Mizil, A., Crew, G. and Ksikes, A. (2004). Ensemble selection from libraries of models. ICML.
    """
    check_integer("max_size", max_size, 1)
    outputs, rows = _checked_predictions(predictions)
    targets, weight = _checked_targets(y, sample_weight, outputs[0])
    columns = _checked_columns(outputs[0], targets, classes)
    rated = _rated(scoring, targets[rows], columns, None if weight is None else weight[rows], rows)
    return _selected([output[rows] for output in outputs], rated, max_size)


def _selected(outputs: Sequence[NDArray[np.float64]], rated: Rated, max_size: int) -> NDArray[np.intp]:
    alone = np.array([rated(output) for output in outputs])
    best_first = np.argsort(-alone, kind="stable")  # the first one of equal scores
    counts = np.zeros(len(outputs), dtype=np.intp)
    total, best = outputs[best_first[0]], float(alone[best_first[0]])
    n_first, summed = 1, total
    for n, i in enumerate(best_first[1:max_size], start=2):
        summed = summed + outputs[i]
        score = rated(summed / n)
        if _is_gain(score, best):
            n_first, best, total = n, score, summed
    counts[best_first[:n_first]] = 1
    for n in range(n_first + 1, max_size + 1):
        scores = np.array([rated((total + output) / n) for output in outputs])
        i = int(np.where(np.isnan(scores), -np.inf, scores).argmax())
        if not _is_gain(float(scores[i]), best):
            break
        counts[i] += 1
        total, best = total + outputs[i], float(scores[i])
    return counts


def _is_gain(score: float, best: float) -> bool:
    return score > best + (LEAST_GAIN * abs(best) if np.isfinite(best) else 0.0)


def _checked_predictions(predictions: Sequence[ArrayLike]) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """Return the predictions as arrays, and the numbers of the rows with finite predictions."""
    outputs = [np.asarray(each, dtype=np.float64) for each in predictions]
    if not outputs:
        raise InputError("predictions must contain those of at least one candidate, got none.")
    shapes = sorted({output.shape for output in outputs})
    if len(shapes) > 1 or outputs[0].ndim not in (1, 2):
        raise ShapeError(
            f"predictions must be arrays of one shape, (m,) or (m, K), got the shapes {shapes}. Pass each candidate's "
            "predictions for the same rows."
        )
    there = [np.isfinite(output.reshape(len(output), -1)).all(axis=1) for output in outputs]
    by_any = np.logical_or.reduce(there)
    for i, by_this in enumerate(there):
        if not np.array_equal(by_this, by_any):
            raise InputError(
                f"candidate {i} has no finite predictions for {int((by_any & ~by_this).sum())} rows that others "
                "predict. "
                "Exclude it, or pass predictions for the same rows."
            )
    if not by_any.any():
        raise InputError("no candidate has a finite prediction for any row. Pass out-of-fold predictions.")
    return outputs, np.flatnonzero(by_any)


def _checked_targets(y: ArrayLike, sample_weight: Any, output: NDArray[np.float64]) -> tuple[Any, Any]:
    targets = np.asarray(y)
    try:
        check_consistent_length(targets, output)
    except ValueError:
        raise ShapeError(f"y has {len(targets)} entries for {len(output)} predicted rows. Pass one for each.") from None
    return targets, checked_weight(sample_weight, len(output), np.dtype(np.float64))


def _checked_columns(output: NDArray[np.float64], y: Any, classes: ArrayLike | None) -> NDArray[Any] | None:
    """Return the labels of the columns of probabilities; None for numbers."""
    if classes is None:
        if output.size != y.size:
            raise ShapeError(
                f"predictions are of shape {output.shape} for a y of shape {y.shape}. Pass classes, the labels of "
                "their columns, for probabilities, or one number for each target."
            )
        return None
    labels = np.asarray(classes)
    if output.shape[1:] != labels.shape:
        raise ShapeError(
            f"predictions must have a column for each of the {labels.size} classes, got the shape {output.shape}. Pass "
            "probabilities, as predict_proba returns them."
        )
    return labels


def _rated(scoring: Any, y: Any, labels: NDArray[Any] | None, weight: Any, rows: NDArray[np.intp]) -> Rated:
    if scoring is None:
        return _squared_error(y, weight) if labels is None else _log_loss(y, labels, weight)
    scorer = one_scorer(_Numbers() if labels is None else _Probabilities(), scoring)
    X = rows.reshape(-1, 1)
    warn_of_scores_without_weights(scorer, _Numbers() if labels is None else _Probabilities(), weight)

    def rated(output: NDArray[np.float64]) -> float:
        model = _Numbers(output) if labels is None else _Probabilities(output, labels, y.ndim == 2)
        return float(score_of(scorer, model, (X, y, weight)))

    return rated


def _squared_error(y: Any, weight: Any) -> Rated:
    Y = y.astype(np.float64)

    def rated(output: NDArray[np.float64]) -> float:
        squares = (output.reshape(Y.shape) - Y) ** 2
        return -float(np.average(squares.reshape(len(Y), -1).mean(axis=1), weights=weight))

    return rated


def _log_loss(y: Any, classes: NDArray[Any], weight: Any) -> Rated:
    if y.ndim == 2:  # several labels per row

        def right(output: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(y > 0, output, 1.0 - output)

    else:
        columns = np.searchsorted(classes, y).clip(max=len(classes) - 1)
        if not np.array_equal(classes[columns], y):
            raise InputError(
                f"y has labels that are not in classes: {sorted(set(y.tolist()) - set(classes.tolist()))!r}."
            )

        def right(output: NDArray[np.float64]) -> NDArray[np.float64]:
            return output[np.arange(len(y)), columns].reshape(-1, 1)

    def rated(output: NDArray[np.float64]) -> float:
        logarithms = np.log(np.maximum(right(output), LEAST_PROBABILITY))
        return float(np.average(logarithms.mean(axis=1), weights=weight))

    return rated


class _Numbers(RegressorMixin, BaseEstimator):
    """A fitted regressor with given predictions, for scorers."""

    def __init__(self, output: Any = None) -> None:
        self.output = output

    def fit(self, X: Any, y: Any) -> _Numbers:  # noqa: ARG002 scikit-learn requires this method
        return self

    def predict(self, X: Any) -> Any:  # noqa: ARG002 the predictions belong to the rows of X
        return self.output


class _Probabilities(ClassifierMixin, BaseEstimator):
    """A fitted classifier with given probabilities, for scorers."""

    def __init__(self, output: Any = None, classes: Any = None, several: bool = False) -> None:
        self.output, self.classes, self.several = output, classes, several

    @property
    def classes_(self) -> Any:
        return self.classes

    def fit(self, X: Any, y: Any) -> _Probabilities:  # noqa: ARG002 scikit-learn requires this method
        return self

    def predict_proba(self, X: Any) -> Any:  # noqa: ARG002 the predictions belong to the rows of X
        return self.output

    def predict(self, X: Any) -> Any:  # noqa: ARG002 the predictions belong to the rows of X
        return (self.output > 0.5).astype(int) if self.several else self.classes[self.output.argmax(axis=1)]
