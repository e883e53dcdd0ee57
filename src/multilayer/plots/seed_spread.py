"""The picture of the spread over seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.plots._axes import add_legend, axes_or_new, check_result, finish, require_matplotlib
from multilayer.plots._curves import say
from multilayer.plots._style import MARK_EDGE, POSITIVE, lighten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import SeedSpread

_HALF_WIDTH = 0.3  # of a division's strip; divisions are 1 apart


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
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_seed_spread
    >>> from multilayer.selection import seed_spread
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None)
    >>> ax = plot_seed_spread(seed_spread(model, X, y, n_seeds=4))
    >>> ax.get_ylabel()
    'accuracy, mean over 5 folds'
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    from multilayer.selection import SeedSpread

    check_result(spread, SeedSpread, "seed_spread(model, X, y) of multilayer.selection")
    own_figure = ax is None
    ax = axes_or_new(ax, (max(7.4, 1.4 * spread.scores.shape[1] + 4.4), 4.2))
    handles: list[Any] = []
    names: list[str] = []
    for place, runs in enumerate(spread.runs.T):
        known = np.isfinite(runs)
        if not known.any():
            continue
        x = place + (np.linspace(-_HALF_WIDTH, _HALF_WIDTH, len(runs)) if len(runs) > 1 else np.zeros(1))
        mean, sides = float(runs[known].mean()), [place - _HALF_WIDTH - 0.08, place + _HALF_WIDTH + 0.08]
        band = None
        if math.isfinite(spread.noise_threshold) and spread.has_enough_seeds:
            half = spread.noise_threshold / 2
            band = ax.fill_between(sides, mean - half, mean + half, color=lighten(POSITIVE, 0.2), linewidth=0, zorder=1)
        (line,) = ax.plot(sides, [mean, mean], color=POSITIVE, linewidth=1.6, zorder=2)
        (points,) = ax.plot(x[known], runs[known], "o", color=POSITIVE, **MARK_EDGE, markersize=5, zorder=3)
        if not handles:
            handles, names = [points, line], ["a run: one seed", "mean of the runs"]
            if band is not None:
                handles.append(band)
                names.append(f"noise, {spread.noise_threshold:.2g}")
    divisions, folds = spread.scores.shape[1:]
    ax.set_xlim(-0.6, divisions - 0.4)
    ax.set_xticks(range(divisions), [f"{i + 1}" for i in range(divisions)] if divisions > 1 else [""])
    ax.tick_params(axis="x", length=0)
    label = spread.metric if folds == 1 else f"{spread.metric}, mean over {folds} folds"
    finish(ax, "division of the rows" if divisions > 1 else f"{len(spread.scores)} seeds", label)
    if handles:
        add_legend(ax, handles, names)
    say(ax, spread.conclusion, own_figure=own_figure)
    return ax
