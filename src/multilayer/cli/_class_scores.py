"""How good predictions are, as records and as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, precision_recall_fscore_support, roc_auc_score

from multilayer.cli._metrics import Metric
from multilayer.cli._tables import TextTable, count, number, number_with_error, shortened

_MOST_CLASSES = 25
_LONGEST_LABEL = 30

LOG_LOSS = Metric("log_loss", "log-loss", False, number, number_with_error)


@dataclass(frozen=True)
class Scores:
    """The scores of one model on some rows; NaN for one that is not defined on them."""

    model: str
    accuracy: float
    balanced_accuracy: float
    log_loss: float
    roc_auc: float


def measure(model: str, y: NDArray[Any], probabilities: NDArray[Any], classes: NDArray[Any]) -> Scores:
    """Scores of the probabilities (m, K) of sorted classes (K,) against the labels y (m,).

    The balanced accuracy is the mean over the classes that y holds of the share of their rows that was recognised.
    ROC AUC is of the second of two classes.
    """
    predicted = classes[probabilities.argmax(axis=1)]
    right = predicted == y
    present = np.unique(y)
    both = len(classes) == 2 == len(present)
    # float32 probabilities sum to 1 within 1e-7 only, at which scikit-learn warns.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    return Scores(
        model,
        accuracy=float(right.mean()),
        balanced_accuracy=float(np.mean([right[y == label].mean() for label in present])),
        log_loss=float(log_loss(y, exact, labels=classes)),
        roc_auc=float(roc_auc_score(y == classes[1], exact[:, 1])) if both else np.nan,
    )


def metrics_of(n_classes: int) -> tuple[Metric, ...]:
    """The scores that there are of so many classes."""
    return (
        Metric("accuracy", "accuracy", True, number, number_with_error),
        Metric("balanced_accuracy", "balanced accuracy", True, number, number_with_error),
        LOG_LOSS,
        *[Metric("roc_auc", "ROC AUC", True, number, number_with_error)] * (n_classes == 2),
    )


def class_table(y: NDArray[Any], predicted: NDArray[Any], classes: NDArray[Any]) -> TextTable:
    """Precision, recall and F1 of each class; of many classes, the largest."""
    # NaN, shown as a dash: a class that was never predicted has no precision.
    precision, recall, f1, support = precision_recall_fscore_support(y, predicted, labels=classes, zero_division=np.nan)
    largest = np.sort(np.argsort(-support, kind="stable")[:_MOST_CLASSES])
    rows = [
        (
            shortened(str(classes[i]), _LONGEST_LABEL),
            number(precision[i]),
            number(recall[i]),
            number(f1[i]),
            f"{int(support[i]):,}",
        )
        for i in largest
    ]
    left_out = len(classes) - len(largest)
    if left_out:
        rest = int(support.sum() - support[largest].sum())
        rows.append((f"... {count(left_out, 'smaller class', 'smaller classes')}", "", "", "", f"{rest:,}"))
    return TextTable("Each class", ("class", "precision", "recall", "F1", "rows"), tuple(rows), "lrrrr")
