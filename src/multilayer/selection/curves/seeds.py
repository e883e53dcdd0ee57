"""The spread over seeds: how much of a difference between two networks is luck."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student
from sklearn.base import clone

from multilayer.fits.errors import Complaint
from multilayer.fits.settings import check_integer
from multilayer.packs.running import THREADS, Member, PackListener, Slice
from multilayer.selection.curves.measuring import Bench, bench, checked_network, measured, table_of, tell
from multilayer.selection.curves.wording import failure_lines, frame_of, plus_minus, rich_table, text_table
from multilayer.selection.fitting import Data, network_of
from multilayer.selection.statistics import Array, mean, standard_error
from multilayer.training.batching import Rows

# Of the differences of two runs that differ by luck alone, so many are smaller than ``luck``.
COVERED = 0.95
# Of fewer free runs the standard deviation is hardly known: Student's t of 2 is 4.3, of 1 it is 12.7.
FEWEST_FREE = 3


@dataclass(frozen=True, eq=False)
class SeedSpread:
    """What :func:`seed_spread` measured; print it, or draw it by :func:`multilayer.plots.plot_seed_spread`.

    A *run* is a cross-validation of one seed on one division of the rows; its score is the mean over the folds.
    Of a training that failed all of its run is left out.
    """

    scores: Array  # (seeds, divisions, folds), validation scores; NaN for a training that failed
    metric: str  # what the scores are
    failures: Mapping[tuple[int, int, int], Exception] = field(default_factory=dict)  # by (seed, division, fold)

    @property
    def runs(self) -> Array:
        """(seeds, divisions): the score of each run; NaN where one of its trainings is missing."""
        return np.where(np.isfinite(self.scores).all(axis=2), mean(self.scores, axis=2), np.nan)

    @property
    def between_seeds(self) -> float:
        """The standard deviation of runs that differ by the seed alone: on the same folds.  NaN for a single seed."""
        squares, degrees = self._within_divisions()
        return math.sqrt(squares / degrees) if degrees else math.nan

    def _within_divisions(self) -> tuple[float, int]:
        """The squares of runs about the mean of their division, and how many of them are free."""
        known = [column[np.isfinite(column)] for column in self.runs.T]
        squares = sum(float(((column - column.mean()) ** 2).sum()) for column in known if len(column))
        return squares, sum(max(len(column) - 1, 0) for column in known)

    @property
    def between_divisions(self) -> float:
        """The standard deviation that other divisions of the rows add to a run; NaN for a single division.

        Of the variance of the divisions' means that part is taken off which the seeds have in it.
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
        """The standard deviation between the folds of a division, each the mean over its seeds."""
        means = mean(self.scores, axis=0)  # (divisions, folds)
        variances = [row[np.isfinite(row)].var(ddof=1) for row in means if np.isfinite(row).sum() > 1]
        return math.sqrt(float(np.mean(variances))) if variances else math.nan

    @property
    def has_enough_seeds(self) -> bool:
        """Whether there are runs enough, 4 of one division, to tell from them how large luck is."""
        return self._within_divisions()[1] >= FEWEST_FREE

    @property
    def luck(self) -> float:
        """Differences between two runs on the same folds below this are luck: 95 of 100 such differences are smaller.

        Student's t of the seeds seen, √2, and the standard deviation of a run: of two configurations as restless as
        this one, each trained with one seed.
        """
        return self._times_luck(self.between_seeds)

    @property
    def luck_on_other_folds(self) -> float:
        """The same of two runs that divide the rows differently, too; NaN for a single division."""
        return self._times_luck(math.hypot(self.between_seeds, self.between_divisions))

    def _times_luck(self, deviation: float) -> float:
        """The size below which 95 of 100 differences of two runs of this standard deviation are."""
        _, degrees = self._within_divisions()
        return float(student.ppf((1 + COVERED) / 2, degrees)) * math.sqrt(2) * deviation if degrees else math.nan

    @property
    def conclusion(self) -> str:
        """Below which size a difference is luck."""
        luck, folds = self.luck, self.scores.shape[2]
        if math.isnan(luck):
            return "Nothing can be concluded: it takes the scores of two seeds on the same folds."
        run = f"the mean over {folds} folds" if folds > 1 else "the score"
        if luck == 0:
            return f"The seed makes no difference: {run} is the same for all of them."
        if not self.has_enough_seeds:
            n = len(self.scores)
            return (
                f"Too few seeds: {n} move {run} by {self.between_seeds:.2g} (standard deviation), and of so few "
                "that is hardly known. Pass n_seeds=5 or more to see which differences are luck."
            )
        first = (
            f"Differences below {luck:.2g} in {self.metric} are luck: another seed alone moves {run} by "
            f"{self.between_seeds:.2g} (standard deviation)."
        )
        if math.isnan(self.luck_on_other_folds):
            return first
        return f"{first} Where the rows are divided differently, too, those below {self.luck_on_other_folds:.2g} are."

    def to_frame(self) -> Any:
        """A pandas frame with a row a training: seed, division, fold, score."""
        seeds, divisions, folds = np.indices(self.scores.shape)
        return frame_of(
            {
                "seed": seeds.ravel(),
                "division": divisions.ravel(),
                "fold": folds.ravel(),
                "test_score": self.scores.ravel(),
            }
        )

    def _table(self) -> tuple[list[str], list[list[str]], list[str]]:
        spreads = {
            "between seeds, same folds": self.between_seeds,
            "between divisions of the rows": self.between_divisions,
            "between folds": self.between_folds,
            "luck, same folds": self.luck,
            "luck, other folds": self.luck_on_other_folds,
        }
        rows = [["mean", plus_minus(float(mean(self.runs.ravel())), float(standard_error(self.runs.ravel())))]]
        rows += [
            [name, f"{value:.2g}"]
            for name, value in spreads.items()
            if not math.isnan(value) and (self.has_enough_seeds or not name.startswith("luck"))
        ]
        return (
            ["", f"validation {self.metric}"],
            rows,
            [self.conclusion, *failure_lines(self.failures, self.scores.size)],
        )

    def __rich__(self) -> Any:
        return rich_table(*self._table())

    def __str__(self) -> str:
        return text_table(*self._table())

    def __repr__(self) -> str:
        seeds, divisions, folds = self.scores.shape
        return f"<SeedSpread: {seeds} seeds, {divisions} x {folds} folds. {self.conclusion}>"


