"""(V3), (V4): integrated gradients against integrals by hand and against completeness."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.equations import ACTIVATIONS, forward_propagation, initialize_thetas, input_gradient
from multilayer.equations import integrated_gradients as attributions
from multilayer.exceptions import ParameterError, ShapeError


def test_attributions_of_a_linear_function_are_its_terms():
    factors = np.array([2.0, -1.0, 0.0])
    found = attributions(lambda X: np.tile(factors, (len(X), 1)), [[1.0, 5.0, 3.0]], [0.5, 1.0, 0.0], n_nodes=1)
    np.testing.assert_allclose(found, [[1.0, -4.0, 0.0]])


def test_attributions_equal_the_integral_by_hand():
    # F = x_1^2 x_2 from (1, 0) to (2, 3): along x = (1 + t, 3 t), the integrals of 2 (1 + t) 3 t and of 3 (1 + t)^2.
    found = attributions(lambda X: np.column_stack([2 * X[:, 0] * X[:, 1], X[:, 0] ** 2]), [[2.0, 3.0]], [1.0, 0.0], 2)
    np.testing.assert_allclose(found, [[5.0, 7.0]])


def test_each_example_may_have_its_own_baseline():
    X, baselines = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 0.0], [3.0, 0.0]])
    found = attributions(np.ones_like, X, baselines)
    np.testing.assert_allclose(found, X - baselines)


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "identity", "exp"])
@pytest.mark.parametrize("hidden", ["tanh", "mish", "silu"])
def test_attributions_are_complete(hidden, output):
    assert hidden in ACTIVATIONS
    rng = np.random.RandomState(0)
    X, baseline, thetas = rng.normal(size=(5, 3)), rng.normal(size=3), initialize_thetas((3, 6, 2), rng, "glorot")
    found = attributions(lambda points: input_gradient(points, thetas, hidden, output, unit=1), X, baseline)
    of_rows = forward_propagation(X, thetas, hidden, output)[1][-1][:, 1]
    of_baseline = forward_propagation([baseline], thetas, hidden, output)[1][-1][0, 1]
    np.testing.assert_allclose(found.sum(axis=1), of_rows - of_baseline, atol=1e-9)


def test_more_nodes_reduce_the_error_of_a_narrow_step():
    thetas = [np.array([[-30.0, 60.0]])]
    errors = [abs(attributions(lambda X: input_gradient(X, thetas), [[1.0]], [0.0], n).sum() - 1.0) for n in (4, 64)]
    assert errors[0] > 0.01 > 1e-3 > errors[1]


def test_a_baseline_of_another_shape_raises_an_error():
    with pytest.raises(ShapeError, match=r"baseline must be of shape \(2,\) or \(1, 2\), got \(3,\)"):
        attributions(np.ones_like, [[1.0, 2.0]], [0.0, 0.0, 0.0])


def test_no_nodes_raise_an_error():
    with pytest.raises(ParameterError, match="n_nodes must be at least 1, got 0"):
        attributions(np.ones_like, [[1.0]], [0.0], n_nodes=0)
