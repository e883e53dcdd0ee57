"""The picture of a capacity curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import (
    axes_or_new,
    check_result,
    count_along_x,
    finish,
    legend_above,
    legend_inside,
    panel_below,
    panel_beside,
    require_matplotlib,
    size_in_inches,
)
from multilayer.plots._curves import TRAINING, VALIDATION, draw_band, log_where_wide, say
from multilayer.plots._style import INK, LINE_COLORS, MARK_EDGE, MUTED, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import CapacityCurve

_CHARACTERS = 11  # an inch, of the names below the panels
_MARKS_PER_CURVE = 5
_VIEW = 8.0  # the scale of costs starts at the lowest validation cost divided by this
_MOST_CURVES = 7  # in the right panel


def plot_capacity_curve(curve: CapacityCurve, *, ax: Axes | None = None) -> Axes:
    """Draw the scores and costs of networks of all sizes, their costs epoch by epoch, and the conclusion.

    The number of weights grows from left to right.  Lines are means over the folds and bands one standard error.  A
    ring marks the best score, a square the simplest size within one standard error of it.  In the right panel
    validation costs are solid, training costs dashed, and a star marks where a validation cost starts to rise.  These
    training costs include regularisation; all other costs do not.  Of more than seven sizes every other one is shown
    there.  Very small training costs are outside the picture, and a fold that ended earlier counts with its last cost.

    Parameters
    ----------
    curve : CapacityCurve
        From :func:`multilayer.selection.capacity_curve`.
    ax : matplotlib Axes, optional
        Where to draw; costs take its lower third and right half.  By default a new figure.

    Returns
    -------
    matplotlib Axes
        That of the scores.

    Raises
    ------
    InputError
        If it is no capacity curve.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_capacity_curve
    >>> from multilayer.selection import capacity_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(max_iter=20, n_iter_no_change=None, random_state=0)
    >>> ax = plot_capacity_curve(capacity_curve(model, X, y, capacities=[(2,), (8,)]))
    >>> [label.get_text() for label in ax.figure.axes[-1].get_xticklabels()]
    ['(2,)', '(8,)']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    from multilayer.selection import CapacityCurve

    check_result(curve, CapacityCurve, "capacity_curve(model, X, y) of multilayer.selection")
    own_figure, ax = ax is None, axes_or_new(ax, (10.0, 5.6))
    beside = panel_beside(ax)
    below = panel_below(ax)
    places = np.arange(len(curve.capacities))
    _draw_scores(ax, curve, places)
    for side, costs in ((VALIDATION, curve.test_costs), (TRAINING, curve.train_costs)):
        draw_band(below, places, costs[curve.order], side)
    log_where_wide(below, [curve.test_costs, curve.train_costs])
    names = [curve.names[i] for i in curve.order]
    tall = sum(map(len, names)) > _CHARACTERS * size_in_inches(below)[0]  # longer than the panel is wide
    below.set_xticks(places, names, rotation=45 if tall else 0, ha="right" if tall else "center")
    ax.tick_params(axis="x", labelbottom=False)
    finish(ax, "", curve.metric)
    finish(below, "hidden layers, in the order of weights", "cost J")
    _draw_epochs(beside, curve)
    if own_figure:  # elsewhere there is no room for a second line
        # loss_curve_ is what training minimises, with regularisation; the validation cost is without.
        beside.set_ylabel("cost J\n(training: with regularisation)")
    say(ax, curve.conclusion, own_figure=own_figure, panels=True)
    return ax


def _draw_scores(ax: Axes, curve: CapacityCurve, places: Any) -> None:
    sides = ((VALIDATION, curve.test_scores), (TRAINING, curve.train_scores))
    handles = [draw_band(ax, places, scores[curve.order], side) for side, scores in sides]
    labels = [side.name for side, _ in sides]
    from multilayer.selection import mean_and_error

    means, _ = mean_and_error(curve.test_scores[curve.order])
    ordered = [curve.capacities[i] for i in curve.order]
    for chosen, marker, size, label in (
        (curve.best, "o", 13, "best"),
        (curve.simplest, "s", 12, "simplest"),
    ):
        if chosen is not None:
            place = ordered.index(chosen)
            (mark,) = ax.plot(place, means[place], marker, markersize=size, fillstyle="none", color=INK, zorder=4)
            handles.append(mark)
            labels.append(label)
    legend_inside(ax, handles, labels)


def _draw_epochs(ax: Axes, curve: CapacityCurve) -> None:
    from matplotlib.lines import Line2D

    every = 1 + (len(curve.order) - 1) // _MOST_CURVES
    handles, labels, drawn = [], [], []
    for k, i in enumerate(curve.order[::-1][::every][::-1]):
        look = style(k, LINE_COLORS)
        for costs, line in zip(curve.mean_curves(i), ("--", "-"), strict=True):
            drawn.append(costs)
            step = max(1, len(costs) // _MARKS_PER_CURVE)
            ax.plot(
                np.arange(1, len(costs) + 1),
                costs,
                color=look.color,
                linestyle=line,
                linewidth=1.5 if line == "-" else 1.0,
                marker=look.marker,
                markerfacecolor=look.color if line == "-" else "white",
                markevery=(k * step // _MOST_CURVES, step),
                markersize=5 if line == "-" else 4,
                **MARK_EDGE,
            )
        _mark_the_rise(ax, curve, i, look.color)
        handles.append(Line2D([], [], color=look.color, marker=look.marker, markeredgecolor=INK, markersize=5))
        labels.append(curve.names[i])
    handles += [Line2D([], [], color=MUTED), Line2D([], [], color=MUTED, linestyle="--", linewidth=1.0)]
    labels += ["held out" if curve.stops_early else "validation", "training"]
    log_where_wide(ax, drawn)
    _keep_validation_in_view(ax, curve)
    count_along_x(ax)
    finish(ax, "iteration", "cost J")
    legend_above(ax, handles, labels, ncols=4)


def _keep_validation_in_view(ax: Axes, curve: CapacityCurve) -> None:
    """Limit the scale, since a training cost near 0 would fill a logarithmic one."""
    costs = np.concatenate([curve.mean_curves(i)[1] for i in curve.order])
    costs = costs[np.isfinite(costs) & (costs > 0)]
    if ax.get_yscale() == "log" and len(costs):
        ax.set_ylim(bottom=max(ax.get_ylim()[0], float(costs.min()) / _VIEW))


def _mark_the_rise(ax: Axes, curve: CapacityCurve, i: int, color: str) -> None:
    epoch = curve.overfits_from(i)
    if epoch is not None:
        cost = curve.mean_curves(i)[1][epoch - 1]
        ax.plot(epoch, cost, "*", color=color, markersize=13, markeredgecolor=INK, markeredgewidth=0.8, zorder=4)
