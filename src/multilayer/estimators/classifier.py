"""MLPClassifier: the textbook's network for classes, with scikit-learn's interface."""

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
from multilayer.estimators.base import BaseMLP, set_parameters
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
from multilayer.network import Floats, PeriodicEmbedding
from multilayer.training import Listener
from multilayer.training.schedules import AnySchedule
from multilayer.training.starting import SCIKIT_LEARN, Initialization


class MLPClassifier(ClassifierMixin, BaseMLP):
    r"""Multilayer perceptron classifier.

    Training minimises the cross-entropy of the outputs plus ``alpha`` / (2m) times the sum of the squared weights,
    where m is the number of rows in the batch or, with sample weights, their sum.  Biases are not penalised.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for no hidden layer.
    activation : str, Activation or sequence of these, default="relu"
        Activation of the hidden units, one for all layers or one per layer: "relu", "tanh", "logistic" or "sigmoid"
        (the same), "identity", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus".  Or a custom object
        with ``g(z)`` and its derivative ``g_prime(z)``, which is checked before training and runs on the reference
        engine.
    loss : {"log_loss", "focal"} or Cost, default="log_loss"
        The cost.  "log_loss": the cross-entropy.  "focal": the cross-entropy times (1 - h)², where h is the output for
        the true class, so that easy rows count less.  A cost of :mod:`multilayer.equations`, such as
        ``SoftmaxFocal(1.0)`` or ``SigmoidFocal(1.0)``, or a custom object with ``value(Z, Y)`` and ``delta(Z, Y)``.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        Adam; gradient descent with ``momentum``; or L-BFGS, which uses all rows in each step, suits small data, and
        needs no step size.
    alpha : float, default=0.0001
        Regularisation strength λ: the factor of the squared weights in the cost.
    batch_size : int or "auto", default="auto"
        Rows per update; "auto" is min(200, m).  With the number of rows, training is batch gradient descent.  A larger
        number means all rows, with a warning.
    learning_rate : str, schedule or callable, default="constant"
        Not for solver="lbfgs".  "constant": ``learning_rate_init`` in every epoch.  "invscaling" (by name only for
        solver="sgd"): ``learning_rate_init`` / (1 + n) ** ``power_t`` after n rows.  "adaptive" (by name only for
        solver="sgd"): divided by 5 each time the stop rule of ``tol`` is met; training ends when it is at most 1e-6.
        "cosine": falls to 0 along half a cosine in ``max_iter`` epochs.  "one_cycle": rises from a 25th of it for a
        quarter of the updates, then falls almost to 0.  "cosine_cycles": rises from 0 and falls to 0 four times, each
        time twice as slowly.  "plateau": halved after 5 epochs without progress.  Or a
        function of the epoch, counted from 0, that returns a factor of ``learning_rate_init``.  Or a schedule of
        :mod:`multilayer.training`, such as ``WarmUp(100, Cosine(50))``.
    learning_rate_init : float, default=0.001
        Step size.  Not for solver="lbfgs".
    power_t : float, default=0.5
        Exponent of ``learning_rate="invscaling"``.
    max_iter : int, default=200
        The maximum number of epochs, which are passes over all rows; for solver="lbfgs", of iterations.
    shuffle : bool, default=True
        Whether the rows are shuffled before each epoch of several batches.  Not for solver="lbfgs".
    random_state : int, RandomState or None, default=None
        Seed of the starting weights, the rows held out, the shuffles and the dropout.
    tol : float, default=1e-4
        Training ends when the cost has not fallen by more than ``tol`` for ``n_iter_no_change`` consecutive epochs;
        with ``early_stopping``, when the score has not risen.  With solver="lbfgs", training ends when no entry of the
        gradient is larger than ``tol``.
    verbose : bool or int, default=False
        Whether to print a table of training.  True or 1: the epochs 1, 2, 5, 10, 20, 50, ..., and one line each half
        second; 2 or more: every epoch.
    warm_start : bool, default=False
        Whether ``fit`` continues the last fit, with its weights, memory of the update rule, step size, order of the
        rows and random state.  Fits of k and m epochs then equal one fit of k + m epochs.  solver="lbfgs" starts again
        from the last weights.  With validation, training continues from the last weights, not from the best.
    momentum : float, default=0.9
        Momentum of solver="sgd"; 0 is plain gradient descent.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum.  Only for solver="sgd" with momentum.
    early_stopping : bool, default=False
        Whether to hold out rows, stop by their score, and keep the weights of the best score.  If ``fit`` receives
        ``X_val``, these rows are used and none are held out; solver="lbfgs" stops early only with such rows.
    validation_fraction : float, int or splitter, default=0.1
        The rows to hold out: a share, a number, or the first split of a splitter of scikit-learn such as
        GroupShuffleSplit or TimeSeriesSplit; rows in neither part of the split are not used.
    early_stopping_metric : str or callable, default="auto"
        The score of the validation rows; higher is better.  "auto": the accuracy; for a multilabel y, the share of
        correct labels over all rows.  "loss": minus the cost without regularisation.  Or any scorer of scikit-learn,
        by name or as a function of (estimator, X, y); X is passed as the network receives it.
    beta_1 : float, default=0.9
        Decay rate of the mean of the gradients; from 0 to below 1.  Only for solver="adam".
    beta_2 : float, default=0.999
        Decay rate of the mean of the squared gradients; from 0 to below 1.  Only for solver="adam".
    epsilon : float, default=1e-8
        Added to the root of that mean before the step is divided by it.  Only for solver="adam".
    n_iter_no_change : int or None, default=10
        See ``tol``.  None: training ends after exactly ``max_iter`` epochs, without a warning; ``float("inf")`` does
        the same, but warns with ``warm_start``.  With solver="lbfgs" it applies only to validated training.
    max_fun : int, default=15000
        The maximum number of evaluations of the cost.  Only for solver="lbfgs".
    max_time : float or None, default=None
        Seconds after which a call of ``fit`` or ``partial_fit`` ends, between two updates; None for no limit.
    output : {"auto", "softmax", "sigmoid"}, default="auto"
        The output units.  "softmax": one unit per class, with probabilities that sum to 1.  "sigmoid": one unit per
        class that separates it from the rest, as in the textbook, with the cross-entropy summed over the units.
        "auto": softmax; for two classes a single sigmoid unit, which is the same model with fewer weights; for a
        multilabel y one sigmoid unit per label.  A single class is always learned as the 0 of one sigmoid unit.
    class_weight : dict, "balanced", list of dicts or None, default=None
        Weights of the classes in training and validation, multiplied with the sample weights.  A dict of labels and
        weights; a label without an entry has the weight 1.  "balanced": m / (n_classes m_k), where m_k is the number
        of rows of the class, so that all classes weigh the same.  For a multilabel y: "balanced", or one dict per label
        with the weights of 0 and 1; the weights of a row are multiplied over the labels.
    initialization : str or list of arrays, default="scikit-learn"
        Starting weights: "scikit-learn" (its draws), a scheme of :func:`multilayer.equations.initialize_thetas`
        ("epsilon", "notebook", "glorot", "he", "lecun", "zeros"), or the Theta matrices themselves.  "data": normal
        weights, scaled for each unit by its sums over at most 4,096 training rows (I7).
    engine : {"auto", "cpu", "reference"}, default="auto"
        The engine that computes: "cpu" is compiled code, "reference" the equations in NumPy, "auto" the fastest that
        can run the network.
    callbacks : sequence of callables, default=()
        Called with each event of training.  :mod:`multilayer.callbacks` has ready-made ones and shows how to write one.
        Pass callbacks of ``sklearn.callback`` to ``set_callbacks`` instead.
    l1_alpha : float, default=0.0
        Strength of the L1 penalty: the factor of the absolute values of the weights in the cost.
    weight_decay : float, default=0.0
        Decoupled weight decay: before each update the weights, not the biases, are multiplied by 1 - step size ·
        ``weight_decay``.  With solver="adam" this is AdamW.  Not for solver="lbfgs", nor are the next four.
    clip_norm : float or None, default=None
        The maximum norm of the gradient of all layers; longer gradients are scaled down.  None for no limit.
    weight_averaging : float, default=0.0
        Decay rate β of an exponential moving average of the weights over the updates, about 1 / (1 - β) of them.  The
        network predicts with the average; training continues from the weights themselves.  0 for no average.
    dropout : float or sequence of float, default=0.0
        The share of hidden units that are set to 0 in an update; one for all hidden layers, or one per layer.
    input_dropout : float, default=0.0
        The share of entries of X that are set to 0 in an update.
    normalization : "layer" or None, default=None
        "layer": before the activation, the weighted sums of each hidden layer are standardised over its units,
        separately for each row, then multiplied by a learned gain and moved by a learned shift.  Gain and shift are
        neither penalised nor decayed.
    embedding : "periodic", PeriodicEmbedding or None, default=None
        Trained waves of single inputs, which the first layer receives beside the inputs, (F1)-(F4) of
        docs/learn/extensions.md; for functions that rise and fall often along one column.  "periodic": of all columns
        with more than two different values.  A :class:`multilayer.network.PeriodicEmbedding` states columns, waves
        and frequencies.  Scale the columns to about unit size.  Not for sparse X.
    parametrization : {"standard", "ntk"}, default="standard"
        "ntk": the step size is divided by √s_l for the weights of s_l inputs, and by 10 for biases and embeddings, so
        that one ``learning_rate_init``, about 0.04 to 0.2 for Adam, suits layers of any width.
    regularization_schedule : {"constant", "flat_cosine"}, default="constant"
        "flat_cosine": in the second half of ``max_iter`` epochs, ``weight_decay`` and ``dropout`` fall to 0 along half
        a cosine.
    n_jobs : int or None, default=None
        The number of threads that train and predict; None or -1 for as many as this process may use.  Small networks
        and few rows use one.  The results are the same, bit for bit, for any number.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; for a multilabel y, the numbers of its columns.
    thetas_ : list of ndarray, the l-th of shape (s_{l+1}, s_l + 1)
        The textbook's weight matrices, with biases in column 0; views of ``parameters_``, as are the next three.
    coefs_ : list of ndarray, the l-th of shape (s_l, s_{l+1})
        Weights without biases.
    intercepts_ : list of ndarray, the l-th of shape (s_{l+1},)
        Biases.
    norms_ : list of ndarray, the l-th of shape (2, s_{l+1})
        With ``normalization``, gain (row 0) and shift (row 1) of each hidden layer; otherwise empty.
    parameters_ : ndarray of shape (P,)
        All weights, biases, gains and shifts in one vector.
    loss_curve_ : list of float
        Mean cost of the batches of each epoch, before their updates; for solver="lbfgs", the cost after each
        iteration.  Continued by ``warm_start`` and ``partial_fit``.
    loss_ : float
        The last entry of ``loss_curve_``.
    best_loss_ : float or None
        The smallest entry of ``loss_curve_``; None with ``early_stopping``.
    validation_loss_curve_ : list of float or None
        Mean cost of the validation rows after each epoch, without regularisation; None without such rows.
    validation_scores_ : list of float or None
        Score of the validation rows after each epoch; None without such rows.
    best_validation_score_ : float or None
        The best validation score, that of the weights kept.
    n_iter_ : int
        Epochs of the last call of ``fit`` or ``partial_fit``.
    t_ : int
        The number of rows trained on over all epochs.
    network_ : Network
        Layer sizes and units.
    n_layers_ : int
        The number of layers, including the input and output layers.
    n_outputs_ : int
        The number of output units.
    out_activation_ : str
        Activation of the output units by scikit-learn's names: "logistic" or "softmax".
    n_features_in_ : int
        The number of columns of X.
    feature_names_in_ : ndarray of str
        The names of the columns of X; only if all names are strings.

    Raises
    ------
    ParameterError
        For a parameter outside its range.
    InputError
        For X or y that cannot be used, such as gaps, infinities or text.
    DivergenceError
        If the cost is no longer finite.

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
    docs/learn/mathematics.md derives cost and gradient.  With the same ``random_state``, training equals that of
    scikit-learn's class of this name; docs/explanation/scikit-learn.md lists the differences.
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
        embedding: PeriodicEmbedding | str | None = None,
        parametrization: str = "standard",
        regularization_schedule: str = "constant",
        n_jobs: int | None = None,
    ) -> None:
        set_parameters(self, locals())

    @available_if(BaseMLP._supports_partial_fit)  # type: ignore[untyped-decorator]
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
            All labels that any part may hold; needed in the first call only.
        X_val, y_val, sample_weight_val
            As in :meth:`fit`.  The weights of the best score of all calls are kept, and training continues from the
            last weights.  ``partial_fit`` never stops early: watch ``validation_scores_`` to decide when to stop.

        Returns
        -------
        self
            The fitted estimator.  If training fails, it is unchanged.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> model = MLPClassifier((4,), learning_rate_init=0.1, random_state=0)
        >>> for X, y in [([[0.0], [1.0]], [0, 0]), ([[4.0], [5.0]], [1, 1])] * 20:
        ...     model = model.partial_fit(X, y, classes=[0, 1])
        >>> model.predict([[0.5], [4.5]])
        array([0, 1])

        References
        ----------
        Bottou, L. (1998). Online learning and stochastic approximations. On-line Learning in Neural Networks,
        Cambridge.
        """
        given = ValidationArguments(X_val, y_val, sample_weight_val)
        return self._fit_one_epoch(X, y, sample_weight, given, self._checked_classes(classes))

    def predict(self, X: ArrayLike) -> Any:
        """Predict the most probable class of each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m,)
            Labels; for a multilabel y an array of shape (m, n_classes) of zeros and ones.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
        >>> model.predict([[0.5], [2.5]])
        array(['low', 'high'], dtype='<U4')

        References
        ----------
        Bridle, J. S. (1990). Probabilistic interpretation of feedforward classification network outputs.
        Neurocomputing, Springer.
        """
        return self._fitted_labels().decode(self._finite_output(X))

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy; for a multilabel y, the share of rows with all labels correct.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        y : array of shape (m,) or (m, n_classes)
            The true labels.
        sample_weight : array of shape (m,), default=None
            Weights of the rows.

        Returns
        -------
        float
            From 0 to 1.
        """
        predicted = self.predict(X)
        if sample_weight is None and is_same_kind_of_labels(y, predicted):
            return float(np.average(y == predicted))  # as below, without the checks of the type of y
        weight = checked_weight(sample_weight, predicted.shape[0], np.dtype(np.float64))
        return float(accuracy_score(checked_y(y, are_labels=True), predicted, sample_weight=weight))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Predict the probability of each class for each row.

        With output="sigmoid" the outputs are divided by their sum, as in scikit-learn's OneVsRestClassifier.  For a
        multilabel y the outputs are returned unchanged.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m, n_classes)
            Columns are in the order of ``classes_``; rows sum to 1, except for a multilabel y.

        Examples
        --------
        >>> from multilayer import MLPClassifier
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["low", "low", "high", "high"]
        >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
        >>> model.classes_.tolist(), model.predict_proba([[0.5], [2.5]]).round().tolist()
        (['high', 'low'], [[0.0, 1.0], [1.0, 0.0]])

        References
        ----------
        Bridle, J. S. (1990). Probabilistic interpretation of feedforward classification network outputs.
        Neurocomputing, Springer.
        """
        self._check_is_fitted()
        return self._probabilities(self._output(X, "identity") if self.n_outputs_ == 1 else self._finite_output(X))

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """Predict the logarithm of the probability of each class, which is finite even if the probability rounds to 0.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m, n_classes)
            Logarithms of the probabilities that :meth:`predict_proba` returns.
        """
        Z = self._output(X, output="identity")
        sums = _clipped(Z).astype(np.float64, copy=False)
        if self.network_.output == "softmax":
            logarithms = SoftmaxOutput().log_h(sums)
        elif len(self.classes_) == 1:
            logarithms = np.zeros_like(sums)
        elif Z.shape[1] == 1:
            logarithms = -softplus.g(np.hstack([sums, -sums]))
        elif self._labels.multilabel:
            # Labels whose probabilities all round to 1 tie, as in predict_proba.
            h = self._output(X)
            logarithms = np.where(h > 0.5, np.log(np.maximum(h, 0.5)), -softplus.g(-sums))
        else:
            # log(h / Σ h) = log h - log Σ e^(log h), the last term as the softmax computes it.
            logarithms = SoftmaxOutput().log_h(-softplus.g(-sums))
        return logarithms.astype(Z.dtype, copy=False)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the confidence scores of the classes: the weighted sums z of the output units.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m,) for two classes, else (m, n_classes)
            For two classes, the log odds of the second, log P(2nd) - log P(1st), which for a single unit is its z; the
            second is predicted if it is positive.  For more classes, z; the class with the largest z is predicted.  For
            a multilabel y, z, the log odds of each label.

        Examples
        --------
        >>> model = MLPClassifier((), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
        >>> model.decision_function([[0.0], [1.0]]) > 0
        array([False,  True])
        """
        Z = self._output(X, output="identity")
        if self._labels.multilabel or len(self.classes_) > 2:
            return Z
        if Z.shape[1] == 1:
            return Z[:, 0]
        if self.network_.output == "softmax":
            return Z[:, 1] - Z[:, 0]
        # Two sigmoid units, whose outputs are divided by their sum: log h_2 - log h_1.
        log_h = -softplus.g(-Z.astype(np.float64, copy=False))
        return (log_h[:, 1] - log_h[:, 0]).astype(Z.dtype, copy=False)

    def _target_adapter(self) -> ClassAdapter:
        return ClassAdapter(self.loss, self.output, self.class_weight, getattr(self, "_labels", None))

    def _checked_classes(self, classes: ArrayLike | None) -> NDArray[Any] | None:
        """Return the labels that parts may hold; None if an earlier call set them."""
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
                "Omit classes, or call fit to start again."
            )
        return given

    def _probabilities(self, output: Floats) -> Floats:
        """Return the probabilities of the classes from Z of a single unit, or from H of several; row by row."""
        if self.n_outputs_ == 1:
            # Not 1 - h, which loses the digits of a small probability.
            Z = output
            return sigmoid.g(np.hstack([-Z, Z])) if len(self.classes_) == 2 else np.ones_like(Z)
        if self.network_.output == "softmax" or self._labels.multilabel:
            return output
        total = output.sum(axis=1, keepdims=True)
        # If all outputs round to 0, nothing is known of the row.
        return np.divide(output, total, out=np.full_like(output, 1.0 / output.shape[1]), where=total > 0)

    def _finite_output(self, X: ArrayLike) -> Floats:
        """Return H; weighted sums that overflow are clipped before the softmax."""
        H = self._output(X)
        if self.network_.output == "softmax" and not math.isfinite(H.sum()):
            rows = ~np.isfinite(H).all(axis=1)
            Z = _clipped(self._output(X, output="identity")[rows])
            H[rows] = SoftmaxOutput().h(Z.astype(np.float64, copy=False))
        return H

    def _fitted_labels(self) -> Labels:
        self._check_is_fitted()
        return self._labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _clipped(Z: Floats) -> Floats:
    """Clip Z so that differences of its entries are finite."""
    limit = np.finfo(Z.dtype).max / 4
    return np.clip(Z, -limit, limit)
