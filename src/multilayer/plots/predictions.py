"""The picture of predictions against true values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from multilayer.exceptions import ShapeError
from multilayer.plots._axes import (
    add_legend,
    axes_or_new,
    figure_of,
    has_layout_engine,
    label_axes,
    remove_frame,
    require_matplotlib,
    write_thousands,
)
from multilayer.plots._inputs import FloatArray, check_rows, read_numbers, without_second_axis
from multilayer.plots._style import INK, POSITIVE, lighten, point_size
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

# More points than this overlap; then cells are coloured by the number of rows in them.
_MOST_POINTS = 2000
_CELLS = 60  # along each axis
_MARGIN = 0.04  # of the range, on each side
# Beyond this the margins may overflow.
_LARGEST = 1e300


def plot_predictions(
    y: ArrayLike, predicted: ArrayLike, *, target_name: str | None = None, ax: Axes | None = None
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
    >>> print(ax.get_legend().get_title().get_text())
    4 rows
    R² 0.980
    RMSE 1.581
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

    ax = axes_or_new(ax, (6.4, 4.8), "Predicted and actual values")
    low, high = float(min(actual.min(), answers.min())), float(max(actual.max(), answers.max()))
    # Where all amounts are the same there is a range too, or the axes would be flat.
    margin = _MARGIN * (high - low) or max(abs(low), 1.0) * 0.5
    ends = (low - margin, high + margin)
    (line,) = ax.plot(ends, ends, color=INK, linewidth=1.0, linestyle="--", zorder=3)
    handle: Any
    if len(actual) > _MOST_POINTS:
        handle = _draw_cells(ax, actual, answers, ends)
    else:
        look: dict[str, Any] = {"c": POSITIVE, "alpha": 0.5, "linewidths": 0, "rasterized": True}
        handle = ax.scatter(actual, answers, s=point_size(len(actual)), **look)
    ax.set(xlim=ends, ylim=ends, aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        # The same ticks on both, and few: numbers of six digits stand side by side below the axis.
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        write_thousands(axis)
    of = "" if target_name is None else f" {target_name}"
    label_axes(ax, f"actual{of}", f"predicted{of}")
    remove_frame(ax)
    add_legend(ax, [(handle, "a row" if len(actual) <= _MOST_POINTS else "rows"), (line, "predicted = actual")])
    legend = ax.get_legend()
    assert legend is not None
    legend.set_title(_caption(actual, answers))
    legend.get_title().set_fontsize(9)
    return readable(ax)


def _read_amounts(name: str, values: ArrayLike) -> FloatArray:
    """`values` as finite float64 of shape (m,), m > 0; a single column is taken for its amounts."""
    amounts = without_second_axis(read_numbers(name, values, "Classes are drawn by plot_data."))
    if amounts.ndim != 1:
        raise ShapeError(
            f"{name} must hold one amount for each row, shape (m,), got shape {amounts.shape}. "
            "Of several outputs, draw one at a time, such as y[:, 0]."
        )
    if not len(amounts):
        raise ShapeError(f"{name} has no rows. Pass at least one.")
    # The comparison is False for NaN.
    check_rows(name, np.abs(amounts) <= _LARGEST, f"NaN, infinite values or values beyond {_LARGEST:g}")
    return amounts


def _draw_cells(ax: Axes, actual: FloatArray, answers: FloatArray, ends: tuple[float, float]) -> Patch:
    """Cells of the plane, the darker the more rows they hold, with a scale; returns the legend's mark for them."""
    from matplotlib.colors import LinearSegmentedColormap, LogNorm
    from matplotlib.patches import Patch

    # Squares, not hexagons, whose rows are set off: amounts that repeat, such as grades, would make a zigzag.
    edges = np.linspace(*ends, _CELLS + 1)
    counts = np.histogram2d(actual, answers, bins=(edges, edges))[0].T  # (answers, actual)
    most = int(counts.max())
    # Pale, but not white: a cell with a single row is seen.
    colors = LinearSegmentedColormap.from_list("pale_to_blue", [lighten(POSITIVE, 0.25), POSITIVE, "#00223A"])
    norm = LogNorm(1, max(most, 2))
    cells = np.ma.masked_equal(counts, 0)
    mesh = ax.pcolormesh(edges, edges, cells, cmap=colors, norm=norm, linewidth=0, rasterized=True)
    # As long as the axis, and below its label; without a layout engine, which makes room there, in the corner that
    # good predictions leave free.
    place = (0.0, -0.24, 1.0, 0.03) if has_layout_engine(ax) else (0.58, 0.24, 0.38, 0.03)
    bar = figure_of(ax).colorbar(mesh, cax=ax.inset_axes(place), orientation="horizontal")
    ticks = [tick for power in range(len(str(most))) for tick in (10**power, 3 * 10**power) if tick <= most]
    bar.set_ticks(ticks, labels=[f"{tick:,}" for tick in ticks], minor=False)
    bar.ax.minorticks_off()
    bar.outline.set_visible(False)
    bar.set_label("rows in a cell")
    return Patch(color=POSITIVE)


def _caption(actual: FloatArray, answers: FloatArray) -> str:
    """The number of rows, R² and the root mean square error."""
    m = len(actual)
    # In multiples of the largest amount, whose square may be no float.
    unit = float(max(np.abs(actual).max(), np.abs(answers).max())) or 1.0
    error = float(np.sqrt(np.mean((actual / unit - answers / unit) ** 2)))
    deviation = float(np.std(actual / unit))
    # A single amount, or amounts that are all the same, have no R².
    score = [f"R² {1.0 - (error / deviation) ** 2:z.3f}"] if actual.min() != actual.max() and deviation > 0 else []
    return "\n".join([f"{m:,} row" + ("" if m == 1 else "s"), *score, f"RMSE {float(f'{error * unit:.4g}'):,.10g}"])
