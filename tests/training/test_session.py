"""The training session: its decisions without an engine, and the parameters it keeps with validation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from multilayer.equations.extensions.step_options import StepOptions
from multilayer.training import StopRule, TrainingSession
from multilayer.training.batching import next_orders
from multilayer.training.session import AHEAD, ValidationPlan
from multilayer.training.state import LbfgsRecipe, StopState, parameters_to_show

from .problems import M, Validation, objective, recipe, reference, start, train, train_lbfgs


def scoring(*scores: float) -> Any:
    """Return a measure that gives these scores in turn, independent of the parameters."""
    left = list(scores)
    return lambda _: (1.0, left.pop(0))


def test_the_best_parameters_are_stored_only_if_they_are_not_the_last() -> None:
    how = recipe(max_epochs=3)
    improving, worsening, plain = start(how), start(how), start(how)
    train(reference(), objective(), how, improving, validation=Validation(scoring(0.1, 0.2, 0.3)))
    train(reference(), objective(), how, worsening, validation=Validation(scoring(0.3, 0.2, 0.1)))
    train(reference(), objective(), how, plain)
    shown = [parameters_to_show(run) for run in (improving, worsening, plain)]
    assert improving.best is plain.best is None
    assert worsening.best is not None
    np.testing.assert_array_equal(worsening.last, plain.descent.parameters)
    assert (shown[1] != plain.descent.parameters).any()
    assert shown[1] is not worsening.best  # a copy, so that changes by the user can be detected
    assert (improving.best_score, worsening.best_score, plain.best_score) == (0.3, 0.3, -math.inf)


def test_continued_training_starts_from_the_last_and_keeps_the_best_parameters() -> None:
    how = recipe(max_epochs=2)
    parts, plain = start(how), start(how)
    train(reference(), objective(), how, parts, validation=Validation(scoring(0.9, 0.1)))
    best = parts.shown.copy()
    # The first score is that of the best parameters.
    train(reference(), objective(), how, parts, validation=Validation(scoring(0.9, 0.5, 0.2)))
    train(reference(), objective(), recipe(max_epochs=4), plain)
    np.testing.assert_array_equal(parts.descent.parameters, plain.descent.parameters)
    np.testing.assert_array_equal(parts.shown, best)
    assert parts.best_score == 0.9
    assert parts.stop.stalled == 3


def test_the_stop_rule_starts_from_the_new_score_of_the_best_parameters() -> None:
    how = recipe(max_epochs=2, stop=StopRule(tol=0.0, patience=9))
    run = start(how)
    train(reference(), objective(), how, run, validation=Validation(scoring(0.9, 0.1)))
    train(reference(), objective(), recipe(max_epochs=1), run, validation=Validation(scoring(0.4, 0.6)))
    assert run.best_score == 0.6
    assert run.stop == StopState(-0.6, 0)


def test_the_quantity_of_the_stop_rule_can_change_between_runs() -> None:
    how = recipe(max_epochs=2)
    run = start(how)
    train(reference(), objective(), how, run, validation=Validation(scoring(0.9, 0.1), stops=False))
    assert run.stop.best_cost == min(run.history.costs)
    train(reference(), objective(), how, run, validation=Validation(scoring(0.9, 0.1, 0.2), stops=True))
    assert run.stop == StopState(-0.9, 2)
    train(reference(), objective(), how, run)
    assert run.stop.best_cost == min(run.history.costs[-2:])
    assert (run.best, run.best_score) == (None, -math.inf)


def test_nan_scores_are_never_the_best() -> None:
    run = start(recipe(max_epochs=2))
    train(reference(), objective(), recipe(max_epochs=2), run, validation=Validation(scoring(math.nan, math.nan)))
    assert run.best is None


@pytest.mark.parametrize("stops", [False, True])
def test_lbfgs_validates_after_each_iteration(stops: bool) -> None:
    run = start(recipe())
    scores = [0.5, 0.6, *[0.1] * 20]
    how = LbfgsRecipe(tol=0.0, max_epochs=10, stop=StopRule(tol=0.0, patience=3 if stops else math.inf))
    train_lbfgs(reference(), objective(), how, run, validation=Validation(scoring(*scores), stops=stops))
    expected = start(recipe())
    train_lbfgs(reference(), objective(), LbfgsRecipe(tol=0.0, max_epochs=2), expected)
    n_iterations = 6 if stops else 10
    assert run.reason == ("converged" if stops else "max_iterations")
    assert run.history.validation_scores == scores[:n_iterations]
    np.testing.assert_array_equal(run.shown, expected.descent.parameters)


def test_a_session_works_without_an_engine() -> None:
    how = recipe(max_epochs=2, shuffle=False)
    session = TrainingSession(start(how), how, M)
    sizes = []
    while (updates := session.next_updates(n_updates=3)) is not None:
        sizes.append(len(updates))
        session.record(np.full(len(updates), 0.5))
    assert sizes == [3, 2, 3, 2]  # five updates per epoch
    assert session.state.history.costs == [0.5, 0.5]
    assert session.state.reason == "max_epochs"


@pytest.mark.parametrize("last", [1.0, math.nan])
def test_epochs_planned_beyond_a_decision_are_undone(last: float) -> None:
    stop = StopRule(tol=0.5, patience=4)
    how = recipe(max_epochs=200, batch_size=M // 2, stop=stop, options=StepOptions(average=0.5))
    session = TrainingSession(start(how), how, M)
    state, sizes = session.state, []
    state.descent.average = state.descent.parameters.copy()
    before = state.descent.parameters.copy()
    while (updates := session.next_updates(n_updates=200 * AHEAD, n_epochs=math.inf)) is not None:
        sizes.append(len(updates))
        state.descent.t += len(updates)
        for array in (state.descent.parameters, state.descent.slots, state.descent.average):
            array += len(updates)
        # The cost falls until epoch 60; the two updates of an epoch have the same cost.
        costs = [max(100.0 - state.history.n_epochs - i // 2, 40.0) for i in range(len(updates))]
        session.record(np.array([*costs[:-1], last if len(sizes) == 1 else costs[-1]]))
    assert sizes == [200, 132]
    assert state.history.costs[-7:] == [41.0, *[40.0] * 6]
    assert (state.reason, state.descent.t, state.stop.stalled) == ("converged", 132, 5)
    np.testing.assert_array_equal(state.descent.parameters, before + 132)
    np.testing.assert_array_equal(state.descent.average, before + 132)
    assert (state.descent.slots == 132).all()
    expected = start(how).random_state
    orders = next_orders(np.arange(M), expected, 66)
    np.testing.assert_array_equal(state.order, orders[-1])
    assert state.random_state.randint(2**31) == expected.randint(2**31)


def test_a_session_waits_for_the_validation_of_each_epoch() -> None:
    how = recipe(max_epochs=5, stop=StopRule(tol=0.0, patience=1))
    session = TrainingSession(start(how), how, M, ValidationPlan(validates=True, stops=True))
    for score in (0.5, 0.4, 0.3):
        updates = session.next_updates(n_updates=100, n_epochs=100)
        assert updates is not None
        session.record(np.ones(len(updates)))
        assert session.awaits_validation
        session.record_validation(1.0, score)
    assert session.state.reason == "converged"
    assert session.next_updates() is None


def test_keeps_best_false_keeps_the_last_parameters() -> None:
    how = recipe(max_epochs=2)
    session = TrainingSession(start(how), how, M, ValidationPlan(validates=True, keeps_best=False))
    while (updates := session.next_updates(100)) is not None:
        session.record(np.ones(len(updates)))
        session.state.descent.parameters += 1.0
        session.record_validation(1.0, 0.5 - session.n_epochs)
    assert session.state.shown is session.state.descent.parameters


def test_recording_costs_before_updates_raises_an_error() -> None:
    session = TrainingSession(start(recipe()), recipe(), M)
    with pytest.raises(ValueError, match=r"there are no updates to record\. Call next_updates first"):
        session.record(np.ones(1))
