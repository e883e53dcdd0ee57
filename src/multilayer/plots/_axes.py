"""Helpers for all pictures: axes and panels, labels, legends, and the check of a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from multilayer.exceptions import InputError, MissingExtraError, ParameterError
from multilayer.plots._style import DIVERGING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.legend import Legend

# Above this many entries a legend is set in two columns.
_TALL_LEGEND = 16


def require_matplotlib(ax: object = None) -> None:
    """Check that matplotlib can be imported, and that `ax` is an Axes or None.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    ParameterError
        If `ax` is something else, such as the array of Axes from ``plt.subplots(1, 2)``.
    """
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


def axes_or_new(ax: Axes | None, size: tuple[float, float], *, whole: bool = False) -> Axes:
    """`ax`, or the Axes of a new pyplot figure of `size` inches; ``whole`` makes it fill the figure."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    if whole:
        return plt.figure(figsize=size).add_axes((0.0, 0.0, 1.0, 1.0))
    return plt.subplots(figsize=size, layout="constrained")[1]


def figure_of(ax: Axes) -> Figure | SubFigure:
    """The figure that `ax` is on."""
    figure = ax.get_figure()
    if figure is None:
        raise ParameterError("ax was removed from its figure. Pass an Axes that is on a figure, or None.")
    return figure


def size_in_inches(ax: Axes) -> tuple[float, float]:
    """Width and height of `ax`; needs no renderer, so it works before anything is drawn."""
    dpi = figure_of(ax).dpi
    return ax.bbox.width / dpi, ax.bbox.height / dpi


def check_result(result: object, kind: type, call: str) -> None:
    """Raise an InputError for anything but a result of this class; `call` is how it is made."""
    if not isinstance(result, kind):
        raise InputError(f"expected a {kind.__name__}, got {type(result).__name__}. Pass {call}.")


def panel_below(ax: Axes) -> Axes:
    """New Axes over the same x, in the lower third of the place of `ax`, which keeps the rest."""
    figure, place = figure_of(ax), ax.get_subplotspec()
    if place is None:
        whole = ax.get_position()
        ax.set_position((whole.x0, whole.y0 + 0.38 * whole.height, whole.width, 0.62 * whole.height))
        return figure.add_axes((whole.x0, whole.y0, whole.width, 0.3 * whole.height), sharex=ax)
    divided = place.subgridspec(2, 1, height_ratios=(2, 1), hspace=0.1)
    ax.set_subplotspec(divided[0])
    return figure.add_subplot(divided[1], sharex=ax)


def panel_beside(ax: Axes) -> Axes:
    """New Axes of their own x in the right half of the place of `ax`, which keeps the left."""
    figure, place = figure_of(ax), ax.get_subplotspec()
    if place is None:
        whole = ax.get_position()
        ax.set_position((whole.x0, whole.y0, 0.42 * whole.width, whole.height))
        return figure.add_axes((whole.x0 + 0.58 * whole.width, whole.y0, 0.42 * whole.width, whole.height))
    divided = place.subgridspec(1, 2, wspace=0.1 if figure.get_layout_engine() is not None else 0.45)
    ax.set_subplotspec(divided[0])
    return figure.add_subplot(divided[1])


def label_axes(ax: Axes, names: Sequence[str]) -> None:
    """Name the x and y axis; our own ``$x_1$`` is mathematics, a name from the data is taken as it is written."""
    x_name, y_name = names
    ax.set_xlabel(x_name, parse_math=is_symbol(x_name))
    ax.set_ylabel(y_name, parse_math=is_symbol(y_name))


def is_symbol(name: str) -> bool:
    """Whether `name` is a default such as ``$x_1$``, and not a column called ``"US$ to A$"``."""
    return name.startswith(("$x_{", "$h_{", "$a_{")) and name.endswith("}$")


def add_legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str], title: str | None = None) -> Legend:
    """A legend to the right of `ax` where a layout engine makes room for it, otherwise inside.

    Beside the axes a legend covers no point.  Without a layout engine it would be cut off there, or lie on
    the neighbouring axes.
    """
    figure = figure_of(ax)
    outside = figure.get_layout_engine() is not None
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
    legend = ax.legend(
        handles,
        # Before 3.10 matplotlib drops entries whose label starts with an underscore; a class may be called so.
        [f"entry {i}" for i in range(len(labels))],
        title=title,
        fontsize=9,
        title_fontsize=9,
        ncols=1 + len(handles) // (_TALL_LEGEND + 1),
        alignment="left",
        frameon=not outside,
        framealpha=0.9,
        **(place if outside else {"loc": "best"}),
    )
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_text(label)
        text.set_parse_math(False)
    return legend


def legend_inside(ax: Axes, handles: Sequence[Any], labels: Sequence[str]) -> Legend:
    """A legend on the axes where it covers least: for curves, which leave some place free."""
    return ax.legend(handles, labels, fontsize=9, framealpha=0.9, loc="best")


def legend_above(ax: Axes, handles: Sequence[Any], labels: Sequence[str], ncols: int = 1) -> Legend:
    """A legend over the axes, which covers no point and takes no width, of which two panels have little.

    Without a layout engine it would be cut off there, and lies where it covers least.
    """
    above = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "frameon": False, "ncols": ncols}
    has_room = figure_of(ax).get_layout_engine() is not None
    return ax.legend(handles, labels, fontsize=9, framealpha=0.9, **(above if has_room else {"loc": "best"}))


def remove_frame(ax: Axes) -> None:
    """Hide the top and right spines, which carry no scale."""
    ax.spines[["top", "right"]].set_visible(False)


def finish(ax: Axes, x_label: str, y_label: str) -> None:
    """Label the axes, and draw pale horizontal lines below the data."""
    ax.set_xlabel(x_label, parse_math=False)
    ax.set_ylabel(y_label, parse_math=False)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    remove_frame(ax)


def count_along_x(ax: Axes) -> None:
    """Ticks at integers only: there is no iteration 2.5."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def diverging_colors() -> LinearSegmentedColormap:
    """Orange over white to blue, for values of both signs on a scale centred on 0."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("orange_white_blue", DIVERGING)
