"""A run of updates for the tests of workers in other processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from multilayer.engines import DescentState, get_engine
from multilayer.equations import Adam
from multilayer.network import Network

from ..contract import assert_same_state, draw, full_batches, shuffled


@dataclass(frozen=True, eq=False)
class Run:
    costs: Any
    state: DescentState
    gradient: Any

    def assert_equals(self, other: Run) -> None:
        np.testing.assert_array_equal(self.costs, other.costs)
        np.testing.assert_array_equal(self.gradient, other.gradient)
        assert_same_state(self.state, other.state)


def a_run() -> Run:
    """Return the result of eleven updates and a gradient, by the engine of the context."""
    network = Network((4, 9, 3), ("relu",), "softmax")
    problem, engine = draw(network, 203, lam=0.1, weighted=True), get_engine("cpu", network)
    state = problem.state(Adam())
    costs = [
        engine.descend(problem.objective, Adam(), state, batches)
        for batches in (shuffled(203, 50, epochs=2), full_batches(203, 1))
    ]
    _, gradient = engine.cost_and_gradient(problem.objective, state.parameters)
    return Run(np.concatenate(costs), state, gradient)


@contextmanager
def kill_in_update(workers: Any, kills: Mapping[int, Callable[[], None]]) -> Iterator[None]:
    """Within this block, call a function while the workers compute the update of its number."""
    before, n_updates = workers.partial_sums, 0
    result = workers._actors.result

    def partial_sums(*arguments: Any) -> Any:
        nonlocal n_updates
        n_updates += 1
        pending = [kills[n_updates]] if n_updates in kills else []

        def after_the_kill(call: Any) -> Any:
            if pending:
                pending.pop()()
            return result(call)

        workers._actors.result = after_the_kill
        return before(*arguments)

    workers.partial_sums = partial_sums
    try:
        yield
    finally:
        workers.partial_sums, workers._actors.result = before, result


def workers_of_context() -> Any:
    """Return the workers of the current block of sharded_rows."""
    engine: Any = get_engine("cpu")
    return engine._sharding.workers
