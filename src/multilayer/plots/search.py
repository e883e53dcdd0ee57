"""The picture of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import unknown_name
from multilayer.plots._axes import (
    add_conclusion,
    add_legend,
    axes_or_new,
    check_result,
    finish,
    log_with_ticks,
    score_label,
    with_error,
)
from multilayer.plots._style import INK, MARK_EDGE, MUTED, NEGATIVE, PALE, POSITIVE, lighten
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import Search, Trial

# Numbers are drawn on a logarithmic axis if the largest is this many times the smallest.
_WIDE_RANGE = 20.0
_VIEW = 2.0  # times the distance from the best to the median score are drawn


def plot_search(search: Search, *, parameter: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the mean scores of the trials of a search over the folds.

    With successive halving each line is a trial, from rung to rung; most end early.  Without it, and against a
    ``parameter``, each point is a trial; those not trained to the last rung are pale, since their scores are not
    comparable.  The best trial and the simplest one within one standard error of it are marked, with error bars of one
    standard error.  The dashed line is the linear model.

    Parameters
    ----------
    search : Search
        From :func:`multilayer.selection.search`.
    parameter : str, optional
        The name of a parameter of the space, whose values are then on the x axis.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no search.
    ParameterError
        If the search had no such parameter.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier, plots, selection
    >>> model = MLPClassifier((8,), max_iter=30, n_iter_no_change=None, random_state=0)
    >>> found = selection.search(model, {"learning_rate_init": [0.001, 0.01, 0.1]}, *load_iris(return_X_y=True))
    >>> ax = plots.plot_search(found, parameter="learning_rate_init")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('learning_rate_init', 'accuracy, mean over 5 folds\\n(higher is better)')
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import Search

    check_result(search, Search, "search(model, X, y) of multilayer.selection", ax)
    names = list(dict.fromkeys(name for trial in search.trials for name in trial.params))
    if parameter is not None and parameter not in names:
        raise unknown_name("parameter", parameter, names)
    own_figure, ax = ax is None, axes_or_new(ax, (7.6, 4.6), "Search")
    best, simplest, linear = search.best, search.simplest, search.baseline
    # Of an error scikit-learn's score is the negative; what is drawn is the error itself.
    sign, metric = (-1.0, search.metric[4:]) if search.metric.startswith("neg_") else (1.0, search.metric)
    last_entry: list[tuple[Any, str]] = []
    if linear is not None and not math.isnan(linear.mean):  # drawn first, below the points
        line = ax.axhline(sign * linear.mean, color=INK, linestyle="--", linewidth=1.2, zorder=2)
        last_entry.append((line, f"linear model, {sign * linear.mean:.4g}"))
    if parameter is None and best.rung > 0 and best.epochs > 0:
        x_label, places = "epochs", {trial.number: float(trial.epochs) for trial in search.trials}
        entries = _draw_rungs(ax, search, sign)
    else:
        trials = [trial for trial in search.trials if not math.isnan(trial.mean)]
        x_label = parameter or "trial"
        values = [trial.number if parameter is None else trial.params.get(parameter) for trial in trials]
        places = dict(zip((trial.number for trial in trials), _places(ax, values), strict=True))
        entries = _draw_points(ax, search, places, sign)
    for trial, color in [(best, POSITIVE), *([(simplest, NEGATIVE)] if simplest is not best else [])]:
        if not math.isnan(trial.standard_error):
            error = trial.standard_error
            ax.errorbar(places[trial.number], sign * trial.mean, error, color=color, capsize=4, linewidth=1.4, zorder=3)
    if simplest is not best:
        x, label = places[simplest.number], with_error("simplest", sign * simplest.mean, simplest.standard_error)
        (mark,) = ax.plot(x, sign * simplest.mean, "D", color=NEGATIVE, **MARK_EDGE, markersize=7, zorder=5)
        entries.append((mark, label))
    outside = _leave_out_the_worst(ax, search, places, sign)
    add_legend(ax, [*entries, *last_entry, *outside])
    label = score_label(metric, len(best.fold_scores))
    finish(ax, x_label, f"{label}\n({'lower' if sign < 0 else 'higher'} is better)")
    add_conclusion(ax, f"Search: {len(search.trials):,} trials", search.conclusion, own_figure=own_figure)
    return readable(ax)


def _leave_out_the_worst(ax: Axes, search: Search, places: dict[int, float], sign: float) -> list[tuple[Any, str]]:
    """End the axis of scores where the differences between good trials are seen; arrows stand for those beyond."""
    means = {trial.number: trial.mean for trial in search.trials if math.isfinite(trial.mean)}
    best = search.best.mean
    # Those that ended on the first rung were trained for the shortest time, and are mostly the worst.
    later = [trial.mean for trial in search.trials if trial.number in means and trial.rung > 0]
    lowest = best - _VIEW * (best - float(np.median(later or list(means.values()))))
    for other in (search.baseline, search.simplest, search.best):
        if other is not None and math.isfinite(other.mean):
            lowest = min(lowest, other.mean - 2 * np.nan_to_num(other.standard_error))
    drawn = {number for number, place in places.items() if place > 0 or ax.get_xscale() == "linear"}
    beyond = [number for number, mean in means.items() if mean < lowest and number in drawn]
    # An axis that is a little longer needs no arrows.
    if not beyond or best - min(means[number] for number in beyond) < 1.5 * (best - lowest):
        return []
    low, high = ax.get_ylim()
    room = 0.08 * (best - lowest)  # for the arrows
    ax.set_ylim((lowest - room, high) if sign > 0 else (low, room - lowest))
    look: dict[str, Any] = {"color": PALE, "markeredgecolor": MUTED, "markersize": 7, "linestyle": "none", "zorder": 3}
    place, marker = (0.03, "v") if sign > 0 else (0.97, "^")
    heights = np.full(len(beyond), place)
    (arrows,) = ax.plot([places[n] for n in beyond], heights, marker, transform=ax.get_xaxis_transform(), **look)
    worst = sign * min(means[number] for number in beyond)
    side = ("below", "lowest") if sign > 0 else ("above", "highest")
    return [(arrows, f"{len(beyond):,} {side[0]}, {side[1]} {worst:.4g}")]


def _draw_rungs(ax: Axes, search: Search, sign: float) -> list[tuple[Any, str]]:
    """Each trial as a line from rung to rung, the best in colour."""
    entries: list[tuple[Any, str]] = []
    reached: set[int] = set()
    pale = {"color": PALE, "linewidth": 1.0, "markersize": 3.5, "markeredgecolor": MUTED, "zorder": 1}
    strong = {"color": POSITIVE, "linewidth": 2.0, "markersize": 6, "markeredgecolor": INK, "zorder": 4}
    others: list[tuple[Any, str]] = []
    for trial in search.trials:
        epochs, means = _course(trial)
        look: dict[str, Any] = strong if trial is search.best else pale
        (line,) = ax.plot(epochs, [sign * mean for mean in means], marker="o", markeredgewidth=0.5, **look)
        reached |= set(epochs)
        if trial is search.best:
            entries.append((line, with_error("best", sign * trial.mean, trial.standard_error)))
        elif not others:
            others.append((line, "another trial"))
    log_with_ticks(ax, sorted(reached))
    return [*entries, *others]


def _course(trial: Trial) -> tuple[list[int], list[float]]:
    """Epochs and mean scores on each rung; a trial that has stopped early keeps its last point."""
    course: dict[int, float] = {}
    for folds in trial.scores:
        if folds:
            course[max(scored.epochs for scored in folds)] = float(np.mean([scored.score for scored in folds]))
    known = {epochs: mean for epochs, mean in course.items() if epochs > 0 and not math.isnan(mean)}
    return list(known), list(known.values())


def _draw_points(ax: Axes, search: Search, places: dict[int, float], sign: float) -> list[tuple[Any, str]]:
    """Each trial as a point at its place, pale if it ended on an earlier rung, and the best in colour."""
    entries: list[tuple[Any, str]] = []
    for is_whole, color, label in (
        (False, PALE, "ended on an earlier rung"),
        (True, lighten(POSITIVE, 0.6), "a trial"),
    ):
        chosen = [t for t in search.trials if t.number in places and (t.rung == search.best.rung) == is_whole]
        if chosen:
            x, means = [places[trial.number] for trial in chosen], [sign * trial.mean for trial in chosen]
            look: dict[str, Any] = {"markeredgecolor": MUTED, "markeredgewidth": 0.5}
            entries.append((ax.plot(x, means, "o", color=color, **look, zorder=2)[0], label))
    best = search.best
    look = {"color": POSITIVE, "markeredgecolor": INK, "markersize": 8, "zorder": 4}
    (mark,) = ax.plot(places[best.number], sign * best.mean, "o", **look)
    return [*entries, (mark, with_error("best", sign * best.mean, best.standard_error))]


def _places(ax: Axes, values: Sequence[Any]) -> list[float]:
    """The places of values on the x axis: numbers at their value, other values side by side."""
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        if min(numbers) > 0 and max(numbers) >= _WIDE_RANGE * min(numbers):
            ax.set_xscale("log")
        return numbers
    names = [str(value) for value in _in_order(values)]
    ax.set_xticks(range(len(names)), names)
    ax.set_xlim(-0.5, len(names) - 0.5)
    return [float(names.index(str(value))) for value in values]


def _in_order(values: Sequence[Any]) -> list[Any]:
    """The distinct values: layer sizes from few and small ones to many and large ones, others in their order."""
    different = list({str(value): value for value in values}.values())
    are_sizes = all(isinstance(value, tuple) and all(isinstance(size, int) for size in value) for value in different)
    return sorted(different, key=lambda sizes: (len(sizes), sizes)) if are_sizes else different
