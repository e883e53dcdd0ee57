"""TableClassifier: classes from a raw table."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from multilayer._checks import check_choice, check_flag
from multilayer.ensembles.greedy import greedy_selection
from multilayer.estimators import MLPClassifier
from multilayer.estimators.base import set_parameters
from multilayer.results import Column
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.calibration import (
    CALIBRATIONS,
    Calibration,
    chosen_tempering,
    log_losses,
    tempered,
    tempered_gradient,
)
from multilayer.tables.models.calibration_error import expected_calibration_error
from multilayer.tables.models.class_numbers import classes_and_numbers, numbers_of, weight_of_numbers
from multilayer.tables.models.conformal import Conformity, check_coverage, class_sets
from multilayer.tables.models.out_of_fold import OutOfFoldRows, check_has_held_out_rows
from multilayer.tables.models.recipes import Preset
from multilayer.tables.target import features_and_target


class TableClassifier(ClassifierMixin, BaseTableModel):
    """Classifier of raw tables, without choices.

    Columns of numbers, text, Booleans and dates, with gaps, are encoded within each fold.  Networks are trained in
    folds, all as one pack on all cores; the model predicts with their weighted mean.

    Parameters
    ----------
    preset : {"quick", "standard", "best"}, default="standard"
        "quick": one network, validated on a fifth of the rows.  "standard": two kinds of networks in five folds.
        "best": five kinds.  The kinds are weighted by greedy selection on out-of-fold predictions.
    max_time : float or None, default=None
        Seconds for the whole fit, with encoding and calibration; None for no limit.  The linear model and the trees are
        fitted if they need a small part.  The networks divide the rest; each plans as many epochs as fit in, no more
        than without a limit.  If these were fewer than 16, fewer folds are trained, in the extreme one kind in one fold
        for one epoch, with a warning.  Results depend on the speed of the machine.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes in training, as in :class:`multilayer.MLPClassifier`, of the models in ``summary()`` too.
        Scores, the weights of the kinds and the calibration do not use them, as the scores of scikit-learn do not.
    with_trees : bool, default=False
        Whether scikit-learn's gradient-boosted trees are one of the weighted kinds.
    cv : int, splitter, list of (train, test) or None, default=None
        The folds; None for five shuffled folds with the shares of the classes, or by ``groups``.  If several folds
        validate later rows than they train on (``TimeSeriesSplit``), one more network of each kind is trained on all
        rows, for the median of the best epochs, and predicts new rows.
    calibration : {"auto", "temperature"} or None, default="auto"
        Temperature scaling of the probabilities, which leaves their order.  "auto": only if out-of-fold probabilities
        become better by more than chance explains, see Notes.  "temperature": always.  None: never.
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
    classes_ : array of shape (n_classes,)
        The labels, sorted.
    members_ : list of TrainedMember
        The networks with their encoders.
    weights_ : dict of str to float
        The weight of each kind in predictions of new rows, selected on all out-of-fold predictions.
    temperature_ : float
        The temperature of the probabilities; 1 if they are not scaled.
    oof_proba_ : array of shape (m, n_classes)
        Out-of-fold probabilities of the fitting rows, or the probabilities of the rows of ``X_val``; NaN for rows that
        no fold validated.  The weights of the kinds, and the temperature if they are scaled, are fitted without the
        fold of the row (of a single fold: its fifth).
    oof_score_ : float
        Their log-loss.  It is slightly too good, because each network keeps its best epoch on the rows of its fold.
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
    expected_calibration_error : The calibration error in ``summary()``.

    Notes
    -----
    The temperature T divides the logarithms of the probabilities (T1).  It minimises the log-loss of the out-of-fold
    probabilities of the weighted mean (T2).  calibration="auto" fits a T for each fold on the other folds (for a single
    fold: for each fifth of its rows on the others), and compares the losses of all rows with and without these T in
    pairs.  T is used if the mean gain is larger than two standard errors, and rows are at least 100.  With several
    folds, "auto" uses only T below 1: new rows are predicted by the networks of all folds, whose mean is softer than
    that of one fold, so that a T above 1 from out-of-fold probabilities would soften twice.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.RandomState(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = np.where(X[:, 0] > 0, "yes", "no")
    >>> model = TableClassifier(preset="quick", random_state=0).fit(X, y)
    >>> model.predict([[-1.0, 0.0], [1.0, 0.0]])
    array(['no', 'yes'], dtype='<U3')
    >>> sets = model.predict_set([[-1.0, 0.0], [1.0, 0.0]], coverage=0.9)
    >>> [model.classes_[row].tolist() for row in sets]
    [['no'], ['yes']]

    References
    ----------
    Gorishniy, Y., Rubachev, I. and Babenko, A. (2022). On embeddings for numerical features in tabular deep learning.
    NeurIPS.  Holzmüller, D., Grinsztajn, L. and Steinwart, I. (2024). Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data. NeurIPS.  docs/how-to/tables.md has the measurements behind each choice.
    """

    classes_: NDArray[Any]
    temperature_: float
    _classifies = True
    _measure_columns = (Column("calibration error", ".3f"),)

    def __init__(
        self,
        preset: Preset = "standard",
        *,
        max_time: float | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        with_trees: bool = False,
        cv: Any = None,
        calibration: Calibration | None = "auto",
        identifiers: Collection[str] = (),
        memory: str | int | None = None,
        scratch: str | os.PathLike[str] | None = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        callbacks: Sequence[Any] = (),
    ) -> None:
        set_parameters(self, locals())

    @property
    def oof_proba_(self) -> NDArray[np.float64]:
        """The probabilities for the rows of the fit by networks that were not trained on them."""
        self._check_is_fitted()
        check_has_held_out_rows(self, "oof_proba_")
        return self._oof

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the accuracy of the predicted classes.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.
        y : array or column of length m, or str
            The labels, or the name of their column in X.
        sample_weight : array of shape (m,) or None, default=None
            The weight of each row.

        Returns
        -------
        float
            The share of rows whose label is predicted.
        """
        X, y = features_and_target(X, y)
        return float(super().score(X, y, sample_weight))

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
        most_probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    def predict_set(self, X: Any, coverage: float = 0.9, *, allow_empty: bool = True) -> NDArray[np.bool_]:
        """Return a set of classes for each row, which contains the right one with probability ``coverage``.

        A class is in the set if it is at least as probable as a limit that out-of-fold probabilities give: the right
        class was as probable in a share ``coverage`` of these rows (Q1, Q2).  Higher coverage gives larger sets.

        Parameters
        ----------
        X : table or array of shape (m, n_features)
            The rows.
        coverage : float, default=0.9
            The probability, above 0 and below 1.
        allow_empty : bool, default=True
            Whether sets may be empty.  If the model is right more often than ``coverage``, only empty sets keep the
            coverage exact; they mark the least certain rows.  False adds the most probable class to each set, and
            coverage may be higher.

        Returns
        -------
        array of bool of shape (m, n_classes)
            Whether each class is in the set of each row, in the order of ``classes_``.

        Raises
        ------
        ParameterError
            For a coverage outside 0 to 1.

        Notes
        -----
        The coverage is that of new rows like those of the fit, on average, not for each class or group. With one fold
        of n validation rows, it is at least ``coverage`` and, but for ties, at most ``coverage`` + 1 / (n + 1), if the
        same rows did not choose the epoch at which the network was stopped; because they do, it may be lower for small
        tables (0.84 instead of 0.9 on german_credit, 160 such rows, one split). With several folds, the limit comes
        from the networks of one fold and new rows are predicted by those of all folds: the coverage is close to the
        stated one, without a proof. Fewer than coverage / (1 - coverage) out-of-fold rows cannot have the coverage, and
        all classes are in all sets. With sample weights, it is the coverage by weight.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.RandomState(0)
        >>> X = rng.normal(size=(200, 2))
        >>> model = TableClassifier(preset="quick", random_state=0).fit(X, np.where(X[:, 0] > 0, "yes", "no"))
        >>> model.predict_set([[1.0, 0.0]], coverage=0.8), model.classes_
        (array([[False,  True]]), array(['no', 'yes'], dtype='<U3'))

        References
        ----------
        Sadinle, M., Lei, J. and Wasserman, L. (2019). Least ambiguous set-valued classifiers with bounded error levels.
        JASA 114.  Vovk, V. (2015). Cross-conformal predictors. Annals of Mathematics and Artificial Intelligence 74.
        """
        coverage, allow_empty = check_coverage(coverage), check_flag("allow_empty", allow_empty)
        self._check_is_fitted()
        check_has_held_out_rows(self, "predict_set")
        probabilities = self.predict_proba(X)
        return class_sets(probabilities, self._conformity[0].quantile(coverage), allow_empty=allow_empty)

    def _region(self, table: Any, predictions: NDArray[np.float64], coverage: float) -> tuple[NDArray[Any], ...]:  # noqa: ARG002
        check_has_held_out_rows(self, "a set of classes")
        limit = self._conformity[0].quantile(check_coverage(coverage))
        return (class_sets(predictions, limit, allow_empty=True),)

    def _check_parameters(self) -> None:
        if self.calibration is not None:
            check_choice("calibration", self.calibration, CALIBRATIONS)
        super()._check_parameters()

    def _calibrate(self, held: OutOfFoldRows, is_over: Callable[[], bool]) -> None:  # noqa: ARG002 a scalar
        self.temperature_ = 1.0
        if self.calibration is not None:
            is_one = len(self._validation_rows) == 1 or self._predicts_with_all_rows
            found = chosen_tempering(
                self._oof[held.numbers],
                held.y,
                held.weight,
                held.divisions,
                only_if_better=self.calibration == "auto",
                may_soften=self.calibration == "temperature" or is_one,
                groups=held.groups,
            )
            self.temperature_ = found.temperature
            self._oof[held.numbers] = found.probabilities
        self._conformity = (Conformity.of(1.0 - self._oof[held.numbers, held.y], held.weight),)

    def _selected(self, found: list[NDArray[np.float64]], y: NDArray[Any], weight: Any) -> NDArray[np.intp]:
        return greedy_selection(found, y, sample_weight=weight, classes=np.arange(found[0].shape[1]))

    def _answer(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        return tempered(mean, self.temperature_)

    def _answer_gradient(self, mean: NDArray[np.float64], unit: int) -> NDArray[np.float64]:
        return tempered_gradient(mean, self.temperature_, unit)

    def _more_measures(self, predicted: NDArray[np.float64], held: OutOfFoldRows) -> tuple[float, ...]:
        classes = np.arange(len(self.classes_))
        return (expected_calibration_error(held.y, predicted, classes=classes, sample_weight=held.weight),)

    def _targets(self, y: Any) -> NDArray[Any]:
        self.classes_, numbers = classes_and_numbers(y)
        return numbers

    def _more_targets(self, y: Any, targets: NDArray[Any], name: str = "y_val") -> NDArray[Any]:  # noqa: ARG002 classes_ has the labels
        return numbers_of(y, self.classes_, name)

    def _network(self, seed: int) -> MLPClassifier:
        return MLPClassifier(random_state=seed, class_weight=self._class_numbers_weight())

    def _class_numbers_weight(self) -> Any:
        return weight_of_numbers(self.class_weight, self.classes_)

    def _predicted(self, network: Any, X: NDArray[Any]) -> NDArray[np.float64]:
        return self._of_all_classes(network.classes_, network.predict_proba(X))

    def _of_all_classes(self, classes: NDArray[np.intp], of_network: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of all classes, (m, K), from those of the classes of a network."""
        predicted = np.zeros((len(of_network), len(self.classes_)))
        # Rounded to float32, probabilities sum to 1 within 1e-7 only.
        of_network = np.asarray(of_network, dtype=np.float64)
        predicted[:, classes] = of_network / of_network.sum(axis=1, keepdims=True)
        return predicted

    def _forward(self, network: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
        return cast(Any, network._forward("identity" if network.n_outputs_ == 1 else None))

    def _from_outputs(self, networks: Sequence[Any]) -> Callable[[NDArray[Any]], NDArray[np.float64]] | None:
        one = networks[0]
        if not all(np.array_equal(one.classes_, other.classes_) for other in networks):
            return None
        return lambda outputs: self._of_all_classes(one.classes_, one._probabilities(outputs))

    def _input_gradient(self, network: Any, X: NDArray[Any], output: int) -> NDArray[np.float64]:
        place = int(np.searchsorted(network.classes_, output))
        if output not in network.classes_ or len(network.classes_) == 1:
            return np.zeros(X.shape)  # the network of a fold that lacks the class
        if network.n_outputs_ > 1:
            return np.asarray(network.input_gradient(X, output=place), dtype=np.float64)
        sign = 1.0 if place == 1 else -1.0  # the single unit is the probability of the second class
        return sign * np.asarray(network.input_gradient(X, output=0), dtype=np.float64)

    def _losses(self, predicted: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
        return log_losses(predicted, y)

    @property
    def _loss_name(self) -> str:
        return "log-loss"

    def _score_of_losses(self, losses: NDArray[np.float64], weight: Any) -> float:
        return float(np.average(losses, weights=weight))
