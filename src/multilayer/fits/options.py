"""What goes beyond scikit-learn on the way to the minimum: schedules, options of a step, dropout."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

from multilayer.engines import Objective
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import ParameterError, ParameterWarning
from multilayer.fits.errors import warn
from multilayer.fits.settings import PLANNED
from multilayer.training import Cosine, OneCycle, Plateau, Run, Schedule, WarmUp
from multilayer.training.schedules import AnySchedule

# Those of the parameters that say nothing to L-BFGS, with the values that ask for nothing.
OF_DESCENTS = {
    "weight_decay": 0.0,
    "clip_norm": None,
    "weight_averaging": 0.0,
    "dropout": 0.0,
    "input_dropout": 0.0,
}
# A plan that ends at this share of the first step size, or less, has come to its end there.
NEXT_TO_NOTHING = 1e-4


def schedule(settings: SimpleNamespace, cost_divisor: int, epochs_done: int, n_epochs: int) -> AnySchedule:
    """The schedule that ``learning_rate`` asks for, in a training of ``n_epochs`` after ``epochs_done``."""
    asked = settings.learning_rate
    total = epochs_done + n_epochs
    named: dict[str, Callable[[], AnySchedule]] = {
        "cosine": lambda: Cosine(total),
        "one_cycle": lambda: OneCycle(total),
        "plateau": lambda: Plateau(tol=settings.tol * cost_divisor),
    }
    if isinstance(asked, str) and asked in named:
        return named[asked]()
    if isinstance(asked, str):
        # scikit-learn's Adam ignores these, and so the same program gives the same network.
        return Schedule(asked if settings.solver == "sgd" else "constant", settings.power_t)
    _check_not_over(_plan(asked), epochs_done)
    return asked


def is_done(settings: SimpleNamespace, epochs_done: int) -> bool:
    """Whether the steps have come to the end that was planned for them, where there is one."""
    if settings.learning_rate in PLANNED:
        return not settings.warm_start
    return epochs_done >= _planned_epochs(settings.learning_rate)


def warn_of_a_plan_that_is_over(settings: SimpleNamespace, epochs_done: int, *, is_part: bool) -> None:
    """A warning where epochs are asked for that a schedule has no steps for.

    What the names mean goes by the call, and of parts by ``max_iter``; other schedules say it themselves.
    """
    by_name = settings.learning_rate in PLANNED
    if by_name and not is_part:
        return
    planned = settings.max_iter if by_name else _planned_epochs(settings.learning_rate)
    asked_for = epochs_done + (1 if is_part else settings.max_iter)
    if asked_for > planned:
        remedy = "Raise max_iter" if by_name else "Give it more n_epochs or a higher end, or lower max_iter"
        warn(
            f"learning_rate={settings.learning_rate!r} is planned for {planned} epochs, and this call asks for epoch "
            f"{asked_for}: in those beyond the plan the steps are next to nothing. {remedy}.",
            ParameterWarning,
        )


def step_options(settings: SimpleNamespace) -> StepOptions:
    if settings.weight_decay * settings.learning_rate_init >= 1:
        raise ParameterError(
            f"weight_decay={settings.weight_decay:g} times learning_rate_init={settings.learning_rate_init:g} must be "
            "below 1: that share of each weight is taken away before each update. Lower one of the two."
        )
    options = StepOptions(weight_decay=settings.weight_decay, average=settings.weight_averaging)
    return options if settings.clip_norm is None else replace(options, clip_norm=settings.clip_norm)


def dropout_rates(settings: SimpleNamespace) -> tuple[float, ...]:
    """The rates of the inputs and of each hidden layer; () where all are 0."""
    n_hidden = len(settings.hidden_layer_sizes)
    given = settings.dropout
    hidden = given if isinstance(given, tuple) else (given,) * n_hidden
    if len(hidden) != n_hidden:
        raise ParameterError(
            f"dropout must be one number or one for each of the {n_hidden} hidden layers, got {given}."
        )
    rates = (settings.input_dropout, *hidden)
    return rates if any(rates) and settings.solver != "lbfgs" else ()


def with_dropout_seed(objective: Objective, run: Run) -> Objective:
    """The objective with the run's own seed; drawn where there is none yet, and only where units are dropped."""
    if not objective.dropout:
        return objective
    if run.seed is None:
        low, high = run.random_state.randint(0, 2**32, size=2, dtype="uint64").tolist()
        run.seed = low + (high << 32)
    return replace(objective, seed=run.seed)


def settle_average(run: Run, *, averages: bool) -> None:
    """Where no average is kept any more, the descent goes on from it: it is where the network stands."""
    if run.state.average is not None and not averages:
        run.state.parameters, run.state.average = run.state.average, None


def warn_of_options_without_effect(settings: SimpleNamespace) -> None:
    """One warning for each parameter that L-BFGS, or a network without hidden layers, has no use for."""
    if settings.solver != "lbfgs":
        if settings.dropout and not settings.hidden_layer_sizes:
            warn(
                f"dropout={settings.dropout!r} has no effect without hidden layers. Set hidden_layer_sizes, or "
                "input_dropout, which silences entries of X.",
                ParameterWarning,
            )
        return
    for name, nothing in OF_DESCENTS.items():
        value = getattr(settings, name)
        if value != nothing and (not isinstance(value, tuple) or any(value)):
            warn(
                f"{name}={value!r} has no effect with solver='lbfgs'. Use solver='adam' or 'sgd', or leave {name} at "
                f"{nothing!r}.",
                ParameterWarning,
            )


def warn_of_normalization(settings: SimpleNamespace) -> None:
    """Where there is nothing to normalise, or where it leaves nothing of a layer."""
    sizes = settings.hidden_layer_sizes
    if settings.normalization is None:
        return
    if not sizes:
        warn(
            f"normalization={settings.normalization!r} has no effect without hidden layers. Give hidden_layer_sizes, "
            "or leave normalization at None.",
            ParameterWarning,
        )
    elif 1 in sizes:
        warn(
            f"normalization={settings.normalization!r} lets nothing through a hidden layer of one unit, whose sum is "
            f"its own mean, got hidden_layer_sizes={sizes}: all rows get the same answer. Give the layer more units, "
            "or leave normalization at None.",
            ParameterWarning,
        )


def _plan(asked: AnySchedule) -> AnySchedule:
    return asked.then if isinstance(asked, WarmUp) else asked


def _planned_epochs(asked: str | AnySchedule) -> float:
    """How many epochs there are until the steps are next to nothing, whatever the run does meanwhile."""
    plan = asked if isinstance(asked, str) else _plan(asked)
    if isinstance(plan, Cosine) and plan.floor <= NEXT_TO_NOTHING:
        return plan.n_epochs
    if isinstance(plan, OneCycle) and plan.last <= NEXT_TO_NOTHING:
        return plan.n_epochs
    return math.inf


def _check_not_over(asked: AnySchedule, epochs_done: int) -> None:
    ends_at_0 = (isinstance(asked, Cosine) and asked.floor == 0) or (isinstance(asked, OneCycle) and asked.last == 0)
    if ends_at_0 and isinstance(asked, Cosine | OneCycle) and epochs_done >= asked.n_epochs:
        raise ParameterError(
            f"learning_rate={asked!r} has come to its end: the run has done {epochs_done} epochs, and steps of size 0 "
            "learn nothing. Give it more n_epochs, or an end above 0."
        )
