"""A network as the textbook draws it: units as circles, weights as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import ParameterError
from multilayer.plots._axes import axes_or_new, require_matplotlib, size_in_inches
from multilayer.plots._captions import margins, write_captions
from multilayer.plots._inputs import FloatArray
from multilayer.plots._layout import MOST_MARGIN, Frame, LayerLayout, fit_frame, lay_out, tallest
from multilayer.plots._networks import DrawnNetwork, read_network
from multilayer.plots._style import INK, MUTED, NEGATIVE, POSITIVE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMN, _ROW = 2.0, 0.4  # inches between layers, and between units
_NARROWEST = 5.6  # inches: the width of the legend
_THINNEST, _THICKEST = 0.3, 3.2  # points
_DASHES = (0, (3.0, 1.5))


def plot_network(
    estimator_or_thetas: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    max_units: int = 16,
    ax: Axes | None = None,
) -> Axes:
    """Draw the units of a network and the weights between them.

    Blue weights are positive, orange ones negative; the larger a weight against the largest of its layer, the
    thicker and more opaque its line.  Each layer but the last has a bias unit +1, dashed like its weights.  Of a
    layer with more than `max_units` units the first and last are drawn, and the picture says how many units and
    weights it leaves out.

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
    if isinstance(max_units, bool) or not isinstance(max_units, (int, np.integer)) or max_units < 2:
        raise ParameterError(f"max_units must be an integer of at least 2, got {max_units!r}.")
    network = read_network(estimator_or_thetas, feature_names, class_names)
    layers = lay_out(network.sizes, int(max_units))

    size = _figure_size(network, layers) if ax is None else size_in_inches(ax)
    frame = fit_frame(*size, layers, margins(network, layers, size[0]))
    ax = axes_or_new(ax, size, whole=True)
    ax.set_xlim(frame.xlim)
    ax.set_ylim(frame.ylim)
    ax.set_axis_off()
    for theta, source, target in zip(network.thetas, layers[:-1], layers[1:], strict=True):
        _draw_weights(ax, theta, source, target)
    for layer in layers:
        _draw_units(ax, layer, frame)
    write_captions(ax, network, layers, frame)
    return ax


def _figure_size(network: DrawnNetwork, layers: Sequence[LayerLayout]) -> tuple[float, float]:
    """Inches for a network at full size."""
    around = margins(network, layers, _NARROWEST)
    width = max(_NARROWEST, around.left + around.right + _COLUMN * (len(layers) - 1))
    words = around.top + around.bottom
    return width, max(words + _ROW * tallest(layers), words / MOST_MARGIN)


def _draw_weights(ax: Axes, theta: FloatArray, source: LayerLayout, target: LayerLayout) -> None:
    """The drawn part of `theta` (s_{l+1}, s_l + 1) as lines, the bias weights dashed."""
    largest = float(np.abs(theta).max()) or 1.0
    weights = theta[np.ix_(target.units, source.units + 1)]  # (drawn targets, drawn sources)
    _draw_lines(ax, (source, source.y), target, weights / largest, "solid")
    if source.bias_y is not None:
        bias = theta[target.units, :1]  # (drawn targets, 1)
        _draw_lines(ax, (source, np.array([source.bias_y])), target, bias / largest, _DASHES)


def _draw_lines(
    ax: Axes, start: tuple[LayerLayout, FloatArray], target: LayerLayout, relative: FloatArray, linestyle: Any
) -> None:
    """Lines from the heights `start` to the units of `target`; `relative` (targets, sources) is between -1 and 1."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba_array

    source, heights = start
    to, from_ = (grid.ravel() for grid in np.meshgrid(target.y, heights, indexing="ij"))
    value = relative.ravel()
    order = np.argsort(np.abs(value))  # the strongest on top
    segments = np.empty((len(value), 2, 2))
    segments[:, 0] = np.column_stack([np.full(len(value), source.x), from_])
    segments[:, 1] = np.column_stack([np.full(len(value), target.x), to])
    colors = to_rgba_array([POSITIVE if v >= 0 else NEGATIVE for v in value])
    colors[:, 3] = 0.12 + 0.88 * np.abs(value)
    ax.add_collection(
        LineCollection(
            list(segments[order]),
            colors=colors[order],
            linewidths=_THINNEST + (_THICKEST - _THINNEST) * np.abs(value[order]),
            linestyles=linestyle,
            capstyle="butt",
            zorder=1,
        ),
        autolim=False,
    )


def _draw_units(ax: Axes, layer: LayerLayout, frame: Frame) -> None:
    """Circles, the dashed bias unit +1 and the ellipsis."""
    area = frame.unit**2  # matplotlib's s is the square of the diameter
    x = np.full(len(layer.y), layer.x)
    ax.scatter(x, layer.y, s=area, facecolors="white", edgecolors=INK, linewidths=1.2, zorder=2)
    if layer.bias_y is not None:
        ax.scatter(
            [layer.x],
            [layer.bias_y],
            s=area,
            facecolors="#F0F0F0",
            edgecolors=MUTED,
            linewidths=1.2,
            linestyles=[(0, (2.5, 1.5))],
            zorder=2,
        )
        size = min(frame.font, 0.45 * frame.unit)
        ax.text(layer.x, layer.bias_y, "+1", ha="center", va="center", fontsize=size, color=INK, zorder=3)
    if layer.ellipsis_y is not None:
        background = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        ax.text(
            layer.x,
            layer.ellipsis_y,
            "⋮",
            ha="center",
            va="center",
            fontsize=min(16.0, 0.8 * frame.unit),
            color=INK,
            bbox=background,
            zorder=3,
        )
