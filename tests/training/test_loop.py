"""The training loop: stop reasons, history, events, divergence, validation, and independence of timing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import multilayer.training.loop as loop_module
import multilayer.training.session as session_module
from multilayer.equations import Adam, GradientDescent, Momentum, Nesterov, gradient_descent
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import DivergenceError
from multilayer.network import thetas
from multilayer.training import (
    EpochEnded,
    Event,
    History,
    Plateau,
    RunEnded,
    RunStarted,
    Schedule,
    StopRule,
    TrainingSession,
    TrainingState,
)
from multilayer.training.events import only_watches
from multilayer.training.state import REASONS

from ..pairwise import pairs_of
from .problems import DIVERGING, NETWORK, M, Recorder, Validation, objective, recipe, reference, start, train


def assert_same_result(received: TrainingState, expected: TrainingState) -> None:
    np.testing.assert_array_equal(received.descent.parameters, expected.descent.parameters)
    np.testing.assert_array_equal(received.descent.slots, expected.descent.slots)
    assert received.descent.t == expected.descent.t
    assert received.history.costs == expected.history.costs
    assert received.history.step_sizes == expected.history.step_sizes
    assert received.reason == expected.reason
    assert received.stop == expected.stop
    np.testing.assert_array_equal(received.order, expected.order)
    assert received.random_state.randint(2**31) == expected.random_state.randint(2**31)


# --- results


def test_batch_gradient_descent_equals_the_equations() -> None:
    how = recipe(rule=GradientDescent(), step_size=0.3, batch_size=M, shuffle=False, max_epochs=50)
    run, of = start(how), objective()
    expected, costs = gradient_descent(
        of.X, of.Y, [theta.copy() for theta in thetas(NETWORK, run.descent.parameters)], 0.3, 50, 0.0, "tanh", "softmax"
    )
    train(reference(), of, how, run)
    np.testing.assert_allclose(run.history.costs, costs, rtol=1e-12)
    for received, theta in zip(thetas(NETWORK, run.descent.parameters), expected, strict=True):
        np.testing.assert_allclose(received, theta, rtol=1e-10)


@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(), Nesterov(), Adam()], ids=lambda rule: rule.name)
def test_every_rule_reduces_the_cost(rule: Any) -> None:
    how = recipe(rule=rule, max_epochs=60)
    run = train(reference(), objective(), how, start(how))
    assert run.history.costs[-1] < 0.9 * run.history.costs[0]


def test_equal_seeds_give_equal_runs_and_different_seeds_different_runs() -> None:
    first, second, other = (train(reference(), objective(), recipe(), start(recipe(), seed=seed)) for seed in (1, 1, 2))
    assert first.history.costs != other.history.costs
    assert_same_result(second, first)


def test_training_without_shuffling_draws_no_random_numbers() -> None:
    how = recipe(shuffle=False)
    run = start(how)
    before = run.random_state.get_state()[1].copy()
    train(reference(), objective(), how, run)
    np.testing.assert_array_equal(run.random_state.get_state()[1], before)
    assert run.order is None


# --- stop reasons


def test_training_ends_after_max_epochs() -> None:
    run = train(reference(), objective(), recipe(max_epochs=4), start(recipe()))
    assert run.reason == "max_epochs"
    assert run.history.n_epochs == len(run.history.costs) == 4
    assert run.descent.t == 4 * 5


def test_the_stop_rule_ends_training() -> None:
    how = recipe(step_size=1e-9, max_epochs=100, stop=StopRule(tol=1e-4, patience=3))
    run = train(reference(), objective(), how, start(how))
    assert run.reason == "converged"
    assert run.history.n_epochs == 5  # the first epoch, then more than three without progress


def test_convergence_in_the_last_epoch_is_reported_as_converged() -> None:
    how = recipe(step_size=1e-9, max_epochs=5, stop=StopRule(tol=1e-4, patience=3))
    assert train(reference(), objective(), how, start(how)).reason == "converged"


@pytest.mark.parametrize("epoch", [1, 3, 12])
def test_a_listener_that_returns_true_ends_training_at_that_epoch(epoch: int) -> None:
    recorder = Recorder(stop_at=epoch)
    run = train(reference(), objective(), recipe(), start(recipe()), [recorder])
    assert run.reason == "listener"
    assert run.history.n_epochs == epoch
    assert run.descent.t == 5 * epoch
    expected = train(reference(), objective(), recipe(max_epochs=epoch), start(recipe()))
    np.testing.assert_array_equal(run.descent.parameters, expected.descent.parameters)


@pytest.mark.parametrize("answer", [1, "stop", None, False, np.False_, np.array([True])])
def test_return_values_other_than_true_do_not_end_training(answer: object) -> None:
    run = train(reference(), objective(), recipe(), start(recipe()), [lambda _: answer])
    assert run.reason == "max_epochs"


def test_numpy_true_ends_training() -> None:
    run = train(reference(), objective(), recipe(), start(recipe()), [lambda _: np.True_])
    assert (run.reason, run.history.n_epochs) == ("listener", 1)


def test_the_return_value_of_a_listener_that_only_watches_is_ignored() -> None:
    recorder = Recorder(only_watches=True, stop_at=2)
    run = train(reference(), objective(), recipe(), start(recipe()), [recorder])
    assert only_watches(recorder)
    assert run.reason == "max_epochs"
    assert run.history.n_epochs == 12


def test_the_reasons_are_complete() -> None:
    of_lbfgs = ("max_iterations", "max_evaluations", "line_search")
    last = ("listener", "interrupted", "diverged", "error")
    assert ("converged", "max_epochs", "max_time", *of_lbfgs, *last) == REASONS


# --- events and history


@pytest.mark.parametrize("watching", [True, False])
def test_listeners_receive_one_event_per_epoch_in_order(watching: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", 10.0)  # as many epochs per call as possible
    recorder = Recorder(only_watches=watching)
    run = train(reference(), objective(), recipe(max_epochs=70), start(recipe()), [recorder])
    first, *epochs, last = recorder.events
    assert first == RunStarted(NETWORK, M, 70)
    assert [event.epoch for event in epochs if isinstance(event, EpochEnded)] == list(range(1, 71))
    assert [event.cost for event in epochs if isinstance(event, EpochEnded)] == run.history.costs
    assert {event.step_size for event in epochs if isinstance(event, EpochEnded)} == {0.05}
    assert isinstance(last, RunEnded)
    assert (last.reason, last.epochs) == ("max_epochs", 70)
    seconds = [event.seconds for event in recorder.events if not isinstance(event, RunStarted)]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 0.0
    assert run.history.seconds == pytest.approx(seconds[-1], abs=1.0)


def test_every_listener_receives_all_events_after_another_stops_training() -> None:
    first, second = Recorder(stop_at=2), Recorder()
    train(reference(), objective(), recipe(), start(recipe()), [first, second])
    assert first.events == second.events
    assert len(first.events) == 4


def test_listeners_see_the_parameters_of_their_epoch() -> None:
    run, seen = start(recipe()), []

    def look(event: Event) -> None:
        if isinstance(event, EpochEnded):
            seen.append(run.descent.parameters.copy())

    train(reference(), objective(), recipe(max_epochs=3), run, [look])
    for epoch, parameters in enumerate(seen, start=1):
        expected = train(reference(), objective(), recipe(max_epochs=epoch), start(recipe()))
        np.testing.assert_array_equal(parameters, expected.descent.parameters)


def test_an_error_of_a_listener_is_raised() -> None:
    def fail(_: Event) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        train(reference(), objective(), recipe(), start(recipe()), [fail])


def test_continued_training_equals_one_run() -> None:
    whole = train(reference(), objective(), recipe(max_epochs=9), start(recipe()))
    halves = start(recipe())
    for epochs in (4, 5):
        train(reference(), objective(), recipe(max_epochs=epochs), halves)
    assert_same_result(halves, whole)


def test_continued_training_continues_the_epoch_numbers_and_seconds() -> None:
    run, recorder = start(recipe()), Recorder()
    train(reference(), objective(), recipe(max_epochs=2), run)
    before = run.history.seconds
    train(reference(), objective(), recipe(max_epochs=2), run, [recorder])
    assert [event.epoch for event in recorder.events if isinstance(event, EpochEnded)] == [3, 4]
    assert run.history.seconds > before


def test_a_new_history_is_empty_and_shares_no_lists() -> None:
    History().costs.append(1.0)
    assert History().n_epochs == 0
    assert History().validation_costs is None


# --- results do not depend on timing

STOPS_EARLY = {"step_size": 0.2, "max_epochs": 120, "stop": StopRule(tol=0.01, patience=4)}
REDUCES = STOPS_EARLY | {"schedule": Plateau(patience=2), "options": StepOptions(average=0.9), "batch_size": M}
ADAPTS = STOPS_EARLY | {"rule": GradientDescent(), "schedule": Schedule("adaptive"), "batch_size": M}
SECONDS, MAX_ORDERS = [0.0, 1e-3, 60.0], [1, 2 * M, 1 << 18]


@pytest.mark.parametrize(
    "how", [{}, {"shuffle": False}, {"batch_size": M}, {"batch_size": 1}, STOPS_EARLY, REDUCES, ADAPTS]
)
def test_results_do_not_depend_on_timing_memory_limits_or_listeners(
    how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = None
    audiences: list[list[Any]] = [[], [Recorder()], [Recorder(only_watches=True)]]
    for i, j, k in pairs_of([SECONDS, MAX_ORDERS, audiences]):
        monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", SECONDS[i])
        monkeypatch.setattr(session_module, "MAX_ORDER", MAX_ORDERS[j])
        run = train(reference(), objective(), recipe(**how), start(recipe(**how)), audiences[k])
        expected = expected or run
        np.testing.assert_array_equal(run.descent.parameters, expected.descent.parameters)
        assert run.history.costs == expected.history.costs
        assert (run.reason, run.descent.t, run.stop) == (expected.reason, expected.descent.t, expected.stop)
        np.testing.assert_array_equal(run.random_state.get_state()[1], expected.random_state.get_state()[1])
    assert expected is not None
    assert expected.reason == ("converged" if "stop" in how else "max_epochs")


def test_several_epochs_run_in_one_call_if_listeners_only_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", 60.0)
    engine, sizes = reference(), []
    descend = engine.descend

    def counted(of: Any, rule: Any, state: Any, batches: Any, options: Any) -> Any:
        sizes.append(len(batches))
        return descend(of, rule, state, batches, options)

    monkeypatch.setattr(engine, "descend", counted)
    train(engine, objective(), recipe(max_epochs=100), start(recipe()), [Recorder(only_watches=True)])
    assert sum(sizes) == 500
    assert max(sizes) > 100


def test_the_first_call_is_short_until_the_time_of_an_update_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, sizes = reference(), []
    descend = engine.descend

    def counted(of: Any, rule: Any, state: Any, batches: Any, options: Any) -> Any:
        sizes.append(len(batches))
        return descend(of, rule, state, batches, options)

    monkeypatch.setattr(engine, "descend", counted)
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", 60 * loop_module.SECONDS_PER_UPDATE)
    train(engine, objective(), recipe(max_epochs=100), start(recipe()))
    assert 10 < sizes[0] <= 60
    sizes.clear()
    session = TrainingSession(start(recipe()), recipe(max_epochs=100), M)
    pace = loop_module.Pace(session)
    pace.update(1, loop_module.SECONDS_PER_CALL, 60.0)
    loop_module.train(session, engine, objective(), pace=pace)
    assert sizes[0] == 1


# --- divergence


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_divergence_error_names_the_update_and_keeps_the_previous_parameters(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", seconds)
    of, run = objective("identity"), start(DIVERGING, objective("identity"))
    with pytest.raises(
        DivergenceError,
        match=r"^training diverged: the cost became (nan|inf) in epoch 3, update 5, with step size 1e\+40\. "
        r"Use a smaller step size \(learning_rate_init\), or bring the columns of X",
    ):
        train(reference(), of, DIVERGING, run)
    assert run.descent.t == 4
    assert np.isfinite(run.descent.parameters).all()
    assert np.isfinite(run.history.costs).all()
    assert run.history.n_epochs == 2


def test_the_epochs_before_a_divergence_are_reported_for_any_call_length(monkeypatch: pytest.MonkeyPatch) -> None:
    how = recipe(rule=GradientDescent(), step_size=3.0, batch_size=M, shuffle=False, max_epochs=10_000)
    of, costs = objective("identity"), []
    for seconds in (0.0, 60.0):
        monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", seconds)
        run, recorder = start(how, of), Recorder(only_watches=True)
        with pytest.raises(DivergenceError):
            train(reference(), of, how, run, [recorder])
        assert [event.cost for event in recorder.events if isinstance(event, EpochEnded)] == run.history.costs
        assert run.history.n_epochs == run.descent.t > 5
        costs.append(run.history.costs)
    assert costs[0] == costs[1]


def test_infinite_weights_after_the_last_update_raise_a_divergence_error() -> None:
    how = recipe(rule=GradientDescent(), step_size=1e308, batch_size=M, shuffle=False, max_epochs=1)
    of = objective("identity")
    state = TrainingState(descent=start(how, of).descent, random_state=np.random.RandomState(0))
    state.descent.parameters *= 1e3
    with pytest.raises(
        DivergenceError, match=r"the weights became infinite in epoch 1, update 1, with step size 1e\+308"
    ):
        train(reference(), of, how, state)


def test_listeners_receive_the_end_of_a_diverged_run() -> None:
    of, run, recorder = objective("identity"), start(DIVERGING, objective("identity")), Recorder()
    with pytest.raises(DivergenceError):
        train(reference(), of, DIVERGING, run, [recorder])
    assert run.reason == "diverged"
    assert recorder.events[-1] == RunEnded("diverged", 2, run.history.seconds)
    assert run.history.seconds > 0.0


def test_the_divergence_error_counts_epochs_across_batch_sizes() -> None:
    of, run = objective("identity"), start(DIVERGING, objective("identity"))
    train(reference(), of, recipe(rule=GradientDescent(), step_size=1e-3, batch_size=3, max_epochs=2), run)
    with pytest.raises(DivergenceError, match="in epoch 5, update 25, with step size"):
        train(reference(), of, DIVERGING, run)


# --- validation


def test_the_stop_rule_uses_the_score_and_the_best_parameters_are_kept() -> None:
    scores = [0.1, 0.5, 0.9, 0.2, 0.9, 0.3, 0.3]
    seen: list[Any] = []

    def measure(parameters: Any) -> tuple[float, float]:
        seen.append(parameters.copy())
        return 2.0, scores[len(seen) - 1]

    recorder, how = Recorder(), recipe(max_epochs=7, stop=StopRule(tol=0.0, patience=2))
    run = train(reference(), objective(), how, start(how), [recorder], Validation(measure))
    assert run.reason == "max_epochs"  # with tol=0 a score equal to the best counts as progress
    assert run.history.validation_scores == scores
    assert [event.validation_score for event in recorder.events if isinstance(event, EpochEnded)] == scores
    assert run.history.validation_costs == [2.0] * 7
    assert run.stop.best_cost == -0.9 == -run.best_score
    assert run.best is not None
    np.testing.assert_array_equal(run.best, seen[2])
    np.testing.assert_array_equal(run.shown, seen[2])
    np.testing.assert_array_equal(run.last, seen[-1])


def test_held_out_rows_are_not_used_for_training() -> None:
    of, how, rows = objective(), recipe(batch_size=4, max_epochs=3), np.arange(0, M, 2)
    run, expected = start(how), start(how)
    run.rows = rows
    train(reference(), of, how, run)
    fewer = dataclasses.replace(of, X=of.X[rows], Y=of.Y[rows])
    train(reference(), fewer, how, expected)
    np.testing.assert_array_equal(run.descent.parameters, expected.descent.parameters)
    assert run.rows_seen == 3 * len(rows)
