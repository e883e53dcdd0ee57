"""(P1)-(P5), (E1) and (J) against plain Python loops, as properties, and with invalid inputs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.equations import (
    ACTIVATIONS,
    OUTPUTS,
    backpropagation,
    cost,
    cost_and_gradient,
    forward_propagation,
    gradient_descent,
    initialize_thetas,
    numerical_gradient,
    one_hot,
    predict,
)
from multilayer.exceptions import InputError, ParameterError, ShapeError

SIZES = [[3, 2], [3, 4, 2], [3, 4, 2, 3], [3, 4, 2, 5, 1]]


def problem(sizes, output, m=6):
    rng = np.random.RandomState(sum(sizes))
    Y = rng.dirichlet(np.ones(sizes[-1]), size=m) if output == "softmax" else rng.uniform(size=(m, sizes[-1]))
    return (
        rng.normal(size=(m, sizes[0])),
        Y,
        [rng.normal(size=(s, r + 1)) for r, s in itertools.pairwise(sizes)],
    )


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "identity"])
def test_sums_and_activations_equal_those_of_plain_loops(scalar, hidden, output, sizes):
    X, _, thetas = problem(sizes, output)
    Z, A = forward_propagation(X, thetas, hidden, output)
    for i, x in enumerate(X):
        z, a = scalar.forward(x, thetas, hidden, output)
        for layer in range(len(thetas)):
            np.testing.assert_allclose(Z[layer][i], z[layer], rtol=1e-13, atol=1e-14)
        for layer in range(len(sizes)):
            np.testing.assert_allclose(A[layer][i], a[layer], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("lam", [0.0, 0.7])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("output", OUTPUTS)
def test_cost_equals_that_of_plain_loops(scalar, output, sizes, lam):
    X, Y, thetas = problem(sizes, output)
    expected = scalar.cost(X, Y, thetas, lam, "tanh", output)
    assert cost(X, Y, thetas, lam, "tanh", output) == pytest.approx(expected, rel=1e-13)


def test_each_hidden_layer_may_have_its_own_activation():
    X, _, thetas = problem([3, 4, 2, 1], "sigmoid")
    Z, A = forward_propagation(X, thetas, ["relu", "tanh"])
    np.testing.assert_array_equal(A[1], np.maximum(Z[0], 0))
    np.testing.assert_array_equal(A[2], np.tanh(Z[1]))


def test_lists_are_accepted_and_arguments_are_not_modified():
    X, Y, thetas = problem([3, 4, 2], "sigmoid")
    copies = X.copy(), Y.copy(), [theta.copy() for theta in thetas]
    assert cost(X.tolist(), Y.tolist(), [theta.tolist() for theta in thetas]) == cost(X, Y, thetas)
    for after, before in zip((X, Y, *thetas), (*copies[:2], *copies[2]), strict=True):
        np.testing.assert_array_equal(after, before)


def test_predicted_class_is_the_unit_with_the_largest_output():
    thetas = [np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.0, 0.0]])]
    X = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    for output in ("sigmoid", "softmax"):
        assert predict(X, thetas, output=output).tolist() == [0, 1, 2]
    assert predict(X, thetas).dtype == np.int64


def test_a_single_sigmoid_unit_predicts_1_above_one_half():
    assert predict([[-1.0], [0.0], [1.0]], [[[0.0, 1.0]]]).tolist() == [0, 0, 1]


def test_a_single_softmax_unit_always_predicts_class_0():
    assert predict([[-1.0], [1.0]], [[[0.0, 1.0]]], output="softmax").tolist() == [0, 0]


def test_predict_returns_identity_outputs_unchanged():
    np.testing.assert_array_equal(predict([[2.0]], [[[1.0, 3.0]]], output="identity"), [[7.0]])


@given(st.permutations(range(6)))
def test_order_of_the_rows_does_not_matter(order):
    X, Y, thetas = problem([3, 4, 2], "softmax")
    J, D = cost_and_gradient(X, Y, thetas, 0.7, "tanh", "softmax")
    J_permuted, D_permuted = cost_and_gradient(X[order], Y[order], thetas, 0.7, "tanh", "softmax")
    assert J_permuted == pytest.approx(J, rel=1e-14)
    for d, d_permuted in zip(D, D_permuted, strict=True):
        np.testing.assert_allclose(d_permuted, d, rtol=1e-12, atol=1e-15)


@given(st.lists(st.integers(0, 3), min_size=6, max_size=6).filter(any))
def test_integer_weights_are_equivalent_to_repeated_rows(counts):
    X, Y, thetas = problem([3, 4, 2], "sigmoid")
    J, D = cost_and_gradient(X, Y, thetas, 0.7, sample_weight=counts)
    repeated = np.repeat(np.arange(6), counts)
    J_repeated, D_repeated = cost_and_gradient(X[repeated], Y[repeated], thetas, 0.7)
    np.testing.assert_allclose(J, J_repeated, rtol=1e-13)
    for d, d_repeated in zip(D, D_repeated, strict=True):
        np.testing.assert_allclose(d, d_repeated, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("output", OUTPUTS)
def test_weighted_gradient_is_the_derivative_of_the_weighted_cost(output):
    (X, Y, thetas), w, h = problem([3, 4, 2], output), [0.0, 0.5, 1.0, 2.0, 0.1, 3.0], 1e-5
    _, D = cost_and_gradient(X, Y, thetas, 0.7, "tanh", output, w)
    for theta, d in zip(thetas, D, strict=True):
        for index in np.ndindex(theta.shape):
            kept, J = theta[index], []
            for sign in (1, -1):
                theta[index] = kept + sign * h
                J.append(cost(X, Y, thetas, 0.7, "tanh", output, w))
            theta[index] = kept
            assert d[index] == pytest.approx((J[0] - J[1]) / (2 * h), abs=1e-8)


@given(st.integers(1, 5))
def test_cost_of_all_rows_is_the_mean_over_the_parts(cut):
    X, Y, thetas = problem([3, 4, 2], "sigmoid")
    parts = cut * cost(X[:cut], Y[:cut], thetas) + (6 - cut) * cost(X[cut:], Y[cut:], thetas)
    assert cost(X, Y, thetas) == pytest.approx(parts / 6, rel=1e-14)


@given(arrays(np.float64, (5, 2), elements=st.floats(-5, 5)), arrays(np.float64, (5, 2), elements=st.floats(-5, 5)))
def test_without_hidden_layers_the_cost_is_convex(first, second):
    rng = np.random.RandomState(0)
    X, Y = rng.normal(size=(8, 1)), np.eye(5)[rng.randint(5, size=8)]
    for output in OUTPUTS.keys() - {
        "increasing"
    }:  # its outputs are not linear in the weights: the square of their error may be concave
        ends = [cost(X, Y, [theta], 0.1, output=output) for theta in (first, second)]
        middle = cost(X, Y, [(first + second) / 2], 0.1, output=output)
        assert middle <= sum(ends) / 2 * (1 + 1e-14) + 1e-12


@given(st.floats(0, 100), st.floats(0, 100))
def test_cost_is_linear_in_lambda(lam, more):
    X, Y, thetas = problem([3, 4, 2], "identity")
    squares = sum((theta[:, 1:] ** 2).sum() for theta in thetas)
    grown = cost(X, Y, thetas, lam + more, output="identity") - cost(X, Y, thetas, lam, output="identity")
    assert grown == pytest.approx(more * squares / 12, rel=1e-9, abs=1e-12)


@given(st.lists(st.integers(0, 6), max_size=20), st.integers(7, 9))
def test_argmax_inverts_one_hot(y, n_classes):
    Y = one_hot(y, n_classes)
    assert Y.shape == (len(y), n_classes)
    assert Y.argmax(axis=1).tolist() == y
    assert (Y.sum(axis=1) == 1).all()
    assert set(np.unique(Y)) <= {0.0, 1.0}


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_one_hot_accepts_any_integer_dtype(dtype):
    np.testing.assert_array_equal(one_hot(np.array([2, 0], dtype=dtype), 3), [[0, 0, 1], [1, 0, 0]])


@pytest.mark.parametrize("y", [[0, 3], [-1, 0]])
def test_one_hot_rejects_a_class_number_out_of_range(y):
    with pytest.raises(InputError, match=r"y must hold class numbers from 0 to 2 \(n_classes=3\), got values from"):
        one_hot(y, 3)


@pytest.mark.parametrize("y", [[0.0, 1.0], [[0, 1]], ["a", "b"], [True, False], 1])
def test_one_hot_rejects_values_that_are_not_class_numbers(y):
    with pytest.raises(InputError, match="y must be a one-dimensional array of integers, got shape"):
        one_hot(y, 3)


THETAS = [np.zeros((4, 4)), np.zeros((2, 5))]
X, Y = np.zeros((6, 3)), np.zeros((6, 2))


def spoiled(value):
    bad = X.copy()
    bad[1, 2] = value
    return bad


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        (spoiled(np.nan), InputError, "X must be finite, got nan in row 1, column 2. Remove or fill"),
        (spoiled(-np.inf), InputError, "X must be finite, got -inf in row 1, column 2. Remove or fill"),
        (
            [["red", "blue", "green"]] * 6,
            InputError,
            "X must hold numbers only: could not convert string to float: 'red'",
        ),
        (np.zeros(3), ShapeError, r"X must have two dimensions, one row per example, got shape \(3,\). Use X.reshape"),
        (np.zeros((6, 3, 1)), ShapeError, r"X must have two dimensions, .*got shape \(6, 3, 1\)"),
        ([[1.0, 2.0, 3.0], [1.0]], ShapeError, "X must be a matrix, got rows of different lengths"),
        (np.zeros((6, 2)), ShapeError, r"thetas\[0\] must have 3 columns \(X has 2 columns.*got shape \(4, 4\)"),
    ],
)
@pytest.mark.parametrize("call", [forward_propagation, predict, cost, cost_and_gradient, numerical_gradient])
def test_invalid_inputs_raise_errors(call, bad, error, text):
    with pytest.raises(error, match=text):
        call(bad, THETAS) if call in (forward_propagation, predict) else call(bad, Y, THETAS)


@pytest.mark.parametrize(
    ("thetas", "text"),
    [
        ([], "thetas is empty: a network has at least one weight matrix"),
        ([np.zeros((4, 3)), np.zeros((2, 5))], r"thetas\[0\] must have 4 columns \(X has 3 columns"),
        ([np.zeros((4, 4)), np.zeros((2, 4))], r"thetas\[1\] must have 5 columns \(thetas\[0\] has 4 rows"),
        ([np.zeros(4)], r"thetas\[0\] must have two dimensions.*got shape \(4,\)"),
        ([[[0.0, 1.0, 2.0, 3.0], [0.0]]], r"thetas\[0\] must be a matrix, got rows of different lengths"),
        ([np.zeros((0, 4))], r"thetas\[0\] must have at least one row and one column, got shape \(0, 4\)"),
    ],
)
def test_weight_matrices_of_wrong_shapes_raise_errors(thetas, text):
    for call in (cost, backpropagation, numerical_gradient):
        with pytest.raises(ShapeError, match=text):
            call(X, Y, thetas)
    with pytest.raises(ShapeError, match=text):
        gradient_descent(X, Y, thetas, alpha=0.1, max_iter=1)


def test_weights_that_are_not_numeric_raise_errors():
    with pytest.raises(InputError, match=r"thetas\[0\] must hold numbers only"):
        cost(X, Y, [[["a", "b", "c", "d"]]])


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        (np.zeros((5, 2)), ShapeError, r"Y must have shape \(6, 2\).*got \(5, 2\). Use one_hot"),
        (np.zeros((6, 3)), ShapeError, r"Y must have shape \(6, 2\).*got \(6, 3\)"),
        (np.zeros(6), ShapeError, r"Y must have two dimensions.*got shape \(6,\)"),
        (np.full((6, 2), np.nan), InputError, "Y must be finite, got nan in row 0, column 0"),
        (np.full((6, 2), 2.0), InputError, r"Y must lie in \[0, 1\] for sigmoid outputs, got values from 2 to 2"),
        (np.full((6, 2), -0.1), InputError, r"Y must lie in \[0, 1\] for sigmoid outputs, got values from -0.1"),
    ],
)
def test_invalid_targets_raise_errors(bad, error, text):
    with pytest.raises(error, match=text):
        cost(X, bad, THETAS)


@pytest.mark.parametrize("row", [[1.0, 1.0], [0.0, 0.0], [0.3, 0.3]])
def test_softmax_targets_must_sum_to_one(row):
    with pytest.raises(InputError, match=r"each row of Y must sum to 1 for softmax outputs, got .* in row 5"):
        cost(X, [[1.0, 0.0]] * 5 + [row], THETAS, output="softmax")


def test_softmax_targets_may_be_probabilities_in_float32():
    soft = np.random.RandomState(0).dirichlet(np.ones(2), size=6).astype(np.float32)
    assert cost(X, soft, THETAS, output="softmax") == pytest.approx(np.log(2))


def test_identity_targets_may_be_any_numbers():
    assert cost(X, np.full((6, 2), -3.0), THETAS, output="identity") == 9.0


def test_zero_rows_have_outputs_but_no_cost():
    assert forward_propagation(np.zeros((0, 3)), THETAS, output="softmax")[1][-1].shape == (0, 2)
    with pytest.raises(ShapeError, match="X has no rows"):
        cost(np.zeros((0, 3)), np.zeros((0, 2)), THETAS)


@pytest.mark.parametrize("lam", [-0.1, np.nan, np.inf, "0.1", None, True])
def test_lambda_must_be_a_non_negative_number(lam):
    for call in (cost, cost_and_gradient):
        with pytest.raises(ParameterError, match="lam must be a non-negative number, got"):
            call(X, Y, THETAS, lam)


@pytest.mark.parametrize(
    ("weights", "error", "text"),
    [
        (np.ones(5), ShapeError, r"sample_weight must have shape \(6,\), one for each row of X, got \(5,\)"),
        (
            np.zeros(6),
            InputError,
            "sample_weight must be finite, not negative and not all zero, got values from 0 to 0",
        ),
        ([1, 1, 1, 1, 1, -1], InputError, "sample_weight must be finite, not negative.*from -1 to 1"),
        ([1, 1, 1, 1, 1, np.nan], InputError, "sample_weight must be finite"),
        (["a"] * 6, InputError, "sample_weight must hold one number for each row of X"),
    ],
)
def test_invalid_sample_weights_raise_errors(weights, error, text):
    with pytest.raises(error, match=text):
        cost(X, Y, THETAS, sample_weight=weights)


@pytest.mark.parametrize("thetas", [THETAS, [np.zeros((2, 4))]], ids=["one hidden layer", "none"])
def test_an_unknown_activation_raises_an_error(thetas):
    with pytest.raises(ParameterError, match=r"unknown activation 'tahn'. Did you mean 'tanh'\?"):
        cost(X, Y, thetas, hidden="tahn")


def test_an_unknown_output_unit_raises_an_error():
    with pytest.raises(ParameterError, match=r"unknown output unit 'sotfmax'. Did you mean 'softmax'\?"):
        forward_propagation(X, THETAS, output="sotfmax")


def test_hidden_must_be_one_name_or_one_for_each_hidden_layer():
    with pytest.raises(ParameterError, match="hidden must be one name or one for each of the 1 hidden layers, got 2"):
        cost(X, Y, THETAS, hidden=["relu", "tanh"])


@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_cost_of_a_network_of_zeros_is_log_2_for_each_unit(hidden):
    thetas = initialize_thetas([3, 4, 2], scheme="zeros")
    assert cost(X, Y, thetas, hidden=hidden) == pytest.approx(2 * np.log(2), rel=1e-15)
