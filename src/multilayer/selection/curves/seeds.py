"""The spread over seeds: how much of a difference between two networks is noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student
from sklearn.base import clone

from multilayer._checks import check_integer
from multilayer.packs.members import Member
from multilayer.packs.running import PackListener
from multilayer.results import Column, Result, Table, failure_notes, frame
from multilayer.selection.curves.experiment import (
    CurvePoint,
    Experiment,
    checked_network,
    experiment_of,
    points_of,
)
from multilayer.selection.data import Data, network_of
from multilayer.selection.protocols import CV, Estimator, Scoring
from multilayer.selection.statistics import Array, mean, standard_error
from multilayer.selection.training import Fitted, ModelTraining
from multilayer.training.batching import RowNumbers

# The share of differences between two runs with different seeds that are smaller than ``noise_threshold``.
COVERED = 0.95
# With fewer degrees of freedom the standard deviation is unreliable: Student's t is 4.3 for 2, 12.7 for 1.
FEWEST_FREE = 3


@dataclass(frozen=True, eq=False)
class SeedSpread(Result):
    """The result of :func:`seed_spread`; print it, or draw it by :func:`multilayer.plots.plot_seed_spread`.

    A *run* is a cross-validation with one seed on one division of the rows; its score is the mean over the folds.  If
    one of its fits failed, the run does not count.

    Attributes
    ----------
    scores : array of shape (seeds, divisions, folds)
        Validation scores; NaN for a fit that failed.
    metric : str
        The name of the score.
    failures : dict of (int, int, int) to Exception
        The errors of fits that failed, by seed, division and fold.
    """

    scores: Array
    metric: str
    failures: Mapping[tuple[int, int, int], Exception] = field(default_factory=dict)

    @property
    def runs(self) -> Array:
        """The score of each run, (seeds, divisions); NaN for runs that do not count."""
        return np.where(np.isfinite(self.scores).all(axis=2), mean(self.scores, axis=2), np.nan)

    @property
    def between_seeds(self) -> float:
        """The standard deviation of runs that differ in their seed alone; NaN for a single seed."""
        squares, degrees = self._within_divisions()
        return math.sqrt(squares / degrees) if degrees else math.nan

    def _within_divisions(self) -> tuple[float, int]:
        """Return the sum of squares of the runs about the means of their divisions, and its degrees of freedom."""
        known = [column[np.isfinite(column)] for column in self.runs.T]
        squares = sum(float(((column - column.mean()) ** 2).sum()) for column in known if len(column))
        return squares, sum(max(len(column) - 1, 0) for column in known)

    @property
    def between_divisions(self) -> float:
        """The standard deviation that another division of the rows adds to a run.

        It follows from the variance of the divisions' means, less the part due to the seeds; NaN for a single division.
        """
        runs = self.runs
        means, counts = mean(runs, axis=0), np.isfinite(runs).sum(axis=0)
        known = means[counts > 0]
        if len(known) < 2 or math.isnan(self.between_seeds):
            return math.nan
        of_seeds = float((self.between_seeds**2 / counts[counts > 0]).mean())
        return math.sqrt(max(float(known.var(ddof=1)) - of_seeds, 0.0))

    @property
    def between_folds(self) -> float:
        """The standard deviation between the folds of a division.

        It is that of the means over the seeds; NaN for a single fold.
        """
        means = mean(self.scores, axis=0)  # (divisions, folds)
        variances = [row[np.isfinite(row)].var(ddof=1) for row in means if np.isfinite(row).sum() > 1]
        return math.sqrt(float(np.mean(variances))) if variances else math.nan

    @property
    def has_enough_seeds(self) -> bool:
        """Whether there are enough runs to estimate the noise.

        There must be 4 runs of one division, or as many degrees of freedom.
        """
        return self._within_divisions()[1] >= FEWEST_FREE

    @property
    def noise_threshold(self) -> float:
        """The value below which a difference between two runs on the same folds is noise.

        It is for two configurations whose scores vary as much between seeds, each trained with one seed.

        Returns
        -------
        float
            95 of 100 differences due to the seed are smaller: the product of Student's t, √2 and ``between_seeds``.
        """
        return self._noise_of(self.between_seeds)

    @property
    def noise_threshold_on_other_folds(self) -> float:
        """The same for two runs that also divide the rows differently; NaN for a single division."""
        return self._noise_of(math.hypot(self.between_seeds, self.between_divisions))

    def _noise_of(self, deviation: float) -> float:
        """Return the value that 95 of 100 differences between two runs of this standard deviation do not exceed."""
        _, degrees = self._within_divisions()
        return float(student.ppf((1 + COVERED) / 2, degrees)) * math.sqrt(2) * deviation if degrees else math.nan

    @property
    def conclusion(self) -> str:
        """The value below which a difference is noise."""
        threshold, folds = self.noise_threshold, self.scores.shape[2]
        if math.isnan(threshold):
            return "No conclusion: no two seeds have scores on the same folds."
        run = f"the mean over {folds} folds" if folds > 1 else "the score"
        if threshold == 0:
            return f"The seed makes no difference: {run} is the same for all of them."
        if not self.has_enough_seeds:
            n = len(self.scores)
            return (
                f"Too few seeds: {n} change {run} by {self.between_seeds:.2g} (standard deviation), which is not a "
                "reliable estimate. Pass n_seeds=5 or more to see which differences are noise."
            )
        first = (
            f"Differences below {threshold:.2g} in {self.metric} are noise: another seed alone changes {run} by "
            f"{self.between_seeds:.2g} (standard deviation)."
        )
        if math.isnan(self.noise_threshold_on_other_folds):
            return first
        other = self.noise_threshold_on_other_folds
        return f"{first} If the rows are also divided differently, differences below {other:.2g} are noise."

    def to_frame(self) -> Any:
        """The fits as a frame.

        Returns
        -------
        pandas.DataFrame
            A row for each fit: seed, division, fold, score.
        """
        seeds, divisions, folds = np.indices(self.scores.shape)
        return frame(
            {
                "seed": seeds.ravel(),
                "division": divisions.ravel(),
                "fold": folds.ravel(),
                "test_score": self.scores.ravel(),
            }
        )

    @property
    def table(self) -> Table:
        """The mean score, the standard deviations and the conclusion as a table."""
        spreads = {
            "between seeds, same folds": self.between_seeds,
            "between divisions of the rows": self.between_divisions,
            "between folds": self.between_folds,
            "noise, same folds": self.noise_threshold,
            "noise, other folds": self.noise_threshold_on_other_folds,
        }
        runs = self.runs.ravel()
        rows: list[tuple[str, object]] = [("mean", (float(mean(runs)), float(standard_error(runs))))]
        rows += [
            (name, value)
            for name, value in spreads.items()
            if not math.isnan(value) and (self.has_enough_seeds or not name.startswith("noise,"))
        ]
        columns = (Column("quantity", align="left"), Column(f"validation {self.metric}", ".2g"))
        return Table(columns, rows, notes=[self.conclusion, *failure_notes(self.failures, self.scores.size)])

    def __repr__(self) -> str:
        seeds, divisions, folds = self.scores.shape
        return f"<SeedSpread: {seeds} seed{'' if seeds == 1 else 's'}, {divisions} x {folds} folds. {self.conclusion}>"


def seed_spread(
    estimator: Estimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    scoring: Scoring = None,
    cv: CV = 5,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    n_seeds: int = 20,
    repeats: int = 1,
    callbacks: Sequence[PackListener] = (),
    n_jobs: int | None = None,
    backend: str | None = None,
) -> SeedSpread:
    """Cross-validate with several seeds, to see how much of a difference is noise.

    Only the seed of the network changes.  All networks are one pack.  If a configuration is better than another
    by less than ``noise_threshold`` on the same folds, the seed alone may be the reason.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each fit and not changed; only the network's ``random_state`` differs: 0, 1, ...
    X : array, sparse matrix or frame of shape (m, s_1)
        The rows, as for ``fit``.
    y : array of shape (m,) or (m, K)
        The targets, as for ``fit``.
    scoring : str, callable or None, default=None
        One metric, higher is better; None for the estimator's own ``score``.
    cv, groups, sample_weight : as for :func:`cross_validate`
        The folds, and the groups and weights of the rows.
    n_seeds : int, default=20
        The number of seeds.  With 20 the standard deviation has a relative error of about one sixth.
    repeats : int, default=1
        How often the rows are divided into folds; if more than once, they are shuffled with the seeds 0, 1, ..., as
        in :func:`cross_validate`.
    callbacks, n_jobs, backend : as for :func:`cross_validate`
        Receivers of an event for each fit, and how fits are run.

    Returns
    -------
    SeedSpread
        The scores of fits that failed, or that Ctrl-C prevented, are NaN.

    Raises
    ------
    InputError
        If the estimator is not a network of this library.
    ParameterError
        If a number is below 1, or ``repeats`` is above 1 with a splitter that does not shuffle.
    Exception
        The first error of the fits, if all of them fail.
    InterruptedTrainingError
        If Ctrl-C is pressed before any fit is finished.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from multilayer import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32,), max_iter=20, n_iter_no_change=None, learning_rate_init=0.01)
    >>> print(seed_spread(model, X / 16, y, n_seeds=5).conclusion)
    Differences below 0.0... in accuracy are noise: another seed alone changes the mean over 5 folds by 0.0... (standard
    deviation).
    """
    check_integer("n_seeds", n_seeds, 1)
    checked_network(estimator)
    on = experiment_of(estimator, Data.of(X, y, sample_weight, estimator), groups, scoring, cv, repeats)
    n_folds = len(on.splits) // repeats
    # Members of equal size start in this order: after Ctrl-C as many seeds as possible are complete.
    members = [
        Member((seed, *divmod(i, n_folds)), _training(on, seed, *split))
        for seed in range(n_seeds)
        for i, split in enumerate(on.splits)
    ]
    found = points_of(on, members, (n_seeds, repeats, n_folds), n_jobs, backend, callbacks, curve="the seed spread")
    return SeedSpread(found.table("test_score"), on.metric, found.failures)


def _training(on: Experiment, seed: int, train: RowNumbers, test: RowNumbers) -> ModelTraining:
    model = clone(on.estimator)
    network_of(model).set_params(random_state=seed)
    return ModelTraining(on.data, model, train, partial(_point, on, test), clones=False)


def _point(on: Experiment, test: RowNumbers, fitted: Fitted) -> CurvePoint:
    return CurvePoint({"test_score": on.score(fitted.model, test)}, fitted.warnings)
