"""A run with a mistake is the same code with one line wrong, and the gradient check finds each wrong gradient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from multilayer import MLPClassifier, MLPRegressor
from multilayer.engines import Batches, Objective, get_engine, new_state
from multilayer.engines.reference import ReferenceEngine
from multilayer.equations import initialize_thetas, one_hot
from multilayer.equations.descent import Adam, GradientDescent, UpdateRule
from multilayer.exceptions import ParameterError
from multilayer.fits.rows import FitRequest, ValidationArguments
from multilayer.learn.bugs import BUGS, train_with_bug
from multilayer.network import Network, pack, thetas
from multilayer.playground.bugs.check import check_program
from multilayer.playground.bugs.engine import BuggyEngine, has_wrong_gradient
from multilayer.playground.bugs.lab import BugCase, guess, known_bug, mystery, parameters_for_case
from multilayer.playground.bugs.setups import SETUPS, bugs_for, parameters_for_bug

NAMES = list(BUGS)
OF_GRADIENTS = [name for name in NAMES if has_wrong_gradient(BUGS[name])]
NETWORK = Network((4, 3, 3), ("sigmoid",), "softmax")


def problem(seed: int = 0, m: int = 24, network: Network = NETWORK, lam: float = 0.5) -> tuple[Objective, NDArray]:
    """Return rows sorted by class, and starting weights without zeros."""
    rng = np.random.default_rng(seed)
    K = network.layer_sizes[-1]
    y = np.sort(np.arange(m) % max(K, 2))
    X = np.ascontiguousarray(rng.normal(size=(m, network.layer_sizes[0])) + y[:, None])
    Y = one_hot(y, K) if K > 1 else y[:, None].astype(float)
    matrices = initialize_thetas(list(network.layer_sizes), random_state=seed, scheme="epsilon")
    return Objective(network, X, Y, lam), pack(network, matrices)


def shuffled_batches(m: int, size: int, n_epochs: int, alpha: float, seed: int, shuffles: bool = True) -> Batches:
    """Return the batches of train_with_bug."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(m) if shuffles else np.arange(m) for _ in range(n_epochs)])
    starts = np.concatenate([epoch * m + np.arange(0, m, size) for epoch in range(n_epochs)])
    stops = np.minimum(starts + size, (starts // m + 1) * m)
    return Batches(order.astype(np.intp), starts, stops, np.full(len(starts), alpha))


@pytest.mark.parametrize("rule", [GradientDescent(), Adam()])
@pytest.mark.parametrize("name", [None, "unshuffled-batches"])
def test_without_a_wrong_gradient_it_is_the_reference_engine_bit_for_bit(name: str | None, rule: UpdateRule) -> None:
    objective, parameters = problem()
    batches = shuffled_batches(24, 5, 4, 0.1, 0)
    runs = []
    for engine in (BuggyEngine(name), ReferenceEngine()):
        state = new_state(objective.network, rule, parameters.copy())
        costs = engine.descend(objective, rule, state, batches)
        runs.append((costs, state.parameters, *engine.cost_and_gradient(objective, parameters)))
    for ours, theirs in zip(*runs, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("size", [24, 7])
@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_it_trains_as_train_with_bug_to_the_last_digit(name: str, size: int, output: str) -> None:
    objective, parameters = problem(network=Network((4, 3, 3), ("sigmoid",), output))
    state = new_state(objective.network, GradientDescent(), parameters.copy())
    BuggyEngine(name).descend(objective, GradientDescent(), state, shuffled_batches(24, size, 6, 0.2, 3))
    start = [np.ascontiguousarray(theta) for theta in thetas(objective.network, parameters)]
    options: dict[str, Any] = {"lam": 0.5, "output": output, "batch_size": size, "random_state": 3}
    expected, _ = train_with_bug(name, objective.X, objective.Y, start, 0.2, 6, **options)
    for ours, theirs in zip(thetas(objective.network, state.parameters), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", [None, "unshuffled-batches"])
def test_the_order_of_the_rows_is_that_of_train_with_bug(name: str | None) -> None:
    objective, parameters = problem()
    state = new_state(objective.network, GradientDescent(), parameters.copy())
    shuffles = name is None or SETUPS[name].shuffles
    batches = shuffled_batches(24, 7, 6, 0.2, 3, shuffles)
    BuggyEngine(name).descend(objective, GradientDescent(), state, batches)
    start = thetas(objective.network, parameters)
    expected, _ = train_with_bug(
        name, objective.X, objective.Y, start, 0.2, 6, lam=0.5, output="softmax", batch_size=7, random_state=3
    )
    for ours, theirs in zip(thetas(objective.network, state.parameters), expected, strict=True):
        # The two right programs, equations and core, round in another order.
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_costs_are_those_of_the_right_program() -> None:
    objective, parameters = problem()
    right, _ = ReferenceEngine().cost_and_gradient(objective, parameters)
    assert {BuggyEngine(name).cost_and_gradient(objective, parameters)[0] for name in NAMES} == {right}


@pytest.mark.parametrize("name", NAMES)
def test_each_mistake_runs_behind_the_session_of_fit(name: str) -> None:
    objective, _ = problem(m=60)
    y = objective.Y.argmax(axis=1)
    given = {"hidden_layer_sizes": [6, 4], "activation": ["relu", "tanh"], "batch_size": 16, "alpha": 0.0}
    parameters = parameters_for_bug(name, given, "classification", 3).parameters
    model = MLPClassifier(
        **parameters, max_iter=5, n_iter_no_change=None, random_state=0, shuffle=SETUPS[name].shuffles
    )
    request = FitRequest(objective.X, y, None, ValidationArguments(objective.X[::3], y[::3]))
    costs = []
    for engine in (BuggyEngine(name), ReferenceEngine()):
        fit = model._begin(request)
        fit.problem = replace(fit.problem, engine=engine)
        fit.train()
        assert fit.n_epochs == 5
        costs.append(fit.state.history.costs)
    assert (costs[0] != costs[1]) == (name in OF_GRADIENTS)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_the_check_finds_each_wrong_gradient(name: str, seed: int) -> None:
    objective, parameters = problem(seed, lam=1.0)
    check = check_program(name, objective, parameters)
    assert not check.is_right
    assert check.json()["is_right"] is False
    assert check.weights_wrong == sum(layer["weights_wrong"] for layer in check.json()["layers"]) > 0
    assert f"{check.weights_wrong} of 27 derivatives are wrong" in check.text
    first, last = check.layers
    assert first.only_biases == last.only_biases == (name == "regularised-bias")
    if name in ("missing-derivative", "transposed-matrix"):
        assert last.weights_wrong == 0 < first.weights_wrong
    if name == "regularised-bias":
        assert "3 of 15, all of them biases" in check.text


@pytest.mark.parametrize(
    "network", [NETWORK, Network((4, 5, 5, 1), ("relu", "tanh"), "sigmoid"), Network((4, 1), (), "exp")]
)
@pytest.mark.parametrize("name", [None, "unshuffled-batches"])
def test_the_check_finds_nothing_in_the_right_program(name: str | None, network: Network) -> None:
    objective, parameters = problem(network=network)
    objective = replace(objective, lam1=0.1, sample_weight=np.linspace(0.5, 1.5, 24))
    check = check_program(name, objective, parameters, np.arange(5, 20))
    assert check.is_right, check.text
    assert check.weights_wrong == 0
    assert "agrees with the central differences" in check.text
    assert max(layer.largest_error for layer in check.layers) < 1e-6


def test_the_check_examines_the_engine_that_runs() -> None:
    objective, parameters = problem()
    assert check_program(get_engine("auto"), objective, parameters).is_right
    assert not check_program(BuggyEngine("wrong-sign"), objective, parameters).is_right
    only_one = check_program("missing-mean", objective, parameters, np.array([3]))
    assert only_one.is_right  # with one row, the sum is the mean
    single = replace(objective, X=objective.X.astype(np.float32), Y=objective.Y.astype(np.float32))
    assert check_program(None, single, parameters.astype(np.float32)).is_right


def test_a_large_network_is_not_checked() -> None:
    network = Network((4, 2000, 3), ("sigmoid",), "softmax")
    objective, parameters = problem(network=network)
    with pytest.raises(ParameterError, match="has 16,003 weights"):
        check_program(None, objective, parameters)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": Network((4, 3, 3), ("relu",), "softmax")}, "sigmoid hidden units"),
        ({"network": Network((4, 3, 3), ("sigmoid",), "exp")}, "sigmoid, softmax or identity outputs"),
        ({"lam1": 0.1}, "no L1 penalty"),
        ({"dropout": (0.0, 0.5)}, "no dropout"),
        ({"sample_weight": np.ones(24)}, "equal weight"),
        ({"network": Network((4, 3, 3), ("sigmoid",), "softmax", normalization="layer")}, "without normalisation"),
    ],
)
def test_what_a_mistake_cannot_run_is_an_error(change: dict[str, Any], message: str) -> None:
    objective, _ = problem()
    objective = replace(objective, **change)
    parameters = pack(objective.network, initialize_thetas([4, 3, 3], random_state=0))
    with pytest.raises(ParameterError, match=message):
        BuggyEngine("missing-mean").cost_and_gradient(objective, parameters)
    assert np.isfinite(BuggyEngine("unshuffled-batches").cost_and_gradient(objective, parameters)[0])


def test_unknown_mistakes_are_errors() -> None:
    for call in (BuggyEngine, known_bug, lambda name: parameters_for_bug(name, {}, "classification", 2)):
        with pytest.raises(ParameterError, match="Did you mean 'wrong-sign'"):
            call("wrong-sing")
    objective, parameters = problem(network=Network((4, 5, 3), ("sigmoid",), "softmax"))
    with pytest.raises(ParameterError, match="transposed matrix fits only"):
        BuggyEngine("transposed-matrix").cost_and_gradient(objective, parameters)


HARD = {
    "hidden_layer_sizes": [6, 4],
    "activation": ["relu", "gelu"],
    "solver": "lbfgs",
    "alpha": 0.0,
    "l1_alpha": 0.1,
    "dropout": [0.1, 0.0],
    "input_dropout": 0.2,
    "loss": "focal",
    "normalization": "layer",
    "initialization": "zeros",
    "batch_size": "auto",
    "class_weight": "balanced",
    "embedding": "periodic",
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", NAMES)
def test_any_parameters_become_ones_that_a_mistake_can_run(name: str, n_classes: int) -> None:
    before = dict(HARD)
    found = parameters_for_bug(name, HARD, "classification", n_classes)
    assert before == HARD
    assert all(change.endswith(".") for change in found.changes)
    assert "sigmoid units now" in found.text
    again = parameters_for_bug(name, found.parameters, "classification", n_classes)
    assert (again.parameters, again.changes) == (found.parameters, ())
    y = np.arange(40) % n_classes
    X = np.random.default_rng(0).normal(size=(40, 4)) + y[:, None]
    model = MLPClassifier(**found.parameters, max_iter=2, n_iter_no_change=None, random_state=0)
    fit = model._begin(FitRequest(X, y, None, ValidationArguments()))
    fit.problem = replace(fit.problem, engine=BuggyEngine(name))
    fit.train()
    is_found = not check_program(name, fit.problem.objective, fit.state.descent.parameters).is_right
    assert is_found == (name in OF_GRADIENTS)


def test_amounts_have_the_mistakes_that_their_cost_allows() -> None:
    assert bugs_for("regression") == (
        "missing-mean",
        "missing-derivative",
        "regularised-bias",
        "wrong-sign",
        "unshuffled-batches",
    )
    assert bugs_for("classification", 2) == tuple(NAMES)
    assert bugs_for("classification", 1) == ()
    for name in ("wrong-cost-delta", "transposed-matrix"):
        with pytest.raises(ParameterError, match="needs classes"):
            parameters_for_bug(name, {}, "regression")
    X = np.random.default_rng(0).normal(size=(40, 4))
    for name in bugs_for("regression"):
        found = parameters_for_bug(name, {"loss": "huber", "hidden_layer_sizes": 5, "alpha": 0.1}, "regression")
        model = MLPRegressor(**found.parameters, max_iter=2, n_iter_no_change=None, random_state=0)
        fit = model._begin(FitRequest(X, X[:, 0], None, ValidationArguments()))
        check = check_program(name, fit.problem.objective, fit.state.descent.parameters)
        assert check.is_right == (name not in OF_GRADIENTS)


def test_parameters_that_suit_are_kept() -> None:
    given = {"hidden_layer_sizes": [3], "activation": ["logistic"], "alpha": 2.0, "batch_size": 5, "output": "softmax"}
    for name in NAMES:
        assert parameters_for_bug(name, given, "classification", 3).changes == ()
    assert parameters_for_bug("missing-derivative", {"hidden_layer_sizes": []}, "classification", 2).parameters[
        "hidden_layer_sizes"
    ] == [8]


@pytest.mark.parametrize(("task", "n_classes"), [("classification", 2), ("classification", 3), ("regression", 0)])
def test_a_mystery_is_hidden_until_it_is_found(task: str, n_classes: int) -> None:
    cases = [mystery(seed, task, n_classes) for seed in range(60)]
    assert {case.name for case in cases} == set(cases[0].candidates)
    assert mystery(7, task, n_classes) == cases[7]
    for case in cases[:12]:
        assert case.json()["name"] is None
        shown = {key: value for key, value in case.json().items() if key != "candidates"}
        record = BUGS[case.name]
        assert record.title not in str(shown)
        assert record.name not in str(shown)
        assert record.name not in repr(case).split("candidates")[0]
        wrong = next(name for name in case.candidates if name != case.name)
        answer = guess(case, wrong)
        assert not answer.is_right
        assert answer.case.is_hidden
        assert BUGS[case.name].what not in answer.text
        right = guess(answer.case, case.name)
        assert right.is_right
        assert right.case.json()["name"] == case.name
        assert record.what in right.text
        with pytest.raises(ParameterError, match="unknown bug"):
            guess(case, "typo")


def test_the_parameters_of_a_mystery_do_not_give_it_away() -> None:
    for n_classes in (2, 3):
        cases = [mystery(seed, "classification", n_classes) for seed in range(40)]
        found = [parameters_for_case(case, HARD, "classification", n_classes) for case in cases]
        assert all(each == found[0] for each in found)
        assert "this mistake" not in found[0].text
    assert parameters_for_case(known_bug("wrong-sign"), {"activation": "sigmoid"}, "classification", 2).changes == ()
    assert known_bug("wrong-sign") == BugCase("wrong-sign", is_revealed=True)
    assert known_bug("wrong-sign").json()["title"] == "Wrong sign"
