"""The stop rule and the prediction of the earliest possible stop."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from multilayer.training import StopRule
from multilayer.training.state import StopState
from multilayer.training.stopping import after_epochs, epochs_until_possible_stop, should_stop

costs = st.lists(st.one_of(st.sampled_from([0.5, 0.4, 0.3, 0.29, 0.31]), st.floats(0, 2)), max_size=40)
rules = st.builds(StopRule, tol=st.sampled_from([0.0, 1e-4, 0.05]), patience=st.integers(1, 6))


def scikit_learns_epochs(costs: list[float], tol: float, n_iter_no_change: int) -> int | None:
    """Return the last epoch according to scikit-learn's _fit_stochastic and _update_no_improvement_count."""
    best_loss_, no_improvement_count = math.inf, 0
    for n_iter_, loss in enumerate(costs, start=1):
        if loss > best_loss_ - tol:
            no_improvement_count += 1
        else:
            no_improvement_count = 0
        if loss < best_loss_:
            best_loss_ = loss
        if no_improvement_count > n_iter_no_change:
            return n_iter_
    return None


def stopping_epoch(costs: list[float], rule: StopRule) -> int | None:
    state = StopState()
    for epoch, cost in enumerate(costs, start=1):
        state = after_epochs(rule, state, [cost])
        if should_stop(rule, state):
            return epoch
    return None


@given(costs, rules)
def test_training_stops_at_the_same_epoch_as_in_scikit_learn(costs: list[float], rule: StopRule) -> None:
    assert stopping_epoch(costs, rule) == scikit_learns_epochs(costs, rule.tol, int(rule.patience))


def test_progress_is_measured_from_the_best_cost_and_must_exceed_the_tolerance() -> None:
    rule = StopRule(tol=0.1, patience=2)
    assert stopping_epoch([1.0, 0.95, 0.9, 0.85, 0.8], rule) == 4  # each improves the best cost, but by less than tol
    assert stopping_epoch([1.0, 2.0, 3.0, 0.5, 0.6, 0.7, 0.8], rule) == 7  # progress resets the count
    assert stopping_epoch([1.0, 0.9, 0.8, 0.7], StopRule(tol=0.0625, patience=1)) is None


@given(costs, rules, costs)
def test_training_never_stops_before_the_earliest_predicted_epoch(
    before: list[float], rule: StopRule, after: list[float]
) -> None:
    state = StopState()
    for cost in before:
        state = after_epochs(rule, state, [cost])
        if should_stop(rule, state):
            return
    earliest = epochs_until_possible_stop(rule, state)
    for epoch, cost in enumerate(after, start=1):
        state = after_epochs(rule, state, [cost])
        if should_stop(rule, state):
            assert epoch >= earliest
            return


@given(st.lists(st.floats(0, 2), min_size=1, max_size=20), rules)
def test_training_stops_at_the_earliest_predicted_epoch_without_improvement(
    before: list[float], rule: StopRule
) -> None:
    state = StopState()
    for cost in before:
        state = after_epochs(rule, state, [cost])
        if should_stop(rule, state):
            return
    earliest = epochs_until_possible_stop(rule, state)
    assert stopping_epoch([*before, *[9.0] * int(earliest)], rule) == len(before) + earliest


def test_infinite_patience_never_stops() -> None:
    rule = StopRule(patience=math.inf)
    assert stopping_epoch([1.0] * 1000, rule) is None
    assert epochs_until_possible_stop(rule, StopState(stalled=999)) == math.inf
