"""(M1)-(M4): normalised layers against difference quotients and a calculation by hand."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multilayer.equations import (
    ACTIVATIONS,
    OUTPUTS,
    Penalty,
    backpropagation,
    check_gradient,
    cost,
    cost_and_gradient,
    deltas,
    forward_propagation,
    initialize_thetas,
    input_gradient,
    normalization_delta,
    normalize,
    predict,
    trace,
)
from multilayer.equations.extensions.normalization import standardize
from multilayer.exceptions import ShapeError

SMOOTH = ["sigmoid", "tanh", "identity", "gelu", "silu", "mish", "softplus"]
SIZES = (3, 5, 4, 2)


def problem(sizes=SIZES, output="sigmoid", m=6):
    rng = np.random.RandomState(1)
    X = rng.normal(size=(m, sizes[0]))
    Y = rng.dirichlet(np.ones(sizes[-1]), size=m) if output == "softmax" else rng.uniform(size=(m, sizes[-1]))
    thetas = initialize_thetas(sizes, rng)
    return X, Y, thetas, [rng.normal(size=(2, n)) for n in sizes[1:-1]]


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_backpropagation_through_normalised_layers_agrees_with_difference_quotients(hidden, output):
    X, Y, thetas, norms = problem(output=output)
    weight = [0.0, 0.5, 1.0, 2.0, 0.1, 3.0]
    report = check_gradient(X, Y, thetas, 0.7, hidden, output, None, weight, norms)
    assert [a.shape for a in report.analytic] == [(5, 4), (4, 6), (2, 5), (2, 5), (2, 4)]
    assert report.max_error < (1e-8 if hidden in SMOOTH else 1e-6), report


def test_gain_and_shift_are_not_penalised():
    X, Y, thetas, norms = problem()
    plain, penalised = (backpropagation(X, Y, thetas, lam, norms=norms) for lam in (0.0, Penalty(3.0, 2.0)))
    for a, b in zip(plain[3:], penalised[3:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.abs(plain[0] - penalised[0]).max() > 0.1


def test_check_gradient_detects_and_names_a_wrong_derivative_of_the_gain(monkeypatch):
    module = importlib.import_module("multilayer.equations.backpropagation")  # a function has the same name
    right = module.normalization_gradient
    monkeypatch.setattr(module, "normalization_gradient", lambda *given: right(*given) * [[1.01], [1.0]])
    X, Y, thetas, norms = problem()
    report = check_gradient(X, Y, thetas, norms=norms)
    assert report.worst.error > 1e-3
    assert (report.worst.of, report.worst.row) == ("norms", 0)
    assert str(report.worst).startswith("norms[")
    assert "gain and shift of layer 2 2 x 5: largest relative error" in str(report)
    assert len(list(report)) == sum(a.size for a in (*thetas, *norms))


def test_one_example_matches_a_calculation_by_hand():
    # z = (1, 3): mean 2, variance 1; with a gain of 2 and a shift of (1, 2) the sums become (-1, 4).
    thetas, norms = [[[1.0, 0.0], [3.0, 0.0]], [[0.0, 1.0, 1.0]]], [[[2.0, 2.0], [1.0, 2.0]]]
    Z, A = forward_propagation([[0.0]], thetas, "identity", "identity", norms=norms)
    np.testing.assert_array_equal(Z[0], [[1.0, 3.0]])
    np.testing.assert_allclose(A[1], [[-1.0, 4.0]], atol=1e-4)
    np.testing.assert_allclose(A[2], [[3.0]], atol=1e-4)
    J, D = cost_and_gradient([[0.0]], [[1.0]], thetas, 0.0, "identity", "identity", norms=norms)
    assert abs(J - 2.0) < 1e-4
    # eta = (2, 2), from h - y = 2. The derivative by the gain is eta times z-hat = (-1, 1), by the shift eta itself.
    np.testing.assert_allclose(D[2], [[-2.0, 2.0], [2.0, 2.0]], atol=1e-4)
    # Equal etas and gains shift both sums equally, and subtracting the mean removes the shift.
    np.testing.assert_allclose(D[0], 0.0, atol=1e-4)


@given(arrays(np.float64, (4, 5), elements=st.floats(-100, 100)), st.floats(-50, 50), st.floats(0.5, 2))
def test_normalisation_is_invariant_to_shift_and_scale(Z, move, stretch):
    spread = Z.std(axis=1).min()
    Z_hat, scale = standardize(Z)
    np.testing.assert_allclose(standardize(Z + move)[0], Z_hat, atol=1e-6)
    if spread > 1.0:
        np.testing.assert_allclose(standardize(stretch * Z)[0], Z_hat, atol=1e-3)
        np.testing.assert_allclose(Z_hat.mean(axis=1), 0.0, atol=1e-12)
        np.testing.assert_allclose((Z_hat**2).mean(axis=1), 1.0, atol=1e-4)
    delta = normalization_delta(Z[::-1], Z, np.ones(5))
    np.testing.assert_allclose(delta.sum(axis=1) / scale[:, 0], 0.0, atol=1e-9)


def test_normalisation_of_an_example_does_not_depend_on_the_other_examples():
    X, _, thetas, norms = problem()
    _, together = forward_propagation(X, thetas, norms=norms)
    for i in range(len(X)):
        _, alone = forward_propagation(X[i : i + 1], thetas, norms=norms)
        np.testing.assert_allclose(alone[-1][0], together[-1][i], rtol=1e-13)


def test_a_normalised_layer_of_one_unit_is_constant():
    X, Y, thetas, norms = problem((3, 1, 2))
    _, A = forward_propagation(X, thetas, "tanh", norms=norms)
    np.testing.assert_array_equal(A[1], np.full((6, 1), np.tanh(norms[0][1, 0])))
    D = backpropagation(X, Y, thetas, 0.0, "tanh", norms=norms)
    assert not D[0].any()
    assert not D[2][0].any()
    assert D[2][1].any()


def test_equal_sums_do_not_divide_by_zero():
    np.testing.assert_array_equal(normalize(np.full((2, 3), 7.0), np.array([[5.0] * 3, [1.0, 2.0, 3.0]]))[0], [1, 2, 3])
    assert np.isfinite(normalization_delta(np.ones((1, 3)), np.full((1, 3), 1e9), np.ones(3))).all()


def test_trace_cost_deltas_and_predict_apply_the_norms():
    X, Y, thetas, norms = problem(output="softmax")
    given = {"hidden": "tanh", "output": "softmax", "norms": norms}
    seen = trace(X, Y, thetas, 0.3, **given)
    J, D = cost_and_gradient(X, Y, thetas, 0.3, **given)
    assert seen.J == J == cost(X, Y, thetas, 0.3, **given)
    for received, expected in zip((*seen.D, *seen.D_norms), D, strict=True):
        np.testing.assert_array_equal(received, expected)
    np.testing.assert_array_equal(seen.A[1], np.tanh(seen.Z_normalized[0]))
    for received, expected in zip(seen.delta, deltas(seen.Z, Y, thetas, "tanh", "softmax", norms=norms), strict=True):
        np.testing.assert_array_equal(received, expected)
    np.testing.assert_array_equal(predict(X, thetas, **given), seen.H.argmax(axis=1))
    names = [name for name, _ in seen]
    assert names[2:7] == ["Z_2", "gain_2", "shift_2", "Z'_2", "A_2"]
    assert names.count("D of gain_3") == 1
    norms[0][...] = 0.0
    assert seen.norms[0].any(), "a trace stays what it was"


@pytest.mark.parametrize("of", ["H", "Z"])
def test_input_gradient_includes_the_norms(of):
    X, _, thetas, norms = problem(output="softmax")
    gradient, h = input_gradient(X, thetas, "tanh", "softmax", 1, of, norms), 1e-5
    for j in range(3):
        sides = []
        for sign in (1, -1):
            moved = X.copy()
            moved[:, j] += sign * h
            Z, A = forward_propagation(moved, thetas, "tanh", "softmax", norms=norms)
            sides.append((A if of == "H" else Z)[-1][:, 1])
        np.testing.assert_allclose(gradient[:, j], (sides[0] - sides[1]) / (2 * h), atol=1e-7)


def test_norms_of_wrong_shapes_raise_errors():
    X, _, thetas, norms = problem()
    with pytest.raises(
        ShapeError, match=r"gain and shift of each hidden layer, arrays of shapes \[\(2, 5\), \(2, 4\)\]"
    ):
        forward_propagation(X, thetas, norms=norms[:1])
    with pytest.raises(ShapeError, match=r"got \[\(2, 4\), \(2, 5\)\]"):
        forward_propagation(X, thetas, norms=norms[::-1])
