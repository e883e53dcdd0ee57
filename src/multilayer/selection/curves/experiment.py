"""The parts that all curves share: the estimator, the folds, the scorer, and the training as one pack."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import is_classifier

from multilayer.estimators.base import BaseMLP
from multilayer.exceptions import InputError, InterruptedTrainingError, InterruptedTrainingWarning
from multilayer.fits.errors import FitWarning, warn
from multilayer.fits.labels import known_classes
from multilayer.inspection.cost import mean_cost
from multilayer.packs.members import Member
from multilayer.packs.running import PackListener, run_pack
from multilayer.selection.curves.constant import ConstantPrediction, constant_prediction
from multilayer.selection.data import Data, checked_estimator, network_of, steps_before
from multilayer.selection.observers import MEMBER_END, observer
from multilayer.selection.scores import score_of, warn_of_scores_without_weights
from multilayer.selection.scoring import metric_name, one_scorer
from multilayer.selection.splitting import Split, divided
from multilayer.selection.statistics import Array
from multilayer.selection.training import Fitted, warn_once
from multilayer.training.batching import RowNumbers


@dataclass(frozen=True)
class CurvePoint:
    """The scores, costs and other numbers of one trained network by name, and the warnings of its training."""

    values: Mapping[str, Any]
    warnings: Sequence[FitWarning]


@dataclass(frozen=True)
class CurvePoints:
    """The trained networks of a curve by their places in its tables, and the errors of failed trainings."""

    known: Mapping[Any, CurvePoint]
    failures: Mapping[Any, Exception]
    shape: tuple[int, ...]  # of the tables

    def table(self, name: str) -> Array:
        """Return one value of each network; NaN if it is missing."""
        table = np.full(self.shape, math.nan)
        for place, point in self.known.items():
            table[place] = point.values[name]
        return table

    def warn(self) -> None:
        """Merge the warnings of all trainings."""
        warn_once([point.warnings for point in self.known.values()], math.prod(self.shape), "fits")


@dataclass(frozen=True)
class Experiment:
    """The estimator, data, folds and scorer that all members of a curve share."""

    estimator: Any
    data: Data
    splits: Sequence[Split]
    scorer: Callable[..., Any]
    metric: str  # the name of the score

    def constant(self) -> ConstantPrediction:
        """Return the score of a constant prediction on the same folds."""
        return constant_prediction(self.estimator, self.data, self.splits, self.metric)

    def score(self, model: Any, rows: RowNumbers) -> float:
        """Return the score of a fitted model on some rows."""
        return float(score_of(self.scorer, model, self.data.part(rows), self.data.known))

    def cost(self, model: Any, rows: RowNumbers) -> float:
        """Return the mean cost of a fitted model on some rows, without regularisation; NaN without rows."""
        if not len(rows):
            return math.nan
        X, y, weight = self.data.part(rows)
        before = steps_before(model)
        X = X if before is None else before.transform(X)
        with known_classes(self.data.known):
            return mean_cost(network_of(model), X, y, weight)

    def point(
        self, train: RowNumbers, test: RowNumbers, fitted: Fitted, known: RowNumbers | None = None, **others: Any
    ) -> CurvePoint:
        """Return the training and test scores, and the costs if the ``known`` test rows are given."""
        model = fitted.model
        values = {"train_score": self.score(model, train), "test_score": self.score(model, test)}
        if known is not None:
            values |= {"train_cost": self.cost(model, train), "test_cost": self.cost(model, known)}
        return CurvePoint({**values, "fit_time": fitted.seconds, **others}, fitted.warnings)

    def known(self, train: RowNumbers, test: RowNumbers) -> RowNumbers:
        """Return the test rows whose label occurs in the training rows; the cost of other rows is infinite."""
        y = np.asarray(self.data.y)
        if y.ndim != 1 or not is_classifier(self.estimator):
            return test
        return test[np.isin(y[test], y[train])]


def experiment_of(
    estimator: Any, data: Data, groups: ArrayLike | None, scoring: Any, cv: Any, repeats: int = 1
) -> Experiment:
    """Check the arguments that all curves have in common; scoring must be a single metric."""
    scorer = one_scorer(estimator, scoring)
    warn_of_scores_without_weights(scorer, estimator, data.weight)
    splits = divided(estimator, data.X, data.y, groups, cv, repeats)
    return Experiment(estimator, data, splits, scorer, metric_name(estimator, scoring))


def checked_network(estimator: Any) -> BaseMLP:
    """Return the network of an estimator, whose parameters a curve varies."""
    checked_estimator(estimator)
    network = network_of(estimator)
    if not isinstance(network, BaseMLP):
        received = network.__name__ if isinstance(network, type) else type(network).__name__
        raise InputError(
            f"estimator must be an MLPClassifier, an MLPRegressor, or a pipeline that ends in one, got {received}."
        )
    return network


def run_members(
    on: Experiment,
    members: Sequence[Member],
    n_jobs: int | None,
    backend: str | None,
    callbacks: Sequence[PackListener],
    *,
    curve: str,
    what: str = "trainings",
) -> tuple[dict[Any, Any], dict[Any, Exception]]:
    """Return the values of the finished members and the errors of the failed ones, by their keys.

    ``curve`` is the name of the result.  If no member has a value, the first error is raised.
    """
    outcomes = run_pack(members, n_jobs=n_jobs, backend=backend, listener=observer(callbacks, MEMBER_END))
    failures = {key: outcome.error for key, outcome in outcomes.items() if outcome.error is not None}
    if failures and len(failures) == len(outcomes):
        raise on.data.reason(failures.values())
    if members and not outcomes:
        raise InterruptedTrainingError(
            f"Ctrl-C was pressed before any of the {len(members)} {what} of {curve} was finished. Call the function "
            "again."
        )
    if len(outcomes) < len(members):
        warn(
            f"{curve} was interrupted after {len(outcomes)} of {len(members)} {what}; other scores are NaN.",
            InterruptedTrainingWarning,
        )
    return {key: outcome.value for key, outcome in outcomes.items() if outcome.error is None}, failures


def points_of(
    on: Experiment,
    members: Sequence[Member],
    shape: tuple[int, ...],
    n_jobs: int | None,
    backend: str | None,
    callbacks: Sequence[PackListener],
    *,
    curve: str,
) -> CurvePoints:
    """Run members whose keys are places in tables of this shape, and whose values are points."""
    found = CurvePoints(*run_members(on, members, n_jobs, backend, callbacks, curve=curve), shape)
    found.warn()
    return found
