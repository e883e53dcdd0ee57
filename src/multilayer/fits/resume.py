"""Training that resumes: the state to train on is a copy, so that a failure leaves the estimator as it was."""

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
    """An error where the settings and data of today make another network than the one to be trained further."""
    if before.layer_sizes != now.layer_sizes:
        raise ParameterError(
            f"the network has layers of {before.layer_sizes} units and cannot be trained further with "
            f"{now.layer_sizes}. Set warm_start=False and call fit to begin anew, or put hidden_layer_sizes and the "
            "columns of X and y back to what they were."
        )
    if before.normalization != now.normalization:
        raise ParameterError(
            f"the network has normalization={before.normalization!r} and cannot be trained further with "
            f"{now.normalization!r}. Set warm_start=False and call fit to begin anew, or put normalization back to "
            "what it was."
        )


def resumed_state(state: TrainingState, shown: Floats, *, is_part: bool) -> TrainingState:
    """A copy of a state to train further on.

    Parameters
    ----------
    state : TrainingState
        As the last training left it.  Generator and curves are shared with the copy; see :func:`restored_on_failure`.
    shown : array of shape (P,)
        The parameters that the estimator answers with.  Where its user has written to them, training continues from
        these.
    is_part : bool
        Whether the rows to come are others: then their last order is dropped.
    """
    best, last = state.best, state.last
    if best is not None and not np.array_equal(shown, best):
        best = None
    if best is None:
        last = shown
    descent = DescentState(last.copy(), state.descent.slots.copy(), state.descent.t)
    if state.descent.average is not None:
        descent.parameters, descent.average = state.descent.parameters.copy(), last.copy()
    order = None if is_part else state.order
    return replace(state, descent=descent, best=best, order=order, history=copy.copy(state.history))


@contextmanager
def restored_on_failure(state: TrainingState, shown_costs: list[float]) -> Iterator[None]:
    """An error within this block puts back generator and curves, which a state shares with the one it resumes."""
    # A training that draws from NumPy's one global generator does not wind it back: others draw from it too.
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


def without_memory(state: TrainingState, shown: Floats) -> TrainingState:
    """The state of a finished training: weights, curves and generator, without what only resuming needs.

    Adam's memory is twice the weights, and the rows' is as long as the data.  Nor does it hold how long training took:
    two equal fits are pickled alike, which joblib's cache relies on.
    """
    return replace(
        state,
        descent=DescentState(shown, np.empty((0, len(shown)), dtype=shown.dtype)),
        rows=None,
        held_out=None,
        n_divided=0,
        order=None,
        history=replace(state.history, seconds=0.0),
        # Of a score on rows that are no longer known; a cost is still one.
        stop=StopState() if state.watches_score else state.stop,
        watches_score=False,
        best=None,
        best_score=-math.inf,
    )


def snapshot(model: Any, state: TrainingState) -> tuple[Any, TrainingState]:
    """A copy of an estimator in training, and one of its state; neither shares anything with what is trained."""
    copied, held = copy.copy(model), copy.deepcopy(state)
    copied.loss_curve_ = list(getattr(model, "loss_curve_", []))  # it is extended in place
    if copied.random_state is state.random_state:  # a generator of the user's, which both draw from
        copied.random_state = held.random_state
    return copied, held
