"""plot_network: units, weights, signs, captions, and the note about parts that are not drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots import plot_network
from multilayer.plots._layout import Margins, fit_frame, lay_out
from multilayer.plots._style import NEGATIVE, POSITIVE


def thetas(*sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(b, a + 1)) for a, b in pairwise(sizes)]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def n_lines(ax):
    return sum(len(c.get_segments()) for c in ax.collections if isinstance(c, LineCollection))


def n_circles(ax):
    return sum(len(c.get_offsets()) for c in ax.collections if isinstance(c, PathCollection))


@pytest.mark.parametrize("sizes", [(1, 1), (2, 5, 5, 2), (2, 16, 16, 3), (3, 1, 4)])
def test_every_unit_and_weight_is_drawn(sizes):
    ax = plot_network(thetas(*sizes))
    assert n_lines(ax) == sum(b * (a + 1) for a, b in pairwise(sizes))
    assert n_circles(ax) == sum(sizes) + len(sizes) - 1
    assert texts(ax).count("+1") == len(sizes) - 1
    assert not any("Not drawn" in text for text in texts(ax))
    ax.figure.canvas.draw()


def test_colour_shows_the_sign_and_width_and_opacity_the_size_of_a_weight():
    ax = plot_network([np.array([[0.5, 2.0, -1.0]])])
    feature, bias = (c for c in ax.collections if isinstance(c, LineCollection))
    # Drawn in order of increasing size.
    assert [to_hex(c) for c in feature.get_colors()] == [NEGATIVE.lower(), POSITIVE.lower()]
    assert feature.get_linewidths()[0] < feature.get_linewidths()[1]
    assert feature.get_colors()[0][3] < feature.get_colors()[1][3] == 1.0
    # The negative weight, which is drawn first, is dotted.
    assert feature.get_linestyles()[0][1] is not None
    assert feature.get_linestyles()[1][1] is None
    assert bias.get_linestyles()[0][1] is not None


def test_the_line_of_a_weight_connects_its_two_units():
    ax = plot_network([np.array([[0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])])
    features = next(c for c in ax.collections if isinstance(c, LineCollection))
    input_layer, output_layer = lay_out((np.ones(2), np.ones(2)), 16)
    np.testing.assert_allclose(features.get_segments()[-1], [[0, input_layer.y[1]], [1, output_layer.y[0]]])


def test_coefs_and_thetas_give_the_same_plot(moons_network):
    pairs = zip(moons_network.coefs_, moons_network.intercepts_, strict=True)
    same = [np.column_stack([b, W.T]) for W, b in pairs]
    from_estimator, from_thetas = plot_network(moons_network), plot_network(same)
    lines = [
        [c.get_colors() for c in ax.collections if isinstance(c, LineCollection)]
        for ax in (from_estimator, from_thetas)
    ]
    for one, other in zip(*lines, strict=True):
        np.testing.assert_array_equal(one, other)


def test_captions_name_layers_sizes_and_activations(moons_network):
    found = texts(plot_network(moons_network))
    for caption in ("input", "2 units", "hidden 1", "hidden 2", "5 units\ntanh", "output", "1 unit\nsigmoid", "P(1)"):
        assert caption in found, caption
    assert any(text.startswith("$\\Theta_{2}$  5 × 6\nlargest |θ|") for text in found)


def test_activations_of_hidden_layers_may_differ():
    class Network(BaseEstimator):
        def fit(self):
            self.thetas_ = thetas(2, 3, 4, 2)
            self.activation, self.out_activation_ = ("relu", "tanh"), "softmax"
            self.classes_ = np.array(["no", "yes"])
            self.feature_names_in_ = np.array(["age", "height"], dtype=object)
            return self

    found = texts(plot_network(Network().fit()))
    assert {"3 units\nrelu", "4 units\ntanh", "2 units\nsoftmax", "age", "height", "no", "yes"} <= set(found)


def test_given_names_take_precedence_and_long_ones_are_shortened():
    found = texts(plot_network(thetas(2, 2), feature_names=["a" * 60, "US$ to A$"], class_names=["no", "yes"]))
    assert "a" * 25 + "…" in found
    assert {"US$ to A$", "no", "yes"} <= set(found)
    assert "P(yes)" in texts(plot_network(thetas(2, 1), class_names=["no", "yes"]))


def test_large_layers_show_the_units_with_the_largest_weights_and_a_note():
    matrices = thetas(301, 100, 10)
    important = [3, 77, 78, 150, 300]
    matrices[0][:, np.array(important) + 1] *= 9.0
    ax = plot_network(matrices)
    drawn = 16 * 17 + 10 * 17
    assert n_lines(ax) == drawn
    assert texts(ax).count("⋮") == 2
    (note,) = [" ".join(text.split("\n")) for text in texts(ax) if "Not drawn" in text]
    of = f"{30_200 + 1_010 - drawn:,} of 31,210 weights."
    assert f"largest weights are drawn. Not drawn: 285 of 301 units in input, 84 of 100 units in hidden 1, {of}" in note
    assert {f"$x_{{{j + 1}}}$" for j in important} <= set(texts(ax))
    norms = np.linalg.norm(matrices[0][:, 1:], axis=0)
    chosen = np.sort(np.argsort(-norms)[:16])
    assert [text for text in texts(ax) if text.startswith("$x_")] == [f"$x_{{{j + 1}}}$" for j in chosen]


def test_network_inside_a_pipeline_or_search_is_found(moons_network):
    pipeline = make_pipeline("passthrough", moons_network)
    search = GridSearchCV(pipeline, {"mlpclassifier__max_iter": [5]}, refit=False)
    search.best_estimator_ = pipeline
    assert n_lines(plot_network(pipeline)) == n_lines(plot_network(search)) == 15 + 30 + 6


def test_a_network_of_zeros_is_drawn():
    plot_network([np.zeros((2, 3))]).figure.canvas.draw()


@pytest.mark.parametrize("names", [None, ["a very long name of a feature"] * 2])
def test_texts_stay_inside_the_figure(names):
    ax = plot_network(thetas(2, 5, 20, 3), feature_names=names)
    renderer = ax.figure.canvas.get_renderer()
    edges = ax.figure.bbox
    for artist in (*ax.texts, ax.get_legend()):
        box = artist.get_window_extent(renderer)
        assert edges.x0 <= box.x0 < box.x1 <= edges.x1, artist
        assert edges.y0 <= box.y0 < box.y1 <= edges.y1, artist


def test_texts_do_not_overlap():
    ax = plot_network(thetas(2, 5, 20, 3))
    renderer = ax.figure.canvas.get_renderer()
    boxes = [(artist, artist.get_window_extent(renderer)) for artist in (*ax.texts, ax.get_legend())]
    for i, (one, box) in enumerate(boxes):
        for other, other_box in boxes[i + 1 :]:
            assert not box.overlaps(other_box), (one, other)


def test_a_small_axes_keeps_the_network_visible():
    layers = lay_out((np.ones(2), np.ones(5), np.ones(1)), 16)
    frame = fit_frame(2.0, 2.0, layers, Margins(1.5, 1.5, 0.5, 1.5))
    assert sum(frame.sides) == pytest.approx(1.2)
    assert frame.column == pytest.approx(0.4)
    assert frame.font == 7.0


def test_a_layout_engine_does_not_shrink_the_axes():
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    plot_network(thetas(2, 3, 1), ax=axes[0])
    figure.canvas.draw()
    assert axes[0].get_position().width > 0.4


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ([], InputError, "the list of thetas is empty"),
        ([np.zeros(3)], ShapeError, r"theta 1 must be a matrix.*got shape \(3,\)"),
        ([np.zeros((2, 3)), np.zeros((1, 2))], ShapeError, r"theta 2 of shape \(1, 2\) does not follow.*3 columns"),
        ([np.full((2, 3), np.nan)], InputError, "theta 1 has NaN or infinite weights"),
        ([[["a", "b"]]], InputError, "theta 1 must hold numbers only"),
    ],
)
def test_weights_that_cannot_be_drawn_raise_errors(source, error, message):
    with pytest.raises(error, match=message):
        plot_network(source)
    assert plt.get_fignums() == []


def test_invalid_estimators_and_parameters_raise_errors(moons):
    with pytest.raises(InputError, match="LogisticRegression has neither thetas_ nor coefs_ and intercepts_"):
        plot_network(LogisticRegression().fit(*moons))
    for wrong in (1, 2.5, True):
        with pytest.raises(ParameterError, match="max_units must be an integer of at least 2, got"):
            plot_network(thetas(2, 1), max_units=wrong)
    with pytest.raises(ParameterError, match="feature_names must have 2 names, got 3"):
        plot_network(thetas(2, 1), feature_names=["a", "b", "c"])
    with pytest.raises(ParameterError, match="class_names must have 3 names, got 2"):
        plot_network(thetas(2, 3), class_names=["a", "b"])
