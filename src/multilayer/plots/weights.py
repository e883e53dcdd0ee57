"""The weights of one layer as a heat map, or as one small picture for each unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import ParameterError, ShapeError
from multilayer.plots._axes import axes_or_new, figure_of, is_symbol, require_matplotlib
from multilayer.plots._inputs import FloatArray, is_integer, shorten
from multilayer.plots._networks import DrawnNetwork, read_network
from multilayer.plots._style import INK, NEGATIVE, POSITIVE
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

_MAX_TICKS = 24  # of more units or features every second, third, ... is labelled
_MAX_WRITTEN = 80  # of so many weights each is written into its cell
_NAME_LENGTH = 24  # characters; longer names are cut


def plot_weights(
    estimator_or_thetas: Any,
    layer: int = 0,
    *,
    feature_names: Sequence[str] | None = None,
    image_shape: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the weight matrix Theta of one layer, blue positive and orange negative.

    The heat map has one row for each unit the weights lead to and one column for each they come from, the bias
    set apart in front.  With `image_shape` the weights into each unit are a small picture instead, without the bias.

    Parameters
    ----------
    estimator_or_thetas : fitted estimator, or list of L - 1 arrays of shape (s_{l+1}, s_l + 1)
        A network with ``thetas_``, or with ``coefs_`` and ``intercepts_``, or its weight matrices, bias in column 0.
    layer : int, default 0
        Which matrix: 0 is the one from the inputs, the textbook's Theta_1; -1 the one into the outputs.
    feature_names : sequence of s_1 str, optional
        Names of the inputs, for layer 0.  By default the estimator's ``feature_names_in_``, or x_1, x_2, ...
    image_shape : (height, width), optional
        The shape of the inputs of this layer as a picture, such as (8, 8) for the digits.
    ax : matplotlib Axes, optional
        Where to draw; a colour bar takes some of its room.  By default a new figure.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If there are no weights to draw, or weights that are not finite.
    ShapeError
        If `image_shape` does not hold as many pixels as the layer has inputs.
    ParameterError
        If there is no such layer, or names do not match in number.
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from multilayer.plots import plot_weights
    >>> AND = [np.array([[-30.0, 20.0, 20.0]])]
    >>> ax = plot_weights(AND, feature_names=["p", "q"])
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['bias', 'p', 'q']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    network = read_network(estimator_or_thetas, feature_names)
    count = len(network.thetas)
    if not is_integer(layer) or not -count <= layer < count:
        raise ParameterError(
            f"layer must be an integer from 0 to {count - 1}, or from -{count} to -1 counted from the output, "
            f"got {layer!r}."
        )
    number = int(layer) % count
    theta = network.thetas[number]
    if image_shape is None:
        image = _draw_map(ax, network, number)
    else:
        image = _draw_tiles(ax, theta[:, 1:], _read_image_shape(image_shape, theta.shape[1] - 1))
    ax = image.axes
    figure_of(ax).colorbar(image, ax=ax, fraction=0.046, pad=0.02).ax.set_title("θ", fontsize=10)
    rows, width = theta.shape
    between = f"{network.layer_name(number)} to {network.layer_name(number + 1)}"
    ax.set_title(f"$\\Theta_{{{number + 1}}}$  {rows} × {width}: {between}", fontsize=11)
    return readable(ax)


def _read_image_shape(image_shape: Any, n_inputs: int) -> tuple[int, int]:
    sides = tuple(int(side) for side in image_shape)
    if len(sides) != 2 or min(sides) < 1 or sides[0] * sides[1] != n_inputs:
        raise ShapeError(
            f"image_shape must be (height, width) of the {n_inputs} inputs of this layer, got {image_shape!r}. "
            "Height times width must give that number."
        )
    return sides[0], sides[1]


def _colors(weights: FloatArray) -> dict[str, Any]:
    """Orange over white to blue, dark at both ends, on a scale centred on 0."""
    from matplotlib.colors import LinearSegmentedColormap

    colors = ["#6B2F00", NEGATIVE, "#FFFFFF", POSITIVE, "#00395A"]
    limit = float(np.abs(weights).max()) or 1.0
    # A cell stays a crisp rectangle at any zoom.
    look = {"cmap": LinearSegmentedColormap.from_list("orange_white_blue", colors), "interpolation": "nearest"}
    return {**look, "vmin": -limit, "vmax": limit}


def _draw_map(ax: Axes | None, network: DrawnNetwork, number: int) -> AxesImage:
    """Theta (rows, columns) as a heat map, its bias column set apart on the left."""
    theta = network.thetas[number]
    rows, columns = theta.shape
    slanted = 1.2 if _are_long(network.unit_names(number)) else 0.0
    width, height = float(np.clip(2.2 + 0.55 * columns, 5.0, 12.0)), float(np.clip(1.6 + 0.4 * rows, 2.6, 9.0))
    ax = axes_or_new(ax, (width, height + slanted), "Weights of a layer")
    options = _colors(theta)
    # Among a hundred columns one column of bias and one of distance would be too thin to see.
    wide, gap = max(1.0, 0.025 * columns), max(0.4, 0.025 * columns)
    bias_x = -0.5 - gap - wide / 2
    extents = ((bias_x - wide / 2, bias_x + wide / 2), (-0.5, columns - 1.5))
    for part, (left, right) in zip((theta[:, :1], theta[:, 1:]), extents, strict=True):
        image = ax.imshow(part, extent=(left, right, rows - 0.5, -0.5), aspect="auto", **options)
        _outline(ax, left, -0.5, right - left, rows)
    ax.set_xlim(extents[0][0], extents[1][1])
    ax.set_ylim(rows - 0.5, -0.5)
    ax.spines[:].set_visible(False)
    _tick_units(ax, network, number, bias_x)
    if theta.size <= _MAX_WRITTEN:
        limit = options["vmax"]
        for (i, j), weight in np.ndenumerate(theta):
            text = f"{weight:.2g}" if limit < 100 else f"{weight:.0f}"
            # The ends of the colour scale are dark.
            color = "white" if abs(weight) > 0.42 * limit else INK
            ax.text(bias_x if j == 0 else j - 1, i, text, ha="center", va="center", fontsize=8, color=color)
    return image


def _outline(ax: Axes, left: float, top: float, width: float, height: float) -> None:
    """A thin frame, without which a pale map has no edge."""
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=INK, linewidth=0.7, clip_on=False))


def _are_long(names: Sequence[str]) -> bool:
    """Whether names must be set aslant to stand side by side."""
    return any(len(name) > 6 and not is_symbol(name) for name in names)


def _some_names(names: Sequence[str]) -> dict[int, str]:
    """The names of all units, or of every second, third, ..."""
    every = math.ceil(len(names) / _MAX_TICKS)
    return {i: shorten(names[i], _NAME_LENGTH) for i in range(0, len(names), every)}


def _tick_units(ax: Axes, network: DrawnNetwork, number: int, bias_x: float) -> None:
    """Names of the columns and rows."""
    columns, rows = (_some_names(network.unit_names(layer)) for layer in (number, number + 1))
    long = _are_long([*columns.values()])
    names = ["bias", *columns.values()]
    ax.set_xticks([bias_x, *columns], names, rotation=40 if long else 0, ha="right" if long else "center")
    for label in ax.get_xticklabels():
        label.set_rotation_mode("anchor")
    ax.set_yticks([*rows], [*rows.values()])
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(is_symbol(label.get_text()))
    ax.tick_params(length=0, labelsize=9)
    ax.set_xlabel(f"from: {network.layer_name(number)}")
    ax.set_ylabel(f"to: {network.layer_name(number + 1)}")


def _tile_columns(count: int, height: int, width: int) -> int:
    """How many pictures to a line: a block about as wide as high, with few places left empty."""
    ideal = min(count, max(1.0, math.sqrt(1.2 * count * (height + 1) / (width + 1))))
    near = range(math.ceil(0.75 * ideal), min(count, math.ceil(1.3 * ideal)) + 1)
    return min(near, key=lambda columns: (-count % columns, abs(columns - ideal)))


def _draw_tiles(ax: Axes | None, weights: FloatArray, shape: tuple[int, int]) -> AxesImage:
    """Each row of `weights` (units, inputs) as a picture of `shape`, one pixel apart."""
    count, (height, width) = len(weights), shape
    columns = _tile_columns(count, height, width)
    lines = math.ceil(count / columns)
    tall = lines * (height + 1) / (columns * (width + 1))
    ax = axes_or_new(ax, (7.4, float(np.clip(6.2 * tall + 0.7, 2.2, 10.0))), "Weights into each unit")
    # NaN is not drawn: there is no weight between pictures and after the last one.
    canvas = np.full((lines * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for unit, row in enumerate(weights):
        top, left = (unit // columns) * (height + 1), (unit % columns) * (width + 1)
        canvas[top : top + height, left : left + width] = row.reshape(shape)
        _outline(ax, left - 0.5, top - 0.5, width, height)
    image = ax.imshow(canvas, **_colors(weights))
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    units = "the unit" if count == 1 else f"each of the {count} units, row by row"
    ax.set_xlabel(f"{height} × {width} inputs of {units}; bias not shown", fontsize=9)
    return image
