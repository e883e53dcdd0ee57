"""Greedy ensemble selection: which of many candidates to choose, and how often each."""

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

Rated = Callable[[NDArray[np.float64]], float]  # answers, (m,) or (m, K), to a score, higher is better

MAX_SIZE = 50
# A smaller gain, as a share of the score, is rounding.
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
        class.  Rows that are NaN in all of them do not count.
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
        How often each was chosen, 0 for most.  Those above 0 are the ``weights`` of an ensemble.

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
    answers, rows = _checked_answers(predictions)
    targets, weight = _checked_targets(y, sample_weight, answers[0])
    columns = _checked_columns(answers[0], targets, classes)
    rated = _rated(scoring, targets[rows], columns, None if weight is None else weight[rows], rows)
    return _selected([answer[rows] for answer in answers], rated, max_size)


def _selected(answers: Sequence[NDArray[np.float64]], rated: Rated, max_size: int) -> NDArray[np.intp]:
    alone = np.array([rated(answer) for answer in answers])
    best_first = np.argsort(-alone, kind="stable")  # of equals, the first
    counts = np.zeros(len(answers), dtype=np.intp)
    total, best = answers[best_first[0]], float(alone[best_first[0]])
    n_first, summed = 1, total
    for n, i in enumerate(best_first[1:max_size], start=2):
        summed = summed + answers[i]
        score = rated(summed / n)
        if _is_gain(score, best):
            n_first, best, total = n, score, summed
    counts[best_first[:n_first]] = 1
    for n in range(n_first + 1, max_size + 1):
        scores = np.array([rated((total + answer) / n) for answer in answers])
        i = int(np.where(np.isnan(scores), -np.inf, scores).argmax())
        if not _is_gain(float(scores[i]), best):
            break
        counts[i] += 1
        total, best = total + answers[i], float(scores[i])
    return counts


def _is_gain(score: float, best: float) -> bool:
    return score > best + (LEAST_GAIN * abs(best) if np.isfinite(best) else 0.0)


def _checked_answers(predictions: Sequence[ArrayLike]) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """The answers, and the rows that there are answers for."""
    answers = [np.asarray(each, dtype=np.float64) for each in predictions]
    if not answers:
        raise InputError("predictions must hold the answers of at least one candidate, got none.")
    shapes = sorted({answer.shape for answer in answers})
    if len(shapes) > 1 or answers[0].ndim not in (1, 2):
        raise ShapeError(
            f"predictions must be arrays of one shape, (m,) or (m, K), got the shapes {shapes}. Give each candidate's "
            "answers for the same rows."
        )
    there = [np.isfinite(answer.reshape(len(answer), -1)).all(axis=1) for answer in answers]
    by_any = np.logical_or.reduce(there)
    for i, by_this in enumerate(there):
        if not np.array_equal(by_this, by_any):
            raise InputError(
                f"candidate {i} has no finite answers for {int((by_any & ~by_this).sum())} rows that others answer. "
                "Leave it out, or give answers for the same rows."
            )
    if not by_any.any():
        raise InputError("no candidate has a finite answer for any row. Pass their out-of-fold answers.")
    return answers, np.flatnonzero(by_any)


def _checked_targets(y: ArrayLike, sample_weight: Any, answer: NDArray[np.float64]) -> tuple[Any, Any]:
    targets = np.asarray(y)
    try:
        check_consistent_length(targets, answer)
    except ValueError:
        raise ShapeError(
            f"y has {len(targets)} entries for {len(answer)} rows of answers. Pass one for each."
        ) from None
    return targets, checked_weight(sample_weight, len(answer), np.dtype(np.float64))


def _checked_columns(answer: NDArray[np.float64], y: Any, classes: ArrayLike | None) -> NDArray[Any] | None:
    """The labels of the columns of probabilities, of which there are as many; None for numbers."""
    if classes is None:
        if answer.size != y.size:
            raise ShapeError(
                f"predictions are of shape {answer.shape} for a y of shape {y.shape}. Pass classes, the labels of "
                "their columns, if they are probabilities, and else one number for each target."
            )
        return None
    labels = np.asarray(classes)
    if answer.shape[1:] != labels.shape:
        raise ShapeError(
            f"predictions must have a column for each of the {labels.size} classes, got the shape {answer.shape}. Pass "
            "probabilities, as predict_proba gives them."
        )
    return labels


def _rated(scoring: Any, y: Any, labels: NDArray[Any] | None, weight: Any, rows: NDArray[np.intp]) -> Rated:
    if scoring is None:
        return _squared_error(y, weight) if labels is None else _log_loss(y, labels, weight)
    scorer = one_scorer(_Numbers() if labels is None else _Probabilities(), scoring)
    X = rows.reshape(-1, 1)
    warn_of_scores_without_weights(scorer, _Numbers() if labels is None else _Probabilities(), weight)

    def rated(answer: NDArray[np.float64]) -> float:
        model = _Numbers(answer) if labels is None else _Probabilities(answer, labels, y.ndim == 2)
        return float(score_of(scorer, model, (X, y, weight)))

    return rated


def _squared_error(y: Any, weight: Any) -> Rated:
    Y = y.astype(np.float64)

    def rated(answer: NDArray[np.float64]) -> float:
        squares = (answer.reshape(Y.shape) - Y) ** 2
        return -float(np.average(squares.reshape(len(Y), -1).mean(axis=1), weights=weight))

    return rated


def _log_loss(y: Any, classes: NDArray[Any], weight: Any) -> Rated:
    if y.ndim == 2:  # several labels a row

        def right(answer: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.where(y > 0, answer, 1.0 - answer)

    else:
        columns = np.searchsorted(classes, y).clip(max=len(classes) - 1)
        if not np.array_equal(classes[columns], y):
            raise InputError(f"y has labels that classes has not: {sorted(set(y.tolist()) - set(classes.tolist()))!r}.")

        def right(answer: NDArray[np.float64]) -> NDArray[np.float64]:
            return answer[np.arange(len(y)), columns].reshape(-1, 1)

    def rated(answer: NDArray[np.float64]) -> float:
        logarithms = np.log(np.maximum(right(answer), LEAST_PROBABILITY))
        return float(np.average(logarithms.mean(axis=1), weights=weight))

    return rated


class _Numbers(RegressorMixin, BaseEstimator):
    """An estimator that has its answers already, as scorers want one."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def fit(self, X: Any, y: Any) -> _Numbers:  # noqa: ARG002 there for scikit-learn's look at it
        return self

    def predict(self, X: Any) -> Any:  # noqa: ARG002 the answers are for the rows of X
        return self.answer


class _Probabilities(ClassifierMixin, BaseEstimator):
    """A classifier that has its probabilities already."""

    def __init__(self, answer: Any = None, classes: Any = None, several: bool = False) -> None:
        self.answer, self.classes, self.several = answer, classes, several

    @property
    def classes_(self) -> Any:
        return self.classes

    def fit(self, X: Any, y: Any) -> _Probabilities:  # noqa: ARG002 there for scikit-learn's look at it
        return self

    def predict_proba(self, X: Any) -> Any:  # noqa: ARG002 the answers are for the rows of X
        return self.answer

    def predict(self, X: Any) -> Any:  # noqa: ARG002 the answers are for the rows of X
        return (self.answer > 0.5).astype(int) if self.several else self.classes[self.answer.argmax(axis=1)]
