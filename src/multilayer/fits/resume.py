"""Continued training: it works on a copy of the state, so that a failure leaves the estimator unchanged."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from multilayer.engines import DescentState
from multilayer.exceptions import ParameterError
from multilayer.network import Floats, Network
from multilayer.training import TrainingState
from multilayer.training.state import StopState


def check_same_network(before: Network, now: Network) -> None:
    """Raise an error if settings and data require another network than the one whose training continues."""
    if before.layer_sizes != now.layer_sizes:
        raise ParameterError(
            f"the network has layers of {before.layer_sizes} units and cannot be continued with {now.layer_sizes}. Set "
            "warm_start=False and call fit to start again, or restore hidden_layer_sizes and the columns of X and y."
        )
    if before.embedding != now.embedding:
        raise ParameterError(
            f"the network has the embedding {before.embedding} and cannot be continued with {now.embedding}. Set "
            "warm_start=False and call fit to start again, or restore embedding."
        )
    if before.normalization != now.normalization:
        raise ParameterError(
            f"the network has normalization={before.normalization!r} and cannot be continued with "
            f"{now.normalization!r}. Set warm_start=False and call fit to start again, or restore normalization."
        )


def resumed_state(state: TrainingState, shown: Floats, *, is_part: bool) -> TrainingState:
    """Return a copy of a state to continue training from; generator and curves are shared with the original.

    If the user has changed the parameters ``shown``, training continues from these.  A part of the data drops the order
    of the rows.
    """
    best, last = state.best, state.last
    if best is not None and not np.array_equal(shown, best):
        best = None
    if best is None:
        last = shown
    # Not ndarray.copy, which keeps the class of a memory map.
    descent = DescentState(np.array(last), np.array(state.descent.slots), state.descent.t)
    if state.descent.average is not None:
        descent.parameters, descent.average = np.array(state.descent.parameters), descent.parameters
    order = None if is_part else state.order
    return replace(state, descent=descent, best=best, order=order, history=copy.copy(state.history))


@contextmanager
def read_only(parameters: Floats) -> Iterator[None]:
    """Let changes of these parameters raise an error within this block: the end of the fit would overwrite them."""
    writeable = parameters.flags.writeable
    parameters.flags.writeable = False
    try:
        yield
    finally:
        parameters.flags.writeable = writeable


@contextmanager
def restored_on_failure(state: TrainingState, shown_costs: list[float]) -> Iterator[None]:
    """Restore the shared generator and curves of a state after an error within this block."""
    # NumPy's global generator is not restored, because others draw from it too.
    generator = state.random_state
    draws = None if generator is np.random.mtrand._rand else generator.get_state(legacy=False)
    history = state.history
    curves = [history.costs, history.step_sizes, history.validation_costs, history.validation_scores, shown_costs]
    lengths = [(curve, len(curve)) for curve in curves if curve is not None]
    try:
        yield
    except BaseException:
        if draws is not None:
            generator.set_state(draws)
        for curve, length in lengths:
            del curve[length:]
        raise


def update_shared(shared: TrainingState, trained: TrainingState) -> None:
    """Write the trained state into the one that the estimator shares with its shallow copies."""
    descent = shared.descent
    vars(descent).update(vars(trained.descent))
    vars(shared).update(vars(trained), descent=descent)


def without_memory(state: TrainingState, shown: Floats) -> TrainingState:
    """Return a state with weights, curves and generator only, without what further training needs.

    Adam's memory is twice as large as the weights, and row numbers are as long as the data.  The training time is
    dropped, so that equal fits have equal pickles, as joblib's cache requires.
    """
    return replace(
        state,
        descent=DescentState(shown, np.empty((0, len(shown)), dtype=shown.dtype)),
        rows=None,
        held_out=None,
        n_divided=0,
        order=None,
        history=replace(state.history, seconds=0.0),
        # A best score is dropped with its validation rows; a best cost is kept.
        stop=StopState() if state.watches_score else state.stop,
        watches_score=False,
        best=None,
        best_score=-math.inf,
    )


def snapshot(model: Any, state: TrainingState) -> tuple[Any, TrainingState]:
    """Return independent copies of an estimator in training and of its state."""
    copied, held = copy.copy(model), copy.deepcopy(state)
    copied.loss_curve_ = list(getattr(model, "loss_curve_", []))  # it is extended in place
    if copied.random_state is state.random_state:  # the user's generator, which both draw from
        copied.random_state = held.random_state
    return copied, held
