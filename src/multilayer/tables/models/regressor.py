"""TableRegressor: amounts from a raw table."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from multilayer.ensembles.greedy import greedy_selection
from multilayer.estimators import MLPRegressor
from multilayer.estimators.base import set_parameters
from multilayer.exceptions import ShapeError
from multilayer.fits.columns import checked_weight
from multilayer.fits.scores import pinball_d2
from multilayer.fits.target_scale import TargetScale
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.conformal import check_coverage
from multilayer.tables.models.intervals import intervals_of, spreads_of
from multilayer.tables.models.losses import RegressionLoss, TargetLoss, amounts_in, target_loss
from multilayer.tables.models.out_of_fold import OutOfFoldRows, check_has_held_out_rows
from multilayer.tables.models.recipes import Preset
from multilayer.tables.models.spread import Spread
from multilayer.tables.target import features_and_target


class TableRegressor(RegressorMixin, BaseTableModel):
    """Regressor of raw tables, without choices.

    Columns of numbers, text, Booleans and dates, with gaps, are encoded within each fold.  Networks are trained in
    folds, all as one pack on all cores; the model predicts with their weighted mean, within the range of the targets.

    Parameters
    ----------
    preset : {"quick", "standard", "best"}, default="standard"
        "quick": one network, validated on a fifth of the rows.  "standard": two kinds of networks in five folds.
        "best": five kinds.  The kinds are weighted by greedy selection on out-of-fold predictions.
    loss : str, default="squared_error"
        What the networks minimise, as in :class:`multilayer.MLPRegressor`; ``oof_score_``, the weights of the kinds,
        and the other models in ``summary()`` use the same.  "squared_error": the score is the root of its mean.
        "absolute_error": estimates the median.  "huber": squared errors up to one standard deviation of y, linear
        beyond.  "quantile": see ``quantile``; the score is the mean pinball loss.  "poisson": for counts and rates; y
        must not be negative, and the score is the mean Poisson deviance.  "gamma": for positive amounts whose spread is
        proportional to their mean; the score is the mean Gamma deviance.
    quantile : float or sequence of float, default=0.5
        Only for loss="quantile": the quantile to predict.  Several quantiles, in ascending order, are predicted
        together and never cross; ``predict`` then returns an array of shape (m, number of quantiles).
    max_time : float or None, default=None
        Seconds for the whole fit, with encoding and calibration; None for no limit.  The linear model and the trees are
        fitted if they need a small part.  The networks divide the rest; each plans as many epochs as fit in, no more
        than without a limit.  If these were fewer than 16, fewer folds are trained, in the extreme one kind in one fold
        for one epoch, with a warning.  Results depend on the speed of the machine.
    with_trees : bool, default=False
        Whether scikit-learn's gradient-boosted trees are one of the weighted kinds.
    cv : int, splitter, list of (train, test) or None, default=None
    identifiers : list of str, default=()
        Columns that only identify rows, besides those that are found; both are dropped, with the reason in
        ``columns_``.  The columns of an array are called x0, x1, ...
    memory : str, int or None, default=None
        Only for a dataset, see :meth:`fit`: the most memory of the process, such as "1GB", "500MB" or a number of
        bytes.  None: half of the memory that is available.
    scratch : path or None, default=None
        Only for a dataset: the folder for encoded rows and checkpoints.  If the fit is killed, the same call resumes it
        from there, with the same result.  None: a temporary folder.  The files are removed at the end of the fit.
    n_jobs : int or None, default=None
        The number of networks trained at the same time; None for one on each core.
    random_state : int, RandomState or None, default=None
        Seed of the folds and the networks.
    callbacks : sequence of callables, default=()
        Called with an event for each member that ends, and for a dataset with a
        :class:`multilayer.tables.models.PhaseProgress` for each block and window.

    Attributes
    ----------
    members_ : list of TrainedMember
        The networks with their encoders.
    weights_ : dict of str to float
        The weight of each kind in predictions of new rows, selected on all out-of-fold predictions.
    oof_prediction_ : array of shape (m,) or (m, K)
        Out-of-fold predictions of the fitting rows, or the predictions of the rows of ``X_val``; NaN for rows that no
        fold validated.  The weights of the kinds are selected without the fold of the row.
    oof_score_ : float
        Their score by ``loss``, lower is better; the root mean squared error by default.  Several outputs are divided
        by their standard deviations ("poisson" and "gamma": means) before.  It is slightly too good, because each
        network keeps its best epoch on the rows of its fold.
    columns_ : list of ColumnReport
        The encoding of each column in the first fold.
    fit_time_ : float
        Seconds.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : array of str
        Their names, if they have names.

    See Also
    --------
    TableClassifier : The same for classes.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.RandomState(0)
    >>> X = rng.normal(size=(200, 2))
    >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
    >>> bool(abs(model.predict([[1.0, 0.0]])[0] - 3) < 0.5)
    True
    >>> lower, upper = model.predict_interval([[1.0, 0.0]], coverage=0.9)
    >>> bool(lower[0] < 3 < upper[0])
    True

    References
    ----------
    Gorishniy, Y., Rubachev, I. and Babenko, A. (2022). On embeddings for numerical features in tabular deep learning.
    NeurIPS.  Holzmüller, D., Grinsztajn, L. and Steinwart, I. (2024). Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data. NeurIPS.  docs/how-to/tables.md has the measurements behind each choice.
    """

    _loss: TargetLoss
    _spreads: tuple[Spread, ...]
    _classifies = False

    def __init__(
        self,
        preset: Preset = "standard",
        *,
        loss: RegressionLoss = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        max_time: float | None = None,
        with_trees: bool = False,
        cv: Any = None,
        identifiers: Collection[str] = (),
        memory: str | int | None = None,
        scratch: str | os.PathLike[str] | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        set_parameters(self, locals())

    @property
    def oof_prediction_(self) -> NDArray[np.float64]:
        """The predictions for the rows of the fit by networks that were not trained on them."""
        self._check_is_fitted()
        check_has_held_out_rows(self, "oof_prediction_")
        return self._oof if self._is_matrix or self._loss.several_levels else self._oof[:, 0]

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted amounts.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.

        Returns
        -------
        array of shape (m,) or (m, K)
            Amounts in the units of y, of K outputs or quantiles.
        """
        return self._shaped(self._mean_prediction(X))

    def _shaped(self, predictions: NDArray[np.float64]) -> NDArray[np.float64]:
        return predictions if self._is_matrix or self._loss.several_levels else predictions[:, 0]

    def predict_interval(self, X: Any, coverage: float = 0.9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return an interval for each row, which contains the target with probability ``coverage``.

        The interval is the prediction plus and minus a multiple of the spread of the errors at this row (Q3).  The
        multiple comes from out-of-fold errors, and the spread from a model of their size (Q6) if that describes them
        better than a constant.  If y has no negative values, neither have intervals.  With several outputs, each has
        its own intervals of this coverage.

        With loss="quantile" and several quantiles, the interval reaches from the lowest to the highest, both moved
        outwards or inwards until the coverage is right (Q5); quantiles of 0.05 and 0.95 suit a coverage of 0.9.  With
        one quantile, each end has half of the errors (Q4).

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.
        coverage : float, default=0.9
            The probability, above 0 and below 1.  A higher coverage gives intervals that contain those of a lower one.

        Returns
        -------
        lower : array of shape (m,) or (m, K)
            The lower ends, in the units of y; K outputs.
        upper : array of shape (m,) or (m, K)
            The upper ends.

        Raises
        ------
        ParameterError
            For a coverage outside 0 to 1.

        Notes
        -----
        The coverage is that of new rows like those of the fit, on average, not for each group. With one fold of n
        validation rows and a constant spread, it is at least ``coverage`` and, but for ties, at most ``coverage`` + 1 /
        (n + 1), if the same rows did not choose the epoch at which the network was stopped; because they do, it may be
        lower for small tables (0.84 instead of 0.9 on ames, 233 such rows, one split). With several folds, errors are
        those of the networks of one fold, and new rows are predicted by those of all folds, whose mean squared error is
        at most the average of theirs (Jensen): the coverage is close to the stated one, for high coverages usually
        slightly higher, without a proof. Fewer than coverage / (1 - coverage) out-of-fold rows cannot have the
        coverage, and intervals are infinite, except for the end at 0 of amounts that are not negative. With sample
        weights, it is the coverage by weight.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.RandomState(0)
        >>> X = rng.normal(size=(200, 2))
        >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
        >>> lower, upper = model.predict_interval([[1.0, 0.0]], coverage=0.8)
        >>> bool(lower[0] < 3 < upper[0])
        True

        References
        ----------
        Papadopoulos, H., Gammerman, A. and Vovk, V. (2008). Normalized nonconformity measures for regression conformal
        prediction. AIA.  Romano, Y., Patterson, E. and Candès, E. J. (2019). Conformalized quantile regression.
        NeurIPS.  Vovk, V. (2015). Cross-conformal predictors. Annals of Mathematics and Artificial Intelligence 74.
        """
        check_coverage(coverage)
        self._check_is_fitted()
        check_has_held_out_rows(self, "predict_interval")
        table = self._table_to_predict(X)
        self._surroundings.warn_of_far_rows(table)
        return self._region(table, self._predictions_of(table), coverage)

    def _region(
        self, table: Any, predictions: NDArray[np.float64], coverage: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_has_held_out_rows(self, "an interval")
        lower, upper = intervals_of(self, table, predictions, check_coverage(coverage))
        return (lower, upper) if self._is_matrix else (lower[:, 0], upper[:, 0])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R² of the predictions; of several quantiles, their mean D² by the pinball loss.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.
        y : array of shape (m,) or (m, K), or str
            The targets, or the name of their column in X.
        sample_weight : array of shape (m,) or None, default=None
            The weight of each row.

        Returns
        -------
        float
            At most 1; 0 for constant predictions.
        """
        self._check_is_fitted()
        X, y = features_and_target(X, y)
        if not self._loss.several_levels:
            return float(super().score(X, y, sample_weight))
        predicted = self.predict(X)
        targets = self._loss.matrix(np.asarray(y, dtype=np.float64))
        weight = checked_weight(sample_weight, len(predicted), np.dtype(np.float64))
        return pinball_d2(self._loss.levels)(predicted, targets, weight)

    def _calibrate(self, held: OutOfFoldRows, is_over: Callable[[], bool]) -> None:
        self._spreads, self._conformity = spreads_of(self, held, is_over)

    def _selected(self, found: list[NDArray[np.float64]], y: NDArray[Any], weight: Any) -> NDArray[np.intp]:
        loss, targets = self._loss, self._loss.matrix(y)
        if loss.name == "squared_error":
            scaled = [loss.scaled(each) for each in found]
            return greedy_selection(scaled, loss.scaled(targets), sample_weight=weight)

        def minus_loss(model: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
            losses = loss.row_losses(model.predict(X), y[:, : self._n_outputs])
            return -float(np.average(losses, weights=sample_weight))

        return greedy_selection(found, targets, scoring=minus_loss, sample_weight=weight)

    def _targets(self, y: Any) -> NDArray[Any]:
        amounts = amounts_in(y, "y")
        self._is_matrix = amounts.ndim == 2
        self._n_outputs = 1 if amounts.ndim == 1 else amounts.shape[1]
        self._loss = target_loss(self.loss, self.quantile, amounts)
        matrix = amounts.reshape(len(amounts), -1)
        self._range = matrix.min(axis=0), matrix.max(axis=0)
        return amounts[:, 0] if self._is_matrix and self._n_outputs == 1 else amounts

    def _more_targets(self, y: Any, targets: NDArray[Any], name: str = "y_val") -> NDArray[Any]:
        amounts = amounts_in(y, name)
        if amounts.ndim == 2 and targets.ndim == 1 and amounts.shape[1] == 1:
            amounts = amounts[:, 0]
        if amounts.shape[1:] != targets.shape[1:]:
            raise ShapeError(
                f"{name} must have as many columns as y{' of fit' * (name == 'y')}, {self._n_outputs}, got shape "
                f"{amounts.shape}. "
                "Pass the same columns."
            )
        target_loss(self.loss, self.quantile, amounts)  # checks the amounts
        return amounts

    def _network(self, seed: int) -> MLPRegressor:
        return MLPRegressor(random_state=seed, **self._loss.parameters)

    def _predicted(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        return np.clip(self._unlimited(network, X), *self._range)

    def _unlimited(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        return self._loss.restored(np.asarray(network.predict(X)).reshape(len(X), -1))

    def _forward(self, network: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
        return cast(Any, network._forward())

    def _from_outputs(self, networks: Sequence[Any]) -> Callable[[NDArray[Any]], NDArray[np.float64]] | None:
        scales = [network._target_scale for network in networks]
        if all(scale is None for scale in scales):
            return lambda outputs: np.clip(self._loss.restored(outputs), *self._range)
        if any(scale is None or scale.constant.any() for scale in scales):
            return None
        of_rows = TargetScale(*(np.stack([getattr(scale, name) for scale in scales]) for name in ("mean", "deviation")))
        return lambda outputs: np.clip(self._loss.restored(of_rows.restored(outputs)), *self._range)

    def _input_gradient(self, network: Any, X: NDArray[Any], output: int) -> NDArray[np.float64]:
        unit = self._loss.unit[output % len(self._loss.unit)]  # several quantiles have one unit
        return np.asarray(network.input_gradient(X, output=output), dtype=np.float64) * unit

    def _losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        return self._loss.row_losses(predicted, y)

    @property
    def _loss_name(self) -> str:
        return self._loss.score_name

    def _score_of_losses(self, losses: NDArray[np.float64], weight: Any) -> float:
        return self._loss.score(float(np.average(losses, weights=weight)))

    def _score_slope(self, one: float, other: float) -> float:
        return self._loss.slope(one, other)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
