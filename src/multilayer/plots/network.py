"""A network as the textbook draws it: units as circles, weights as lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import figure_of, is_symbol, require_matplotlib, size_in_inches
from multilayer.plots._inputs import FloatArray, check_count, shorten
from multilayer.plots._layout import (
    FONT,
    MOST_MARGIN,
    SMALLEST_FONT,
    Frame,
    LayerLayout,
    Margins,
    fit_frame,
    lay_out,
    tallest,
)
from multilayer.plots._networks import DrawnNetwork, read_network
from multilayer.plots._style import INK, MUTED, NEGATIVE, POSITIVE
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMN, _ROW = 2.0, 0.4  # inches between layers, and between units
_NARROWEST = 5.6  # inches: the width of the legend
_THINNEST, _THICKEST = 0.3, 3.2  # points
_DASHES: Any = (0, (3.0, 1.5))
_DOTS: Any = (0, (1.2, 0.8))  # of negative weights: the sign is legible without colour
_LINE = 1.35 * FONT / 72  # inches from one line of text to the next
_CHARACTER = 0.078  # inches, the mean width of a character
_BESIDE = 0.3  # inches between the middle of a unit and its name, with some room at the edge
_NAME_LENGTH = 26  # characters; longer names are cut
_CAPTION = 1.1  # inches: room for "largest |θ| 0.123"
_WIDE = 5.0  # inches: room for the legend on one line
_NOTE = "Thickness and opacity: |θ| relative to the largest of its layer."
_CHOICE = "Of large layers, the units with the largest weights are drawn."


def plot_network(
    estimator_or_thetas: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    max_units: int = 16,
    ax: Axes | None = None,
) -> Axes:
    """Draw the units of a network and the weights between them.

    Positive weights are blue, negative ones orange and dotted; the larger a weight against the largest of its layer,
    the thicker and more opaque its line.  Each layer but the last has a bias unit +1, dashed like its weights.  Of a
    layer with more than `max_units` units, those with the largest weights are drawn: the norm of the weights out of a
    unit counts, or into it in the output layer.  The picture says so, and how many units and weights it leaves out.
    Weights of inputs compare only if the inputs have the same scale; :func:`plot_importance` draws which columns of
    a table matter.

    Parameters
    ----------
    estimator_or_thetas : fitted estimator, or list of L - 1 arrays of shape (s_{l+1}, s_l + 1)
        A network with ``thetas_``, or with ``coefs_`` and ``intercepts_`` such as scikit-learn's, also inside a
        pipeline or search; or its weight matrices, bias in column 0.
    feature_names : sequence of s_1 str, optional
        Names of the input units.  By default the estimator's ``feature_names_in_``, or x_1, x_2, ...
    class_names : sequence of s_L str, optional
        Names of the output units; two for a single unit that tells two classes apart.  By default the estimator's
        ``classes_``, or h_1, h_2, ...
    max_units : int, default 16
        The most units to draw in a layer, at least 2.
    ax : matplotlib Axes, optional
        Where to draw; its axis is switched off.  By default a new figure, sized after the network.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If there are no weights to draw, or weights that are not finite.
    ShapeError
        If the matrices do not follow on one another.
    ParameterError
        If `max_units` is below 2 or names do not match in number.
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from multilayer.plots import plot_network
    >>> AND = [np.array([[-30.0, 20.0, 20.0]])]
    >>> ax = plot_network(AND, feature_names=["p", "q"])
    >>> [text.get_text() for text in ax.texts if text.get_text() in ("p", "q", "+1")]
    ['+1', 'p', 'q']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    check_count("max_units", max_units)
    network = read_network(estimator_or_thetas, feature_names, class_names)
    layers = lay_out(network.strengths, int(max_units))
    notes = _notes(network, layers)

    if ax is None:
        from matplotlib import pyplot as plt

        around = _margins(network, notes, _NARROWEST)
        width = max(_NARROWEST, around.left + around.right + _COLUMN * (len(layers) - 1))
        words = around.top + around.bottom
        size = (width, max(words + _ROW * tallest(layers), words / MOST_MARGIN))
        ax = plt.figure(figsize=size).add_axes((0.0, 0.0, 1.0, 1.0))
        figure_of(ax).set_label(f"Network of {' - '.join(map(str, network.sizes))} units")
    else:
        size = size_in_inches(ax)
    frame = fit_frame(*size, layers, _margins(network, notes, size[0]))
    ax.set(xlim=frame.xlim, ylim=frame.ylim)
    ax.set_axis_off()
    for theta, source, target in zip(network.thetas, layers[:-1], layers[1:], strict=True):
        relative = theta[target.units] / (float(np.abs(theta).max()) or 1.0)
        _draw_weights(ax, source.x, source.y, target, relative[:, source.units + 1], "solid")
        if source.bias_y is not None:
            _draw_weights(ax, source.x, np.array([source.bias_y]), target, relative[:, :1], _DASHES)
    for layer in layers:
        _draw_units(ax, layer, frame)
    _name_units(ax, network.input_names, layers[0], frame, -1)
    _name_units(ax, network.output_names, layers[-1], frame, 1)
    _write_captions(ax, network, layers, frame)
    _write_legend(ax, network, frame, notes)
    return readable(ax)


