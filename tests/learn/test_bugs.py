"""Each mistake differs from the right program by what its record says, and the named instrument finds it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from multilayer.equations import cost, initialize_thetas, one_hot
from multilayer.equations import numerical_gradient as central_differences
from multilayer.equations.core import backpropagation, descend, identity, sigmoid, softmax
from multilayer.exceptions import ParameterError, ShapeError
from multilayer.learn.bugs import BUGS, check_bug, train_with_bug
from multilayer.learn.bugs.orders import shuffled, unshuffled

NAMES = [
    "missing-mean",
    "missing-derivative",
    "regularised-bias",
    "transposed-matrix",
    "wrong-sign",
    "wrong-cost-delta",
    "unshuffled-batches",
]
OF_GRADIENTS = NAMES[:-1]
ROUNDING = 1e-7
UNITS = {"sigmoid": sigmoid, "softmax": softmax, "identity": identity}

Arrays = list[NDArray[np.float64]]


def problem(seed: int = 0, m: int = 12, sizes: tuple[int, ...] = (4, 3, 3)) -> tuple[NDArray, NDArray, Arrays]:
    """Return rows of three classes, sorted by class, and weights without zeros."""
    rng = np.random.default_rng(seed)
    y = np.sort(np.arange(m) % sizes[-1])
    X = rng.normal(size=(m, sizes[0])) + y[:, None]
    thetas = initialize_thetas(list(sizes), random_state=seed, scheme="epsilon")
    return X, one_hot(y, sizes[-1]), thetas


def statements(function: Callable[..., object]) -> list[str]:
    """Return the lines of a function's body without docstring and comments."""
    definition = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(definition, ast.FunctionDef)
    return [line for statement in definition.body[1:] for line in ast.unparse(statement).splitlines()]


def normal(line: str) -> str:
    return ast.unparse(ast.parse(line)) if line else ""


def test_there_are_seven() -> None:
    assert list(BUGS) == NAMES
    assert all(name == bug.name for name, bug in BUGS.items())
    assert all(bug.gradient is backpropagation for name, bug in BUGS.items() if name not in OF_GRADIENTS)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_line_of_the_record_differs(name: str) -> None:
    bug = BUGS[name]
    of_rows = name not in OF_GRADIENTS
    wrong = statements(bug.order if of_rows else bug.gradient)
    right = statements(shuffled if of_rows else backpropagation)
    assert wrong != right
    if bug.wrong:
        indents = {line.strip(): line[: len(line) - len(line.lstrip())] for line in wrong}
        index = [line.strip() for line in wrong].index(normal(bug.wrong))
        wrong[index] = indents[normal(bug.wrong)] + normal(bug.right)
    else:
        right = [line for line in right if line.strip() != normal(bug.right)]
    assert wrong == right


@pytest.mark.parametrize("name", NAMES)
def test_a_record_prints_both_lines(name: str) -> None:
    lines = str(BUGS[name]).splitlines()
    assert " ".join(lines[:-2]) == f"{BUGS[name].title}: {BUGS[name].what}"
    assert max(map(len, lines)) <= 80
    assert lines[-2] == f"  wrong: {BUGS[name].wrong or '(the line is missing)'}"
    assert lines[-1] == f"  right: {BUGS[name].right}"


@pytest.mark.parametrize("output", UNITS)
@pytest.mark.parametrize("lam", [0.0, 0.7])
def test_the_right_program_is_not_accused(output: str, lam: float) -> None:
    assert check_bug(None, *problem(), lam, output).max_error < ROUNDING
    assert check_bug("unshuffled-batches", *problem(), lam, output).max_error < ROUNDING


@given(st.sampled_from(OF_GRADIENTS), st.integers(0, 1000))
def test_the_gradient_check_finds_each_wrong_gradient(name: str, seed: int) -> None:
    assert check_bug(name, *problem(seed), 0.7, "softmax").max_error > 1e-4
    assert check_bug(None, *problem(seed), 0.7, "softmax").max_error < ROUNDING


@given(st.integers(2, 20), st.integers(0, 1000))
def test_missing_mean_is_m_times_too_large(m: int, seed: int) -> None:
    X, Y, thetas = problem(seed, m)
    wrong = BUGS["missing-mean"].gradient(X, Y, thetas, 0.0, softmax)
    for d, right in zip(wrong, numerical(X, Y, thetas), strict=True):
        np.testing.assert_allclose(d, m * right, rtol=1e-6, atol=1e-9 * m)


