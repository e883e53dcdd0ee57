"""The end of a training is reported once to each listener, whatever its reason, and its time is counted."""

from __future__ import annotations

from typing import Any

import pytest

from multilayer.exceptions import DivergenceError
from multilayer.training import RunEnded, TrainingSession
from multilayer.training.loop import reported_end

from .problems import M, recipe, start


def new_session() -> TrainingSession:
    return TrainingSession(start(recipe()), recipe(), M)


def test_the_reason_is_that_of_the_state() -> None:
    session, heard = new_session(), list[Any]()
    state = session.state
    with reported_end(session, [heard.append, heard.append]):
        state.history.costs.append(1.0)
        state.reason = "converged"
    assert heard == [RunEnded("converged", 1, state.history.seconds)] * 2
    assert session.seconds == state.history.seconds > 0


@pytest.mark.parametrize(
    ("error", "reason"), [(DivergenceError, "diverged"), (ZeroDivisionError, "error"), (KeyboardInterrupt, "error")]
)
def test_an_error_is_a_reason_and_is_raised(error: type[BaseException], reason: str) -> None:
    session, heard = new_session(), list[Any]()
    with pytest.raises(error), reported_end(session, [heard.append]):
        raise error
    assert [event.reason for event in heard] == [session.state.reason] == [reason]