def _margins(network: DrawnNetwork, notes: Sequence[str], width: float) -> Margins:
    """The inches that the words need around the units of a picture `width` inches wide."""
    longest = (
        max(2 if is_symbol(name) else min(len(name), _NAME_LENGTH) for name in names)
        for names in (network.input_names, network.output_names)
    )
    below = _caption_lines(network) + (1 if width >= _WIDE else 3) + len(notes)
    # The captions of the outer layers, centred below them, need half an inch.
    left, right = (max(0.5, _BESIDE + _CHARACTER * length) for length in longest)
    return Margins(left, right, top=0.2 + 2 * _LINE, bottom=0.45 + below * _LINE)


def _notes(network: DrawnNetwork, layers: Sequence[LayerLayout]) -> list[str]:
    """Lines that say how thickness is to be read and how many units and weights are left out, if any."""
    parts = [
        f"{layer.left_out:,} of {layer.size:,} units in {network.layer_name(number)}"
        for number, layer in enumerate(layers)
        if layer.left_out
    ]
    if not parts:
        return [_NOTE]
    drawn = sum(len(target.units) * (len(source.units) + 1) for source, target in pairwise(layers))
    parts.append(f"{network.n_weights - drawn:,} of {network.n_weights:,} weights")
    # Two to a line, so that the words of a network of many layers do not outgrow its width.
    lines = [", ".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return [_NOTE, _CHOICE, *("Not drawn: " + ",\n".join(lines) + ".").split("\n")]


def _draw_weights(
    ax: Axes, x: float, heights: FloatArray, target: LayerLayout, relative: FloatArray, line_style: Any
) -> None:
    """Lines from `x` and `heights` to the units of `target`; `relative` (targets, heights) is between -1 and 1."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba_array

    to, from_ = (grid.ravel() for grid in np.meshgrid(target.y, heights, indexing="ij"))
    value = relative.ravel()
    order = np.argsort(np.abs(value))  # the strongest on top
    segments = np.empty((len(value), 2, 2))
    segments[:, 0, 0], segments[:, 0, 1] = x, from_
    segments[:, 1, 0], segments[:, 1, 1] = target.x, to
    colors = to_rgba_array([POSITIVE if v >= 0 else NEGATIVE for v in value])
    colors[:, 3] = 0.12 + 0.88 * np.abs(value)
    styles = [line_style if v >= 0 else _DOTS for v in value[order]]
    widths = _THINNEST + (_THICKEST - _THINNEST) * np.abs(value[order])
    look: dict[str, Any] = {"linewidths": widths, "linestyles": styles, "capstyle": "butt", "zorder": 1}
    ax.add_collection(LineCollection(list(segments[order]), colors=colors[order], **look), autolim=False)


def _draw_units(ax: Axes, layer: LayerLayout, frame: Frame) -> None:
    """Circles, the dashed bias unit +1 and the ellipsis."""
    look: dict[str, Any] = {"s": frame.unit**2, "linewidths": 1.2, "zorder": 2}  # s is the square of the diameter
    centred: dict[str, Any] = {"ha": "center", "va": "center", "color": INK, "zorder": 3}
    ax.scatter(np.full(len(layer.y), layer.x), layer.y, facecolors="white", edgecolors=INK, **look)
    if layer.bias_y is not None:
        look |= {"facecolors": "#F0F0F0", "edgecolors": MUTED, "linestyles": [(0, (2.5, 1.5))]}
        ax.scatter([layer.x], [layer.bias_y], **look)
        ax.text(layer.x, layer.bias_y, "+1", fontsize=min(frame.font, 0.45 * frame.unit), **centred)
    if layer.ellipsis_y is not None:
        background = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        ax.text(layer.x, layer.ellipsis_y, "⋮", fontsize=min(16.0, 0.8 * frame.unit), bbox=background, **centred)


def _write(ax: Axes, text: str, at: tuple[float, float], shift: tuple[float, float], frame: Frame, **look: Any) -> None:
    """Write `text`, `shift` points away from the place `at`, whatever the size of the axes."""
    look = {"ha": "center", "color": INK, "fontsize": frame.font, **look}
    note = ax.annotate(text, at, xytext=shift, textcoords="offset points", **look)
    # The margins are part of the axes; a layout engine that made room for the words once more would shrink it.
    note.set_in_layout(False)


def _name_units(ax: Axes, names: Sequence[str], layer: LayerLayout, frame: Frame, side: int) -> None:
    """Names beside the units of a layer: `side` -1 to the left, 1 to the right."""
    room = (frame.sides[side > 0] - _BESIDE) / (_CHARACTER * frame.font / FONT)
    # One more than fits by estimate, which is only that.
    longest = max(4, min(_NAME_LENGTH, int(room) + 1))
    look = {"ha": "right" if side < 0 else "left", "va": "center"}
    for number, y in zip(layer.units, layer.y, strict=True):
        name, symbol = names[number], is_symbol(names[number])
        shift = (side * (frame.unit / 2 + 4), 0)
        text = name if symbol else shorten(name, longest)
        _write(ax, text, (layer.x, y), shift, frame, parse_math=symbol, **look)


def _caption_lines(network: DrawnNetwork) -> int:
    return 3 if any(network.activations) else 2


def _write_captions(ax: Axes, network: DrawnNetwork, layers: Sequence[LayerLayout], frame: Frame) -> None:
    """Names, sizes and activations under the layers, on one line of the picture, and the weights above."""
    for number, layer in enumerate(layers):
        activation = network.activations[number]
        size = f"{layer.size:,} unit" + ("" if layer.size == 1 else "s")
        at = (layer.x, -frame.half)
        _write(ax, network.layer_name(number), at, (0, -3), frame, va="top", fontweight="bold")
        under = size if activation is None else f"{size}\n{activation}"
        _write(ax, under, at, (0, -3 - 1.35 * frame.font), frame, va="top")
    for number, theta in enumerate(network.thetas, start=1):
        rows, columns = theta.shape
        text = f"$\\Theta_{{{number}}}$  {rows} × {columns}"
        if frame.column >= _CAPTION:
            text += f"\nlargest |θ| {np.abs(theta).max():.3g}"
        _write(ax, text, (number - 0.5, frame.half), (0, 2), frame, va="bottom", color=MUTED)


def _write_legend(ax: Axes, network: DrawnNetwork, frame: Frame, notes: Sequence[str]) -> None:
    """What the colours and dashes mean, and what the picture leaves out."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation

    captions = 72 * _caption_lines(network) * _LINE * frame.font / FONT  # points
    handles = [
        Line2D([], [], color=POSITIVE, linewidth=2.4, label="positive weight"),
        Line2D([], [], color=NEGATIVE, linewidth=2.4, linestyle=_DOTS, label="negative weight"),
        Line2D([], [], color=MUTED, linewidth=1.6, linestyle=_DASHES, label="weight of a bias unit +1"),
    ]
    wide = frame.column * (len(network.sizes) - 1) + sum(frame.sides) >= _WIDE
    middle, size = (frame.xlim[0] + frame.xlim[1]) / 2, max(frame.font - 1, SMALLEST_FONT)
    below_captions = ScaledTranslation(0.0, (-captions - 6) / 72, figure_of(ax).dpi_scale_trans)
    legend = ax.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(middle, -frame.half),
        bbox_transform=ax.transData + below_captions,
        ncols=3 if wide else 1,
        frameon=False,
        fontsize=size,
        borderaxespad=0.0,
    )
    legend.set_in_layout(False)
    below = captions + 14 + (1 if wide else 3) * 1.5 * frame.font
    _write(ax, "\n".join(notes), (middle, -frame.half), (0, -below), frame, va="top", color=MUTED, fontsize=size)
