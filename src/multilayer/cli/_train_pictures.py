"""The pictures of ``multilayer train``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multilayer.cli._classification import Classification
from multilayer.cli._pictures import Picture
from multilayer.cli._tables import shortened
from multilayer.plots import plot_cost, plot_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A larger matrix nobody reads.
_MOST_CLASSES = 20
_MOST_UNITS = 10
_INK = "#222222"


def pictures_of(result: Classification) -> list[Picture]:
    """Cost, confusion matrix, network, and for two classes the ROC curve and calibration."""
    names = _names(result)
    inputs = [shortened(str(name), 40) for name in result.encoded.encoder.get_feature_names_out()]
    network = result.network
    pictures = [Picture("cost", "The cost, epoch by epoch.", lambda: plot_cost(network))]
    if len(names) <= _MOST_CLASSES:
        caption = "Classes and predictions: the share of each class's test rows, and their number."
        pictures.append(Picture("confusion", caption, lambda: _confusion(result, names)))
    if len(names) == 2 and len(set(result.encoded.y_test.tolist())) == 2:
        caption = f"The share of {names[1]} found against the share of {names[0]} taken for it, at every threshold."
        pictures.append(Picture("roc", caption, lambda: _roc(result)))
        caption = (
            "Do the probabilities mean what they say? Each point is a tenth of the test rows; yes is the diagonal."
        )
        pictures.append(Picture("calibration", caption, lambda: _calibration(result)))
    caption = "The trained network."
    pictures.append(
        Picture(
            "network",
            caption,
            lambda: plot_network(network, feature_names=inputs, class_names=names, max_units=_MOST_UNITS),
        )
    )
    return pictures


def _names(result: Classification) -> list[str]:
    return [shortened(str(label), 24) for label in result.classes]


def _confusion(result: Classification, names: list[str]) -> Axes:
    from matplotlib import pyplot as plt
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    counts = confusion_matrix(result.encoded.y_test, result.predicted, labels=result.classes)
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


def _roc(result: Classification) -> Axes:
    """Both models' curves over the test rows."""
    from matplotlib import pyplot as plt
    from sklearn.metrics import RocCurveDisplay

    _, ax = plt.subplots(figsize=(5.4, 5.0), layout="constrained")
    for name, probabilities, look in _two_models(result):
        RocCurveDisplay.from_predictions(
            result.encoded.y_test == result.classes[1], probabilities, name=name, ax=ax, curve_kwargs=look
        )
    ax.plot([0, 1], [0, 1], color="#BDBDBD", linewidth=1, zorder=0)
    other, found = _names(result)
    ax.set_xlabel(f"share of {other} taken for {found}", parse_math=False)
    ax.set_ylabel(f"share of {found} found", parse_math=False)
    ax.legend(loc="lower right", frameon=False)
    return ax


def _calibration(result: Classification) -> Axes:
    """Both models' curves; each point stands for a tenth of the test rows."""
    from matplotlib import pyplot as plt
    from sklearn.calibration import CalibrationDisplay

    _, ax = plt.subplots(figsize=(5.4, 5.0), layout="constrained")
    for name, probabilities, look in _two_models(result):
        CalibrationDisplay.from_predictions(
            result.encoded.y_test == result.classes[1],
            probabilities,
            n_bins=10,
            strategy="quantile",
            ref_line=name == "network",
            name=name,
            ax=ax,
            **look,
        )
    name = _names(result)[1]
    ax.set_xlabel(f"probability given to {name}", parse_math=False)
    ax.set_ylabel(f"share of these rows that are {name}", parse_math=False)
    ax.legend(loc="upper left", frameon=False)
    return ax


def _two_models(result: Classification) -> list[tuple[str, np.ndarray, dict[str, str]]]:
    """Name, probabilities (m_test,) of the second class and look; lines differ in colour and in style."""
    return [
        ("network", result.probabilities[:, 1], {"color": "#0072B2", "linestyle": "-"}),
        ("logistic regression", result.baseline[:, 1], {"color": "#D55E00", "linestyle": "--"}),
    ]
