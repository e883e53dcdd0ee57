"""The picture of a computation, from the numbers that it is given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from multilayer.equations import backpropagation
from multilayer.exceptions import InputError, ParameterError
from multilayer.plots import plot_computation_graph

# The squared error of one linear unit, by hand: z = 2 · 3 - 1 = 5, e = 5 - 4 = 1, c = 1 / 2.
UNIT = [
    ("w", [], 2.0, 3.0),
    ("x", [], 3.0, 2.0),
    ("b", [], -1.0, 1.0),
    ("wx", {"w": 3.0, "x": 2.0}, 6.0, 1.0),
    ("z", {"wx": 1.0, "b": 1.0}, 5.0, 1.0),
    ("c", {"z": 1.0}, 0.5, 1.0),
]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def boxes(ax):
    """Return the middle of each box in inches, in the order of the nodes."""
    found = [patch.get_bbox() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    return [((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for box in found]


def test_each_node_has_its_name_value_and_derivative():
    found = texts(plot_computation_graph(UNIT))
    expected = [text for name, _, value, gradient in UNIT for text in (name, f"{value:g}", f"∂ {gradient:g}")]
    assert found[: len(expected)] == expected
    assert sorted(text for text in found if text.startswith("×")) == ["× 1", "× 1", "× 1", "× 2", "× 3"]
    assert "Below it, after ∂: the derivative of c." in found


def test_the_numbers_of_the_example_are_those_of_the_equations():
    (D,) = backpropagation([[3.0]], [[4.0]], [np.array([[-1.0, 2.0]])], output="identity")
    gradients = {name: gradient for name, _, _, gradient in UNIT}
    assert [gradients["b"], gradients["w"]] == D[0].tolist()


def test_values_stand_above_and_derivatives_below_the_node():
    ax = plot_computation_graph(UNIT)
    places = [text.get_position() for text in ax.texts[: 3 * len(UNIT)]]
    for i, (x, y) in enumerate(boxes(ax)):
        name, value, gradient = places[3 * i : 3 * i + 3]
        assert name == pytest.approx((x, y))
        assert value[0] == gradient[0] == pytest.approx(x)
        assert gradient[1] < y < value[1]


def test_a_node_stands_right_of_its_inputs_and_numbers_beside_their_first_use():
    columns = [x for x, _ in boxes(plot_computation_graph(UNIT))]
    w, x, b, wx, z, c = columns
    assert w == x < wx < z < c
    assert b == wx


def test_an_arrow_over_several_columns_bends_around_the_nodes_between():
    nodes = [("x", [], 1.0), ("a", ["x"], 2.0), ("b", ["a"], 3.0), ("c", ["b", "x"], 4.0)]
    ax = plot_computation_graph(nodes)
    (line,) = ax.lines
    places = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert len(places) == 3
    for bend in places[1:]:
        assert min(np.linalg.norm(np.subtract(bend, place)) for place in boxes(ax)) > 0.5
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == 4


def test_without_derivatives_only_values_are_explained():
    found = texts(plot_computation_graph([("x", [], 1.0), ("2x", ["x"], 2.0)]))
    assert "Above a node: its value." in found
    assert not any("∂" in text or "×" in text for text in found)


def test_numbers_are_written_by_the_function_given():
    found = texts(plot_computation_graph(UNIT, write=lambda value: f"{value:.1f} m"))
    assert {"6.0 m", "∂ 3.0 m", "× 3.0 m"} <= set(found)


@pytest.mark.parametrize("nodes", [UNIT, [("x", [], 3.0, 2.0), ("2 x", {"x": 2.0}, 6.0, 1.0)], [("x", [], 3.0, 1.0)]])
def test_texts_do_not_overlap_and_stay_inside(nodes):
    ax = plot_computation_graph(nodes)
    renderer, edges = ax.figure.canvas.get_renderer(), ax.figure.bbox
    found = [(text.get_text(), text.get_window_extent(renderer)) for text in ax.texts]
    for i, (one, box) in enumerate(found):
        assert edges.x0 <= box.x0 < box.x1 <= edges.x1, one
        assert edges.y0 <= box.y0 < box.y1 <= edges.y1, one
        for other, other_box in found[i + 1 :]:
            assert not box.overlaps(other_box), (one, other)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "the graph has no nodes"),
        ([("x", [])], r"node 0 must be a tuple \(name, inputs, value, gradient\), got \('x', \[\]\)"),
        (["abc"], "node 0 must be a tuple"),
        ([("x", [], 1.0), ("x", [], 2.0)], "two nodes are called 'x'"),
        ([("y", ["x"], 1.0), ("x", [], 2.0)], "node 'y' has inputs 'x', which are no nodes before it"),
        ([("x", [], 1.0), ("y", "x", 1.0)], "the inputs of node 'y' must be a list of names or a dict, got 'x'"),
        ([("x", [], "one")], "derivatives of node 'x' must be numbers"),
        ([(str(i), [], 1.0) for i in range(31)], "the graph has 31 nodes; at most 30"),
    ],
)
def test_what_is_no_graph_raises_an_error_and_leaves_no_figure(nodes, message):
    with pytest.raises(InputError, match=message):
        plot_computation_graph(nodes)
    assert plt.get_fignums() == []


def test_write_must_be_a_function():
    with pytest.raises(ParameterError, match="write must be a function"):
        plot_computation_graph(UNIT, write=".2f")
