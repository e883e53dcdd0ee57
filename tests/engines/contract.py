"""The contract of :mod:`multilayer.engines.protocol`: tests that every engine must pass.

A test module of an engine inherits the class and provides the engine::

    from .contract import EngineContract

    class TestMyEngine(EngineContract):
        @pytest.fixture
        def engine(self) -> Engine:
            return MyEngine()

The expected values come from the equations, in float64 and on Theta matrices, so that the layout of the parameter
vector is tested as well. Rounding errors grow at the kink of an activation, where a weighted sum may fall on the other
side, and in runs that diverge. Neither is a property of an engine. Therefore the data are such that no weighted sum of
an activation with a kink comes near the kink, and that a run hardly changes with the last bits of its starting
parameters.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from threadpoolctl import threadpool_info

from multilayer.engines import Batches, DescentRequest, DescentState, Engine, Objective, new_state
from multilayer.engines.protocol import PLAIN
from multilayer.equations import (
    ACTIVATIONS,
    OUTPUTS,
    AbsoluteError,
    Adam,
    Cost,
    GammaDeviance,
    GradientDescent,
    Huber,
    Momentum,
    Nesterov,
    Penalty,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
    UpdateRule,
    average_weights,
    clip_gradient,
    cost_and_gradient,
    decay_weights,
    dropout_masks,
    forward_propagation,
    initialize_thetas,
    normalize,
    one_hot,
)
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Floats, Network, output_with_cost, pack

from ..pairwise import pairwise

KINKED = ("relu", "leaky_relu", "selu")
DTYPES = (np.float64, np.float32)
RULES = (GradientDescent(), Momentum(0.8), Nesterov(0.8), Adam(0.8, 0.95, 1e-3))

# Output units with the costs that they support, and one whose matched cost has another delta than H - Y.
QUANTILES = Quantile((0.1, 0.5, 0.9))
COSTS = (
    ("identity", AbsoluteError()),
    ("identity", Huber(0.5)),
    ("identity", Quantile((0.3,))),
    ("identity", QUANTILES),
    ("increasing", None),
    ("increasing", AbsoluteError()),
    ("increasing", Huber(0.5)),
    ("increasing", QUANTILES),
    ("exp", GammaDeviance()),
    *[("sigmoid", SigmoidFocal(gamma)) for gamma in (0.0, 0.5, 2.0)],
    *[("softmax", SoftmaxFocal(gamma)) for gamma in (0.0, 0.5, 2.0)],
)
OPTIONS = (
    StepOptions(clip_norm=0.2),
    StepOptions(clip_norm=1e6),  # longer than any gradient here
    StepOptions(weight_decay=0.3),
    StepOptions(average=0.9),
    StepOptions(clip_norm=0.3, weight_decay=0.1, average=0.5),
)

# The least distance of every weighted sum from a kink: a thousand times the rounding error of one forward propagation.
MARGIN = {np.float64: 1e-12, np.float32: 1e-4}

rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
costs = pytest.mark.parametrize(("output", "chosen"), COSTS, ids=str)
refinements = pytest.mark.parametrize("options", OPTIONS, ids=str)
# Networks for the loops over narrow layers and for matrix products.
WIDTHS = (5, 40)
widths = pytest.mark.parametrize("width", WIDTHS)
# One test method serves every engine, and an engine holds no state between examples.
examples = settings(suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture])


# --- the expected values ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    objective: Objective
    parameters: Floats

    @property
    def network(self) -> Network:
        return self.objective.network

    def state(self, rule: UpdateRule) -> DescentState:
        return new_state(self.network, rule, self.parameters.copy())


@dataclass(frozen=True)
class Descended:
    """The result of a run of updates by the equations."""

    costs: list[float]
    parameters: Floats
    slots: list[Floats]
    average: Floats | None
    margin: float  # the least distance of a weighted sum from a kink


def weights_of(network: Network, parameters: Floats) -> list[Floats]:
    """Return Theta_1 .. Theta_{L-1}, followed by gain and shift of each normalised layer, as float64 copies.

    They are read from the vector as its documentation describes it.
    """
    matrices, norms, rest = [], [], parameters.astype(np.float64)
    for layer, (n_in, n_out) in enumerate(itertools.pairwise(network.layer_sizes)):
        stored, rest = rest[: (n_in + 1) * n_out], rest[(n_in + 1) * n_out :]
        matrices.append(stored.reshape(n_in + 1, n_out).T.copy())
        if network.normalization is not None and layer < len(network.hidden):
            norm, rest = rest[: 2 * n_out], rest[2 * n_out :]
            norms.append(norm.reshape(2, n_out).copy())
    assert not rest.size
    return [*matrices, *norms]


def split(network: Network, weights: list[Floats]) -> tuple[list[Floats], list[Floats]]:
    """Return thetas and norms."""
    n = len(network.layer_sizes) - 1
    return weights[:n], weights[n:]


def packed(network: Network, weights: list[Floats]) -> Floats:
    thetas, norms = split(network, weights)
    return pack(network, thetas, norms_given=norms)


def equations_gradient(
    objective: Objective, weights: list[Floats], rows: Any = slice(None), masks: list[Floats] | None = None
) -> tuple[float, list[Floats]]:
    network, weight = objective.network, objective.sample_weight
    thetas, norms = split(network, weights)
    return cost_and_gradient(
        objective.X[rows],
        objective.Y[rows],
        thetas,
        Penalty(objective.lam, objective.lam1),
        network.hidden,
        output_with_cost(network),
        None if weight is None else weight[rows],
        masks,
        norms,
    )


def margin(objective: Objective, weights: list[Floats]) -> float:
    """Return the least distance of a weighted sum from the kink of its activation."""
    thetas, norms = split(objective.network, weights)
    with np.errstate(over="ignore"):  # in runs that diverge
        Z, _ = forward_propagation(objective.X, thetas, objective.network.hidden, objective.network.output, norms=norms)
    if norms:
        Z = [normalize(z, norm) for z, norm in zip(Z, norms, strict=False)]
    kinked = [z for z, name in zip(Z, objective.network.hidden, strict=False) if name in KINKED]
    return min((float(np.abs(z).min()) for z in kinked), default=np.inf)


def equations_descent(
    objective: Objective, rule: UpdateRule, state: DescentState, batches: Batches, options: StepOptions = PLAIN
) -> Descended:
    network = objective.network
    weights = weights_of(network, state.parameters)
    memories = [weights_of(network, slot) for slot in state.slots]  # [slot][array]
    means = [np.zeros_like(array) for array in weights]
    costs, least = [], np.inf
    for i, (start, stop, alpha) in enumerate(zip(batches.starts, batches.stops, batches.step_sizes, strict=True)):
        least = min(least, margin(objective, weights))
        rows = np.arange(start, stop) if batches.order is None else batches.order[start:stop]
        masks = dropout_masks(objective.dropout, objective.seed, state.t + i, len(rows), network.layer_sizes)
        J, D = equations_gradient(objective, weights, rows, masks)
        costs.append(J)
        D = clip_gradient(D, options.clip_norm)
        for place, (array, gradient) in enumerate(zip(weights, D, strict=True)):
            slots = [memory[place] for memory in memories]
            if place < len(network.layer_sizes) - 1:  # gain and shift do not decay
                array = decay_weights(array, float(alpha), options.weight_decay)
            weights[place], slots = rule.step(array, gradient, slots, float(alpha), state.t + i + 1)
            for memory, slot in zip(memories, slots, strict=True):
                memory[place] = slot
        if options.average > 0:
            pairs = zip(means, weights, strict=True)
            means = [average_weights(mean, array, options.average, state.t + i + 1) for mean, array in pairs]
    average = packed(network, means) if options.average > 0 else None
    return Descended(costs, packed(network, weights), [packed(network, memory) for memory in memories], average, least)


def is_steady(problem: Problem, rule: UpdateRule, batches: Batches, rtol: float) -> bool:
    """Return whether the run stays away from kinks and the effect of rounding its start stays far below the
    tolerance.
    """
    dtype = problem.parameters.dtype.type
    state, moved = problem.state(rule), problem.state(rule)
    moved.parameters = moved.parameters * (1.0 + 8.0 * np.finfo(dtype).eps)
    with np.errstate(over="ignore", invalid="ignore"):
        run, other = (equations_descent(problem.objective, rule, start, batches) for start in (state, moved))
        if not np.isfinite(run.costs).all():
            return False
    scale = max(1.0, float(np.abs(run.parameters).max()))
    drift = float(np.abs(run.parameters - other.parameters).max())
    return run.margin > MARGIN[dtype] and drift < 0.1 * rtol * scale and max(run.costs) < 1e6


def assert_near(received: Any, expected: Any, rtol: float) -> None:
    """Assert equality to ``rtol`` of the largest number: numbers that cancel to near 0 have no better precision."""
    expected = np.asarray(expected)
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(np.asarray(received, dtype=np.float64), expected, rtol=rtol, atol=rtol * scale)


# --- problems ---------------------------------------------------------------------------------------------------------


def draw(
    network: Network, m: int, dtype: Any = np.float64, *, lam: float = 0.0, weighted: bool = False, seed: int = 0
) -> Problem:
    rng = np.random.RandomState(seed)
    K = network.layer_sizes[-1]
    rate = {"exp": rng.gamma(2.0, size=(m, K)) + 0.1} if isinstance(network.cost, GammaDeviance) else {}
    Y = {
        "increasing": lambda: np.repeat(rng.normal(size=(m, 1)), K, axis=1),
        "sigmoid": lambda: rng.uniform(size=(m, K)).round(1),  # any number from 0 to 1 is a target
        "softmax": lambda: one_hot(rng.randint(K, size=m), K),
        "identity": lambda: rng.normal(size=(m, K)),
        "exp": lambda: rng.poisson(1.0, size=(m, K)).astype(np.float64),
    }[network.output]()
    Y = rate.get(network.output, Y)
    objective = Objective(
        network,
        rng.normal(size=(m, network.layer_sizes[0])).astype(dtype),
        Y.astype(dtype),
        lam,
        rng.uniform(0.1, 3.0, m).astype(dtype) if weighted else None,
    )
    thetas = initialize_thetas(network.layer_sizes, rng)
    # Drawn last, so that a network without norms keeps its data. A gain may have either sign.
    norms = [rng.normal(size=(2, n)) for n in network.layer_sizes[1:-1]] if network.normalization else []
    return Problem(objective, pack(network, thetas, dtype, norms))


def draw_away_from_kinks(network: Network, m: int, dtype: Any = np.float64, **options: Any) -> Problem:
    for seed in range(100):
        problem = draw(network, m, dtype, seed=seed, **options)
        if margin(problem.objective, weights_of(network, problem.parameters)) > 10 * MARGIN[dtype]:
            return problem
    raise AssertionError("every seed comes near a kink: draw fewer rows or units")


def shuffled(m: int, batch_size: int, epochs: int, step_size: float = 0.05, seed: int = 0) -> Batches:
    """Return epochs with a new order each, and with a step size that falls with every update."""
    rng = np.random.RandomState(seed)
    starts = np.concatenate([np.arange(0, m, batch_size) + epoch * m for epoch in range(epochs)])
    return Batches(
        order=np.concatenate([rng.permutation(m) for _ in range(epochs)]),
        starts=starts.astype(np.intp),
        stops=np.minimum(starts + batch_size, (starts // m + 1) * m).astype(np.intp),
        step_sizes=step_size / (1.0 + 0.01 * np.arange(len(starts))),
    )


def full_batches(m: int, n: int, step_size: float = 0.3) -> Batches:
    return Batches(None, np.zeros(n, dtype=np.intp), np.full(n, m, dtype=np.intp), np.full(n, step_size))


def part(batches: Batches, chosen: slice) -> Batches:
    return Batches(batches.order, batches.starts[chosen], batches.stops[chosen], batches.step_sizes[chosen])


def assert_same_state(received: DescentState, expected: DescentState) -> None:
    np.testing.assert_array_equal(received.parameters, expected.parameters)
    np.testing.assert_array_equal(received.slots, expected.slots)
    assert received.t == expected.t
    assert (received.average is None) == (expected.average is None)
    if expected.average is not None:
        np.testing.assert_array_equal(received.average, expected.average)


@st.composite
def problems(draw_: st.DrawFn, dtype: Any) -> Problem:
    width = st.one_of(st.integers(1, 9), st.integers(1, 70))
    sizes = tuple(draw_(st.lists(width, min_size=2, max_size=5)))
    # In float32, activations with kinks come near their kinks too often; they are tested on chosen data.
    smooth = [name for name in ACTIVATIONS if dtype == np.float64 or name not in KINKED]
    hidden = tuple(draw_(st.lists(st.sampled_from(smooth), min_size=len(sizes) - 2, max_size=len(sizes) - 2)))
    network = Network(sizes, hidden, draw_(st.sampled_from(sorted(OUTPUTS))))
    return draw(
        network,
        draw_(st.one_of(st.just(1), st.integers(1, 50))),
        dtype,
        lam=draw_(st.sampled_from([0.0, 1e-4, 0.7])),
        weighted=draw_(st.booleans()),
        seed=draw_(st.integers(0, 2**16)),
    )


@st.composite
def runs(draw_: st.DrawFn, m: int, n_updates: int) -> Batches:
    epochs = st.integers(1, 3)
    if draw_(st.booleans()):
        return full_batches(m, draw_(st.integers(1, n_updates)), step_size=0.1)
    batches = shuffled(m, draw_(st.integers(1, m)), draw_(epochs), step_size=0.02, seed=draw_(st.integers(0, 99)))
    return part(batches, slice(0, n_updates))


SMALL = Network((3, 4, 2), ("tanh",), "softmax")


def normalized(sizes: tuple[int, ...], hidden: Sequence[str], output: str, cost: Cost | None = None) -> Network:
    return Network(sizes, tuple(hidden), output, cost, "layer")


# --- the contract -----------------------------------------------------------------------------------------------------


class EngineContract:
    """Every engine agrees with the equations, does not modify its arguments, and is deterministic."""

    # Allowed relative error: in float64 for whole training runs, in float32 for short runs against float64.
    rtol64 = 1e-10
    rtol32 = 1e-4
    is_slow = False

    def few(self, n: int) -> int:
        """Return n epochs or updates, or a tenth of them for a slow engine."""
        return -(-n // 10) if self.is_slow else n

    @pytest.fixture
    def engine(self) -> Engine:
        raise NotImplementedError("the class that inherits the contract gives the engine")

    def rtol(self, dtype: Any) -> float:
        return self.rtol64 if dtype == np.float64 else self.rtol32

    def assert_cost_and_gradient(self, engine: Engine, problem: Problem) -> None:
        dtype = problem.parameters.dtype.type
        J, gradient = engine.cost_and_gradient(problem.objective, problem.parameters)
        expected_J, D = equations_gradient(problem.objective, weights_of(problem.network, problem.parameters))
        assert isinstance(J, float)
        assert gradient.dtype == dtype
        assert_near(J, expected_J, self.rtol(dtype))
        assert_near(gradient, packed(problem.network, D), self.rtol(dtype))

    def assert_descends(
        self, engine: Engine, problem: Problem, rule: UpdateRule, batches: Batches, options: StepOptions = PLAIN
    ) -> None:
        dtype = problem.parameters.dtype.type
        expected = equations_descent(problem.objective, rule, problem.state(rule), batches, options)
        state = problem.state(rule)
        costs = engine.descend(problem.objective, rule, state, batches, options)
        assert costs.dtype == np.float64
        assert costs.shape == (len(batches),)
        assert state.parameters.dtype == state.slots.dtype == dtype
        assert state.t == len(batches)
        assert_near(costs, expected.costs, self.rtol(dtype))
        assert_near(state.parameters, expected.parameters, self.rtol(dtype))
        assert_near(state.slots, np.reshape(expected.slots, state.slots.shape), self.rtol(dtype))
        assert (state.average is None) == (expected.average is None)
        if state.average is not None:
            assert state.average.dtype == dtype
            assert_near(state.average, expected.average, self.rtol(dtype))

    # --- selectable costs

    @pairwise(cost=COSTS, width=WIDTHS, dtype=DTYPES)
    def test_every_cost_equals_that_of_the_equations(
        self, engine: Engine, cost: tuple[str, Cost | None], width: int, dtype: Any
    ) -> None:
        output, chosen = cost
        network = Network((4, width, 3), ("tanh",), output, chosen)
        for m, weighted in ((1, False), (37, True)):
            self.assert_cost_and_gradient(engine, draw(network, m, dtype, lam=0.1, weighted=weighted))

    @pairwise(rule=RULES, cost=COSTS, width=WIDTHS)
    def test_every_cost_descends_as_in_the_equations(
        self, engine: Engine, rule: UpdateRule, cost: tuple[str, Cost | None], width: int
    ) -> None:
        output, chosen = cost
        problem = draw(Network((4, width, 3), ("tanh",), output, chosen), 23, lam=0.1, weighted=True)
        self.assert_descends(engine, problem, rule, shuffled(23, 11, self.few(4), step_size=0.02))
        self.assert_descends(engine, problem, rule, full_batches(23, self.few(20), step_size=0.02))

    @costs
    @widths
    def test_every_cost_descends_in_float32(self, engine: Engine, output: str, chosen: Cost | None, width: int) -> None:
        problem = draw(Network((4, width, 3), ("tanh",), output, chosen), 23, np.float32)
        self.assert_descends(engine, problem, Nesterov(), part(shuffled(23, 11, epochs=2, step_size=0.001), slice(3)))

    @costs
    def test_costs_of_saturated_outputs_equal_those_of_the_equations(
        self, engine: Engine, output: str, chosen: Cost | None
    ) -> None:
        network = Network((1, 3), (), output, chosen)
        parameters = pack(network, [np.array([[0.0, 50.0], [0.0, -50.0], [0.0, 20.0]])])
        Y = {"softmax": one_hot([0, 1], 3), "sigmoid": np.eye(3)[:2], "exp": np.ones((2, 3))}
        X = np.array([[1.0], [-1.0]])
        objective = Objective(network, X, Y.get(output, np.array([[1.0] * 3, [-2.0] * 3])))
        self.assert_cost_and_gradient(engine, Problem(objective, parameters))

    @pytest.mark.parametrize("output", ["identity", "increasing"])
    @pytest.mark.parametrize("chosen", [AbsoluteError(), Quantile((0.5,)), Huber()], ids=str)
    def test_an_exact_prediction_has_zero_cost_and_gradient(self, engine: Engine, output: str, chosen: Cost) -> None:
        network = Network((1, 1), (), output, chosen)
        objective = Objective(network, np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]]))
        J, gradient = engine.cost_and_gradient(objective, pack(network, [np.array([[1.0, 2.0]])]))
        assert J == 0.0
        assert not gradient.any()

    @examples
    @given(data=st.data())
    def test_cost_and_gradient_of_any_cost_and_penalty(self, engine: Engine, data: st.DataObject) -> None:
        sizes = (*data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=3)), 3)
        output, chosen = data.draw(st.sampled_from(COSTS))
        network = Network(sizes, ("tanh",) * (len(sizes) - 2), output, chosen)
        weighted, seed = data.draw(st.booleans()), data.draw(st.integers(0, 2**16))
        problem = draw(network, data.draw(st.integers(1, 50)), weighted=weighted, seed=seed)
        lam, lam1 = (data.draw(st.sampled_from([0.0, 0.01, 0.7])) for _ in range(2))
        problem = replace(problem, objective=replace(problem.objective, lam=lam, lam1=lam1))
        self.assert_cost_and_gradient(engine, problem)

    # --- penalties and step options

    @dtypes
    @widths
    @pytest.mark.parametrize("lam", [0.0, 0.7])
    def test_l1_penalty_equals_that_of_the_equations(self, engine: Engine, lam: float, width: int, dtype: Any) -> None:
        problem = draw(Network((4, width, 3), ("tanh",), "softmax"), 23, dtype, lam=lam, weighted=True)
        problem.parameters[5:50:7] = 0.0  # some weights and biases
        problem = replace(problem, objective=replace(problem.objective, lam1=0.3))
        self.assert_cost_and_gradient(engine, problem)
        self.assert_descends(engine, problem, Adam(), part(shuffled(23, 11, epochs=1, step_size=0.001), slice(2)))

    def test_l1_penalty_applies_to_weights_but_not_to_biases(self, engine: Engine) -> None:
        network = Network((2, 2), (), "identity")
        thetas = [np.array([[1.0, 2.0, -3.0], [-1.0, 0.0, 0.5]])]
        X = np.array([[1.0, 2.0], [0.5, -1.0]])
        _, A = forward_propagation(X, thetas, (), "identity")  # a perfect fit: only the penalty is left
        J, gradient = engine.cost_and_gradient(Objective(network, X, A[-1], lam1=4.0), pack(network, thetas))
        assert J == 4.0 / 2 * 5.5
        np.testing.assert_array_equal(gradient, pack(network, [np.array([[0.0, 2.0, -2.0], [0.0, 0.0, 2.0]])]))

    @pairwise(rule=RULES, options=OPTIONS, width=WIDTHS)
    def test_step_options_equal_those_of_the_equations(
        self, engine: Engine, options: StepOptions, width: int, rule: UpdateRule
    ) -> None:
        problem = draw(Network((4, width, 5, 3), ("tanh", "sigmoid"), "softmax"), 23, lam=0.1, weighted=True)
        self.assert_descends(engine, problem, rule, shuffled(23, 11, self.few(4)), options)
        self.assert_descends(engine, problem, rule, full_batches(23, self.few(20), step_size=0.05), options)

    @rules
    @refinements
    def test_step_options_in_float32(self, engine: Engine, options: StepOptions, rule: UpdateRule) -> None:
        for width in (5, 40):
            problem = draw(Network((4, width, 3), ("tanh",), "softmax"), 23, np.float32, lam=0.1)
            self.assert_descends(engine, problem, rule, shuffled(23, 11, epochs=2), options)

    @pairwise(rule=RULES, options=OPTIONS, dtype=DTYPES)
    def test_a_run_with_step_options_can_be_divided_anywhere(
        self, engine: Engine, options: StepOptions, rule: UpdateRule, dtype: Any
    ) -> None:
        problem, batches = draw(SMALL, 11, dtype, lam=0.1), shuffled(11, 3, epochs=5)
        whole, pieces = problem.state(rule), problem.state(rule)
        costs = engine.descend(problem.objective, rule, whole, batches, options)
        parts = [
            engine.descend(problem.objective, rule, pieces, part(batches, slice(i, i + 7)), options)
            for i in range(0, len(batches), 7)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), costs)
        assert_same_state(pieces, whole)

    @widths
    def test_a_clipped_step_of_gradient_descent_has_the_length_alpha_times_c(self, engine: Engine, width: int) -> None:
        problem, rule = draw(Network((4, width, 3), ("tanh",), "softmax"), 23, lam=0.1), GradientDescent()
        state = problem.state(rule)
        engine.descend(problem.objective, rule, state, full_batches(23, 1, step_size=0.5), StepOptions(clip_norm=0.01))
        moved = state.parameters - problem.parameters
        assert np.linalg.norm(moved) == pytest.approx(0.5 * 0.01, rel=1e-12)
        _, D = engine.cost_and_gradient(problem.objective, problem.parameters)
        np.testing.assert_allclose(moved / np.linalg.norm(moved), -D / np.linalg.norm(D), atol=1e-12)

    def test_averaging_does_not_change_the_descent(self, engine: Engine) -> None:
        problem, rule, batches = draw(SMALL, 11), Adam(), shuffled(11, 3, epochs=5)
        plain, watched = problem.state(rule), problem.state(rule)
        costs = engine.descend(problem.objective, rule, plain, batches)
        same = engine.descend(problem.objective, rule, watched, batches, StepOptions(average=0.9))
        np.testing.assert_array_equal(same, costs)
        assert watched.average is not None
        assert not np.shares_memory(watched.average, watched.parameters)
        watched.average = None
        assert_same_state(watched, plain)

    def test_average_is_updated_in_place_but_not_by_a_cost_that_is_not_finite(self, engine: Engine) -> None:
        problem, rule = draw(Network((2, 3, 1), ("identity",), "identity"), 8), GradientDescent()
        state, options = problem.state(rule), StepOptions(average=0.5)
        engine.descend(problem.objective, rule, state, full_batches(8, 2, step_size=0.01), options)
        average = state.average
        assert average is not None
        kept = average.copy()
        state.parameters[0] = np.nan
        engine.descend(problem.objective, rule, state, full_batches(8, 2), options)
        assert state.average is average
        np.testing.assert_array_equal(average, kept)

    # --- dropout

    @pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
    @pytest.mark.parametrize("ordered", [True, False])
    def test_dropout_drops_the_units_of_the_equations(self, engine: Engine, activation: str, ordered: bool) -> None:
        problem = self.with_dropout(Network((6, 20, 5, 3), (activation,) * 2, "softmax"), 23, (0.2, 0.5, 0.3))
        batches = shuffled(23, 11, self.few(4))  # the last batch of each epoch has one row
        if not ordered:
            batches = replace(batches, order=None, starts=batches.starts % 23, stops=(batches.stops - 1) % 23 + 1)
        self.assert_descends(engine, problem, Adam(), batches)

    @pairwise(rule=RULES, dtype=DTYPES, sizes=[(3, 4, 2), (3, 40, 2), (2, 1)])
    def test_dropout_continues_where_a_run_was_divided(
        self, engine: Engine, rule: UpdateRule, dtype: Any, sizes: tuple[int, ...]
    ) -> None:
        network = Network(sizes, ("tanh",) * (len(sizes) - 2), "sigmoid")
        problem = self.with_dropout(network, 11, (0.3,) * (len(sizes) - 1), dtype)
        batches = shuffled(11, 3, epochs=5)
        whole, pieces = problem.state(rule), problem.state(rule)
        engine.descend(problem.objective, rule, whole, batches)
        for i in range(0, len(batches), 7):
            engine.descend(problem.objective, rule, pieces, part(batches, slice(i, i + 7)))
        assert_same_state(pieces, whole)

    def test_dropout_applies_only_to_descents(self, engine: Engine) -> None:
        problem = self.with_dropout(SMALL, 9, (0.0, 0.5))
        self.assert_cost_and_gradient(engine, replace(problem, objective=replace(problem.objective, dropout=())))
        J, _ = engine.cost_and_gradient(problem.objective, problem.parameters)
        plain, _ = engine.cost_and_gradient(replace(problem.objective, dropout=()), problem.parameters)
        assert plain == J

    @examples
    @given(data=st.data())
    def test_any_run_with_dropout_equals_that_of_the_equations(self, engine: Engine, data: st.DataObject) -> None:
        problem = data.draw(problems(np.float64))
        n = len(problem.network.layer_sizes) - 1
        rates = tuple(data.draw(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9]), min_size=n, max_size=n)))
        objective = replace(problem.objective, dropout=rates, seed=data.draw(st.integers(0, 2**64 - 1)))
        problem = replace(problem, objective=objective)
        batches = data.draw(runs(len(objective.X), 10))
        assume(is_steady(problem, Nesterov(), batches, self.rtol64))
        self.assert_descends(engine, problem, Nesterov(), batches)

    @staticmethod
    def with_dropout(network: Network, m: int, rates: tuple[float, ...], dtype: Any = np.float64) -> Problem:
        problem = draw_away_from_kinks(network, m, dtype, lam=0.1, weighted=True)
        return replace(problem, objective=replace(problem.objective, dropout=rates, seed=2**63 + 5))

    # --- layer normalisation

    @pairwise(activation=sorted(ACTIVATIONS), output=sorted(OUTPUTS), dtype=DTYPES)
    def test_normalised_layers_equal_those_of_the_equations(
        self, engine: Engine, activation: str, output: str, dtype: Any
    ) -> None:
        network = normalized((4, 20, 5, 3), (activation,) * 2, output)
        problem = draw_away_from_kinks(network, 9, dtype, lam=0.1, weighted=True)
        self.assert_cost_and_gradient(engine, problem)
        thetas, norms = split(network, weights_of(network, problem.parameters))
        _, A = forward_propagation(problem.objective.X, thetas, network.hidden, output, norms=norms)
        H = engine.predict(network, problem.parameters, problem.objective.X)
        assert_near(H, A[-1], self.rtol(dtype))

    @rules
    @pytest.mark.parametrize("sizes", [(3, 6, 5, 2), (3, 40, 7, 2), (3, 4, 1, 3, 2)])
    def test_a_whole_run_of_normalised_layers(self, engine: Engine, sizes: tuple[int, ...], rule: UpdateRule) -> None:
        m = 22 if self.is_slow else 43
        problem = draw(normalized(sizes, ("tanh",) * (len(sizes) - 2), "softmax"), m, lam=0.1, weighted=True)
        self.assert_descends(engine, problem, rule, shuffled(m, 7, self.few(20)))  # a last batch of one row
        self.assert_descends(engine, problem, rule, full_batches(m, self.few(30), step_size=0.05))

    @refinements
    @pytest.mark.parametrize("lam1", [0.0, 0.2])
    def test_gain_and_shift_are_clipped_and_averaged_but_do_not_decay(
        self, engine: Engine, options: StepOptions, lam1: float
    ) -> None:
        problem = draw(normalized((4, 9, 5, 3), ("tanh", "sigmoid"), "softmax"), 23, lam=0.1, weighted=True)
        problem = replace(problem, objective=replace(problem.objective, lam1=lam1))
        self.assert_cost_and_gradient(engine, problem)
        self.assert_descends(engine, problem, Adam(), shuffled(23, 11, epochs=3, step_size=0.01), options)

    @dtypes
    def test_normalised_layers_with_dropout(self, engine: Engine, dtype: Any) -> None:
        for sizes in ((6, 20, 5, 3), (6, 4, 3)):
            network = normalized(sizes, ("gelu",) * (len(sizes) - 2), "softmax")
            problem = self.with_dropout(network, 23, (0.2, 0.5, 0.3)[: len(sizes) - 1], dtype)
            self.assert_descends(engine, problem, Nesterov(), shuffled(23, 11, epochs=2, step_size=0.01))

    @dtypes
    @pytest.mark.parametrize("chosen", [Huber(0.5), QUANTILES], ids=str)
    def test_normalised_layers_with_chosen_costs(self, engine: Engine, chosen: Cost, dtype: Any) -> None:
        problem = draw(normalized((4, 20, 3), ("tanh",), "identity", chosen), 23, dtype, lam=0.1, weighted=True)
        self.assert_cost_and_gradient(engine, problem)
        self.assert_descends(engine, problem, Nesterov(), part(shuffled(23, 11, epochs=2, step_size=0.001), slice(3)))

    @dtypes
    def test_normalised_layers_with_sparse_rows(self, engine: Engine, dtype: Any) -> None:
        problem = draw(normalized((30, 20, 3), ("tanh",), "softmax"), 17, dtype, lam=0.1)
        X = problem.objective.X * (np.random.RandomState(1).uniform(size=(17, 30)) < 0.2)
        dense, sparse = replace(problem.objective, X=X), replace(problem.objective, X=csr_array(X))
        expected, state = problem.state(Adam()), problem.state(Adam())
        batches = shuffled(17, 5, epochs=2, step_size=0.01)
        costs = engine.descend(sparse, Adam(), state, batches)
        assert_near(costs, engine.descend(dense, Adam(), expected, batches), self.rtol(dtype))
        assert_near(state.parameters, expected.parameters, self.rtol(dtype))
        H = engine.predict(problem.network, problem.parameters, sparse.X)
        assert_near(H, engine.predict(problem.network, problem.parameters, X), self.rtol(dtype))

    @dtypes
    def test_normalised_rows_in_several_blocks(self, engine: Engine, dtype: Any) -> None:
        # Two blocks of the CPU engine, or six.
        rows, sizes = (130, (300, 30, 40, 3)) if self.is_slow else (700, (30, 200, 40, 3))
        problem = draw(normalized(sizes, ("tanh", "gelu"), "softmax"), rows, dtype, weighted=True)
        self.assert_cost_and_gradient(engine, problem)
        H, m = engine.predict(problem.network, problem.parameters, problem.objective.X), 3
        few = engine.predict(problem.network, problem.parameters, problem.objective.X[:m])
        assert_near(
            few, H[:m], self.rtol(dtype)
        )  # except for rounding, the output of a row does not depend on the others

    def test_equal_sums_are_normalised_to_the_shift(self, engine: Engine) -> None:
        for sizes in ((2, 1, 1), (2, 20, 1)):  # one unit, and units that are all equal
            network = normalized(sizes, ("identity",), "identity")
            thetas = [np.full((sizes[1], 3), 0.5), np.ones((1, sizes[1] + 1))]
            shift = np.linspace(-1.0, 2.0, sizes[1])
            parameters = pack(network, thetas, norms_given=[np.stack([np.full(sizes[1], 3.0), shift])])
            X = np.array([[1.0, 2.0], [30.0, -4.0]])
            H = engine.predict(network, parameters, X)
            np.testing.assert_allclose(H, np.full((2, 1), 1.0 + shift.sum()), rtol=1e-12)
            self.assert_cost_and_gradient(engine, Problem(Objective(network, X, np.zeros((2, 1))), parameters))

    def test_a_normalised_network_without_hidden_layers_equals_a_plain_one(self, engine: Engine) -> None:
        for sizes in ((4, 3), (20, 3)):
            plain, same = draw(Network(sizes, (), "softmax"), 9), draw(normalized(sizes, (), "softmax"), 9)
            expected, state = plain.state(Adam()), same.state(Adam())
            engine.descend(plain.objective, Adam(), expected, full_batches(9, 3))
            engine.descend(same.objective, Adam(), state, full_batches(9, 3))
            assert_same_state(state, expected)

    @rules
    @dtypes
    def test_a_normalised_run_can_be_divided_anywhere(self, engine: Engine, rule: UpdateRule, dtype: Any) -> None:
        problem = draw(normalized((3, 20, 4, 2), ("relu", "tanh"), "softmax"), 11, dtype, lam=0.1)
        batches = shuffled(11, 3, epochs=5)
        whole, pieces = problem.state(rule), problem.state(rule)
        costs = engine.descend(problem.objective, rule, whole, batches)
        parts = [
            engine.descend(problem.objective, rule, pieces, part(batches, slice(i, i + 7)))
            for i in range(0, len(batches), 7)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), costs)
        assert_same_state(pieces, whole)

    @examples
    @given(data=st.data())
    def test_any_normalised_network_equals_that_of_the_equations(self, engine: Engine, data: st.DataObject) -> None:
        dtype = data.draw(st.sampled_from(DTYPES))
        drawn = data.draw(problems(dtype))
        # In a layer of few units, a variance near 0, by which is divided, has few precise digits in float32.
        assume(dtype == np.float64 or min(drawn.network.layer_sizes[1:-1], default=9) > 4)
        network = replace(drawn.network, normalization="layer")
        m, seed = len(drawn.objective.X), data.draw(st.integers(0, 2**16))
        problem = draw(network, m, dtype, lam=0.1, weighted=data.draw(st.booleans()), seed=seed)
        assume(margin(problem.objective, weights_of(network, problem.parameters)) > MARGIN[dtype])
        self.assert_cost_and_gradient(engine, problem)

    # --- sparse input

    @dtypes
    @pytest.mark.parametrize("sizes", [(40, 20, 3), (9, 4, 2), (5, 1)])
    def test_sparse_rows_give_the_results_of_dense_rows(
        self, engine: Engine, dtype: Any, sizes: tuple[int, ...]
    ) -> None:
        network = Network(sizes, ("tanh",) * (len(sizes) - 2), "sigmoid")
        problem = draw(network, 17, dtype, lam=0.1, weighted=True)
        X = problem.objective.X * (np.random.RandomState(1).uniform(size=problem.objective.X.shape) < 0.3)
        X[3] = 0  # a row without entries
        objective = replace(problem.objective, X=X, dropout=(0.2,) * (len(sizes) - 1), seed=3)
        problem, sparse = replace(problem, objective=objective), replace(objective, X=csr_array(X))
        for batches in (shuffled(17, 5, epochs=3), full_batches(17, 5)):
            expected = equations_descent(objective, Adam(), problem.state(Adam()), batches)
            state = problem.state(Adam())
            costs = engine.descend(sparse, Adam(), state, batches)
            assert_near(costs, expected.costs, self.rtol(dtype))
            assert_near(state.parameters, expected.parameters, self.rtol(dtype))
        J, gradient = engine.cost_and_gradient(sparse, problem.parameters)
        dense_J, dense_gradient = engine.cost_and_gradient(objective, problem.parameters)
        assert_near(J, dense_J, self.rtol(dtype))
        assert_near(gradient, dense_gradient, self.rtol(dtype))
        H = engine.predict(network, problem.parameters, sparse.X)
        assert_near(H, engine.predict(network, problem.parameters, X), self.rtol(dtype))

    # --- predict

    @pairwise(activation=sorted(ACTIVATIONS), output=sorted(OUTPUTS), dtype=DTYPES)
    def test_predictions_equal_those_of_the_equations(
        self, engine: Engine, activation: str, output: str, dtype: Any
    ) -> None:
        network = Network((4, 6, 3), (activation,), output)
        problem = draw(network, 11, dtype)
        H = engine.predict(network, problem.parameters, problem.objective.X)
        _, A = forward_propagation(problem.objective.X, weights_of(network, problem.parameters), network.hidden, output)
        assert H.dtype == dtype
        assert H.shape == (11, 3)
        assert_near(H, A[-1], self.rtol(dtype))

    @pytest.mark.parametrize("given", DTYPES)
    @dtypes
    def test_predictions_have_the_dtype_of_the_parameters(self, engine: Engine, dtype: Any, given: Any) -> None:
        problem = draw(SMALL, 5, dtype)
        X = problem.objective.X.astype(given)
        H = engine.predict(SMALL, problem.parameters, X)
        assert H.dtype == dtype
        assert_near(H, engine.predict(SMALL, problem.parameters, X.astype(dtype)), self.rtol32)

    @pytest.mark.parametrize("output", sorted(OUTPUTS.keys() - {"exp"}))
    def test_predictions_are_finite_where_units_saturate(self, engine: Engine, output: str) -> None:
        network = Network((2, 3, 2), ("sigmoid",), output)
        parameters = 1e3 * draw(network, 1).parameters
        H = engine.predict(network, parameters, np.array([[-1e3, 1e3], [0.0, 1e3], [1e3, 1e3]]))
        assert np.isfinite(H).all()

    # --- cost and gradient

    @pairwise(activation=sorted(ACTIVATIONS), output=sorted(OUTPUTS), dtype=DTYPES)
    def test_cost_and_gradient_equal_those_of_the_equations(
        self, engine: Engine, activation: str, output: str, dtype: Any
    ) -> None:
        network = Network((3, 5, 4, 2), (activation, activation), output)
        self.assert_cost_and_gradient(engine, draw_away_from_kinks(network, 13, dtype))

    @dtypes
    @pytest.mark.parametrize("lam", [0.0, 0.7])
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("n_hidden", [0, 1, 2, 3])
    def test_layers_may_have_different_activations(
        self, engine: Engine, n_hidden: int, weighted: bool, lam: float, dtype: Any
    ) -> None:
        hidden = ("relu", "tanh", "gelu")[:n_hidden]
        network = Network((3, *(5, 7, 4)[:n_hidden], 2), hidden, "softmax")
        problem = draw_away_from_kinks(network, 9, dtype, lam=lam, weighted=weighted)
        self.assert_cost_and_gradient(engine, problem)

    def test_rows_of_weight_zero_do_not_count(self, engine: Engine) -> None:
        problem = draw(SMALL, 6)
        weight = np.array([1.0, 0.0, 2.0, 0.0, 1.0, 1.0])
        kept = np.array([0, 2, 2, 4, 5])  # weight 2 is equivalent to two copies of the row
        whole = replace(problem.objective, sample_weight=weight, lam=0.3)
        repeated = replace(problem.objective, X=problem.objective.X[kept], Y=problem.objective.Y[kept], lam=0.3)
        J, gradient = engine.cost_and_gradient(whole, problem.parameters)
        expected_J, expected = engine.cost_and_gradient(repeated, problem.parameters)
        assert_near(J, expected_J, self.rtol64)
        assert_near(gradient, expected, self.rtol64)

    @pytest.mark.parametrize("output", ["sigmoid", "softmax"])
    def test_cost_of_a_saturated_wrong_output_is_finite(self, engine: Engine, output: str) -> None:
        network = Network((1, 2), (), output)
        parameters = pack(network, [np.array([[0.0, 500.0], [0.0, -500.0]])])
        objective = Objective(network, np.array([[1.0], [-1.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]))
        self.assert_cost_and_gradient(engine, Problem(objective, parameters))
        assert engine.cost_and_gradient(objective, parameters)[0] > 500.0

    @examples
    @given(data=st.data())
    def test_any_network_in_float64_equals_that_of_the_equations(self, engine: Engine, data: st.DataObject) -> None:
        problem = data.draw(problems(np.float64))
        assume(margin(problem.objective, weights_of(problem.network, problem.parameters)) > MARGIN[np.float64])
        self.assert_cost_and_gradient(engine, problem)

    @examples
    @given(data=st.data())
    def test_any_network_in_float32_equals_that_of_the_equations(self, engine: Engine, data: st.DataObject) -> None:
        self.assert_cost_and_gradient(engine, data.draw(problems(np.float32)))

    # --- descend

    @rules
    def test_a_whole_run_equals_that_of_the_equations(self, engine: Engine, rule: UpdateRule) -> None:
        network = Network((3, 6, 5, 2), ("sigmoid", "tanh"), "softmax")
        problem = draw(network, 43, lam=0.1, weighted=True)
        self.assert_descends(engine, problem, rule, shuffled(43, 7, self.few(40)))  # 43 = 6 * 7 + 1: a last batch of 1

    @rules
    @pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
    def test_every_activation_descends_as_in_the_equations(
        self, engine: Engine, activation: str, rule: UpdateRule
    ) -> None:
        problem = draw_away_from_kinks(Network((3, 8, 2), (activation,), "sigmoid"), 22)
        self.assert_descends(engine, problem, rule, shuffled(22, 7, self.few(3)))

    @rules
    @pytest.mark.parametrize("output", sorted(OUTPUTS))
    def test_every_output_descends_in_full_batches(self, engine: Engine, output: str, rule: UpdateRule) -> None:
        problem = draw(Network((2, 5, 3), ("tanh",), output), 30, lam=0.01)
        self.assert_descends(engine, problem, rule, full_batches(30, self.few(100), step_size=0.05))

    @rules
    @pytest.mark.parametrize("batch_size", [1, 8, 25])
    def test_short_runs_in_float32(self, engine: Engine, rule: UpdateRule, batch_size: int) -> None:
        problem = draw(Network((4, 9, 3), ("tanh",), "softmax"), 25, np.float32, lam=0.1, weighted=True)
        self.assert_descends(engine, problem, rule, part(shuffled(25, batch_size, epochs=10), slice(0, 20)))

    def test_kinked_activations_in_float32(self, engine: Engine) -> None:
        for activation in KINKED:
            problem = draw_away_from_kinks(Network((4, 6, 2), (activation,), "sigmoid"), 12, np.float32)
            self.assert_descends(engine, problem, GradientDescent(), full_batches(12, 2, step_size=0.001))

    @rules
    @examples
    @given(data=st.data())
    def test_any_run_in_float64_equals_that_of_the_equations(
        self, engine: Engine, rule: UpdateRule, data: st.DataObject
    ) -> None:
        problem = data.draw(problems(np.float64))
        batches = data.draw(runs(len(problem.objective.X), 30))
        assume(is_steady(problem, rule, batches, self.rtol64))
        self.assert_descends(engine, problem, rule, batches)

    @rules
    @examples
    @given(data=st.data())
    def test_any_short_run_in_float32_equals_that_of_the_equations(
        self, engine: Engine, rule: UpdateRule, data: st.DataObject
    ) -> None:
        problem = data.draw(problems(np.float32))
        batches = data.draw(runs(len(problem.objective.X), 4))
        assume(is_steady(problem, rule, batches, self.rtol32))
        self.assert_descends(engine, problem, rule, batches)

    @pairwise(rule=RULES, dtype=DTYPES, width=WIDTHS)
    def test_subnormal_numbers_do_not_change_the_results(
        self, engine: Engine, width: int, dtype: Any, rule: UpdateRule
    ) -> None:
        # An engine may treat them as zeros, in its arguments and in its results.
        problem, tiny = draw(Network((4, width, 3), ("tanh",), "softmax"), 23, dtype, lam=0.1), np.finfo(dtype).tiny
        problem.objective.X[:, 1] = 0.3 * tiny
        problem.objective.X[::2, 2] = 0.0
        problem.parameters[3::5] = -0.2 * tiny
        state = problem.state(rule)
        state.slots[:] = 0.4 * tiny
        batches = shuffled(23, 11, epochs=2, step_size=0.001)
        expected = equations_descent(problem.objective, rule, state, batches)
        costs = engine.descend(problem.objective, rule, state, batches)
        assert_near(costs, expected.costs, self.rtol(dtype))
        assert_near(state.parameters, expected.parameters, self.rtol(dtype))
        assert_near(state.slots, np.reshape(expected.slots, state.slots.shape), self.rtol(dtype))
        self.assert_cost_and_gradient(engine, problem)

    @rules
    def test_an_order_may_repeat_and_leave_out_rows(self, engine: Engine, rule: UpdateRule) -> None:
        problem = draw(SMALL, 9, weighted=True)
        order = np.array([8, 8, 0, 3, 3, 3, 1, 7, 2, 2, 5], dtype=np.intp)
        batches = Batches(order, np.array([6, 1, 0, 9]), np.array([9, 6, 11, 10]), np.array([0.1, 0.2, 0.05, 0.3]))
        self.assert_descends(engine, problem, rule, batches)

    def test_batches_without_an_order_use_consecutive_rows(self, engine: Engine) -> None:
        problem = draw(SMALL, 9, weighted=True)
        starts, stops, sizes = np.array([6, 0, 3]), np.array([9, 2, 4]), np.array([0.1, 0.2, 0.05])
        self.assert_descends(engine, problem, Momentum(), Batches(None, starts, stops, sizes))

    @pairwise(rule=RULES, dtype=DTYPES, calls=[1, 3, 25])
    def test_a_run_can_be_divided_anywhere(self, engine: Engine, rule: UpdateRule, dtype: Any, calls: int) -> None:
        problem, batches = draw(SMALL, 11, dtype, lam=0.1), shuffled(11, 3, epochs=7)  # 28 updates
        whole, pieces = problem.state(rule), problem.state(rule)
        costs = engine.descend(problem.objective, rule, whole, batches)
        cuts = np.linspace(0, len(batches), calls + 1).astype(int)
        parts = [
            engine.descend(problem.objective, rule, pieces, part(batches, slice(start, stop)))
            for start, stop in itertools.pairwise(cuts)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), costs)
        assert_same_state(pieces, whole)

    @dtypes
    def test_the_largest_batch_of_a_call_does_not_change_the_others(self, engine: Engine, dtype: Any) -> None:
        # Sums over a batch must not be cut otherwise where a call has other batches beside it.
        # The CPU engine divides the first two batches into blocks.
        wide, ends = ((500, 17, 3), [350, 550, 570]) if self.is_slow else ((60, 99, 3), [520, 850, 1000])
        for network in (Network(wide, ("tanh",), "softmax"), Network((5, 6, 3), ("tanh",), "softmax")):
            problem = draw(network, ends[-1], dtype)
            order = np.random.RandomState(0).permutation(ends[-1])
            starts, stops = np.array([0, *ends[:-1]], dtype=np.intp), np.array(ends, dtype=np.intp)
            batches = Batches(order, starts, stops, np.full(3, 0.1))
            together, apart = problem.state(Adam()), problem.state(Adam())
            engine.descend(problem.objective, Adam(), together, batches)
            for i in range(3):
                engine.descend(problem.objective, Adam(), apart, part(batches, slice(i, i + 1)))
            assert_same_state(apart, together)

    @rules
    def test_one_call_of_n_updates_equals_n_calls_of_one(self, engine: Engine, rule: UpdateRule) -> None:
        problem, batches = draw(SMALL, 11), shuffled(11, 4, epochs=4)
        whole, single = problem.state(rule), problem.state(rule)
        costs = engine.descend(problem.objective, rule, whole, batches)
        for i in range(len(batches)):
            (cost,) = engine.descend(problem.objective, rule, single, part(batches, slice(i, i + 1)))
            assert cost == costs[i]
        assert_same_state(single, whole)

    def test_zero_updates_change_nothing(self, engine: Engine) -> None:
        problem, rule = draw(SMALL, 4), Adam()
        state = problem.state(rule)
        costs = engine.descend(problem.objective, rule, state, part(full_batches(4, 1), slice(0, 0)))
        assert costs.shape == (0,)
        assert_same_state(state, problem.state(rule))

    def test_state_is_updated_in_place(self, engine: Engine) -> None:
        problem, rule = draw(SMALL, 4), Adam()
        state = problem.state(rule)
        parameters, slots = state.parameters, state.slots
        engine.descend(problem.objective, rule, state, full_batches(4, 2))
        assert state.parameters is parameters
        assert state.slots is slots
        assert (parameters != problem.parameters).any()
        assert slots.all()

    # --- a run that diverges

    @rules
    @dtypes
    def test_a_cost_that_is_not_finite_stops_the_run_before_its_update(
        self, engine: Engine, rule: UpdateRule, dtype: Any
    ) -> None:
        problem = draw(Network((2, 3, 1), ("identity",), "identity"), 8, dtype)
        batches = full_batches(8, 400, step_size=1e30 if dtype == np.float32 else 1e200)
        stopped, before = problem.state(rule), problem.state(rule)
        costs = engine.descend(problem.objective, rule, stopped, batches)
        n = len(costs) - 1
        assert 0 < n < len(batches) - 1
        assert not np.isfinite(costs[n])
        assert np.isfinite(costs[:n]).all()
        np.testing.assert_array_equal(
            engine.descend(problem.objective, rule, before, part(batches, slice(0, n))), costs[:n]
        )
        assert stopped.t == n
        assert_same_state(stopped, before)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_the_first_cost_may_be_not_finite(self, engine: Engine, bad: float) -> None:
        problem, rule = draw(Network((2, 1), (), "identity"), 4), Adam()
        problem.parameters[0] = bad
        state = problem.state(rule)
        costs = engine.descend(problem.objective, rule, state, full_batches(4, 3))
        assert costs.shape == (1,)
        assert not np.isfinite(costs[0])
        assert_same_state(state, problem.state(rule))

    # --- arguments, results and threads

    @dtypes
    def test_arguments_may_be_read_only(self, engine: Engine, dtype: Any, tmp_path: Path) -> None:
        problem, rule = draw(SMALL, 11, dtype, weighted=True), Adam()
        batches = shuffled(11, 4, epochs=2)
        given = problem.objective
        assert given.sample_weight is not None
        mapped = np.memmap(tmp_path / "X", dtype=dtype, mode="w+", shape=given.X.shape)
        mapped[...] = given.X
        mapped.flush()
        X = np.memmap(tmp_path / "X", dtype=dtype, mode="r", shape=given.X.shape)
        arrays: Sequence[Any] = (
            given.Y,
            given.sample_weight,
            problem.parameters,
            batches.order,
            batches.starts,
            batches.stops,
            batches.step_sizes,
        )
        for array in arrays:
            array.flags.writeable = False
        state, expected = problem.state(rule), problem.state(rule)
        engine.descend(given, rule, expected, batches)
        engine.descend(replace(given, X=X), rule, state, batches)
        assert_same_state(state, expected)
        J, gradient = engine.cost_and_gradient(replace(given, X=X), problem.parameters)
        expected_J, expected_gradient = engine.cost_and_gradient(given, problem.parameters)
        assert expected_J == J
        np.testing.assert_array_equal(gradient, expected_gradient)
        H = engine.predict(SMALL, problem.parameters, X)
        np.testing.assert_array_equal(H, engine.predict(SMALL, problem.parameters, given.X))

    @pytest.mark.parametrize("output", sorted(OUTPUTS))
    def test_arguments_are_not_modified(self, engine: Engine, output: str) -> None:
        problem, rule = draw(Network((3, 4, 2), ("relu",), output), 11, weighted=True), Adam()
        batches, given = shuffled(11, 4, epochs=2), problem.objective
        arrays = (given.X, given.Y, given.sample_weight, problem.parameters, batches.order, batches.step_sizes)
        copies = [np.array(array) for array in arrays]
        engine.predict(problem.network, problem.parameters, given.X)
        engine.cost_and_gradient(given, problem.parameters)
        engine.descend(given, rule, problem.state(rule), batches)
        for array, copy in zip(arrays, copies, strict=True):
            np.testing.assert_array_equal(array, copy)

    def test_results_do_not_share_memory_with_arguments_or_other_results(self, engine: Engine) -> None:
        network = Network((2, 2), (), "identity")  # the network with the fewest computations
        problem = draw(network, 4)
        calls = {
            "predict": lambda: engine.predict(network, problem.parameters, problem.objective.X),
            "cost_and_gradient": lambda: engine.cost_and_gradient(problem.objective, problem.parameters)[1],
            "descend": lambda: engine.descend(
                problem.objective, Adam(), problem.state(Adam()), full_batches(4, 3, step_size=0.01)
            ),
        }
        for call in calls.values():
            first, second = call(), call()
            kept = first.copy()
            second[...] = 7.0
            call()
            np.testing.assert_array_equal(first, kept)
            for array in (problem.parameters, problem.objective.X, problem.objective.Y):
                assert not np.shares_memory(first, array)

    @dtypes
    def test_repeated_runs_give_the_same_bits(self, engine: Engine, dtype: Any) -> None:
        problem, rule = draw(Network((20, 40, 30, 4), ("relu", "tanh"), "softmax"), 101, dtype), Adam()
        batches, states = shuffled(101, 32, self.few(3)), [problem.state(rule) for _ in range(3)]
        costs = [engine.descend(problem.objective, rule, state, batches) for state in states]
        gradients = [engine.cost_and_gradient(problem.objective, problem.parameters)[1] for _ in range(3)]
        for i in (1, 2):
            np.testing.assert_array_equal(costs[i], costs[0])
            assert_same_state(states[i], states[0])
            np.testing.assert_array_equal(gradients[i], gradients[0])

    def test_concurrent_threads_get_the_same_bits(self, engine: Engine) -> None:
        networks = [Network((7, width, 3), ("tanh",), "softmax") for width in (3, 33, 64, 70)]
        problems_ = [draw(network, 50, seed=i) for i, network in enumerate(networks)]
        batches, rule = shuffled(50, 8, self.few(5)), Adam()

        def results(problem: Problem) -> list[Floats]:
            state = problem.state(rule)
            costs = engine.descend(problem.objective, rule, state, batches)
            _, gradient = engine.cost_and_gradient(problem.objective, state.parameters)
            H = engine.predict(problem.network, state.parameters, problem.objective.X)
            return [costs, state.parameters, state.slots, gradient, H]

        expected = [results(problem) for problem in problems_]
        together: dict[int, list[Floats]] = {}
        gate = threading.Barrier(2 * len(problems_))

        def work(i: int) -> None:
            gate.wait(60)
            together[i] = results(problems_[i % len(problems_)])

        threads = [threading.Thread(target=work, args=(i,)) for i in range(2 * len(problems_))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert sorted(together) == list(range(len(threads)))
        for i, received in together.items():
            for array, wanted in zip(received, expected[i % len(problems_)], strict=True):
                np.testing.assert_array_equal(array, wanted)

    def test_descend_many_equals_single_descents(self, engine: Engine) -> None:
        problems_ = [draw(Network((5, width, 3), ("tanh",), "softmax"), 20, seed=width) for width in (4, 4, 9)]
        rule, batches = Adam(), shuffled(20, 8, 2)
        states = [problem.state(rule) for problem in problems_]
        together = engine.descend_many(
            [
                DescentRequest(problem.objective, rule, state, batches)
                for problem, state in zip(problems_, states, strict=True)
            ]
        )
        for problem, state, costs in zip(problems_, states, together, strict=True):
            alone = problem.state(rule)
            np.testing.assert_array_equal(costs, engine.descend(problem.objective, rule, alone, batches))
            np.testing.assert_array_equal(state.parameters, alone.parameters)
            assert state.t == alone.t

    def test_concurrent_calls_limits_blas_to_one_thread(self, engine: Engine) -> None:
        def threads() -> set[int]:
            return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

        before = threads()
        with engine.concurrent_calls():
            assert threads() <= {1}
        assert threads() == before
