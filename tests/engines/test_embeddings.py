"""Embedded inputs and factors of the step size: the CPU engine against the book, for each kind of network."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from multilayer.engines import Batches, Engine, Objective, get_engine, new_state
from multilayer.equations import Adam, Huber, Momentum
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.exceptions import InputTypeError, ParameterError, ShapeError
from multilayer.network import Floats, Network, PeriodicEmbedding, n_parameters, step_factors, waves, widths
from multilayer.training.starting import starting_parameters

M = 61
EMBEDDING = PeriodicEmbedding((0, 2, 3), n_waves=7, n_outputs=2, frequency_scale=0.5)
networks = pytest.mark.parametrize(
    "network",
    [
        Network((4, 1), (), "identity", embedding=EMBEDDING),
        Network((4, 20, 9, 1), ("silu", "tanh"), "identity", Huber(0.5), embedding=EMBEDDING),
        Network((4, 6, 3), ("mish",), "softmax", normalization="layer", embedding=EMBEDDING),
        Network((4, 6, 1), ("selu",), "identity", Huber(0.5), "layer", PeriodicEmbedding((1,), 16, 3)),
    ],
    ids=str,
)
dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def objective(network: Network, dtype: Any = np.float64, **options: Any) -> Objective:
    rng = np.random.RandomState(0)
    X, K = rng.normal(size=(M, 4)).astype(dtype), network.layer_sizes[-1]
    Y = np.eye(K)[rng.randint(K, size=M)] if network.output == "softmax" else rng.normal(size=(M, K))
    return Objective(network, X, Y.astype(dtype), 0.3, rng.uniform(size=M).astype(dtype), **options)


def start(network: Network, dtype: Any = np.float64) -> Floats:
    return starting_parameters(network, "scikit-learn", np.random.RandomState(1), dtype)


def engines(network: Network) -> tuple[Engine, Engine]:
    return get_engine("reference"), get_engine("cpu", network)


@networks
def test_the_reference_gradient_equals_central_differences(network: Network) -> None:
    given, theta, engine = objective(network), start(network), get_engine("reference")
    _, D = engine.cost_and_gradient(given, theta)
    step = 1e-6
    for place in range(0, len(theta), 3):
        change = np.zeros_like(theta)
        change[place] = step
        (above, _), (below, _) = (engine.cost_and_gradient(given, theta + sign * change) for sign in (1, -1))
        assert D[place] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-7)


@networks
@dtypes
def test_cost_and_gradient_equal_the_book(network: Network, dtype: Any) -> None:
    given, theta = objective(network, dtype), start(network, dtype)
    (J, D), (J_cpu, D_cpu) = (engine.cost_and_gradient(given, theta) for engine in engines(network))
    tolerance = 1e-12 if dtype is np.float64 else 2e-5
    assert D_cpu.dtype == dtype
    assert J_cpu == pytest.approx(J, rel=tolerance)
    np.testing.assert_allclose(D_cpu, D, rtol=tolerance, atol=tolerance)


@networks
@dtypes
def test_predictions_equal_the_book_and_do_not_depend_on_other_rows(network: Network, dtype: Any) -> None:
    X, theta = objective(network, dtype).X, start(network, dtype)
    expected, found = (engine.predict(network, theta, X) for engine in engines(network))
    np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype is np.float32 else 1e-12, atol=1e-5)
    cpu = get_engine("cpu", network)
    for rows in (slice(7), slice(5, 6), slice(None, None, -1)):
        np.testing.assert_array_equal(cpu.predict(network, theta, np.ascontiguousarray(X[rows])), found[rows])


@networks
@pytest.mark.parametrize("rule", [Adam(0.8, 0.95, 1e-3), Momentum(0.8)], ids=str)
@pytest.mark.parametrize("drops", [False, True])
def test_descents_equal_the_book(network: Network, rule: Any, drops: bool) -> None:
    n_layers = len(network.layer_sizes) - 1
    rates = (0.3,) * n_layers if drops else ()
    given = objective(network, dropout=rates, seed=5)
    starts = np.arange(0, 60, 12)
    batches = Batches(np.random.RandomState(2).permutation(M), starts, starts + 12, np.full(5, 0.02))
    factors = (0.25, *itertools.chain(*[(0.5, 2.0 / (layer + 1)) for layer in range(n_layers)]))
    for options in (StepOptions(), StepOptions(0.5, 0.2, 0.9), StepOptions(0.5, 0.2, 0.9, factors)):
        states = [new_state(network, rule, start(network)) for _ in range(2)]
        costs = [
            engine.descend(given, rule, state, batches, options)
            for engine, state in zip(engines(network), states, strict=True)
        ]
        np.testing.assert_allclose(costs[1], costs[0], rtol=1e-11)
        np.testing.assert_allclose(states[1].parameters, states[0].parameters, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("engine", ["reference", "cpu"])
@pytest.mark.parametrize("normalization", [None, "layer"])
@pytest.mark.parametrize("size", [3, 20])
def test_factors_scale_the_steps_of_their_part(engine: str, normalization: str | None, size: int) -> None:
    network = Network((4, size, 2), ("tanh",), "identity", normalization=normalization)
    given, theta = objective(network), start(network)
    batches = Batches(None, np.array([0]), np.array([M]), np.array([0.1]))
    factors = (9.0, 0.0, 0.5, 3.0, 1.0)
    moved = []
    for options in (StepOptions(), StepOptions(factors=factors)):
        state = new_state(network, Momentum(0.0), theta.copy())
        get_engine(engine, network).descend(given, Momentum(0.0), state, batches, options)
        moved.append(state.parameters - theta)
    np.testing.assert_allclose(moved[1], step_factors(network, factors) * moved[0], atol=1e-15)


def test_a_wrong_number_of_factors_is_an_error() -> None:
    network = Network((4, 3, 1), ("tanh",), "identity")
    batches = Batches(None, np.array([0]), np.array([M]), np.array([0.1]))
    for engine in ("reference", "cpu"):
        with pytest.raises(ShapeError, match="has 5 factors, one of the embedding and two of each layer, got 2"):
            get_engine(engine).descend(
                objective(network),
                Adam(),
                new_state(network, Adam(), start(network)),
                batches,
                StepOptions(factors=(1, 1)),
            )
    with pytest.raises(ParameterError, match="factors"):
        StepOptions(factors=(-1.0,))


def test_the_layout_of_the_parameters() -> None:
    network = Network((4, 5, 1), ("relu",), "identity", embedding=EMBEDDING)
    assert widths(network) == (10, 5, 1)
    assert EMBEDDING.size == 3 * (7 + 7 + 2 * 7 + 2)
    assert n_parameters(network) == EMBEDDING.size + 11 * 5 + 6
    theta = np.arange(n_parameters(network), dtype=np.float64)
    of_waves = waves(network, theta)
    assert of_waves is not None
    assert [array.shape for array in of_waves] == [(3, 7), (3, 7), (3, 2, 7), (3, 2)]
    assert of_waves.offsets[-1, -1] == EMBEDDING.size - 1


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ((), {}, "different input numbers in ascending order"),
        ((2, 1), {}, "different input numbers in ascending order"),
        ((1, 1), {}, "different input numbers in ascending order"),
        ((0,), {"n_waves": 0}, "n_waves of an embedding must be a positive integer, got 0"),
        ((0,), {"n_outputs": 1.5}, "n_outputs of an embedding must be a positive integer, got 1.5"),
    ],
)
def test_invalid_embeddings_raise_errors(columns: Any, options: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        PeriodicEmbedding(columns, **options)


def test_an_embedding_of_a_missing_input_is_an_error() -> None:
    with pytest.raises(ParameterError, match="needs input 4, counted from 0, and the network has 4 inputs"):
        Network((4, 1), (), "identity", embedding=PeriodicEmbedding((4,)))


@pytest.mark.parametrize("engine", ["reference", "cpu"])
def test_sparse_rows_raise_an_error(engine: str) -> None:
    network = Network((4, 1), (), "identity", embedding=EMBEDDING)
    given, theta = objective(network), start(network)
    X = csr_array(given.X)
    runs = get_engine(engine, network)
    for call in (
        lambda: runs.predict(network, theta, X),
        lambda: runs.cost_and_gradient(replace(given, X=X), theta),
    ):
        with pytest.raises(InputTypeError, match="embedded inputs must be dense"):
            call()