def seed_spread(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    n_seeds: int = 20,
    repeats: int = 1,
    cv: Any = 5,
    scoring: Any = None,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    n_jobs: int | None = None,
    backend: str = THREADS,
    listener: PackListener | None = None,
) -> SeedSpread:
    """How much of a difference is luck?  Cross-validate with other seeds and nothing else changed.

    All networks are one pack.  A configuration that beats another by less than ``luck`` on the same folds has not been
    shown to be better.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, or a Pipeline that ends in one
        It is cloned for each training and not changed; only the network's ``random_state`` differs: 0, 1, ...
    X, y
        As its ``fit`` takes them.
    n_seeds : int, default=20
        How many.  Of 20 the standard deviation is known to about a sixth.
    repeats : int, default=1
        How many times the rows are divided into folds; with more than one each time other, shuffled folds (seeds 0, 1,
        ...), as in :func:`cross_validate`.
    cv, scoring, groups, sample_weight
        As in :func:`cross_validate`, with a single metric.
    n_jobs, backend, listener
        As in :func:`multilayer.packs.running.run_pack`.

    Returns
    -------
    SeedSpread
        Trainings that failed, and after Ctrl-C those that were not done, are NaN.

    Raises
    ------
    InputError
        For an estimator that is no network.
    ParameterError
        For numbers below 1, and for repeats with a splitter that does not shuffle.
    Exception
        The first error of the trainings, where all of them failed.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from multilayer import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((32,), max_iter=20, n_iter_no_change=None, learning_rate_init=0.01)
    >>> print(seed_spread(model, X / 16, y, n_seeds=5).conclusion)
    Differences below 0.0... in accuracy are luck: another seed alone moves the mean over 5 folds by 0.0... (standard
    deviation).
    """
    check_integer("n_seeds", n_seeds, 1)
    checked_network(estimator)
    on = bench(estimator, Data.of(X, y, sample_weight, estimator), groups, scoring, cv, repeats)
    n_folds = len(on.splits) // repeats
    # Of equal size: they begin in this order, and after Ctrl-C as many seeds as can be are whole.
    members = [
        Member((seed, *divmod(i, n_folds)), partial(_point, on, seed, *split))
        for seed in range(n_seeds)
        for i, split in enumerate(on.splits)
    ]
    values, failures = measured(on, members, n_jobs, backend, listener)
    tell(values.values(), len(members))
    return SeedSpread(table_of(values, (n_seeds, repeats, n_folds), "score"), on.metric, failures)


@dataclass(frozen=True)
class _Point:
    """One network's score."""

    score: float
    complaints: Sequence[Complaint]


def _point(on: Bench, seed: int, train: Rows, test: Rows) -> Generator[float, Slice, _Point]:
    model = clone(on.estimator)
    network_of(model).set_params(random_state=seed)
    fitted = yield from on.data.training(model, train)
    return _Point(on.score(model, test), fitted.complaints)
