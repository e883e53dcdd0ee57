"""Numbers too small to be normal are zeros to a kernel, and what they were to the rest of the process."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from multilayer.engines import DescentState
from multilayer.engines.cpu import compiling
from multilayer.engines.cpu.engine import CpuEngine
from multilayer.equations import Adam
from multilayer.network import Floats, Network

from ..contract import DTYPES, Problem, draw, full_batches

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
widths = pytest.mark.parametrize("width", [5, 40])
flushing_only = pytest.mark.skipif(
    not compiling.COMPILED or platform.machine().lower() not in ("x86_64", "amd64"),
    reason="subnormal numbers are flushed in machine code for x86 alone",
)


def problem_of(width: int, dtype: Any) -> Problem:
    return draw(Network((4, width, 3), ("tanh",), "softmax"), 23, dtype)


def has_subnormals(x: Floats) -> bool:
    size = np.abs(x)
    return bool(np.any((size > 0) & (size < np.finfo(x.dtype).tiny)))


def train(problem: Problem, bad: float = 0.0) -> DescentState:
    """Forty updates of a network whose first input is always 0; ``bad`` is added to the last parameter."""
    problem.objective.X[:, 0] = 0.0
    state = problem.state(Adam())
    state.slots[0] = 16 * np.finfo(state.slots.dtype).tiny  # times 0.9, forty times: below the normal numbers
    state.parameters[-1] += bad
    CpuEngine().descend(problem.objective, Adam(), state, full_batches(23, 40, step_size=1e-4))
    return state


@flushing_only
@dtypes
@widths
def test_what_decays_becomes_zero(width: int, dtype: Any) -> None:
    state = train(problem_of(width, dtype))
    first_weights = slice(width, 2 * width)  # of the input that is always 0, after the biases
    assert not state.slots[0, first_weights].any()
    assert state.slots[0, 2 * width :].all()
    assert not has_subnormals(state.slots)


CALLS: dict[str, Callable[[Problem], object]] = {
    "descend": train,
    "a run that ends early": lambda problem: train(problem, np.nan),
    "cost_and_gradient": lambda problem: CpuEngine().cost_and_gradient(problem.objective, problem.parameters),
    "predict": lambda problem: CpuEngine().predict(problem.network, problem.parameters, problem.objective.X),
}


@dtypes
@widths
@pytest.mark.parametrize("call", CALLS)
def test_arithmetic_after_a_call_is_as_it_was(call: str, width: int, dtype: Any) -> None:
    CALLS[call](problem_of(width, dtype))
    smallest = np.full(64, np.finfo(dtype).smallest_subnormal)
    assert has_subnormals(smallest + smallest)
    assert has_subnormals(np.full(64, np.finfo(dtype).tiny) * dtype(0.5))
