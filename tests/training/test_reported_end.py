"""The end of training is reported once to each listener with its reason, and its time is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from multilayer.exceptions import DivergenceError
from multilayer.training import RunEnded, TrainingSession
from multilayer.training.loop import reported_end

from .problems import M, recipe, start


def new_session() -> TrainingSession:
    return TrainingSession(start(recipe()), recipe(), M)


def test_the_reported_reason_is_that_of_the_state() -> None:
    session, events = new_session(), list[Any]()
    state = session.state
    with reported_end(session, [events.append, events.append]):
        state.history.costs.append(1.0)
        state.reason = "converged"
    assert events == [RunEnded("converged", 1, state.history.seconds)] * 2
    assert session.seconds == state.history.seconds > 0


@pytest.mark.parametrize(
    ("error", "reason"), [(DivergenceError, "diverged"), (ZeroDivisionError, "error"), (KeyboardInterrupt, "error")]
)
def test_an_error_is_reported_as_the_reason_and_raised(error: type[BaseException], reason: str) -> None:
    session, events = new_session(), list[Any]()
    with pytest.raises(error), reported_end(session, [events.append]):
        raise error
    assert [event.reason for event in events] == [session.state.reason] == [reason]
