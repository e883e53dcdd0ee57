"""Interrupted training (Ctrl-C) leaves a usable estimator with every solver."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from multilayer import MLPClassifier, MLPRegressor
from multilayer.estimators import base
from multilayer.exceptions import InterruptedTrainingWarning, MultilayerWarning
from multilayer.training import EpochEnded, Event

from ..problems import data

X, Y = data("binary")


def model(kind: Any = MLPClassifier, **parameters: Any) -> Any:
    defaults = {"hidden_layer_sizes": (4,), "random_state": 0, "n_iter_no_change": math.inf, "max_iter": 50}
    return kind(**(defaults | parameters))


def press_after(epoch: int) -> Any:
    def press(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == epoch:
            signal.raise_signal(signal.SIGINT)

    return press


@pytest.fixture(autouse=True)
def _python_s_own_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_an_interrupted_fit_keeps_the_current_weights_and_warns(kind: Any) -> None:
    interrupted = model(kind, callbacks=[press_after(2)])
    with pytest.warns(InterruptedTrainingWarning, match=r"interrupted after 2 of 50 epochs; the estimator holds the w"):
        interrupted.fit(X, Y)
    np.testing.assert_array_equal(interrupted.predict(X), model(kind, max_iter=2).fit(X, Y).predict(X))
    assert interrupted.n_iter_ == 2
    assert issubclass(InterruptedTrainingWarning, MultilayerWarning)


def test_an_interrupted_fit_with_early_stopping_keeps_the_best_weights() -> None:
    best = model(early_stopping=True, max_iter=99, learning_rate_init=0.3, callbacks=[press_after(20)])
    with pytest.warns(InterruptedTrainingWarning, match="after 20 of 99 epochs; the estimator holds the best weights"):
        best.fit(X, Y)
    rows = best._training_state.held_out
    assert best.score(X[rows], Y[rows]) == pytest.approx(max(best.validation_scores_))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_an_interrupted_lbfgs_fit_keeps_the_current_weights_and_warns(kind: Any) -> None:
    interrupted = model(kind, solver="lbfgs", callbacks=[press_after(3)])
    with pytest.warns(InterruptedTrainingWarning, match="interrupted after 3 of 50 epochs"):
        interrupted.fit(X, Y)
    assert interrupted.n_iter_ == len(interrupted.loss_curve_) == 3
    with pytest.warns(MultilayerWarning, match="ended after max_iter=3 iterations"):
        expected = model(kind, solver="lbfgs", max_iter=3).fit(X, Y)
    np.testing.assert_array_equal(interrupted.parameters_, expected.parameters_)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_partial_fit_continues_after_an_interrupted_call(kind: Any) -> None:
    interrupted = model(kind, callbacks=[press_after(2)], batch_size=10)
    first = {"classes": [0, 1]} if kind is MLPClassifier else {}
    interrupted.partial_fit(X, Y, **first)
    with pytest.warns(InterruptedTrainingWarning, match="interrupted after 1 of 1 epochs"):
        interrupted.partial_fit(X, Y)
    expected = model(kind, batch_size=10).partial_fit(X, Y, **first).partial_fit(X, Y)
    np.testing.assert_array_equal(interrupted.parameters_, expected.parameters_)
    np.testing.assert_array_equal(interrupted.partial_fit(X, Y).parameters_, expected.partial_fit(X, Y).parameters_)


def test_the_estimator_is_unchanged_when_the_interrupt_warning_is_raised_as_an_error() -> None:
    fitted = model(warm_start=True, n_iter_no_change=1, tol=1e9).fit(X, Y)
    before = fitted.parameters_.copy()
    fitted.set_params(callbacks=[press_after(fitted.n_iter_ + 1)], tol=0.0)
    with pytest.raises(InterruptedTrainingWarning):
        fitted.fit(X, Y)
    np.testing.assert_array_equal(fitted.parameters_, before)


def test_ctrl_c_during_the_takeover_of_a_fit_is_raised_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = base.take_over

    def take_over(*arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        original(*arguments)

    monkeypatch.setattr(base, "take_over", take_over)
    interrupted, expected = model(max_iter=2), model(max_iter=2)
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(X, Y)
    monkeypatch.undo()
    assert interrupted.n_iter_ == 2
    np.testing.assert_array_equal(interrupted.parameters_, expected.fit(X, Y).parameters_)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
