"""MLPRegressor: the textbook's network for numbers, with scikit-learn's interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples

from multilayer.equations import Cost, Quantile
from multilayer.equations.activations import Hidden
from multilayer.estimators.base import BaseMLP, set_parameters
from multilayer.fits.columns import checked_weight, checked_y
from multilayer.fits.errors import input_errors
from multilayer.fits.losses import (
    Loss,
    repeated,
)
from multilayer.fits.reading import validated
from multilayer.fits.rows import ValidationArguments
from multilayer.fits.scores import pinball_d2
from multilayer.fits.settings import VALIDATION_FRACTION, Metric, ValidationFraction
from multilayer.fits.targets import NumberAdapter, as_numbers
from multilayer.network import Floats, PeriodicEmbedding
from multilayer.training import Listener
from multilayer.training.schedules import AnySchedule
from multilayer.training.starting import SCIKIT_LEARN, Initialization


class MLPRegressor(RegressorMixin, BaseMLP):
    r"""Multilayer perceptron regressor.

    Training minimises the cost of ``loss``, summed over the outputs, plus ``alpha`` / (2m) times the sum of the squared
    weights and ``l1_alpha`` / m times the sum of their absolute values, where m is the number of rows in the batch or,
    with sample weights, their sum.  Biases are not penalised.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for no hidden layer.
    activation : str, Activation or sequence of these, default="relu"
        Activation of the hidden units, one for all layers or one per layer: "relu", "tanh", "logistic" or "sigmoid"
        (the same), "identity", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus".  Or a custom object
        with ``g(z)`` and its derivative ``g_prime(z)``, which is checked before training and runs on the reference
        engine.
    loss : str or Cost, default="squared_error"
        The cost.  "squared_error": half the squared error; scale y near 1.  "absolute_error": estimates the median.
        "huber": squared up to an error of 1 and linear beyond, so that outliers have a bounded influence.  "quantile":
        see ``quantile``.  "poisson": half the Poisson deviance, for counts and rates; y must not be negative, and
        predictions are positive.  "gamma": half the Gamma deviance, for positive amounts whose spread is proportional
        to their mean.  Or a cost of :mod:`multilayer.equations`, such as ``Huber(2.0)``, or a custom object with
        ``value(Z, Y)`` and ``delta(Z, Y)``, which is checked before training and runs on the reference engine.
    quantile : float or sequence of float, default=0.5
        Only for loss="quantile": the quantile to predict.  Several quantiles, in ascending order, are predicted
        together and never cross; ``predict`` then returns an array of shape (m, number of quantiles).
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
        The score of the validation rows; higher is better.  "auto": R², averaged over the outputs.  "loss": minus the
        cost without regularisation.  Or any scorer of scikit-learn, by name or as a function of (estimator, X, y); X is
        passed as the network receives it.
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
    standardize_targets : bool, default=False
        Whether to train on (y - mean) / standard deviation, separately for each output; ``predict`` returns the units
        of y.  Mean and deviation are those of the training rows, weighted by sample weights, without the rows held out.
        Not for loss="poisson" and "gamma".  Costs and the errors of ``loss="huber"`` then refer to standardised
        targets, scores to y.  ``partial_fit`` computes mean and deviation from its first part, and ``warm_start`` keeps
        those of the first fit.  For a constant output, whose spread is within the rounding of its values, exactly that
        number is predicted; if it varies in a later part, mean and deviation are computed from that part.
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
    target_mean_, target_scale_ : ndarray of shape (K,) or None
        With ``standardize_targets``, mean and standard deviation of the targets of each output unit; the deviation is 0
        if they are constant except for rounding.
    loss_curve_ : list of float
        Mean cost of the batches of each epoch, before their updates; for solver="lbfgs", the cost after each
        iteration.  For several outputs and loss="squared_error" it is divided by their number, as in scikit-learn.
        Continued by ``warm_start`` and ``partial_fit``.
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
        Activation of the output units by scikit-learn's names: "identity" or "exp".
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
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=0)
    >>> y = (y - y.mean()) / y.std()
    >>> model = MLPRegressor((16,), solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.999
    True

    References
    ----------
    docs/learn/mathematics.md derives costs and gradient.  With the same ``random_state``, training equals that of
    scikit-learn's class of this name; docs/explanation/scikit-learn.md lists the differences.
    """

    loss: str | Cost
    quantile: float | Sequence[float]
    standardize_targets: bool
    target_mean_: NDArray[np.float64] | None
    target_scale_: NDArray[np.float64] | None

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: Hidden = "relu",
        *,
        loss: str | Cost = "squared_error",
        quantile: float | Sequence[float] = 0.5,
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
        initialization: Initialization = SCIKIT_LEARN,
        engine: str = "auto",
        callbacks: Sequence[Listener] = (),
        l1_alpha: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float = 0.0,
        dropout: float | Sequence[float] = 0.0,
        input_dropout: float = 0.0,
        standardize_targets: bool = False,
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
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on a part of the data, from the last weights.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`.
        X_val, y_val, sample_weight_val
            As in :meth:`fit`.  The weights of the best score of all calls are kept, and training continues from the
            last weights.  ``partial_fit`` never stops early: watch ``validation_scores_`` to decide when to stop.

        Returns
        -------
        self
            The fitted estimator.  If training fails, it is unchanged.
        """
        return self._fit_one_epoch(X, y, sample_weight, ValidationArguments(X_val, y_val, sample_weight_val))

    def predict(self, X: ArrayLike) -> Floats:
        """Predict the targets of each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.

        Returns
        -------
        array of shape (m,), or (m, K) for several outputs or quantiles
            Predictions in the units of y.
        """
        H, scale = self._output(X), self._target_scale
        if scale is not None:
            H = scale.restored(H)
        return H.ravel() if H.shape[1] == 1 else H

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return R²; for several quantiles, the mean of D², the same with the quantile cost.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)
            The rows.
        y : array of shape (m,) or (m, K)
            The true values.
        sample_weight : array of shape (m,), default=None
            Weights of the rows.

        Returns
        -------
        float
            1 for perfect predictions, 0 for the best constant.
        """
        self._check_is_fitted()
        cost = self.network_.cost
        if not (isinstance(cost, Quantile) and len(cost.levels) > 1):
            weight = checked_weight(sample_weight, _num_samples(X), np.dtype(np.float64))
            return float(super().score(X, checked_y(y, are_labels=False), weight))
        with input_errors():
            rows, given = validated(self, X, y, self.parameters_.dtype, reset=False, are_labels=False)
        numbers = as_numbers(given).astype(np.float64, copy=False).reshape(rows.shape[0], -1)
        Y = repeated(numbers, Loss(self.network_.output, cost, len(cost.levels)))
        return pinball_d2(cost.levels)(self.predict(X), Y, checked_weight(sample_weight, rows.shape[0], rows.dtype))

    def _target_adapter(self) -> NumberAdapter:
        return NumberAdapter(self.loss, self.quantile, self.standardize_targets, self._target_scale)
