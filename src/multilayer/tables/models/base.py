"""The common part of TableClassifier and TableRegressor: from a table to trained members, and to their mean."""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from multilayer._checks import check_choice, check_flag, check_real, check_seed
from multilayer.ensembles.greedy import greedy_selection
from multilayer.estimators import NotFittedError
from multilayer.estimators.base import take_over
from multilayer.estimators.documentation import DocumentedMixin
from multilayer.exceptions import InputError, InterruptedTrainingWarning, ParameterError, ParameterWarning
from multilayer.fits.columns import checked_weight
from multilayer.fits.errors import input_errors, warn
from multilayer.fits.rows import ValidationArguments
from multilayer.packs import MemberEnded, checked_jobs, run_pack
from multilayer.results import Column, Table
from multilayer.selection.splitting import check_kind_of_cv
from multilayer.tables.models.budget import Budget
from multilayer.tables.models.companions import TREES, Companion, companion_members
from multilayer.tables.models.folds import N_FOLDS, check_enough_rows, check_weights, folds_of
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.novelty import Surroundings, surroundings_of
from multilayer.tables.models.parts import answers, encode, parts_of
from multilayer.tables.models.reasons import Reasons
from multilayer.tables.models.recipes import PRESETS, Preset, Recipe, recipes_of
from multilayer.tables.models.rows import (
    Rows,
    checked_identifiers,
    identifiers_of,
    rows_of,
    rows_to_predict,
    with_further_rows,
)
from multilayer.tables.models.summary import summary_of
from multilayer.tables.models.training import Problem, RowNumbers, TrainedMember, members_of

MAX_SEED = 2**31 - 1


