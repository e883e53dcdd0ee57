"""Means over folds with bands of one standard error, conclusions and scales, for the pictures of results."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from multilayer.plots._axes import figure_of, size_in_inches
from multilayer.plots._inputs import FloatArray
from multilayer.plots._style import INK, MARK_EDGE, NEGATIVE, POSITIVE, lighten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Costs are drawn on a logarithmic scale where the largest is this many times the smallest.
WIDE_RANGE = 10.0
_CHARACTER = 0.067  # inches, the mean width of a character of a caption


class Side(NamedTuple):
    """How training or validation looks, in grey as well: by line and marker."""

    name: str
    color: str
    line: str
    marker: str


VALIDATION = Side("validation", POSITIVE, "-", "o")
TRAINING = Side("training", NEGATIVE, "--", "^")


def draw_band(ax: Axes, x: Any, values: FloatArray, side: Side) -> Any:
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
    (line,) = ax.plot(x, mean, markersize=6, zorder=3, **look, **MARK_EDGE)
    return line


def say(ax: Axes, conclusion: str, *, own_figure: bool, panels: bool = False) -> None:
    """The conclusion above the axes, or above all panels of a figure of one's own.

    On axes that were given there may be no room for more than its first sentence.
    """
    figure = figure_of(ax)
    look: dict[str, Any] = {"fontsize": 9, "color": INK, "parse_math": False}
    if not own_figure:
        first = conclusion.split(". ")[0].rstrip(".") + "."
        ax.set_title(_wrapped(first, size_in_inches(ax)[0]), loc="left", **look)
        return
    width = figure.bbox.width / figure.dpi
    if panels:
        figure.suptitle(_wrapped(conclusion, 0.95 * width), x=0.02, ha="left", **look)
    else:
        ax.set_title(_wrapped(conclusion, 0.87 * width), loc="left", **look)


def _wrapped(text: str, inches: float) -> str:
    return "\n".join(textwrap.wrap(text, max(30, int(inches / _CHARACTER))))


def log_where_wide(ax: Axes, costs: Iterable[Any]) -> None:
    """A logarithmic scale where costs are all positive and the largest is ten times the smallest."""
    known = np.concatenate([np.empty(0), *(np.ravel(each) for each in costs)])
    known = known[np.isfinite(known)]
    if len(known) and known.min() > 0 and known.max() >= WIDE_RANGE * known.min():
        ax.set_yscale("log")


def plain_ticks(ax: Axes, values: Sequence[float]) -> None:
    """On a logarithmic x axis the measured numbers themselves, as long as they do not run into each other."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    places = np.log10(np.asarray(values, dtype=np.float64))
    room = size_in_inches(ax)[0] / max(float(np.ptp(places)), 1e-9)  # inches a power of ten
    kept: list[float] = []
    for value, place in sorted(zip(values, places, strict=True), reverse=True):
        need = (len(f"{value:,.0f}") + 1.5) * 0.085
        if not kept or (np.log10(kept[-1]) - place) * room >= need:
            kept.append(float(value))
    ax.xaxis.set_major_locator(FixedLocator(kept[::-1]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())
