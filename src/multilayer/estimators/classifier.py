"""MLPClassifier: the textbook's network behind scikit-learn's interface."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if

from multilayer.equations import Cost
from multilayer.equations.activations import Hidden, sigmoid, softplus
from multilayer.equations.costs import SoftmaxOutput
from multilayer.estimators.base import BaseMLP, keep_parameters
from multilayer.exceptions import InputError, ParameterError
from multilayer.fits.class_weights import ClassWeight
from multilayer.fits.columns import checked_weight, checked_y
from multilayer.fits.labels import (
    Labels,
    is_same_kind_of_labels,
)
from multilayer.fits.rows import ValidationArguments
from multilayer.fits.settings import VALIDATION_FRACTION, Metric, ValidationFraction
from multilayer.fits.targets import ClassAdapter
from multilayer.network import Floats
from multilayer.training import Listener
from multilayer.training.schedules import AnySchedule
from multilayer.training.starting import SCIKIT_LEARN, Initialization


class MLPClassifier(ClassifierMixin, BaseMLP):
    r"""A multilayer perceptron that tells classes apart.

    Trains by minimising the cross-entropy of its answers plus ``alpha`` / (2m) times the squared weights, m the
    number of rows in the batch (with sample weights: their sum); biases are not penalised.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for none.
    activation : str, Activation or sequence of these, default="relu"
        Activation of the hidden units, one for all layers or one a layer: "relu", "tanh", "logistic" (or its other
        name "sigmoid"), "identity", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus".  Or one's own, an
        object with ``g(z)`` and its derivative ``g_prime(z)``, which is checked before training and runs on the
        reference engine.
    loss : {"log_loss", "focal"} or Cost, default="log_loss"
        The cost.  "log_loss": the cross-entropy.  "focal": the cross-entropy times (1 - h)², h the answer for the right
        class, so that easy rows count less.  Or a cost: ``SoftmaxFocal(1.0)`` or ``SigmoidFocal(1.0)`` of
        :mod:`multilayer.equations`, or one's own, an object with ``value(Z, Y)`` and ``delta(Z, Y)``.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        Adam; gradient descent with ``momentum``; or L-BFGS, which sees all rows at each step, suits small data, and
        has no step size to choose.
    alpha : float, default=0.0001
        λ, the weight of the squared weights in the cost.
    batch_size : int or "auto", default="auto"
        Rows an update sees; "auto" is min(200, m).  The number of rows itself makes it batch gradient descent; a
        larger one means all rows and is warned of.
    learning_rate : str, schedule or callable, default="constant"
        Not for solver="lbfgs".  "constant": ``learning_rate_init`` in every epoch.  "invscaling" (by name only for
        solver="sgd"): ``learning_rate_init`` / (1 + n)^``power_t`` after n rows.  "adaptive" (by name only for
        solver="sgd"): divided by 5 each time the stop rule of ``tol`` is met; training ends when it is at most 1e-6.
        "cosine": falls to 0 along half a cosine, in ``max_iter`` epochs.  "one_cycle": rises from a 25th for a quarter
        of the updates, then falls to next to nothing.  "plateau": halved after 5 epochs without progress.  A function
        of the epoch, counted from 0, whose value ``learning_rate_init`` is multiplied with.  Or a schedule of
        :mod:`multilayer.training`, such as ``WarmUp(100, Cosine(50))``.
    learning_rate_init : float, default=0.001
        Step size.  Not for solver="lbfgs".
    power_t : float, default=0.5
        See ``learning_rate``.
    max_iter : int, default=200
        Epochs: passes over all rows.  Iterations of solver="lbfgs".
    shuffle : bool, default=True
        Whether the rows are shuffled before each epoch.  Not for solver="lbfgs".
    random_state : int, RandomState or None, default=None
        Seed of the starting weights, of the rows held out, and of the shuffles.
    tol : float, default=1e-4
        Training ends when the cost has not fallen (with ``early_stopping``: the score has not risen) by more than
        ``tol`` for ``n_iter_no_change`` epochs in a row.  With solver="lbfgs", when no entry of the gradient is larger.
    verbose : bool or int, default=False
        Print a table of training.  True or 1: the epochs 1, 2, 5, 10, 20, 50, ..., and else a line each half second;
        2 or more: every epoch.
    warm_start : bool, default=False
        Whether ``fit`` goes on where the last one ended: weights, memory of the update rule, step size, order of the
        rows and random state.  Fits of k and m epochs are then one of k + m; but solver="lbfgs" begins anew from the
        last weights.  With validation it goes on from the last weights, not from the best.
    momentum : float, default=0.9
        Only for solver="sgd"; 0 is plain gradient descent.
    nesterovs_momentum : bool, default=True
        Only for solver="sgd" with momentum.
    early_stopping : bool, default=False
        Hold out rows, stop by the score on them, and end with the weights of the best score.  With ``X_val`` in
        ``fit`` those are the rows, and none are held out; solver="lbfgs" stops early by such rows alone.
    validation_fraction : float, int or splitter, default=0.1
        The rows held out: a share, a number, or the first split of a splitter of scikit-learn's such as
        GroupShuffleSplit or TimeSeriesSplit; rows in neither part of it are not used.
    early_stopping_metric : str or callable, default="auto"
        The score of the rows that validate; higher is better.  "auto": the accuracy; of a multilabel y,
        the share of right answers, each label counted for itself.  "loss": minus the cost without regularisation.
        Or any scorer of scikit-learn's, by its name or as a function of (estimator, X, y), whose X is as the network
        sees it.
    beta_1 : float, default=0.9
        Decay rate of the mean of the gradients; from 0 to below 1.  Only for solver="adam".
    beta_2 : float, default=0.999
        Decay rate of the mean of the squared gradients; from 0 to below 1.  Only for solver="adam".
    epsilon : float, default=1e-8
        Added to the root of that mean before the step is divided by it.  Only for solver="adam".
    n_iter_no_change : int or None, default=10
        See ``tol``.  None: training ends after exactly ``max_iter`` epochs, without a warning; ``float("inf")`` does
        the same, but warns under ``warm_start``.  With solver="lbfgs" it applies only where rows validate.
    max_fun : int, default=15000
        Only for solver="lbfgs": the most times that the cost is computed.
    max_time : float or None, default=None
        Seconds after which a call of ``fit`` or ``partial_fit`` ends training, between two updates.
    output : {"auto", "softmax", "sigmoid"}, default="auto"
        The output units.  "softmax": one unit a class, probabilities that sum to 1.  "sigmoid": the textbook's one
        unit a class, each asked "this class or not?", with the cross-entropy summed over the units.  "auto":
        softmax; for two classes a single sigmoid unit, which is the same model with fewer weights; for a multilabel
        y one sigmoid unit a label.  A single class is always learned as the no of one sigmoid unit.
    class_weight : dict, "balanced", list of dicts or None, default=None
        How many rows each row of a class counts for, times its sample weight, in training and in validation.  A dict
        of labels and weights, where a label left out has the weight 1; "balanced": m / (n_classes m_k), m_k the rows of
        the class, so that all classes weigh the same.  Of a multilabel y "balanced" or one dict a label, of the
        weights of 0 and 1, which are multiplied over the labels.
    initialization : str or list of arrays, default="scikit-learn"
        Starting weights: "scikit-learn" (its draws), a scheme of :func:`multilayer.equations.initialize_thetas`
        ("epsilon", "notebook", "glorot", "he", "lecun", "zeros"), or the Theta matrices themselves.
    engine : {"auto", "cpu", "reference"}, default="auto"
        What does the arithmetic: compiled code, or the book itself.
    callbacks : sequence of callables, default=()
        Called with each event of training; :mod:`multilayer.callbacks` has some that are ready to use, and tells how
        to write one.  Those of ``sklearn.callback`` are passed to ``set_callbacks``.
    l1_alpha : float, default=0.0
        λ1, the weight of the weights' absolute values in the cost, as ``alpha`` is of half their squares.
    weight_decay : float, default=0.0
        Decoupled weight decay: before each update the weights, not the biases, are multiplied by 1 - step size times
        this.  With solver="adam" it makes AdamW.  Not for solver="lbfgs", as the next five.
    clip_norm : float or None, default=None
        The length to which longer gradients are cut, all layers taken together; None for any length.
    weight_averaging : float, default=0.0
        β: the network answers with the mean of its weights after each update, of which each counts β times as much as
        the one after it, about 1 / (1 - β) updates.  Training goes on from the weights themselves.  0 for the last.
    dropout : float or sequence of float, default=0.0
        The share of the hidden units that are silent in an update; one for all hidden layers, or one a layer.
    input_dropout : float, default=0.0
        The share of the entries of X that are taken as 0 in an update.
    normalization : "layer" or None, default=None
        "layer": the weighted sums of each hidden layer are brought to mean 0 and variance 1 over its units, for each
        row by itself, then multiplied by a gain and moved by a shift, which are learned; then comes the activation.
        Gain and shift are neither penalised nor decayed.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; of a multilabel y the numbers of its columns.
    thetas_ : list of ndarray, the l-th of shape (s_{l+1}, s_l + 1)
        The textbook's weight matrices, biases in column 0; views of ``parameters_``, as the next two are.
    coefs_ : list of ndarray, the l-th of shape (s_l, s_{l+1})
        Weights without biases.
    intercepts_ : list of ndarray, the l-th of shape (s_{l+1},)
        Biases.
    norms_ : list of ndarray, the l-th of shape (2, s_{l+1})
        With ``normalization``, gain (row 0) and shift of each hidden layer; views too.  Else empty.
    parameters_ : ndarray of shape (P,)
        All weights and biases in one vector, and gains and shifts.
    loss_curve_ : list of float
        Mean cost of each epoch's batches, each before its update; of solver="lbfgs", the cost after each iteration.
        It goes on through ``warm_start`` and ``partial_fit``.
    loss_ : float
        The last entry of it.
    best_loss_ : float or None
        The least entry of it; None with ``early_stopping``.
    validation_loss_curve_ : list of float or None
        With rows to validate on, their mean cost after each epoch, without regularisation.
    validation_scores_ : list of float or None
        With rows to validate on, their score after each epoch.
    best_validation_score_ : float or None
        The largest of them, that of the weights kept.
    n_iter_ : int
        Epochs of the last call of ``fit`` or ``partial_fit``.
    t_ : int
        Rows trained on, those seen again counted again.
    network_ : Network
        Layer sizes and units.
    n_layers_ : int
        Layers, inputs and outputs counted.
    n_outputs_ : int
        Output units.
    out_activation_ : str
        Their kind, in scikit-learn's words: "logistic" or "softmax".
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, where all are text.

    Raises
    ------
    ParameterError
        For a parameter outside its range.
    InputError
        For X or y that cannot be used, such as gaps, infinities or text.
    DivergenceError
        Where the cost leaves the finite numbers.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(n_samples=200, noise=0.1, random_state=0)
    >>> model = MLPClassifier((16, 16), learning_rate_init=0.05, random_state=0).fit(X, y)
    >>> float(model.score(X, y))
    1.0
    >>> [theta.shape for theta in model.thetas_]
    [(16, 3), (16, 17), (1, 17)]

    References
    ----------
    docs/mathematics.md derives cost and gradient.  Same ``random_state``, same training as scikit-learn's class of this
    name; docs/migration.md lists where this one differs.
    """

    loss: str | Cost
    classes_: NDArray[Any]
    output: str
    class_weight: ClassWeight | None
    _labels: Labels

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Hidden = "relu",
        *,
        loss: str | Cost = "log_loss",
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | AnySchedule | Callable[[int], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: ValidationFraction = VALIDATION_FRACTION,
        early_stopping_metric: Metric = "auto",
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float | None = 10,
        max_fun: int = 15000,
        max_time: float | None = None,
        output: str = "auto",
        class_weight: ClassWeight | None = None,
        initialization: Initialization = SCIKIT_LEARN,
        engine: str = "auto",
        callbacks: Sequence[Listener] = (),
        l1_alpha: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        normalization: str | None = None,
    ) -> None:
        keep_parameters(self, locals())

    @available_if(BaseMLP._learns_in_parts)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on a part of the data, from the last weights.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`; y need not hold all classes.
        classes : array of shape (n_classes,), default=None
            All labels there will be; needed in the first call alone.
        X_val, y_val, sample_weight_val
            As in :meth:`fit`: the weights that scored best in any call so far are kept, and training goes on from the
            last.  No call refuses to train: when to stop calling is yours to say, by ``validation_scores_``.

        Returns
        -------
        self
            If training fails, it is as it was before.
        """
        given = ValidationArguments(X_val, y_val, sample_weight_val)
        return self._fit_one_epoch(X, y, sample_weight, given, self._checked_classes(classes))

    def predict(self, X: ArrayLike) -> Any:
        """The most probable class of each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)

        Returns
        -------
        array of shape (m,)
            Labels; of a multilabel y an array of shape (m, n_classes) of zeros and ones.
        """
        return self._labels_of_the_fit().decode(self._finite_answer(X))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The share of rows, by weight, whose class is the predicted one; of a multilabel y, of those all right."""
        predicted = self.predict(X)
        if sample_weight is None and is_same_kind_of_labels(y, predicted):
            return float(np.average(y == predicted))  # as below, without its search for what y may be
        weight = checked_weight(sample_weight, len(predicted), np.dtype(np.float64))
        return float(accuracy_score(checked_y(y, are_labels=True), predicted, sample_weight=weight))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """The probability of each class for each row.

        With output="sigmoid" the units answer each for itself, and their answers are divided by their sum, as
        scikit-learn's OneVsRestClassifier does.  Of a multilabel y the answers are left as they are.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)

        Returns
        -------
        array of shape (m, n_classes)
            Columns are in the order of ``classes_``; rows sum to 1 but for a multilabel y.
        """
        self._check_is_fitted()
        if self.n_outputs_ == 1:
            # Not 1 - h, which loses the digits of a small probability.
            Z = self._answer(X, output="identity")
            return sigmoid.g(np.hstack([-Z, Z])) if len(self.classes_) == 2 else np.ones_like(Z)
        H = self._finite_answer(X)
        if self.network_.output == "softmax" or self._labels.multilabel:
            return H
        total = H.sum(axis=1, keepdims=True)
        # Every unit may say no so firmly that all answers round to 0: then nothing is known of the row.
        return np.divide(H, total, out=np.full_like(H, 1.0 / H.shape[1]), where=total > 0)

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """The logarithm of :meth:`predict_proba`, finite where the probability itself has already rounded to 0.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)

        Returns
        -------
        array of shape (m, n_classes)
        """
        Z = self._answer(X, output="identity")
        sums = _clipped(Z).astype(np.float64, copy=False)
        if self.network_.output == "softmax":
            logarithms = SoftmaxOutput().log_h(sums)
        elif len(self.classes_) == 1:
            logarithms = np.zeros_like(sums)
        elif Z.shape[1] == 1:
            logarithms = -softplus.g(np.hstack([sums, -sums]))
        elif self._labels.multilabel:
            # Labels whose probabilities have all rounded to 1 tie, here as in predict_proba.
            h = self._answer(X)
            logarithms = np.where(h > 0.5, np.log(np.maximum(h, 0.5)), -softplus.g(-sums))
        else:
            # log(h / Σ h) = log h - log Σ e^(log h), the last term as the softmax computes it.
            logarithms = SoftmaxOutput().log_h(-softplus.g(-sums))
        return logarithms.astype(Z.dtype, copy=False)

    def decision_function(self, X: ArrayLike) -> Floats:
        """How firmly each row is given to each class: the weighted sums z of the output units.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)

        Returns
        -------
        array of shape (m,) for two classes, else (m, n_classes)
            Two classes: the log odds of the second, log P(2nd) - log P(1st), which for a single unit is its z; above 0
            the second is predicted.  More: z, the class with the largest is predicted.  Of a multilabel y: z, the log
            odds of each label.

        Examples
        --------
        >>> model = MLPClassifier((), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
        >>> model.decision_function([[0.0], [1.0]]) > 0
        array([False,  True])
        """
        Z = self._answer(X, output="identity")
        if self._labels.multilabel or len(self.classes_) > 2:
            return Z
        if Z.shape[1] == 1:
            return Z[:, 0]
        if self.network_.output == "softmax":
            return Z[:, 1] - Z[:, 0]
        log_h = -softplus.g(
            -Z.astype(np.float64, copy=False)
        )  # two sigmoid units, whose answers are divided by their sum: log h_2 - log h_1
        return (log_h[:, 1] - log_h[:, 0]).astype(Z.dtype, copy=False)

    def _target_adapter(self) -> ClassAdapter:
        return ClassAdapter(self.loss, self.output, self.class_weight, getattr(self, "_labels", None))

    def _checked_classes(self, classes: ArrayLike | None) -> NDArray[Any] | None:
        """The labels that parts may hold, as an array; None where the calls before have said."""
        is_first = not hasattr(self, "_training_state")
        if classes is None:
            if is_first:
                raise ParameterError(
                    "classes must be passed on the first call to partial_fit: y need not hold all of them yet."
                )
            return None
        if isinstance(classes, str) or np.ndim(np.asarray(classes, dtype=object)) != 1:
            raise InputError(f"classes must be a list of all labels, got {classes!r}. Write classes=np.unique(y).")
        given: NDArray[Any] = np.unique(checked_y(classes, are_labels=True, name="classes"))
        if not (is_first or self._labels.multilabel or np.array_equal(given, self.classes_)):
            raise ParameterError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}. "
                "Leave classes out, or call fit to begin anew."
            )
        return given

    def _finite_answer(self, X: ArrayLike) -> Floats:
        """H; the softmax of weighted sums that have overflowed is that of the largest numbers there are."""
        H = self._answer(X)
        if self.network_.output == "softmax" and not math.isfinite(H.sum()):
            rows = ~np.isfinite(H).all(axis=1)  # the others keep the answers that they get without these
            Z = _clipped(self._answer(X, output="identity")[rows])
            H[rows] = SoftmaxOutput().h(Z.astype(np.float64, copy=False))
        return H

    def _labels_of_the_fit(self) -> Labels:
        self._check_is_fitted()
        return self._labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _clipped(Z: Floats) -> Floats:
    """Z within what differences of its entries can hold."""
    limit = np.finfo(Z.dtype).max / 4
    return np.clip(Z, -limit, limit)
