"""The pictures of a learning curve, a regularization path and the spread over seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from multilayer.plots._axes import (
    add_conclusion,
    add_legend,
    axes_or_new,
    check_result,
    finish,
    log_where_wide,
    log_with_ticks,
    panel_below,
    panel_beside,
    score_label,
    side_by_side,
)
from multilayer.plots._inputs import FloatArray
from multilayer.plots._style import LINE_COLORS, MARK_EDGE, MUTED, NEGATIVE, POSITIVE, lighten, style
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from multilayer.selection import LearningCurve, RegularizationPath, SeedSpread

_HALF_WIDTH = 0.3  # of the strip of a division of the rows; divisions are 1 apart


class _Side(NamedTuple):
    """How training or validation looks, in grey as well: by line and marker."""

    color: str
    line: str
    marker: str


_SIDES = {"validation": _Side(POSITIVE, "-", "o"), "training": _Side(NEGATIVE, "--", "^")}


def plot_learning_curve(curve: LearningCurve, *, ax: Axes | None = None) -> Axes:
    """Draw training and validation score against the number of rows, with the conclusion.

    Lines are means over the folds and bands one standard error.  The number of rows is on a logarithmic scale.

    Parameters
    ----------
    curve : LearningCurve
        From :func:`multilayer.selection.learning_curve`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no learning curve.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier, plots, selection
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> ax = plots.plot_learning_curve(selection.learning_curve(model, *load_iris(return_X_y=True)))
    >>> ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()
    ('training rows', 'accuracy', 'log')
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import LearningCurve

    check_result(curve, LearningCurve, "learning_curve(model, X, y) of multilayer.selection", ax)
    own_figure, ax = ax is None, axes_or_new(ax, (7.2, 4.4), "Learning curve")
    log_with_ticks(ax, curve.sizes.tolist())
    entries = draw_sides(ax, curve.sizes, curve.test_scores, curve.train_scores)
    finish(ax, "training rows", curve.metric)
    add_conclusion(ax, "Learning curve", curve.conclusion, own_figure=own_figure)
    add_legend(ax, entries, "inside")
    return readable(ax)


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
    >>> from multilayer import MLPClassifier, plots, selection
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> path = selection.regularization_path(model, *load_iris(return_X_y=True), alphas=[0.01, 1, 100])
    >>> ax = plots.plot_regularization_path(path)
    >>> ax.get_xscale(), ax.get_ylabel()
    ('log', 'accuracy')
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import RegularizationPath

    check_result(path, RegularizationPath, "regularization_path(model, X, y) of multilayer.selection", ax)
    own_figure, ax = ax is None, axes_or_new(ax, (10.0, 5.2), "Regularization path")
    beside = panel_beside(ax)
    below = panel_below(ax)
    entries = draw_sides(ax, path.alphas, path.test_scores, path.train_scores)
    draw_sides(below, path.alphas, path.test_costs, path.train_costs)
    layers: list[tuple[Any, str]] = []
    for layer in range(path.norms.shape[2]):
        color, marker, _ = style(layer, LINE_COLORS)
        line = _draw_band(beside, path.alphas, path.norms[:, :, layer], _Side(color, "-", marker))
        layers.append((line, f"layer {layer + 1} to {layer + 2}"))
    for alpha, line_style, name in ((path.best, ":", "best"), (path.simplest, "-.", "simplest")):
        if np.isfinite(path.best) and (name == "best" or alpha != path.best):
            look: dict[str, Any] = {"color": MUTED, "linestyle": line_style, "linewidth": 1.4, "zorder": 1}
            entries.append((ax.axvline(alpha, **look), f"{name}, {alpha:g}"))
            below.axvline(alpha, **look)
    _scale_alphas(path, ax)
    _scale_alphas(path, beside)
    log_where_wide(below, [path.test_costs, path.train_costs])
    log_where_wide(beside, [path.norms])
    finish(ax, "", path.metric)
    finish(below, "alpha", "cost J")
    finish(beside, "alpha", "norm of a layer's weights")
    # Above the panel a legend covers no curve; on axes that were given the title is there, and little width.
    place = "above" if own_figure else "inside"
    add_legend(ax, entries, place, n_columns=2)
    add_legend(beside, layers, place, n_columns=3)
    add_conclusion(ax, "Regularization path", path.conclusion, own_figure=own_figure, panels=True)
    return readable(ax)


