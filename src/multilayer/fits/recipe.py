"""From the settings of an estimator to the recipe of its training: update rule, batches, schedule, step options."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

from multilayer.engines import Objective
from multilayer.engines.protocol import PLAIN
from multilayer.equations.descent import Adam, GradientDescent, Momentum, Nesterov, UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import ParameterError, ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.rows import ValidationArguments
from multilayer.fits.settings import AUTO, PLANNED, VALIDATION_FRACTION, Settings
from multilayer.network import Network, widths
from multilayer.training import (
    Cosine,
    CosineCycles,
    OneCycle,
    Plateau,
    Recipe,
    Schedule,
    StopRule,
    TrainingState,
    WarmUp,
)
from multilayer.training.schedules import AnySchedule
from multilayer.training.state import LbfgsRecipe

AUTO_BATCH_SIZE = 200
CONSTANT = Schedule()


def descent_recipe(
    settings: Settings, network: Network, state: TrainingState, n_rows: int, cost_divisor: int, *, is_part: bool
) -> Recipe:
    """Return the recipe of solver="adam" or "sgd"; displayed costs, which ``tol`` refers to, are J / cost_divisor."""
    max_epochs = 1 if is_part else settings.max_iter
    epochs_done = state.rows_seen // n_rows
    # Parts are epochs of a run of max_iter epochs.
    to_come = max(settings.max_iter - epochs_done, 1) if is_part else max_epochs
    watched_divisor = 1 if settings.early_stopping else cost_divisor
    planned = schedule(settings, watched_divisor, epochs_done, to_come)
    warn_of_finished_schedule(settings, epochs_done, is_part=is_part)
    batch_size = _batch_size(settings.batch_size, n_rows)
    # The order of the rows in one batch of all rows changes only the rounding of sums.  It is drawn only if others
    # notice how far the generator is: its owner, and parts that have several batches.
    is_noticed = is_part or not isinstance(settings.random_state, int)
    return Recipe(
        rule=update_rule(settings),
        step_size=settings.learning_rate_init,
        batch_size=batch_size,
        shuffle=settings.shuffle and (batch_size < n_rows or is_noticed),
        max_epochs=max_epochs,
        stop=StopRule(tol=settings.tol * watched_divisor, patience=settings.n_iter_no_change),
        schedule=planned,
        options=step_options(settings, network),
        max_seconds=settings.max_time,
        fading=None if settings.regularization_schedule == "constant" else epochs_done + to_come,
    )


def lbfgs_recipe(settings: Settings) -> LbfgsRecipe:
    patience = settings.n_iter_no_change if settings.early_stopping else math.inf
    stop = StopRule(tol=settings.tol, patience=patience)
    return LbfgsRecipe(settings.tol, settings.max_iter, settings.max_fun, settings.max_time, stop)


def warn_of_settings_without_effect(settings: Settings, given: ValidationArguments) -> None:
    """Warn of each parameter that has no effect in combination with the others."""
    _warn_of_parameters(settings, given)
    if settings.solver == "lbfgs" or settings.dropout:
        _warn_of_options(settings)
    if settings.normalization is not None:
        _warn_of_normalization(settings)


def _warn_of_parameters(settings: Settings, given: ValidationArguments) -> None:
    has_rows = given.X is not None
    ignores = settings.solver == "lbfgs" or settings.learning_rate in ("invscaling", "adaptive")
    if settings.solver != "sgd" and settings.learning_rate != "constant" and ignores:
        others = "'sgd'" if settings.learning_rate in ("invscaling", "adaptive") else "'adam' or 'sgd'"
        warn(
            f"learning_rate={settings.learning_rate!r} has no effect with solver={settings.solver!r}, which chooses "
            f"its own step sizes. Use solver={others}, or leave learning_rate at 'constant'.",
            ParameterWarning,
        )
    holds_out = settings.early_stopping and settings.solver != "lbfgs" and not has_rows
    if settings.solver == "lbfgs" and settings.early_stopping and not has_rows:
        warn(
            "early_stopping=True has no effect with solver='lbfgs', which ends by its gradient and holds out no rows. "
            "Pass X_val and y_val to fit, use solver='adam' or 'sgd', or leave early_stopping at False.",
            ParameterWarning,
        )
    elif settings.early_stopping_metric != AUTO and not (holds_out or has_rows):
        warn(
            f"early_stopping_metric={settings.early_stopping_metric!r} has no effect without rows to validate on. "
            "Set early_stopping=True, or pass X_val and y_val to fit.",
            ParameterWarning,
        )
    if given.groups is not None and not holds_out:
        warn(
            "groups have no effect if no rows are held out. Set early_stopping=True and validation_fraction to a "
            "splitter such as GroupShuffleSplit(), and pass no X_val, or omit groups.",
            ParameterWarning,
        )
    if has_rows and settings.validation_fraction != VALIDATION_FRACTION:
        warn(
            f"validation_fraction={settings.validation_fraction!r} has no effect if X_val is given: all rows of X are "
            "trained on. Omit one of the two.",
            ParameterWarning,
        )


def update_rule(settings: Settings) -> UpdateRule:
    if settings.solver == "adam":
        return Adam(settings.beta_1, settings.beta_2, settings.epsilon)
    if settings.momentum == 0:
        return GradientDescent()
    return Nesterov(settings.momentum) if settings.nesterovs_momentum else Momentum(settings.momentum)


def _batch_size(batch_size: int | str, n_rows: int) -> int:
    if batch_size == AUTO or isinstance(batch_size, str):
        return min(AUTO_BATCH_SIZE, n_rows)
    if batch_size > n_rows:
        warn(
            f"batch_size={batch_size} is larger than the data: each update uses all {n_rows} rows. "
            f"Use batch_size={n_rows} to avoid this warning, or 'auto'.",
            ParameterWarning,
        )
    return min(batch_size, n_rows)


# Parameters without effect for L-BFGS, with their neutral values.
DESCENT_ONLY = {
    "weight_decay": 0.0,
    "clip_norm": None,
    "weight_averaging": 0.0,
    "dropout": 0.0,
    "input_dropout": 0.0,
    "parametrization": "standard",
    "regularization_schedule": "constant",
}
# Biases and embeddings learn more slowly than weights, as in RealMLP.
SLOW = 0.1
# A schedule is over if it ends at this share of the first step size, or less.
NEGLIGIBLE_STEP = 1e-4


def schedule(settings: Settings, cost_divisor: int, epochs_done: int, n_epochs: int) -> AnySchedule:
    """Return the schedule of ``learning_rate`` for ``n_epochs`` after ``epochs_done``."""
    given = settings.learning_rate
    total = epochs_done + n_epochs
    named: dict[str, Callable[[], AnySchedule]] = {
        "cosine": lambda: Cosine(total),
        "one_cycle": lambda: OneCycle(total),
        "cosine_cycles": lambda: CosineCycles(total),
        "plateau": lambda: Plateau(tol=settings.tol * cost_divisor),
    }
    if isinstance(given, str) and given in named:
        return named[given]()
    if isinstance(given, str) and (given == "constant" or settings.solver != "sgd"):
        # As in scikit-learn, Adam ignores the other names, so that the same program gives the same network.
        return CONSTANT
    if isinstance(given, str):
        return Schedule(given, settings.power_t)
    _check_not_finished(_plan(given), epochs_done)
    return given


def is_schedule_complete(settings: Settings, epochs_done: int) -> bool:
    """Return whether the schedule has a planned end and has reached it."""
    if settings.learning_rate in PLANNED:
        return not settings.warm_start
    return epochs_done >= _planned_epochs(settings.learning_rate)


def warn_of_finished_schedule(settings: Settings, epochs_done: int, *, is_part: bool) -> None:
    """Warn if the call trains more epochs than a schedule plans; a schedule by name plans those of one call."""
    by_name = settings.learning_rate in PLANNED
    if by_name and not is_part:
        return
    planned = settings.max_iter if by_name else _planned_epochs(settings.learning_rate)
    last_epoch = epochs_done + (1 if is_part else settings.max_iter)
    if last_epoch > planned:
        remedy = "Raise max_iter" if by_name else "Give it more n_epochs or a higher end, or lower max_iter"
        warn(
            f"learning_rate={settings.learning_rate!r} is planned for {planned} epochs, but this call trains to epoch "
            f"{last_epoch}: beyond the plan, the step size is almost 0. {remedy}.",
            ParameterWarning,
        )


def step_options(settings: Settings, network: Network) -> StepOptions:
    """Return the options for clipping, weight decay, averaging and factors of the step size."""
    factors = () if settings.parametrization == "standard" else ntk_factors(network)
    if not (settings.weight_decay or settings.weight_averaging or settings.clip_norm or factors):
        return PLAIN
    if settings.weight_decay * settings.learning_rate_init >= 1:
        raise ParameterError(
            f"weight_decay={settings.weight_decay:g} times learning_rate_init={settings.learning_rate_init:g} must be "
            "below 1: it is the share of each weight that is subtracted before each update. Lower one of the two."
        )
    options = StepOptions(weight_decay=settings.weight_decay, average=settings.weight_averaging, factors=factors)
    return options if settings.clip_norm is None else replace(options, clip_norm=settings.clip_norm)


def ntk_factors(network: Network) -> tuple[float, ...]:
    """Return the factors (D8) of the NTK parametrisation: 1/√s_l for weights, 1/10 for biases and an embedding.

    With sums √s_l smaller than those of its weights, a layer takes Adam's steps as if they were so much smaller.
    """
    of_layers = ((SLOW, 1.0 / math.sqrt(n_inputs)) for n_inputs in widths(network)[:-1])
    return (SLOW, *itertools.chain.from_iterable(of_layers))


def dropout_rates(settings: Settings) -> tuple[float, ...]:
    """Return the dropout rates of the inputs and of each hidden layer; () if all are 0."""
    n_hidden = len(settings.hidden_layer_sizes)
    given = settings.dropout
    hidden = given if isinstance(given, tuple) else (given,) * n_hidden
    if len(hidden) != n_hidden:
        raise ParameterError(
            f"dropout must be one number or one for each of the {n_hidden} hidden layers, got {given}."
        )
    rates = (settings.input_dropout, *hidden)
    return rates if any(rates) and settings.solver != "lbfgs" else ()


def with_dropout_seed(objective: Objective, state: TrainingState) -> Objective:
    """Return the objective with the seed of its dropout masks, which is drawn once for each training."""
    if not objective.dropout:
        return objective
    if state.seed is None:
        low, high = state.random_state.randint(0, 2**32, size=2, dtype="uint64").tolist()
        state.seed = low + (high << 32)
    return replace(objective, seed=state.seed)


def continue_from_average(state: TrainingState, settings: Settings) -> None:
    """Continue from the average of the weights if no average is kept any more."""
    averages = settings.weight_averaging > 0 and settings.solver != "lbfgs"
    if state.descent.average is not None and not averages:
        state.descent.parameters, state.descent.average = state.descent.average, None


def _warn_of_options(settings: Settings) -> None:
    """Warn of each parameter without effect for L-BFGS or for a network without hidden layers."""
    if settings.solver != "lbfgs":
        if settings.dropout and not settings.hidden_layer_sizes:
            warn(
                f"dropout={settings.dropout!r} has no effect without hidden layers. Set hidden_layer_sizes, or "
                "input_dropout, which sets entries of X to 0.",
                ParameterWarning,
            )
        return
    for name, nothing in DESCENT_ONLY.items():
        value = getattr(settings, name)
        if value != nothing and (not isinstance(value, tuple) or any(value)):
            warn(
                f"{name}={value!r} has no effect with solver='lbfgs'. Use solver='adam' or 'sgd', or leave {name} at "
                f"{nothing!r}.",
                ParameterWarning,
            )


def _warn_of_normalization(settings: Settings) -> None:
    """Warn of normalization without hidden layers, and with a hidden layer of a single unit."""
    sizes = settings.hidden_layer_sizes
    if not sizes:
        warn(
            f"normalization={settings.normalization!r} has no effect without hidden layers. Give hidden_layer_sizes, "
            "or leave normalization at None.",
            ParameterWarning,
        )
    elif 1 in sizes:
        warn(
            f"normalization={settings.normalization!r} makes a hidden layer of one unit constant, got "
            f"hidden_layer_sizes={sizes}: all rows get the same prediction. Give the layer more units, or leave "
            "normalization at None.",
            ParameterWarning,
        )


def _plan(given: AnySchedule) -> AnySchedule:
    return given.then if isinstance(given, WarmUp) else given


def _planned_epochs(given: str | AnySchedule) -> float:
    """Return the number of epochs until the step size is negligible; infinity if it never is."""
    plan = given if isinstance(given, str) else _plan(given)
    if isinstance(plan, Cosine) and plan.floor <= NEGLIGIBLE_STEP:
        return plan.n_epochs
    if isinstance(plan, CosineCycles) or (isinstance(plan, OneCycle) and plan.last <= NEGLIGIBLE_STEP):
        return plan.n_epochs
    return math.inf


def _check_not_finished(given: AnySchedule, epochs_done: int) -> None:
    ends_at_0 = (isinstance(given, Cosine) and given.floor == 0) or (isinstance(given, OneCycle) and given.last == 0)
    ends_at_0 = ends_at_0 or isinstance(given, CosineCycles)
    if ends_at_0 and isinstance(given, Cosine | OneCycle | CosineCycles) and epochs_done >= given.n_epochs:
        raise ParameterError(
            f"learning_rate={given!r} is over after {epochs_done} epochs: its step size is now 0. Give it more "
            "n_epochs, or an end above 0."
        )