@given(st.integers(0, 1000))
def test_wrong_sign_is_the_negative(seed: int) -> None:
    X, Y, thetas = problem(seed)
    wrong = BUGS["wrong-sign"].gradient(X, Y, thetas, 0.0, softmax)
    for d, right in zip(wrong, numerical(X, Y, thetas), strict=True):
        np.testing.assert_allclose(d, -right, rtol=1e-6, atol=1e-9)


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_regularised_bias_adds_lambda_over_m_times_the_bias(seed: int, lam: float) -> None:
    X, Y, thetas = problem(seed)
    wrong = BUGS["regularised-bias"].gradient(X, Y, thetas, lam, softmax)
    for w, right, theta in zip(wrong, numerical(X, Y, thetas, lam), thetas, strict=True):
        extra = np.zeros_like(theta)
        extra[:, 0] = lam / len(X) * theta[:, 0]
        np.testing.assert_allclose(w - right, extra, rtol=1e-6, atol=1e-9)


def test_regularised_bias_passes_without_a_penalty() -> None:
    assert check_bug("regularised-bias", *problem(), 0.0, "softmax").max_error < ROUNDING
    check = check_bug("regularised-bias", *problem(), 1.0, "softmax")
    assert {weight.column for weight in check if weight.error > ROUNDING} == {0}


@pytest.mark.parametrize("name", ["missing-derivative", "transposed-matrix"])
def test_mistakes_in_b2_leave_the_last_layer_right(name: str) -> None:
    first, last = check_bug(name, *problem(), 0.5, "softmax").errors
    assert first.max() > 0.1
    assert last.max() < ROUNDING


def test_missing_derivative_differs_by_g_prime() -> None:
    X, Y, thetas = problem()
    A = sigmoid(np.hstack([np.ones((len(X), 1)), X]) @ thetas[0].T)
    logits = np.hstack([np.ones((len(X), 1)), A]) @ thetas[1].T
    delta = (softmax(logits) - Y) @ thetas[1][:, 1:]
    with_ones = np.hstack([np.ones((len(X), 1)), X])
    wrong = BUGS["missing-derivative"].gradient(X, Y, thetas, 0.0, softmax)[0]
    np.testing.assert_allclose(wrong, delta.T @ with_ones / len(X), rtol=1e-12)
    np.testing.assert_allclose(numerical(X, Y, thetas)[0], (delta * A * (1 - A)).T @ with_ones / len(X), rtol=1e-6)


def test_transposed_matrix_raises_an_error_if_layers_have_different_sizes() -> None:
    X, Y, thetas = problem(sizes=(4, 5, 3))
    with pytest.raises(ShapeError, match="transposed-matrix: NumPy cannot compute this line: matmul"):
        check_bug("transposed-matrix", X, Y, thetas, output="softmax")
    with pytest.raises(ShapeError, match="transposed-matrix"):
        train_with_bug("transposed-matrix", X, Y, thetas, output="softmax")


def test_wrong_cost_delta_is_the_gradient_of_the_squared_error_of_sigmoid_units() -> None:
    X, Y, thetas = problem()

    def squared_error(theta: NDArray[np.float64]) -> float:
        H = sigmoid(np.hstack([np.ones((len(X), 1)), X]) @ theta.T)
        return float(0.5 * np.sum((H - Y) ** 2) / len(X))

    theta = thetas[0]  # of a network without a hidden layer
    wrong = BUGS["wrong-cost-delta"].gradient(X, Y, [theta], 0.0, sigmoid)[0]
    for index in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[index] = 1e-5
        quotient = (squared_error(theta + step) - squared_error(theta - step)) / 2e-5
        assert wrong[index] == pytest.approx(quotient, rel=1e-6, abs=1e-10)


def numerical(X: NDArray, Y: NDArray, thetas: Arrays, lam: float = 0.0) -> Arrays:
    return central_differences(X, Y, thetas, lam, output="softmax")


@pytest.mark.parametrize("output", UNITS)
def test_training_without_a_mistake_is_descent(output: str) -> None:
    X, Y, thetas = problem()
    last, costs = train_with_bug(None, X, Y, thetas, alpha=0.2, max_iter=7, lam=0.3, output=output)
    expected, expected_costs = descend(X, Y, thetas, 0.2, 7, 0.3, UNITS[output])
    for theta, right in zip(last, expected, strict=True):
        np.testing.assert_allclose(theta, right, rtol=1e-9)  # rows are in another order, so sums round differently
    np.testing.assert_allclose(costs[:-1], expected_costs, rtol=1e-9)
    assert costs[-1] == pytest.approx(cost(X, Y, expected, 0.3, "sigmoid", output))


