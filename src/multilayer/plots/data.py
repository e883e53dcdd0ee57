"""The picture of two features by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from multilayer.plots._axes import (
    YEARS,
    add_legend,
    axes_or_new,
    label_axes,
    remove_frame,
    require_matplotlib,
    write_thousands,
)
from multilayer.plots._inputs import FloatArray, Labels, feature_names_for, read_labels, read_names, read_two_features
from multilayer.plots._style import INK, point_size, style
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection


def plot_data(
    X: Any,
    y: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two features against each other, each class in its own colour and marker.

    Up to eight classes differ in both colour and marker, with markers of equal area.  From the ninth on the
    colours come back with other markers, up to 64 classes.

    Parameters
    ----------
    X : array or frame of shape (m, 2)
        Two numeric features of ``m`` examples: an array, or a pandas or polars frame with two columns.
    y : array-like of shape (m,)
        The class of each example: numbers, text or booleans.
    feature_names : sequence of 2 str, optional
        Names of the axes.  By default the columns of a frame, or x_1 and x_2.
    class_names : sequence of str, optional
        Names of the classes in the sorted order of the labels in `y`.  By default the labels themselves.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    ShapeError
        If `X` is not of shape (m, 2) or `y` not of shape (m,).
    InputError
        If `X` holds NaN, infinite values or text, or `y` missing labels or more than 64 classes.
    ParameterError
        If names do not match in number.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import make_moons
    >>> from multilayer.plots import plot_data
    >>> X, y = make_moons(100, noise=0.1, random_state=0)
    >>> ax = plot_data(X, y, class_names=["upper moon", "lower moon"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['upper moon', 'lower moon']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    points = read_two_features(X)  # (m, 2)
    labels = read_labels(y, len(points))
    x_name, y_name = feature_names_for(feature_names, 2, X)
    names = read_names("class_names", class_names, len(labels.classes)) or [str(c) for c in labels.classes]

    ax = axes_or_new(ax, (6.4, 4.6), "Two features by class")
    label_axes(ax, x_name, y_name)
    write_thousands(ax.xaxis, ax.yaxis, least=YEARS)
    remove_frame(ax)
    add_legend(ax, [(scatter_class(ax, points, labels, k), name) for k, name in enumerate(names)])
    return readable(ax)


def scatter_class(ax: Axes, points: FloatArray, labels: Labels, k: int) -> PathCollection:
    """Draw the points (m, 2) of class number `k` and return the artist."""
    color, marker, area = style(k)
    # The thin dark outline keeps yellow visible on white, and a point visible on the region of its own class.
    look: dict[str, Any] = {"c": color, "marker": marker, "edgecolors": INK, "linewidths": 0.5, "alpha": 0.9}
    x, y = points[labels.codes == k].T
    return ax.scatter(x, y, s=point_size(len(points)) * area, **look)
