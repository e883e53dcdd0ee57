"""The picture of one example in a network, whose numbers are those of the equations."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from matplotlib import pyplot as plt

from multilayer.equations import cost_and_gradient, deltas, forward_propagation, initialize_thetas
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots import plot_propagation

BY_HAND = [[[1 / 2, 1, -1 / 2], [-1, 1 / 2, 1]], [[1 / 4, 1 / 2, -1]]]
RELU = {"hidden": "relu", "output": "identity"}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def rotated(ax):
    """Return the texts of the lines by their place from left to right and whether they are a bold derivative."""
    return [text for text in ax.texts if text.get_rotation_mode() == "anchor"]


def as_fraction(value):
    return str(Fraction(value))


def test_the_step_by_hand_has_the_numbers_of_the_mathematics_page():
    ax = plot_propagation(BY_HAND, [1, 2], [1], write=as_fraction, **RELU)
    found = texts(ax)
    for number in ("z = 1/2", "z = 3/2", "z = -1", "δ = -2", "δ = -1", "δ = 2", "y = 1", "1/2", "3/2"):
        assert number in found, number
    assert "Backward: derivatives of the cost 2." in found


@pytest.mark.parametrize("sizes", [(2, 1), (2, 3, 2), (3, 5, 4, 1)])
def test_all_numbers_are_those_of_the_equations(sizes):
    thetas = initialize_thetas(sizes, 1)
    x, y = np.linspace(-1, 1, sizes[0]), np.linspace(0, 1, sizes[-1])
    Z, A = forward_propagation(x[None], thetas)
    _, D = cost_and_gradient(x[None], y[None], thetas)
    ax = plot_propagation(thetas, x, y, write=repr)
    weights = [text.get_text() for text in rotated(ax) if text.get_fontweight() != "bold"]
    gradient = [text.get_text() for text in rotated(ax) if text.get_fontweight() == "bold"]
    assert weights == [repr(float(w)) for theta in thetas for w in theta.ravel()]
    assert gradient == [repr(float(d)) for d_l in D for d in d_l.ravel()]
    found = texts(ax)
    assert [t for t in found if t.startswith("z")] == [f"z = {float(z)!r}" for z_l in Z for z in z_l[0]]
    delta = deltas(Z, y[None], thetas)
    assert [t for t in found if t.startswith("δ")] == [f"δ = {float(d)!r}" for d_l in delta for d in d_l[0]]
    assert {repr(float(a)) for a_l in A for a in a_l[0]} <= set(found)


def test_without_a_target_there_are_no_derivatives():
    ax = plot_propagation(BY_HAND, [1, 2], **RELU)
    assert not any(text.startswith(("δ", "y =", "Backward")) for text in texts(ax))
    assert [text.get_text() for text in rotated(ax)][:3] == ["0.50", "1.00", "-0.50"]


def test_a_number_stands_on_its_line():
    ax = plot_propagation(BY_HAND, [1, 2], **RELU)
    for line, text in zip(ax.lines, rotated(ax), strict=True):
        x, y = text.get_position()
        assert y == pytest.approx(np.interp(x, line.get_xdata(), line.get_ydata()))
        slope = np.diff(line.get_ydata()) / np.diff(line.get_xdata())
        assert np.tan(np.radians(text.get_rotation())) == pytest.approx(slope[0])


def corners(text, renderer):
    """Return the four corners (4, 2) of a rotated text in pixels."""
    angle = text.get_rotation()
    text.set_rotation(0)
    box = text.get_window_extent(renderer)
    text.set_rotation(angle)
    x, y = text.axes.transData.transform(text.get_position())
    turn = np.radians(angle)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return (np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]]) - (x, y)) @ turned + (
        x,
        y,
    )


def overlap(one, other):
    """Whether two rectangles overlap: no side of either separates them."""
    for corner in (one, other):
        for side in (corner[1] - corner[0], corner[2] - corner[1]):
            low, high = np.sort([[min(one @ side), min(other @ side)], [max(one @ side), max(other @ side)]], axis=1)
            if low[1] >= high[0]:
                return False
    return True


@pytest.mark.parametrize("y", [None, (0.0, 1.0)])
@pytest.mark.parametrize("sizes", [(2, 2, 2), (2, 5, 5, 2)])
def test_texts_do_not_overlap_and_stay_inside(sizes, y):
    ax = plot_propagation(initialize_thetas(sizes, 0), [1.0, 0.5], y)
    renderer, edges = ax.figure.canvas.get_renderer(), ax.figure.bbox
    boxes = [(text.get_text(), corners(text, renderer)) for text in ax.texts]
    for i, (one, box) in enumerate(boxes):
        assert edges.x0 <= box[:, 0].min() < box[:, 0].max() <= edges.x1, one
        assert edges.y0 <= box[:, 1].min() < box[:, 1].max() <= edges.y1, one
        for other, other_box in boxes[i + 1 :]:
            assert not overlap(box, other_box), (one, other)


def test_rectangles_that_overlap_are_found():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    assert overlap(square, square + 0.9)
    assert not overlap(square, square + np.array([1.1, 0.0]))


def test_type_shrinks_with_given_axes():
    _, axes = plt.subplots(1, 2, figsize=(6, 3))
    small, large = plot_propagation(BY_HAND, [1, 2], ax=axes[0]), plot_propagation(BY_HAND, [1, 2])
    assert small.texts[0].get_fontsize() < large.texts[0].get_fontsize() == pytest.approx(9.0)


def test_names_are_written_as_they_are():
    found = texts(plot_propagation(BY_HAND, [1, 2], feature_names=["age", "US$ to A$"], class_names=["no", "yes"]))
    assert {"age", "US$ to A$", "P(yes)"} <= set(found)


def test_small_negative_numbers_are_written_without_a_sign():
    assert "-0.00" not in texts(plot_propagation([[[-0.001, 0.5]]], [0.0]))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([np.zeros((7, 3))], [1, 2]), InputError, r"\(2, 7\) units are too large.*at most 6 fit.*plot_network"),
        (([np.zeros((1, 2))] * 5, [1]), InputError, "network of 6 layers is too large.*at most 5 fit"),
        ((BY_HAND, [1, 2, 3]), ShapeError, r"x must be one example of shape \(2,\), got shape \(3,\)"),
        ((BY_HAND, [[1, 2]]), ShapeError, r"got shape \(1, 2\)\. Pass one row"),
        ((BY_HAND, [1, 2], [1, 0]), ShapeError, r"y must be one example of shape \(1,\)"),
        ((BY_HAND, [1, np.nan]), InputError, "x must be finite"),
        ((BY_HAND, ["a", "b"]), InputError, "x must hold numbers only"),
    ],
)
def test_what_cannot_be_drawn_raises_an_error_and_leaves_no_figure(arguments, error, message):
    with pytest.raises(error, match=message):
        plot_propagation(*arguments)
    assert plt.get_fignums() == []


def test_options_that_are_invalid_raise_errors():
    with pytest.raises(ParameterError, match="write must be a function"):
        plot_propagation(BY_HAND, [1, 2], write=".2f")
    with pytest.raises(ParameterError, match="softmx"):
        plot_propagation(BY_HAND, [1, 2], output="softmx")
    assert plt.get_fignums() == []
