"""One example in a small network: every activation and weight, and on request every delta and derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from multilayer.equations import cost_and_gradient, deltas, forward_propagation
from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.plots._axes import is_symbol, require_matplotlib
from multilayer.plots._canvas import Canvas, canvas
from multilayer.plots._inputs import FloatArray, read_numbers
from multilayer.plots._networks import DrawnNetwork, read_network
from multilayer.plots._style import INK, MUTED, NEGATIVE, PALE, POSITIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_UNITS, MOST_LAYERS = 6, 5  # with more, numbers on neighbouring lines would touch
_COLUMN, _ROW, _RADIUS = 2.25, 0.92, 0.25  # inches
_WIDE_COLUMN, _MANY_LINKS = 4.2, 15  # inches, where there are two numbers on each of more lines than that
_SIDE, _ABOVE, _BELOW = 0.9, 0.15, 0.75  # inches around the outer units
_FONT = 9.0  # points, at full size
_HEIGHT, _CHARACTER = 0.15, 0.075  # inches: the height of a number, and the mean width of a digit
_FORWARD, _BACKWARD = POSITIVE, NEGATIVE
_DASHES: Any = (0, (3.0, 1.5))
_PLACES = np.linspace(0.15, 0.85, 36)  # where on a line its number may stand
_SWEEPS = 12


@dataclass(frozen=True)
class _Numbers:
    """What is written into the picture."""

    sums: list[FloatArray]  # z of each layer but the first
    activations: list[FloatArray]  # a of each layer
    deltas: list[FloatArray] | None  # of each layer but the first
    gradient: list[FloatArray] | None  # one array like each theta
    target: FloatArray | None
    cost: float | None
    column: float  # inches from layer to layer


@dataclass(frozen=True)
class _Link:
    """The line of one weight, in inches."""

    start: FloatArray  # (2,), on the edge of a unit
    end: FloatArray  # (2,)
    is_bias: bool
    weight: str
    derivative: str | None

    def at(self, t: float) -> FloatArray:
        """The place (2,) at `t` from 0, the start, to 1, the end."""
        return self.start + t * (self.end - self.start)

    @property
    def degrees(self) -> float:
        """The angle of the line."""
        dx, dy = self.end - self.start
        return float(np.degrees(np.arctan2(dy, dx)))

    def axis(self, t: float) -> FloatArray:
        """Points (5, 2) along the number at `t`, from its left to its right end."""
        direction = (self.end - self.start) / np.linalg.norm(self.end - self.start)
        half = _CHARACTER * max(len(self.weight), len(self.derivative or "")) / 2
        points: FloatArray = self.at(t) + np.linspace(-half, half, 5)[:, None] * direction
        return points


def plot_propagation(
    thetas: Sequence[ArrayLike],
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    hidden: Any = "sigmoid",
    output: Any = "sigmoid",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    write: Callable[[float], str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how one example passes through a small network, with the number of every unit and weight.

    Blue numbers are those of forward propagation: the activation in each unit, its weighted sum z above it, and the
    weight on each line.  With `y`, the numbers of backpropagation are vermilion: delta below each unit, and below each
    weight the derivative of this example's cost with respect to it.  Units +1 and dashed lines belong to the biases.

    Parameters
    ----------
    thetas : list of L - 1 arrays of shape (s_{l+1}, s_l + 1)
        The weight matrices, bias in column 0, such as ``model.thetas_``.
    x : array-like of shape (s_1,)
        The example.
    y : array-like of shape (s_L,), optional
        Its target.  Without it only forward propagation is drawn.
    hidden : str or Activation, or sequence of these, default "sigmoid"
        Activation of the hidden layers, as in :func:`multilayer.equations.forward_propagation`.
    output : str or Output, default "sigmoid"
        Output unit, which determines the cost.
    feature_names : sequence of s_1 str, optional
        Names of the input units; by default x_1, x_2, ...
    class_names : sequence of s_L str, optional
        Names of the output units; by default h_1, h_2, ...
    write : callable, optional
        A function from a float to its text.  By default numbers have two decimals.
    ax : matplotlib Axes, optional
        Where to draw; its axis is switched off, and type is scaled to its size.  By default a new figure.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If the network is too large to write numbers in, or a number is not finite.
    ShapeError
        If the matrices do not follow on one another, or `x` or `y` do not fit them.
    ParameterError
        If an activation, an output unit or names are invalid.

    See Also
    --------
    plot_network : Draw a network of any size, without numbers.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer.plots import plot_propagation
    >>> ax = plot_propagation([[[0.5, -1.0]]], x=[2.0], y=[1.0], output="identity")
    >>> sorted(text.get_text() for text in ax.texts if text.get_text()[-1].isdigit())
    ['+1', '-1.00', '-1.50', '-2.50', '-5.00', '0.50', '2.00', 'y = 1.00', 'z = -1.50', 'δ = -2.50']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    if write is not None and not callable(write):
        raise ParameterError(f"write must be a function from a number to its text, got {write!r}.")
    network = read_network(list(thetas), feature_names, class_names)
    _check_size(network.sizes)
    example = _read_row("x", x, network.sizes[0])
    target = None if y is None else _read_row("y", y, network.sizes[-1])
    numbers = _compute(network, example, target, hidden, output)
    written = _two_decimals if write is None else write

    half, right = _ROW * _n_rows(network.sizes) / 2, numbers.column * (len(network.sizes) - 1)
    drawn = canvas(
        ax,
        (-_SIDE, right + _SIDE),
        (-half - _BELOW, half + _ABOVE),
        _FONT,
        "Forward and backward propagation in a small network",
    )
    links = _links(network, numbers, written)
    for link in links:
        line = np.column_stack([link.start, link.end])
        drawn.ax.plot(*line, color=PALE, linewidth=drawn.scale, linestyle=_DASHES if link.is_bias else "-")
    for link, t in zip(links, _place(links, _unit_texts(network, numbers)), strict=True):
        _write_link(drawn, link, t)
    _draw_units(drawn, network, numbers, written)
    _write_ends(drawn, network, numbers, written)
    _write_captions(drawn, network, numbers, written)
    return drawn.ax


def _check_size(sizes: Sequence[int]) -> None:
    """Raise an InputError if there would be more numbers than a picture can hold."""
    advice = "Draw it by plot_network, which writes no numbers, or pass a smaller network."
    if max(sizes) > MOST_UNITS:
        raise InputError(
            f"layers of {tuple(sizes)} units are too large to write numbers in: at most {MOST_UNITS} fit. {advice}"
        )
    if len(sizes) > MOST_LAYERS:
        raise InputError(
            f"a network of {len(sizes)} layers is too large to write numbers in: at most {MOST_LAYERS} fit. {advice}"
        )


def _read_row(name: str, values: ArrayLike, size: int) -> FloatArray:
    row = read_numbers(name, values, "Pass the numbers of one example.")
    if row.shape != (size,):
        raise ShapeError(
            f"{name} must be one example of shape ({size},), got shape {row.shape}. Pass one row, as X[0]."
        )
    if not np.isfinite(row).all():
        raise InputError(f"{name} must be finite, got {row.tolist()}. Choose an example without gaps.")
    return row


def _compute(network: DrawnNetwork, x: FloatArray, y: FloatArray | None, hidden: Any, output: Any) -> _Numbers:
    """Forward propagation of one example and, with a target, backpropagation."""
    thetas = list(network.thetas)
    Z, A = forward_propagation(x[None], thetas, hidden, output)
    sums, activations = [z[0] for z in Z], [a[0] for a in A]
    if y is None:
        return _Numbers(sums, activations, None, None, None, None, _COLUMN)
    cost, gradient = cost_and_gradient(x[None], y[None], thetas, 0.0, hidden, output)
    delta = deltas(Z, y[None], thetas, hidden, output)
    column = _WIDE_COLUMN if max(theta.size for theta in thetas) > _MANY_LINKS else _COLUMN
    return _Numbers(sums, activations, [d[0] for d in delta], list(gradient), y, float(cost), column)


def _two_decimals(value: float) -> str:
    text = f"{value:.2f}"
    return text.lstrip("-") if float(text) == 0 else text  # not -0.00


def _n_rows(sizes: Sequence[int]) -> int:
    """The number of units, bias included, of the tallest layer."""
    return max(*(size + 1 for size in sizes[:-1]), sizes[-1])


def _heights(sizes: Sequence[int], layer: int) -> FloatArray:
    """The heights of the units of a layer in inches from the middle, the bias unit, if there is one, first."""
    n = sizes[layer] + (layer < len(sizes) - 1)
    heights: FloatArray = _ROW * ((n - 1) / 2 - np.arange(n, dtype=np.float64))
    return heights


def _links(network: DrawnNetwork, numbers: _Numbers, write: Callable[[float], str]) -> list[_Link]:
    """The lines of all weights."""
    links = []
    for layer, theta in enumerate(network.thetas):
        sources, targets = _heights(network.sizes, layer), _heights(network.sizes, layer + 1)
        targets = targets[len(targets) - len(theta) :]  # a bias unit has no inputs
        for i, j in np.ndindex(*theta.shape):
            start, end = (
                np.array([numbers.column * layer, sources[j]]),
                np.array([numbers.column * (layer + 1), targets[i]]),
            )
            edge = _RADIUS * (end - start) / np.linalg.norm(end - start)
            derivative = None if numbers.gradient is None else write(float(numbers.gradient[layer][i, j]))
            links.append(_Link(start + edge, end - edge, j == 0, write(float(theta[i, j])), derivative))
    return links


def _unit_texts(network: DrawnNetwork, numbers: _Numbers) -> FloatArray:
    """Points (n, 2) along the sums above units and the deltas below them, from which other numbers keep away."""
    shift, across = _RADIUS + 0.6 * _HEIGHT, np.linspace(-0.3, 0.3, 7)
    points = []
    for layer, size in enumerate(network.sizes[1:], start=1):
        for height in _heights(network.sizes, layer)[-size:]:
            for y in (height + shift,) if numbers.deltas is None else (height + shift, height - shift):
                points.append(np.column_stack([numbers.column * layer + across, np.full(len(across), y)]))
    return np.concatenate(points)


def _place(links: Sequence[_Link], taken: FloatArray) -> list[float]:
    """Where on its line each number stands: far from other numbers and, as far as possible, from other lines."""
    near = _HEIGHT * (1.25 if links[0].derivative is None else 2.3)
    axes = np.array([[link.axis(t) for t in _PLACES] for link in links])  # (links, places, 5, 2)
    on_lines = np.array([_on_other_lines(links, i, axes[i], near) for i in range(len(links))])
    # Slightly better in the middle of a line, so that ties are resolved alike.
    price = on_lines + 0.2 * np.abs(_PLACES - 0.45) + _crowding(axes, taken, 0.5 * (near + _HEIGHT))
    chosen = np.argmin(price, axis=1)
    for _ in range(_SWEEPS):
        for i in range(len(links)):
            others = np.delete(axes[np.arange(len(links)), chosen], i, axis=0).reshape(-1, 2)
            chosen[i] = np.argmin(price[i] + _crowding(axes[i], others, near))
    return [float(_PLACES[k]) for k in chosen]


def _crowding(numbers: FloatArray, others: FloatArray, near: float) -> FloatArray:
    """How much numbers (..., 5, 2) are nearer than `near` to the points `others` (n, 2): 0 if they are not."""
    if len(others) == 0:
        return np.zeros(numbers.shape[:-2])
    gaps = np.linalg.norm(numbers[..., None, :] - others, axis=-1).min(axis=(-1, -2))
    crowding: FloatArray = 100 * np.maximum(0.0, near - gaps) / near
    return crowding


def _on_other_lines(links: Sequence[_Link], own: int, numbers: FloatArray, near: float) -> FloatArray:
    """How much other lines run through numbers (places, 5, 2): the sum of 1 for each point on a line, 0 if far."""
    total = np.zeros(len(numbers))
    for i, link in enumerate(links):
        if i != own:
            along = link.end - link.start
            t = np.clip((numbers - link.start) @ along / (along @ along), 0.0, 1.0)
            distance = np.linalg.norm(numbers - (link.start + t[..., None] * along), axis=-1)
            total += np.maximum(0.0, 1 - 2 * distance / near).sum(axis=-1)
    return total


def _write_link(drawn: Canvas, link: _Link, t: float) -> None:
    """The weight on its line or, with a derivative, the weight above and the derivative below."""
    background = drawn.background(0.8)
    look: dict[str, Any] = {"rotation": link.degrees, "rotation_mode": "anchor", "bbox": background}
    if link.derivative is None:
        drawn.write(link.at(t), link.weight, color=_FORWARD, **look)
        return
    angle = np.radians(link.degrees)
    up = 0.62 * _HEIGHT * np.array([-np.sin(angle), np.cos(angle)])
    drawn.write(link.at(t) + up, link.weight, color=_FORWARD, **look)
    drawn.write(link.at(t) - up, link.derivative, color=_BACKWARD, fontweight="bold", **look)


def _draw_units(drawn: Canvas, network: DrawnNetwork, numbers: _Numbers, write: Callable[[float], str]) -> None:
    """Circles with their activations; z above and delta below."""
    from matplotlib.patches import Circle

    background = drawn.background(0.4)
    for layer, activations in enumerate(numbers.activations):
        heights, x = _heights(network.sizes, layer), numbers.column * layer
        if len(heights) > len(activations):
            look: dict[str, Any] = {"facecolor": "#F0F0F0", "edgecolor": MUTED, "linestyle": _DASHES, "zorder": 2}
            drawn.ax.add_patch(Circle((x, heights[0]), _RADIUS, linewidth=1.2 * drawn.scale, **look))
            drawn.write((x, heights[0]), "+1")
        for unit, height in enumerate(heights[len(heights) - len(activations) :]):
            circle = Circle(
                (x, height), _RADIUS, facecolor="white", edgecolor=INK, linewidth=1.2 * drawn.scale, zorder=2
            )
            drawn.ax.add_patch(circle)
            drawn.write((x, height), write(float(activations[unit])), color=_FORWARD, fontweight="bold")
            if layer > 0:
                z, shift = write(float(numbers.sums[layer - 1][unit])), _RADIUS + 0.6 * _HEIGHT
                drawn.write((x, height + shift), f"z = {z}", color=_FORWARD, bbox=background)
                if numbers.deltas is not None:
                    text = f"δ = {write(float(numbers.deltas[layer - 1][unit]))}"
                    below = {"color": _BACKWARD, "fontweight": "bold", "bbox": background}
                    drawn.write((x, height - shift), text, **below)


def _write_ends(drawn: Canvas, network: DrawnNetwork, numbers: _Numbers, write: Callable[[float], str]) -> None:
    """The names of inputs and outputs, and the targets."""
    for height, name in zip(_heights(network.sizes, 0)[1:], network.input_names, strict=True):
        drawn.write((-_RADIUS - 0.08, height), name, ha="right", parse_math=is_symbol(name))
    last = len(network.sizes) - 1
    for unit, height in enumerate(_heights(network.sizes, last)):
        x, name = numbers.column * last + _RADIUS + 0.08, network.output_names[min(unit, len(network.output_names) - 1)]
        up = 0.0 if numbers.target is None else 0.6 * _HEIGHT
        drawn.write((x, height + up), name, ha="left", parse_math=is_symbol(name))
        if numbers.target is not None:
            drawn.write((x, height - up), f"y = {write(float(numbers.target[unit]))}", ha="left")


def _write_captions(drawn: Canvas, network: DrawnNetwork, numbers: _Numbers, write: Callable[[float], str]) -> None:
    """The names of layers and matrices below the units, and what the colours mean."""
    sizes = network.sizes
    bottom = -_ROW * _n_rows(sizes) / 2
    for layer in range(len(sizes)):
        drawn.write((numbers.column * layer, bottom - 0.2), network.layer_name(layer), fontweight="bold")
    for layer, _ in enumerate(pairwise(sizes), start=1):
        drawn.write((numbers.column * (layer - 0.5), bottom - 0.2), f"$\\Theta_{layer}$", color=MUTED)
    middle = numbers.column * (len(sizes) - 1) / 2
    if numbers.cost is None:
        drawn.write((middle, bottom - 0.5), "On a line: its weight. In a unit: its activation.", color=_FORWARD)
        return
    words = "Forward: weights, sums and activations."
    drawn.write((middle - 0.1, bottom - 0.5), words, ha="right", color=_FORWARD)
    words = f"Backward: derivatives of the cost {write(numbers.cost)}."
    drawn.write((middle + 0.1, bottom - 0.5), words, ha="left", color=_BACKWARD, fontweight="bold")
