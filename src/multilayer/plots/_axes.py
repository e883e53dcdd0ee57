"""Helpers for all pictures: axes and panels, labels, legends, scales and conclusions."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from multilayer.exceptions import InputError, MissingExtraError, ParameterError
from multilayer.plots._style import INK, MARK_EDGE, MUTED
from multilayer.results import plus_minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.lines import Line2D

# The places of legends outside the axes, where a layout engine makes room for them.
_OUTSIDE: dict[str, dict[str, Any]] = {
    "beside": {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0, "frameon": False},
    "above": {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "frameon": False},
}
_TALL_LEGEND = 16  # entries; longer legends have two columns
_CHARACTER = 0.067  # inches, the mean width of a character of a conclusion
# Costs are drawn on a logarithmic scale where the largest is this many times the smallest.
_WIDE_RANGE = 10.0
_MOST_WRITTEN = 1e9  # larger numbers are written as powers of ten
YEARS = 1e4  # numbers of fewer digits in a column of the data may be years


def require_matplotlib(ax: object) -> None:
    """Check that matplotlib can be imported, and that `ax` is an Axes or None."""
    try:
        from matplotlib.axes import Axes
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] == "matplotlib":
            raise MissingExtraError("plotting", "matplotlib", "plots") from error
        raise
    if ax is not None and not isinstance(ax, Axes):
        raise ParameterError(
            f"ax must be one matplotlib Axes or None, got {type(ax).__name__}. "
            "Of several from plt.subplots, pass one, such as axes[0]."
        )


def check_result(result: object, kind: type, call: str, ax: object) -> None:
    """Check that `result` is of this class, which `call` makes, and that it can be drawn on `ax`."""
    require_matplotlib(ax)
    if not isinstance(result, kind):
        raise InputError(f"expected a {kind.__name__}, got {type(result).__name__}. Pass {call}.")


def axes_or_new(ax: Axes | None, size: tuple[float, float], title: str) -> Axes:
    """`ax`, or the Axes of a new pyplot figure of `size` inches, whose label, an alternative text, is `title`."""
    from matplotlib import pyplot as plt

    if ax is not None:
        return ax
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    figure.set_label(title)
    return ax


def figure_of(ax: Axes) -> Figure | SubFigure:
    """The figure that `ax` is on."""
    figure = ax.get_figure()
    if figure is None:
        raise ParameterError("ax was removed from its figure. Pass an Axes that is on a figure, or None.")
    return figure


def has_layout_engine(ax: Axes) -> bool:
    """Whether the figure makes room for what is drawn outside `ax`; otherwise it would be cut off there."""
    return figure_of(ax).get_layout_engine() is not None


def size_in_inches(ax: Axes) -> tuple[float, float]:
    """Width and height of `ax`, which needs no renderer."""
    dpi = figure_of(ax).dpi
    return ax.bbox.width / dpi, ax.bbox.height / dpi


def panel_below(ax: Axes) -> Axes:
    """New Axes over the same x, in the lower third of the place of `ax`, which keeps the rest."""
    ax.tick_params(axis="x", labelbottom=False)
    figure, place = figure_of(ax), ax.get_subplotspec()
    if place is None:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom + 0.38 * height, width, 0.62 * height))
        return figure.add_axes((left, bottom, width, 0.3 * height), sharex=ax)
    divided = place.subgridspec(2, 1, height_ratios=(2, 1), hspace=0.1)
    ax.set_subplotspec(divided[0])
    return figure.add_subplot(divided[1], sharex=ax)


def panel_beside(ax: Axes) -> Axes:
    """New Axes of their own x in the right half of the place of `ax`, which keeps the left."""
    figure, place = figure_of(ax), ax.get_subplotspec()
    if place is None:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position((left, bottom, 0.42 * width, height))
        return figure.add_axes((left + 0.58 * width, bottom, 0.42 * width, height))
    divided = place.subgridspec(1, 2, wspace=0.1 if has_layout_engine(ax) else 0.45)
    ax.set_subplotspec(divided[0])
    return figure.add_subplot(divided[1])


def is_symbol(name: str) -> bool:
    """Whether `name` is a default such as ``$x_1$``, and not a column called ``"US$ to A$"``."""
    return name.startswith(("$x_{", "$h_{", "$a_{")) and name.endswith("}$")


def label_axes(ax: Axes, x_name: str, y_name: str) -> None:
    """Name the axes; our own ``$x_1$`` is mathematics, a name from the data is taken as it is written."""
    ax.set_xlabel(x_name, parse_math=is_symbol(x_name))
    ax.set_ylabel(y_name, parse_math=is_symbol(y_name))


def write_thousands(*axes: Any, least: float = 1e3) -> None:
    """Write the ticks of linear axes with commas between thousands, of axes whose numbers go beyond `least`.

    Columns of the data are written so from 10,000 on: numbers of four digits may be years.
    """
    from matplotlib.ticker import ScalarFormatter

    class Thousands(ScalarFormatter):
        axis: Any  # set by the axis before it asks for texts

        @property
        def _is_long(self) -> bool:
            axis: Any = self.axis
            return least <= float(np.abs(axis.get_view_interval()).max()) < _MOST_WRITTEN

        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:,.10g}".replace("-", "\N{MINUS SIGN}") if self._is_long else str(super().__call__(x, pos))

        def get_offset(self) -> str:
            return "" if self._is_long else str(super().get_offset())

    for axis in axes:
        # The numbers of an axis of dates, names or powers of ten are written by others.
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(Thousands())


def remove_frame(ax: Axes) -> None:
    """Hide the top and right spines, which carry no scale."""
    ax.spines[["top", "right"]].set_visible(False)


def finish(ax: Axes, x_label: str, y_label: str, *, has_counts: bool = False) -> None:
    """Label the axes, draw pale horizontal lines below the data, and keep ticks of counts along x at integers."""
    from matplotlib.ticker import MaxNLocator

    label_axes(ax, x_label, y_label)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    remove_frame(ax)
    write_thousands(ax.xaxis, ax.yaxis)
    if has_counts:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def add_legend(
    ax: Axes, entries: Sequence[tuple[Any, str]], place: str = "beside", *, n_columns: int | None = None
) -> None:
    """A legend of artists and labels, `place` "beside", "above" or "inside"; without a layout engine always inside."""
    is_outside = place in _OUTSIDE and has_layout_engine(ax)
    legend = ax.legend(
        [artist for artist, _ in entries],
        # Before 3.10 matplotlib drops entries whose label starts with an underscore; a class may be called so.
        [f"entry {i}" for i in range(len(entries))],
        fontsize=9,
        framealpha=0.9,
        ncols=n_columns if n_columns and is_outside else 1 + len(entries) // (_TALL_LEGEND + 1),
        **(_OUTSIDE[place] if is_outside else {"loc": "best"}),
    )
    for text, (_, label) in zip(legend.get_texts(), entries, strict=True):
        text.set_text(label)
        text.set_parse_math(False)


def add_conclusion(ax: Axes, title: str, conclusion: str, *, own_figure: bool, panels: bool = False) -> None:
    """A short title, and on a figure of our own the conclusion below; its label, an alternative text, has both."""
    figure = figure_of(ax)
    # Above all panels there is one title only where the figure is ours.
    if own_figure and panels:
        figure.suptitle(title, x=0.02, ha="left", fontsize=11, color=INK, parse_math=False)
    else:
        ax.set_title(title, loc="left", fontsize=11, color=INK, parse_math=False)
    if own_figure:
        figure.set_label(f"{title}. {conclusion}")
        inches = 0.95 * figure.bbox.width / figure.dpi
        width = max(30, int(inches / _CHARACTER))
        text = "\n".join(line for part in conclusion.splitlines() for line in textwrap.wrap(part, width))
        figure.supxlabel(text, x=0.02, ha="left", fontsize=9, color=MUTED, parse_math=False)


def draw_costs(
    ax: Axes, costs: ArrayLike, color: str, *, first: int = 1, marks: int = 7, shift: float = 0.0, **look: Any
) -> Line2D:
    """Costs (T,) against the epochs from `first` on, with `marks` markers, `shift` of their distance along."""
    values = np.asarray(costs)
    every = max(1, len(values) // marks)
    # A line through one point is invisible.
    look = {"linewidth": 1.6, "marker": "o" if len(values) == 1 else None, "markersize": 6, **MARK_EDGE, **look}
    epochs = np.arange(first, first + len(values))
    return ax.plot(epochs, values, color=color, markevery=(int(shift * every), every), **look)[0]


def log_where_wide(ax: Axes, costs: Iterable[ArrayLike]) -> None:
    """A logarithmic scale where costs are all positive and the largest is ten times the smallest."""
    known = np.concatenate([np.empty(0), *(np.ravel(each) for each in costs)])
    known = known[np.isfinite(known)]
    if len(known) and known.min() > 0 and known.max() >= _WIDE_RANGE * known.min():
        ax.set_yscale("log")


def log_with_ticks(ax: Axes, values: Sequence[float]) -> None:
    """A logarithmic x axis with the measured numbers as ticks, as long as they do not run into each other."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_xscale("log")
    places = np.log10(np.asarray(values, dtype=np.float64))
    room = size_in_inches(ax)[0] / max(float(np.ptp(places)), 1e-9)  # inches a power of ten
    kept: list[float] = []
    for value, place in sorted(zip(values, places, strict=True), reverse=True):
        need = (len(f"{value:,.0f}") + 1.5) * 0.085
        if not kept or (np.log10(kept[-1]) - place) * room >= need:
            kept.append(float(value))
    ax.xaxis.set_major_locator(FixedLocator(kept[::-1]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())


def with_error(name: str, mean: float, error: float) -> str:
    """The label of a mean score, with its standard error if that is known."""
    return f"{name}, {plus_minus(mean, error)}"


def score_label(metric: str, n_folds: int) -> str:
    """The label of an axis of mean scores."""
    return metric if n_folds == 1 else f"{metric}, mean over {n_folds} folds"


def side_by_side(n: int, half_width: float) -> Any:
    """Places (n,) from -`half_width` to `half_width`, so that no two of `n` points overlap."""
    return np.linspace(-half_width, half_width, n) if n > 1 else np.zeros(1)
