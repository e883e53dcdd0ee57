"""The base class of the two ensembles: checks, the training of the members, and out-of-fold predictions."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite, check_consistent_length, check_random_state, column_or_1d, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from multilayer._checks import check_seed
from multilayer.ensembles.callbacks import MemberCallbacks
from multilayer.ensembles.members import Followers, Trained, train_members
from multilayer.ensembles.plans import SEED, checked_parameters, plans
from multilayer.estimators import NotFittedError
from multilayer.estimators.base import take_over
from multilayer.estimators.documentation import DocumentedMixin
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.fits.columns import checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.fits.reading import check_column_order
from multilayer.fits.sample_weights import scaled_weights
from multilayer.fits.scikit_learn_callbacks import CallbackSupportMixin, EnsembleTasks, torn_down
from multilayer.network import Floats
from multilayer.selection import Predictions
from multilayer.selection.data import Data, network_of
from multilayer.selection.out_of_fold import out_of_fold
from multilayer.training import Listener
from multilayer.training.batching import RowNumbers


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions for training rows by members that were not trained on them."""

    predictions: Predictions
    score: float
    rows: RowNumbers  # the rows with a prediction and a positive weight
    left_out: NDArray[np.bool_]  # (k, n): whether a member was not trained on a row of ``rows``
    errors: NDArray[np.float64] | None = None  # (n,) or (n, K): absolute errors, for regression


