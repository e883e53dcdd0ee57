"""The pictures of commands: drawn by the library's plots and by scikit-learn's displays, and encoded as PNG."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.console import Output
from multilayer.cli.folder import OutputFolder
from multilayer.cli.limits import Deadline
from multilayer.cli.progress import waiting
from multilayer.cli.text import count, rounded, shortened
from multilayer.exceptions import MissingExtraError
from multilayer.plots import make_readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 144  # sharp on a screen of twice the usual density, and about 60 kB a picture
_MOST_CLASSES = 20  # in a confusion matrix
_INK = "#222222"
_PARTS = 10  # of the test rows, or of the probabilities from 0 to 1
_WORST = 5  # rows that are named
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Picture:
    """A picture that is not drawn yet."""

    name: str  # of the file, without ".png"
    caption: str
    draw: Callable[[], Axes]  # on a new figure


def draw_pictures(pictures: Iterable[Picture]) -> Iterator[tuple[str, bytes]]:
    """Draw one picture after another: the name and the PNG of each."""
    # matplotlib warns of fonts, and of a cache folder that it cannot write to.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        import matplotlib
    except ImportError:
        raise MissingExtraError("drawing pictures", "matplotlib", "plots") from None
    matplotlib.use("agg")  # without windows, also where there is no display
    from matplotlib import pyplot as plt

    for picture in pictures:
        figure: Any = picture.draw().get_figure()
        make_readable(figure)
        buffer = io.BytesIO()
        # Without date and version, equal pictures are equal bytes.
        words = {"Software": None, "Description": picture.caption}
        # The tight box contains labels of any length.
        figure.savefig(buffer, format="png", bbox_inches="tight", dpi=_DOTS_PER_INCH, metadata=words)
        plt.close(figure)
        yield picture.name, buffer.getvalue()


def draw_into(
    folder: OutputFolder, pictures: Sequence[Picture], deadline: Deadline, output: Output
) -> dict[str, bytes]:
    """Draw the pictures and write them to the folder, until Ctrl-C or the end of the time; each PNG by its name."""
    drawn: dict[str, bytes] = {}
    why = ""
    with waiting(output, "drawing"), output.noting_warnings():
        try:
            for name, png in draw_pictures(pictures):
                folder.write(f"{name}.png", png)
                drawn[name] = png
                if deadline.is_over:
                    why = "the time was over"
                    break
        except MissingExtraError as error:
            why = str(error)
        except KeyboardInterrupt:
            if output.was_interrupted:
                raise  # the second time
            output.interrupt()
            why = "interrupted"
    if len(drawn) < len(pictures):
        which = count(len(pictures) - len(drawn), "picture") if drawn else "pictures"
        output.note(f"the report is without {which}: {why}")
    return drawn


def class_pictures(
    actual: NDArray[Any], models: dict[str, NDArray[Any]], classes: NDArray[Any], names: list[str]
) -> list[Picture]:
    """The calibration, the confusion matrix, and for two classes the ROC curve.

    ``models`` holds the probabilities (m, K) of the network and then of others, ``names`` (K,) those of the classes
    (K,).
    """
    pictures, network = [], next(iter(models.values()))
    is_second = len(names) == 2 and len(set(actual.tolist())) == 2
    if is_second:
        right, chances = actual == classes[1], {name: found[:, 1] for name, found in models.items()}
        what = f"{names[1]}"
        caption = f"Predicted probabilities of {what} and its share among these rows; on the diagonal they are equal."
    else:
        right, chances = actual == classes[network.argmax(axis=1)], {next(iter(models)): network.max(axis=1)}
        what = "the predicted class"
        caption = "Predicted probabilities of the predicted class and the share of these rows in which it is right."
    caption += " Each point is about a tenth of the test rows; the bars count the rows."
    pictures.append(Picture("calibration", caption, lambda: _calibration(right, chances, what)))
    if len(names) <= _MOST_CLASSES:
        caption = (
            "Classes and predictions: the share of each class's test rows, and their number, with the totals. The "
            "colour is the share that is certain (the lower end of its 95% interval), so that small classes stay pale."
        )
        pictures.append(Picture("confusion", caption, lambda: _confusion(actual, network, classes, names)))
    if is_second:
        caption = f"The share of {names[1]} found against the share of {names[0]} mistaken for it, at every threshold."
        pictures.append(Picture("roc", caption, lambda: _roc(right, chances, names)))
    return pictures


def _confusion(actual: NDArray[Any], probabilities: NDArray[Any], classes: NDArray[Any], names: list[str]) -> Axes:
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    counts = confusion_matrix(actual, classes[probabilities.argmax(axis=1)], labels=classes)
    # A class that the test rows lack has shares of 0, not of 0/0.
    n_rows = counts.sum(axis=1, keepdims=True).clip(min=1)
    shares, certain = counts / n_rows, surely_at_least(counts, n_rows)
    side = 3.6 + 0.6 * len(names)
    ax = _new_axes(side + 1, side)
    display = ConfusionMatrixDisplay(certain, display_labels=names)
    display.plot(ax=ax, cmap="Blues", include_values=False, im_kw={"vmin": 0.0, "vmax": 1.0})
    for (i, j), n in np.ndenumerate(counts):
        color = "white" if certain[i, j] > 0.55 else _INK
        ax.text(j, i, f"{shares[i, j]:.0%}\n{n:,}", ha="center", va="center", color=color, fontsize=9)
    display.im_.colorbar.set_label("share of the actual class, at least (95% interval)")
    for axis, totals in ((ax.xaxis, counts.sum(axis=0)), (ax.yaxis, counts.sum(axis=1))):
        labels = [f"{name}\n{n:,}" for name, n in zip(names, totals, strict=True)]
        axis.set_ticks(range(len(names)), labels)
    ax.set(xlabel="predicted, with the number of rows", ylabel="actual, with the number of rows")
    if max(map(len, names)) > 6 and len(names) > 2:
        ax.tick_params(axis="x", labelrotation=45)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(False)
    return ax


def surely_at_least(counts: NDArray[Any], n_rows: NDArray[Any]) -> NDArray[np.float64]:
    """The lower end of Wilson's 95% interval of ``counts / n_rows``: 0.21 for 1 of 1, 0.96 for 100 of 100."""
    shares, z = counts / n_rows, 1.959964
    middle, half = shares + z**2 / (2 * n_rows), z * np.sqrt(shares * (1 - shares) / n_rows + z**2 / (4 * n_rows**2))
    # In exact arithmetic a share of 0 has the end 0.
    return np.asarray(np.maximum(middle - half, 0.0) / (1 + z**2 / n_rows))


