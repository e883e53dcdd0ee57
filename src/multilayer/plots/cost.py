"""The cost against the iteration, for one run or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from multilayer.exceptions import InputError, ShapeError
from multilayer.plots._axes import add_legend, axes_or_new, remove_frame, require_matplotlib
from multilayer.plots._inputs import FloatArray, check_fitted, innermost, read_names
from multilayer.plots._style import INK, LINE_COLORS, MUTED, PALE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Up to this many runs each has its own look; of more, the best is shown against the rest.
_MAX_STYLED = 16
_MARKS_PER_CURVE = 7


@dataclass(frozen=True)
class _Run:
    """The costs (T,) of one run of T iterations, and those on validation data (T,), if it had any."""

    label: str
    costs: FloatArray
    validation: FloatArray | None

    @property
    def lowest(self) -> tuple[int, float] | None:
        """The iteration (from 1) and value of the lowest finite validation cost, the first of equals."""
        if self.validation is None or not np.isfinite(self.validation).any():
            return None
        i = int(np.argmin(np.where(np.isfinite(self.validation), self.validation, np.inf)))
        return i + 1, float(self.validation[i])

    @property
    def final(self) -> float:
        """The last validation cost, or the last cost; infinite if the run diverged."""
        last = float((self.costs if self.validation is None else self.validation)[-1])
        return last if np.isfinite(last) else float("inf")


def plot_cost(
    runs: Any,
    *,
    labels: Sequence[str] | None = None,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cost of one or more training runs against the iteration.

    Training is solid, validation dashed, and a star marks the lowest validation cost.  Up to 16 runs differ in
    colour or marker, the first seven in both.  Of more, the one with the lowest final cost (on validation data, if
    it has any) is drawn against those costs of the others, thin and grey.  Gaps in a curve are costs that are not
    finite or, with ``log=True``, not positive.

    Parameters
    ----------
    runs : fitted estimator, array-like of shape (T,), history, or a list or dict of these
        An estimator with ``loss_curve_`` (and ``validation_loss_curve_``), also inside a pipeline or search;
        the costs of T iterations; or an object with ``costs`` and ``validation_costs``.  A dict maps labels to runs.
    labels : sequence of str, optional
        One label for each run.  By default the keys of a dict, or "run 1", "run 2", ...
    log : bool, default False
        Draw the cost on a logarithmic scale.
    ax : matplotlib Axes, optional
        Where to draw.  By default a new figure.

    Returns
    -------
    matplotlib Axes
        `ax`, or the Axes of the new figure.

    Raises
    ------
    InputError
        If there is no run, or one has no costs, or costs that are not numbers.
    ShapeError
        If costs are not of shape (T,).
    ParameterError
        If there is not one label for each run.
    NotFittedError
        If an estimator is not fitted.
    MissingExtraError
        If matplotlib is not installed.

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
    curves = _read_runs(runs, labels)
    if log and not any(np.any(_positive(run.costs)) for run in curves):
        raise InputError("log=True needs positive costs, and there is none. Use log=False.")

    ax = axes_or_new(ax, (7.2, 4.2))
    if len(curves) == 1:
        _draw_one(ax, curves[0])
    elif len(curves) <= _MAX_STYLED:
        _draw_several(ax, curves)
    else:
        _draw_many(ax, curves)
    if log:
        ax.set_yscale("log", nonpositive="mask")
    _finish(ax, max(len(run.costs) for run in curves))
    return ax


def _read_runs(runs: Any, labels: Sequence[str] | None) -> list[_Run]:
    """`runs` in any of the forms it may have, as a list."""
    if isinstance(runs, Mapping):
        keys, items = [str(key) for key in runs], list(runs.values())
    elif isinstance(runs, (list, tuple)) and not all(isinstance(item, Real) for item in runs):
        keys, items = [f"run {i}" for i in range(1, len(runs) + 1)], list(runs)
    else:
        keys, items = ["training"], [runs]
    if not items:
        raise InputError("runs is empty. Pass at least one fitted estimator, history or list of costs.")
    keys = read_names("labels", labels, len(items)) or keys
    return [_read_run(label, item) for label, item in zip(keys, items, strict=True)]


def _read_run(label: str, run: Any) -> _Run:
    if hasattr(run, "costs"):
        costs, validation = run.costs, getattr(run, "validation_costs", None)
    elif hasattr(run, "fit"):
        check_fitted(run)
        network = innermost(run)
        costs = getattr(network, "loss_curve_", None)
        validation = getattr(network, "validation_loss_curve_", None)
        if costs is None:
            raise InputError(
                f"{type(network).__name__} has no loss_curve_: it kept no costs. Pass an estimator that keeps them, "
                "such as an MLPClassifier, or the costs themselves."
            )
    else:
        costs, validation = run, None
    checked = None if validation is None else _read_costs(label, validation)
    return _Run(label, _read_costs(label, costs), checked)


def _read_costs(label: str, costs: Any) -> FloatArray:
    """`costs` as a float64 array (T,), T at least 1; NaN stays, since a diverged run is worth seeing."""
    try:
        values = np.asarray(costs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the costs of {label!r} are not numbers: {error}. Pass a fitted estimator, a history or a 1-D array."
        ) from error
    if values.ndim != 1:
        raise ShapeError(
            f"the costs of {label!r} must be of shape (T,), got {values.shape}. "
            "Pass several runs as a list of 1-D arrays."
        )
    if not len(values):
        raise InputError(f"the costs of {label!r} are empty. Train for at least one iteration.")
    return values


def _positive(values: FloatArray) -> Any:
    return np.isfinite(values) & (values > 0)


def _draw_one(ax: Axes, run: _Run) -> None:
    """Training and validation in two colours; without validation data the axis label says it all."""
    training = _draw_curve(ax, run.costs, style(0).color)
    if run.validation is None:
        if run.label != "training":
            add_legend(ax, [training], [run.label])
        return
    validation = _draw_curve(ax, run.validation, style(1).color, dashed=True)
    handles, names = [training, validation], [run.label, "validation"]
    if run.lowest is not None:
        handles.append(_mark(ax, run.lowest, style(1).color))
        names.append(f"lowest, iteration {run.lowest[0]}")
    add_legend(ax, handles, names)


def _draw_several(ax: Axes, runs: Sequence[_Run]) -> None:
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
            _draw_curve(ax, run.validation, look.color, dashed=True, marker=look.marker, shift=shift)
        if run.lowest is not None:
            _mark(ax, run.lowest, look.color)
            names[-1] += f" (lowest at {run.lowest[0]})"
    if any(run.validation is not None for run in runs):
        handles += [Line2D([], [], color=MUTED), Line2D([], [], color=MUTED, linestyle="--"), _star(MUTED)]
        names += ["training", "validation", "lowest validation cost"]
    add_legend(ax, handles, names)


def _draw_many(ax: Axes, runs: Sequence[_Run]) -> None:
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
        handles.insert(1, _draw_curve(ax, best.validation, style(0).color, dashed=True))
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
) -> Any:
    """Costs (T,) against the iterations 1 to T, with a few markers along the curve."""
    every = max(1, len(costs) // _MARKS_PER_CURVE)
    (line,) = ax.plot(
        np.arange(1, len(costs) + 1),
        costs,
        color=color,
        linestyle="--" if dashed else "-",
        linewidth=width,
        # A line through one point is invisible.
        marker=marker or ("o" if len(costs) == 1 else None),
        markevery=(int(shift * every), every),
        markersize=6,
        markeredgecolor=INK,
        markeredgewidth=0.5,
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
    from matplotlib.ticker import MaxNLocator

    if longest == 1:
        ax.set_xlim(0.5, 1.5)
    ax.set_xlabel("iteration")
    ax.set_ylabel("cost J")
    # There is no iteration 2.5.
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    remove_frame(ax)
