"""The pictures of the reasons of a table model: importance, partial dependence, and the explanation of a row."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import ParameterError
from multilayer.plots._axes import (
    YEARS,
    add_conclusion,
    add_legend,
    axes_or_new,
    check_result,
    label_axes,
    remove_frame,
    write_thousands,
)
from multilayer.plots._inputs import check_count, is_integer, shorten
from multilayer.plots._style import INK, LINE_COLORS, MARK_EDGE, MUTED, NEGATIVE, PALE, POSITIVE, lighten, style
from multilayer.plots.readable import readable
from multilayer.results import significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from multilayer.tables.models import Explanation, Importance, PartialDependence

_LONGEST_NAME = 32  # characters
_ERROR_BARS: dict[str, Any] = {"ecolor": INK, "elinewidth": 1.2, "capsize": 2.5}


def plot_importance(
    importance: Importance, *, max_columns: int = 20, target_name: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how much worse the score is when a column is shuffled, for the most important columns.

    Error bars are one standard error.  Grey bars are at most two standard errors long, which may be chance.

    Parameters
    ----------
    importance : Importance
        From ``model.importance(X, y)``.
    max_columns : int, default 20
        The largest number of columns.
    target_name : str, optional
        The name of the target, for the axis.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no importance.
    ParameterError
        If ``max_columns`` is not an integer of at least 2.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from multilayer import TableRegressor, plots
    >>> X = np.random.RandomState(0).normal(size=(100, 2))
    >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
    >>> ax = plots.plot_importance(model.importance(X, 3 * X[:, 0], out_of_fold=True))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['x0', 'x1']
    >>> plt.close(ax.figure)
    """
    from multilayer.tables.models import Importance

    check_result(importance, Importance, "model.importance(X, y) of a table model", ax)
    check_count("max_columns", max_columns)
    chosen = importance.order[:max_columns]
    own_figure, ax = ax is None, axes_or_new(ax, (7.2, 1.9 + 0.3 * len(chosen)), "Importance of columns")
    is_clear = importance.is_clear[chosen]
    colors = [POSITIVE if clear else PALE for clear in is_clear]
    dropped = importance.dropped
    names = [f"{name} (dropped)" if (name := importance.names[j]) in dropped else name for j in chosen]
    bars = _draw_bars(ax, names, importance.values[chosen], colors)
    errors = ax.errorbar(
        importance.values[chosen], range(len(chosen)), xerr=importance.errors[chosen], fmt="none", **_ERROR_BARS
    )
    of = "" if target_name is None else f" of {target_name}"
    hidden = len(importance.names) - len(chosen)
    more = f" ({hidden} columns not shown)" if hidden else ""
    label_axes(ax, f"rise of the {importance.metric}{of} when the column is shuffled{more}", "")
    write_thousands(ax.xaxis)
    kinds = [(True, "beyond chance"), (False, "may be chance")]
    entries: list[tuple[Any, str]] = [
        (bars[int(np.argmax(is_clear == clear))], name) for clear, name in kinds if (is_clear == clear).any()
    ]
    add_legend(ax, [*entries, (errors, "one standard error")], "inside")
    add_conclusion(ax, "Importance of columns", importance.conclusion, own_figure=own_figure, panels=True)
    return readable(ax)