class BaseTableModel(Reasons, DocumentedMixin, BaseEstimator, ABC):
    """A model of raw tables: encoders, networks and their weights."""

    # With metadata routing, groups are for splitters; fit receives them only after set_fit_request(groups=True).
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}
    preset: Preset
    max_time: float | None
    with_trees: bool
    cv: Any
    identifiers: Collection[str]
    n_jobs: int | None
    random_state: int | np.random.RandomState | None
    callbacks: Sequence[Any]
    members_: list[TrainedMember]
    weights_: dict[str, float]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    _names: tuple[str, ...]
    _has_names: bool
    _companions: dict[str, list[Companion]]
    _surroundings: Surroundings
    _loss: TargetLoss | None = None  # of amounts

    @abstractmethod
    def _targets(self, y: Any) -> NDArray[Any]:
        """Return class numbers or amounts, and set the attributes that describe y."""

    @abstractmethod
    def _network(self, seed: int) -> Any:
        """Return an untrained network."""

    @abstractmethod
    def _predicted(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the prediction of a fitted network, (m, K)."""

    def _unlimited(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the prediction of a fitted network without limits, (m, K)."""
        return self._predicted(network, X)

    @abstractmethod
    def _input_gradient(self, network: Any, X: NDArray[Any], output: int) -> NDArray[np.float64]:
        """Return the derivative of one output of ``_unlimited`` by the encoded rows, (m, width)."""

    @abstractmethod
    def _losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        """Return the loss of each row."""

    @property
    @abstractmethod
    def _loss_name(self) -> str:
        """The name of the score of these losses."""

    @abstractmethod
    def _score_of_losses(self, losses: NDArray[np.float64], weight: Any) -> float:
        """Return the score of a mean of losses."""

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train encoders and networks on a raw table.

        Parameters
        ----------
        X : pandas, polars or pyarrow table, or array, of shape (m, n_features)
            The columns: numbers, text, Booleans, dates, with gaps.
        y : array or column of length m
            The target.
        sample_weight : array of shape (m,), default=None
            Non-negative weights of the rows.
        groups : array of shape (m,), default=None
            Groups of the rows that are kept in one fold.
        X_val, y_val : as X and y, default=None
            Validation rows instead of folds: all rows of X are trained on, and the networks are validated on these.
            Columns are found by their names.  The out-of-fold attributes then hold the predictions for the rows of
            X_val, and ``importance(X_val, y_val, out_of_fold=True)`` uses them.  All labels of y_val must be in y.
        sample_weight_val : array of the length of y_val, default=None
            Non-negative weights of the validation rows.

        Returns
        -------
        self
            The fitted model.  If training fails, it is unchanged.

        Raises
        ------
        InputError
            For a table or a target that cannot be used, such as fewer than ten rows or gaps in y.
        ParameterError
            For an invalid parameter, or X_val together with ``cv`` or ``groups``.
        """
        began = time.perf_counter()
        before = dict(vars(self))
        model = type(self)(**self.get_params(deep=False))
        model.__dict__.update(before)
        model._check_parameters()
        own = ValidationArguments(X_val, y_val, sample_weight_val, groups)
        self._check_validation(own)
        if y is None:
            raise InputError(f"{type(self).__name__} requires y to be passed, but the target y is None. Pass y.")
        with input_errors(X):
            rows = rows_of(X)
        targets = model._targets(y)
        n_rows = len(rows)
        weight = _weight_of(sample_weight, n_rows, "sample_weight")
        _check_lengths(len(rows), len(targets))
        random_state = check_random_state(check_seed("random_state", self.random_state))
        seed, classifies = int(random_state.randint(MAX_SEED)), hasattr(model, "classes_")
        if own.has_rows:
            check_enough_rows(n_rows)
            rows, targets, weight = model._with_validation(rows, targets, weight, own)
            folds = [(np.arange(n_rows), np.arange(n_rows, len(rows)))]
        else:
            folds = folds_of(self.cv, targets, groups, seed, classifies=classifies, is_single=self.preset == "quick")
        check_weights(folds, weight, targets if classifies else None)
        identifiers = identifiers_of(rows, checked_identifiers(self.identifiers), n_rows)
        problem = Problem(rows, targets, weight, folds, classifies, identifiers, model._loss)
        model._train(problem, recipes_of(self.preset, classifies=classifies), random_state, began, own.has_rows)
        model.n_features_in_ = len(rows.names)
        model._names, model._has_names = rows.names, rows.has_names
        if rows.has_names:
            model.feature_names_in_ = np.asarray(rows.names, dtype=object)
        else:
            model.__dict__.pop("feature_names_in_", None)
        take_over(self, model, before)
        return self

    def _check_validation(self, own: ValidationArguments) -> None:
        own.check_complete()
        for name, value in (("cv", self.cv), ("groups", own.groups)):
            if own.has_rows and value is not None:
                raise ParameterError(
                    f"{name} has no effect with X_val, which replaces the folds. Omit {name}, or X_val and y_val."
                )

    def _with_validation(
        self, rows: Rows, targets: NDArray[Any], weight: NDArray[np.float64] | None, own: ValidationArguments
    ) -> tuple[Rows, NDArray[Any], NDArray[np.float64] | None]:
        """Append the validation rows to those of the fit."""
        n_rows = len(rows)
        with input_errors(own.X):
            rows = with_further_rows(rows, own.X)
        n_validating = len(rows) - n_rows
        y_val = self._more_targets(own.y, targets)
        _check_lengths(n_validating, len(y_val))
        weight_val = _weight_of(own.weight, n_validating, "sample_weight_val")
        if weight is not None or weight_val is not None:
            weight = np.concatenate(
                [np.ones(n) if given is None else given for n, given in ((n_rows, weight), (n_validating, weight_val))]
            )
        return rows, np.concatenate([targets, y_val]), weight

    @abstractmethod
    def _more_targets(self, y: Any, targets: NDArray[Any]) -> NDArray[Any]:
        """Return the class numbers or amounts of validation rows, in the form of the targets of the fit."""

    def _check_parameters(self) -> None:
        check_choice("preset", self.preset, PRESETS)
        check_flag("with_trees", self.with_trees)
        checked_identifiers(self.identifiers)
        if self.max_time is not None:
            check_real("max_time", self.max_time, 0.0, open_low=True)
        check_kind_of_cv(self.cv)

    def _train(
        self,
        problem: Problem,
        recipes: Sequence[Recipe],
        random_state: np.random.RandomState,
        began: float,
        has_own: bool,
    ) -> None:
        seeds = random_state.randint(MAX_SEED, size=(len(problem.folds), len(recipes)))
        companion_seed = int(random_state.randint(MAX_SEED))
        budget = None
        if self.max_time is not None:
            n_jobs = checked_jobs(self.n_jobs)
            budget = Budget(time.monotonic() + self.max_time - (time.perf_counter() - began), seeds.size, n_jobs)
        members = members_of(problem, recipes, self._network, self._predicted, seeds, budget)
        members += companion_members(problem, companion_seed, budget)
        with warnings.catch_warnings():
            # Here, because filters are common to all threads; of other models, which are there for comparison only.
            warnings.filterwarnings("ignore", module=r"(sklearn|scipy|numpy)\b")
            outcomes = run_pack(members, n_jobs=self.n_jobs, listener=self._notify if self.callbacks else None)
        for outcome in outcomes.values():
            if outcome.error is not None:
                raise outcome.error
        values = [outcome.value for outcome in outcomes.values()]
        trained = [value for value in values if isinstance(value, TrainedMember)]
        n_trained, trained = len(trained), _complete(trained, len(recipes))
        if not trained:
            raise KeyboardInterrupt
        if len(outcomes) < len(members):
            warn(
                f"training was interrupted after {n_trained} of {seeds.size} networks; the model holds those of the "
                "folds that are complete.",
                InterruptedTrainingWarning,
            )
        self._surroundings, encoded = surroundings_of(problem.rows.table, problem.identifiers)
        self._n_training_rows = [len(train) for train, _ in problem.folds]
        if has_own:
            problem, encoded = problem.validated(), encoded[problem.folds[0][1]]
        companions = _companions_of(trained, [each for each in values if isinstance(each, Companion)])
        self._keep(problem, trained, companions, encoded)
        self.fit_time_ = time.perf_counter() - began

    def _keep(
        self,
        problem: Problem,
        members: list[TrainedMember],
        companions: dict[str, list[Companion]],
        encoded: NDArray[Any],
    ) -> None:
        """Set the fitted attributes: members, weights, out-of-fold predictions and losses."""
        self.members_, self._companions = members, companions
        self._validation_rows = [validating for _, validating in problem.folds]
        by_recipe: dict[str, list[TrainedMember]] = {}
        for member in members:
            by_recipe.setdefault(member.recipe, []).append(member)
        candidates = {name: _out_of_fold(problem, parts) for name, parts in by_recipe.items()}
        beside = {name: _out_of_fold(problem, parts) for name, parts in companions.items()}
        if self.with_trees and TREES not in companions:
            warn(
                "no time was left for the trees, so that they are no part of the model. Increase max_time.",
                ParameterWarning,
            )
        elif self.with_trees:
            candidates[TREES] = beside[TREES]
        predicted_rows = np.flatnonzero(~np.isnan(next(iter(candidates.values()))[:, 0]))
        names = list(candidates)
        found = [candidates[name][predicted_rows] for name in names]
        counts = self._selected(found, problem.y[predicted_rows], problem.weight, predicted_rows)
        self.weights_ = {name: float(count) / float(counts.sum()) for name, count in zip(names, counts, strict=True)}
        mean = sum(weight * candidates[name] for name, weight in self.weights_.items() if weight > 0)
        self._oof, self._oof_rows = np.asarray(mean), predicted_rows
        self._oof_y = problem.y
        self._weight_of_rows = None if problem.weight is None else problem.weight[predicted_rows]
        self._calibrate(encoded)
        self._oof_losses = {"network": self._losses(self._oof[predicted_rows], problem.y[predicted_rows])}
        self._measures = {"network": self._more_measures(self._oof[predicted_rows])}
        for name, predicted in beside.items():
            self._oof_losses[name] = self._losses(predicted[predicted_rows], problem.y[predicted_rows])
            self._measures[name] = self._more_measures(predicted[predicted_rows])
        self.oof_score_ = self._score_of_losses(self._oof_losses["network"], self._weight_of_rows)
        self.columns_ = members[0].encoder.columns_

    @abstractmethod
    def _calibrate(self, encoded: NDArray[Any]) -> None:
        """Learn from the out-of-fold predictions how certain predictions are.

        ``encoded`` holds all rows of the fit as numbers, without the target.
        """

    def _parts(self) -> list[RowNumbers]:
        """Return the places of the rows of each fold among the out-of-fold rows; of a single fold, five parts."""
        n = len(self._oof_rows)
        if len(self._validation_rows) == 1:
            return [np.arange(start, n, N_FOLDS) for start in range(min(N_FOLDS, n))]
        place = np.full(len(self._oof), -1)
        place[self._oof_rows] = np.arange(n)
        last_of = np.full(n, -1)  # a row may be in several folds, of which the last one predicted it
        for fold, rows in enumerate(self._validation_rows):
            last_of[place[rows[place[rows] >= 0]]] = fold
        return [np.flatnonzero(last_of == fold) for fold in np.unique(last_of)]

    def _more_measures(self, predicted: NDArray[np.float64]) -> tuple[float, ...]:  # noqa: ARG002 of classes only
        """Return the entries of ``_measure_columns`` for out-of-fold predictions."""
        return ()

    _measure_columns: ClassVar[tuple[Column, ...]] = ()

    def _selected(
        self, found: list[NDArray[np.float64]], y: NDArray[Any], weight: Any, rows: RowNumbers
    ) -> NDArray[np.intp]:
        """Return how often each candidate counts, by greedy selection on the out-of-fold predictions."""
        if len(found) == 1:
            return np.ones(1, dtype=np.intp)
        arguments: dict[str, Any] = {"sample_weight": None if weight is None else weight[rows]}
        if hasattr(self, "classes_"):
            arguments["classes"] = np.arange(found[0].shape[1])
        predictions = found if found[0].shape[1] > 1 else [each[:, 0] for each in found]
        targets = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        return greedy_selection(predictions, targets, **arguments)

    def _mean_prediction(self, X: Any) -> NDArray[np.float64]:
        """Return the weighted mean of all members, (m, K)."""
        table = self._table_to_predict(X)
        self._surroundings.warn_of_far_rows(table)
        return self._predictions_of(table)

    def _table_to_predict(self, X: Any) -> Any:
        """Return the rows as an Arrow table with the columns of the fit."""
        self._check_is_fitted()
        with input_errors(X):
            used = {each.name for each in self._surroundings.columns}
            used |= {each.name for each in self.columns_ if each.width}
            return rows_to_predict(X, self._names, self._has_names, used, type(self).__name__).table

    def _predictions_of(self, table: Any) -> NDArray[np.float64]:
        parts = parts_of(self)
        return answers(self, parts, encode(parts, table))

    def _answer(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the prediction of the model from the mean of its members, (m, K)."""
        return mean

    def _answer_gradient(self, mean: NDArray[np.float64], unit: int) -> NDArray[np.float64]:
        """Return the derivative of one output of ``_answer`` by the means, (m, K)."""
        return np.tile(np.eye(mean.shape[1])[unit], (len(mean), 1))

    def summary(self) -> Table:
        """Return the out-of-fold score beside those of other models in the same folds.

        Returns
        -------
        Table
            A line for each model: its score, and how much the network is better, with the standard error of the
            paired difference.
        """
        self._check_is_fitted()
        return summary_of(self)

    def novelty(self, X: Any) -> NDArray[np.float64]:
        """Return how far each row is from the rows of the fit; 1 or more is far.

        The score is the largest of three distances (O3).  First, how far a number is outside the range of its column in
        the fit, in halves of that range.  Second, the number of new categories, and of gaps in columns that had none,
        over a tenth of the number of columns.  Third, the distance of the scaled numbers from their mean by their
        covariances (O2), over 1.5 times the largest such distance among rows of the fit: combinations that are unusual
        though each number is not.

        Rows of the fit have scores below 1.  The second distance ignores columns in which new categories are usual,
        because a hundredth of the rows of the fit or more have a category that no other row has, and gaps if the fit
        had fewer than 100 rows.  The third ignores covariances of more than 200 numbers.

        Predictions give a :class:`multilayer.exceptions.NoveltyWarning` for rows that are far by one of the first two
        distances.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.

        Returns
        -------
        array of shape (m,)
            Non-negative scores; infinity for infinite numbers.
        """
        table = self._table_to_predict(X)
        return self._surroundings.novelty(table)

    def _score_slope(self, one: float, other: float) -> float:  # noqa: ARG002 the score is the mean loss itself
        """Return the factor from a difference of mean losses to one of scores."""
        return 1.0

    def _notify(self, event: MemberEnded) -> None:
        for callback in self.callbacks:
            callback(event)

    def _check_is_fitted(self) -> None:
        try:
            check_is_fitted(self, "members_")
        except ValueError:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet. Call fit(X, y) first.") from None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _weight_of(weight: Any, m: int, name: str) -> NDArray[np.float64] | None:
    checked = checked_weight(weight, m, np.dtype(np.float64), name, warns=True)
    return None if checked is None else np.asarray(checked, dtype=np.float64)


def _check_lengths(n_rows: int, n_targets: int) -> None:
    if n_rows != n_targets:
        raise InputError(
            f"Found input variables with inconsistent numbers of samples: {[n_rows, n_targets]}. "
            "Pass one target for each row."
        )


def _out_of_fold(problem: Problem, parts: Sequence[TrainedMember | Companion]) -> NDArray[np.float64]:
    """Return the predictions for the validation rows of each fold at their places, (m, K); NaN for other rows."""
    predicted = np.full((len(problem.rows), parts[0].validated.shape[1]), np.nan)
    for part in parts:
        predicted[problem.folds[part.fold][1]] = part.validated
    return predicted


def _complete(members: list[TrainedMember], n_recipes: int) -> list[TrainedMember]:
    """Return the members of the folds for which all recipes are trained."""
    folds = {member.fold for member in members}
    whole = {fold for fold in folds if sum(member.fold == fold for member in members) == n_recipes}
    return [member for member in members if member.fold in whole]


def _companions_of(members: list[TrainedMember], companions: list[Companion]) -> dict[str, list[Companion]]:
    """Return the companions by name that are fitted in all folds of the members."""
    folds = {member.fold for member in members}
    kept: dict[str, list[Companion]] = {}
    for each in companions:
        if each.fold in folds:
            kept.setdefault(each.name, []).append(each)
    return {name: parts for name, parts in kept.items() if len(parts) == len(folds)}
