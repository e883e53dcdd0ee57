"""plot_weights: the heat map with a separate bias column, and images of the weights of units."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from multilayer.exceptions import ParameterError, ShapeError
from multilayer.plots import plot_weights
from multilayer.plots._inputs import shorten


def thetas(*sizes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(b, a + 1)) for a, b in pairwise(sizes)]


def tick_labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_bias_and_weights_are_two_maps_with_a_gap_and_one_scale():
    (theta,) = weights = thetas(3, 4)
    ax = plot_weights(weights)
    bias, rest = ax.images
    np.testing.assert_array_equal(bias.get_array(), theta[:, :1])
    np.testing.assert_array_equal(rest.get_array(), theta[:, 1:])
    assert bias.get_extent()[1] < rest.get_extent()[0]
    assert bias.get_clim() == rest.get_clim() == (-np.abs(theta).max(), np.abs(theta).max())
    assert tick_labels(ax.xaxis) == ["bias", "$x_{1}$", "$x_{2}$", "$x_{3}$"]
    assert ax.get_title() == "$\\Theta_{1}$  4 × 4: input to output"
    assert len(ax.texts) == theta.size


def test_zero_is_white_and_the_signs_have_different_colours():
    image = plot_weights(thetas(3, 4)).images[0]
    assert min(image.cmap(0.5)[:3]) > 0.98
    red, _, blue, _ = image.cmap(0.9)
    assert blue > red
    red, _, blue, _ = image.cmap(0.1)
    assert red > blue


def test_rows_columns_and_layers_counted_from_the_end_are_labelled(moons_network):
    ax = plot_weights(moons_network, -1)
    assert tick_labels(ax.yaxis) == ["P(1)"]
    assert tick_labels(ax.xaxis)[1] == "$a_{1}$"
    assert [ax.get_xlabel(), ax.get_ylabel()] == ["from: hidden 2", "to: output"]
    long = "mean corpuscular haemoglobin concentration"
    ax = plot_weights(thetas(2, 3), feature_names=[long, "age"])
    assert tick_labels(ax.xaxis) == ["bias", shorten(long, 24), "age"]


def test_only_some_of_many_columns_are_labelled():
    ax = plot_weights(thetas(64, 100))
    assert 10 < len(tick_labels(ax.xaxis)) <= 25
    assert len(ax.texts) == 0
    ax.figure.canvas.draw()


@pytest.mark.parametrize("count", [1, 5, 10, 100])
def test_weights_of_each_unit_are_drawn_as_an_image(count):
    (theta,) = weights = thetas(12, count)
    ax = plot_weights(weights, image_shape=(3, 4))
    (image,) = ax.images
    canvas = np.asarray(image.get_array().filled(np.nan))
    tiles = [
        canvas[top : top + 3, left : left + 4]
        for top in range(0, canvas.shape[0], 4)
        for left in range(0, canvas.shape[1], 5)
    ]
    for row, tile in zip(theta[:, 1:], tiles, strict=False):
        np.testing.assert_array_equal(tile, row.reshape(3, 4))
    assert all(np.isnan(tile).all() for tile in tiles[count:])
    assert len(ax.patches) == count
    assert "bias not shown" in ax.get_xlabel()
    # About as many rows as columns of images.
    assert 0.4 < canvas.shape[1] / canvas.shape[0] < 3.5


def test_weights_of_zero_are_drawn():
    plot_weights([np.zeros((2, 3))]).figure.canvas.draw()


def test_invalid_layers_and_image_shapes_raise_errors(moons_network):
    for layer in (3, -4, 0.0, True):
        with pytest.raises(ParameterError, match="layer must be an integer from 0 to 2, or from -3 to -1"):
            plot_weights(moons_network, layer)
    for shape in ((2, 2), (2,), (-1, -2)):
        with pytest.raises(ShapeError, match=r"image_shape must be \(height, width\) of the 2 inputs"):
            plot_weights(moons_network, image_shape=shape)
