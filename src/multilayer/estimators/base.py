"""What the two estimators share: from parameters and a table to a trained network, and from it to attributes."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from multilayer.engines import Objective, get_engine
from multilayer.estimators.class_weights import ClassWeights, times
from multilayer.estimators.continuing import Continuing, begun, continued
from multilayer.estimators.copies import Copied
from multilayer.estimators.data import Call, Rows, Table, Targets, ValidationArguments
from multilayer.estimators.ending import warn_of_an_interruption, warn_of_the_end
from multilayer.estimators.errors import (
    NotFittedError,
    divergence_in_both_words,
    input_errors,
    unchanged_on_failure,
)
from multilayer.estimators.inputs import (
    are_as_needed,
    canonical,
    check_column_order,
    checked_weight,
    checked_y,
    is_as_needed,
)
from multilayer.estimators.inside import Inside
from multilayer.estimators.metrics import Watched, measure
from multilayer.estimators.optimising import (
    dropout_rates,
    settle_average,
    warn_of_options_without_effect,
    with_dropout_seed,
)
from multilayer.estimators.parameters import check_activation, checked
from multilayer.estimators.printing import EpochTable
from multilayer.estimators.recipes import descent_recipe, lbfgs_recipe, warn_of_parameters_without_effect
from multilayer.estimators.scikit_learn_callbacks import CallbackSupportMixin, scikit_learn_listeners, torn_down
from multilayer.estimators.validation import about_validation_data, validation_rows
from multilayer.estimators.weights import Views, write
from multilayer.exceptions import ParameterError, ShapeError
from multilayer.network import Floats, Network, coefs, intercepts, thetas
from multilayer.training import Listener, Run, Validation, restore_best, standing, train, train_lbfgs
from multilayer.training.starting import Initialization

DTYPES = (np.float64, np.float32)  # what X may stay; validation turns everything else into the first


class BaseMLP(CallbackSupportMixin, Inside, Copied, ABC):
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
    _y_is_labels: ClassVar[bool] = False

    @abstractmethod
    def _targets(self, y: Any, dtype: np.dtype[Any], call: Call) -> Targets:
        """Targets from a validated y, (m,) or (m, K); sets the attributes that say what their columns mean."""

    def _class_weights(self, y: Any, weight: Floats | None, call: Call) -> ClassWeights | None:  # noqa: ARG002
        """How many rows each row of a class counts for; None for one."""
        return None

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, CSR matrix or frame of shape (m, s_1)
            float32 stays float32, everything else is computed in float64.  Other sparse formats become CSR.
        y : array of shape (m,) or (m, K)
            The targets: class labels, zeros and ones in one column a label, or numbers.
        sample_weight : array of shape (m,), default=None
            How many rows each row counts for; not negative.
        X_val, y_val : as X and y, default=None
            Rows to validate on after each epoch; none of them is trained on, and all rows of X are.  The best weights
            are kept; with ``early_stopping`` training stops by them, too.  y_val has no labels that y has not.
        sample_weight_val : array of the length of y_val, default=None
            Their weights.
        groups : array of shape (m,), default=None
            For a ``validation_fraction`` that splits by groups.

        Returns
        -------
        self
            The fitted estimator.  If training fails, it is as it was before.
        """
        with unchanged_on_failure(self), divergence_in_both_words():
            settings = checked(self)
            given = ValidationArguments(X_val, y_val, sample_weight_val, groups)
            call = Call(settings.warm_start and hasattr(self, "_run"), validation=given)
            self._train(settings, X, y, sample_weight, call)
        return self

    def _fit_one_epoch(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        given: ValidationArguments,
        classes: ArrayLike | None = None,
    ) -> Self:
        with unchanged_on_failure(self), divergence_in_both_words():
            settings = checked(self)
            if settings.early_stopping and not given.has_rows:
                raise ParameterError(
                    "partial_fit does not support early_stopping=True: a part of the data has no rows to spare, and "
                    "one epoch no stop to make. Set early_stopping=False, and watch score() on rows of your own, or "
                    "pass them as X_val and y_val."
                )
            call = Call(hasattr(self, "_run"), is_part=True, classes=classes, validation=given)
            self._train(settings, X, y, sample_weight, call)
        return self

    def _train(self, settings: SimpleNamespace, X: Any, y: Any, sample_weight: Any, call: Call) -> None:
        get_engine(self.engine)  # an unknown one is named before the data are looked at
        hidden = check_activation(self.activation, len(settings.hidden_layer_sizes))
        dropout = dropout_rates(settings)
        call.validation.check_complete()
        warn_of_parameters_without_effect(settings, call.validation)
        warn_of_options_without_effect(settings)
        given = X
        rows = self._read(X, y, sample_weight, call)
        table, targets = rows.training, rows.targets
        sizes = (table.X.shape[1], *settings.hidden_layer_sizes, table.Y.shape[1])
        network = Network(sizes, hidden, targets.loss.output, targets.loss.cost)
        engine = get_engine(self.engine, network)
        objective = Objective(network, table.X, table.Y, settings.alpha, table.weight, dropout, lam1=settings.l1_alpha)

        with torn_down(self), self._run_for(objective, settings, call.goes_on) as run:
            objective = with_dropout_seed(objective, run)
            settle_average(run, averages=settings.weight_averaging > 0 and settings.solver != "lbfgs")
            with input_errors():
                validating = validation_rows(run, rows, settings, call.validation.groups)
            validation = None
            if validating is not None:
                watched = Watched(settings.early_stopping_metric, targets, self._view(network))
                validation = Validation(measure(engine, network, validating, watched), settings.early_stopping)
            listeners = list(settings.callbacks)
            if settings.verbose:
                listeners.append(EpochTable(targets.cost_divisor, every_epoch=settings.verbose > 1))
            if not call.is_part:
                listeners += scikit_learn_listeners(self, run, given, table.y, table.weight)
            epochs_before = run.history.n_epochs
            if settings.solver == "lbfgs":
                train_lbfgs(engine, objective, lbfgs_recipe(settings), run, listeners, validation)
            else:
                n_rows = table.X.shape[0] if run.rows is None else len(run.rows)
                recipe = descent_recipe(settings, run, n_rows, targets.cost_divisor, is_part=call.is_part)
                continued(run, recipe, n_rows, is_part=call.is_part)
                train(engine, objective, recipe, run, listeners, validation)
            restore_best(run)
            n_epochs = run.history.n_epochs - epochs_before
            # Within the block: where warnings are errors, this one too leaves everything as it was.
            if call.is_part:
                warn_of_an_interruption(run, n_epochs, 1)
            else:
                warn_of_the_end(run, n_epochs, settings)
            self._last_was_part = call.is_part
            self._keep(network, run, targets.cost_divisor, n_epochs, validated=validation is not None)

    def _read(self, X: Any, y: Any, sample_weight: Any, call: Call) -> Rows:
        # What goes on is computed in the dtype it began with.
        dtype = self.parameters_.dtype if call.goes_on else DTYPES
        with input_errors(X):
            X, y = self._validated(X, y, dtype, reset=not call.goes_on)
        weight = checked_weight(sample_weight, X)
        with input_errors():
            targets = self._targets(y, X.dtype, call)
        of_classes = self._class_weights(y, weight, call)
        if of_classes is not None:
            weight = times(of_classes.of_rows(y), weight, X.dtype)
        table, given = Table(X, y, targets.Y, weight), call.validation
        if not given.has_rows:
            return Rows(table, targets)
        with about_validation_data(), input_errors(given.X):
            X, y = self._validated(given.X, given.y, X.dtype, reset=False)
            weight = checked_weight(given.weight, X, "sample_weight_val")
            Y = self._targets(y, X.dtype, Call(goes_on=True, is_validation=True)).Y
            if Y.shape[1] != table.Y.shape[1]:
                raise ShapeError(f"y_val must have as many columns as y, {table.Y.shape[1]}, got {Y.shape[1]}.")
            if of_classes is not None:
                weight = times(of_classes.of_rows(y), weight, X.dtype)
        return Rows(table, targets, Table(X, y, Y, weight))

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

    def _validated(self, X: Any, y: Any, dtype: Any, *, reset: bool) -> tuple[Any, Any]:
        y = checked_y(y, are_labels=self._y_is_labels)
        if not reset:
            if not hasattr(self, "feature_names_in_") and are_as_needed(X, y, self.n_features_in_, dtype):
                return X, y
            check_column_order(self, X)
        X, y = validate_data(self, X, y, accept_sparse="csr", multi_output=True, dtype=dtype, order="C", reset=reset)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y.toarray() if issparse(y) else y, warn=True)
        return canonical(X), y

    def _view(self, network: Network) -> Self:
        """This estimator as a scorer is to see it while it trains: X is checked already, and weights are put in."""
        view: Any = copy.copy(self)
        view.network_, view.n_outputs_ = network, network.layer_sizes[-1]
        vars(view).pop("feature_names_in_", None)
        return view

    def _answer(self, X: ArrayLike, output: str | None = None) -> Floats:
        """H, (m, K), or the answers of the same weights with another output unit: "identity" gives Z."""
        self._check_is_fitted()
        rows = self._rows(X)
        network = self.network_
        if output is not None:
            network = Network(network.layer_sizes, network.hidden, output)
        return get_engine(self.engine, network).predict(network, self.parameters_, rows)

    def _rows(self, X: ArrayLike) -> Any:
        """X as an engine needs it to predict."""
        if is_as_needed(X, self.n_features_in_) and not hasattr(self, "feature_names_in_"):
            return X
        with input_errors(X):
            check_column_order(self, X)
            return canonical(validate_data(self, X, accept_sparse="csr", dtype=DTYPES, order="C", reset=False))

    def _posed(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Objective, Targets]:
        """What the fitted network would minimise on these data, which are read as fit has read its own."""
        self._check_is_fitted()
        settings = checked(self)
        with input_errors(X):
            rows, y = self._validated(X, y, self.parameters_.dtype, reset=False)
        weight = checked_weight(sample_weight, rows)
        with input_errors():
            targets = self._targets(y, rows.dtype, Call(goes_on=True, is_part=True))
        if targets.Y.shape[1] != self.n_outputs_:
            raise ShapeError(
                f"y must have {self.n_outputs_} columns, as in fit, got {targets.Y.shape[1]}. Pass the same targets."
            )
        return Objective(self.network_, rows, targets.Y, settings.alpha, weight, lam1=settings.l1_alpha), targets

    def _keep(self, network: Network, run: Run, cost_divisor: int, n_epochs: int, *, validated: bool) -> None:
        self._run = run
        self.network_ = network
        self.parameters_ = standing(run)
        known = getattr(self, "loss_curve_", []) if run.history.n_epochs > n_epochs else []
        self.loss_curve_ = known
        self.loss_curve_ += [cost / cost_divisor for cost in run.history.costs[len(known) :]]
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_ = None if run.watches_score else run.stop.best_cost / cost_divisor
        costs = (run.history.validation_costs or []) if validated else None
        self.validation_loss_curve_ = [cost / cost_divisor for cost in costs] if costs and cost_divisor > 1 else costs
        self.validation_scores_ = (run.history.validation_scores or []) if validated else None
        self.best_validation_score_ = run.best_score if run.best_score > -np.inf else None
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
