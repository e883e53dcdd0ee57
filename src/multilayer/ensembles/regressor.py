"""EnsembleRegressor: mean predictions of several networks, their standard deviation, and prediction intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin, is_regressor
from sklearn.metrics import r2_score
from sklearn.utils.validation import _num_samples

from multilayer.ensembles.averages import mean_and_deviation
from multilayer.ensembles.base import BaseEnsemble, check_estimator_kind, weighted
from multilayer.ensembles.intervals import check_coverage, jackknife_plus, split_conformal
from multilayer.ensembles.plans import FOLD
from multilayer.equations import Quantile
from multilayer.estimators import MLPRegressor
from multilayer.estimators.base import set_parameters
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.fits.columns import as_dense, checked_weight, checked_y
from multilayer.fits.scores import pinball_d2
from multilayer.network import Floats
from multilayer.selection import Predictions
from multilayer.selection.data import network_of
from multilayer.selection.protocols import CV, Estimator
from multilayer.training import Listener
from multilayer.training.batching import RowNumbers


class EnsembleRegressor(RegressorMixin, BaseEnsemble):
    """Average the predictions of several regressors, with prediction intervals of guaranteed coverage.

    The members are trained at the same time, one thread each; ``diversity`` selects how they differ.

    Parameters
    ----------
    estimator : regressor, list of regressors or None, default=None
        The model that is cloned for each member: an MLPRegressor, or a pipeline that ends in one; None for
        MLPRegressor().  A list holds one estimator for each member.
    n_members : int or None, default=None
        The number of members; None for the length of the list or the number of folds, and 8 without them.
    diversity : {"seed", "bootstrap", "fold"}, default="seed"
        "seed": members are trained on all rows, with different starting weights and shuffles.  "bootstrap": also on
        different rows, as many as there are, drawn with replacement; a row drawn three times has three times the
        weight.  "fold": member i is trained on all folds but the i-th, also with another seed.
    cv : int, splitter, iterable of (train, test) or None, default=None
        Only for diversity="fold": the folds, as in scikit-learn.  A number, or None for ``n_members``, makes that many
        folds of shuffled rows.
    weights : sequence of float or None, default=None
        The weight of each member, above 0; None for equal weights.
    callbacks : sequence of callables, default=()
        Called with the events of all members, one at a time; ``event.member`` is the number of the member.  A method
        ``on_member_end`` receives a :class:`multilayer.selection.MemberEnded` for each member.  Callbacks of
        ``sklearn.callback`` are passed to ``set_callbacks``.
    n_jobs : int or None, default=None
        The number of members trained at the same time; None for one on each core.  The result does not depend on it.
    backend : str or None, default=None
        As in ``multilayer.selection.cross_validate``.
    random_state : int, RandomState or None, default=None
        Seed of the members, bootstraps and folds.  Each member gets another seed; an estimator of a list keeps its
        ``random_state`` if one is set.

    Attributes
    ----------
    estimators_ : list of regressors
        The members.
    weights_ : ndarray of shape (n_members,)
        Their weights, with sum 1.
    oof_score_ : float
        R² of ``oof_prediction_``.  Not with diversity="seed".
    oof_prediction_ : ndarray of shape (m,) or (m, K)
        The prediction for each training row by members that were not trained on it; NaN for rows that all members were
        trained on.  Not with diversity="seed".
    calibration_errors_ : ndarray of shape (n,) or (n, K)
        The absolute errors of the ensemble on the rows passed to :meth:`calibrate`.
    estimators_samples_ : list of ndarray
        The numbers of the rows each member was trained on, each repeated as often as it was drawn.
    n_iter_ : int
        The largest number of epochs of a member.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        The names of the columns, if all are strings.

    Raises
    ------
    ParameterError
        If a parameter is out of its range, or parameters contradict each other.
    InputError
        If X or y cannot be used.
    DivergenceError
        If all members diverge; if only some do, they are dropped with a ConvergenceWarning.
    InterruptedTrainingError
        If Ctrl-C is pressed before any member is finished.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> network = MLPRegressor((8,), solver="lbfgs", alpha=10.0, max_iter=50, tol=0.1, standardize_targets=True)
    >>> model = EnsembleRegressor(network, diversity="fold", random_state=0).fit(20 * X[:400], y[:400])
    >>> mean, deviation = model.predict(20 * X[400:], return_std=True)
    >>> lower, upper = model.predict_interval(20 * X[400:], coverage=0.9)
    >>> bool(((lower < mean) & (mean < upper)).all())
    True

    References
    ----------
    Breiman, L. (1996). Bagging predictors. Machine Learning 24.  Lakshminarayanan, B., Pritzel, A. and Blundell, C.
    (2017). Simple and scalable predictive uncertainty estimation using deep ensembles. NeurIPS.  For intervals see
    :meth:`predict_interval`.
    """

    calibration_errors_: NDArray[np.float64]

    def __init__(
        self,
        estimator: Estimator | Sequence[Estimator] | None = None,
        n_members: int | None = None,
        *,
        diversity: Literal["seed", "bootstrap", "fold"] = "seed",
        cv: CV | None = None,
        weights: Sequence[float] | None = None,
        callbacks: Sequence[Listener] = (),
        n_jobs: int | None = None,
        backend: str | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        set_parameters(self, locals())

    @property
    def oof_prediction_(self) -> Floats:
        """The predictions for the training rows by members that were not trained on them.

        NaN for rows that all members were trained on.
        """
        predicted: Floats = self._held_out_results("oof_prediction_").predictions.predicted
        return predicted

    @overload
    def predict(self, X: ArrayLike, return_std: Literal[False] = False) -> Floats: ...
    @overload
    def predict(self, X: ArrayLike, return_std: Literal[True]) -> tuple[Floats, Floats]: ...
    def predict(self, X: ArrayLike, return_std: bool = False) -> Floats | tuple[Floats, Floats]:
        """Return the mean prediction for each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        return_std : bool, default=False
            Whether to also return the standard deviation of the members' predictions: the uncertainty due to the
            limited number of rows.  It does not include the noise: see :meth:`predict_interval`.

        Returns
        -------
        array of shape (m,) or (m, K), or two of them
            The mean, and with ``return_std`` the standard deviation; K outputs or quantiles.
        """
        mean, deviation = mean_and_deviation(self._predictions(X, "predict"))
        return (mean, deviation) if return_std else mean

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R² of the predictions; for several quantiles, the mean D² of the quantile cost.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        y : array of shape (m,) or (m, K)
            The targets.
        sample_weight : array of shape (m,) or None, default=None
            The weight of each row.

        Returns
        -------
        float
            At most 1; 0 for the best constant prediction.
        """
        weight = checked_weight(sample_weight, _num_samples(X), np.dtype(np.float64))
        if not self._levels():
            return float(super().score(X, checked_y(y, are_labels=False), weight))
        predicted = self.predict(X)
        targets = _targets_like(predicted[:, 0], y)
        return self._score(predicted, targets, weight)

    def calibrate(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Calibrate prediction intervals on rows that no member was trained on (split conformal prediction).

        :meth:`predict_interval` uses these rows until the next ``fit``, with any ``diversity``.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (n, s_1)
            Rows that were neither in ``fit`` nor used to choose the estimator.
        y : array of shape (n,) or (n, K)
            Their targets.

        Returns
        -------
        self
            With ``calibration_errors_``.

        Examples
        --------
        >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
        >>> y = X[:, 0] + np.random.RandomState(0).normal(size=200)
        >>> model = EnsembleRegressor(MLPRegressor((), solver="lbfgs"), n_members=2, random_state=0).fit(X[::2], y[::2])
        >>> lower, upper = model.calibrate(X[1::2], y[1::2]).predict_interval(X, coverage=0.9)
        >>> 0.8 < np.mean((lower <= y) & (y <= upper)) < 1
        np.True_
        """
        self._check_single_output()
        predicted = self.predict(X).astype(np.float64, copy=False)
        self.calibration_errors_ = np.abs(_targets_like(predicted, y) - predicted)
        return self

    def predict_interval(self, X: ArrayLike, coverage: float = 0.9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return an interval for each row, which contains the target with probability ``coverage``.

        It assumes nothing about the network or the noise, only that old and new rows are exchangeable.  The coverage is
        an average over new rows; it may differ between groups of rows.

        After :meth:`calibrate`, the interval is the mean prediction plus and minus a quantile of the calibration errors
        (split conformal).  Without it, the errors are those of the out-of-fold predictions: CV+ with
        diversity="fold", jackknife+ after bootstrap with diversity="bootstrap".  Repeated folds
        (RepeatedKFold as ``cv``) give narrower intervals, because the mean of several predictions varies less.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        coverage : float, default=0.9
            At least 0.5 and below 1.

        Returns
        -------
        lower : array of shape (m,) or (m, K)
            The lower ends; of K outputs each has its own interval.
        upper : array of shape (m,) or (m, K)
            The upper ends.

        Raises
        ------
        ParameterError
            If there are fewer than coverage / (1 - coverage) rows.  With diversity="seed" and no calibration, and for a
            list of estimators with diversity="fold", which are trained differently.

        References
        ----------
        Barber, R. F., Candès, E. J., Ramdas, A. and Tibshirani, R. J. (2021). Predictive inference with the
        jackknife+. The Annals of Statistics 49.  Kim, B., Xu, C. and Barber, R. F. (2020). Predictive inference is free
        with the jackknife+-after-bootstrap. NeurIPS.  Lei, J. and others (2018). Distribution-free predictive inference
        for regression. Journal of the American Statistical Association 113.
        """
        self._check_single_output()
        coverage = check_coverage(coverage)
        if hasattr(self, "calibration_errors_"):
            errors = self.calibration_errors_
            columns = errors.reshape(len(errors), -1).T
            widths = np.array([split_conformal(column, coverage) for column in columns])
            predicted = self.predict(X).astype(np.float64, copy=False)
            half = widths if predicted.ndim == 2 else widths[0]
            return predicted - half, predicted + half
        return self._out_of_fold_interval(X, coverage)

    def _out_of_fold_interval(self, X: ArrayLike, coverage: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        kept = self._out_of_fold
        if kept is None:
            raise ParameterError(
                "with diversity='seed' every member is trained on all rows, but intervals need errors on other rows. "
                "Pass such rows to calibrate(X, y), or set diversity='fold' or diversity='bootstrap'."
            )
        if self.diversity == FOLD and isinstance(self.estimator, list | tuple):
            raise ParameterError(
                "intervals from folds need members with equal settings, but estimator is a list. Pass "
                "other rows to calibrate(X, y)."
            )
        shares = weighted(kept.left_out, self.weights_)
        errors = np.asarray(kept.errors)
        predictions = np.array([prediction for _, prediction in self._predictions(X, "predict")], dtype=np.float64)
        if predictions.ndim == 2:
            return jackknife_plus(predictions, shares, errors, coverage)
        ends = [
            jackknife_plus(np.ascontiguousarray(predictions[:, :, c]), shares, errors[:, c], coverage)
            for c in range(predictions.shape[2])
        ]
        lower, upper = (np.column_stack(side) for side in zip(*ends, strict=True))
        return lower, upper

    def _levels(self) -> tuple[float, ...]:
        """Return the predicted quantiles if there are several; otherwise an empty tuple."""
        self._check_is_fitted()
        network = network_of(self.estimators_[0])
        if isinstance(network, EnsembleRegressor):  # an ensemble of ensembles
            return network._levels()
        cost = getattr(getattr(network, "network_", None), "cost", None)
        return cost.levels if isinstance(cost, Quantile) and len(cost.levels) > 1 else ()

    def _check_single_output(self) -> None:
        levels = self._levels()
        if levels:
            raise ParameterError(
                f"intervals need one prediction per target, but these networks predict the quantiles {levels}. Set "
                "quantile to one level, such as 0.5, or use the quantiles of predict, whose coverage is not guaranteed."
            )

    def _score(self, predicted: Floats, y: Any, weight: Any) -> float:
        levels = self._levels()
        if levels:
            return pinball_d2(levels)(predicted, np.repeat(y.reshape(-1, 1), len(levels), axis=1), weight)
        return float(r2_score(y, predicted, sample_weight=weight))

    def _default(self) -> MLPRegressor:
        return MLPRegressor()

    def _check_kind(self, estimator: Any) -> None:
        check_estimator_kind(estimator, is_regressor, example="MLPRegressor()", task="regressor")

    def _settle_targets(self, y: Any) -> None:  # noqa: ARG002 numbers need no names
        self.__dict__.pop("calibration_errors_", None)

    def _rated(
        self, found: Predictions, rows: RowNumbers, y: Any, weight: Any
    ) -> tuple[float, NDArray[np.float64] | None]:
        numbers, predictions = as_dense(y).astype(np.float64), found.predicted[rows]
        score = self._score(predictions, numbers, weight) if len(rows) > 1 else float("nan")
        return score, None if self._levels() else np.abs(numbers - predictions)


def _targets_like(predicted: Floats, y: Any) -> NDArray[np.float64]:
    """Return y as finite numbers of the shape of the predictions."""
    try:
        numbers = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"y must hold numbers: {error}.") from None
    if predicted.ndim == 1 and numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.shape != predicted.shape:
        raise ShapeError(
            f"y must have the shape of the predictions, {predicted.shape}, got {numbers.shape}. Pass one target for "
            "each row of X."
        )
    if not np.isfinite(numbers).all():
        raise InputError("y must be finite, got NaN or infinity. Remove these rows from X and y.")
    return numbers
