"""Updates by several threads: the same bits as by one."""

from __future__ import annotations

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from multilayer import MLPClassifier
from multilayer.engines import Batches, Objective, at_most, get_engine, new_state, threads
from multilayer.engines.cpu import compiling, engine, plan, team
from multilayer.equations.descent import Adam, GradientDescent, Nesterov
from multilayer.equations.extensions.chosen_costs import Huber
from multilayer.equations.extensions.step_options import StepOptions
from multilayer.network import Network, PeriodicEmbedding, n_parameters

pytestmark = pytest.mark.skipif(not compiling.COMPILED, reason="there is no compiler in this run")
RANDOM = np.random.RandomState
ADAM, PLAIN = Adam(), StepOptions()


@pytest.fixture
def several_threads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets the number of threads of each descent, on any machine."""
    monkeypatch.setattr(threads, "_limit", lambda: 8)
    monkeypatch.setattr(threads, "_n_cores", lambda: 8)
    monkeypatch.setattr(threads, "_pool", None)

    def use(n: int) -> None:
        monkeypatch.setattr(engine, "useful_threads", lambda *_: n)

    return use


@dataclass(frozen=True)
class Case:
    network: Network
    m: int = 700
    batch: int = 300
    rule: Any = ADAM
    options: StepOptions = PLAIN
    objective: tuple[tuple[str, Any], ...] = ()
    is_sparse: bool = False
    has_order: bool = True
    weighted: bool = False

    def problem(self, dtype: Any) -> tuple[Objective, np.ndarray[Any, Any], Batches]:
        rng, sizes = RANDOM(0), self.network.layer_sizes
        X: Any = rng.normal(size=(self.m, sizes[0])).astype(dtype)
        if self.is_sparse:
            X = sparse.csr_matrix(X * (rng.uniform(size=X.shape) < 0.2))
        Y = np.eye(sizes[-1], dtype=dtype)[rng.randint(0, sizes[-1], self.m)]
        weight = rng.randint(0, 3, self.m).astype(dtype) if self.weighted else None
        start = rng.normal(scale=0.3, size=n_parameters(self.network)).astype(dtype)
        starts = np.tile(np.arange(0, self.m, self.batch), 3)
        stops = np.minimum(starts + self.batch, self.m)
        order = rng.permutation(self.m) if self.has_order else None
        objective = Objective(self.network, X, Y, 0.1, weight, **dict(self.objective))
        return objective, start, Batches(order, starts, stops, np.linspace(0.02, 0.01, len(starts)))

    def run(self, dtype: Any) -> tuple[Any, ...]:
        objective, start, batches = self.problem(dtype)
        state = new_state(self.network, self.rule, start.copy())
        cpu = get_engine("cpu", self.network)
        costs = cpu.descend(objective, self.rule, state, batches, self.options)
        J, D = cpu.cost_and_gradient(objective, start)
        average = state.average if state.average is not None else np.empty(0)
        return costs, state.parameters, state.slots, average, np.array(J), D


WIDE = Network((20, 40, 30, 3), ("relu", "gelu"), "softmax")
NARROW = Network((4, 7, 3), ("sigmoid",), "softmax")
CASES = {
    "dense": Case(WIDE),
    "dense, one batch": Case(WIDE, batch=700, has_order=False),
    "dense, several chunks": Case(WIDE, m=2500, batch=2500),
    "wide": Case(Network((30, 300, 250, 2), ("tanh", "relu"), "sigmoid"), batch=500),
    "weights of rows": Case(WIDE, weighted=True),
    "sparse": Case(WIDE, is_sparse=True),
    "dropout": Case(WIDE, objective=(("dropout", (0.1, 0.3, 0.2)), ("seed", 7))),
    "clipping": Case(WIDE, options=StepOptions(clip_norm=0.05, weight_decay=0.01, average=0.9)),
    "factors": Case(WIDE, options=StepOptions(factors=(1.0, 0.1, 1.0, 0.1, 0.5, 0.1, 1.0), weight_decay=0.1)),
    "L1": Case(WIDE, objective=(("lam1", 0.3),), rule=Nesterov(0.9)),
    "normalised": Case(replace(WIDE, normalization="layer")),
    "embedded": Case(replace(WIDE, embedding=PeriodicEmbedding((1, 4), 3, 2, 1.0))),
    "chosen cost": Case(replace(WIDE, output="identity", cost=Huber(0.7))),
    "narrow": Case(NARROW),
    "narrow, kept": Case(NARROW, m=900, batch=900, has_order=False),
    "narrow, several chunks": Case(NARROW, m=20_000, batch=20_000, rule=GradientDescent()),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_the_bits_are_the_same_for_any_number_of_threads(name: str, dtype: Any, several_threads: Any) -> None:
    several_threads(1)
    expected = CASES[name].run(dtype)
    assert all(np.isfinite(each).all() for each in expected)
    for n in (2, 3, 5):
        several_threads(n)
        for one, other in zip(expected, CASES[name].run(dtype), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_cost_that_is_not_finite_stops_every_thread_before_its_update(several_threads: Any) -> None:
    objective, start, batches = CASES["dense"].problem(np.float64)
    objective.X[batches.order[300:310]] = 1.7e308  # type: ignore[index]
    found = []
    for n in (1, 4):
        several_threads(n)
        state = new_state(WIDE, Adam(), start.copy())
        costs = get_engine("cpu").descend(objective, Adam(), state, batches)
        assert [math.isfinite(cost) for cost in costs] == [True, False]
        assert state.t == 1
        found.append(state.parameters)
    np.testing.assert_array_equal(*found)


def test_several_descents_at_once_do_not_disturb_each_other(several_threads: Any) -> None:
    several_threads(1)
    expected = {name: CASES[name].run(np.float32) for name in ("dense", "narrow", "clipping", "wide")}
    several_threads(3)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for name, found in pool.map(lambda name: (name, CASES[name].run(np.float32)), expected):
                for one, other in zip(expected[name], found, strict=True):
                    np.testing.assert_array_equal(one, other)


def test_one_thread_finishes_though_the_others_never_begin(several_threads: Any, monkeypatch: Any) -> None:
    several_threads(1)
    expected = CASES["dense"].run(np.float32)
    several_threads(4)
    monkeypatch.setattr(engine, "in_threads", lambda work, n: work(n - 1))
    for one, other in zip(expected, CASES["dense"].run(np.float32), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_trains_on_threads_of_its_own(several_threads: Any) -> None:
    several_threads(3)
    expected = CASES["dense"].run(np.float32)
    child = os.fork()
    if child == 0:  # pragma: no cover
        found = CASES["dense"].run(np.float32)
        os._exit(0 if all(np.array_equal(one, other) for one, other in zip(expected, found, strict=True)) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_small_updates_and_short_calls_use_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "n_threads", lambda: 8)

    def useful(network: Network, batch: int, n: int) -> int:
        given = Objective(network, np.empty((1, network.layer_sizes[0])), np.empty((1, network.layer_sizes[-1])))
        made = plan.make_plan(network, given.X, np.float32, batch, given, stays=False)
        starts = np.arange(n) * batch
        return engine.useful_threads(network, made, Batches(None, starts, starts + batch, np.zeros(n)))

    digits = Network((64, 100, 10), ("relu",), "softmax")
    assert useful(digits, 200, 9) > 1
    assert useful(digits, 200, 1) == useful(digits, 4, 1000) == 1
    assert useful(Network((100, 512, 512, 3), ("relu", "relu"), "softmax"), 1024, 1) == 8
    assert useful(Network((2, 3, 1), ("tanh",), "sigmoid"), 32, 10_000) == 1


@pytest.mark.parametrize("n_jobs", [1, 2, None])
def test_estimators_keep_to_their_number_of_jobs(n_jobs: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(threads, "_limit", lambda: 4)
    monkeypatch.setattr(engine, "useful_threads", lambda *_: asked.append(threads.n_threads()) or 1)
    rng = RANDOM(0)
    X = rng.normal(size=(500, 20))
    model = MLPClassifier((60,), max_iter=2, random_state=0, n_jobs=n_jobs, n_iter_no_change=None)
    model.fit(X, X[:, 0] > 0)
    assert set(asked) == {n_jobs or 4}
    asked.clear()
    with at_most(3):
        model.fit(X, X[:, 0] > 0)
    assert set(asked) == {min(n_jobs or 4, 3)}


def test_a_delayed_thread_does_not_end_a_later_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    words, add = team.make_team(4, 2).words, team.fetch_add
    assert team.take_item(words) == 0
    assert team.is_last_of_stage(words)
    team.begin_stage(words, 4)
    assert [team.take_item(words) for _ in range(4)] == [0, 1, 2, 3]
    assert not team.is_last_of_stage(words)

    def add_and_wait(words: Any, place: int, number: int) -> int:
        """Add; then other threads finish the stage and begin one with two items, before this one goes on."""
        before = add(words, place, number)
        monkeypatch.setattr(team, "fetch_add", add)
        assert [team.is_last_of_stage(words) for _ in range(2)] == [False, True]
        team.begin_stage(words, 2)
        return before

    monkeypatch.setattr(team, "fetch_add", add_and_wait)
    assert not team.is_last_of_stage(words)  # it was the second of four


def test_a_batch_without_rows_costs_nothing_and_changes_nothing(several_threads: Any) -> None:
    several_threads(2)
    objective, start, _ = CASES["dense"].problem(np.float64)
    starts = np.array([0, 50, 50])
    batches = Batches(None, starts, np.array([50, 50, 90]), np.full(3, 0.01))
    state = new_state(WIDE, GradientDescent(), start.copy())
    costs = get_engine("cpu").descend(objective, GradientDescent(), state, batches)
    assert (len(costs), costs[1], state.t) == (3, 0.0, 3)
    others = Batches(None, starts[::2], np.array([50, 90]), np.full(2, 0.01))
    without = new_state(WIDE, GradientDescent(), start.copy())
    get_engine("cpu").descend(objective, GradientDescent(), without, others)
    np.testing.assert_array_equal(state.parameters, without.parameters)


def test_tickets_count_items_and_stages() -> None:
    made = team.make_team(3, 2)
    words = made.words
    taken: list[int] = []

    def work() -> None:
        while (item := take_item(words)) >= 0:
            taken.append(item)
            if finish(words):
                begin(words, 3 if len(taken) < 7 else 0)

    work()
    assert taken == [0, 0, 1, 2, 0, 1, 2]
    others = [threading.Thread(target=work) for _ in range(3)]  # all stages have ended
    for each in others:
        each.start()
    for each in others:
        each.join(timeout=10)
    assert not any(each.is_alive() for each in others)


@compiling.kernel
def take_item(words: Any) -> int:
    return team.take_item(words)


@compiling.kernel
def finish(words: Any) -> bool:
    return team.is_last_of_stage(words)


@compiling.kernel
def begin(words: Any, n_items: int) -> None:
    team.begin_stage(words, n_items)
