"""The picture of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import unknown_name
from multilayer.plots._axes import axes_or_new, check_result, finish, legend_inside, require_matplotlib
from multilayer.plots._curves import plain_ticks, say
from multilayer.plots._style import INK, MARK_EDGE, MUTED, NEGATIVE, PALE, POSITIVE, lighten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import Search, Trial

# Numbers are drawn on a logarithmic axis if the largest is this many times the smallest.
WIDE_RANGE = 20.0


def plot_search(search: Search, *, parameter: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the mean scores of the trials of a search over the folds.

    With successive halving each line is a trial, from rung to rung; most end early.  Without it, and against a
    ``parameter``, each point is a trial; those not trained to the last rung are pale, since their scores are not
    comparable.  The best trial is marked with its standard error, and so is the simplest within one standard error of
    it.  The dashed line is the linear model.

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
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_search
    >>> from multilayer.selection import search
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), max_iter=30, n_iter_no_change=None, random_state=0)
    >>> found = search(model, {"learning_rate_init": [0.001, 0.01, 0.1]}, X, y)
    >>> ax = plot_search(found, parameter="learning_rate_init")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('learning_rate_init', 'accuracy, mean over 5 folds')
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    from multilayer.selection import Search

    check_result(search, Search, "search(model, X, y) of multilayer.selection")
    names = list(dict.fromkeys(name for trial in search.trials for name in trial.params))
    if parameter is not None and parameter not in names:
        raise unknown_name("parameter", parameter, names)
    own_figure = ax is None
    ax = axes_or_new(ax, (7.6, 4.6))
    handles, labels = _draw_linear(ax, search)
    if parameter is None and search.best.rung > 0 and search.best.epochs > 0:
        x_label = "epochs"
        drawn = _draw_rungs(ax, search)
    else:
        x_label = parameter or "trial"
        drawn = _draw_points(ax, search, parameter)
    legend_inside(ax, [*drawn[0], *handles], [*drawn[1], *labels])
    n_folds = len(search.best.fold_scores)
    finish(ax, x_label, search.metric if n_folds == 1 else f"{search.metric}, mean over {n_folds} folds")
    say(ax, search.conclusion, own_figure=own_figure)
    return ax


def _draw_linear(ax: Axes, search: Search) -> tuple[list[Any], list[str]]:
    linear = search.baseline
    if linear is None or math.isnan(linear.mean):
        return [], []
    line = ax.axhline(linear.mean, color=INK, linestyle="--", linewidth=1.2, zorder=2)
    return [line], [f"linear model, {linear.mean:.4g}"]


def _draw_rungs(ax: Axes, search: Search) -> tuple[list[Any], list[str]]:
    handles, labels = [], []
    for trial in search.trials:
        epochs, means = _course(trial)
        is_best = trial is search.best
        (line,) = ax.plot(
            epochs,
            means,
            color=POSITIVE if is_best else PALE,
            linewidth=2.0 if is_best else 1.0,
            marker="o",
            markersize=6 if is_best else 3.5,
            markeredgecolor=INK if is_best else PALE,
            markeredgewidth=0.5,
            zorder=4 if is_best else 1,
        )
        if is_best:
            handles.append(line)
            labels.append(_named("best", trial))
    ax.set_xscale("log")
    reached = sorted({epochs for trial in search.trials for epochs in _course(trial)[0]})
    plain_ticks(ax, reached)
    _draw_error(ax, search.best.epochs, search.best)
    if search.simplest is not search.best:
        handles.append(_draw_simplest(ax, search.simplest.epochs, search.simplest))
        labels.append(_named("simplest", search.simplest))
    return handles, labels


def _course(trial: Trial) -> tuple[list[int], list[float]]:
    """Epochs and mean scores on each rung; a trial that has stopped early keeps its last point."""
    course: dict[int, float] = {}
    for folds in trial.scores:
        if folds:
            course[max(scored.epochs for scored in folds)] = float(np.mean([scored.score for scored in folds]))
    known = {epochs: mean for epochs, mean in course.items() if epochs > 0 and not math.isnan(mean)}
    return list(known), list(known.values())


def _draw_points(ax: Axes, search: Search, parameter: str | None) -> tuple[list[Any], list[str]]:
    trials = [trial for trial in search.trials if not math.isnan(trial.mean)]
    values = [trial.number if parameter is None else trial.params.get(parameter) for trial in trials]
    places = _places(ax, values)
    last = search.best.rung
    handles, labels = [], []
    for is_whole, color, label in (
        (False, PALE, "ended on an earlier rung"),
        (True, lighten(POSITIVE, 0.6), "a trial"),
    ):
        chosen = [i for i, trial in enumerate(trials) if (trial.rung == last) == is_whole]
        if not chosen:
            continue
        means = [trials[i].mean for i in chosen]
        (points,) = ax.plot(
            [places[i] for i in chosen], means, "o", color=color, markeredgecolor=MUTED, markeredgewidth=0.5, zorder=2
        )
        handles.append(points)
        labels.append(label)
    place = dict(zip([trial.number for trial in trials], places, strict=True))
    best = search.best
    _draw_error(ax, place[best.number], best)
    handles += ax.plot(place[best.number], best.mean, "o", color=POSITIVE, markeredgecolor=INK, markersize=8, zorder=4)
    labels.append(_named("best", best))
    if search.simplest is not best:
        handles.append(_draw_simplest(ax, place[search.simplest.number], search.simplest))
        labels.append(_named("simplest", search.simplest))
    return handles, labels


def _places(ax: Axes, values: Sequence[Any]) -> list[float]:
    """The places of values on the x axis: numbers at their value, other values side by side."""
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        if min(numbers) > 0 and max(numbers) >= WIDE_RANGE * min(numbers):
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


def _draw_error(ax: Axes, place: float, trial: Trial) -> None:
    if not math.isnan(trial.standard_error):
        ax.errorbar(place, trial.mean, trial.standard_error, color=POSITIVE, capsize=4, linewidth=1.4, zorder=3)


def _draw_simplest(ax: Axes, place: float, trial: Trial) -> Any:
    (points,) = ax.plot(place, trial.mean, "D", color=NEGATIVE, **MARK_EDGE, markersize=7, zorder=5)
    return points


def _named(what: str, trial: Trial) -> str:
    error = "" if math.isnan(trial.standard_error) else f" ± {trial.standard_error:.2g}"
    return f"{what}, {trial.mean:.4g}{error}"
