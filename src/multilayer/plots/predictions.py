"""The picture of predictions against true values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import InputError, ShapeError
from multilayer.plots._axes import add_legend, axes_or_new, figure_of, remove_frame, require_matplotlib
from multilayer.plots._inputs import FloatArray
from multilayer.plots._style import INK, OKABE_ITO, lighten, point_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# More points than this overlap; then cells are coloured by the number of rows in them.
_MOST_POINTS = 2000
_CELLS = 60  # along each axis
_MARGIN = 0.04  # of the range, on each side
# Beyond this the margins may overflow.
_LARGEST = 1e300


def plot_predictions(
    y: Any,
    predicted: Any,
    *,
    target_name: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the predictions of a regressor against the true values; on the diagonal they are equal.

    Both axes have the same scale.  The legend gives the number of rows, R² and the root mean square error, in the
    units of `y`.  With more than 2,000 rows, cells of the plane are coloured by the number of rows in them.

    Parameters
    ----------
    y : array-like of shape (m,)
        The true values.  To judge the regressor, use rows that it was not trained on.
    predicted : array-like of shape (m,)
        The predictions for these rows, such as ``model.predict(X)``.
    target_name : str, optional
        The name of the target, for the axes.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    ShapeError
        If `y` or `predicted` is empty, or not one amount for each row.
    InputError
        If one of them holds NaN, infinite values, values beyond 1e300, or text.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> from multilayer.plots import plot_predictions
    >>> ax = plot_predictions([10.0, 20.0, 30.0, 40.0], [12.0, 19.0, 28.0, 41.0], target_name="price")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['4 rows\\nR² 0.980\\nRMSE 1.581', 'predicted = actual']
    >>> plt.close(ax.figure)
    """
    require_matplotlib(ax)
    actual = _read_amounts("y", y)  # (m,)
    answers = _read_amounts("predicted", predicted)  # (m,)
    if len(actual) != len(answers):
        raise ShapeError(
            f"y has {len(actual)} rows and predicted has {len(answers)}. Pass the predictions of the same rows."
        )
    from matplotlib.ticker import MaxNLocator

    ax = axes_or_new(ax, (6.4, 4.8))
    low, high = _limits(actual, answers)
    (line,) = ax.plot([low, high], [low, high], color=INK, linewidth=1.0, linestyle="--", zorder=3)
    if len(actual) > _MOST_POINTS:
        handle = _draw_cells(ax, actual, answers, (low, high))
    else:
        handle = _draw_points(ax, actual, answers)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        # The same ticks on both, and few: numbers of six digits stand side by side below the axis.
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    of = "" if target_name is None else f" {target_name}"
    ax.set_xlabel(f"actual{of}", parse_math=False)
    ax.set_ylabel(f"predicted{of}", parse_math=False)
    remove_frame(ax)
    add_legend(ax, [handle, line], [_caption(actual, answers), "predicted = actual"])
    return ax


def _read_amounts(name: str, values: Any) -> FloatArray:
    """`values` as finite float64 of shape (m,), m > 0; a single column is taken for its amounts."""
    try:
        amounts = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers only: {error}. Classes are drawn by plot_data.") from error
    if amounts.ndim == 2 and amounts.shape[1] == 1:
        amounts = amounts[:, 0]
    if amounts.ndim != 1:
        raise ShapeError(
            f"{name} must hold one amount for each row, shape (m,), got shape {amounts.shape}. "
            "Of several outputs, draw one at a time, such as y[:, 0]."
        )
    if not len(amounts):
        raise ShapeError(f"{name} has no rows. Pass at least one.")
    good = np.abs(amounts) <= _LARGEST  # False for NaN
    if not good.all():
        raise InputError(
            f"{name} has NaN, infinite values or values beyond {_LARGEST:g} in {np.count_nonzero(~good)} of "
            f"{len(amounts)} rows, first in row {int(np.argmin(good))}. Drop these rows before drawing."
        )
    return amounts


def _limits(actual: FloatArray, answers: FloatArray) -> tuple[float, float]:
    """The ends of both axes."""
    low, high = float(min(actual.min(), answers.min())), float(max(actual.max(), answers.max()))
    # Where all amounts are the same there is a range too, or the axes would be flat.
    margin = _MARGIN * (high - low) or max(abs(low), 1.0) * 0.5
    return low - margin, high + margin


def _draw_points(ax: Axes, actual: FloatArray, answers: FloatArray) -> Any:
    return ax.scatter(
        actual, answers, s=point_size(len(actual)), c=OKABE_ITO[0], alpha=0.5, linewidths=0, rasterized=True
    )


def _draw_cells(ax: Axes, actual: FloatArray, answers: FloatArray, ends: tuple[float, float]) -> Any:
    """Cells of the plane, the darker the more rows they hold, with a scale; returns the legend's mark for them."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm
    from matplotlib.patches import Patch

    # Squares, not hexagons, whose rows are set off: amounts that repeat, such as grades, would make a zigzag.
    edges = np.linspace(*ends, _CELLS + 1)
    counts = np.histogram2d(actual, answers, bins=(edges, edges))[0].T  # (answers, actual)
    most = int(counts.max())
    # Pale, but not white: a cell with a single row is seen.
    colors = LinearSegmentedColormap.from_list("pale_to_blue", [lighten(OKABE_ITO[0], 0.25), OKABE_ITO[0], "#00223A"])
    norm = LogNorm(1, max(most, 2))
    cells = np.ma.masked_equal(counts, 0)
    mesh = ax.pcolormesh(edges, edges, cells, cmap=colors, norm=norm, linewidth=0, rasterized=True)
    figure = figure_of(ax)
    # As long as the axis, and below its label; without a layout engine, which makes room there, in the corner that
    # good predictions leave free.
    place = (0.0, -0.24, 1.0, 0.03) if figure.get_layout_engine() is not None else (0.58, 0.24, 0.38, 0.03)
    bar = figure.colorbar(mesh, cax=ax.inset_axes(place), orientation="horizontal")
    ticks = [tick for power in range(len(str(most))) for tick in (10**power, 3 * 10**power) if tick <= most]
    bar.set_ticks(ticks, labels=[f"{tick:,}" for tick in ticks], minor=False)
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("rows in a cell")
    return Patch(color=OKABE_ITO[0])


def _caption(actual: FloatArray, answers: FloatArray) -> str:
    m = len(actual)
    # In multiples of the largest amount, whose square may be no float.
    unit = float(max(np.abs(actual).max(), np.abs(answers).max())) or 1.0
    error = float(np.sqrt(np.mean((actual / unit - answers / unit) ** 2)))
    deviation = float(np.std(actual / unit))
    # A single amount, or amounts that are all the same, have no R².
    score = [f"R² {1.0 - (error / deviation) ** 2:z.3f}"] if actual.min() != actual.max() and deviation > 0 else []
    return "\n".join([f"{m:,} row" + ("" if m == 1 else "s"), *score, f"RMSE {float(f'{error * unit:.4g}'):,.10g}"])
