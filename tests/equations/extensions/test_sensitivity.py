"""(V1), (V2): the derivative by the inputs against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.equations import ACTIVATIONS, OUTPUTS, forward_propagation, initialize_thetas
from multilayer.equations import input_gradient as gradient
from multilayer.equations.extensions.sensitivity import output_gradient
from multilayer.exceptions import ParameterError

STEP = 1e-5


def network_output(X, thetas, hidden, output, unit, of):
    Z, A = forward_propagation(X, thetas, hidden, output)
    return (A if of == "H" else Z)[-1][:, unit]


@pytest.mark.parametrize("of", ["H", "Z"])
@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (3, 4, 5, 3)], ids=str)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_input_gradient_agrees_with_central_differences(hidden, output, sizes, of):
    rng = np.random.RandomState(0)
    X, thetas = rng.normal(size=(5, 3)), initialize_thetas(sizes, rng, "glorot")
    for unit in range(sizes[-1]):
        found = gradient(X, thetas, hidden, output, unit, of)
        assert found.shape == (5, 3)
        for j in range(3):
            step = STEP * np.eye(3)[j]
            up, down = (network_output(X + s, thetas, hidden, output, unit, of) for s in (step, -step))
            assert np.allclose(found[:, j], (up - down) / (2 * STEP), rtol=1e-6, atol=1e-9)


def test_softmax_gradients_sum_to_zero_over_the_classes():
    Z = np.random.RandomState(0).normal(size=(4, 3))
    total = sum(output_gradient(Z, "softmax", unit) for unit in range(3))
    assert np.allclose(total, 0, atol=1e-16)


def test_a_saturated_output_has_a_small_gradient_and_its_sum_does_not():
    thetas = [np.array([[0.0, 40.0, -20.0]])]
    assert np.abs(gradient([[1.0, 0.0]], thetas)).max() < 1e-15
    assert gradient([[1.0, 0.0]], thetas, of="Z").tolist() == [[40.0, -20.0]]


@pytest.mark.parametrize("unit", [-1, 1])
def test_an_output_unit_out_of_range_raises_an_error(unit):
    with pytest.raises(ParameterError, match=f"unit must be from 0 to 0, one of the 1 output units, got {unit}"):
        gradient([[0.0]], [[[0.0, 1.0]]], unit=unit)


def test_an_unknown_value_of_of_raises_an_error():
    with pytest.raises(ParameterError, match=r"unknown side of the output unit 'A'\. Known: 'H', 'Z'"):
        gradient([[0.0]], [[[0.0, 1.0]]], of="A")


def test_an_unknown_output_unit_raises_an_error():
    with pytest.raises(ParameterError, match="unknown output unit 'nothing'"):
        output_gradient(np.zeros((1, 1)), "nothing", 0)
