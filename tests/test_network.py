"""The description of a network, and the position of each weight in the parameter vector."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.equations import AbsoluteError, GammaDeviance, Huber, Quantile, output_unit
from multilayer.exceptions import ParameterError, ShapeError
from multilayer.network import (
    Network,
    coefs,
    intercepts,
    layer_shapes,
    layers,
    n_parameters,
    norms,
    output_with_cost,
    pack,
    thetas,
)

NETWORK = Network((2, 3, 1), ("tanh",), "sigmoid")

networks = st.lists(st.integers(1, 8), min_size=2, max_size=5).map(
    lambda sizes: Network(tuple(sizes), ("relu",) * (len(sizes) - 2), "softmax")
)


def test_each_weight_has_its_position() -> None:
    parameters = np.arange(13.0)
    first, second = layers(NETWORK, parameters)
    assert first.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]  # the biases, then a row for each of the two inputs
    assert second.tolist() == [[9], [10], [11], [12]]
    assert [theta.tolist() for theta in thetas(NETWORK, parameters)] == [
        [[0, 3, 6], [1, 4, 7], [2, 5, 8]],
        [[9, 10, 11, 12]],
    ]
    assert [weights.tolist() for weights in coefs(NETWORK, parameters)] == [
        [[3, 4, 5], [6, 7, 8]],
        [[10], [11], [12]],
    ]
    assert [biases.tolist() for biases in intercepts(NETWORK, parameters)] == [[0, 1, 2], [9]]


@given(networks)
def test_pack_inverts_thetas(network: Network) -> None:
    parameters = np.random.RandomState(0).normal(size=n_parameters(network))
    packed = pack(network, thetas(network, parameters))
    np.testing.assert_array_equal(packed, parameters)
    assert not np.shares_memory(packed, parameters)


@given(networks)
def test_views_cover_the_vector_once(network: Network) -> None:
    parameters = np.zeros(n_parameters(network))
    for view in (*coefs(network, parameters), *intercepts(network, parameters)):
        view += 1.0
    assert (parameters == 1.0).all()
    assert sum(rows * columns for rows, columns in layer_shapes(network)) == len(parameters)
    for of_layers in (layers, thetas):
        assert all(np.shares_memory(view, parameters) for view in of_layers(network, parameters))


def test_pack_rounds_to_the_dtype() -> None:
    packed = pack(Network((1, 1), (), "identity"), [np.array([[0.1, 1.0]])], np.float32)
    assert packed.dtype == np.float32
    assert packed.tolist() == [np.float32(0.1), 1.0]


class Unhashable(AbsoluteError):
    __hash__ = None  # type: ignore[assignment]


def test_networks_are_compared_by_value() -> None:
    assert Network((2, 3, 1), ("tanh",), "sigmoid") == NETWORK
    assert len({NETWORK, Network((2, 3, 1), ("tanh",), "sigmoid")}) == 1
    with pytest.raises(FrozenInstanceError):
        NETWORK.output = "softmax"  # type: ignore[misc]


def test_cost_is_part_of_the_value() -> None:
    huber = Network((2, 1), (), "identity", Huber(1.0))
    assert huber == Network((2, 1), (), "identity", Huber(1.0))
    assert len({huber, Network((2, 1), (), "identity", Huber(2.0)), Network((2, 1), (), "identity")}) == 3


def test_a_network_without_a_cost_has_the_matched_cost() -> None:
    assert output_with_cost(NETWORK) is output_unit("sigmoid")
    Z, Y = np.array([[3.0]]), np.array([[1.0]])
    assert output_with_cost(Network((1, 1), (), "identity", AbsoluteError())).cost(Z, Y) == [2.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2,), (), "sigmoid"), r"at least two positive integers .*got \(2,\)"),
        (((2, 0, 1), ("relu",), "sigmoid"), r"positive integers"),
        (((2, 1.5), (), "sigmoid"), r"positive integers, got \(2, 1\.5\)"),
        (((2, True), (), "sigmoid"), r"positive integers, got \(2, True\)"),
        (((2, 3, 1), (), "sigmoid"), r"has 1 hidden layers and needs as many activations, got 0: \(\)"),
        (((2, 3, 1), ("relu", "relu"), "sigmoid"), r"got 2: \('relu', 'relu'\)"),
        (((2, 3, 1), ("rleu",), "sigmoid"), r"unknown activation 'rleu'\. Did you mean 'relu'\?"),
        (((2, 3, 1), ("relu",), "sofmax"), r"unknown output unit 'sofmax'\. Did you mean 'softmax'\?"),
        (((2, 3, 1), (7,), "sigmoid"), r"an activation is a name, or an object with the methods g\(z\).*got 7"),
        (((2, 1), (), "identity", Unhashable()), r"activations and costs must be hashable, got .*Unhashable"),
        (((2, 1), (), "identity", "huber"), r"a cost is an object with the methods value.*got 'huber'"),
        (((2, 1), (), "identity", GammaDeviance()), r"GammaDeviance\(\) is a cost for exp outputs, got output='ident"),
        (((2, 3), (), "identity", Quantile((0.1, 0.9))), r"one for each of the 3 outputs, got 2: \(0\.1, 0\.9\)"),
        (((2, 2), (), "increasing", Quantile((0.9, 0.1))), r"need ascending levels, got \(0\.9, 0\.1\)\. Sort"),
        (((2, 2), (), "increasing", Quantile((0.5,))), r"increasing outputs need ascending levels"),
    ],
)
def test_invalid_networks_raise_errors(arguments: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Network(*arguments)


@pytest.mark.parametrize("shape", [(12,), (14,), (13, 1), ()])
def test_a_vector_of_a_wrong_length_raises_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"layer sizes \(2, 3, 1\) has 13 parameters, got an array of shape"):
        layers(NETWORK, np.zeros(shape))


@pytest.mark.parametrize("shapes", [[(3, 3)], [(3, 2), (1, 4)], [(2, 3), (1, 4)], [(3, 3), (1, 4), (1, 2)]])
def test_matrices_of_wrong_shapes_raise_errors(shapes: list[tuple[int, int]]) -> None:
    with pytest.raises(ShapeError, match=r"Theta matrices of shapes \[\(3, 3\), \(1, 4\)\], got \["):
        pack(NETWORK, [np.zeros(shape) for shape in shapes])


# --- layer normalisation

NORMALIZED = Network((2, 3, 2, 1), ("tanh", "relu"), "sigmoid", normalization="layer")


def test_gain_and_shift_follow_the_weights_of_their_layer() -> None:
    parameters = np.arange(9.0 + 6 + 8 + 4 + 3)
    assert n_parameters(NORMALIZED) == len(parameters)
    assert [layer.ravel().tolist() for layer in layers(NORMALIZED, parameters)] == [
        list(range(9)),
        list(range(15, 23)),
        list(range(27, 30)),
    ]
    assert [norm.tolist() for norm in norms(NORMALIZED, parameters)] == [
        [[9, 10, 11], [12, 13, 14]],
        [[23, 24], [25, 26]],
    ]
    norms(NORMALIZED, parameters)[1][0] = 7.0
    assert parameters[23:25].tolist() == [7, 7]


def test_pack_without_norms_sets_gains_to_one_and_shifts_to_zero() -> None:
    parameters = np.random.RandomState(0).normal(size=n_parameters(NORMALIZED))
    matrices = thetas(NORMALIZED, parameters)
    for gain, shift in norms(NORMALIZED, pack(NORMALIZED, matrices)):
        assert set(gain) == {1.0}
        assert set(shift) == {0.0}
    packed = pack(NORMALIZED, matrices, norms_given=norms(NORMALIZED, parameters))
    np.testing.assert_array_equal(packed, parameters)
    with pytest.raises(ShapeError, match=r"has gains and shifts of shapes \[\(2, 3\), \(2, 2\)\], got \[\]"):
        pack(NORMALIZED, matrices, norms_given=[])


def test_a_network_without_hidden_layers_has_no_norms() -> None:
    network = Network((2, 1), (), "identity", normalization="layer")
    assert n_parameters(network) == 3
    assert norms(network, np.zeros(3)) == []
    assert norms(NETWORK, np.zeros(13)) == []


@pytest.mark.parametrize("given", ["batch", True, ["layer"]])
def test_unknown_normalisations_raise_errors(given: Any) -> None:
    with pytest.raises(ParameterError, match="unknown normalization"):
        Network((2, 3, 1), ("tanh",), "sigmoid", normalization=given)
