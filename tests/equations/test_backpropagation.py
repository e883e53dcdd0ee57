"""(B1)-(B4) against plain Python loops and against one step computed in fractions."""

from __future__ import annotations

import itertools
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.equations import (
    OUTPUTS,
    backpropagation,
    cost_and_gradient,
    deltas,
    forward_propagation,
    gradient_descent,
    initialize_thetas,
)
from multilayer.exceptions import ShapeError

SIZES = [[3, 2], [3, 4, 2], [3, 4, 2, 3], [3, 4, 2, 5, 1]]


def problem(sizes, output, m=6):
    rng = np.random.RandomState(sum(sizes))
    Y = rng.dirichlet(np.ones(sizes[-1]), size=m) if output == "softmax" else rng.uniform(size=(m, sizes[-1]))
    return (
        rng.normal(size=(m, sizes[0])),
        Y,
        [rng.normal(size=(s, r + 1)) for r, s in itertools.pairwise(sizes)],
    )


@pytest.mark.parametrize("lam", [0.0, 0.7])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "identity"])
def test_cost_and_gradient_equal_those_of_plain_loops(scalar, hidden, output, sizes, lam):
    X, Y, thetas = problem(sizes, output)
    J, D = cost_and_gradient(X, Y, thetas, lam, hidden, output)
    np.testing.assert_allclose(J, scalar.cost(X, Y, thetas, lam, hidden, output), rtol=1e-12)
    for d, expected in zip(D, scalar.gradient(X, Y, thetas, lam, hidden, output), strict=True):
        np.testing.assert_allclose(d, expected, rtol=1e-11, atol=1e-13)


def test_backpropagation_equals_the_gradient_of_cost_and_gradient():
    X, Y, thetas = problem([3, 4, 2], "sigmoid")
    for d, same in zip(backpropagation(X, Y, thetas, 0.7), cost_and_gradient(X, Y, thetas, 0.7)[1], strict=True):
        np.testing.assert_array_equal(d, same)


def test_deltas_have_the_shapes_of_the_sums():
    X, Y, thetas = problem([3, 4, 2, 3], "sigmoid")
    Z, _ = forward_propagation(X, thetas)
    assert [delta.shape for delta in deltas(Z, Y, thetas)] == [z.shape for z in Z]


@given(st.floats(0, 100))
def test_lambda_adds_its_term_to_every_weight_except_the_biases(lam):
    X, Y, thetas = problem([3, 4, 2], "sigmoid")
    with_lam, without = backpropagation(X, Y, thetas, lam), backpropagation(X, Y, thetas)
    for theta, d, d_0 in zip(thetas, with_lam, without, strict=True):
        np.testing.assert_array_equal(d[:, 0], d_0[:, 0])
        np.testing.assert_allclose(d[:, 1:] - d_0[:, 1:], lam / 6 * theta[:, 1:], rtol=1e-9, atol=1e-13)


def test_a_perfect_fit_has_zero_gradient():
    X, _, thetas = problem([3, 4, 2], "identity")
    _, A = forward_propagation(X, thetas, output="identity")
    J, D = cost_and_gradient(X, A[-1], thetas, output="identity")
    assert J == 0.0
    assert all((d == 0).all() for d in D)


def test_deltas_raise_errors_for_matrices_of_wrong_shapes():
    with pytest.raises(ShapeError, match="thetas is empty"):
        deltas([np.zeros((1, 1))], [[0.0]], [])
    with pytest.raises(ShapeError, match=r"thetas\[1\] must have 3 columns"):
        deltas([np.zeros((1, 2)), np.zeros((1, 1))], [[0.0]], [np.zeros((2, 2)), np.zeros((1, 2))])
    with pytest.raises(ShapeError, match="Z must hold one array for each of the 1 weight matrices, got 2"):
        deltas([np.zeros((1, 2)), np.zeros((1, 1))], [[0.0]], [np.zeros((1, 2))])


