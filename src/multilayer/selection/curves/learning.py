"""The learning curve: training and validation score against the number of training rows."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from multilayer.exceptions import ParameterError
from multilayer.packs.members import Member
from multilayer.packs.running import PackListener
from multilayer.results import Column, Result, Table, failure_notes, frame, plus_minus
from multilayer.selection.curves.constant import UNKNOWN, ConstantPrediction
from multilayer.selection.curves.experiment import experiment_of, points_of
from multilayer.selection.data import Data, checked_estimator
from multilayer.selection.protocols import CV, Estimator, Scoring
from multilayer.selection.statistics import Array, is_clear, mean, mean_pairs, paired
from multilayer.selection.training import ModelTraining

# Each size is twice the previous one, so that the curve shows the gain per doubling of the rows.
SIZES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)


@dataclass(frozen=True, eq=False)
class LearningCurve(Result):
    """The result of :func:`learning_curve`; print it, or draw it by :func:`multilayer.plots.plot_learning_curve`.

    Attributes
    ----------
    sizes : array of shape (n,)
        Numbers of training rows, in increasing order.
    train_scores, test_scores : arrays of shape (n, folds)
        Scores on the training rows and on the test rows; NaN for a fit that failed.
    fit_times : array of shape (n, folds)
        Seconds.
    metric : str
        The name of the score.
    failures : dict of (int, int) to Exception
        The errors of fits that failed, by size and fold.
    constant : ConstantPrediction
        The score of a constant prediction on the same folds.
    """

    sizes: NDArray[np.intp]
    train_scores: Array
    test_scores: Array
    fit_times: Array
    metric: str
    failures: Mapping[tuple[int, int], Exception] = field(default_factory=dict)
    constant: ConstantPrediction = UNKNOWN

    @property
    def rise(self) -> tuple[float, float]:
        """The gain in validation score per doubling of the rows, at the end of the curve.

        The gain from half of the largest size, or the next smaller, fold by fold, and its standard error.
        """
        known = np.flatnonzero(np.isfinite(self.test_scores).any(axis=1))
        if len(known) < 2:
            return math.nan, math.nan
        last = known[-1]
        smaller = known[self.sizes[known] <= self.sizes[last] / 2]
        first = smaller[-1] if len(smaller) else known[0]
        doublings = math.log2(self.sizes[last] / self.sizes[first])
        rise, error = paired(self.test_scores[last], self.test_scores[first])
        return rise / doublings, error / doublings

    @property
    def gap(self) -> tuple[float, float]:
        """The difference between training and validation score at the end of the curve.

        The difference and its standard error.
        """
        known = np.flatnonzero(np.isfinite(self.test_scores).any(axis=1))
        return paired(self.train_scores[known[-1]], self.test_scores[known[-1]]) if len(known) else (math.nan, math.nan)

    @property
    def conclusion(self) -> str:
        """Whether more rows would help, and how much higher the training score is."""
        failed = self.constant.conclusion(self.test_scores, self.metric)
        if failed:
            return failed
        rise, error = self.rise
        if math.isnan(rise):
            return "No conclusion: no fold has the scores of two sizes."
        way = "rises" if rise >= 0 else "falls"
        course = f"validation {self.metric} still {way} by {plus_minus(abs(rise), error)} per doubling of the rows"
        if math.isnan(error):
            return f"On a single fold, {course}: pass more folds to tell this from noise. {self._on_the_gap()}"
        if is_clear(rise, error):
            return f"More rows would help: {course}. {self._on_the_gap()}"
        if rise > error:
            return f"More rows may help: {course}, which may be noise. {self._on_the_gap()}"
        if is_clear(-rise, error):
            return f"More rows would not help: {course}. {self._on_the_gap()}"
        return f"More rows would hardly help: {course.replace(' still', '')}, within the noise. {self._on_the_gap()}"

    def _on_the_gap(self) -> str:
        gap, error = self.gap
        if math.isnan(gap):
            return "The training scores are not known."
        if math.isnan(error) or not is_clear(gap, error):
            if math.isnan(error) or gap > error:
                return f"The training score is higher by {plus_minus(gap, error)}."
            return "The training score is not clearly higher: a larger network or better columns may help."
        higher = f"The training score is higher by {plus_minus(gap, error)}"
        if is_clear(*self.rise):
            return f"{higher}."
        return f"{higher}: a smaller network or a larger alpha may close the gap."

    def to_frame(self) -> Any:
        """The fits as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each fit: size, fold, scores, seconds.
        """
        n, folds = self.test_scores.shape
        return frame(
            {
                "size": np.repeat(self.sizes, folds),
                "fold": np.tile(np.arange(folds), n),
                "train_score": self.train_scores.ravel(),
                "test_score": self.test_scores.ravel(),
                "fit_time": self.fit_times.ravel(),
            }
        )

    @property
    def table(self) -> Table:
        """The mean scores of each size and the conclusion as a table."""
        columns = [Column("rows", ","), Column(f"training {self.metric}"), Column(f"validation {self.metric}")]
        scores = (mean_pairs(self.train_scores), mean_pairs(self.test_scores))
        rows = list(zip(self.sizes.tolist(), *scores, mean(self.fit_times).tolist(), strict=True))
        notes = [self.conclusion, *failure_notes(self.failures, self.test_scores.size)]
        return Table((*columns, Column("seconds", ".2f")), rows, notes=notes)

    def __repr__(self) -> str:
        return f"<LearningCurve: {len(self.sizes)} sizes, {self.test_scores.shape[1]} folds. {self.conclusion}>"


def learning_curve(
    estimator: Estimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    scoring: Scoring = None,
    cv: CV = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    sizes: Sequence[float] = SIZES,
    callbacks: Sequence[PackListener] = (),
    n_jobs: int | None = None,
    backend: str | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> LearningCurve:
    """Train on growing numbers of rows, to see whether more rows would help.

    Each fold is held out and scored once.  All networks are one pack.  Each size includes the rows of the smaller ones.
    Scores are those of scikit-learn's ``learning_curve(..., shuffle=True)`` with the same splits and ``random_state``.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each fit and not changed.
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    scoring : str, callable or None, default=None
        One metric, higher is better; None for the estimator's own ``score``.
    cv, groups, sample_weight : as for :func:`cross_validate`
        The folds, and the groups and weights of the rows.
    sizes : sequence of float or int, default=(1/16, 1/8, 1/4, 1/2, 1.0)
        Numbers of training rows, or shares of the training rows of the smallest fold.
    callbacks, n_jobs, backend : as for :func:`cross_validate`
        Receivers of an event for each fit, and how fits are run.
    random_state : int, RandomState or None, default=None
        Seed of the order in which training rows are added; it does not affect the network.

    Returns
    -------
    LearningCurve
        The scores of fits that failed, or that Ctrl-C prevented, are NaN.

    Raises
    ------
    ParameterError
        If a size is neither a share of the rows nor a number of them.
    Exception
        The first error of the fits, if all of them fail.
    InterruptedTrainingError
        If Ctrl-C is pressed before any fit is finished.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from multilayer import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32,), max_iter=30, n_iter_no_change=None, random_state=0)
    >>> curve = learning_curve(model, X / 16, y, sizes=[100, 400, 1400], random_state=0)
    >>> print(curve.conclusion)
    More rows would help: validation accuracy still rises by 0.1... ± 0.0... per doubling of the rows. The
    training score is higher by ...

    References
    ----------
    Cortes, C., Jackel, L. D., Solla, S. A., Vapnik, V. and Denker, J. S. (1993). Learning curves: asymptotic values
    and rate of convergence. NIPS.
    """
    checked_estimator(estimator)
    on = experiment_of(estimator, Data.of(X, y, sample_weight, estimator), groups, scoring, cv)
    ns = _numbers_of_rows(sizes, min(len(train) for train, _ in on.splits))
    generator = check_random_state(random_state)
    members = []
    for fold, (train, test) in enumerate(on.splits):
        order = generator.permutation(train)
        for i, n in enumerate(ns):
            training = ModelTraining(on.data, on.estimator, order[:n], partial(on.point, order[:n], test))
            members.append(Member((i, fold), training, size=float(n)))
    found = points_of(on, members, (len(ns), len(on.splits)), n_jobs, backend, callbacks, curve="the learning curve")
    table = found.table
    scores = table("train_score"), table("test_score")
    return LearningCurve(ns, *scores, table("fit_time"), on.metric, found.failures, on.constant())


def _numbers_of_rows(sizes: Any, most: int) -> NDArray[np.intp]:
    """Return the sizes as distinct numbers of rows in increasing order."""
    given = list(sizes) if hasattr(sizes, "__iter__") and not isinstance(sizes, str) else [sizes]
    if not given or not all(isinstance(size, numbers.Real) and not isinstance(size, bool) for size in given):
        raise ParameterError(f"sizes must be numbers of rows, or shares of them from 0 to 1, got {sizes!r}.")
    are_numbers = [isinstance(size, numbers.Integral) for size in given]
    bound = most if all(are_numbers) else 1
    if any(are_numbers) != all(are_numbers) or not all(0 < size <= bound for size in given):
        raise ParameterError(
            f"sizes must be integers from 1 to {most:,}, the training rows of the smallest fold, or shares "
            f"above 0 and at most 1, got {sizes!r}."
        )
    rows = given if all(are_numbers) else [max(int(size * most), 1) for size in given]
    return np.unique(np.asarray(rows, dtype=np.intp))
