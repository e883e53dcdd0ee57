"""Dropout (R1)-(R3): the generator against published vectors, and the properties of the masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.equations import (
    backpropagation,
    compare_gradients,
    cost_and_gradient,
    dropout_mask,
    dropout_masks,
    forward_propagation,
    initialize_thetas,
    one_hot,
)
from multilayer.equations.extensions.dropout import philox


# The known-answer vectors distributed with Random123, the library of the authors.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_reproduces_the_published_vectors(counter, key, expected):
    words = philox(tuple(np.array([word], dtype=np.uint64) for word in counter), key)
    assert tuple(int(word[0]) for word in words) == expected


@given(st.floats(0.0, 0.9), st.integers(0, 2**64 - 1), st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 30))
def test_mask_entries_are_zero_or_the_inverse_of_the_keep_probability(rate, seed, update, rows, units):
    mask = dropout_mask(rate, seed, update, 1, rows, units)
    assert mask.shape == (rows, units)
    assert np.isin(mask, [0.0, 1.0 / (1.0 - rate)]).all()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_masks_preserve_the_expected_value(rate):
    masks = [dropout_mask(rate, 3, update, 1, 50, 40) for update in range(100)]
    # 200,000 draws: four standard errors
    assert abs(np.mean(masks) - 1.0) < 4 * np.sqrt(rate / (1 - rate) / 200_000)


def test_rate_0_drops_nothing():
    assert (dropout_mask(0.0, 0, 0, 0, 5, 5) == 1.0).all()
    assert dropout_masks((0.0, 0.0), 0, 0, 5, (2, 3, 1)) is None


@given(st.integers(1, 20), st.integers(1, 20))
def test_mask_of_a_unit_does_not_depend_on_the_sizes_of_batch_and_layer(rows, units):
    assert np.array_equal(dropout_mask(0.5, 1, 2, 3, 20, 20)[:rows, :units], dropout_mask(0.5, 1, 2, 3, rows, units))


def test_seed_update_and_layer_each_change_the_mask():
    masks = [dropout_mask(0.5, *where, 20, 20) for where in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (2**32, 0, 0)]]
    for i, mask in enumerate(masks):
        for other in masks[:i]:
            assert 0.3 < np.mean(mask == other) < 0.7


def test_gradient_with_masks_agrees_with_central_differences():
    rng = np.random.RandomState(0)
    X, Y = rng.randn(6, 3), one_hot(rng.randint(0, 2, 6), 2)
    thetas = initialize_thetas([3, 5, 4, 2], 0)
    masks = dropout_masks((0.2, 0.5, 0.3), 0, 0, 6, (3, 5, 4, 2))
    _, analytic = cost_and_gradient(X, Y, thetas, 0.7, "tanh", "softmax", masks=masks)
    h = 1e-5
    numerical = [np.zeros_like(theta) for theta in thetas]
    for theta, out in zip(thetas, numerical, strict=True):
        for index in np.ndindex(theta.shape):
            kept = theta[index]
            J = []
            for moved in (kept + h, kept - h):
                theta[index] = moved
                J.append(cost_and_gradient(X, Y, thetas, 0.7, "tanh", "softmax", masks=masks)[0])
            theta[index] = kept
            out[index] = (J[0] - J[1]) / (2 * h)
    assert compare_gradients(analytic, numerical).max_error < 1e-8


def test_a_dropped_unit_has_zero_gradient():
    X, Y = np.ones((1, 2)), np.ones((1, 1))
    thetas = initialize_thetas([2, 2, 1], 0)
    masks = [np.ones((1, 2)), np.array([[0.0, 2.0]])]
    _, D = cost_and_gradient(X, Y, thetas, masks=masks)
    assert (D[0][0] == 0).all()
    assert D[1][0, 1] == 0
    assert (D[0][1] != 0).all()


def test_masks_of_ones_change_nothing():
    X, Y = np.ones((1, 2)), np.ones((1, 1))
    thetas = initialize_thetas([2, 2, 1], 0)
    ones = [np.ones((1, 2)), np.ones((1, 2))]
    _, A = forward_propagation(X, thetas, masks=ones)
    assert np.array_equal(A[-1], forward_propagation(X, thetas)[1][-1])
    for masked, plain in zip(
        cost_and_gradient(X, Y, thetas, masks=ones)[1], backpropagation(X, Y, thetas), strict=True
    ):
        assert np.array_equal(masked, plain)