class TestOneStepWorkedByHand:
    """The 2-2-1 network of docs/learn/mathematics.md: relu, identity output, half squared error, lambda 1, alpha 1/4.

    Every number is a fraction whose denominator is a power of two, so float64 represents it exactly.
    """

    X = ((F(1), F(2)), (F(3), F(-1)))
    Y = ((F(1),), (F(2),))
    THETAS = (
        ((F(1, 2), F(1), F(-1, 2)), (F(-1), F(1, 2), F(1))),
        ((F(1, 4), F(1, 2), F(-1)),),
    )
    Z = (((F(1, 2), F(3, 2)), (F(4), F(-1, 2))), ((F(-1),), (F(9, 4),)))
    A = (X, ((F(1, 2), F(3, 2)), (F(4), F(0))), ((F(-1),), (F(9, 4),)))
    DELTA = (((F(-1), F(2)), (F(1, 8), F(0))), ((F(-2),), (F(1, 4),)))
    SUMS = (
        ((F(-7, 8), F(-5, 8), F(-17, 8)), (F(2), F(2), F(4))),
        ((F(-7, 4), F(0), F(-3)),),
    )
    D = (
        ((F(-7, 16), F(3, 16), F(-21, 16)), (F(1), F(5, 4), F(5, 2))),
        ((F(-7, 8), F(1, 4), F(-2)),),
    )
    J = F(125, 64)
    NEW = (
        ((F(39, 64), F(61, 64), F(-11, 64)), (F(-5, 4), F(3, 16), F(3, 8))),
        ((F(15, 32), F(7, 16), F(-1, 2)),),
    )
    LAM, ALPHA = F(1), F(1, 4)

    def as_floats(self, matrices):
        return [np.array([[float(value) for value in row] for row in matrix]) for matrix in matrices]

    def assert_exact(self, computed, by_hand):
        for matrix, expected in zip(computed, self.as_floats(by_hand), strict=True):
            np.testing.assert_array_equal(matrix, expected)

    def arguments(self):
        X, Y = self.as_floats([self.X, self.Y])
        return X, Y, self.as_floats(self.THETAS), float(self.LAM), "relu", "identity"

    def test_values_by_hand_are_right_in_fractions(self, scalar):
        for i, x in enumerate(self.X):
            z, a = scalar.forward(x, self.THETAS, "relu", "identity")
            assert [tuple(layer) for layer in z] == [layer[i] for layer in self.Z]
            assert [tuple(layer) for layer in a] == [layer[i] for layer in self.A]
        for i in range(2):
            (output_delta,) = self.DELTA[1][i]
            assert output_delta == self.A[2][i][0] - self.Y[i][0]
            for unit in range(2):
                slope = 1 if self.Z[0][i][unit] > 0 else 0
                assert self.DELTA[0][i][unit] == output_delta * self.THETAS[1][0][1 + unit] * slope
        for layer in range(2):
            for unit, row in enumerate(self.SUMS[layer]):
                inputs = [(F(1), *self.A[layer][i]) for i in range(2)]
                expected = [sum(self.DELTA[layer][i][unit] * inputs[i][j] for i in range(2)) for j in range(3)]
                assert list(row) == expected
        D = scalar.gradient(self.X, self.Y, self.THETAS, self.LAM, "relu", "identity")
        assert tuple(tuple(tuple(row) for row in d) for d in D) == self.D
        assert scalar.cost(self.X, self.Y, self.THETAS, self.LAM, "relu", "identity") == self.J
        for theta, d, new in zip(self.THETAS, self.D, self.NEW, strict=True):
            stepped = [[t - self.ALPHA * g for t, g in zip(*rows, strict=True)] for rows in zip(theta, d, strict=True)]
            assert [list(row) for row in new] == stepped

    def test_sums_and_activations_match_the_values_by_hand(self):
        X, _, thetas, *_ = self.arguments()
        Z, A = forward_propagation(X, thetas, "relu", "identity")
        self.assert_exact(Z, self.Z)
        self.assert_exact(A, self.A)

    def test_deltas_match_the_values_by_hand(self):
        X, Y, thetas, *_ = self.arguments()
        Z, _ = forward_propagation(X, thetas, "relu", "identity")
        self.assert_exact(deltas(Z, Y, thetas, "relu", "identity"), self.DELTA)

    def test_sums_over_the_examples_match_the_values_by_hand(self):
        X, Y, thetas, *_ = self.arguments()
        D = backpropagation(X, Y, thetas, 0.0, "relu", "identity")
        self.assert_exact([2 * d for d in D], self.SUMS)

    def test_cost_and_gradient_match_the_values_by_hand(self):
        J, D = cost_and_gradient(*self.arguments())
        assert F(J) == self.J
        self.assert_exact(D, self.D)

    def test_new_weights_match_the_values_by_hand(self):
        X, Y, thetas, lam, hidden, output = self.arguments()
        _, costs = gradient_descent(X, Y, thetas, float(self.ALPHA), 2, lam, hidden, output)
        once, _ = gradient_descent(X, Y, thetas, float(self.ALPHA), 1, lam, hidden, output)
        self.assert_exact(once, self.NEW)
        assert costs[0] == float(self.J)
        assert costs[1] < costs[0]


def test_bias_column_of_theta_does_not_propagate_back():
    X, Y, thetas = problem([3, 4, 2], "sigmoid")
    Z, _ = forward_propagation(X, thetas)
    changed = [thetas[0], thetas[1] + np.array([100.0, 0, 0, 0, 0])]
    np.testing.assert_array_equal(deltas(Z, Y, thetas)[0], deltas(Z, Y, changed)[0])


def test_gradient_has_the_shapes_of_the_weights():
    thetas = initialize_thetas([3, 4, 2], 0)
    D = backpropagation(np.zeros((1, 3)), np.zeros((1, 2)), thetas)
    assert [d.shape for d in D] == [theta.shape for theta in thetas]