def plot_seed_spread(spread: SeedSpread, *, ax: Axes | None = None) -> Axes:
    """Draw the score of each run, and the range within which two of them differ by their seed alone.

    A point is a run, the mean over the folds with one seed.  A line is the mean of a division of the rows.
    The band is as high as ``noise_threshold``, with the mean in its middle: two runs in it may differ by their seed
    alone.  With too few seeds there is no band.

    Parameters
    ----------
    spread : SeedSpread
        From :func:`multilayer.selection.seed_spread`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no spread over seeds.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier, plots, selection
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None)
    >>> ax = plots.plot_seed_spread(selection.seed_spread(model, *load_iris(return_X_y=True), n_seeds=4))
    >>> ax.get_ylabel()
    'accuracy, mean over 5 folds'
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import SeedSpread

    check_result(spread, SeedSpread, "seed_spread(model, X, y) of multilayer.selection", ax)
    own_figure, ax = (
        ax is None,
        axes_or_new(ax, (max(7.4, 1.4 * spread.scores.shape[1] + 4.4), 4.2), "Spread over seeds"),
    )
    entries: list[tuple[Any, str]] = []
    for place, runs in enumerate(spread.runs.T):
        known = np.isfinite(runs)
        if not known.any():
            continue
        x = place + side_by_side(len(runs), _HALF_WIDTH)[known]
        mean, ends = float(runs[known].mean()), [place - _HALF_WIDTH - 0.08, place + _HALF_WIDTH + 0.08]
        (line,) = ax.plot(ends, [mean, mean], color=POSITIVE, linewidth=1.6, zorder=2)
        (points,) = ax.plot(x, runs[known], "o", color=POSITIVE, **MARK_EDGE, markersize=5, zorder=3)
        entries = [(points, "a run: one seed"), (line, "mean of the runs")]
        if np.isfinite(spread.noise_threshold) and spread.has_enough_seeds:
            low, high = mean - spread.noise_threshold / 2, mean + spread.noise_threshold / 2
            band = ax.fill_between(ends, low, high, color=lighten(POSITIVE, 0.2), linewidth=0, zorder=1)
            entries.append((band, f"noise, {spread.noise_threshold:.2g}"))
    divisions, folds = spread.scores.shape[1:]
    ax.set_xlim(-0.6, divisions - 0.4)
    ax.set_xticks(range(divisions), [f"{i + 1}" for i in range(divisions)] if divisions > 1 else [""])
    ax.tick_params(axis="x", length=0)
    x_label = "division of the rows" if divisions > 1 else f"{len(spread.scores)} seeds"
    finish(ax, x_label, score_label(spread.metric, folds))
    if entries:
        add_legend(ax, entries)
    add_conclusion(ax, "Spread over seeds", spread.conclusion, own_figure=own_figure)
    return readable(ax)


def draw_sides(ax: Axes, x: ArrayLike, validation: FloatArray, training: FloatArray) -> list[tuple[Any, str]]:
    """The bands of validation and training (n, folds) over `x`, with labels for the legend."""
    given = {"validation": validation, "training": training}
    return [(_draw_band(ax, x, given[name], side), name) for name, side in _SIDES.items()]


def _draw_band(ax: Axes, x: ArrayLike, values: FloatArray, side: _Side) -> Line2D:
    """The mean over the folds of (n, folds) as a line with markers, and a pale band of one standard error."""
    from multilayer.selection import mean_and_error

    x, (mean, error) = np.asarray(x, dtype=np.float64), mean_and_error(values)
    known = np.isfinite(error)
    if known.any():
        low, high = np.where(known, mean - error, np.nan), np.where(known, mean + error, np.nan)
        ax.fill_between(x, low, high, color=lighten(side.color, 0.25), linewidth=0, zorder=1)
        # The edges tell two bands apart where they overlap.
        for edge in (low, high):
            ax.plot(x, edge, color=lighten(side.color, 0.55), linewidth=0.7, linestyle=side.line, zorder=2)
    look: dict[str, Any] = {"color": side.color, "linestyle": side.line, "marker": side.marker, "linewidth": 1.6}
    return ax.plot(x, mean, markersize=6, zorder=3, **look, **MARK_EDGE)[0]


def _scale_alphas(path: RegularizationPath, ax: Axes) -> None:
    """Logarithmic; with an alpha of 0, which has no logarithm, linear up to the smallest other."""
    positive = path.alphas[path.alphas > 0]
    if len(positive) == len(path.alphas):
        ax.set_xscale("log")
    elif len(positive):
        ax.set_xscale("symlog", linthresh=float(positive.min()))
        ax.set_xlim(left=-0.3 * float(positive.min()))
