"""The picture of a cross-validation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from multilayer.exceptions import InputError, unknown_name
from multilayer.plots._axes import (
    axes_or_new,
    check_result,
    count_along_x,
    finish,
    legend_above,
    panel_beside,
    require_matplotlib,
)
from multilayer.plots._curves import log_where_wide
from multilayer.plots._style import INK, MARK_EDGE, MUTED, NEGATIVE, POSITIVE, lighten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import CrossValidation


def plot_cross_validation(result: CrossValidation, *, ax: Axes | None = None, score: str | None = None) -> Axes:
    """Draw the score of each fold, their mean with a band of one standard error, and the cost curves beside them.

    Test scores are blue circles.  Training scores, where the result has them, are vermilion triangles.  A fold that
    failed is a cross at the foot.  Costs are drawn on a logarithmic scale where they fall to a tenth or less.

    Parameters
    ----------
    result : CrossValidation
        From :func:`multilayer.selection.cross_validate`.
    ax : matplotlib Axes, optional
        Where to draw; the costs take its right half.  By default a new figure.
    score : str, optional
        Which score, of several: "accuracy" or "test_accuracy".  By default the first.

    Returns
    -------
    matplotlib Axes
        That of the scores.

    Raises
    ------
    InputError
        If it is no cross-validation, or one without a single score.
    ParameterError
        If it has no such score.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_cross_validation
    >>> from multilayer.selection import cross_validate
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> ax = plot_cross_validation(cross_validate(model, X, y))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('fold', 'score')
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    from multilayer.selection import CrossValidation

    check_result(result, CrossValidation, "cross_validate(model, X, y) of multilayer.selection")
    name = _chosen(result, score)
    ax = axes_or_new(ax, (8.4, 3.8))
    beside = panel_beside(ax)
    _draw_scores(ax, result, name)
    _draw_costs(beside, result.loss_curves)
    return ax


def _chosen(result: CrossValidation, score: str | None) -> str:
    """The name of a score without "test_"."""
    names = [key.removeprefix("test_") for key in result if key.startswith("test_")]
    if not names:
        raise InputError("the cross-validation has no score: no fold of it was finished. Draw one that has.")
    if score is None:
        return names[0]
    name = score.removeprefix("test_")
    if name not in names:
        raise unknown_name("score", score, names)
    return name


def _draw_scores(ax: Axes, result: CrossValidation, name: str) -> None:
    # Before the scores are read: a fold that failed may have been given a number.
    has_failed = np.array([estimator is None for estimator in result["estimator"]])
    folds = np.arange(1, len(has_failed) + 1)
    handles, labels = [], []
    for side, color, marker in (("test", POSITIVE, "o"), ("train", NEGATIVE, "^")):
        key = f"{side}_{name}"
        if key not in result:
            continue
        mean, error = result.mean[key], result.standard_error[key]
        if not math.isnan(error):
            ax.axhspan(mean - error, mean + error, color=lighten(color, 0.2), linewidth=0, zorder=1)
        ax.axhline(mean, color=color, linewidth=1.4, linestyle="-" if side == "test" else "--", zorder=2)
        (points,) = ax.plot(
            folds[~has_failed],
            result[key][~has_failed],
            marker,
            color=color,
            **MARK_EDGE,
            markersize=7 if len(folds) <= 20 else 4.5,
            zorder=3,
        )
        handles.append(points)
        what = "test" if side == "test" else "training"
        labels.append(f"{what}, {mean:.4g}" + ("" if math.isnan(error) else f" ± {error:.2g}"))
    if has_failed.any():
        x = folds[has_failed]
        handles += ax.plot(x, np.full(len(x), 0.03), "x", color=INK, transform=ax.get_xaxis_transform(), zorder=3)
        labels.append("failed")
    ax.set_xlim(0.5, len(folds) + 0.5)
    count_along_x(ax)
    finish(ax, "fold", name)
    legend_above(ax, handles, labels)


def _draw_costs(ax: Axes, curves: list[list[float]]) -> None:
    for costs in curves:
        iterations = np.arange(1, len(costs) + 1)
        ax.plot(iterations, costs, color=POSITIVE, alpha=0.55, linewidth=1.2, marker="o" if len(costs) == 1 else None)
    log_where_wide(ax, curves)
    count_along_x(ax)
    ax.set_title("each line one fold", loc="left", fontsize=9, color=MUTED)
    finish(ax, "iteration", "training cost J")
