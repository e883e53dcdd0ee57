"""A computation as a graph of its operations, with the value and the derivative of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import InputError, ParameterError
from multilayer.plots._axes import require_matplotlib
from multilayer.plots._canvas import Canvas, canvas
from multilayer.plots._inputs import shorten_list
from multilayer.plots._style import INK, MUTED, NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NODES = 30
_COLUMN, _ROW = 1.65, 1.0  # inches from node to node
_HALF_HEIGHT, _SIDE, _BELOW = 0.17, 0.7, 0.6  # inches
_CHARACTER, _NARROWEST = 0.09, 0.3  # inches: a character of a name, and half the narrowest box
_LEGEND = 4.6  # inches, the width of its longer line
_FONT = 9.5  # points, at full size
_FORWARD, _BACKWARD = POSITIVE, NEGATIVE
_SWEEPS = 6


@dataclass
class _Node:
    """A node and its place; a node without a name is a bend in a long arrow."""

    name: str
    inputs: dict[str, float | None]  # the derivative of this node by each input, where it is known
    value: float
    gradient: float | None
    column: int = 0
    row: float = 0.0
    successors: list[str] = field(default_factory=list)

    @property
    def half_width(self) -> float:
        """Half the width of the box, in inches."""
        # In mathematical text a command such as \sigma and a sign with its spaces are about two characters.
        drawn = re.sub(r"\\[A-Za-z]+|[=+-]", "mm", self.name)
        drawn = re.sub(r"[${}_^]", "", drawn)
        return max(_NARROWEST, _CHARACTER * len(drawn) / 2 + 0.06)


def plot_computation_graph(
    nodes: Sequence[tuple[Any, ...]],
    *,
    write: Callable[[float], str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the operations of a computation from left to right, with the value and the derivative of each.

    The value is blue and above its node.  The derivative of the last result with respect to the node is vermilion and
    below it.  Where the derivative of a node with respect to one of its inputs is given, it is written on the arrow:
    the derivative of a node is the sum, over its arrows, of this number times the derivative at the head.

    Parameters
    ----------
    nodes : sequence of tuples (name, inputs, value) or (name, inputs, value, gradient)
        The nodes, each after its inputs.  `inputs` is a list of names of previous nodes, empty for a given number, or
        a dict from these names to the derivatives of the node with respect to them.  Names between dollar signs are
        mathematics.
    write : callable, optional
        A function from a float to its text.  By default numbers have three significant digits.
    ax : matplotlib Axes, optional
        Where to draw; its axis is switched off, and type is scaled to its size.  By default a new figure.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If a node is not such a tuple, a name occurs twice, an input is not a previous node, or there are more than 30
        nodes.
    ParameterError
        If `write` is not a function.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer.plots import plot_computation_graph
    >>> nodes = [("x", [], 3.0, 4.0), ("w", [], 2.0, 6.0), ("w x", {"w": 3.0, "x": 2.0}, 6.0, 2.0)]
    >>> nodes += [("2 w x", {"w x": 2.0}, 12.0, 1.0)]
    >>> ax = plot_computation_graph(nodes)
    >>> [text.get_text() for text in ax.texts][:3]
    ['x', '3', '∂ 4']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    if write is not None and not callable(write):
        raise ParameterError(f"write must be a function from a number to its text, got {write!r}.")
    written = _three_digits if write is None else write
    graph = _read_nodes(nodes)
    n_columns, n_rows, routes = _lay_out(graph)
    right, half = _COLUMN * (n_columns - 1), _ROW * n_rows / 2
    spare = max(0.0, _LEGEND - right - 2 * _SIDE) / 2
    across, down = (-_SIDE - spare, right + _SIDE + spare), (-half - _BELOW, half)
    drawn = canvas(ax, across, down, _FONT, "Computation graph with values and gradients")
    for node in graph.values():
        _draw_node(drawn, node, written)
    for (source, target), route in routes.items():
        _draw_arrow(drawn, route, graph[source], graph[target], written)
    _write_legend(drawn, graph, right / 2, -half - 0.2)
    return drawn.ax


def _three_digits(value: float) -> str:
    text = f"{value:.3g}"
    return "0" if float(text) == 0 else text


def _read_nodes(nodes: Sequence[tuple[Any, ...]]) -> dict[str, _Node]:
    """The nodes by name, in their order."""
    if len(nodes) == 0:
        raise InputError("the graph has no nodes. Pass a list of tuples (name, inputs, value, gradient).")
    if len(nodes) > MOST_NODES:
        raise InputError(f"the graph has {len(nodes)} nodes; at most {MOST_NODES} can be read. Draw a part of it.")
    graph: dict[str, _Node] = {}
    for number, entry in enumerate(nodes):
        node = _read_node(number, entry)
        if node.name in graph:
            raise InputError(f"two nodes are called {node.name!r}. Give each node another name.")
        unknown = [name for name in node.inputs if name not in graph]
        if unknown:
            raise InputError(
                f"node {node.name!r} has inputs {shorten_list(unknown)}, which are no nodes before it. List each node "
                "after its inputs."
            )
        graph[node.name] = node
        for name in node.inputs:
            graph[name].successors.append(node.name)
    return graph


def _read_node(number: int, entry: Any) -> _Node:
    if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) not in (3, 4):
        raise InputError(f"node {number} must be a tuple (name, inputs, value, gradient), got {entry!r}.")
    name, inputs, value = entry[:3]
    gradient = entry[3] if len(entry) == 4 else None
    if isinstance(inputs, str) or not isinstance(inputs, (Mapping, Sequence)):
        raise InputError(f"the inputs of node {name!r} must be a list of names or a dict, got {inputs!r}.")
    try:
        known = dict(inputs) if isinstance(inputs, Mapping) else dict.fromkeys(inputs)
        slopes = {str(key): None if slope is None else float(slope) for key, slope in known.items()}
        return _Node(str(name), slopes, float(value), None if gradient is None else float(gradient))
    except (TypeError, ValueError) as error:
        raise InputError(f"value, gradient and derivatives of node {name!r} must be numbers: {error}.") from error


def _lay_out(graph: dict[str, _Node]) -> tuple[int, int, dict[tuple[str, str], list[_Node]]]:
    """Set the column and row of each node; the numbers of columns and rows, and the nodes and bends along each arrow.

    A node stands in the column after the last of its inputs, and a given number in that before the first node that
    uses it.  An arrow over several columns gets a bend in each, which keeps it off the nodes there.
    """
    for node in graph.values():
        node.column = max((graph[name].column + 1 for name in node.inputs), default=0)
    for node in graph.values():
        if not node.inputs and node.successors:
            node.column = min(graph[name].column for name in node.successors) - 1
    columns: list[list[_Node]] = [[] for _ in range(1 + max(node.column for node in graph.values()))]
    for node in graph.values():
        columns[node.column].append(node)
    routes: dict[tuple[str, str], list[_Node]] = {}
    for target in graph.values():
        for name in target.inputs:
            source = graph[name]
            bends = [_Node("", {}, 0.0, None, column) for column in range(source.column + 1, target.column)]
            for bend in bends:
                columns[bend.column].append(bend)
            routes[name, target.name] = [source, *bends, target]
    _set_rows(columns, list(routes.values()))
    return len(columns), max(map(len, columns)), routes


def _set_rows(columns: list[list[_Node]], routes: list[list[_Node]]) -> None:
    """Order each column by the mean row of the neighbours, forth and back, so that few arrows cross."""
    near: dict[int, list[_Node]] = {id(node): [] for column in columns for node in column}
    for route in routes:
        for one, other in pairwise(route):
            near[id(one)].append(other)
            near[id(other)].append(one)
    for column in columns:
        _space(column, {})
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            rows = {id(n): float(np.mean([m.row for m in near[id(n)]] or [n.row])) for n in column}
            _space(column, rows)


def _space(column: list[_Node], rows: Mapping[int, float]) -> None:
    """Sort a column by the wanted rows, highest first, and give its nodes rows one apart around 0."""
    column.sort(key=lambda node: -rows.get(id(node), 0.0))
    for place, node in enumerate(column):
        node.row = (len(column) - 1) / 2 - place


def _at(node: _Node, side: int = 0) -> tuple[float, float]:
    """The middle of a node, or that of its left (-1) or right (1) edge, in inches."""
    return _COLUMN * node.column + (side * node.half_width if node.name else 0.0), _ROW * node.row


def _draw_arrow(drawn: Canvas, route: list[_Node], source: _Node, target: _Node, write: Callable[[float], str]) -> None:
    """The arrow from a node to one that uses it, with the derivative on it where it is known."""
    from matplotlib.patches import FancyArrowPatch

    points = [_at(source, 1), *(_at(bend) for bend in route[1:-1]), _at(target, -1)]
    if len(points) > 2:
        xs, ys = zip(*points[:-1], strict=True)
        drawn.ax.plot(xs, ys, color=MUTED, linewidth=drawn.scale, zorder=1)
    (x_0, y_0), (x_1, y_1) = points[-2:]
    look: dict[str, Any] = {"color": MUTED, "linewidth": drawn.scale, "shrinkA": 0, "shrinkB": 0, "zorder": 1}
    drawn.ax.add_patch(
        FancyArrowPatch((x_0, y_0), (x_1, y_1), arrowstyle="-|>", mutation_scale=10 * drawn.scale, **look)
    )
    slope = target.inputs[source.name]
    if slope is not None:
        background = drawn.background(0.8)
        middle = ((x_0 + x_1) / 2 - 0.05, (y_0 + y_1) / 2)
        drawn.write(middle, "× " + write(slope), color=_BACKWARD, bbox=background, zorder=2)


def _draw_node(drawn: Canvas, node: _Node, write: Callable[[float], str]) -> None:
    """The box of a node with its name, its value above and its derivative below; given numbers are shaded."""
    from matplotlib.patches import FancyBboxPatch

    x, y = _at(node)
    box = FancyBboxPatch(
        (x - node.half_width, y - _HALF_HEIGHT),
        2 * node.half_width,
        2 * _HALF_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.1",
        facecolor="white" if node.inputs else "#F0F0F0",
        edgecolor=INK if node.inputs else MUTED,
        linewidth=1.2 * drawn.scale,
        zorder=2,
    )
    drawn.ax.add_patch(box)
    drawn.write((x, y), node.name)
    shift, background = _HALF_HEIGHT + 0.12, drawn.background(0.3)
    drawn.write((x, y + shift), write(node.value), color=_FORWARD, bbox=background)
    if node.gradient is not None:
        text = "∂ " + write(node.gradient)
        drawn.write((x, y - shift), text, color=_BACKWARD, fontweight="bold", bbox=background)


def _write_legend(drawn: Canvas, graph: dict[str, _Node], x: float, y: float) -> None:
    """What the colours mean."""
    if all(node.gradient is None for node in graph.values()):
        drawn.write((x, y), "Above a node: its value.", color=_FORWARD)
        return
    last = list(graph)[-1]
    drawn.write((x, y), "Above a node: its value.", color=_FORWARD)
    words = f"Below it, after ∂: the derivative of {last}."
    drawn.write((x, y - 0.2), words, color=_BACKWARD, fontweight="bold")
