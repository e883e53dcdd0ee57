"""TableRegressor: amounts from a raw table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.model_selection import GroupKFold, KFold
from sklearn.utils import assert_all_finite

from multilayer.estimators import MLPRegressor
from multilayer.estimators.base import set_parameters
from multilayer.exceptions import InputError
from multilayer.fits.columns import checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.recipes import Preset


class TableRegressor(RegressorMixin, BaseTableModel):
    """Regressor of raw tables, without choices.

    Columns of numbers, text, Booleans and dates, with gaps, are encoded within each fold.  Networks are trained in
    folds, all as one pack on all cores; the model predicts with their weighted mean, within the range of the targets.

    Parameters
    ----------
    preset : {"quick", "standard", "best"}, default="standard"
        "quick": one network, validated on a fifth of the rows.  "standard": two kinds of networks in five folds.
        "best": three kinds.  The kinds are weighted by greedy selection on out-of-fold predictions.
    max_time : float or None, default=None
        Seconds after which the training of each network ends; None for no limit.
    with_trees : bool, default=False
        Whether scikit-learn's gradient-boosted trees are one of the weighted kinds.
    cv : int, splitter, list of (train, test) or None, default=None
        The folds; None for five shuffled folds, or by ``groups``.
    n_jobs : int or None, default=None
        The number of networks trained at the same time; None for one on each core.
    random_state : int, RandomState or None, default=None
        Seed of the folds and the networks.
    callbacks : sequence of callables, default=()
        Called with an event for each member that ends.

    Attributes
    ----------
    members_ : list of TrainedMember
        The networks with their encoders.
    weights_ : dict of str to float
        The weight of each kind.
    oof_prediction_ : array of shape (m,) or (m, K)
        Out-of-fold predictions of the fitting rows; NaN for rows that no fold validated.
    oof_score_ : float
        Their root mean squared error.
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
    """

    def __init__(
        self,
        preset: Preset = "standard",
        *,
        max_time: float | None = None,
        with_trees: bool = False,
        cv: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        set_parameters(self, locals())

    @property
    def oof_prediction_(self) -> NDArray[np.float64]:
        self._check_is_fitted()
        return self._oof if self._n_outputs > 1 or self._is_matrix else self._oof[:, 0]

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the predicted amounts.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.

        Returns
        -------
        array of shape (m,) or (m, K)
            Amounts in the units of y.
        """
        predicted = self._mean_prediction(X)
        return predicted if self._is_matrix else predicted[:, 0]

    def _targets(self, y: Any) -> NDArray[Any]:
        with input_errors():
            given = checked_y(checked_entries(y, "y"), are_labels=False)
            amounts = np.asarray(given, dtype=np.float64)
            assert_all_finite(amounts, input_name="y")
        if amounts.ndim not in (1, 2):
            raise InputError(f"y must be of shape (m,) or (m, K), got {amounts.shape}.")
        self._is_matrix = amounts.ndim == 2
        self._n_outputs = 1 if amounts.ndim == 1 else amounts.shape[1]
        matrix = amounts.reshape(len(amounts), -1)
        self._range = matrix.min(axis=0), matrix.max(axis=0)
        return amounts[:, 0] if self._is_matrix and self._n_outputs == 1 else amounts

    def _splitter(self, n_folds: int, seed: int, groups: Any) -> Any:
        if groups is not None:
            return GroupKFold(n_folds)
        return KFold(n_folds, shuffle=True, random_state=seed)

    def _network(self, seed: int) -> MLPRegressor:
        return MLPRegressor(random_state=seed, standardize_targets=True)

    def _predicted(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        low, high = self._range
        return np.clip(self._unlimited(network, X), low, high)

    def _unlimited(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(network.predict(X), dtype=np.float64).reshape(len(X), -1)

    def _input_gradient(self, network: Any, X: NDArray[Any], output: int) -> NDArray[np.float64]:
        return np.asarray(network.input_gradient(X, output=output), dtype=np.float64)

    def _losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        errors: NDArray[np.float64] = ((predicted - y.reshape(len(y), -1)) ** 2).mean(axis=1)
        return errors

    @property
    def _loss_name(self) -> str:
        return "RMSE"

    def _score_of_losses(self, losses: NDArray[np.float64], weight: Any) -> float:
        return float(np.sqrt(np.average(losses, weights=weight)))

    @staticmethod
    def _score_slope(one: float, other: float) -> float:
        return 1.0 / max(one + other, np.finfo(np.float64).tiny)  # a² - b² = (a - b)(a + b)