def worst_rows(
    ax: Axes, actual: NDArray[Any], predicted: NDArray[Any], names: list[str], write: Callable[[float], str]
) -> Axes:
    """Number the rows of the largest errors in a picture of predictions, and name them beside it."""
    errors = predicted - actual
    lines = ["largest errors"]
    for number, row in enumerate(np.argsort(-np.abs(errors))[:_WORST], start=1):
        is_above = errors[row] > 0
        ax.plot(actual[row], predicted[row], "o", markersize=7, markerfacecolor="none", markeredgecolor=_INK)
        ax.annotate(
            str(number),
            (actual[row], predicted[row]),
            (-5, 5) if is_above else (5, -5),  # away from the diagonal, where most points are
            textcoords="offset points",
            ha="right" if is_above else "left",
            va="bottom" if is_above else "top",
            fontsize=9,
            color=_INK,
        )
        sign = "+" if is_above else "-"
        lines.append(f"{number}  {shortened(names[row], _LONGEST_LABEL)}: {sign}{write(abs(errors[row]))}")
    ax.text(1.03, 0.5, "\n".join(lines), transform=ax.transAxes, fontsize=9, va="top", color=_INK, parse_math=False)
    return ax


def fold_pictures(models: dict[str, dict[int, float]], heading: str, names: list[str]) -> list[Picture]:
    """The score of each model in each fold, the mean of each, and the standard error of the first mean.

    ``models`` holds the scores by the number of the fold, ``names`` those of all folds.
    """
    caption = f"The {heading} of each model in each fold. Lines are the means; the band is one standard error."
    return [Picture("folds", caption, lambda: _fold_scores(models, heading, names))]


def _fold_scores(models: dict[str, dict[int, float]], heading: str, names: list[str]) -> Axes:
    ax = _new_axes(7.2, 4.0)
    n_models = len(models)
    for at, ((name, scores), look) in enumerate(zip(models.items(), _LOOKS, strict=False)):
        known = {fold: score for fold, score in scores.items() if np.isfinite(score)}
        if not known:
            continue
        values = np.array(list(known.values()))
        mean = values.mean()
        shift = 0.5 * ((at + 0.5) / n_models - 0.5)
        label = f"{name}, mean {rounded(float(mean))}"
        if not at and len(values) > 1:
            error = values.std(ddof=1) / np.sqrt(len(values))
            ax.axhspan(mean - error, mean + error, color=look["color"], alpha=0.15, linewidth=0)
        ax.axhline(mean, linewidth=1.4, color=look["color"], linestyle=look["linestyle"])
        places = np.array(list(known)) + shift
        ax.plot(
            places, values, _MARKERS[at], color=look["color"], markeredgecolor=_INK, markeredgewidth=0.5, label=label
        )
    step = max(1, len(names) // _MOST_TICKS)
    ax.set_xticks(range(0, len(names), step), names[::step])
    ax.set(xlabel="fold", ylabel=heading, xlim=(-0.6, len(names) - 0.4))
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=1)
    ax.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


