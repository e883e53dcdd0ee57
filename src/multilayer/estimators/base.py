"""What the two estimators share: from parameters and a table to a trained network, and from it to attributes."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from multilayer.engines import Engine, Objective, get_engine
from multilayer.equations.activations import Hidden
from multilayer.estimators.documentation import DocumentedMixin
from multilayer.estimators.printing import EpochTable
from multilayer.estimators.weights import Weights
from multilayer.exceptions import ParameterError, ShapeError
from multilayer.fits.class_weights import ClassWeights, with_class_weights
from multilayer.fits.copies import Copied
from multilayer.fits.custom import check_own_activations, warn_of_the_reference_engine
from multilayer.fits.errors import divergence_in_both_words, input_errors, unchanged_on_failure
from multilayer.fits.fit import Fit
from multilayer.fits.inputs import checked_weight
from multilayer.fits.options import (
    dropout_rates,
    warn_of_normalization,
    warn_of_options_without_effect,
)
from multilayer.fits.reading import Reading
from multilayer.fits.recipe import warn_of_parameters_without_effect
from multilayer.fits.resume import Continuing, begun
from multilayer.fits.rows import Call, Part, Rows, Table, Targets, ValidationArguments
from multilayer.fits.scikit_learn_callbacks import CallbackSupportMixin, scikit_learn_listeners, torn_down
from multilayer.fits.settings import check_activation, checked
from multilayer.fits.snapshots import as_it_stands, offer
from multilayer.fits.target_scale import TargetScale, dtype_given
from multilayer.inspection.inside import Inside
from multilayer.network import Floats, Network
from multilayer.training import Listener, Run, standing
from multilayer.training.starting import Initialization


class BaseMLP(DocumentedMixin, CallbackSupportMixin, Inside, Reading, Weights, Copied, ABC):
    """A multilayer perceptron behind scikit-learn's interface; what its targets mean is left to the two estimators."""

    # With metadata routing, groups are for splitters; fit gets them where set_fit_request(groups=True) says so.
    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}
    hidden_layer_sizes: int | Sequence[int]
    activation: Hidden
    solver: str
    early_stopping: bool
    n_iter_no_change: float | None
    initialization: Initialization
    engine: str
    callbacks: Sequence[Listener]
    network_: Network
    parameters_: Floats
    n_outputs_: int
    loss_curve_: list[float]

    @abstractmethod
    def _targets(self, y: Any, dtype: np.dtype[Any], call: Call) -> Targets:
        """Targets from a validated y, (m,) or (m, K); sets the attributes that say what their columns mean."""

    def _class_weights(self, y: Any, weight: Floats | None, call: Call) -> ClassWeights | None:  # noqa: ARG002
        """How many rows each row of a class counts for; None for one."""
        return None

    def _settle_targets(self, rows: Rows, run: Run, call: Call) -> None:
        """Decide, once it is known which rows train, what is taken off the targets."""

    @property
    def _target_scale(self) -> TargetScale | None:
        """What is taken off the targets before training and put back by predict."""
        mean, deviation = getattr(self, "target_mean_", None), getattr(self, "target_scale_", None)
        return None if mean is None or deviation is None else TargetScale(mean, deviation)

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

    def _finish(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, given: ValidationArguments) -> Self:
        """Train the epochs that are left of a fit that was cut off, as if it had not been."""
        with unchanged_on_failure(self), divergence_in_both_words():
            settings = checked(self)
            settings.max_iter -= self.n_iter_
            self._train(settings, X, y, sample_weight, Call(True, validation=given, epochs_done=self.n_iter_))
        return self

    def _train(self, settings: SimpleNamespace, X: Any, y: Any, sample_weight: Any, call: Call) -> None:
        call.validation.check_complete()
        self._warn_of_what_has_no_effect(settings, call)
        rows, engine, objective = self._read_for_training(settings, X, y, sample_weight, call)
        with torn_down(self), self._run_for(objective, settings, call.goes_on) as run:
            fit = Fit(self, settings, rows, (engine, objective), run, call)
            self._last_was_part = call.is_part
            listeners = self._listeners(settings, run, rows, X, call)

            def snapshot() -> Any:
                copied, held = as_it_stands(self, run)
                fit.keep_in(copied, held)
                return copied

            offer(listeners, snapshot)
            fit.advance(listeners=listeners)
            # Within the block: where warnings are errors, they too leave everything as it was.
            fit.end()

    def _begin(self, part: Part, validation: ValidationArguments) -> Fit:
        """A fit on some rows of a shared table, before its first update."""
        settings, call = checked(self), Call(goes_on=False, part=part, validation=validation)
        self._warn_of_what_has_no_effect(settings, call)
        self._last_was_part = False
        return self._before_its_first_update(settings, None, None, None, call)

    def _before_its_first_update(
        self, settings: SimpleNamespace, X: Any, y: Any, sample_weight: Any, call: Call
    ) -> Fit:
        rows, engine, objective = self._read_for_training(settings, X, y, sample_weight, call)
        with self._run_for(objective, settings, goes_on=False) as run:
            return Fit(self, settings, rows, (engine, objective), run, call)

    def _warn_of_what_has_no_effect(self, settings: SimpleNamespace, call: Call) -> None:
        warn_of_parameters_without_effect(settings, call.validation)
        warn_of_options_without_effect(settings)
        warn_of_normalization(settings)

    def _listeners(self, settings: SimpleNamespace, run: Run, rows: Rows, X: Any, call: Call) -> list[Listener]:
        """Who hears of the training; X is as the caller gave it."""
        listeners = list(settings.callbacks)
        if settings.verbose:
            listeners.append(EpochTable(rows.targets.cost_divisor, every_epoch=settings.verbose > 1))
        if not call.is_part:
            listeners += scikit_learn_listeners(self, run, X, rows.training.y, rows.training.weight)
        return listeners

    def _read_for_training(
        self, settings: SimpleNamespace, X: Any, y: Any, sample_weight: Any, call: Call
    ) -> tuple[Rows, Engine, Objective]:
        """The rows, and what is to be minimised on them, by which engine."""
        get_engine(self.engine)  # an unknown one is named before the data are looked at
        hidden = check_activation(self.activation, len(settings.hidden_layer_sizes))
        check_own_activations(hidden, self.network_.hidden if call.goes_on else ())
        dropout = dropout_rates(settings)
        rows = self._read(X, y, sample_weight, call)
        table, loss = rows.training, rows.targets.loss
        sizes = (table.X.shape[1], *settings.hidden_layer_sizes, table.Y.shape[1])
        network = Network(sizes, hidden, loss.output, loss.cost, settings.normalization)
        engine = get_engine(self.engine, network)
        if not call.goes_on:
            warn_of_the_reference_engine(self.engine, network)
        objective = Objective(network, table.X, table.Y, settings.alpha, table.weight, dropout, lam1=settings.l1_alpha)
        return rows, engine, objective

    def _in_units_of_training(
        self, rows: Rows, run: Run, call: Call, objective: Objective, validating: Table | None
    ) -> tuple[Objective, Table | None]:
        """Objective and rows that validate, with their targets as the network is to see them."""
        self._settle_targets(rows, run, call)
        scale, dtype = self._target_scale, objective.X.dtype
        if scale is not None:
            objective = replace(objective, Y=scale.standardized(objective.Y, dtype, dtype_given(rows.training.y)))
            if validating is not None:
                Y = scale.standardized(validating.Y, dtype, dtype_given(validating.y))
                validating = replace(validating, Y=Y)
        return objective, validating

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
            network = replace(network, output=output, cost=None)
        return get_engine(self.engine, network).predict(network, self.parameters_, rows)

    def _posed(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> tuple[Objective, Targets]:
        """What the fitted network would minimise on these data, which are read as fit has read its own."""
        self._check_is_fitted()
        settings = checked(self)
        with input_errors(X):
            rows, y = self._validated(X, y, self.parameters_.dtype, reset=False)
        weight = checked_weight(sample_weight, rows.shape[0], rows.dtype)
        with input_errors(X):
            targets = self._targets(y, rows.dtype, Call(goes_on=True, is_part=True))
        weight = with_class_weights(self._class_weights(y, weight, Call(goes_on=True)), y, weight, rows.dtype)
        if targets.Y.shape[1] != self.n_outputs_:
            raise ShapeError(
                f"y must have {self.n_outputs_} columns, as in fit, got {targets.Y.shape[1]}. Pass the same targets."
            )
        scale = self._target_scale
        if scale is None:
            Y = targets.Y.astype(rows.dtype, copy=False)
        else:
            Y = scale.standardized(targets.Y, rows.dtype, dtype_given(y))
            targets = replace(targets, score=scale.scored(targets.score))
        return Objective(self.network_, rows, Y, settings.alpha, weight, lam1=settings.l1_alpha), targets

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
