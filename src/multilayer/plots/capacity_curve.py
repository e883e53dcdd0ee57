"""The picture of a capacity curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import (
    add_conclusion,
    add_legend,
    axes_or_new,
    check_result,
    draw_costs,
    finish,
    log_where_wide,
    panel_below,
    panel_beside,
    size_in_inches,
)
from multilayer.plots._style import INK, LINE_COLORS, MUTED, style
from multilayer.plots.curves import draw_sides
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import CapacityCurve

_CHARACTERS = 11  # an inch, of the names below the panels
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
    >>> from multilayer import MLPClassifier, plots, selection
    >>> model = MLPClassifier(max_iter=20, n_iter_no_change=None, random_state=0)
    >>> curve = selection.capacity_curve(model, *load_iris(return_X_y=True), capacities=[(2,), (8,)])
    >>> ax = plots.plot_capacity_curve(curve)
    >>> [label.get_text() for label in ax.figure.axes[-1].get_xticklabels()]
    ['(2,)', '(8,)']
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import CapacityCurve, mean_and_error

    check_result(curve, CapacityCurve, "capacity_curve(model, X, y) of multilayer.selection", ax)
    own_figure, ax = ax is None, axes_or_new(ax, (10.0, 5.6), "Capacity curve")
    beside = panel_beside(ax)
    below = panel_below(ax)
    places = np.arange(len(curve.capacities))
    entries = draw_sides(ax, places, curve.test_scores[curve.order], curve.train_scores[curve.order])
    means, _ = mean_and_error(curve.test_scores[curve.order])
    ordered = [curve.capacities[i] for i in curve.order]
    for chosen, marker, size, label in ((curve.best, "o", 13, "best"), (curve.simplest, "s", 12, "simplest")):
        if chosen is not None:
            place = ordered.index(chosen)
            (mark,) = ax.plot(place, means[place], marker, markersize=size, fillstyle="none", color=INK, zorder=4)
            entries.append((mark, label))
    add_legend(ax, entries, "inside")
    draw_sides(below, places, curve.test_costs[curve.order], curve.train_costs[curve.order])
    log_where_wide(below, [curve.test_costs, curve.train_costs])
    names = [curve.names[i] for i in curve.order]
    tall = sum(map(len, names)) > _CHARACTERS * size_in_inches(below)[0]  # longer than the panel is wide
    below.set_xticks(places, names, rotation=45 if tall else 0, ha="right" if tall else "center")
    finish(ax, "", curve.metric)
    finish(below, "hidden layers, in the order of weights", "cost J")
    _draw_epochs(beside, curve)
    # loss_curve_ is what training minimises, with regularisation; the validation cost is without.
    finish(beside, "epoch", "cost J" + "\n(training: with regularisation)" * own_figure, has_counts=True)
    add_conclusion(ax, "Capacity curve", curve.conclusion, own_figure=own_figure, panels=True)
    return readable(ax)


def _draw_epochs(ax: Axes, curve: CapacityCurve) -> None:
    """The costs of each size epoch by epoch, and a star where the validation cost starts to rise."""
    from matplotlib.lines import Line2D

    every = 1 + (len(curve.order) - 1) // _MOST_CURVES
    entries: list[tuple[Any, str]] = []
    drawn = []
    for k, i in enumerate(curve.order[::-1][::every][::-1]):
        color, marker, _ = style(k, LINE_COLORS)
        training, validation = curve.mean_curves(i)
        drawn += [training, validation]
        look: dict[str, Any] = {"marker": marker, "marks": 5, "shift": k / _MOST_CURVES}
        dashed: dict[str, Any] = {"linestyle": "--", "linewidth": 1.0, "markersize": 4, "markerfacecolor": "white"}
        draw_costs(ax, training, color, **look, **dashed)
        draw_costs(ax, validation, color, **look, linewidth=1.5, markersize=5)
        epoch = curve.overfits_from(i)
        if epoch is not None:
            star: dict[str, Any] = {"markersize": 13, "markeredgecolor": INK, "markeredgewidth": 0.8}
            ax.plot(epoch, validation[epoch - 1], "*", color=color, **star, zorder=4)
        entries.append((Line2D([], [], color=color, marker=marker, markeredgecolor=INK, markersize=5), curve.names[i]))
    entries.append((Line2D([], [], color=MUTED), "held out" if curve.stops_early else "validation"))
    entries.append((Line2D([], [], color=MUTED, linestyle="--", linewidth=1.0), "training"))
    log_where_wide(ax, drawn)
    costs = np.concatenate([curve.mean_curves(i)[1] for i in curve.order])
    costs = costs[np.isfinite(costs) & (costs > 0)]
    if ax.get_yscale() == "log" and len(costs):
        # A training cost near 0 would fill the scale.
        ax.set_ylim(bottom=max(ax.get_ylim()[0], float(costs.min()) / _VIEW))
    add_legend(ax, entries, "above", n_columns=4)