class BaseEnsemble(DocumentedMixin, CallbackSupportMixin, BaseEstimator, ABC):
    """An ensemble of networks; derived classes average probabilities or numbers."""

    # With metadata routing, fit receives groups only after set_fit_request(groups=True).
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}
    estimator: Any
    n_members: int | None
    diversity: str
    cv: Any
    weights: Sequence[float] | None
    callbacks: Sequence[Listener]
    n_jobs: int | None
    backend: str | None
    random_state: int | np.random.RandomState | None
    estimators_: list[Any]
    weights_: NDArray[np.float64]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    _out_of_fold: OutOfFold | None
    _shares: list[Any]
    _n_rows: int
    _y_is_labels: ClassVar[bool] = False
    _methods: ClassVar[tuple[str, ...]] = ("predict",)  # with which held-out rows are predicted

    @abstractmethod
    def _default(self) -> Any:
        """Return the estimator of the members if ``estimator`` is None."""

    @abstractmethod
    def _check_kind(self, estimator: Any) -> None:
        """Raise an error for an estimator of the wrong task."""

    @abstractmethod
    def _settle_targets(self, y: Any) -> None:
        """Set the attributes that describe y, such as the classes."""

    @abstractmethod
    def _rated(
        self, found: Predictions, rows: RowNumbers, y: Any, weight: Any
    ) -> tuple[float, NDArray[np.float64] | None]:
        """Return the score of out-of-fold predictions and, for regression, the absolute errors."""

    @property
    def _classes(self) -> NDArray[Any] | None:
        return getattr(self, "classes_", None)

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, *, groups: ArrayLike | None = None
    ) -> Self:
        """Train the members, on all cores.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            As the members' ``fit`` takes it.
        y : array of shape (m,) or (m, K)
        sample_weight : array of shape (m,), default=None
            The weight of each row, not negative.  A bootstrap draws rows of positive weight with equal probability.
        groups : array of shape (m,), default=None
            The group of each row, for a ``cv`` that keeps groups together.

        Returns
        -------
        self
            After Ctrl-C it contains the finished members, with an InterruptedTrainingWarning.  If training fails, the
            ensemble is unchanged.
        """
        before = dict(vars(self))
        model = copy.copy(self)  # the copy is trained, so that a failure changes nothing
        with torn_down(model):
            model._train(X, y, sample_weight, groups)
        take_over(self, model, before)
        return self

    def _train(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> None:
        parameters = checked_parameters(
            self._default() if self.estimator is None else self.estimator, self.n_members, self.diversity, self.cv
        )
        for estimator in parameters.estimators or [parameters.estimator]:
            self._check_kind(estimator)
        random_state = check_random_state(check_seed("random_state", self.random_state))
        common = parameters.estimator if parameters.estimators is None else None
        data = self._data(X, y, sample_weight, common)
        planned = plans(parameters, data, groups, random_state)
        weights = _checked_weights(self.weights, len(planned))
        callbacks = MemberCallbacks(self.callbacks, [plan.estimator for plan in planned])
        followers = Followers(callbacks, EnsembleTasks.of(self, len(planned), X, y, sample_weight))
        members = train_members(planned, data, self._methods, followers, self.n_jobs, self.backend)
        self._keep(members, weights, data)
        self._shares = [planned[member.number].counts for member in members]
        if followers.tasks is not None:
            followers.tasks.end()

    @property
    def n_iter_(self) -> int:
        """The largest number of epochs of a member."""
        self._check_is_fitted()
        return max(network_of(model).n_iter_ for model in self.estimators_)

    @property
    def estimators_samples_(self) -> list[RowNumbers]:
        """The numbers of the rows that each member was trained on, repeated as often as it was drawn."""
        self._check_is_fitted()
        rows = np.arange(self._n_rows)
        return [rows if counts is None else np.repeat(rows, counts) for counts in self._shares]

    @property
    def oof_score_(self) -> float:
        """The score of the out-of-fold predictions."""
        return self._held_out_results("oof_score_").score

    def _data(self, X: Any, y: Any, sample_weight: Any, common: Any) -> Data:
        name = type(self).__name__
        if y is None:
            raise InputError(f"{name} requires y to be passed, but the target y is None. Call fit(X, y).")
        y = checked_y(y, are_labels=self._y_is_labels)
        y = y if issparse(y) else np.asarray(y)
        X = checked_entries(X)
        with input_errors(X):
            if y.ndim == 2 and y.shape[1] == 1:
                y = column_or_1d(y.toarray() if issparse(y) else y, warn=True)
            check_consistent_length(X, y)
            validate_data(self, X, reset=True, skip_check_array=True)
            assert_all_finite(y.data if issparse(y) else y, input_name="y")
            self._settle_targets(y)
        # Members with equal settings share one table.
        return Data.of(X, y, sample_weight, common)

    def _keep(self, members: Sequence[Trained], weights: NDArray[np.float64], data: Data) -> None:
        self.estimators_ = [member.model for member in members]
        kept = weights[[member.number for member in members]]
        self.weights_ = kept / kept.sum()
        self._n_rows = len(data)
        self._out_of_fold = None if self.diversity == SEED else self._left_out(members, kept, data)

    def _left_out(self, members: Sequence[Trained], weights: NDArray[np.float64], data: Data) -> OutOfFold:
        m = len(data)
        predicting = [(i, member) for i, member in enumerate(members) if member.predictions]
        if not predicting:
            raise InputError(
                f"no row is held out from a member: X has {m} sample(s). Pass more rows, or set diversity='seed'."
            )
        parts = [(member.left_out, member.predictions, member.model) for _, member in predicting]
        found = out_of_fold(parts, m, [float(weights[i]) for i, _ in predicting], self._classes)
        counts = found.n_times > 0 if data.weight is None else (found.n_times > 0) & (data.weight > 0)
        rows = np.flatnonzero(counts)
        left_out = np.zeros((len(members), m), dtype=bool)
        for i, member in predicting:
            left_out[i, member.left_out] = True
        weight = None if data.weight is None else data.weight[rows]
        score, errors = self._rated(found, rows, data.y[rows], weight)
        return OutOfFold(found, score, rows, left_out[:, rows], errors)

    def _held_out_results(self, name: str) -> OutOfFold:
        self._check_is_fitted()
        if self._out_of_fold is None:
            raise AttributeError(
                f"{name} exists with diversity='bootstrap' and diversity='fold': with diversity='seed' every member "
                "is trained on all rows. Set diversity, or score on other rows."
            )
        return self._out_of_fold

    def _predictions(self, X: ArrayLike, method: str) -> Iterator[tuple[float, Any]]:
        """Yield the weight and the predictions of each member."""
        self._check_is_fitted()
        checked_entries(X)
        with input_errors(X):
            check_column_order(self, X)
            if getattr(X, "ndim", 2) == 2:  # the members raise the error for other shapes
                validate_data(self, X, reset=False, skip_check_array=True)
        for weight, model in zip(self.weights_.tolist(), self.estimators_, strict=True):
            yield weight, getattr(model, method)(X)

    def _check_is_fitted(self) -> None:
        try:
            check_is_fitted(self, "estimators_")
        except ValueError:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet. Call fit(X, y) first.") from None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        given = self.estimator if isinstance(self.estimator, list | tuple) else [self.estimator]
        of_members = [get_tags(each) for each in given if _is_estimator(each)]
        of_member = of_members[0] if of_members else get_tags(self._default())
        tags.input_tags = of_member.input_tags
        tags.input_tags.sparse = all(each.input_tags.sparse for each in of_members or [of_member])
        tags.target_tags = of_member.target_tags
        if tags.classifier_tags is not None and of_member.classifier_tags is not None:
            tags.classifier_tags.multi_label = of_member.classifier_tags.multi_label
        return tags


def check_estimator_kind(estimator: Any, is_right: Callable[[Any], bool], *, example: str, task: str) -> None:
    """Raise an error unless the argument is an estimator for the task."""
    if not _is_estimator(estimator):
        received = f"the class {estimator.__name__}" if isinstance(estimator, type) else repr(estimator)
        raise InputTypeError(
            f"estimator must be a {task} such as {example}, or a list of them, got {received}. Write {example}."
        )
    if not is_right(estimator):
        raise ParameterError(
            f"estimator must be a {task} such as {example}, or a pipeline that ends in one, got {estimator!r:.200}."
        )


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "fit") and hasattr(value, "__sklearn_tags__") and not isinstance(value, type)


def weighted(left_out: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the weights (k, n) of the members in the out-of-fold prediction for each row; each column sums to 1."""
    shares = left_out * weights[:, np.newaxis]
    return shares / shares.sum(axis=0)


def _checked_weights(weights: Any, n: int) -> NDArray[np.float64]:
    if weights is None:
        return np.ones(n)
    try:
        checked = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError):
        checked = np.empty(0)
    if checked.shape != (n,) or not np.isfinite(checked).all() or checked.min() <= 0:
        raise ParameterError(
            f"weights must be a positive number for each of the {n} members, got {weights!r}. Remove "
            "estimators of weight 0."
        )
    return np.maximum(scaled_weights(checked, np.float64), np.finfo(np.float64).tiny)
