"""The starting parameters of training."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network._multilayer_perceptron import BaseMultilayerPerceptron

from multilayer.equations import SCHEMES, initialize_thetas
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.network import Network, coefs, intercepts, layers, n_parameters, thetas
from multilayer.training.starting import starting_parameters

SIZES = (3, 5, 4, 2)
NETWORK = Network(SIZES, ("tanh", "tanh"), "softmax")
NAMES = {"logistic": "sigmoid"}


class ScikitLearnInitializer(BaseMultilayerPerceptron):
    """The part of scikit-learn's networks that draws starting weights."""

    def __init__(self, activation: str, seed: int) -> None:
        self.activation = activation
        self._random_state = np.random.RandomState(seed)


@pytest.mark.parametrize("sizes", [(4, 3), (3, 5, 1), SIZES])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_starting_parameters_equal_those_of_scikit_learn(activation: str, dtype: Any, sizes: tuple[int, ...]) -> None:
    name = NAMES.get(activation, activation)
    network = Network(sizes, (name,) * (len(sizes) - 2), "sigmoid")
    parameters = starting_parameters(network, "scikit-learn", np.random.RandomState(5), dtype, name)
    draws = ScikitLearnInitializer(activation, 5)
    assert parameters.dtype == dtype
    for (n_in, n_out), weights, biases in zip(
        itertools.pairwise(sizes), coefs(network, parameters), intercepts(network, parameters), strict=True
    ):
        expected_weights, expected_biases = draws._init_coef(n_in, n_out, dtype)
        np.testing.assert_array_equal(weights, expected_weights)
        np.testing.assert_array_equal(biases, expected_biases)


def test_the_bounds_depend_on_the_activation_of_each_layer() -> None:
    network = Network((50, 50, 50, 50), ("sigmoid", "relu"), "softmax")
    parameters = starting_parameters(network, "scikit-learn", np.random.RandomState(0), np.float64)
    largest = [float(np.abs(layer).max()) for layer in layers(network, parameters)]
    assert largest == pytest.approx([np.sqrt(2 / 100), np.sqrt(6 / 100), np.sqrt(6 / 100)], rel=0.01)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_every_scheme_equals_the_equations(scheme: str, dtype: Any) -> None:
    parameters = starting_parameters(NETWORK, scheme, np.random.RandomState(1), dtype)
    assert parameters.dtype == dtype
    for theta, expected in zip(thetas(NETWORK, parameters), initialize_thetas(SIZES, 1, scheme), strict=True):
        np.testing.assert_array_equal(theta, expected.astype(dtype))


def test_given_matrices_are_copied_and_draw_no_random_numbers() -> None:
    given = initialize_thetas(SIZES, 0)
    random_state = np.random.RandomState(9)
    parameters = starting_parameters(NETWORK, given, random_state, np.float64)
    for theta, expected in zip(thetas(NETWORK, parameters), given, strict=True):
        np.testing.assert_array_equal(theta, expected)
        assert not np.shares_memory(theta, expected)
    assert random_state.randint(1000) == np.random.RandomState(9).randint(1000)


def test_matrices_can_be_nested_lists() -> None:
    network = Network((1, 2), (), "softmax")
    parameters = starting_parameters(network, [[[1, 2], [3, 4]]], np.random.RandomState(0), np.float32)
    assert parameters.tolist() == [1.0, 3.0, 2.0, 4.0]  # biases in row 0
    assert len(parameters) == n_parameters(network)


@pytest.mark.parametrize(
    ("initialization", "error", "message"),
    [
        ("glort", ParameterError, r"unknown initialization 'glort'\. Did you mean 'glorot'\? Known: .*'scikit-learn'"),
        (3, ParameterError, r"initialization must be the name of a scheme or a list of Theta matrices, got 3\."),
        (None, ParameterError, r"got None\."),
        ([np.zeros((5, 4))], ShapeError, r"Theta matrices of shapes \[\(5, 4\), .*got \[\(5, 4\)\]\."),
        ([np.zeros((4, 5))] * 3, ShapeError, r"got \[\(4, 5\), \(4, 5\), \(4, 5\)\]\."),
        ([["a"]], InputError, r"initialization\[0\] must be an array of numbers: "),
        ([[[1.0], [1.0, 2.0]]], InputError, r"initialization\[0\] must be an array of numbers: "),
        ([[[0.0]], [[np.nan]]], InputError, r"initialization\[1\] must hold finite numbers only"),
    ],
)
def test_invalid_initializations_raise_errors(initialization: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        starting_parameters(NETWORK, initialization, np.random.RandomState(0), np.float64)


@pytest.mark.parametrize("size", [10**7, 10**15])
def test_a_network_too_large_for_memory_raises_an_error_that_names_its_size(size: int) -> None:
    network = Network((size, size, 2), ("relu",), "softmax")
    with pytest.raises(ParameterError, match=r"parameters, and their [\d,]+ GiB exceed the memory\. Use fewer"):
        starting_parameters(network, "scikit-learn", np.random.RandomState(0), np.float64)
