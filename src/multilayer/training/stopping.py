"""When a run has learned what it will learn."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class StopRule:
    """Stop when the cost has not fallen by more than ``tol`` below its best for over ``patience`` epochs in a row.

    Where validation may stop a run, minus the validation score takes the place of the cost.
    """

    tol: float = 1e-4
    patience: float = 10  # epochs; math.inf for never


@dataclass(frozen=True)
class StopState:
    """What the rule remembers between epochs."""

    best_cost: float = math.inf
    stalled: int = 0  # epochs in a row without progress


def after_epochs(rule: StopRule, state: StopState, costs: Iterable[float]) -> StopState:
    """The state after more epochs of the given costs.

    Examples
    --------
    >>> after_epochs(StopRule(tol=0.1), StopState(best_cost=1.0), [0.95, 0.9])
    StopState(best_cost=0.9, stalled=2)
    """
    # A tiny network trains an epoch in 20 microseconds: no object is built for one.
    best, stalled, tol = state.best_cost, state.stalled, rule.tol
    for cost in costs:
        stalled = stalled + 1 if cost > best - tol else 0
        if cost < best:
            best = cost
    return StopState(best, stalled)


def should_stop(rule: StopRule, state: StopState) -> bool:
    return state.stalled > rule.patience


def epochs_until_possible_stop(rule: StopRule, state: StopState) -> float:
    """How many more epochs must pass before the rule can stop the run, whatever their costs.

    So many epochs may run in one go without asking in between.

    Examples
    --------
    >>> epochs_until_possible_stop(StopRule(patience=10), StopState(stalled=3))
    8
    """
    return max(rule.patience - state.stalled + 1, 1)
