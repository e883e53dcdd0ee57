"""A trace contains the quantities of one pass, computed by the same equations, with their names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from multilayer.equations import OUTPUTS, cost_and_gradient, deltas, forward_propagation, initialize_thetas, trace

SIZES = (3, 4, 5, 2)


def problem(output="sigmoid", m=6):
    rng = np.random.RandomState(2)
    Y = rng.dirichlet(np.ones(2), size=m) if output == "softmax" else rng.uniform(size=(m, 2))
    return rng.normal(size=(m, 3)), Y, initialize_thetas(SIZES, rng)


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 0.0, 0.5, 1.0, 1.0]])
@pytest.mark.parametrize("output", OUTPUTS)
def test_trace_equals_the_results_of_the_equations(output, weight):
    X, Y, thetas = problem(output)
    seen = trace(X, Y, thetas, 0.7, "tanh", output, weight)
    J, D = cost_and_gradient(X, Y, thetas, 0.7, "tanh", output, weight)
    Z, A = forward_propagation(X, thetas, "tanh", output)
    delta = deltas(Z, Y, thetas, "tanh", output)
    assert seen.J == J
    for ours, theirs in ((seen.Z, Z), (seen.A, A), (seen.delta, delta), (seen.D, D), (seen.thetas, thetas)):
        assert len(ours) == len(theirs)
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert seen.H is seen.A[-1]
    squares = sum((theta[:, 1:] ** 2).sum() for theta in thetas)
    m = 6 if weight is None else sum(weight)
    assert seen.regularization == pytest.approx(0.7 * squares / (2 * m), rel=1e-12)


def test_sums_of_deltas_over_the_examples_give_d():
    X, Y, thetas = problem()
    weight = np.array([1.0, 2.0, 0.0, 0.5, 1.0, 1.0])
    seen = trace(X, Y, thetas, 0.0, "sigmoid", "sigmoid", weight)
    for Delta, D in zip(seen.Delta, seen.D, strict=True):
        assert np.allclose(Delta / weight.sum(), D, rtol=1e-14)
    # The contribution of each example: the sum over i of w_i delta_i [1 a_i].
    shares = [w * np.outer(d, [1.0, *a]) for w, d, a in zip(weight, seen.delta[1], seen.A[1], strict=True)]
    assert np.allclose(sum(shares), seen.Delta[1], rtol=1e-13)


def test_trace_names_every_quantity_in_order():
    seen = trace(*problem())
    assert [name for name, _ in seen] == [
        *("A_1 = X", "Theta_1", "Z_2", "A_2", "Theta_2", "Z_3", "A_3", "Theta_3", "Z_4", "A_4 = H", "Y"),
        *("delta_4", "Delta_3", "D_3", "delta_3", "Delta_2", "D_2", "delta_2", "Delta_1", "D_1"),
    ]
    shapes = {name: array.shape for name, array in seen}
    assert shapes["Z_3"] == shapes["delta_3"] == (6, 5)
    assert shapes["Theta_2"] == shapes["D_2"] == (5, 5)
    assert repr(seen) == f"<Trace of 6 examples through 3-4-5-2 units, J = {seen.J:.6g}>"
    lines = str(seen).splitlines()
    assert len(lines) == 1 + 20 + 2
    assert lines[1].split()[:6] == ["A_1", "=", "X", "6", "x", "3"]


def test_trace_is_frozen_and_independent_of_later_changes_of_the_weights():
    X, Y, thetas = problem()
    seen = trace(X, Y, thetas)
    before = seen.thetas[0].copy()
    thetas[0][:] = 0
    assert np.array_equal(seen.thetas[0], before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen.J = 0.0
