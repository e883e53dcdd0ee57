"""(D1)-(D4): on a parabola, on the Rosenbrock function, against scikit-learn, and for two runs of the textbook."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from multilayer.equations import (
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    cost_and_gradient,
    gradient_descent,
    initialize_thetas,
    one_hot,
    predict,
)
from multilayer.exceptions import DivergenceError, ParameterError

NOTEBOOK = Path(__file__).parents[1] / "data" / "notebook.npz"
RULES = [GradientDescent(), Momentum(), Nesterov(), Adam()]
NAMES = [rule.name for rule in RULES]


def descend(rule, gradient, start, alpha, steps):
    theta = np.array(start)
    slots = [np.zeros_like(theta) for _ in range(rule.n_slots)]
    for t in range(1, steps + 1):
        theta, slots = rule.step(theta, gradient(theta), slots, alpha, t)
    return theta


def rosenbrock_gradient(theta):
    x, y = theta
    return np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


@pytest.mark.parametrize(
    ("rule", "alpha", "steps"), [*zip(RULES, [0.1, 0.02, 0.02, 0.1], [300, 400, 400, 1500], strict=True)], ids=NAMES
)
def test_each_rule_finds_the_minimum_of_a_parabola(rule, alpha, steps):
    bottom, steepness = np.array([1.0, -2.0, 3.0]), np.array([1.0, 4.0, 10.0])
    theta = descend(rule, lambda theta: steepness * (theta - bottom), [5.0, 5.0, 5.0], alpha, steps)
    np.testing.assert_allclose(theta, bottom, atol=1e-6)


@pytest.mark.parametrize(
    ("rule", "alpha", "steps"),
    [*zip(RULES, [1e-3, 1e-3, 1e-3, 0.02], [60_000, 8_000, 8_000, 8_000], strict=True)],
    ids=NAMES,
)
def test_each_rule_finds_the_minimum_of_the_rosenbrock_function(rule, alpha, steps):
    np.testing.assert_allclose(descend(rule, rosenbrock_gradient, [-1.2, 1.0], alpha, steps), [1.0, 1.0], atol=1e-4)


GRADIENTS = np.random.RandomState(0).normal(size=(50, 3)) * [1e-6, 1.0, 1e6]


def stepped(rule, alpha=0.05):
    theta, slots = np.array([1.0, 2.0, 3.0]), [np.zeros(3) for _ in range(rule.n_slots)]
    for t, D in enumerate(GRADIENTS, start=1):
        theta, slots = rule.step(theta, D, slots, alpha, t)
    return theta


def test_gradient_descent_subtracts_the_sum_of_its_gradients():
    np.testing.assert_allclose(stepped(GradientDescent()), [1, 2, 3] - 0.05 * GRADIENTS.sum(axis=0), rtol=1e-12)


def test_momentum_matches_its_scalar_formula():
    for weight in range(3):
        theta, v = weight + 1.0, 0.0
        for D in GRADIENTS[:, weight]:
            v = 0.8 * v - 0.05 * D
            theta = theta + v
        assert stepped(Momentum(mu=0.8))[weight] == pytest.approx(theta, rel=1e-13)


def test_nesterov_matches_its_scalar_formula():
    for weight in range(3):
        theta, v = weight + 1.0, 0.0
        for D in GRADIENTS[:, weight]:
            v = 0.8 * v - 0.05 * D
            theta = theta + 0.8 * v - 0.05 * D
        assert stepped(Nesterov(mu=0.8))[weight] == pytest.approx(theta, rel=1e-13)


def test_nesterov_equals_the_form_with_the_gradient_at_the_look_ahead_point():
    """The stored variable is the look-ahead point θ + μ v of the form by Sutskever: both forms follow the same path."""

    def gradient(theta):
        return 4.0 * theta

    mu, alpha, theta, v = 0.9, 0.05, 3.0, 0.0
    for _ in range(20):
        v = mu * v - alpha * gradient(theta + mu * v)
        theta = theta + v
    kept = descend(Nesterov(mu), gradient, [3.0], alpha, 20)[0]
    assert kept == pytest.approx(theta + mu * v, rel=1e-12)


def test_adam_matches_its_scalar_formula():
    beta_1, beta_2, epsilon = 0.8, 0.9, 1e-3
    for weight in range(3):
        theta, p, q = weight + 1.0, 0.0, 0.0
        for t, D in enumerate(GRADIENTS[:, weight], start=1):
            p = beta_1 * p + (1 - beta_1) * D
            q = beta_2 * q + (1 - beta_2) * D * D
            theta -= 0.05 * math.sqrt(1 - beta_2**t) / (1 - beta_1**t) * p / (math.sqrt(q) + epsilon)
        assert stepped(Adam(beta_1, beta_2, epsilon))[weight] == pytest.approx(theta, rel=1e-13)


@pytest.mark.parametrize(
    ("rule", "theirs"),
    [
        (GradientDescent(), lambda p: SGDOptimizer(p, 0.05, momentum=0.0, nesterov=False)),
        (Momentum(), lambda p: SGDOptimizer(p, 0.05, momentum=0.9, nesterov=False)),
        (Nesterov(), lambda p: SGDOptimizer(p, 0.05, momentum=0.9, nesterov=True)),
        (Adam(), lambda p: AdamOptimizer(p, 0.05)),
    ],
    ids=NAMES,
)
def test_each_rule_makes_the_steps_of_scikit_learn(rule, theirs):
    params = [np.array([1.0, 2.0, 3.0])]
    optimizer = theirs(params)
    for D in GRADIENTS:
        optimizer.update_params(params, [D])
    np.testing.assert_allclose(stepped(rule), params[0], rtol=1e-13)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_first_step_of_adam_has_the_size_alpha_for_every_gradient(scale):
    theta, _ = Adam().step(np.zeros(2), scale * np.array([1.0, -1.0]), [np.zeros(2), np.zeros(2)], 0.1, 1)
    np.testing.assert_allclose(theta, [-0.1, 0.1], rtol=0.01)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_step_does_not_modify_its_arguments(rule):
    theta, D, slots = np.ones(2), np.ones(2), [np.ones(2) for _ in range(rule.n_slots)]
    _, after = rule.step(theta, D, slots, 0.1, 1)
    assert len(after) == rule.n_slots
    for array in (theta, D, *slots):
        np.testing.assert_array_equal(array, 1.0)


@pytest.fixture(scope="module")
def notebook():
    with np.load(NOTEBOOK) as figures:
        return dict(figures)


@pytest.mark.parametrize(
    ("run", "rows", "steps", "accuracies"),
    [("moons1000", 1000, 1000, [0.875]), ("moons500", 500, 5000, [0.998, 0.998])],
)
def test_gradient_descent_reproduces_the_runs_of_the_textbook(notebook, run, rows, steps, accuracies):
    X, y = make_moons(n_samples=1000, noise=0.1, random_state=0)
    start = initialize_thetas([2, 5, 5, 2], random_state=0, scheme="notebook")
    thetas, costs = gradient_descent(X[:rows], one_hot(y[:rows], 2), start, alpha=0.5, max_iter=steps)
    np.testing.assert_allclose(costs, notebook[f"{run}_cost"], rtol=0, atol=1e-10)
    for number, (theta, first) in enumerate(zip(thetas, start, strict=True), start=1):
        np.testing.assert_allclose(first, notebook[f"initial_theta{number}"], rtol=0, atol=1e-15)
        np.testing.assert_allclose(theta, notebook[f"{run}_theta{number}"], rtol=0, atol=1e-9)
    parts = [slice(0, rows), slice(rows, None)]
    measured = [np.mean(predict(X[part], thetas) == y[part]) for part in parts[: len(accuracies)]]
    assert measured == pytest.approx(accuracies, abs=1e-12)


X, Y = [[0.0], [1.0], [2.0]], [[0.0], [1.0], [1.0]]
START = [np.array([[0.1, 0.2]])]


def test_gradient_descent_repeats_the_update_rule():
    thetas, costs = gradient_descent(X, Y, START, alpha=0.3, max_iter=5, lam=0.7)
    theta = START[0]
    for J in costs:
        expected, (D,) = cost_and_gradient(X, Y, [theta], 0.7)
        assert expected == J
        theta, _ = GradientDescent().step(theta, D, [], 0.3, 1)
    np.testing.assert_array_equal(thetas[0], theta)


def test_zero_steps_return_a_copy_of_the_start():
    thetas, costs = gradient_descent(X, Y, START, alpha=0.3, max_iter=0)
    assert costs == []
    np.testing.assert_array_equal(thetas[0], START[0])
    assert not np.shares_memory(thetas[0], START[0])


@pytest.mark.parametrize("alpha", [0, 0.0, -0.5, np.nan, np.inf, "0.1", None, True])
def test_step_size_must_be_positive(alpha):
    with pytest.raises(ParameterError, match="alpha must be a positive number, got"):
        gradient_descent(X, Y, START, alpha=alpha, max_iter=1)


@pytest.mark.parametrize("max_iter", [-1, 1.5, np.nan, np.inf, "1", None])
def test_number_of_steps_must_be_a_non_negative_integer(max_iter):
    with pytest.raises(ParameterError, match="max_iter must be a non-negative integer, got"):
        gradient_descent(X, Y, START, alpha=0.1, max_iter=max_iter)


def test_a_diverging_descent_raises_an_error_with_a_suggestion():
    far = [[1e3], [2e3], [3e3]]
    with pytest.raises(
        DivergenceError, match=r"before step \d+: gradient descent diverges with alpha=1. Use a smaller"
    ):
        gradient_descent(far, Y, START, alpha=1.0, max_iter=1000, output="identity")


def test_an_overflowing_step_raises_a_divergence_error():
    with pytest.raises(DivergenceError, match="before step 2"):
        gradient_descent([[1e150]], [[0.0]], START, alpha=1e10, max_iter=2, output="identity")
