"""Subnormal numbers are treated as zeros in a kernel, but not in the rest of the process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from multilayer.engines import DescentState
from multilayer.engines.cpu import compiling, subnormals
from multilayer.engines.cpu.engine import CpuEngine
from multilayer.equations import Adam
from multilayer.network import Floats, Network

from ..contract import DTYPES, Problem, draw, full_batches

dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
widths = pytest.mark.parametrize("width", [5, 40])
compiled_only = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")


def flushes() -> bool:
    if not compiling.COMPILED:
        return False
    from llvmlite import binding

    return subnormals.control_register(binding.get_process_triple()) is not None


flushing_only = pytest.mark.skipif(not flushes(), reason="the register of this processor is not known")


def problem_of(width: int, dtype: Any) -> Problem:
    return draw(Network((4, width, 3), ("tanh",), "softmax"), 23, dtype)


def has_subnormals(x: Floats) -> bool:
    size = np.abs(x)
    return bool(np.any((size > 0) & (size < np.finfo(x.dtype).tiny)))


def train(problem: Problem, bad: float = 0.0) -> DescentState:
    """Make forty updates of a network whose first input is always 0; ``bad`` is added to the last parameter."""
    problem.objective.X[:, 0] = 0.0
    state = problem.state(Adam())
    state.slots[0] = 16 * np.finfo(state.slots.dtype).tiny  # multiplied by 0.9 forty times: below the normal numbers
    state.parameters[-1] += bad
    CpuEngine().descend(problem.objective, Adam(), state, full_batches(23, 40, step_size=1e-4))
    return state


@flushing_only
@dtypes
@widths
def test_decaying_values_become_zero(width: int, dtype: Any) -> None:
    state = train(problem_of(width, dtype))
    first_weights = slice(width, 2 * width)  # of the input that is always 0, after the biases
    assert not state.slots[0, first_weights].any()
    assert state.slots[0, 2 * width :].all()
    assert not has_subnormals(state.slots)


@flushing_only
@dtypes
@widths
def test_subnormal_operands_are_treated_as_zero(width: int, dtype: Any) -> None:
    if width == 40 and sys.platform == "darwin":
        pytest.skip("Apple's BLAS may compute on units with a register of their own")
    network = Network((width, 2), (), "identity")
    tiny, large = np.finfo(dtype).tiny / 8, dtype(1e30)
    parameters = np.full(2 + 2 * width, tiny, dtype)
    parameters[:2] = 0.0  # the biases
    H = CpuEngine().predict(network, parameters, np.full((5, width), large))
    assert width * tiny * large > np.finfo(dtype).tiny  # the sums without flushing
    np.testing.assert_array_equal(H, 0.0)


@compiled_only
@pytest.mark.parametrize(
    ("triple", "bits"),
    [
        ("x86_64-unknown-linux-gnu", 0x8040),
        ("x86_64-apple-darwin23.1.0", 0x8040),
        ("x86_64-pc-windows-msvc", 0x8040),
        ("aarch64-unknown-linux-gnu", 1 << 24),
        ("aarch64-pc-windows-msvc", 1 << 24),
        ("arm64-apple-darwin23.1.0", 1 << 24),
        ("riscv64-unknown-linux-gnu", None),
        ("i686-pc-windows-msvc", None),
    ],
)
def test_triple_of_llvm_determines_the_register(triple: str, bits: int | None) -> None:
    register = subnormals.control_register(triple)
    assert (register.flush if register else None) == bits


@compiled_only
def test_kernels_on_an_unknown_processor_compile_and_do_not_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    from multilayer.engines.cpu.compiler import teach_numba

    monkeypatch.setattr(subnormals, "_REGISTERS", {})
    teach_numba()

    @numba.njit
    def halved(x: float) -> tuple[float, int]:
        state = subnormals.flush()
        half = x * 0.5
        subnormals.restore(state)
        return half, state

    tiny = float(np.finfo(np.float64).tiny)
    assert halved(tiny) == (tiny / 2, 0)


CALLS: dict[str, Callable[[Problem], object]] = {
    "descend": train,
    "a run that ends early": lambda problem: train(problem, np.nan),
    "cost_and_gradient": lambda problem: CpuEngine().cost_and_gradient(problem.objective, problem.parameters),
    "predict": lambda problem: CpuEngine().predict(problem.network, problem.parameters, problem.objective.X),
}


@dtypes
@widths
@pytest.mark.parametrize("call", CALLS)
def test_a_call_restores_the_arithmetic_of_the_process(call: str, width: int, dtype: Any) -> None:
    CALLS[call](problem_of(width, dtype))
    smallest = np.full(64, np.finfo(dtype).smallest_subnormal)
    assert has_subnormals(smallest + smallest)
    assert has_subnormals(np.full(64, np.finfo(dtype).tiny) * dtype(0.5))
