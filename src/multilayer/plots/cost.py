"""The picture of the cost of one or more runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from multilayer.exceptions import InputError, ShapeError
from multilayer.plots._axes import add_legend, axes_or_new, draw_costs, finish, panel_below, require_matplotlib
from multilayer.plots._inputs import FloatArray, check_fitted, innermost, read_names, read_numbers
from multilayer.plots._style import INK, LINE_COLORS, MUTED, PALE, style
from multilayer.plots.readable import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Up to this many runs each has its own look; of more, the best is shown against the rest.
_MAX_STYLED = 16
_SAME = 0.03  # of the range: the largest mean difference of two curves that count as one above the other
_WIDE_LINE = 4.5  # points, of a curve below another
_STAR: dict[str, Any] = {"linestyle": "", "marker": "*", "markersize": 13, "markeredgecolor": INK}
_STAR |= {"markeredgewidth": 0.8, "zorder": 3}


def plot_cost(
    runs: Any,
    *,
    labels: Sequence[str] | None = None,
    log: bool = False,
    scores: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cost of one or more training runs against the epoch.

    Training costs are solid and validation costs dashed, and a star marks the lowest validation cost.  For a single run
    with validation scores, a dotted line marks the epoch of the highest score, whose weights an estimator keeps, if
    it is another one.  Up to 16 runs differ in colour or marker, the first seven in both.  A run that ends before
    others has a large marker at its end, and a curve on which a shorter one lies is wide below it.  Of more runs, the
    one with the lowest final cost (on validation data, if there are any) is drawn against those costs of the others,
    thin and grey.  Gaps in a curve are costs that are not finite or, with ``log=True``, not positive.

    Parameters
    ----------
    runs : fitted estimator, array-like of shape (T,), history, or a list or dict of these
        An estimator with ``loss_curve_`` (and ``validation_loss_curve_``), also inside a pipeline or search;
        the costs of T epochs; or an object with ``costs``, ``validation_costs`` and ``validation_scores``.  A dict
        maps labels to runs.
    labels : sequence of str, optional
        One label for each run.  By default the keys of a dict, or "run 1", "run 2", ...
    log : bool, default False
        Draw the cost on a logarithmic scale.
    scores : bool, default False
        Draw the validation scores of a single run in another panel below; the Axes returned is that of the costs.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Axes
        `ax`, or that of a new figure.

    Raises
    ------
    InputError
        If there is no run, or one has no costs, or costs that are not numbers; with ``scores=True``, if there is more
        than one run, or no validation scores.
    ShapeError
        If costs are not of shape (T,).
    ParameterError
        If there is not one label for each run.
    NotFittedError
        If an estimator is not fitted.

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
    if log and not any(np.any(np.isfinite(run.costs) & (run.costs > 0)) for run in curves):
        raise InputError("log=True needs positive costs, and there is none. Use log=False.")
    if scores and (len(curves) > 1 or curves[0].scores is None):
        received = f"{len(curves)} runs" if len(curves) > 1 else "a run without"
        raise InputError(
            f"scores=True needs one run with validation scores, got {received}. Pass an estimator fitted with "
            "early_stopping=True or X_val, or use scores=False."
        )

    ax = axes_or_new(ax, (7.2, 5.4 if scores else 4.2), "Cost by epoch")
    draw = _draw_one if len(curves) == 1 else _draw_several if len(curves) <= _MAX_STYLED else _draw_many
    entries = draw(ax, curves)
    if len(entries) > 1 or entries[0][1] != "training":  # the label of the axis says as much
        add_legend(ax, entries)
    if log:
        ax.set_yscale("log", nonpositive="mask")
    if max(len(run.costs) for run in curves) == 1:
        ax.set_xlim(0.5, 1.5)
    finish(ax, "epoch", "cost J", has_counts=True)
    if scores:
        _draw_scores(ax, curves[0])
    return readable(ax)


class _Run(NamedTuple):
    """The costs (T,) of a run, and its validation costs and scores, of which there may be fewer, the last ones."""

    label: str
    costs: FloatArray
    validation: FloatArray | None
    scores: FloatArray | None

    def first(self, values: FloatArray) -> int:
        """The epoch, from 1, of the first of `values`."""
        return 1 + max(len(self.costs) - len(values), 0)

    def highest(self, values: FloatArray | None, sign: float = 1.0) -> tuple[int, float] | None:
        """The epoch and the highest finite value, the first of equals; with `sign` -1 the lowest."""
        if values is None or not np.isfinite(values).any():
            return None
        i = int(np.argmax(np.where(np.isfinite(values), sign * values, -np.inf)))
        return i + self.first(values), float(values[i])

    @property
    def best(self) -> tuple[int, float] | None:
        """The epoch and value of the highest score."""
        return self.highest(self.scores)

    @property
    def lowest(self) -> tuple[int, float] | None:
        """The epoch and value of the lowest validation cost."""
        return self.highest(self.validation, -1.0)

    @property
    def ranked(self) -> FloatArray:
        """The costs whose last one ranks the run among others."""
        return self.costs if self.validation is None else self.validation


def _read_runs(runs: Any, labels: Sequence[str] | None) -> list[_Run]:
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
    names = ("costs", "validation_costs", "validation_scores")
    if not hasattr(run, "costs") and hasattr(run, "fit"):
        check_fitted(run)
        run, names = innermost(run), ("loss_curve_", "validation_loss_curve_", "validation_scores_")
        if getattr(run, "loss_curve_", None) is None:
            raise InputError(
                f"{type(run).__name__} has no loss_curve_: it kept no costs. Pass an estimator that keeps them, "
                "such as an MLPClassifier, or the costs themselves."
            )
    costs, *others = (getattr(run, name, None) for name in names)
    validation, scores = (None if values is None else _read_costs(label, values) for values in others)
    return _Run(label, _read_costs(label, run if costs is None else costs), validation, scores)


def _read_costs(label: str, costs: Any) -> FloatArray:
    """`costs` as a float64 array (T,), T at least 1; NaN stays, since a diverged run is worth seeing."""
    values = read_numbers(f"the costs of {label!r}", costs, "Pass a fitted estimator, a history or a 1-D array.")
    if values.ndim != 1:
        raise ShapeError(
            f"the costs of {label!r} must be of shape (T,), got {values.shape}. "
            "Pass several runs as a list of 1-D arrays."
        )
    if not len(values):
        raise InputError(f"the costs of {label!r} are empty. Train for at least one epoch.")
    return values


def _draw_one(ax: Axes, runs: Sequence[_Run]) -> list[tuple[Any, str]]:
    """Training and validation in two colours."""
    (run,) = runs
    entries: list[tuple[Any, str]] = [(draw_costs(ax, run.costs, style(0).color), run.label)]
    entries += _draw_validation(ax, run, style(1).color, "validation", "lowest")
    if run.best is not None and (run.lowest is None or run.best[0] != run.lowest[0]):
        entries.append((_mark_epoch(ax, run.best[0]), f"highest score, epoch {run.best[0]:,}"))
    return entries


def _draw_several(ax: Axes, runs: Sequence[_Run]) -> list[tuple[Any, str]]:
    """Each run in its own colour and marker."""
    from matplotlib.lines import Line2D

    entries: list[tuple[Any, str]] = []
    longest = max(len(run.costs) for run in runs)
    for k, run in enumerate(runs):
        color, marker, _ = style(k, LINE_COLORS)
        # Shifted along the curve, so that the markers of close curves do not hide each other.
        look: dict[str, Any] = {"marker": marker, "shift": k / len(runs), "zorder": 2.0}
        if any(_hides(run, other) for other in runs):
            look |= {"linewidth": _WIDE_LINE, "markersize": 8, "zorder": 1.5}
        line = draw_costs(ax, run.costs, color, **look)
        _draw_validation(ax, run, color, "", "", **look)
        label = run.label + ("" if run.lowest is None else f" (lowest at {run.lowest[0]:,})")
        if len(run.costs) < longest:
            end: dict[str, Any] = {"markersize": 10, "markeredgecolor": INK, "markeredgewidth": 1.2, "zorder": 3}
            ax.plot([len(run.costs)], run.costs[-1:], marker, color=color, **end)
            label += f", ends at epoch {len(run.costs):,}"
        entries.append((line, label))
    if any(run.validation is not None for run in runs):
        entries += [
            (Line2D([], [], color=MUTED), "training"),
            (Line2D([], [], color=MUTED, linestyle="--"), "validation"),
        ]
        entries.append((Line2D([], [], color=MUTED, **_STAR), "lowest validation cost"))
    return entries


def _hides(run: _Run, other: _Run) -> bool:
    """Whether `other` is shorter and lies on the curve of `run`, where it would not be seen."""
    n = len(other.costs)
    if n >= len(run.costs) or not np.isfinite(other.costs).all() or not np.isfinite(run.costs[:n]).all():
        return False
    return bool(np.abs(run.costs[:n] - other.costs).mean() <= _SAME * np.ptp(other.costs))


def _draw_many(ax: Axes, runs: Sequence[_Run]) -> list[tuple[Any, str]]:
    """The run with the lowest final cost against all others in grey."""
    best = min(runs, key=lambda run: run.ranked[-1] if np.isfinite(run.ranked[-1]) else np.inf)
    for run in runs:
        if run is not best:
            # One curve a run, the one that ranks it: two of each are a tangle.
            line = "-" if run.validation is None else "--"
            rest = draw_costs(ax, run.ranked, PALE, linestyle=line, linewidth=0.7)
    entries: list[tuple[Any, str]] = [(draw_costs(ax, best.costs, style(0).color), f"{best.label} (lowest final cost)")]
    entries += _draw_validation(ax, best, style(0).color, "its validation cost", "its lowest")
    return [*entries, (rest, f"{len(runs) - 1:,} other runs")]


def _draw_validation(
    ax: Axes, run: _Run, color: str, label: str, lowest_label: str, **look: Any
) -> list[tuple[Line2D, str]]:
    """The validation costs dashed and a star at the lowest, if there are any, with labels for the legend."""
    entries = []
    if run.validation is not None:
        first = run.first(run.validation)
        entries.append((draw_costs(ax, run.validation, color, first=first, linestyle="--", **look), label))
    if run.lowest is not None:
        epoch, cost = run.lowest
        (star,) = ax.plot([epoch], [cost], color=color, **_STAR)
        entries.append((star, f"{lowest_label}, epoch {epoch:,}"))
    return entries


def _mark_epoch(ax: Axes, epoch: int) -> Line2D:
    return ax.axvline(epoch, color=MUTED, linestyle=":", linewidth=1.4, zorder=1)


def _draw_scores(ax: Axes, run: _Run) -> None:
    """The validation scores in the lower third of what was the place of `ax`, over the same epochs."""
    below = panel_below(ax)
    if run.scores is not None:
        draw_costs(below, run.scores, style(2).color, first=run.first(run.scores))
    if run.best is not None:
        _mark_epoch(below, run.best[0])
    finish(below, "epoch", "score", has_counts=True)
    ax.set_xlabel("")
