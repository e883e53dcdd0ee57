"""L-BFGS: events, limits, Ctrl-C and divergence."""

from __future__ import annotations

import math
import signal
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from multilayer.engines import Objective
from multilayer.exceptions import DivergenceError
from multilayer.training import EpochEnded, RunEnded, RunStarted, TrainingState
from multilayer.training.state import LbfgsRecipe

from .problems import Recorder, objective, recipe, reference, start, train_lbfgs


def run_of(how: LbfgsRecipe, listeners: Any = (), of: Objective | None = None) -> TrainingState:
    return train_lbfgs(reference(), of or objective(), how, start(recipe()), listeners)


def test_the_cost_falls_and_each_iteration_has_an_event() -> None:
    recorder = Recorder()
    run = run_of(LbfgsRecipe(max_epochs=9), [recorder])
    first, *epochs, last = recorder.events
    assert first == RunStarted(objective().network, 30, 9)
    assert last == RunEnded("max_iterations", 9, run.history.seconds)
    assert [event.cost for event in epochs if isinstance(event, EpochEnded)] == run.history.costs
    assert run.history.costs == sorted(run.history.costs, reverse=True)
    assert run.descent.t == 9
    J, _ = reference().cost_and_gradient(objective(), run.descent.parameters)
    assert pytest.approx(J) == run.history.costs[-1] == run.stop.best_cost
    assert math.isnan(run.history.step_sizes[0])


def test_training_converges_at_a_small_gradient() -> None:
    of = replace(objective(), lam=1.0)
    run = run_of(LbfgsRecipe(tol=1e-5), of=of)
    assert run.reason == "converged"
    largest = np.abs(reference().cost_and_gradient(of, run.descent.parameters)[1]).max()
    assert largest <= 1e-5
    assert run.gradient == pytest.approx(largest)


def test_training_ends_at_the_maximum_number_of_evaluations() -> None:
    assert run_of(LbfgsRecipe(max_evaluations=3)).reason == "max_evaluations"


def test_a_listener_can_stop_training() -> None:
    run = run_of(LbfgsRecipe(), [Recorder(stop_at=4)])
    assert (run.reason, run.history.n_epochs) == ("listener", 4)
    np.testing.assert_array_equal(run.descent.parameters, run_of(LbfgsRecipe(max_epochs=4)).descent.parameters)


def test_ctrl_c_ends_training_after_an_iteration() -> None:
    def press(event: Any) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run = run_of(LbfgsRecipe(), [press])
    finally:
        signal.signal(signal.SIGINT, before)
    assert run.reason == "interrupted"
    assert 3 <= run.history.n_epochs <= 4


def test_float32_parameters_are_trained_in_float64_and_stay_float32() -> None:
    of = objective()
    narrow = replace(of, X=of.X.astype(np.float32), Y=of.Y.astype(np.float32))
    run = start(recipe())
    run.descent.parameters = run.descent.parameters.astype(np.float32)
    wide = train_lbfgs(reference(), of, LbfgsRecipe(max_epochs=5), start(recipe()))
    train_lbfgs(reference(), narrow, LbfgsRecipe(max_epochs=5), run)
    assert run.descent.parameters.dtype == np.float32
    np.testing.assert_allclose(run.descent.parameters, wide.descent.parameters, rtol=1e-3, atol=1e-4)


def test_a_start_with_an_infinite_cost_raises_a_divergence_error() -> None:
    recorder, run = Recorder(), start(recipe())
    run.descent.parameters *= 1e308
    of = replace(objective("identity"), lam=1.0)
    with pytest.raises(DivergenceError, match=r"in iteration 1 of L-BFGS\. Bring the columns of X"):
        train_lbfgs(reference(), of, LbfgsRecipe(), run, [recorder])
    assert isinstance(recorder.events[-1], RunEnded)
    assert recorder.events[-1].reason == "diverged"
