"""The pictures of a search: its trials from rung to rung and against each parameter, and the network it chose."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from multilayer.cli._metrics import Metric
from multilayer.cli._pictures import Picture
from multilayer.cli._space import ALPHA, HIDDEN, STEP_SIZE
from multilayer.cli._tables import count
from multilayer.plots import plot_cost, plot_search
from multilayer.selection import Search

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COST = "cost"  # the picture of the chosen network
_PARAMETERS = {"step_size": (STEP_SIZE, "step size"), "alpha": (ALPHA, "alpha"), "hidden": (HIDDEN, "hidden layers")}


def pictures_of(result: Search, metric: Metric, network: Any, linear: Mapping[int, float]) -> list[Picture]:
    """All of them, of which the first has the linear model's mean score as a line."""
    drawn = partial(_drawn, result, metric, linear)
    heading = metric.heading
    course = "after the epochs it was trained for" if result.best.rung > 0 else "in the order in which they began"
    return [
        Picture("search", f"The {heading} of each trial, {course}.", partial(drawn, None, "")),
        *(
            Picture(name, f"The {heading} of the trials against {label}.", partial(drawn, parameter, label))
            for name, (parameter, label) in _PARAMETERS.items()
        ),
        *[Picture(COST, "The cost of the chosen network, trained on all rows.", lambda: plot_cost(network))]
        * (network is not None),
    ]


def _drawn(result: Search, metric: Metric, linear: Mapping[int, float], parameter: str | None, label: str) -> Axes:
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(figsize=(7.6, 4.6), layout="constrained")
    plot_search(result, parameter=parameter, ax=ax)
    # In place of the conclusion, which the report has in words of its own.
    ax.set_title("", loc="left")
    ax.set_xlabel(label or ax.get_xlabel())
    if parameter is None and result.best.rung == 0:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.xaxis.set_major_formatter(lambda value, _: f"{value + 1:.0f}")  # trials from 1, as in the table
    known = [score for score in linear.values() if not math.isnan(score)]
    if known:
        _draw_linear(ax, statistics.fmean(known), metric)
    _turn(ax, metric, len(result.best.fold_scores))
    return ax


def _draw_linear(ax: Axes, score: float, metric: Metric) -> None:
    sign = 1.0 if metric.greater_is_better else -1.0
    ax.axhline(sign * score, color="black", linestyle="--", linewidth=1.2)
    ax.annotate(
        f"linear model\n{metric.write(score)}",
        (1.0, sign * score),
        (4, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=9,
        va="center",
    )


def _turn(ax: Axes, metric: Metric, n_folds: int) -> None:
    """Scores as they are called, where the search has them with their sign turned: the best stays on top."""
    legend = ax.get_legend()
    ax.set_ylabel(f"{metric.heading}, mean over {count(n_folds, 'fold')}")
    if metric.greater_is_better:
        return
    ax.yaxis.set_major_formatter(lambda value, _: f"{0.0 - value:,.10g}")
    for text in legend.get_texts() if legend is not None else ():
        text.set_text(text.get_text().replace(", -", ", "))
