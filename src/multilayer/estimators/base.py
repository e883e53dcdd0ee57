"""What the two estimators share: from parameters and a table to a trained network, and from it to attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import column_or_1d
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from multilayer.engines import Objective, get_engine
from multilayer.estimators.continuing import Continuing, begun, continued
from multilayer.estimators.ending import epoch_printer, warn_of_the_end
from multilayer.estimators.errors import NotFittedError, input_errors, unchanged_on_failure
from multilayer.estimators.holding_out import hold_nothing_out, hold_out, validation
from multilayer.estimators.inputs import checked_y, is_as_needed
from multilayer.estimators.losses import Loss
from multilayer.estimators.optimising import (
    dropout_rates,
    settle_average,
    warn_of_options_without_effect,
    with_dropout_seed,
)
from multilayer.estimators.parameters import check_activation, checked
from multilayer.estimators.recipes import descent_recipe, lbfgs_recipe, warn_of_parameters_without_effect
from multilayer.estimators.scores import Score
from multilayer.estimators.weights import Views, write
from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.network import Floats, Network, coefs, intercepts, thetas
from multilayer.training import Listener, Run, restore_best, standing, train, train_lbfgs
from multilayer.training.starting import Initialization

DTYPES = (np.float64, np.float32)  # what X may stay; validation turns everything else into the first


@dataclass(frozen=True)
class Targets:
    """What y has become."""

    Y: Floats  # (m, K)
    loss: Loss  # the output unit and its cost
    score: Score  # of the rows held out
    stratify: bool = False  # whether the rows held out are to have as large a share of each class
    cost_divisor: int = 1  # the costs that are shown are J divided by this


@dataclass(frozen=True)
class Call:
    """What is asked of a training."""

    goes_on: bool  # from where the network stands
    is_part: bool = False  # one epoch on a part of the data
    classes: ArrayLike | None = None  # the labels that parts may hold


class BaseMLP(BaseEstimator, ABC):
    """A multilayer perceptron behind scikit-learn's interface; what its targets mean is left to the two estimators."""

    hidden_layer_sizes: int | Sequence[int]
    activation: str | Sequence[str]
    solver: str
    early_stopping: bool
    initialization: Initialization
    engine: str
    callbacks: Sequence[Listener]
    network_: Network
    parameters_: Floats
    n_outputs_: int
    loss_curve_: list[float]
    _run: Run
    _y_is_labels: ClassVar[bool] = False

    @abstractmethod
    def _targets(self, y: Any, dtype: np.dtype[Any], call: Call) -> Targets:
        """Targets from a validated y, (m,) or (m, K); sets the attributes that say what their columns mean."""

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, CSR matrix or frame of shape (m, s_1)
            float32 stays float32, everything else is computed in float64.  Other sparse formats become CSR.
        y : array of shape (m,) or (m, K)
            The targets: class labels, zeros and ones in one column a label, or numbers.
        sample_weight : array of shape (m,), default=None
            How many rows each row counts for; not negative.

        Returns
        -------
        self
            The fitted estimator.  If training fails, it is as it was before.
        """
        with unchanged_on_failure(self):
            settings = checked(self)
            self._train(settings, X, y, sample_weight, Call(settings.warm_start and hasattr(self, "_run")))
        return self

    def _fit_one_epoch(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, classes: ArrayLike | None = None
    ) -> Self:
        with unchanged_on_failure(self):
            settings = checked(self)
            if settings.early_stopping:
                raise ParameterError(
                    "partial_fit does not support early_stopping=True: a part of the data has no rows to spare, and "
                    "one epoch no stop to make. Set early_stopping=False, and watch score() on rows of your own."
                )
            self._train(settings, X, y, sample_weight, Call(hasattr(self, "_run"), is_part=True, classes=classes))
        return self

    def _train(self, settings: SimpleNamespace, X: Any, y: Any, sample_weight: Any, call: Call) -> None:
        get_engine(self.engine)  # an unknown one is named before the data are looked at
        hidden = check_activation(self.activation, len(settings.hidden_layer_sizes))
        dropout = dropout_rates(settings)
        warn_of_parameters_without_effect(settings)
        warn_of_options_without_effect(settings)
        with input_errors():
            X, y = self._validated(X, y, call.goes_on)
        weight = _checked_weight(sample_weight, X)
        with input_errors():
            targets = self._targets(y, X.dtype, call)
        sizes = (X.shape[1], *settings.hidden_layer_sizes, targets.Y.shape[1])
        network = Network(sizes, hidden, targets.loss.output, targets.loss.cost)
        engine = get_engine(self.engine, network)
        objective = Objective(network, X, targets.Y, settings.alpha, weight, dropout, lam1=settings.l1_alpha)
        is_lbfgs = settings.solver == "lbfgs"
        validates = settings.early_stopping and not is_lbfgs

        with self._run_for(objective, settings, call.goes_on) as run:
            objective = with_dropout_seed(objective, run)
            settle_average(run, averages=settings.weight_averaging > 0 and not is_lbfgs)
            if validates:
                with input_errors():
                    hold_out(run, targets.Y, settings.validation_fraction, stratify=targets.stratify)
            else:
                hold_nothing_out(run)
            listeners = list(settings.callbacks)
            if settings.verbose:
                listeners.append(epoch_printer(targets.cost_divisor))
            epochs_before = run.history.n_epochs
            if is_lbfgs:
                train_lbfgs(engine, objective, lbfgs_recipe(settings), run, listeners)
            else:
                n_rows = X.shape[0] if run.rows is None else len(run.rows)
                recipe = descent_recipe(settings, run, n_rows, targets.cost_divisor, is_part=call.is_part)
                continued(run, recipe, n_rows, is_part=call.is_part)
                validate = validation(engine, objective, run, targets.score) if validates else None
                train(engine, objective, recipe, run, listeners, validate)
                restore_best(run)
            n_epochs = run.history.n_epochs - epochs_before
            if not call.is_part:
                # Within the block: where warnings are errors, this one too leaves everything as it was.
                warn_of_the_end(run, n_epochs, settings, validates)
            self._keep(objective.network, run, targets.cost_divisor, n_epochs, validates)

    @contextmanager
    def _run_for(self, objective: Objective, settings: SimpleNamespace, goes_on: bool) -> Iterator[Run]:
        """A new run, or the one to go on with; an error within the block leaves that one as it was."""
        if goes_on:
            network = objective.network
            with Continuing(self._run, self.parameters_, self.network_, network, self.loss_curve_) as run:
                yield run
        else:
            gate = check_activation(self.activation if isinstance(self.activation, str) else "relu", 1)[0]
            yield begun(objective, settings, self.initialization, gate)

    def _validated(self, X: Any, y: Any, goes_on: bool) -> tuple[Any, Any]:
        # What goes on is computed in the dtype it began with.
        dtype = self.parameters_.dtype if goes_on else DTYPES
        y = checked_y(y, are_labels=self._y_is_labels)
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=dtype, order="C", reset=not goes_on
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y.toarray() if issparse(y) else y, warn=True)
        return _canonical(X), y

    def _answer(self, X: ArrayLike, output: str | None = None) -> Floats:
        """H, (m, K), or the answers of the same weights with another output unit: "identity" gives Z."""
        self._check_is_fitted()
        rows: Any = X
        if not is_as_needed(X, self.n_features_in_) or hasattr(self, "feature_names_in_"):
            with input_errors():
                rows = _canonical(validate_data(self, X, accept_sparse="csr", dtype=DTYPES, order="C", reset=False))
        network = self.network_
        if output is not None:
            network = Network(network.layer_sizes, network.hidden, output)
        return get_engine(self.engine, network).predict(network, self.parameters_, rows)

    def _keep(self, network: Network, run: Run, cost_divisor: int, n_epochs: int, validates: bool) -> None:
        self._run = run
        self.network_ = network
        self.parameters_ = standing(run)
        known = getattr(self, "loss_curve_", []) if run.history.n_epochs > n_epochs else []
        self.loss_curve_ = known
        self.loss_curve_ += [cost / cost_divisor for cost in run.history.costs[len(known) :]]
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = None if validates else run.stop.best_cost / cost_divisor
        self.validation_scores_ = run.history.validation_scores if validates else None
        self.best_validation_score_ = -run.stop.best_cost if validates else None
        self.n_iter_ = n_epochs
        self.t_ = run.rows_seen
        self.n_layers_ = len(network.layer_sizes)
        self.n_outputs_ = network.layer_sizes[-1]
        self.out_activation_ = "logistic" if network.output == "sigmoid" else network.output

    @property
    def thetas_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(thetas(self.network_, self.parameters_))

    @property
    def coefs_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(coefs(self.network_, self.parameters_))

    @coefs_.setter
    def coefs_(self, values: Sequence[Floats]) -> None:
        write("coefs_", self.coefs_, values)

    @property
    def intercepts_(self) -> list[Floats]:
        self._check_is_fitted()
        return Views(intercepts(self.network_, self.parameters_))

    @intercepts_.setter
    def intercepts_(self, values: Sequence[Floats]) -> None:
        write("intercepts_", self.intercepts_, values)

    def _check_is_fitted(self) -> None:
        try:
            check_is_fitted(self, "parameters_")
        except ValueError:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet. Call fit(X, y) first.") from None

    def _learns_in_parts(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for solver='adam' and 'sgd': 'lbfgs' needs all of the data at once."
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def keep_parameters(estimator: object, arguments: dict[str, Any]) -> None:
    """The body of a constructor: each argument becomes an attribute of its name, unchecked, as scikit-learn asks."""
    vars(estimator).update({name: value for name, value in arguments.items() if name not in ("self", "__class__")})


def _canonical(X: Any) -> Any:
    """CSR without entries that are to be added up; the caller's matrix is left as it is."""
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def _checked_weight(sample_weight: Any, X: Any) -> Floats | None:
    if sample_weight is None:
        return None
    try:
        weight: Floats = _check_sample_weight(sample_weight, X, dtype=X.dtype)
    except (TypeError, ValueError) as error:
        kind = InputTypeError if isinstance(error, TypeError) else InputError
        raise kind(
            f"sample_weight must be one finite number for each of the {X.shape[0]} rows, not negative and not all 0: "
            f"{error}"
        ) from None
    if weight.min() < 0:
        raise InputError(
            f"sample_weight must not be negative, got values from {weight.min():g} to {weight.max():g}. "
            "Remove rows that are not to count, or give them the weight 0."
        )
    return weight
