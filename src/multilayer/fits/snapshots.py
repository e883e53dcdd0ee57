"""Estimators as they stand in the middle of training, for callbacks that want more than events."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from multilayer.training import Listener, Run, restore_best


def offer(listeners: Sequence[Listener], snapshot: Callable[[], Any]) -> None:
    """Give those listeners that want it the function that makes a fitted copy of the estimator as it stands."""
    for listener in listeners:
        begin = getattr(listener, "on_fit_begin", None)
        if begin is not None:
            begin(snapshot)


def as_it_stands(estimator: Any, run: Run) -> tuple[Any, Run]:
    """A copy of an estimator in training, and a copy of its run as it would be if training ended now.

    Neither shares anything with what is trained further.  What the run says of the estimator is still to be put in.
    """
    held = copy.deepcopy(run)
    restore_best(held)
    copied: Any = copy.copy(estimator)
    copied.loss_curve_ = list(getattr(estimator, "loss_curve_", []))  # it is extended in place
    if copied.random_state is run.random_state:  # a generator of the user's own, which both draw from
        copied.random_state = held.random_state
    return copied, held
