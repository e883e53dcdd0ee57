"""The picture of a learning curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multilayer.plots._axes import axes_or_new, check_result, finish, legend_inside, require_matplotlib
from multilayer.plots._curves import TRAINING, VALIDATION, draw_band, plain_ticks, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from multilayer.selection import LearningCurve


def plot_learning_curve(curve: LearningCurve, *, ax: Axes | None = None) -> Axes:
    """Draw training and validation score against the number of rows, with the conclusion.

    Lines are means over the folds and bands one standard error.  The number of rows is on a logarithmic scale.

    Parameters
    ----------
    curve : LearningCurve
        From :func:`multilayer.selection.learning_curve`.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no learning curve.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from multilayer import MLPClassifier
    >>> from multilayer.plots import plot_learning_curve
    >>> from multilayer.selection import learning_curve
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), max_iter=20, n_iter_no_change=None, random_state=0)
    >>> ax = plot_learning_curve(learning_curve(model, X, y))
    >>> ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()
    ('training rows', 'accuracy', 'log')
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    from multilayer.selection import LearningCurve

    check_result(curve, LearningCurve, "learning_curve(model, X, y) of multilayer.selection")
    own_figure, ax = ax is None, axes_or_new(ax, (7.2, 4.4))
    ax.set_xscale("log")
    sides = ((VALIDATION, curve.test_scores), (TRAINING, curve.train_scores))
    lines = [draw_band(ax, curve.sizes, scores, side) for side, scores in sides]
    plain_ticks(ax, curve.sizes.tolist())
    finish(ax, "training rows", curve.metric)
    say(ax, curve.conclusion, own_figure=own_figure)
    legend_inside(ax, lines, [side.name for side, _ in sides])
    return ax
