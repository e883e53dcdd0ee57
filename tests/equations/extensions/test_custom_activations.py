"""Custom activations: checked and used. Custom costs are tested in test_chosen_costs.py."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.equations import ACTIVATIONS, activation, check_activation, check_gradient, forward_propagation
from multilayer.equations import initialize_thetas as start
from multilayer.exceptions import ParameterError


class Sine:
    def g(self, z):
        return np.sin(z)

    def g_prime(self, z):
        return np.cos(z)


class Wrong(Sine):
    def g_prime(self, z):
        return np.where(z > 3, 0.0, np.cos(z))


class Flat(Sine):
    def g(self, z):
        return np.sin(z).sum()


class Broken(Sine):
    def g_prime(self, z):
        return np.where(np.abs(z) < 0.05, np.inf, np.cos(z))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_check_activation_passes_for_every_built_in_activation(name):
    assert check_activation(activation(name)) < 1e-7


def test_a_custom_activation_can_replace_a_name_everywhere():
    sine, thetas = Sine(), start([2, 3, 4, 1], 0)
    assert check_activation(sine) < 1e-8
    X, Y = np.random.RandomState(0).normal(size=(5, 2)), np.ones((5, 1))
    for hidden in (sine, [sine, "tanh"], (sine, sine)):
        assert check_gradient(X, Y, thetas, 0.1, hidden).max_error < 1e-7
    Z, A = forward_propagation(X, thetas, [sine, "tanh"])
    np.testing.assert_array_equal(A[1], np.sin(Z[0]))


def test_check_activation_reports_the_z_with_the_largest_difference():
    with pytest.raises(
        ParameterError, match=r"g_prime of .*Wrong.* is not the derivative of g: at z = [3-8]\.\d+ it is 0"
    ):
        check_activation(Wrong())
    assert check_activation(Wrong(), z=[0.0, 1.0, 2.9]) < 1e-8


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (Flat(), r"g of .* must return an array of the shape of z, \(257,\), got \(\)"),
        (Broken(), r"g_prime of .* is inf at z = [-0-9.]+\. It must be finite"),
        (object(), r"an activation is a name, or an object with the methods g\(z\) and g_prime\(z\), got <object"),
    ],
)
def test_invalid_activations_raise_errors(pair, message):
    with pytest.raises(ParameterError, match=message):
        check_activation(pair)
