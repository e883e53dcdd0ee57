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
from multilayer.cli.text import count
from multilayer.exceptions import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOTS_PER_INCH = 144  # sharp on a screen of twice the usual density, and about 60 kB a picture
_MOST_CLASSES = 20  # in a confusion matrix
_INK = "#222222"


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
        buffer = io.BytesIO()
        # The tight box contains labels of any length.  Without date and version, equal pictures are equal bytes.
        figure.savefig(buffer, format="png", bbox_inches="tight", dpi=_DOTS_PER_INCH, metadata={"Software": None})
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
    actual: NDArray[Any], network: NDArray[Any], linear: NDArray[Any], classes: NDArray[Any], names: list[str]
) -> list[Picture]:
    """The confusion matrix, and for two classes the ROC curve and the calibration.

    ``network`` and ``linear`` are probabilities (m, K), ``names`` (K,) those of the classes (K,).
    """
    pictures = []
    if len(names) <= _MOST_CLASSES:
        caption = "Classes and predictions: the share of each class's test rows, and their number."
        pictures.append(Picture("confusion", caption, lambda: _confusion(actual, network, classes, names)))
    if len(names) == 2 and len(set(actual.tolist())) == 2:
        second = actual == classes[1]
        models = {"network": network[:, 1], "logistic regression": linear[:, 1]}
        caption = f"The share of {names[1]} found against the share of {names[0]} mistaken for it, at every threshold."
        pictures.append(Picture("roc", caption, lambda: _roc(second, models, names)))
        caption = "Predicted probabilities and shares. Each point is a tenth of the test rows; the diagonal is ideal."
        pictures.append(Picture("calibration", caption, lambda: _calibration(second, models, names[1])))
    return pictures


def _confusion(actual: NDArray[Any], probabilities: NDArray[Any], classes: NDArray[Any], names: list[str]) -> Axes:
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    counts = confusion_matrix(actual, classes[probabilities.argmax(axis=1)], labels=classes)
    # A class that the test rows lack has shares of 0, not of 0/0.
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    side = 3.6 + 0.5 * len(names)
    ax = _new_axes(side + 1, side)
    display = ConfusionMatrixDisplay(shares, display_labels=names)
    display.plot(ax=ax, cmap="Blues", include_values=False, im_kw={"vmin": 0.0, "vmax": 1.0})
    for (i, j), n in np.ndenumerate(counts):
        ax.text(j, i, f"{n:,}", ha="center", va="center", color="white" if shares[i, j] > 0.55 else _INK)
    display.im_.colorbar.set_label("share of the actual class")
    ax.set(xlabel="predicted", ylabel="actual")
    if max(map(len, names)) > 6 and len(names) > 2:
        ax.tick_params(axis="x", labelrotation=45)
    for label in (*ax.get_xticklabels(), *ax.get_yticklabels()):
        label.set_parse_math(False)
    return ax


_LOOKS = ({"color": "#0072B2", "linestyle": "-"}, {"color": "#D55E00", "linestyle": "--"})


def _roc(second: NDArray[np.bool_], models: dict[str, NDArray[Any]], names: list[str]) -> Axes:
    from sklearn.metrics import RocCurveDisplay

    ax = _new_axes(5.4, 5.0)
    for (name, probabilities), look in zip(models.items(), _LOOKS, strict=True):
        RocCurveDisplay.from_predictions(second, probabilities, name=name, ax=ax, curve_kwargs=look)
    ax.plot([0, 1], [0, 1], color="#BDBDBD", linewidth=1, zorder=0)
    other, found = names
    ax.set_xlabel(f"share of {other} taken for {found}", parse_math=False)
    ax.set_ylabel(f"share of {found} found", parse_math=False)
    ax.legend(loc="lower right", frameon=False)
    return ax


def _calibration(second: NDArray[np.bool_], models: dict[str, NDArray[Any]], found: str) -> Axes:
    from sklearn.calibration import CalibrationDisplay

    ax = _new_axes(5.4, 5.0)
    settings: dict[str, Any] = {"n_bins": 10, "strategy": "quantile", "ax": ax}
    for (name, probabilities), look in zip(models.items(), _LOOKS, strict=True):
        is_first = name == "network"
        CalibrationDisplay.from_predictions(second, probabilities, ref_line=is_first, name=name, **settings, **look)
    ax.lines[0].set_label("perfectly calibrated")  # the diagonal
    ax.set_xlabel(f"probability given to {found}", parse_math=False)
    ax.set_ylabel(f"share of these rows that are {found}", parse_math=False)
    ax.legend(loc="upper left", frameon=False)
    return ax


def _new_axes(width: float, height: float) -> Axes:
    from matplotlib import pyplot as plt

    ax: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return ax
