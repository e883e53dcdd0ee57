"""The picture of the cost of one or more runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import InputError
from multilayer.plots._axes import add_legend, axes_or_new, count_along_x, finish, panel_below, require_matplotlib
from multilayer.plots._inputs import FloatArray
from multilayer.plots._runs import Run, read_runs, skipped
from multilayer.plots._style import INK, LINE_COLORS, MARK_EDGE, MUTED, PALE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Up to this many runs each has its own look; of more, the best is shown against the rest.
_MAX_STYLED = 16
_MARKS_PER_CURVE = 7


def plot_cost(
    runs: Any,
    *,
    labels: Sequence[str] | None = None,
    log: bool = False,
    scores: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cost of one or more training runs against the iteration.

    Training costs are solid and validation costs dashed, and a star marks the lowest validation cost.  For a single run
    with validation scores, a dotted line marks the iteration of the highest score, whose weights an estimator keeps, if
    it is another one.  Up to 16 runs differ in colour or marker, the first seven in both.  Of more runs, the one with
    the lowest final cost (on validation data, if there are any) is drawn against those costs of the others, thin and
    grey.  Gaps in a curve are costs that are not finite or, with ``log=True``, not positive.

    Parameters
    ----------
    runs : fitted estimator, array-like of shape (T,), history, or a list or dict of these
        An estimator with ``loss_curve_`` (and ``validation_loss_curve_``), also inside a pipeline or search;
        the costs of T iterations; or an object with ``costs``, ``validation_costs`` and ``validation_scores``.  A dict
        maps labels to runs.
    labels : sequence of str, optional
        One label for each run.  By default the keys of a dict, or "run 1", "run 2", ...
    log : bool, default False
        Draw the cost on a logarithmic scale.
    scores : bool, default False
        Draw the validation scores of a single run in a panel of their own below; the Axes returned is that of the
        costs.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If there is no run, or one has no costs, or costs that are not numbers; with ``scores=True``, if there is more
        than one run, or no validation scores.
    ShapeError
        If costs are not of shape (T,).
    ParameterError
        If there is not one label for each run.
    NotFittedError
        If an estimator is not fitted.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer.plots import plot_cost
    >>> ax = plot_cost({"alpha = 0.1": [0.7, 0.6, 0.5], "alpha = 1": [0.7, 0.4, 0.3]})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['alpha = 0.1', 'alpha = 1']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    curves = read_runs(runs, labels)
    if log and not any(np.any(_positive(run.costs)) for run in curves):
        raise InputError("log=True needs positive costs, and there is none. Use log=False.")
    if scores and (len(curves) > 1 or curves[0].scores is None):
        received = f"{len(curves)} runs" if len(curves) > 1 else "a run without"
        raise InputError(
            f"scores=True needs one run with validation scores, got {received}. Pass an estimator fitted with "
            "early_stopping=True or X_val, or use scores=False."
        )

    ax = axes_or_new(ax, (7.2, 5.4 if scores else 4.2))
    if len(curves) == 1:
        _draw_one(ax, curves[0])
    elif len(curves) <= _MAX_STYLED:
        _draw_several(ax, curves)
    else:
        _draw_many(ax, curves)
    if log:
        ax.set_yscale("log", nonpositive="mask")
    _finish(ax, max(len(run.costs) for run in curves))
    if scores:
        _draw_scores(ax, curves[0])
    return ax


def _positive(values: FloatArray) -> Any:
    return np.isfinite(values) & (values > 0)


def _draw_one(ax: Axes, run: Run) -> None:
    """Training and validation in two colours; without validation data the axis label says it all."""
    handles, names = [_draw_curve(ax, run.costs, style(0).color)], [run.label]
    if run.validation is not None:
        first = 1 + skipped(run, run.validation)
        handles.append(_draw_curve(ax, run.validation, style(1).color, dashed=True, first=first))
        names.append("validation")
    if run.lowest is not None:
        handles.append(_mark(ax, run.lowest, style(1).color))
        names.append(f"lowest, iteration {run.lowest[0]}")
    if run.best is not None and (run.lowest is None or run.best[0] != run.lowest[0]):
        handles.append(_mark_iteration(ax, run.best[0]))
        names.append(f"highest score, iteration {run.best[0]}")
    if len(handles) > 1 or run.label != "training":
        add_legend(ax, handles, names)


def _draw_scores(ax: Axes, run: Run) -> None:
    """The validation scores in the lower third of what was the place of `ax`, over the same iterations."""
    if run.scores is None:
        return
    below = panel_below(ax)
    _draw_curve(below, run.scores, style(2).color, first=1 + skipped(run, run.scores))
    if run.best is not None:
        _mark_iteration(below, run.best[0])
    _finish(below, len(run.costs))
    below.set_ylabel("score")
    ax.set_xlabel("")
    ax.tick_params(axis="x", labelbottom=False)


def _mark_iteration(ax: Axes, iteration: int) -> Any:
    return ax.axvline(iteration, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)


def _draw_several(ax: Axes, runs: Sequence[Run]) -> None:
    """Each run in its own colour and marker."""
    from matplotlib.lines import Line2D

    handles, names = [], []
    for k, run in enumerate(runs):
        look = style(k, LINE_COLORS)
        # Shifted along the curve, so that the markers of close curves do not hide each other.
        shift = k / len(runs)
        handles.append(_draw_curve(ax, run.costs, look.color, marker=look.marker, shift=shift))
        names.append(run.label)
        if run.validation is not None:
            first = 1 + skipped(run, run.validation)
            _draw_curve(ax, run.validation, look.color, dashed=True, marker=look.marker, shift=shift, first=first)
        if run.lowest is not None:
            _mark(ax, run.lowest, look.color)
            names[-1] += f" (lowest at {run.lowest[0]})"
    if any(run.validation is not None for run in runs):
        handles += [Line2D([], [], color=MUTED), Line2D([], [], color=MUTED, linestyle="--"), _star(MUTED)]
        names += ["training", "validation", "lowest validation cost"]
    add_legend(ax, handles, names)


def _draw_many(ax: Axes, runs: Sequence[Run]) -> None:
    """The run with the lowest final cost against all others in grey."""
    best = min(runs, key=lambda run: run.final)
    for run in runs:
        if run is not best:
            # One curve a run, the one that ranks it: two of each are a tangle.
            ranking = run.costs if run.validation is None else run.validation
            rest = _draw_curve(ax, ranking, PALE, dashed=run.validation is not None, width=0.7)
    handles = [_draw_curve(ax, best.costs, style(0).color), rest]
    names = [f"{best.label} (lowest final cost)", f"{len(runs) - 1} other runs"]
    if best.validation is not None:
        first = 1 + skipped(best, best.validation)
        handles.insert(1, _draw_curve(ax, best.validation, style(0).color, dashed=True, first=first))
        names.insert(1, "its validation cost")
    if best.lowest is not None:
        handles.insert(2, _mark(ax, best.lowest, style(0).color))
        names.insert(2, f"its lowest, iteration {best.lowest[0]}")
    add_legend(ax, handles, names)


def _draw_curve(
    ax: Axes,
    costs: FloatArray,
    color: str,
    *,
    dashed: bool = False,
    marker: str | None = None,
    shift: float = 0.0,
    width: float = 1.6,
    first: int = 1,
) -> Any:
    """Costs (T,) against the iterations from `first` on, with a few markers along the curve."""
    every = max(1, len(costs) // _MARKS_PER_CURVE)
    (line,) = ax.plot(
        np.arange(first, first + len(costs)),
        costs,
        color=color,
        linestyle="--" if dashed else "-",
        linewidth=width,
        # A line through one point is invisible.
        marker=marker or ("o" if len(costs) == 1 else None),
        markevery=(int(shift * every), every),
        markersize=6,
        **MARK_EDGE,
    )
    return line


def _mark(ax: Axes, point: tuple[float, float], color: str) -> Any:
    """A star at `point`."""
    star = _star(color)
    star.set_data([point[0]], [point[1]])
    ax.add_line(star)
    return star


def _star(color: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=color, linestyle="", marker="*", markersize=13, markeredgecolor=INK, markeredgewidth=0.8, zorder=3
    )


def _finish(ax: Axes, longest: int) -> None:
    """Scales and labels for runs of at most `longest` iterations."""
    if longest == 1:
        ax.set_xlim(0.5, 1.5)
    count_along_x(ax)
    finish(ax, "iteration", "cost J")
