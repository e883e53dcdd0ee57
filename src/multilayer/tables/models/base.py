"""The common part of TableClassifier and TableRegressor: from a table to trained members, and to their mean."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from multilayer._checks import check_choice, check_flag, check_real
from multilayer.estimators import NotFittedError
from multilayer.estimators.base import take_over
from multilayer.estimators.documentation import DocumentedMixin
from multilayer.fits.errors import input_errors
from multilayer.fits.rows import ValidationArguments
from multilayer.results import Column, Table
from multilayer.selection.splitting import check_kind_of_cv
from multilayer.tables.models.companions import Companion
from multilayer.tables.models.conformal import Conformity
from multilayer.tables.models.fitting import fit_model
from multilayer.tables.models.losses import TargetLoss
from multilayer.tables.models.memory import checked_memory, checked_scratch
from multilayer.tables.models.novelty import Surroundings
from multilayer.tables.models.out_of_fold import OutOfFoldRows, check_has_held_out_rows
from multilayer.tables.models.partial import PartialFits
from multilayer.tables.models.parts import answers, encode, parts_of
from multilayer.tables.models.reasons import Reasons
from multilayer.tables.models.recipes import PRESETS, Preset
from multilayer.tables.models.rows import checked_identifiers, rows_to_predict
from multilayer.tables.models.single_rows import SingleRows
from multilayer.tables.models.streamed.fit import fit_dataset, is_dataset, warn_of_options_of_datasets
from multilayer.tables.models.summary import INTERRUPTED, ModelScore, summary_of
from multilayer.tables.models.training import TrainedMember
from multilayer.tables.target import features_and_target


class BaseTableModel(Reasons, PartialFits, DocumentedMixin, BaseEstimator, ABC):
    """A model of raw tables: encoders, networks and their weights."""

    # With metadata routing, groups are for splitters; fit receives them only after set_fit_request(groups=True).
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}
    preset: Preset
    max_time: float | None
    with_trees: bool
    cv: Any
    identifiers: Collection[str]
    memory: str | int | None
    scratch: str | os.PathLike[str] | None
    n_jobs: int | None
    random_state: int | np.random.RandomState | None
    callbacks: Sequence[Any]
    members_: list[TrainedMember]
    weights_: dict[str, float]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    _names: tuple[str, ...]
    _has_names: bool
    _trees: list[Companion]  # of a positive weight
    _weights_of_folds: dict[int, dict[str, float]]  # those that are selected on the rows of the other folds
    _n_training_rows: list[int]  # of each fold
    _end: str = INTERRUPTED  # why some folds are not complete
    _validation_rows: list[NDArray[np.intp]]
    _groups_of_rows: NDArray[np.intp] | None  # those of the rows with out-of-fold predictions
    _oof: NDArray[np.float64]  # (m, K); NaN for rows that no fold validated
    _conformity: tuple[Conformity, ...]
    _scores: list[ModelScore]
    _targets_digest: str
    _surroundings: Surroundings
    _loss: TargetLoss | None = None  # of amounts
    _single_rows: SingleRows
    _classifies: ClassVar[bool]
    _sample_rows: int  # on which the other models are fitted, if that is not all rows of a dataset
    _is_series: bool  # whether each fold validates rows after those of its training

    @abstractmethod
    def _targets(self, y: Any) -> NDArray[Any]:
        """Return class numbers or amounts, and set the attributes that describe y."""

    @abstractmethod
    def _network(self, seed: int) -> Any:
        """Return an untrained network."""

    @abstractmethod
    def _predicted(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return the prediction of a fitted network, (m, K)."""

    @abstractmethod
    def _forward(self, network: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """Return the function from encoded rows to the outputs of which ``_predicted`` is computed."""

    @abstractmethod
    def _from_outputs(self, networks: Sequence[Any]) -> Callable[[NDArray[Any]], NDArray[np.float64]] | None:
        """Return the function from the outputs of several networks, a row of each, to their predictions.

        None if there is none for these networks.
        """

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
        """Train encoders and networks on a raw table, or on files that need not fit into memory.

        Parameters
        ----------
        X : pandas, polars or pyarrow table, or array, of shape (m, n_features); or a dataset
            The columns: numbers, text, Booleans, dates, with gaps.  A dataset is the path of a file or of a folder of
            files, a ``pyarrow.dataset.Dataset``, or the result of :func:`multilayer.tables.open_stream`; see Notes.
        y : array or column of length m, or str
            The target, or the name of its column in X; for a dataset the name.
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
        DataFileError
            For a dataset that cannot be read, or for lack of disk space.
        ParameterError
            For an invalid parameter, X_val together with ``cv`` or ``groups``, too little ``memory``, or arguments that
            need all rows in memory with a dataset.

        Notes
        -----
        A dataset is read twice: for the encoders, with a sample of the rows, and to write the encoded training rows to
        ``scratch``.  One row in ten, at most 50,000, is a validation row, chosen by a hash of its features; these rows
        have the part of ``X_val``.  One network of each kind is trained on all other rows, window by window, for as
        many passes as epochs in memory, but at most 60,000 updates unless one pass has more.  The other models in
        ``summary()`` are fitted on the sample.  docs/how-to/large-tables.md describes all steps.
        """
        began = time.perf_counter()
        before = dict(vars(self))
        model = type(self)(**self.get_params(deep=False))
        model.__dict__.update(before)
        model._check_parameters()
        own = ValidationArguments(X_val, y_val, sample_weight_val, groups)
        if is_dataset(X):
            fit_dataset(model, X, y, sample_weight, own, began)
        else:
            X, y = features_and_target(X, y)
            warn_of_options_of_datasets(model)
            fit_model(model, X, y, sample_weight, own, began)
        take_over(self, model, before)
        return self

    @abstractmethod
    def _more_targets(self, y: Any, targets: NDArray[Any], name: str = "y_val") -> NDArray[Any]:
        """Return the class numbers or amounts of validation rows or of later ones, in the form of those of the fit."""

    def _check_parameters(self) -> None:
        check_choice("preset", self.preset, PRESETS)
        check_flag("with_trees", self.with_trees)
        checked_identifiers(self.identifiers)
        checked_memory(self.memory)
        checked_scratch(self.scratch)
        if self.max_time is not None:
            check_real("max_time", self.max_time, 0.0, open_low=True)
        check_kind_of_cv(self.cv)

    @abstractmethod
    def _calibrate(self, held: OutOfFoldRows, is_over: Callable[[], bool]) -> None:
        """Learn from the out-of-fold predictions how certain predictions are.

        ``is_over`` tells whether the time of the fit is over.
        """

    def _class_numbers_weight(self) -> Any:
        """Return the weights of the classes by their numbers; None for amounts."""
        return None

    def _more_measures(
        self,
        predicted: NDArray[np.float64],  # noqa: ARG002 of classes only
        held: OutOfFoldRows,  # noqa: ARG002
    ) -> tuple[float, ...]:
        """Return the entries of ``_measure_columns`` for out-of-fold predictions."""
        return ()

    _measure_columns: ClassVar[tuple[Column, ...]] = ()

    @abstractmethod
    def _selected(self, found: list[NDArray[np.float64]], y: NDArray[Any], weight: Any) -> NDArray[np.intp]:
        """Return how often each of several kinds counts, by greedy selection on out-of-fold predictions."""

    @property
    def _predicts_with_all_rows(self) -> bool:
        """Whether new rows are predicted by members that are trained on all rows of a series."""
        return self.members_[-1].fold == len(self._validation_rows)

    def _mean_prediction(self, X: Any) -> NDArray[np.float64]:
        """Return the weighted mean of all members, (m, K)."""
        self._check_is_fitted()
        answer = self._single_rows.answer(self, X)
        if answer is not None:
            return answer
        table = self._table_to_predict(X)
        self._surroundings.warn_of_far_rows(table)
        return self._predictions_of(table)

    def _table_to_predict(self, X: Any) -> Any:
        """Return the rows as a table with the columns of the fit."""
        self._check_is_fitted()
        with input_errors(X):
            used = {each.name for each in self._surroundings.columns}
            used |= {each.name for each in self.columns_ if each.width}
            return rows_to_predict(X, self._names, self._has_names, used, type(self).__name__).table

    def _predictions_of(self, table: Any) -> NDArray[np.float64]:
        parts = parts_of(self)
        return answers(self, parts, encode(parts, table))

    def _shaped(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return predictions, (m, K), in the shape of the model's method."""
        return predictions

    @abstractmethod
    def _region(self, table: Any, predictions: NDArray[np.float64], coverage: float) -> tuple[NDArray[Any], ...]:
        """Return the sets or the ends of the intervals of rows with these predictions, (m, K)."""

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
            A line for each model: its score, and how much this one is better, with the standard error of the paired
            difference (T5), which is that of the means of the groups if ``fit`` had groups.  The notes say whether it
            is worth it, and with which weights its kinds are combined.
        """
        self._check_is_fitted()
        check_has_held_out_rows(self, "summary()")
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

    def _check_is_fitted(self) -> None:
        if not hasattr(self, "members_"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet. Call fit(X, y) first.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
