"""MLPRegressor: the textbook's network, for numbers, behind scikit-learn's interface."""

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
from multilayer.estimators.base import BaseMLP, keep_parameters
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
from multilayer.network import Floats
from multilayer.training import Listener
from multilayer.training.schedules import AnySchedule
from multilayer.training.starting import SCIKIT_LEARN, Initialization


class MLPRegressor(RegressorMixin, BaseMLP):
    r"""A multilayer perceptron that estimates numbers.

    Trains by minimising the cost of ``loss``, summed over the outputs, plus ``alpha`` / (2m) times the squared
    weights (and ``l1_alpha`` / m times their absolute values), m the number of rows in the batch (with sample weights:
    their sum); biases are not penalised.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for none.
    activation : str, Activation or sequence of these, default="relu"
        Activation of the hidden units, one for all layers or one a layer: "relu", "tanh", "logistic" (or its other
        name "sigmoid"), "identity", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus".  Or one's own, an
        object with ``g(z)`` and its derivative ``g_prime(z)``, which is checked before training and runs on the
        reference engine.
    loss : str or Cost, default="squared_error"
        The cost.  "squared_error": half the squared error, for numbers of any kind; bring them to a scale near 1.
        "absolute_error": its best answer is the median.  "huber": squared up to an error of 1 and straight beyond, so
        that outliers pull no harder.  "quantile": see ``quantile``.
        "poisson": half the Poisson deviance, for counts and rates; y must not be negative, and answers are positive.
        "gamma": half the Gamma deviance, for amounts above 0 that scatter in proportion to their mean.
        Or a cost: ``Huber(2.0)`` of :mod:`multilayer.equations`, or one's own, an object with ``value(Z, Y)`` and
        ``delta(Z, Y)``, which is checked before training and runs on the reference engine.
    quantile : float or sequence of float, default=0.5
        For loss="quantile": the share of targets that are to lie below the answer.  With several, in rising order, the
        network answers all of them, and they never cross: ``predict`` returns (m, number of quantiles).
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
        The score of the rows that validate; higher is better.  "auto": R², its mean over the
        outputs.  "loss": minus the cost without regularisation.  Or any scorer of scikit-learn's, by its name or as a
        function of (estimator, X, y), whose X is as the network sees it.
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
    standardize_targets : bool, default=False
        Take the mean off y and divide by the standard deviation before training, each output by itself, and put both
        back in ``predict``; with sample weights, by weight.  Not for loss="poisson" and "gamma".  Costs and
        their curves are then those of standardised targets, and so are ``loss="huber"``'s errors; scores and scorers
        see y itself.  The rows are those that train: not the ones held out.  ``partial_fit`` takes them from
        its first part, and ``warm_start`` keeps what the first fit took.  A constant output, whose spread is within
        the rounding of its values, is answered with exactly that number; if it varies in a later part, it takes mean
        and deviation from that one.
    normalization : "layer" or None, default=None
        "layer": the weighted sums of each hidden layer are brought to mean 0 and variance 1 over its units, for each
        row by itself, then multiplied by a gain and moved by a shift, which are learned; then comes the activation.
        Gain and shift are neither penalised nor decayed.

    Attributes
    ----------
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
    target_mean_, target_scale_ : ndarray of shape (n_outputs_,) or None
        With ``standardize_targets``, the mean of the targets of each output unit and their standard deviation, 0
        where they are constant but for rounding.
    loss_curve_ : list of float
        Mean cost of each epoch's batches, each before its update; of solver="lbfgs", the cost after each iteration.
        With several outputs and loss="squared_error" it is divided by their number, as in scikit-learn.
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
        Their kind, in scikit-learn's words: "identity" or "exp".
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
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=0)
    >>> y = (y - y.mean()) / y.std()
    >>> model = MLPRegressor((16,), solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.999
    True

    References
    ----------
    docs/mathematics.md derives costs and gradient.  Same ``random_state``, same training as scikit-learn's class of
    this name; docs/migration.md lists where this one differs.
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
    ) -> None:
        keep_parameters(self, locals())

    @available_if(BaseMLP._learns_in_parts)  # type: ignore[untyped-decorator]
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
            As in :meth:`fit`: the weights that scored best in any call so far are kept, and training goes on from the
            last.  No call refuses to train: when to stop calling is yours to say, by ``validation_scores_``.

        Returns
        -------
        self
            If training fails, it is as it was before.
        """
        return self._fit_one_epoch(X, y, sample_weight, ValidationArguments(X_val, y_val, sample_weight_val))

    def predict(self, X: ArrayLike) -> Floats:
        """The network's answer for each row.

        Parameters
        ----------
        X : array, sparse matrix or frame of shape (m, s_1)

        Returns
        -------
        array of shape (m,), or (m, K) for several outputs or quantiles
        """
        H, scale = self._answer(X), self._target_scale
        if scale is not None:
            H = scale.restored(H)
        return H.ravel() if H.shape[1] == 1 else H

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """R²; of several quantiles, the share of the quantile cost of constant answers that these save, its mean."""
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
