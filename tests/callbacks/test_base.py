"""Callbacks receive the events in order and can stop training with every solver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.callbacks import Callback, LambdaCallback
from multilayer.exceptions import DivergenceError, ParameterError
from multilayer.training import EpochEnded, RunEnded, RunStarted

from ..problems import POINTS as X
from ..problems import SIDES as y

# Fits of a fixed number of epochs under warm_start may be some of many, and are warned of.
pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")

SOLVERS = ("adam", "sgd", "lbfgs")


class Recorder(Callback):
    def __init__(self, stop_at: int | None = None) -> None:
        self.events: list[tuple[str, Any]] = []
        self.stop_at = stop_at

    def on_run_begin(self, event: RunStarted) -> None:
        self.events.append(("begin", event))

    def on_epoch_end(self, event: EpochEnded) -> bool:
        self.events.append(("epoch", event))
        return event.epoch == self.stop_at

    def on_run_end(self, event: RunEnded) -> None:
        self.events.append(("end", event))


def model(callback: Any, **options: Any) -> MLPClassifier:
    defaults = {"max_iter": 8, "n_iter_no_change": np.inf, "tol": 0, "random_state": 0}
    return MLPClassifier((4,), callbacks=[callback], **(defaults | options))


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_receive_the_events_in_order(solver: str) -> None:
    recorder = Recorder()
    fitted = model(recorder, solver=solver).fit(X, y)
    names = [name for name, _ in recorder.events]
    assert names == ["begin", *["epoch"] * 8, "end"]
    assert [event.cost for name, event in recorder.events if name == "epoch"] == fitted.loss_curve_
    begin = recorder.events[0][1]
    assert (begin.network, begin.n_rows, begin.max_epochs, begin.epochs_before) == (fitted.network_, 40, 8, 0)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_can_stop_training(solver: str) -> None:
    recorder = Recorder(stop_at=3)
    fitted = model(recorder, solver=solver).fit(X, y)
    assert fitted.n_iter_ == 3
    assert recorder.events[-1][1].reason == "listener"
    assert len(fitted.loss_curve_) == 3


@pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
def test_training_does_not_depend_on_whether_callbacks_only_watch(solver: str) -> None:
    watching = LambdaCallback(only_watches=True)
    alone = model(watching, solver=solver).fit(X, y)
    observed = model(Recorder(), solver=solver).fit(X, y)
    assert np.array_equal(alone.parameters_, observed.parameters_)


def test_numpy_bools_stop_training_and_other_return_values_do_not() -> None:
    assert model(LambdaCallback(on_epoch_end=lambda event: np.float64(event.epoch) >= 2)).fit(X, y).n_iter_ == 2
    assert model(LambdaCallback(on_epoch_end=lambda event: event.epoch)).fit(X, y).n_iter_ == 8


def test_a_callback_that_only_watches_cannot_stop_training() -> None:
    watching = LambdaCallback(on_epoch_end=lambda _: True, only_watches=True)
    assert model(watching).fit(X, y).n_iter_ == 8


def test_continued_runs_report_the_number_of_earlier_epochs() -> None:
    recorder = Recorder()
    continued = model(recorder, warm_start=True)
    continued.fit(X, y).fit(X, y).partial_fit(X, y)
    assert [event.epochs_before for name, event in recorder.events if name == "begin"] == [0, 8, 16]
    assert [event.epoch for name, event in recorder.events if name == "epoch"] == list(range(1, 18))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("moment", ["on_run_begin", "on_epoch_end"])
def test_an_error_in_a_callback_ends_training_and_all_callbacks_receive_the_end(moment: str, solver: str) -> None:
    def fail(event: Any) -> None:
        raise ZeroDivisionError(f"in {type(event).__name__}")

    recorder = Recorder()
    failing = MLPClassifier((4,), solver=solver, callbacks=[recorder, LambdaCallback(**{moment: fail})])
    with pytest.raises(ZeroDivisionError):
        failing.fit(X, y)
    assert recorder.events[-1][1].reason == "error"
    assert not hasattr(failing, "parameters_")


def test_a_diverged_run_ends_with_the_reason_diverged() -> None:
    recorder = Recorder()
    diverging = MLPRegressor(solver="sgd", learning_rate_init=1e9, callbacks=[recorder])
    with pytest.raises(DivergenceError):
        diverging.fit(X, 1e3 * X[:, 0])
    assert recorder.events[-1][1].reason == "diverged"


def test_callbacks_without_methods_do_nothing() -> None:
    assert model(Callback()).fit(X, y).n_iter_ == 8
    assert model(LambdaCallback()).fit(X, y).n_iter_ == 8


def test_non_callable_functions_raise_an_error() -> None:
    with pytest.raises(ParameterError, match="on_epoch_end must be a function of one event or None, got 3"):
        LambdaCallback(on_epoch_end=3)  # type: ignore[arg-type]