_MARKERS = ("o", "^", "s")
_MOST_TICKS = 20  # of folds
_LOOKS = (
    {"color": "#0072B2", "linestyle": "-"},
    {"color": "#D55E00", "linestyle": "--"},
    {"color": "#009E73", "linestyle": ":"},
)


def _roc(second: NDArray[np.bool_], models: dict[str, NDArray[Any]], names: list[str]) -> Axes:
    from sklearn.metrics import RocCurveDisplay

    ax = _new_axes(5.4, 5.0)
    for (name, probabilities), look in zip(models.items(), _LOOKS, strict=False):
        RocCurveDisplay.from_predictions(second, probabilities, name=name, ax=ax, curve_kwargs=look)
    ax.plot([0, 1], [0, 1], color="#BDBDBD", linewidth=1, zorder=0)
    other, found = names
    ax.set_xlabel(f"share of {other} taken for {found}", parse_math=False)
    ax.set_ylabel(f"share of {found} found", parse_math=False)
    ax.legend(loc="lower right", frameon=False)
    return ax


def precision_recall(second: NDArray[np.bool_], probabilities: NDArray[Any], name: str) -> Axes:
    """The precision at each recall of the second of two classes."""
    from sklearn.metrics import PrecisionRecallDisplay

    ax = _new_axes(5.4, 5.0)
    PrecisionRecallDisplay.from_predictions(
        second, probabilities, name="model", ax=ax, plot_chance_level=True, curve_kwargs=_LOOKS[0]
    )
    ax.set_xlabel(f"share of {name} found (recall)", parse_math=False)
    ax.set_ylabel(f"share of {name} among those taken for it (precision)", parse_math=False)
    ax.legend(loc="lower left", frameon=False)
    return ax


def residuals(actual: NDArray[Any], predicted: NDArray[Any], name: str) -> Axes:
    """The errors against the predicted amounts, with their quartiles in tenths of the rows."""
    ax = _new_axes(6.4, 4.4)
    errors = actual - predicted
    order = np.argsort(predicted, kind="stable")
    ax.plot(predicted, errors, ".", color=_LOOKS[0]["color"], alpha=0.35, markersize=4, markeredgewidth=0)
    ax.axhline(0.0, color=_INK, linewidth=1)
    parts = [part for part in np.array_split(order, _PARTS) if len(part)]
    centres = [float(np.median(predicted[part])) for part in parts]
    for quantile, look in ((0.25, ":"), (0.5, "-"), (0.75, ":")):
        values = [float(np.quantile(errors[part], quantile)) for part in parts]
        label = {0.5: "median of a tenth of the rows", 0.25: "quartiles"}.get(quantile)
        ax.plot(centres, values, look, color=_LOOKS[1]["color"], label=label)
    ax.set_xlabel(f"predicted {name}", parse_math=False)
    ax.set_ylabel("actual minus predicted", parse_math=False)
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), frameon=False, ncols=2)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _calibration(right: NDArray[np.bool_], models: dict[str, NDArray[Any]], what: str) -> Axes:
    """Calibration curves, and below them the number of rows by the network's probability."""
    from matplotlib import pyplot as plt
    from sklearn.calibration import CalibrationDisplay

    (ax, below) = plt.subplots(2, 1, figsize=(5.4, 5.8), layout="constrained", sharex=True, height_ratios=[4, 1.1])[1]
    settings: dict[str, Any] = {"n_bins": _PARTS, "strategy": "quantile", "ax": ax}
    for at, ((name, probabilities), line) in enumerate(zip(models.items(), _LOOKS, strict=False)):
        look = {**line, "marker": _MARKERS[at]}
        CalibrationDisplay.from_predictions(right, probabilities, ref_line=at == 0, name=name, **settings, **look)
    ax.lines[0].set_label("perfectly calibrated")  # the diagonal
    counts, edges = np.histogram(next(iter(models.values())), bins=_PARTS, range=(0.0, 1.0))
    bars = below.bar(edges[:-1], counts, width=1.0 / _PARTS, align="edge", color=_LOOKS[0]["color"], edgecolor="white")
    below.bar_label(bars, [f"{n:,}" if n else "" for n in counts], fontsize=8, color=_INK)
    below.margins(y=0.25)
    below.yaxis.set_major_formatter("{x:,.0f}")
    below.set_ylabel("rows")
    ax.set_xlabel("")
    below.set_xlabel(f"probability given to {what}", parse_math=False)
    is_class = what != "the predicted class"
    ax.set_ylabel(f"share of these rows that are {what if is_class else 'right'}", parse_math=False)
    ax.legend(loc="upper left", frameon=False)
    for each in (ax, below):
        each.spines[["top", "right"]].set_visible(False)
    return ax


def _new_axes(width: float, height: float) -> Axes:
    from matplotlib import pyplot as plt

    ax: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return ax
