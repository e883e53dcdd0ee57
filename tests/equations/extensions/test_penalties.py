"""(C4) and (C13): regularisation and its derivative."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.equations import (
    Penalty,
    backpropagation,
    check_gradient,
    cost,
    initialize_thetas,
    regularization,
    regularization_gradient,
)
from multilayer.exceptions import ParameterError

X = np.random.RandomState(0).normal(size=(6, 3))
Y = np.random.RandomState(1).uniform(size=(6, 2))
THETAS = initialize_thetas([3, 4, 2], 0)


def test_l1_penalty_sums_absolute_weights_without_biases():
    total = sum(abs(weight) for theta in THETAS for row in theta for weight in row[1:])
    assert regularization(THETAS, Penalty(absolutes=0.7), m=11) == pytest.approx(0.7 / 11 * total, rel=1e-14)


def test_both_penalties_add_up():
    both = regularization(THETAS, Penalty(0.3, 0.7), m=11)
    assert both == regularization(THETAS, 0.3, 11) + regularization(THETAS, Penalty(absolutes=0.7), 11)


def test_a_penalty_on_squares_alone_equals_a_plain_lambda():
    assert cost(X, Y, THETAS, Penalty(0.7)) == cost(X, Y, THETAS, 0.7)
    for d, same in zip(backpropagation(X, Y, THETAS, Penalty(0.7)), backpropagation(X, Y, THETAS, 0.7), strict=True):
        np.testing.assert_array_equal(d, same)


def test_gradient_agrees_with_difference_quotients():
    assert check_gradient(X, Y, THETAS, Penalty(0.3, 0.7)).max_error < 1e-7


def test_l1_gradient_is_zero_for_zero_weights_and_biases():
    gradient = regularization_gradient(np.array([[5.0, 0.0, -2.0, 3.0]]), Penalty(absolutes=2.0), m=4)
    assert gradient.tolist() == [[0.0, 0.0, -0.5, 0.5]]


def test_a_row_of_weight_2_counts_twice_in_the_penalty_too():
    twice = cost(np.vstack([X, X[:1]]), np.vstack([Y, Y[:1]]), THETAS, Penalty(0.3, 0.7))
    weight = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert cost(X, Y, THETAS, Penalty(0.3, 0.7), sample_weight=weight) == pytest.approx(twice, rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"squares": -1.0}, r"squares must be a non-negative number, got -1\.0"),
        ({"absolutes": float("inf")}, r"absolutes must be a non-negative number, got inf"),
    ],
)
def test_invalid_penalties_raise_errors(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Penalty(**arguments)
