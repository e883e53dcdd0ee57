"""A fit: from a request, settings and targets to a training session, and from it to a fitted estimator.

:func:`begin` prepares it, step by step.  An estimator trains it in one part, a pack in several; the result is the same.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from multilayer.engines import DescentState, Engine, Objective, get_engine
from multilayer.exceptions import DivergenceError, InputTypeError
from multilayer.fits.constant_cost import constant_cost
from multilayer.fits.custom import check_custom_activations, warn_of_the_reference_engine
from multilayer.fits.errors import DIVERGENCE_IN_SCIKIT_LEARN
from multilayer.fits.generators import random_state_of
from multilayer.fits.holdout import validation_rows
from multilayer.fits.measure import ValidationMetric, validation_measure
from multilayer.fits.outcome import FitOutcome, warn_of_outcome
from multilayer.fits.reading import read
from multilayer.fits.recipe import (
    continue_from_average,
    descent_recipe,
    dropout_rates,
    lbfgs_recipe,
    warn_of_settings_without_effect,
    with_dropout_seed,
)
from multilayer.fits.resume import check_same_network, resumed_state, snapshot
from multilayer.fits.rows import FitData, FitRequest, Table
from multilayer.fits.scale_advice import ScaleAdvice, scale_advice
from multilayer.fits.scores import Score, skill
from multilayer.fits.settings import Settings
from multilayer.fits.target_scale import TargetScale, dtype_given
from multilayer.fits.targets import TargetAdapter
from multilayer.network import Network, PeriodicEmbedding
from multilayer.training import Listener, TrainingSession, TrainingState, train
from multilayer.training.batching import RowNumbers
from multilayer.training.lbfgs import LbfgsSession, train_lbfgs
from multilayer.training.loop import Measure, Pace, descent_request
from multilayer.training.session import Session, ValidationPlan
from multilayer.training.starting import DATA, sample_of_rows, starting_parameters, starting_parameters_by_data
from multilayer.training.state import parameters_to_show


def begin(model: Any, settings: Settings, adapter: TargetAdapter, request: FitRequest) -> Fit:
    """Return a fit before its first update.

    Parameters
    ----------
    model : estimator
        The estimator to fit; pass a copy if an error must not change the original.
    settings : Settings
        Its checked parameters.
    adapter : TargetAdapter
        Conversion of y to targets.
    request : FitRequest
        Data and options.

    Returns
    -------
    Fit
        The fit, ready to train.

    Raises
    ------
    ParameterError, InputError
        For settings and data that cannot be used.
    """
    warn_of_settings_without_effect(settings, request.validation)
    get_engine(settings.engine)  # raises an error for an unknown name before the data are read
    has_custom = any(not isinstance(each, str) for each in settings.activation)
    if has_custom:
        check_custom_activations(settings.activation, model.network_.hidden if request.resumes else ())
    dropout = dropout_rates(settings)

    data = read(model, adapter, request)
    table, targets = data.training, data.targets
    sizes = (table.X.shape[1], *settings.hidden_layer_sizes, table.Y.shape[1])
    embedding = _embedding(settings, model, table, request)
    network = Network(
        sizes, settings.activation, targets.loss.output, targets.loss.cost, settings.normalization, embedding
    )
    engine = get_engine(settings.engine, network, settings.n_jobs)
    objective = Objective(network, table.X, table.Y, settings.alpha, table.weight, dropout, lam1=settings.l1_alpha)
    if request.resumes:
        check_same_network(model.network_, network)
        state = resumed_state(model._training_state, model.parameters_, is_part=request.is_part)
    else:
        if has_custom or network.cost is not None:
            warn_of_the_reference_engine(settings.engine, network)
        state = _initial_state(objective, settings, table.numbers)
    if dropout:
        objective = with_dropout_seed(objective, state)
    if state.descent.average is not None:
        continue_from_average(state, settings)

    validating, trained_on, local_rows = _divided(state, data, settings, request)
    scale, attributes = adapter.settle(table, targets, trained_on, resumes=request.resumes)
    if scale is not None and request.target_scale is not None:
        scale = request.target_scale
        attributes = {"target_mean_": scale.mean, "target_scale_": scale.deviation}
    _set_attributes(model, **attributes)
    if scale is not None:
        objective = replace(objective, Y=scale.standardized(objective.Y, objective.X.dtype, dtype_given(table.y)))
        targets = replace(targets, score=scale.scored(targets.score))
    measure = None
    if validating is not None:
        scoring = ValidationMetric(settings.early_stopping_metric, targets, _scored_view(model, network))
        measure = validation_measure(engine, network, _standardized(validating, scale, objective), scoring)
    problem = Problem(engine, objective, table, measure, targets.score, targets.cost_divisor, trained_on, local_rows)
    return Fit(model, settings, _session(state, settings, problem, request), problem, request)


def _divided(
    state: TrainingState, data: FitData, settings: Settings, request: FitRequest
) -> tuple[Table | None, RowNumbers | None, RowNumbers | None]:
    """Return the validation rows, and the training rows numbered in the table and within the rows of this fit."""
    validating = None
    if data.validation is not None or (settings.early_stopping and settings.solver != "lbfgs"):
        validating = validation_rows(state, data, settings, request.validation.groups)
    else:
        state.rows = state.held_out = None
    numbers, local = data.training.numbers, state.rows
    state.rows = local if numbers is None else numbers if local is None else numbers[local]
    return validating, state.rows, local


def _session(state: TrainingState, settings: Settings, problem: Problem, request: FitRequest) -> Session:
    """Return the session of a solver, before its first update."""
    measure, rows, n_table_rows = problem.measure, problem.trained_on, problem.table.X.shape[0]
    network = problem.objective.network
    validates = measure is not None
    plan = ValidationPlan(validates, validates and settings.early_stopping, keeps_best=request.keep == "best")
    session: Session
    if settings.solver == "lbfgs":
        session = LbfgsSession(state, lbfgs_recipe(settings), plan)
    else:
        n_rows = n_table_rows if rows is None else len(rows)
        recipe = descent_recipe(settings, network, state, n_rows, problem.cost_divisor, is_part=request.is_part)
        session = TrainingSession(state, recipe, n_table_rows, plan)
    if state.best is not None and measure is not None:
        session.record_score_of_best(measure(state.best)[1])
    return session


@dataclass(frozen=True, eq=False)
class Problem:
    """The objective of a fit, and its measure."""

    engine: Engine
    objective: Objective
    table: Table
    measure: Measure | None  # of the validation rows
    score: Score
    cost_divisor: int  # displayed costs are J divided by this
    trained_on: RowNumbers | None  # numbers of rows of the table; None for all
    local_rows: RowNumbers | None  # the same, numbered within the rows of this fit


class Fit:
    """A fit that can be trained in any number of parts; between parts its estimator can be updated and used.

    Parameters
    ----------
    model : estimator
        The estimator to fit.
    settings : Settings
        Its checked parameters.
    session : Session
        The session to train.
    problem : Problem
        The objective, and its measure.
    request : FitRequest
        Data and options.
    """

    def __init__(self, model: Any, settings: Settings, session: Session, problem: Problem, request: FitRequest) -> None:
        self.model, self.settings, self.session = model, settings, session
        self.problem, self.request = problem, request
        self._pace: Pace | None = None

    @property
    def state(self) -> TrainingState:
        """The state of the session."""
        return self.session.state

    @property
    def n_epochs(self) -> int:
        """The number of epochs done, including those before an interruption."""
        return self.session.n_epochs + self.request.epochs_done

    @property
    def max_epochs(self) -> int:
        """The maximum number of epochs."""
        return self.session.recipe.max_epochs + self.request.epochs_done

    @property
    def n_rows(self) -> int:
        """The number of rows in an epoch."""
        rows = self.problem.trained_on
        return self.problem.objective.X.shape[0] if rows is None else len(rows)

    @property
    def n_weights(self) -> int:
        """The number of weights and biases."""
        return self.state.descent.parameters.size

    @property
    def seconds(self) -> float:
        """The training time so far."""
        return self.session.seconds

    @property
    def has_ended(self) -> bool:
        """Whether training has ended."""
        return self.session.has_ended

    def train(self, n_epochs: float = math.inf, listeners: Sequence[Listener] = ()) -> None:
        """Train for some epochs, or to the end.

        Parameters
        ----------
        n_epochs : float, default=inf
            The number of epochs; L-BFGS always trains to the end.
        listeners : sequence of callables, default=()
            They receive the events.

        Raises
        ------
        DivergenceError
            If the cost is no longer finite.
        """
        session, problem = self.session, self.problem
        try:
            if isinstance(session, TrainingSession):
                self._pace = self._pace or Pace(session)
                arguments = problem.engine, problem.objective, listeners, problem.measure
                train(session, *arguments, n_epochs=n_epochs, pace=self._pace)
            elif isinstance(session, LbfgsSession):
                train_lbfgs(session, problem.engine, problem.objective, listeners, problem.measure)
        except DivergenceError as error:
            raise self._with_advice(error) from None

    def update(self, n_updates: int = 1, n_epochs: float = 1) -> NDArray[np.float64]:
        """Do the next updates only, for a driver that shows the network between them.

        Parameters
        ----------
        n_updates : int, default=1
            The maximum number of updates.  Results do not depend on it.
        n_epochs : float, default=1
            The maximum number of epochs; with validation rows, at most one.

        Returns
        -------
        array of shape (n,)
            The costs of the updates; empty if training has ended.

        Raises
        ------
        DivergenceError
            If the cost or the weights are no longer finite.
        InputTypeError
            For L-BFGS, which trains to the end.
        """
        session, problem = self.session, self.problem
        if not isinstance(session, TrainingSession):
            raise InputTypeError("L-BFGS has no single updates. Call train.")
        updates = session.next_updates(n_updates, n_epochs)
        if updates is None:
            return np.empty(0)
        try:
            request = descent_request(session, problem.objective, updates)
            costs = problem.engine.descend(request.objective, request.rule, request.state, updates, request.options)
            session.record(costs)
            if session.awaits_validation and problem.measure is not None:
                session.record_validation(*problem.measure(session.state.last))
            if session.state.reason == "diverged":
                raise session.divergence(f"the cost became {costs[-1]}")
            if not np.isfinite(session.state.descent.parameters).all():
                session.end("diverged")
                raise session.divergence("the weights became infinite")
        except DivergenceError as error:
            raise self._with_advice(error) from None
        return costs

    def _with_advice(self, error: DivergenceError) -> DivergenceError:
        """Return a divergence with advice on the scale of the data."""
        # Programs may search for the message of scikit-learn.
        advice = [error.advice, self.scale_advice().text, DIVERGENCE_IN_SCIKIT_LEARN]
        return DivergenceError(error.finding, " ".join(filter(None, advice)))

    def keep(self) -> None:
        """Update the fitted attributes of the estimator."""
        self._keep_in(self.model, replace(self.state))

    def end(self) -> None:
        """Update the fitted attributes of the estimator, and warn if training ended too soon."""
        # A later fit of the estimator numbers its rows separately.
        self.state.rows = self.problem.local_rows
        self._keep_in(self.model, self.state)
        warn_of_outcome(self.outcome(), self.settings, self.scale_advice, self._skill)

    def outcome(self) -> FitOutcome:
        """Return how the fit ended.

        Returns
        -------
        FitOutcome
            Reason, epochs and costs.
        """
        state, settings = self.state, self.settings
        return FitOutcome(
            reason=state.reason,
            n_epochs=self.n_epochs,
            max_epochs=1 if self.request.is_part else self.max_epochs,
            costs=tuple(state.history.costs[-self.n_epochs :]) if self.n_epochs else (),
            n_epochs_in_all=state.history.n_epochs,
            stalled=state.stop.stalled,
            watches_score=state.watches_score,
            holds_out=state.held_out is not None,
            keeps_best=state.best_score > -math.inf,
            gradient=state.gradient,
            wants_all_epochs=settings.wants_all_epochs,
            is_part=self.request.is_part,
            constant_cost=self._constant_cost(),
        )

    def _constant_cost(self) -> float:
        if (
            self.request.is_part
            or self.settings.wants_all_epochs
            or self.state.reason not in ("max_epochs", "converged")
        ):
            return math.inf
        return constant_cost(self.problem.objective, self.settings, self.problem.trained_on)

    def snapshot(self) -> Any:
        """Return an independent fitted copy of the estimator.

        Returns
        -------
        estimator
            Its fitted attributes are those after the last update.
        """
        copied, state = snapshot(self.model, self.state)
        self._keep_in(copied, state)
        return copied

    def scale_advice(self, most_rows: int | None = None) -> ScaleAdvice:
        """Return advice on columns and targets of the training rows that are far from unit scale.

        Parameters
        ----------
        most_rows : int or None, default=None
            The maximum number of rows to examine.

        Returns
        -------
        ScaleAdvice
            Empty if all scales are near 1.
        """
        names = getattr(self.model, "feature_names_in_", None)
        return scale_advice(self.problem.objective, self.problem.trained_on, names, most_rows)

    def _skill(self) -> float:
        """Return the skill of the network compared with a constant prediction, on the training rows."""
        problem = self.problem
        rows = slice(None) if problem.trained_on is None else problem.trained_on
        objective = problem.objective
        weight = None if objective.sample_weight is None else objective.sample_weight[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            H = problem.engine.predict(objective.network, self.state.shown, objective.X[rows])
            return skill(problem.score, H, objective.Y[rows], weight)[1]

    def _keep_in(self, model: Any, state: TrainingState) -> None:
        network, divisor, history = self.problem.objective.network, self.problem.cost_divisor, state.history
        n_epochs = self.n_epochs
        curve = getattr(model, "loss_curve_", []) if history.n_epochs > n_epochs else []
        curve += [cost / divisor for cost in history.costs[len(curve) :]]
        validated = self.problem.measure is not None
        costs = (history.validation_costs or []) if validated else None
        _set_attributes(
            model,
            _training_state=state,
            _last_was_part=self.request.is_part,
            network_=network,
            parameters_=parameters_to_show(state),
            loss_curve_=curve,
            loss_=curve[-1] if curve else np.nan,
            best_loss_=None if state.watches_score else state.stop.best_cost / divisor,
            validation_loss_curve_=[cost / divisor for cost in costs] if costs and divisor > 1 else costs,
            validation_scores_=(history.validation_scores or []) if validated else None,
            best_validation_score_=state.best_score if state.best_score > -np.inf else None,
            n_iter_=n_epochs,
            t_=state.rows_seen,
            n_layers_=len(network.layer_sizes),
            n_outputs_=network.layer_sizes[-1],
            out_activation_="logistic" if network.output == "sigmoid" else network.output,
        )


def _set_attributes(model: Any, /, **attributes: Any) -> None:
    for name, value in attributes.items():
        setattr(model, name, value)  # a subclass may define properties


def _embedding(settings: Settings, model: Any, table: Table, request: FitRequest) -> PeriodicEmbedding | None:
    """Return the embedding of the network; "periodic" embeds the inputs that have more than two different values."""
    given = settings.embedding
    if given is not None and scipy.sparse.issparse(table.X):
        raise InputTypeError("embedding needs a dense X, got a sparse matrix. Use X.toarray() or embedding=None.")
    if not isinstance(given, str):
        return given
    if request.resumes:
        before: Network = model.network_
        return before.embedding
    X = table.X if table.numbers is None else table.X[table.numbers]
    columns = tuple(j for j in range(X.shape[1]) if not _has_two_values(X[:, j]))
    return PeriodicEmbedding(columns) if columns else None


def _has_two_values(column: NDArray[Any]) -> bool:
    return bool(((column == column.min()) | (column == column.max())).all())


def _initial_state(objective: Objective, settings: Settings, rows: RowNumbers | None) -> TrainingState:
    """Return the state before the first update."""
    random_state = random_state_of(settings.random_state)
    dtype, network = objective.X.dtype, objective.network
    if settings.initialization == DATA:
        sample = sample_of_rows(objective.X, rows, random_state)
        parameters = starting_parameters_by_data(network, sample, random_state, dtype)
    else:
        parameters = starting_parameters(network, settings.initialization, random_state, dtype, settings.output_gate)
    return TrainingState(DescentState(parameters, np.empty((0, len(parameters)), dtype=dtype)), random_state)


def _standardized(validating: Table, scale: TargetScale | None, objective: Objective) -> Table:
    """Return the validation rows with standardised targets."""
    if scale is None:
        return validating
    return replace(validating, Y=scale.standardized(validating.Y, objective.X.dtype, dtype_given(validating.y)))


def _scored_view(model: Any, network: Network) -> Any:
    """Return a copy of the estimator for scorers, which pass it checked rows during training."""
    view: Any = copy.copy(model)
    view.network_, view.n_outputs_ = network, network.layer_sizes[-1]
    vars(view).pop("feature_names_in_", None)
    return view
