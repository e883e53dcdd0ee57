"""The picture of a regularization path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import (
    axes_or_new,
    check_result,
    finish,
    legend_above,
    legend_inside,
    panel_below,
    panel_beside,
    require_matplotlib,
)
from multilayer.plots._curves import TRAINING, VALIDATION, Side, draw_band, log_where_wide, say
from multilayer.plots._style import LINE_COLORS, MUTED, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import RegularizationPath


def plot_regularization_path(path: RegularizationPath, *, ax: Axes | None = None) -> Axes:
    """Draw score, cost and the norm of each layer's weights against alpha, with the conclusion.

    Lines are means over the folds and bands one standard error; alpha is on a logarithmic scale.  A dotted line marks
    the best alpha, a dash-dotted line the simplest, the largest within one standard error of it.

    Parameters
    ----------
    path : RegularizationPath
        From :func:`multilayer.selection.regularization_path`.
    ax : matplotlib Axes, optional
        Where to draw; norms take its right half and costs its lower third.  By default a new figure.

    Returns
    -------
    matplotlib Axes
        That of the scores.

    Raises
    ------
    InputError
        If it is no regularization path.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_regularization_path
    >>> from multilayer.selection import regularization_path
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> ax = plot_regularization_path(regularization_path(model, X, y, alphas=[0.01, 1, 100]))
    >>> ax.get_xscale(), ax.get_ylabel()
    ('log', 'accuracy')
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    from multilayer.selection import RegularizationPath

    check_result(path, RegularizationPath, "regularization_path(model, X, y) of multilayer.selection")
    own_figure, ax = ax is None, axes_or_new(ax, (10.0, 5.2))
    beside = panel_beside(ax)
    below = panel_below(ax)
    handles, names = [], []
    for side, scores, costs in (
        (VALIDATION, path.test_scores, path.test_costs),
        (TRAINING, path.train_scores, path.train_costs),
    ):
        handles.append(draw_band(ax, path.alphas, scores, side))
        names.append(side.name)
        draw_band(below, path.alphas, costs, side)
    for layer in range(path.norms.shape[2]):
        look = style(layer, LINE_COLORS)
        draw_band(beside, path.alphas, path.norms[:, :, layer], Side("", look.color, "-", look.marker))
    for alpha, line, name in _choices(path):
        marks = [each.axvline(alpha, color=MUTED, linestyle=line, linewidth=1.4, zorder=1) for each in (ax, below)]
        handles.append(marks[0])
        names.append(f"{name}, {alpha:g}")
    _scale_alphas(path, ax, beside)
    log_where_wide(below, [path.test_costs, path.train_costs])
    log_where_wide(beside, [path.norms])
    finish(ax, "", path.metric)
    finish(below, "alpha", "cost J")
    finish(beside, "alpha", "norm of a layer's weights")
    ax.tick_params(axis="x", labelbottom=False)
    _legend(ax, handles, names, 2, own_figure=own_figure)
    layers = [line for line in beside.lines if line.get_marker() not in ("None", "", None)]
    of_layers = [f"layer {i} to {i + 1}" for i in range(1, len(layers) + 1)]
    _legend(beside, layers, of_layers, 3, own_figure=own_figure)
    say(ax, path.conclusion, own_figure=own_figure, panels=True)
    return ax


def _legend(ax: Axes, handles: list[Any], names: list[str], ncols: int, *, own_figure: bool) -> None:
    """Above the panel, where it covers no curve; on axes that were given the title is there, and little width."""
    if own_figure:
        legend_above(ax, handles, names, ncols=ncols)
    else:
        legend_inside(ax, handles, names)


def _choices(path: RegularizationPath) -> list[tuple[float, str, str]]:
    """The alphas to mark, each with its line and name."""
    if not np.isfinite(path.best):
        return []
    if path.best == path.simplest:
        return [(path.best, ":", "best")]
    return [(path.best, ":", "best"), (path.simplest, "-.", "simplest")]


def _scale_alphas(path: RegularizationPath, *axes: Axes) -> None:
    """Logarithmic; with an alpha of 0, which has no logarithm, linear up to the smallest other."""
    positive = path.alphas[path.alphas > 0]
    for ax in axes:
        if not len(positive):
            continue
        if len(positive) == len(path.alphas):
            ax.set_xscale("log")
        else:
            least = float(positive.min())
            ax.set_xscale("symlog", linthresh=least)
            ax.set_xlim(left=-0.3 * least)