@pytest.mark.parametrize("name", NAMES)
def test_training_leaves_the_arguments_as_they_are(name: str) -> None:
    X, Y, thetas = problem()
    kept = [X.copy(), Y.copy(), *(theta.copy() for theta in thetas)]
    options = {"lam": 0.1, "output": "softmax", "batch_size": 4, "random_state": 3}
    first = train_with_bug(name, X, Y, thetas, 0.1, 5, **options)
    for array, before in zip([X, Y, *thetas], kept, strict=True):
        np.testing.assert_array_equal(array, before)
    again = train_with_bug(name, X.tolist(), Y.tolist(), thetas, 0.1, 5, **options)
    assert len(first[1]) == 6
    assert first[1] == again[1]


def test_missing_mean_with_a_smaller_step_is_the_right_program() -> None:
    X, Y, thetas = problem()
    _, right = train_with_bug(None, X, Y, thetas, 0.6, 50, output="softmax")
    _, wrong = train_with_bug("missing-mean", X, Y, thetas, 0.6 / len(X), 50, output="softmax")
    np.testing.assert_allclose(wrong, right, rtol=1e-9)


def test_the_cost_of_the_wrong_sign_rises_at_every_step() -> None:
    X, Y, thetas = problem()
    _, costs = train_with_bug("wrong-sign", X, Y, thetas, 1e-3, 20, output="softmax")
    assert all(after > before for before, after in pairwise(costs))


@pytest.mark.parametrize("seed", range(4))
def test_comparing_with_shuffling_finds_unshuffled_batches(seed: int) -> None:
    X, Y, thetas = problem(seed, m=90)

    def last(name: str | None, random_state: int) -> float:
        options = {"output": "softmax", "batch_size": 10, "random_state": random_state}
        return train_with_bug(name, X, Y, thetas, 1.0, 10, **options)[1][-1]

    right = [last(None, random_state) for random_state in range(5)]
    assert last("unshuffled-batches", 0) > max(right)  # and the right program is not accused by another order
    assert last("unshuffled-batches", 0) == last("unshuffled-batches", 1)


def test_the_order_has_no_effect_on_a_single_batch() -> None:
    X, Y, thetas = problem()
    _, right = train_with_bug(None, X, Y, thetas, 0.5, 20, output="softmax")
    _, wrong = train_with_bug("unshuffled-batches", X, Y, thetas, 0.5, 20, output="softmax")
    np.testing.assert_allclose(wrong, right, rtol=1e-9)


def test_orders_are_permutations() -> None:
    rng = np.random.default_rng(0)
    assert sorted(shuffled(9, rng)) == list(unshuffled(9, rng)) == list(range(9))
    assert list(shuffled(9, rng)) != list(shuffled(9, rng))


def test_training_stops_at_a_cost_that_is_not_finite() -> None:
    X, _, thetas = problem()
    _, costs = train_with_bug("wrong-sign", X, 1e100 * X[:, :3], thetas, 1e100, 50, output="identity")
    assert len(costs) < 50
    assert costs[-1] == np.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "wrong-sing"}, "unknown bug 'wrong-sing'. Did you mean 'wrong-sign'"),
        ({"name": ["wrong-sign"]}, "unknown bug"),
        ({"output": "softmaxx"}, "unknown output unit 'softmaxx'. Did you mean 'softmax'"),
        ({"alpha": 0.0}, "alpha must be a positive number, got 0"),
        ({"max_iter": 0}, "max_iter must be a positive integer, got 0"),
        ({"batch_size": 0}, "batch_size must be a positive integer, got 0"),
        ({"alpha": float("nan")}, "alpha must be a positive number, got nan"),
        ({"alpha": "0.1"}, "alpha must be a positive number, got '0.1'"),
        ({"max_iter": 2.5}, "max_iter must be a positive integer, got 2.5"),
        ({"batch_size": 2.5}, "batch_size must be a positive integer, got 2.5"),
        ({"batch_size": 13}, "batch_size must be from 1 to the number of rows, 12, got 13"),
    ],
)
def test_invalid_arguments_are_errors(arguments: dict[str, object], message: str) -> None:
    X, Y, thetas = problem()
    with pytest.raises(ParameterError, match=message):
        train_with_bug(**({"name": None, "X": X, "Y": Y, "thetas": thetas, "output": "softmax"} | arguments))


def test_shapes_are_checked() -> None:
    X, Y, thetas = problem()
    with pytest.raises(ShapeError):
        train_with_bug(None, X[:5], Y, thetas, output="softmax")
    with pytest.raises(ShapeError):
        check_bug(None, X[:, :2], Y, thetas, output="softmax")
