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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import Search, Trial

# Numbers are drawn on a logarithmic axis if the largest is this many times the smallest.
_WIDE_RANGE = 20.0


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
    ('learning_rate_init', 'accuracy, mean over 5 folds')
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import Search

    check_result(search, Search, "search(model, X, y) of multilayer.selection", ax)
    names = list(dict.fromkeys(name for trial in search.trials for name in trial.params))
    if parameter is not None and parameter not in names:
        raise unknown_name("parameter", parameter, names)
    own_figure, ax = ax is None, axes_or_new(ax, (7.6, 4.6))
    best, simplest, linear = search.best, search.simplest, search.baseline
    last_entry: list[tuple[Any, str]] = []
    if linear is not None and not math.isnan(linear.mean):  # drawn first, below the points
        line = ax.axhline(linear.mean, color=INK, linestyle="--", linewidth=1.2, zorder=2)
        last_entry.append((line, f"linear model, {linear.mean:.4g}"))
    if parameter is None and best.rung > 0 and best.epochs > 0:
        x_label, places = "epochs", {trial.number: float(trial.epochs) for trial in (best, simplest)}
        entries = _draw_rungs(ax, search)
    else:
        trials = [trial for trial in search.trials if not math.isnan(trial.mean)]
        values = [trial.number if parameter is None else trial.params.get(parameter) for trial in trials]
        x_label = parameter or "trial"
        places = dict(zip([trial.number for trial in trials], _places(ax, values), strict=True))
        entries = _draw_points(ax, search, places)
    for trial, color in [(best, POSITIVE), *([(simplest, NEGATIVE)] if simplest is not best else [])]:
        if not math.isnan(trial.standard_error):
            error = trial.standard_error
            ax.errorbar(places[trial.number], trial.mean, error, color=color, capsize=4, linewidth=1.4, zorder=3)
    if simplest is not best:
        x, label = places[simplest.number], with_error("simplest", simplest.mean, simplest.standard_error)
        (mark,) = ax.plot(x, simplest.mean, "D", color=NEGATIVE, **MARK_EDGE, markersize=7, zorder=5)
        entries.append((mark, label))
    add_legend(ax, [*entries, *last_entry], "inside")
    finish(ax, x_label, score_label(search.metric, len(best.fold_scores)))
    add_conclusion(ax, search.conclusion, own_figure=own_figure)
    return ax


def _draw_rungs(ax: Axes, search: Search) -> list[tuple[Any, str]]:
    """Each trial as a line from rung to rung, the best in colour."""
    entries: list[tuple[Any, str]] = []
    reached: set[int] = set()
    pale = {"color": PALE, "linewidth": 1.0, "markersize": 3.5, "markeredgecolor": PALE, "zorder": 1}
    strong = {"color": POSITIVE, "linewidth": 2.0, "markersize": 6, "markeredgecolor": INK, "zorder": 4}
    for trial in search.trials:
        epochs, means = _course(trial)
        look: dict[str, Any] = strong if trial is search.best else pale
        (line,) = ax.plot(epochs, means, marker="o", markeredgewidth=0.5, **look)
        reached |= set(epochs)
        if trial is search.best:
            entries.append((line, with_error("best", trial.mean, trial.standard_error)))
    log_with_ticks(ax, sorted(reached))
    return entries


def _course(trial: Trial) -> tuple[list[int], list[float]]:
    """Epochs and mean scores on each rung; a trial that has stopped early keeps its last point."""
    course: dict[int, float] = {}
    for folds in trial.scores:
        if folds:
            course[max(scored.epochs for scored in folds)] = float(np.mean([scored.score for scored in folds]))
    known = {epochs: mean for epochs, mean in course.items() if epochs > 0 and not math.isnan(mean)}
    return list(known), list(known.values())


def _draw_points(ax: Axes, search: Search, places: dict[int, float]) -> list[tuple[Any, str]]:
    """Each trial as a point at its place, pale if it ended on an earlier rung, and the best in colour."""
    entries: list[tuple[Any, str]] = []
    for is_whole, color, label in (
        (False, PALE, "ended on an earlier rung"),
        (True, lighten(POSITIVE, 0.6), "a trial"),
    ):
        chosen = [t for t in search.trials if t.number in places and (t.rung == search.best.rung) == is_whole]
        if chosen:
            x, means = [places[trial.number] for trial in chosen], [trial.mean for trial in chosen]
            look: dict[str, Any] = {"markeredgecolor": MUTED, "markeredgewidth": 0.5}
            entries.append((ax.plot(x, means, "o", color=color, **look, zorder=2)[0], label))
    best = search.best
    (mark,) = ax.plot(places[best.number], best.mean, "o", color=POSITIVE, markeredgecolor=INK, markersize=8, zorder=4)
    return [*entries, (mark, with_error("best", best.mean, best.standard_error))]


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
