"""A run stops at every update, and reaches it again with the very same numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.engines import get_engine
from multilayer.exceptions import InputError
from multilayer.playground.data.play_data import PlayData, shape_data
from multilayer.playground.runs.next_update import update_ahead
from multilayer.playground.runs.run import CancelledError, Run
from multilayer.playground.runs.settings import SettingError
from multilayer.playground.runs.setup import Setup, estimator_for, initial_parameters

DATA = shape_data("moons", rows=200, noise=0.1)
PARAMETERS: dict[str, dict[str, Any]] = {
    "adam": {},
    "all rows": {"batch_size": "all", "solver": "sgd", "learning_rate_init": 0.5, "momentum": 0.0},
    "lbfgs": {"solver": "lbfgs"},
    "dropout": {"dropout": 0.2, "learning_rate": "cosine", "max_iter": 80},
    "plateau": {"weight_decay": 0.1, "learning_rate": "plateau", "l1_alpha": 0.01},
    "linear": {"hidden_layer_sizes": []},
}


def run_of(parameters: dict[str, Any], data: PlayData = DATA) -> Run:
    return Run(data, Setup().with_parameters(parameters))


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_run_trains_as_the_estimator_does(name: str) -> None:
    run = run_of(PARAMETERS[name])
    run.advance(n_epochs=20)
    model = estimator_for({**run.setup.parameters, "max_iter": run.setup.parameters["max_iter"]}, DATA)
    stop = lambda event: getattr(event, "epoch", 0) >= 20  # noqa: E731
    model.set_params(callbacks=[stop]).fit(DATA.X, DATA.y, X_val=DATA.X_val, y_val=DATA.y_val)
    history = run.fit.state.history
    assert [cost / run.cost_divisor for cost in history.costs] == model.loss_curve_
    assert history.validation_scores == model.validation_scores_
    np.testing.assert_array_equal(run.parameters, model._training_state.last)


def test_a_run_trains_on_one_thread_and_its_estimator_on_all() -> None:
    run = run_of({})
    run.advance(n_epochs=1)
    assert run.fit.settings.n_jobs == 1
    assert run.snapshot().n_jobs is None


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_update_is_reached_again_exactly(name: str) -> None:
    run, seen = run_of(PARAMETERS[name]), {}
    for _ in range(60):
        seen[run.update] = (run.parameters.copy(), list(run.fit.state.history.costs))
        run.advance(n_updates=1)
    rng = np.random.default_rng(0)
    for update in rng.permutation(list(seen))[:25]:
        run.go_to(int(update))
        parameters, costs = seen[int(update)]
        assert run.update == update
        np.testing.assert_array_equal(run.parameters, parameters)
        assert run.fit.state.history.costs == costs
    assert run.last_update == max(seen) + (run.update < run.last_update and run.last_update not in seen)


@given(st.lists(st.integers(0, 120), min_size=1, max_size=6), st.sampled_from(["adam", "dropout", "all rows"]))
@settings(max_examples=15, deadline=None)
def test_the_way_to_an_update_does_not_matter(updates: list[int], name: str) -> None:
    run, direct = run_of(PARAMETERS[name]), run_of(PARAMETERS[name])
    for update in updates:
        run.go_to(update)
    direct.advance(n_updates=updates[-1])
    np.testing.assert_array_equal(run.parameters, direct.parameters)
    assert run.fit.state.history.costs == direct.fit.state.history.costs


def test_changes_on_the_way_equal_fits_with_warm_start() -> None:
    run = run_of({})
    run.advance(n_epochs=5)
    assert run.change({"learning_rate_init": 0.003, "alpha": 0.5})
    run.advance(n_epochs=4)
    assert run.change({"solver": "sgd", "activation": ["relu", "tanh"]})
    run.advance(n_epochs=3)
    last, parameters = run.update, run.parameters.copy()

    model = estimator_for(Setup().with_parameters({"max_iter": 5}).parameters, DATA).set_params(warm_start=True)
    rows = {"X_val": DATA.X_val, "y_val": DATA.y_val}
    model.fit(DATA.X, DATA.y, **rows)
    model.set_params(learning_rate_init=0.003, alpha=0.5, max_iter=4).fit(DATA.X, DATA.y, **rows)
    model.set_params(solver="sgd", activation=["relu", "tanh"], max_iter=3).fit(DATA.X, DATA.y, **rows)
    assert [cost / run.cost_divisor for cost in run.fit.state.history.costs] == model.loss_curve_
    np.testing.assert_array_equal(parameters, model._training_state.last)

    for update in (0, 17, last, 3, last):
        run.go_to(update)
    np.testing.assert_array_equal(run.parameters, parameters)
    assert [segment.epoch for segment in run.segments] == [0, 5, 9]


def test_a_change_waits_for_the_end_of_the_epoch_and_forgets_the_future() -> None:
    run = run_of({})
    run.advance(n_epochs=8)
    run.go_to(run.updates_per_epoch * 3 + 1)
    assert run.change({"alpha": 0.1})
    assert (run.epoch, run.update) == (4, 4 * run.updates_per_epoch)
    assert run.last_update == run.update
    assert run.timeline.curves.n_epochs == 4


@pytest.mark.parametrize("name", ["hidden_layer_sizes", "random_state", "initialization"])
def test_other_starting_weights_need_a_new_run(name: str) -> None:
    run, value = run_of({}), {"hidden_layer_sizes": [3], "random_state": 7, "initialization": "he"}[name]
    run.advance(n_epochs=1)
    before = run.parameters.copy()
    assert not run.change({name: value})
    np.testing.assert_array_equal(run.parameters, before)


def test_a_change_that_cannot_be_made_leaves_the_run_as_it_was() -> None:
    run = run_of({})
    run.advance(n_epochs=2)
    before, update = run.parameters.copy(), run.update
    with pytest.raises(ValueError, match="weight_decay"):
        run.change({"weight_decay": 1000.0})
    with pytest.raises(SettingError, match="alpha must be a non-negative number, got -1") as caught:
        run.change({"alpha": -1})
    assert caught.value.parameter == "alpha"
    assert run.update == update
    np.testing.assert_array_equal(run.parameters, before)
    assert len(run.segments) == 1


def test_a_divergence_ends_the_run_with_advice_and_can_be_rewound() -> None:
    data = shape_data("waves", rows=100)
    diverging = {"solver": "sgd", "learning_rate_init": 1e6, "activation": "relu", "momentum": 0.0}
    run = run_of(diverging, data)
    run.advance(n_epochs=50)
    assert run.reason == "diverged"
    assert "smaller step size" in run.message
    run.go_to(0)
    assert (run.reason, run.message) == ("", "")
    assert np.isfinite(run.parameters).all()


def test_training_ends_after_max_iter_epochs() -> None:
    run = run_of({"max_iter": 3})
    run.advance(n_epochs=10)
    assert (run.epoch, run.reason) == (3, "max_epochs")
    run.change({"max_iter": 2})
    run.advance(n_epochs=10)
    assert (run.epoch, run.reason) == (5, "max_epochs")


def test_the_next_update_can_be_seen_without_doing_it() -> None:
    run = run_of({})
    run.advance(n_updates=4)
    before, ahead = run.parameters.copy(), update_ahead(run)
    batch, after = ahead.rows, ahead.parameters
    np.testing.assert_array_equal(run.parameters, before)
    objective = run.objective
    J, _ = get_engine("reference").cost_and_gradient(
        objective.__class__(objective.network, objective.X[batch], objective.Y[batch], objective.lam), before
    )
    run.advance(n_updates=1)
    assert after is not None
    np.testing.assert_array_equal(run.parameters, after)
    np.testing.assert_allclose(run.costs[-1] * run.cost_divisor, J, rtol=1e-12)


def test_keyframes_stay_within_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multilayer.playground.runs.run.SECONDS_BETWEEN_KEYFRAMES", 0.0)
    run = run_of({})
    parameters = []
    for _ in range(1500):
        run.advance(n_updates=1)
        parameters.append(run.parameters.copy())
    assert len(run.timeline.keyframes) < 500
    run.go_to(777)
    np.testing.assert_array_equal(run.parameters, parameters[776])


def test_work_ends_when_it_is_cancelled() -> None:
    cancelled = [False]
    run = Run(DATA, Setup(), is_cancelled=lambda: cancelled[0])
    run.advance(n_updates=3)
    cancelled[0] = True
    with pytest.raises(CancelledError):
        run.advance(n_updates=1)


def test_there_is_no_negative_update() -> None:
    with pytest.raises(InputError, match="must not be negative, got -1"):
        run_of({}).go_to(-1)


def test_the_last_iteration_of_lbfgs_is_the_end_however_it_is_reached() -> None:
    run = run_of({"solver": "lbfgs", "max_iter": 12})
    run.advance()
    last, reason = run.update, run.reason
    assert (last, reason) == (12, "max_iterations")
    for update in (0, last):
        run.go_to(update)
    assert run.reason == reason
    run.advance(n_updates=1)  # would not return if training could continue
    assert run.update == last


def test_iterations_of_lbfgs_that_are_kept_have_a_limit_of_memory() -> None:
    data = replace(DATA, X=np.zeros((140, 2000)))
    limited = initial_parameters({**Setup().parameters, "solver": "lbfgs", "hidden_layer_sizes": (64, 64)}, data)
    assert 100 < limited["max_iter"] < 1000
    assert initial_parameters({**Setup().parameters, "solver": "lbfgs"}, DATA)["max_iter"] == 1000


def test_a_rewind_after_a_divergence_reaches_each_update_before_it() -> None:
    data = shape_data("waves", rows=100)
    run = run_of({"solver": "sgd", "learning_rate_init": 10.0, "momentum": 0.0, "batch_size": 5}, data)
    seen = {}
    while not run.reason:
        seen[run.update] = run.parameters.copy()
        run.advance(n_updates=1)
    assert run.reason == "diverged"
    with pytest.raises(InputError, match="Rewind first"):
        run.change({"learning_rate_init": 0.01})
    for update in (run.update, max(seen), 0):
        run.go_to(update)
        assert (run.update, run.reason) == (update, "")
        np.testing.assert_array_equal(run.parameters, seen[update])


def test_costs_of_updates_are_numbered_also_where_a_decision_undoes_epochs() -> None:
    parameters = {"learning_rate": "plateau", "batch_size": "all", "learning_rate_init": 0.5, "solver": "sgd"}
    data = shape_data("moons", rows=60, validation_fraction=0.0)
    run, single = run_of(parameters, data), run_of(parameters, data)
    run.advance(n_updates=400)
    for _ in range(400):
        single.advance(n_updates=1)
    assert run.first_cost + len(run.costs) == run.update == 400
    assert list(run.costs) == list(single.costs)


def test_changes_at_one_update_are_joined() -> None:
    run = run_of({})
    run.advance(n_epochs=2)
    for changes in ({"alpha": 0.1}, {"l1_alpha": 0.01}, {"alpha": 0.0}):
        assert run.change(changes)
    assert [dict(segment.changes) for segment in run.segments] == [{}, {"l1_alpha": 0.01}]
    assert run.change({"l1_alpha": 0.0})
    assert len(run.segments) == 1
    run.advance(n_epochs=1)
    direct = run_of({})
    direct.advance(n_epochs=3)
    np.testing.assert_array_equal(run.parameters, direct.parameters)
