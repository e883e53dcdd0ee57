"""The picture of a cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import InputError, unknown_name
from multilayer.plots._axes import (
    add_legend,
    axes_or_new,
    check_result,
    finish,
    log_where_wide,
    panel_beside,
    with_error,
)
from multilayer.plots._style import INK, MARK_EDGE, MUTED, NEGATIVE, POSITIVE, lighten
from multilayer.plots.readable import readable

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
    >>> from multilayer import MLPClassifier, plots, selection
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> ax = plots.plot_cross_validation(selection.cross_validate(model, *load_iris(return_X_y=True)))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('fold', 'score')
    >>> plt.close(ax.figure)
    """
    from multilayer.selection import CrossValidation

    check_result(result, CrossValidation, "cross_validate(model, X, y) of multilayer.selection", ax)
    names = [key.removeprefix("test_") for key in result if key.startswith("test_")]
    if not names:
        raise InputError("the cross-validation has no score: no fold of it was finished. Draw one that has.")
    name = names[0] if score is None else score.removeprefix("test_")
    if name not in names:
        raise unknown_name("score", score, names)
    ax = axes_or_new(ax, (8.4, 3.8), f"Cross-validation: {name} and cost of each fold")
    beside = panel_beside(ax)
    _draw_scores(ax, result, name)
    for costs in result.loss_curves:
        look: dict[str, Any] = {"alpha": 0.55, "linewidth": 1.2, "marker": "o" if len(costs) == 1 else None}
        beside.plot(np.arange(1, len(costs) + 1), costs, color=POSITIVE, **look)
    log_where_wide(beside, result.loss_curves)
    beside.set_title("each line one fold", loc="left", fontsize=9, color=MUTED)
    finish(beside, "epoch", "training cost J", has_counts=True)
    return readable(ax)


def _draw_scores(ax: Axes, result: CrossValidation, name: str) -> None:
    """The score of each fold, and their mean with a band of one standard error."""
    # Before the scores are read: a fold that failed may have been given a number.
    has_failed = np.array([estimator is None for estimator in result["estimator"]])
    folds = np.arange(1, len(has_failed) + 1)
    size = 7 if len(folds) <= 20 else 4.5
    entries: list[tuple[Any, str]] = []
    for key, label, color, marker, line in (
        (f"test_{name}", "test", POSITIVE, "o", "-"),
        (f"train_{name}", "training", NEGATIVE, "^", "--"),
    ):
        if key not in result:
            continue
        mean, error = result.mean[key], result.standard_error[key]
        if not np.isnan(error):
            ax.axhspan(mean - error, mean + error, color=lighten(color, 0.2), linewidth=0, zorder=1)
        ax.axhline(mean, color=color, linewidth=1.4, linestyle=line, zorder=2)
        x, scores = folds[~has_failed], result[key][~has_failed]
        (points,) = ax.plot(x, scores, marker, color=color, **MARK_EDGE, markersize=size, zorder=3)
        entries.append((points, with_error(label, mean, error)))
    if has_failed.any():
        x, y = folds[has_failed], np.full(np.count_nonzero(has_failed), 0.03)
        (crosses,) = ax.plot(x, y, "x", color=INK, transform=ax.get_xaxis_transform(), zorder=3)
        entries.append((crosses, "failed"))
    ax.set_xlim(0.5, len(folds) + 0.5)
    finish(ax, "fold", name, has_counts=True)
    add_legend(ax, entries, "above")
