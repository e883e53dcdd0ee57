"""EnsembleClassifier: the mean probabilities of several networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import _num_samples

from multilayer.ensembles.averages import Weighted, log_mean, mean_and_deviation
from multilayer.ensembles.base import BaseEnsemble, check_estimator_kind
from multilayer.estimators import MLPClassifier
from multilayer.estimators.base import set_parameters
from multilayer.fits.columns import checked_weight, checked_y
from multilayer.fits.labels import Labels, labels_of
from multilayer.network import Floats
from multilayer.selection import Predictions
from multilayer.selection.out_of_fold import for_classes
from multilayer.selection.protocols import CV, Estimator
from multilayer.training import Listener
from multilayer.training.batching import RowNumbers


class EnsembleClassifier(ClassifierMixin, BaseEnsemble):
    """Average the probabilities of several classifiers.

    The members are trained at the same time, one thread each; ``diversity`` selects how they differ.

    Parameters
    ----------
    estimator : classifier, list of classifiers or None, default=None
        The model that is cloned for each member: an MLPClassifier, or a pipeline that ends in one; None for
        MLPClassifier().  A list holds one estimator for each member.
    n_members : int or None, default=None
        The number of members; None for the length of the list or the number of folds, and 8 without them.
    diversity : {"seed", "bootstrap", "fold"}, default="seed"
        "seed": members are trained on all rows, with different starting weights and shuffles.  "bootstrap": also on
        different rows, as many as there are, drawn with replacement; a row drawn three times has three times the
        weight.  "fold": member i is trained on all folds but the i-th, also with another seed.
    cv : int, splitter, iterable of (train, test) or None, default=None
        Only for diversity="fold": the folds, as in scikit-learn.  A number, or None for ``n_members``, makes that many
        folds of shuffled rows, stratified by class.
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
    estimators_ : list of classifiers
        The members.
    weights_ : ndarray of shape (n_members,)
        Their weights, with sum 1.
    classes_ : ndarray of shape (n_classes,)
        The labels in y.  A member whose rows lack a label gives it the probability 0.
    oof_score_ : float
        The accuracy of ``oof_probabilities_``.  Not with diversity="seed".
    oof_probabilities_ : ndarray of shape (m, n_classes)
        The probabilities of each training row by members that were not trained on it; NaN for rows that all members
        were trained on.  Not with diversity="seed".
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
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> network = MLPClassifier((32,), learning_rate_init=0.01, max_iter=20, n_iter_no_change=None)
    >>> model = EnsembleClassifier(network, n_members=4, diversity="fold", random_state=0).fit(X / 16, y)
    >>> model.oof_score_ > 0.9
    True
    >>> probabilities, deviation = model.predict_proba(X[:2] / 16, return_std=True)
    >>> probabilities.shape, deviation.shape
    ((2, 10), (2, 10))

    References
    ----------
    Breiman, L. (1996). Bagging predictors. Machine Learning 24.  Lakshminarayanan, B., Pritzel, A. and Blundell, C.
    (2017). Simple and scalable predictive uncertainty estimation using deep ensembles. NeurIPS.
    """

    classes_: NDArray[Any]
    _labels: Labels
    _y_is_labels = True
    _methods: ClassVar[tuple[str, ...]] = ("predict", "predict_proba")

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
    def oof_probabilities_(self) -> Floats:
        """The probabilities of the training rows by members that were not trained on them.

        NaN for rows that all members were trained on.
        """
        probabilities: Floats = self._held_out_results("oof_probabilities_").predictions.probabilities
        return probabilities

    def predict(self, X: ArrayLike) -> Any:
        """Return the class with the largest mean probability for each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m,)
            Labels; for a multilabel y an array of shape (m, n_classes) of zeros and ones.
        """
        probabilities = self.predict_proba(X)
        return self._labels.decode(probabilities)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy; for multilabel targets, the share of rows with all labels correct.

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
            Between 0 and 1.
        """
        weight = checked_weight(sample_weight, _num_samples(X), np.dtype(np.float64))
        return float(super().score(X, checked_y(y, are_labels=True), weight))

    @overload
    def predict_proba(self, X: ArrayLike, return_std: Literal[False] = False) -> Floats: ...
    @overload
    def predict_proba(self, X: ArrayLike, return_std: Literal[True]) -> tuple[Floats, Floats]: ...
    def predict_proba(self, X: ArrayLike, return_std: bool = False) -> Floats | tuple[Floats, Floats]:
        """Return the mean probability of each class for each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        return_std : bool, default=False
            Whether to also return the standard deviation of the members' probabilities.

        Returns
        -------
        array of shape (m, n_classes), or two of them
            Columns are in the order of ``classes_``.
        """
        mean, deviation = mean_and_deviation(self._for_all_classes(X, "predict_proba", 0.0))
        return (mean, deviation) if return_std else mean

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """Return the logarithm of :meth:`predict_proba`, which is finite even if the probability rounds to 0.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m, n_classes)
            -inf for a class that no member was trained on.
        """
        return log_mean(self._for_all_classes(X, "predict_log_proba", -np.inf))

    def _for_all_classes(self, X: ArrayLike, method: str, absent: float) -> Weighted:
        self._check_is_fitted()
        predictions = zip(self._predictions(X, method), self.estimators_, strict=True)
        return (
            (w, for_classes(prediction, model.classes_, self.classes_, absent))
            for (w, prediction), model in predictions
        )

    def _default(self) -> MLPClassifier:
        return MLPClassifier()

    def _check_kind(self, estimator: Any) -> None:
        check_estimator_kind(estimator, _gives_probabilities, example="MLPClassifier()", task="classifier")

    def _settle_targets(self, y: Any) -> None:
        self._labels = labels_of(y)
        self.classes_ = self._labels.classes

    def _rated(self, found: Predictions, rows: RowNumbers, y: Any, weight: Any) -> tuple[float, None]:
        if not len(rows):
            return float("nan"), None
        predicted = self._labels.decode(found.probabilities[rows])
        return float(accuracy_score(y, predicted, sample_weight=weight)), None


def _gives_probabilities(estimator: Any) -> bool:
    return bool(is_classifier(estimator)) and hasattr(estimator, "predict_proba")