def plot_partial_dependence(
    dependence: PartialDependence, *, target_name: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the mean prediction against the value that all rows have in a column.

    Bands and error bars are the standard deviation between the networks of the folds.  Marks above the axis are the
    values that were used, which are quantiles of the column; a dotted line is the prediction for a gap.  Categories are
    listed with their numbers of rows.

    Parameters
    ----------
    dependence : PartialDependence
        From ``model.partial_dependence(X, column)``.
    target_name : str, optional
        The name of the target, for the axis.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no partial dependence.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from multilayer import TableRegressor, plots
    >>> X = np.random.RandomState(0).normal(size=(100, 2))
    >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
    >>> ax = plots.plot_partial_dependence(model.partial_dependence(X, 0), target_name="price")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('x0', 'mean predicted price')
    >>> plt.close(ax.figure)
    """
    from multilayer.tables.models import PartialDependence

    check_result(dependence, PartialDependence, "model.partial_dependence(X, column) of a table model", ax)
    is_listed = dependence.counts is not None
    size = (7.2, 1.6 + 0.3 * len(dependence.values)) if is_listed else (7.2, 4.2)
    title = f"Partial dependence on {shorten(dependence.column, _LONGEST_NAME)}"
    own_figure, ax = ax is None, axes_or_new(ax, size, title)
    shown = dependence.shown
    entries = (_draw_categories if is_listed else _draw_curves)(ax, dependence)
    if dependence.classifies and len(shown) > 1:
        value_label = "mean probability"
    else:
        value_label = f"mean {dependence.names[shown[0]] if len(shown) == 1 else 'prediction'}"
    if target_name is not None and not dependence.classifies:
        value_label = f"mean predicted {target_name}"
    if is_listed:
        label_axes(ax, value_label, dependence.column)
    else:
        unit = " in hours" if dependence.kind in ("time", "duration") else ""
        label_axes(ax, f"{dependence.column}{unit}", value_label)
        ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
        ax.set_axisbelow(True)
    write_thousands(ax.xaxis if is_listed else ax.yaxis)
    write_thousands(ax.xaxis, ax.yaxis, least=YEARS)
    remove_frame(ax)
    if len(entries) > 1:
        add_legend(ax, entries)
    add_conclusion(ax, title, dependence.conclusion, own_figure=own_figure, panels=True)
    return readable(ax)


def plot_explanation(
    explanation: Explanation,
    *,
    row: int = 0,
    max_columns: int = 12,
    target_name: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the contribution of each column to the prediction of one row, the largest first.

    Blue bars raise the prediction, vermilion bars lower it; grey bars belong to no single column.

    Parameters
    ----------
    explanation : Explanation
        From ``model.explain(X)``.
    row : int, default 0
        The number of the row among the explained rows.
    max_columns : int, default 12
        The largest number of columns; the contributions of the others are added.
    target_name : str, optional
        The name of the target, for the axis.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If it is no explanation.
    ParameterError
        If there is no such row, or ``max_columns`` is not an integer of at least 2.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib import pyplot as plt
    >>> from multilayer import TableRegressor, plots
    >>> X = np.random.RandomState(0).normal(size=(100, 2))
    >>> model = TableRegressor(preset="quick", random_state=0).fit(X, 3 * X[:, 0])
    >>> ax = plots.plot_explanation(model.explain([[1.0, 0.0]]), target_name="price")
    >>> ax.get_xlabel(), [label.get_text() for label in ax.get_yticklabels()]
    ('contribution to the predicted price', ['x0 = 1', 'x1 = 0'])
    >>> plt.close(ax.figure)
    """
    from multilayer.tables.models import Explanation

    check_result(explanation, Explanation, "model.explain(X) of a table model", ax)
    check_count("max_columns", max_columns)
    if not is_integer(row) or not -len(explanation) <= row < len(explanation):
        raise ParameterError(
            f"row must be the number of an explained row, from 0 to {len(explanation) - 1}, got {row}."
        )
    single = explanation[row]
    lines = single.lines(max_columns)
    own_figure, ax = ax is None, axes_or_new(ax, (7.2, 1.9 + 0.32 * len(lines)), "Explanation of a row")
    values = np.array([line.contribution for line in lines])
    colors = [PALE if line.value is None else POSITIVE if line.contribution >= 0 else NEGATIVE for line in lines]
    names = [line.name if line.value is None else f"{shorten(line.name, 24)} = {line.value}" for line in lines]
    bars = _draw_bars(ax, names, values, colors)
    ax.bar_label(bars, [significant(value, 3, "+") for value in values], padding=3, fontsize=8, color=MUTED)
    ax.margins(x=0.14)
    what = f"probability of {single.targets[0]!r}" if single.classifies else "prediction, in units of y"
    if target_name is not None and not single.classifies:
        what = f"predicted {target_name}"
    label_axes(ax, f"contribution to the {what}", "")
    add_conclusion(ax, "Explanation of a row", single.conclusion, own_figure=own_figure, panels=True)
    return readable(ax)


def _draw_bars(ax: Axes, names: Sequence[str], values: Any, colors: Sequence[str]) -> Any:
    """Horizontal bars from 0, the first on top."""
    bars = ax.barh(range(len(names)), values, color=list(colors), height=0.7, zorder=2)
    ax.axvline(0.0, color=INK, linewidth=0.8, zorder=3)
    ax.set_yticks(range(len(names)), [shorten(name, _LONGEST_NAME) for name in names], parse_math=False)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    write_thousands(ax.xaxis)
    remove_frame(ax)
    ax.spines["left"].set_visible(False)
    return bars


def _draw_curves(ax: Axes, dependence: PartialDependence) -> list[tuple[Any, str]]:
    """A line for each output, with its band, and a dotted one for a gap; the legend's entries."""
    is_gap = np.array([value is None for value in dependence.values])
    places = [_place(value) for value in dependence.values if value is not None]
    entries: list[tuple[Any, str]] = []
    for at, k in enumerate(dependence.shown):
        color, marker, _ = style(at, LINE_COLORS)
        curve, deviation = dependence.predictions[~is_gap, k], dependence.deviations[~is_gap, k]
        (line,) = ax.plot(places, curve, color=color, marker=marker, markersize=3.5, linewidth=1.6)
        if np.isfinite(deviation).all():
            ax.fill_between(places, curve - deviation, curve + deviation, color=lighten(color, 0.2), linewidth=0)
        entries.append((line, _output_name(dependence, k)))
        for gap in dependence.predictions[is_gap, k]:
            entries.append((ax.axhline(gap, color=color, linestyle=":", linewidth=1.4), f"{entries[-1][1]}, gap"))
    look: dict[str, Any] = {"color": MUTED, "markersize": 7, "linestyle": "none", "clip_on": False}
    if dependence.kind == "date":
        dates: Any = import_module("matplotlib.dates")  # which has no types
        locator = dates.AutoDateLocator()
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    ax.plot(places, np.full(len(places), 0.02), "|", transform=ax.get_xaxis_transform(), **look)
    return entries


def _draw_categories(ax: Axes, dependence: PartialDependence) -> list[tuple[Any, str]]:
    """Points with error bars, a row for each category and a colour for each output; the legend's entries."""
    entries: list[tuple[Any, str]] = []
    heights = np.arange(len(dependence.values))
    shown = dependence.shown
    for at, k in enumerate(shown):
        color, marker, _ = style(at, LINE_COLORS)
        errors = np.nan_to_num(dependence.deviations[:, k])
        look: dict[str, Any] = {"fmt": marker, "color": color, **MARK_EDGE, **_ERROR_BARS}
        shift = 0.0 if len(shown) == 1 else 0.5 * (at / (len(shown) - 1) - 0.5)
        points = ax.errorbar(dependence.predictions[:, k], heights + shift, xerr=errors, **look)
        entries.append((points, _output_name(dependence, k)))
    counts = dependence.counts if dependence.counts is not None else heights
    labels = [f"{label} ({count:,})" for label, count in zip(dependence.labels, counts, strict=True)]
    ax.set_yticks(heights, [shorten(label, _LONGEST_NAME) for label in labels], parse_math=False)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.grid(axis="both", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    return entries


def _output_name(dependence: PartialDependence, k: int) -> str:
    return str(dependence.outputs[k]) if len(dependence.shown) > 1 else "prediction"


def _place(value: Any) -> Any:
    """A value on the axis: times of day and durations in hours."""
    if hasattr(value, "total_seconds"):
        return value.total_seconds() / 3600
    if hasattr(value, "hour") and not hasattr(value, "year"):
        return value.hour + value.minute / 60 + value.second / 3600
    return float(value) if hasattr(value, "as_tuple") else value
