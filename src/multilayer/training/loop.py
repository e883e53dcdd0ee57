"""The training loop: it drives a session, runs the engine, reports events, and handles Ctrl-C between updates."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import replace
from types import FrameType

import numpy as np

from multilayer.engines.protocol import Batches, DescentRequest, Engine, Objective
from multilayer.exceptions import DivergenceError
from multilayer.network import Floats
from multilayer.training.events import (
    EpochEnded,
    Listener,
    RunEnded,
    RunStarted,
    notify,
    only_watches,
    reporting_compilation,
)
from multilayer.training.session import Session, TrainingSession
from multilayer.training.state import TrainingState

# From parameters to the mean cost of the validation rows, without regularisation, and their score (higher is better).
Measure = Callable[[Floats], tuple[float, float]]

# The target duration of one call of an engine: short enough for Ctrl-C and a progress bar, long enough to make Python's
# overhead negligible.  Results do not depend on it.
SECONDS_PER_CALL = 0.05
# The estimated time of an update before the first call, on a slow machine.
MULTIPLICATIONS_PER_SECOND = 2e10
SECONDS_PER_UPDATE = 5e-5


class Pace:
    """The number of updates in one call of the engine."""

    def __init__(self, session: TrainingSession) -> None:
        batch_size = min(session.recipe.batch_size, session.n_rows)
        multiplications = 3 * batch_size * session.state.descent.parameters.size
        seconds = multiplications / MULTIPLICATIONS_PER_SECOND + SECONDS_PER_UPDATE
        self.updates_per_call = max(1, int(min(SECONDS_PER_CALL, session.recipe.max_seconds) / seconds))

    def update(self, n_updates: int, seconds: float, seconds_left: float) -> None:
        """Adapt to the duration of the last call and to the remaining time."""
        fitting = min(SECONDS_PER_CALL, max(seconds_left, 0.0)) * n_updates / max(seconds, 1e-9)
        # At most doubled, because a single measurement is unreliable.
        self.updates_per_call = int(max(1, min(fitting, 2 * self.updates_per_call)))


def train(
    session: TrainingSession,
    engine: Engine,
    objective: Objective,
    listeners: Sequence[Listener] = (),
    measure: Measure | None = None,
    *,
    n_epochs: float = math.inf,
    pace: Pace | None = None,
) -> TrainingState:
    """Train a session to its end, or for ``n_epochs`` epochs.

    Parameters
    ----------
    session : TrainingSession
        Decides the updates and records their costs.
    engine : Engine
        Computes them.
    objective : Objective
        The cost to minimise.
    listeners : sequence of callables, default=()
        They receive the events; each may end training by returning True.
    measure : callable or None, default=None
        Cost and score of the validation rows, for a validated session.
    n_epochs : float, default=inf
        The number of epochs after which the session pauses.
    pace : Pace or None, default=None
        The pace of an earlier call for the same session.  Results do not depend on it.

    Returns
    -------
    TrainingState
        The state of the session, whose ``reason`` states why training ended.

    Raises
    ------
    DivergenceError
        At the first batch whose cost is not finite; the state then holds the parameters before that batch.  Also if the
        weights are not finite after the last update.
    """
    state, recipe = session.state, session.recipe
    pace = pace or Pace(session)
    curve = state.history.costs  # an entry for each epoch done
    last_epoch = len(curve) + n_epochs
    epoch_by_epoch = session.validation.validates or not all(map(only_watches, listeners))
    reporting = reporting_compilation(listeners) if listeners else nullcontext()
    with reported_end(session, listeners) as began, deferred_interrupt() as interrupt, reporting:
        if listeners:
            notify(listeners, RunStarted(objective.network, session.n_rows, recipe.max_epochs, len(curve)))
        deadline = began + recipe.max_seconds - session.seconds
        while len(curve) < last_epoch:
            most = 1 if epoch_by_epoch else last_epoch - len(curve)
            updates = session.next_updates(pace.updates_per_call, most)
            if updates is None:
                break
            n_before, called = len(curve), time.perf_counter()
            if session.can_be_interrupted and (interrupt.pressed or called >= deadline):
                session.end("interrupted" if interrupt.pressed else "max_time")
                report_epochs(session, listeners, n_before, began)
                break
            request = descent_request(session, objective, updates)
            costs = engine.descend(request.objective, request.rule, request.state, updates, request.options)
            now = time.perf_counter()
            pace.update(len(costs), now - called, deadline - now)
            session.record(costs)
            if session.awaits_validation and measure is not None:
                session.record_validation(*measure(state.last))
            is_stopped = report_epochs(session, listeners, n_before, began)
            n_before = len(curve)
            if interrupt.pressed and state.reason != "diverged":
                session.end("interrupted")
            elif is_stopped:
                session.end("listener")
            elif not state.reason and time.perf_counter() >= deadline:
                session.end("max_time")
            report_epochs(session, listeners, n_before, began)  # those of an interrupted plan
        if state.reason == "diverged":
            raise session.divergence(f"the cost became {costs[-1]}")
        if not np.isfinite(state.descent.parameters).all():
            raise session.divergence("the weights became infinite")
    return state


def descent_request(session: TrainingSession, objective: Objective, updates: Batches) -> DescentRequest:
    """Return the arguments of the engine for the next updates of a session."""
    recipe, options = session.recipe, session.recipe.options
    if recipe.fading is not None:
        factor = session.regularization_factor
        options = replace(options, weight_decay=factor * options.weight_decay)
        objective = replace(objective, dropout=tuple(factor * rate for rate in objective.dropout))
    return DescentRequest(objective, recipe.rule, session.state.descent, updates, options)


@contextmanager
def reported_end(session: Session, listeners: Sequence[Listener]) -> Iterator[float]:
    """Report the end of training after this block, also after an error; yields the time of the start."""
    state, began = session.state, time.perf_counter()
    try:
        yield began
    except BaseException as error:
        state.reason = "diverged" if isinstance(error, DivergenceError) else "error"
        raise
    finally:
        elapsed = time.perf_counter() - began
        session.seconds += elapsed
        state.history.seconds += elapsed
        notify(listeners, RunEnded(state.reason, state.history.n_epochs, elapsed))


def report_epochs(session: Session, listeners: Sequence[Listener], n_before: int, began: float) -> bool:
    """Report the epochs after the first ``n_before``; return whether a listener stops the run."""
    history, is_stopped = session.state.history, False
    if not listeners:
        return False
    cost = score = None
    if session.validation.validates and history.validation_costs and history.validation_scores:
        cost, score = history.validation_costs[-1], history.validation_scores[-1]
    for i in range(n_before, history.n_epochs):
        elapsed = time.perf_counter() - began
        event = EpochEnded(i + 1, history.costs[i], history.step_sizes[i], elapsed, score, cost)
        is_stopped |= notify(listeners, event)
    return is_stopped


class Interrupt:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False


# A context variable has a separate value in each thread.
_of_another_thread: ContextVar[Interrupt | None] = ContextVar("interrupt", default=None)


@contextmanager
def interrupted_by(interrupt: Interrupt) -> Iterator[None]:
    """End training within this block, in this thread, if Ctrl-C is pressed in the main thread."""
    token = _of_another_thread.set(interrupt)
    try:
        yield
    finally:
        _of_another_thread.reset(token)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C interrupt at the end of this block only."""
    with deferred_interrupt() as interrupt:
        is_shared = interrupt is _of_another_thread.get()
        yield
    if interrupt.pressed and not is_shared:  # a shared one is handled by the thread that waits for this one
        raise KeyboardInterrupt


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Let the first Ctrl-C within this block only set ``pressed``; a second one interrupts at once, as usual.

    An exception within an update would leave part of the weights updated.  Outside the main thread, which receives the
    signals, and in programs with a custom handler, nothing is changed.
    """
    shared = _of_another_thread.get()
    if shared is not None:
        yield shared
        return
    interrupt = Interrupt()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return

    def on_first_press(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 the signature of a handler
        interrupt.pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, on_first_press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
