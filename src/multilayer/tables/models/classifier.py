"""TableClassifier: classes from a raw table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.utils import column_or_1d

from multilayer.estimators import MLPClassifier
from multilayer.estimators.base import set_parameters
from multilayer.exceptions import InputError
from multilayer.fits.columns import checked_y
from multilayer.fits.containers import checked_entries
from multilayer.fits.errors import input_errors
from multilayer.fits.labels import Labels, labels_of
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.recipes import Preset

LEAST_PROBABILITY = float(np.finfo(np.float64).eps)


class TableClassifier(ClassifierMixin, BaseTableModel):
    """Classifier of raw tables, without choices.

    Columns of numbers, text, Booleans and dates, with gaps, are encoded within each fold.  Networks are trained in
    folds, all as one pack on all cores; the model predicts with their weighted mean.

    Parameters
    ----------
    preset : {"quick", "standard", "best"}, default="standard"
        "quick": one network, validated on a fifth of the rows.  "standard": two kinds of networks in five folds.
        "best": three kinds.  The kinds are weighted by greedy selection on out-of-fold predictions.
    max_time : float or None, default=None
        Seconds after which the training of each network ends; None for no limit.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in training, as in :class:`multilayer.MLPClassifier`.
    with_trees : bool, default=False
        Whether scikit-learn's gradient-boosted trees are one of the weighted kinds.
    cv : int, splitter, list of (train, test) or None, default=None
        The folds; None for five shuffled folds with the shares of the classes, or by ``groups``.
    n_jobs : int or None, default=None
        The number of networks trained at the same time; None for one on each core.
    random_state : int, RandomState or None, default=None
        Seed of the folds and the networks.
    callbacks : sequence of callables, default=()
        Called with an event for each member that ends.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, sorted.
    members_ : list of TrainedMember
        The networks with their encoders.
    weights_ : dict of str to float
        The weight of each kind.
    oof_proba_ : array of shape (m, n_classes)
        Out-of-fold probabilities of the fitting rows; NaN for rows that no fold validated.
    oof_score_ : float
        Their log-loss.
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
    TableRegressor : The same for amounts.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.RandomState(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = np.where(X[:, 0] > 0, "yes", "no")
    >>> model = TableClassifier(preset="quick", random_state=0).fit(X, y)
    >>> model.predict([[-1.0, 0.0], [1.0, 0.0]])
    array(['no', 'yes'], dtype='<U3')
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        preset: Preset = "standard",
        *,
        max_time: float | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        with_trees: bool = False,
        cv: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        set_parameters(self, locals())

    @property
    def oof_proba_(self) -> NDArray[np.float64]:
        self._check_is_fitted()
        return self._oof

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.

        Returns
        -------
        array of shape (m, n_classes)
            Probabilities in the order of ``classes_``, which sum to 1.
        """
        return self._mean_prediction(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.

        Returns
        -------
        array of shape (m,)
            Labels.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _targets(self, y: Any) -> NDArray[Any]:
        with input_errors():
            given = checked_y(checked_entries(y, "y"), are_labels=True)
            given = column_or_1d(given, warn=True)
        labels: Labels = labels_of(given)
        self.classes_ = labels.classes
        if len(self.classes_) < 2:
            raise InputError(f"y holds the single class {self.classes_[0]!r}: there is nothing to learn.")
        return np.searchsorted(self.classes_, np.asarray(given)).astype(np.intp)

    def _splitter(self, n_folds: int, seed: int, groups: Any) -> Any:
        if groups is not None:
            return StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        return StratifiedKFold(n_folds, shuffle=True, random_state=seed)

    def _network(self, seed: int) -> MLPClassifier:
        weight: Any = self.class_weight
        if isinstance(weight, Mapping):
            weight = {int(np.searchsorted(self.classes_, label)): value for label, value in weight.items()}
        return MLPClassifier(random_state=seed, class_weight=weight)

    def _predicted(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        predicted = np.zeros((len(X), len(self.classes_)))
        predicted[:, network.classes_] = network.predict_proba(X)
        return predicted

    def _input_gradient(self, network: Any, X: NDArray[Any], output: int) -> NDArray[np.float64]:
        place = int(np.searchsorted(network.classes_, output))
        if output not in network.classes_ or len(network.classes_) == 1:
            return np.zeros(X.shape)  # the network of a fold that lacks the class
        if network.n_outputs_ > 1:
            return np.asarray(network.input_gradient(X, output=place), dtype=np.float64)
        sign = 1.0 if place == 1 else -1.0  # the single unit is the probability of the second class
        return sign * np.asarray(network.input_gradient(X, output=0), dtype=np.float64)

    def _losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        return -np.log(np.maximum(predicted[np.arange(len(y)), y], LEAST_PROBABILITY))

    @property
    def _loss_name(self) -> str:
        return "log-loss"

    def _score_of_losses(self, losses: NDArray[np.float64], weight: Any) -> float:
        return float(np.average(losses, weights=weight))
