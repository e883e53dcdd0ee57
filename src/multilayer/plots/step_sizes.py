"""The picture of a step-size test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import InputError
from multilayer.plots._axes import add_legend, axes_or_new, check_result, finish
from multilayer.plots._style import INK, LINE_COLORS, NEGATIVE, PALE, POSITIVE
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import StepSizeTest


def plot_step_sizes(test: StepSizeTest, *, log: bool = False, ax: Axes | None = None) -> Axes:
    """Draw the cost against the step size, on a logarithmic scale, and mark the suggestion.

    The costs of the batches are pale points, and their smoothed curve is blue.  A vermilion line marks the suggestion,
    which depends on the step sizes of the steepest fall (a circle) and of the lowest cost (a square).

    Parameters
    ----------
    test : StepSizeTest
        From :func:`multilayer.selection.find_step_size`.
    log : bool, default False
        Draw the cost on a logarithmic scale too.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no such test, or with ``log=True`` has costs that are not positive.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer import MLPClassifier, plots, selection
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> ax = plots.plot_step_sizes(selection.find_step_size(MLPClassifier((8,), random_state=0), X, y))
    >>> ax.get_xscale()
    'log'
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import StepSizeTest

    check_result(test, StepSizeTest, "find_step_size(model, X, y) of multilayer.selection", ax)
    costs, smoothed = test.costs, test.smoothed
    lowest = float(smoothed.min())
    if log and lowest <= 0:
        raise InputError(f"log=True needs positive costs, got {lowest:g}. Use log=False.")
    ax = axes_or_new(ax, (7.2, 4.2), "Cost by step size")
    ax.set_xscale("log")
    (points,) = ax.plot(test.step_sizes, costs, ".", color=PALE, markersize=4, zorder=1)
    (curve,) = ax.plot(test.step_sizes, smoothed, color=POSITIVE, linewidth=1.8, zorder=2)
    entries: list[tuple[Any, str]] = [(points, "cost of a batch"), (curve, "smoothed")]
    for step, marker, color, name in (
        (test.steepest, "o", LINE_COLORS[2], "falls fastest"),
        (test.lowest, "s", LINE_COLORS[3], "lowest"),
    ):
        if step is not None and test.suggestion is not None:
            height = smoothed[int(np.searchsorted(test.step_sizes, step))]
            (mark,) = ax.plot([step], [height], marker, color=color, markeredgecolor=INK, markersize=8, zorder=4)
            entries.append((mark, f"{name}, {step:.2g}"))
    if test.suggestion is not None:
        line = ax.axvline(test.suggestion, color=NEGATIVE, linestyle="--", linewidth=1.5, zorder=3)
        entries.append((line, f"suggestion, {test.suggestion:.2g}"))
    # Scales on which the fall is visible, even if single costs are very large.
    high = float(smoothed[: int(smoothed.argmin()) + 1].max())
    if log:
        ax.set_yscale("log", nonpositive="mask")
        ratio = max(high / lowest, 1.5)
        ax.set_ylim(lowest / ratio**0.3, high * ratio**0.3)
    else:
        low = min(lowest, float(np.quantile(costs, 0.02)))
        room = max(high - low, 1e-3 * abs(high), 1e-300)
        ax.set_ylim(low - 0.08 * room, high + 0.3 * room)
    finish(ax, "step size", "cost J")
    add_legend(ax, entries)
    return readable(ax)
