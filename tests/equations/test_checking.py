"""(N1), (N2): backpropagation passes the gradient check for all combinations, and a mistake does not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from multilayer.equations import (
    ACTIVATIONS,
    OUTPUTS,
    backpropagation,
    check_gradient,
    compare_gradients,
    initialize_thetas,
    numerical_gradient,
)
from multilayer.exceptions import ParameterError, ShapeError

from ..pairwise import pairwise

SMOOTH = ["sigmoid", "tanh", "identity", "gelu", "silu", "mish", "softplus"]
SIZES = [[3, 4, 2], [3, 4, 3, 2], [3, 4, 3, 3, 2]]


def problem(sizes, output="sigmoid", m=5):
    rng = np.random.RandomState(1)
    X = rng.normal(size=(m, sizes[0]))
    Y = rng.dirichlet(np.ones(sizes[-1]), size=m) if output == "softmax" else rng.uniform(size=(m, sizes[-1]))
    return X, Y, initialize_thetas(sizes, rng)


@pairwise(hidden=ACTIVATIONS, output=OUTPUTS, sizes=SIZES, lam=[0.0, 0.7])
def test_backpropagation_agrees_with_difference_quotients(hidden, output, sizes, lam):
    report = check_gradient(*problem(sizes, output), lam, hidden, output)
    assert report.max_error < (1e-9 if hidden in SMOOTH else 1e-7), report


@pytest.mark.parametrize(("first", "second"), [*itertools.permutations(["sigmoid", "tanh", "relu", "gelu"], 2)])
def test_networks_of_mixed_activations_pass_the_gradient_check(first, second):
    report = check_gradient(*problem(SIZES[1]), 0.7, [first, second])
    assert report.max_error < 1e-7, report


@pytest.mark.parametrize("output", OUTPUTS)
def test_networks_without_hidden_layers_pass_the_gradient_check(output):
    assert check_gradient(*problem([3, 2], output), 0.7, output=output).max_error < 1e-9


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_check_detects_a_wrong_derivative(monkeypatch, name):
    right = type(ACTIVATIONS[name]).g_prime
    monkeypatch.setattr(type(ACTIVATIONS[name]), "g_prime", lambda self, z: 1.01 * right(self, z))
    worst = check_gradient(*problem(SIZES[0]), hidden=name).worst
    assert worst.error > 1e-4
    assert worst.layer == 0, "a wrong g' of the hidden layer spoils the weights before it, not those after"


def test_gradient_check_locates_a_wrong_bias_derivative():
    X, Y, thetas = problem(SIZES[1])
    analytic = backpropagation(X, Y, thetas)
    analytic[1][2, 0] += 0.01
    worst = compare_gradients(analytic, numerical_gradient(X, Y, thetas)).worst
    assert (worst.layer, worst.row, worst.column) == (1, 2, 0)
    assert worst.error > 1e-4
    assert worst.analytic - worst.numerical == pytest.approx(0.01, abs=1e-9)
    assert str(worst).startswith("thetas[1][2, 0]: backpropagation ")


def test_gradient_check_detects_a_regularised_bias():
    X, Y, thetas = problem(SIZES[0])
    mistaken = [d + 0.7 / len(X) * theta for d, theta in zip(backpropagation(X, Y, thetas), thetas, strict=True)]
    worst = compare_gradients(mistaken, numerical_gradient(X, Y, thetas, 0.7)).worst
    assert worst.error > 1e-4
    assert worst.column == 0


@pytest.mark.parametrize(("layer", "value"), [(0, np.nan), (1, np.nan), (1, np.inf)])
@pytest.mark.parametrize("side", ["analytic", "numerical"])
def test_a_derivative_that_is_not_finite_is_the_worst(side, layer, value):
    gradients = {"analytic": [np.ones((2, 3)), np.ones((1, 3))], "numerical": [np.ones((2, 3)), np.ones((1, 3))]}
    gradients[side][layer][0, 1] = value
    with np.errstate(invalid="ignore"):
        assert compare_gradients(**gradients).max_error == np.inf


def test_equal_gradients_have_zero_error_even_if_all_are_zero():
    assert compare_gradients([np.zeros((2, 3))], [np.zeros((2, 3))]).max_error == 0.0


def test_error_of_a_zero_derivative_is_relative_to_the_whole_gradient():
    report = compare_gradients([np.array([[1.0, 0.0]])], [np.array([[1.0, 1e-12]])])
    assert report.max_error == pytest.approx(1e-12 * np.sqrt(2))


def test_difference_quotient_is_exact_for_a_parabola():
    D = numerical_gradient([[3.0]], [[1.0]], [[[0.5, 2.0]]], output="identity")
    np.testing.assert_allclose(D[0], [[5.5, 16.5]], rtol=1e-12)


def test_error_of_the_difference_quotient_falls_with_the_fourth_power_of_the_step():
    X, Y, thetas = problem(SIZES[0])
    exact = np.concatenate([d.ravel() for d in backpropagation(X, Y, thetas)])

    def error(step):
        numerical = numerical_gradient(X, Y, thetas, step=step)
        return np.abs(np.concatenate([d.ravel() for d in numerical]) - exact).max()

    assert error(0.2) / error(0.1) == pytest.approx(16, rel=0.15)


def test_report_lists_every_weight_and_prints_a_line_for_each_matrix():
    report = check_gradient(*problem([3, 4, 2]))
    assert [(w.layer, w.row, w.column) for w in report] == [
        (layer, row, column)
        for layer, (rows, columns) in enumerate([(4, 4), (2, 5)])
        for row in range(rows)
        for column in range(columns)
    ]
    lines = str(report).splitlines()
    assert [line.split(":")[0] for line in lines] == ["Theta1 4 x 4", "Theta2 2 x 5", "worst"]
    assert max(w.error for w in report) == report.max_error == report.worst.error


def test_check_gradient_does_not_change_the_weights():
    X, Y, thetas = problem(SIZES[0])
    before = [theta.copy() for theta in thetas]
    check_gradient(X, Y, thetas)
    for theta, same in zip(thetas, before, strict=True):
        np.testing.assert_array_equal(theta, same)


@pytest.mark.parametrize("step", [0, -1e-3, np.nan, "1e-3"])
def test_step_must_be_positive(step):
    with pytest.raises(ParameterError, match="step must be a positive number, got"):
        check_gradient(*problem(SIZES[0]), step=step)


def test_gradients_of_different_shapes_raise_errors():
    with pytest.raises(ShapeError, match=r"gradients must have the same shapes, got \(2, 3\) and \(1, 3\) for Theta_1"):
        compare_gradients([np.ones((2, 3))], [np.ones((1, 3))])
    with pytest.raises(ShapeError, match="gradients must have the same number of matrices, got 2 and 1"):
        compare_gradients([np.ones((2, 3))] * 2, [np.ones((2, 3))])


def test_weighted_examples_pass_the_gradient_check():
    X, Y, thetas = problem(SIZES[1])
    weight = [1.0, 0.0, 2.5, 0.5, 1.0]
    report = check_gradient(X, Y, thetas, 0.7, sample_weight=weight)
    assert report.max_error < 1e-9
    assert not np.allclose(report.analytic[0], check_gradient(X, Y, thetas, 0.7).analytic[0])
