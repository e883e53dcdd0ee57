"""The pictures of probabilities that ``multilayer train`` draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._pictures import Picture
from multilayer.cli._task import Answers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST_NAME = 24
# A larger matrix nobody reads.
_MOST_CLASSES = 20
_INK = "#222222"


def class_pictures(answers: Answers, classes: NDArray[Any], names: list[str]) -> list[Picture]:
    """Confusion matrix, and for two classes the ROC curve and calibration; names (K,) are those of classes (K,)."""
    pictures = []
    if len(names) <= _MOST_CLASSES:
        caption = "Classes and predictions: the share of each class's test rows, and their number."
        pictures.append(Picture("confusion", caption, lambda: _confusion(answers, classes, names)))
    if len(names) == 2 and len(set(answers.actual.tolist())) == 2:
        second = answers.actual == classes[1]
        caption = f"The share of {names[1]} found against the share of {names[0]} taken for it, at every threshold."
        pictures.append(Picture("roc", caption, lambda: _roc(answers, second, names)))
        caption = (
            "Do the probabilities mean what they say? Each point is a tenth of the test rows; yes is the diagonal."
        )
        pictures.append(Picture("calibration", caption, lambda: _calibration(answers, second, names[1])))
    return pictures


def _confusion(answers: Answers, classes: NDArray[Any], names: list[str]) -> Axes:
    from matplotlib import pyplot as plt
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    predicted = classes[answers.network.argmax(axis=1)]
    counts = confusion_matrix(answers.actual, predicted, labels=classes)
    # A class that the test rows lack has shares of 0, not of 0/0.
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    side = 3.6 + 0.5 * len(names)
    _, ax = plt.subplots(figsize=(side + 1, side), layout="constrained")
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


def _roc(answers: Answers, second: NDArray[np.bool_], names: list[str]) -> Axes:
    """Both models' curves over the test rows, those of the second class marked."""
    from matplotlib import pyplot as plt
    from sklearn.metrics import RocCurveDisplay

    _, ax = plt.subplots(figsize=(5.4, 5.0), layout="constrained")
    for name, probabilities, look in _two_models(answers):
        RocCurveDisplay.from_predictions(second, probabilities, name=name, ax=ax, curve_kwargs=look)
    ax.plot([0, 1], [0, 1], color="#BDBDBD", linewidth=1, zorder=0)
    other, found = names
    ax.set_xlabel(f"share of {other} taken for {found}", parse_math=False)
    ax.set_ylabel(f"share of {found} found", parse_math=False)
    ax.legend(loc="lower right", frameon=False)
    return ax


def _calibration(answers: Answers, second: NDArray[np.bool_], found: str) -> Axes:
    """Both models' curves; each point stands for a tenth of the test rows."""
    from matplotlib import pyplot as plt
    from sklearn.calibration import CalibrationDisplay

    _, ax = plt.subplots(figsize=(5.4, 5.0), layout="constrained")
    for name, probabilities, look in _two_models(answers):
        CalibrationDisplay.from_predictions(
            second,
            probabilities,
            n_bins=10,
            strategy="quantile",
            ref_line=name == "network",
            name=name,
            ax=ax,
            **look,
        )
    ax.set_xlabel(f"probability given to {found}", parse_math=False)
    ax.set_ylabel(f"share of these rows that are {found}", parse_math=False)
    ax.legend(loc="upper left", frameon=False)
    return ax


def _two_models(answers: Answers) -> list[tuple[str, np.ndarray, dict[str, str]]]:
    """Name, probabilities (m_test,) of the second class and look; lines differ in colour and in style."""
    return [
        ("network", answers.network[:, 1], {"color": "#0072B2", "linestyle": "-"}),
        ("logistic regression", answers.linear[:, 1], {"color": "#D55E00", "linestyle": "--"}),
    ]
