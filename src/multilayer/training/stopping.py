"""Rules that stop training without progress, and rules that reduce the step size then."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from multilayer.training.schedules import AnySchedule, Plateau, WarmUp
from multilayer.training.state import StopRule, StopState


def after_epochs(rule: StopRule, state: StopState, costs: Iterable[float]) -> StopState:
    """Return the state after more epochs with the given costs.

    Examples
    --------
    >>> after_epochs(StopRule(tol=0.1), StopState(best_cost=1.0), [0.95, 0.9])
    StopState(best_cost=0.9, stalled=2)
    """
    # No object per epoch: a tiny network trains an epoch in 20 microseconds.
    best, stalled, tol = state.best_cost, state.stalled, rule.tol
    for cost in costs:
        stalled = stalled + 1 if cost > best - tol else 0
        if cost < best:
            best = cost
    return StopState(best, stalled)


def should_stop(rule: StopRule, state: StopState) -> bool:
    return state.stalled > rule.patience


def epochs_until_possible_stop(rule: StopRule, state: StopState) -> float:
    """Return the number of epochs before the rule may stop the run, for any costs.

    Examples
    --------
    >>> epochs_until_possible_stop(StopRule(patience=10), StopState(stalled=3))
    8
    """
    return max(rule.patience - state.stalled + 1, 1)


def epochs_until_stop(rule: StopRule, state: StopState, costs: Sequence[float]) -> float:
    """Return the number of epochs with the given costs after which the rule stops the run; infinity if it does not.

    Examples
    --------
    >>> epochs_until_stop(StopRule(patience=1), StopState(best_cost=1.0), [0.9, 1.0, 1.1, 1.2])
    3
    """
    n_epochs = 0
    while n_epochs < len(costs):
        first = n_epochs
        n_epochs = int(min(first + epochs_until_possible_stop(rule, state), len(costs)))
        state = after_epochs(rule, state, costs[first:n_epochs])
        if should_stop(rule, state):
            return n_epochs
    return math.inf


def plateau_rule(schedule: AnySchedule) -> StopRule | None:
    """Return the rule by which a plateau reduces the step size; None for all other schedules.

    A stop rule acts after more than ``patience`` epochs without progress, a plateau after exactly ``patience``.
    """
    last = schedule.then if isinstance(schedule, WarmUp) else schedule
    return StopRule(last.tol, last.patience - 1) if isinstance(last, Plateau) else None
