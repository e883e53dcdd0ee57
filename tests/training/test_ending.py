"""Whatever ends a run, its listeners hear of it once, and its time is counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from multilayer.engines import DescentState
from multilayer.exceptions import DivergenceError
from multilayer.training import RunEnded
from multilayer.training.ending import told_of_its_end
from multilayer.training.state import Run


def new_run() -> Run:
    return Run(DescentState(np.zeros(2), np.zeros((0, 2))), np.random.RandomState(0))


def test_the_reason_is_what_the_block_says() -> None:
    run, heard = new_run(), list[Any]()
    with told_of_its_end(run, [heard.append, heard.append]):
        run.history.costs.append(1.0)
        run.reason = "converged"
    assert heard == [RunEnded("converged", 1, run.history.seconds)] * 2
    assert run.history.seconds > 0


@pytest.mark.parametrize(
    ("error", "reason"), [(DivergenceError, "diverged"), (ZeroDivisionError, "error"), (KeyboardInterrupt, "error")]
)
def test_an_error_is_a_reason_and_goes_on(error: type[BaseException], reason: str) -> None:
    run, heard = new_run(), list[Any]()
    with pytest.raises(error), told_of_its_end(run, [heard.append]):
        raise error
    assert [event.reason for event in heard] == [run.reason] == [reason]
