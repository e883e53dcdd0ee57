"""The sharded engine fulfils the contract of engines, with the same bits for any number of workers."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from multilayer.engines import Engine, Objective, get_engine
from multilayer.engines.protocol import PLAIN
from multilayer.engines.sharded.engine import ShardedEngine
from multilayer.engines.sharded.sharding import Sharding
from multilayer.engines.sharded.workers import ThreadWorkers
from multilayer.equations import Adam, UpdateRule
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import EngineError, ParameterError
from multilayer.network import Network, PeriodicEmbedding, n_parameters

from ..contract import (
    OPTIONS,
    SMALL,
    EngineContract,
    Problem,
    assert_same_state,
    draw,
    dtypes,
    full_batches,
    rules,
    shuffled,
)

# Tests of the contract that use dropout, besides those with dropout in their name.
WITH_DROPOUT = ("test_sparse_rows_give_the_results_of_dense_rows",)
WORKERS = (1, 2, 3, 5, 7, 64)


@contextmanager
def sharded(n_workers: int = 3, n_shards: int = 64, engine: str = "cpu") -> Iterator[ShardedEngine]:
    sharding = Sharding(ThreadWorkers(n_workers, 1), n_shards)
    yield ShardedEngine(get_engine(engine, is_local=True), sharding)
    sharding.close()


class TestShardedEngine(EngineContract):
    is_slow = True

    @pytest.fixture
    def engine(self, request: pytest.FixtureRequest) -> Iterator[Engine]:
        if request.node.originalname in WITH_DROPOUT or "dropout" in request.node.originalname:
            pytest.skip("sharded rows cannot have dropout")
        with sharded(n_shards=6) as engine:
            yield engine


def problem_of(dtype: Any = np.float64, m: int = 203, **options: Any) -> Problem:
    problem = draw(Network((4, 9, 3), ("relu",), "softmax"), m, dtype, lam=0.1, **options)
    return replace(problem, objective=replace(problem.objective, lam1=0.01))


def descended(
    engine: Engine, problem: Problem, rule: UpdateRule, options: StepOptions = PLAIN
) -> tuple[Any, list[np.ndarray]]:
    """Return the state after epochs in several batches and in full ones, and the costs."""
    state, m = problem.state(rule), problem.objective.X.shape[0]
    batches = (shuffled(m, 50, epochs=2, step_size=0.01), full_batches(m, 2, step_size=0.01))
    return state, [engine.descend(problem.objective, rule, state, each, options) for each in batches]


def assert_equal_bits(run: Callable[[Engine], tuple[Any, list[np.ndarray]]]) -> None:
    with sharded(1) as engine:
        expected_state, expected_costs = run(engine)
    for k in WORKERS[1:]:
        with sharded(k) as engine:
            state, costs = run(engine)
        assert_same_state(state, expected_state)
        np.testing.assert_array_equal(np.concatenate(costs), np.concatenate(expected_costs))


@rules
@dtypes
def test_any_number_of_workers_gives_the_same_bits(rule: UpdateRule, dtype: Any) -> None:
    problem = problem_of(dtype, weighted=True)
    assert_equal_bits(lambda engine: descended(engine, problem, rule))


def test_step_options_give_the_same_bits() -> None:
    problem = problem_of()
    assert_equal_bits(lambda engine: descended(engine, problem, Adam(), OPTIONS[-1]))


def test_sparse_rows_give_the_same_bits() -> None:
    problem = problem_of()
    sparse = replace(problem.objective, X=csr_array(np.maximum(problem.objective.X, 0.0)))
    assert_equal_bits(lambda engine: descended(engine, replace(problem, objective=sparse), Adam()))


def test_embedded_inputs_give_the_same_bits() -> None:
    network = Network((4, 9, 3), ("silu",), "softmax", embedding=PeriodicEmbedding((0, 2), n_waves=4))
    objective = replace(problem_of().objective, network=network)
    parameters = np.random.RandomState(0).normal(size=n_parameters(network)) * 0.3
    assert_equal_bits(lambda engine: descended(engine, Problem(objective, parameters), Adam()))
    with sharded() as engine:
        received, expected = engine.cost_and_gradient(objective, parameters), get_engine("cpu", network)
    J, D = expected.cost_and_gradient(objective, parameters)
    np.testing.assert_allclose(received[0], J, rtol=1e-12)
    np.testing.assert_allclose(received[1], D, rtol=1e-9, atol=1e-12)


@dtypes
def test_any_number_of_threads_of_a_worker_gives_the_same_bits(dtype: Any) -> None:
    problem = draw(Network((30, 200, 40, 3), ("relu", "tanh"), "softmax"), 3000, dtype)
    found = []
    for n_threads in (1, 2):
        sharding = Sharding(ThreadWorkers(2, n_threads), 3)
        engine = ShardedEngine(get_engine("cpu", is_local=True), sharding)
        found.append(engine.cost_and_gradient(problem.objective, problem.parameters))
        sharding.close()
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("name", ["cpu", "reference"])
def test_results_equal_those_of_one_engine_up_to_rounding(name: str) -> None:
    problem = problem_of(weighted=True)
    expected, costs = descended(get_engine(name, is_local=True), problem, Adam())
    with sharded(engine=name) as engine:
        state, received = descended(engine, problem, Adam())
    np.testing.assert_allclose(np.concatenate(received), np.concatenate(costs), rtol=1e-12)
    np.testing.assert_allclose(state.parameters, expected.parameters, rtol=1e-9, atol=1e-12)


def test_fewer_rows_than_shards() -> None:
    problem = problem_of(m=5)
    assert_equal_bits(lambda engine: descended(engine, problem, Adam()))


def test_rows_of_one_shard_without_weight_have_no_effect() -> None:
    problem = problem_of(weighted=True)
    weight = problem.objective.sample_weight
    assert weight is not None
    weight[40:90] = 0.0
    kept = np.r_[0:40, 90:203]
    rest = problem.objective
    rest = replace(rest, X=rest.X[kept], Y=rest.Y[kept], sample_weight=weight[kept])
    with sharded() as engine:
        J, D = engine.cost_and_gradient(problem.objective, problem.parameters)
        expected_J, expected_D = engine.cost_and_gradient(rest, problem.parameters)
    np.testing.assert_allclose(J, expected_J, rtol=1e-12)
    np.testing.assert_allclose(D, expected_D, rtol=1e-9, atol=1e-14)


def test_the_shards_of_an_objective_are_loaded_once_and_released() -> None:
    problem, loaded, released = problem_of(), [], []

    class Counted(ThreadWorkers):
        def load(self, table: Any) -> None:
            loaded.append(table.number)
            super().load(table)

        def release(self, table: int) -> None:
            released.append(table)
            super().release(table)

    sharding = Sharding(Counted(2, 1), 8)
    engine: ShardedEngine | None = ShardedEngine(get_engine("cpu", is_local=True), sharding)
    assert engine is not None
    for _ in range(3):
        engine.cost_and_gradient(problem.objective, problem.parameters)
        # the penalty and the seed belong to the driver
        engine.cost_and_gradient(replace(problem.objective, lam=0.0, seed=1), problem.parameters)
    assert loaded == [0]
    other = replace(problem.objective, Y=problem.objective.Y.copy())
    engine.cost_and_gradient(other, problem.parameters)
    assert loaded == [0, 1]
    assert released == [0]
    engine = None
    gc.collect()
    ShardedEngine(get_engine("cpu", is_local=True), sharding).cost_and_gradient(problem.objective, problem.parameters)
    assert 1 in released
    sharding.close()


def test_dropout_raises_an_error() -> None:
    problem = problem_of()
    objective = replace(problem.objective, dropout=(0.0, 0.5))
    with sharded() as engine:
        with pytest.raises(ParameterError, match=r"dropout cannot be used with sharded rows, got the rates \(0\.0, 0"):
            engine.descend(objective, Adam(), problem.state(Adam()), full_batches(203, 1))
        engine.descend(replace(objective, dropout=(0.0, 0.0)), Adam(), problem.state(Adam()), full_batches(203, 1))


def test_an_error_of_a_worker_is_raised() -> None:
    problem = draw(SMALL, 9)
    wrong = Objective(SMALL, problem.objective.X, problem.objective.Y[:5])
    with sharded(2, 4) as engine, pytest.raises(IndexError):
        engine.descend(wrong, Adam(), problem.state(Adam()), full_batches(9, 1))


def test_workers_that_have_ended_raise_an_error() -> None:
    problem = problem_of()
    with sharded() as engine:
        engine.cost_and_gradient(problem.objective, problem.parameters)
    with pytest.raises(EngineError, match="have ended with the block of sharded_rows"):
        engine.cost_and_gradient(problem.objective, problem.parameters)
