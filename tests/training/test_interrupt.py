"""Ctrl-C ends training between updates, never during one."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
import pytest

import multilayer.training.loop as loop_module
import multilayer.training.session as session_module
from multilayer.training import EpochEnded, Event
from multilayer.training.loop import deferred_interrupt

from .problems import objective, recipe, reference, start, train


def press() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def python_s_own_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_after_epoch(epoch: int) -> Any:
    def listener(event: Event) -> None:
        if isinstance(event, EpochEnded) and event.epoch == epoch:
            press()

    return listener


def test_ctrl_c_between_epochs_ends_training_there() -> None:
    run = train(reference(), objective(), recipe(), start(recipe()), [press_after_epoch(3)])
    assert run.reason == "interrupted"
    assert run.history.n_epochs == 3
    expected = train(reference(), objective(), recipe(max_epochs=3), start(recipe()))
    np.testing.assert_array_equal(run.descent.parameters, expected.descent.parameters)


@pytest.mark.parametrize("updates", [1, 5, 7, 11])
def test_ctrl_c_during_an_update_ends_training_after_it(updates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", 0.0)  # one update per call
    engine = reference()
    descend = engine.descend

    def pressed_during(of: Any, rule: Any, state: Any, batches: Any, options: Any) -> Any:
        if state.t == updates - 1:
            press()
        return descend(of, rule, state, batches, options)

    monkeypatch.setattr(engine, "descend", pressed_during)
    run = train(engine, objective(), recipe(), start(recipe()))
    assert run.reason == "interrupted"
    assert run.descent.t == updates
    assert run.history.n_epochs == updates // 5  # an unfinished epoch is not recorded
    assert run.descent.slots.any()


def test_ctrl_c_before_the_first_update_leaves_the_starting_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed_during(*args: Any) -> Any:
        press()
        return batches(*args)

    batches = session_module.epochs_of_batches
    monkeypatch.setattr(session_module, "epochs_of_batches", pressed_during)
    run, untouched = start(recipe()), start(recipe())
    train(reference(), objective(), recipe(), run)
    assert (run.reason, run.descent.t, run.history.n_epochs) == ("interrupted", 0, 0)
    np.testing.assert_array_equal(run.descent.parameters, untouched.descent.parameters)


def test_ctrl_c_ends_a_long_run_promptly() -> None:
    timer = threading.Timer(0.1, press)
    timer.start()
    before = time.perf_counter()
    run = train(reference(), objective(), recipe(max_epochs=10**6), start(recipe()))
    timer.join()
    assert run.reason == "interrupted"
    assert time.perf_counter() - before < 30.0
    assert np.isfinite(run.descent.parameters).all()
    assert run.descent.t // 5 == run.history.n_epochs


def test_a_second_ctrl_c_raises_keyboard_interrupt() -> None:
    def twice(event: Event) -> None:
        if isinstance(event, EpochEnded):
            press()
            press()

    with pytest.raises(KeyboardInterrupt):
        train(reference(), objective(), recipe(), start(recipe()), [twice])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_default_signal_handler_is_restored_after_training() -> None:
    inside = []
    train(
        reference(),
        objective(),
        recipe(max_epochs=1),
        start(recipe()),
        [lambda _: inside.append(signal.getsignal(signal.SIGINT))],
    )
    assert inside[1] is not signal.default_int_handler  # during training the handler is ours
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyError), deferred_interrupt():
        raise KeyError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_custom_signal_handler_is_kept() -> None:
    pressed = []

    def custom(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 the signature of a handler
        pressed.append(signum)

    signal.signal(signal.SIGINT, custom)
    run = train(reference(), objective(), recipe(), start(recipe()), [press_after_epoch(2)])
    assert run.reason == "max_epochs"
    assert pressed == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is custom


def test_signal_handlers_are_not_changed_outside_the_main_thread() -> None:
    handlers, reasons = [], []

    def work() -> None:
        run = train(
            reference(),
            objective(),
            recipe(),
            start(recipe()),
            [lambda _: handlers.append(signal.getsignal(signal.SIGINT))],
        )
        reasons.append(run.reason)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reasons == ["max_epochs"]
    assert set(handlers) == {signal.default_int_handler}


@pytest.mark.parametrize("updates", [7, 11])
def test_order_and_generator_are_reset_to_the_last_complete_epoch(
    updates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "SECONDS_PER_CALL", 0.0)
    engine, whole = reference(), start(recipe())
    descend = engine.descend

    def pressed_during(of: Any, rule: Any, state: Any, batches: Any, options: Any) -> Any:
        if state.t == updates - 1:
            press()
        return descend(of, rule, state, batches, options)

    monkeypatch.setattr(engine, "descend", pressed_during)
    run = train(engine, objective(), recipe(), start(recipe()))
    train(reference(), objective(), recipe(max_epochs=updates // 5), whole)
    np.testing.assert_array_equal(run.order, whole.order)
    np.testing.assert_array_equal(run.random_state.get_state()[1], whole.random_state.get_state()[1])
