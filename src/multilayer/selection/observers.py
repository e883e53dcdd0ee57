"""The callbacks of a function that trains many networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from multilayer.exceptions import ParameterError
from multilayer.fits.settings import check_callbacks

MEMBER_END, TRIAL_END = "on_member_end", "on_trial_end"


def observer(callbacks: Sequence[Callable[[Any], object]], method: str) -> Callable[[Any], None] | None:
    """One function that passes an event to each callback, to its ``method`` or to itself; None for no callbacks."""
    receivers = []
    for callback in check_callbacks("callbacks", callbacks):
        if not hasattr(callback, method) and hasattr(callback, "on_epoch_end"):
            raise ParameterError(
                f"callbacks receive one event for each trained network here, and {callback!r} has no {method}. Pass it "
                "to the network, as in MLPClassifier(callbacks=[...]), or pass a function of one event."
            )
        receivers.append(getattr(callback, method, callback))

    def notify(event: Any) -> None:
        for receiver in receivers:
            receiver(event)

    return notify if receivers else None
