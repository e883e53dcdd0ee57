"""The columns that are most related to the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif, f_regression, mutual_info_classif, mutual_info_regression

from multilayer.playground.data.play_data import PlayData
from multilayer.tables.models.rows import chosen_rows

_MOST_RELATED = 24  # columns whose relation to the target is estimated by mutual information
_ROWS_RELATED = 1000
_TOO_SIMILAR = 0.98  # the correlation of two columns that span no plane


def most_related_pair(data: PlayData) -> tuple[str, str] | None:
    """Return the two columns of numbers that are most related to the target, the best first; None if there are none."""
    columns = [column for column in data.columns if column.inputs and column.kind in ("number", "date", "duration")]
    if len(columns) < 2:
        return None
    rows = chosen_rows(len(data.X), _ROWS_RELATED, 0)
    X, y = data.X[rows][:, [column.inputs[0] for column in columns]], data.targets[rows]
    scores = _relations(X, y, data.task)
    order = np.argsort(-scores, kind="stable").tolist()
    first = order[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        similar = np.abs(np.asarray(np.corrcoef(X, rowvar=False))[first])
    second = next((j for j in order[1:] if not similar[j] > _TOO_SIMILAR), order[1])
    return columns[first].name, columns[second].name


def _relations(X: NDArray[np.float64], y: NDArray[Any], task: str) -> NDArray[np.float64]:
    """Return how much each column says about the target: its mutual information, plus that of a linear relation.

    The estimate of the mutual information finds relations of any form, but is noisy; the linear part, which is not,
    separates columns of weak relations.  Of many columns only those with the strongest linear part are compared.
    """
    linear = _linear_information(X, y, task)
    best = np.arange(X.shape[1])
    if len(best) > _MOST_RELATED:
        best = np.sort(np.argsort(-linear, kind="stable")[:_MOST_RELATED])
    information = mutual_info_classif if task == "classification" else mutual_info_regression
    found = np.full(X.shape[1], -1.0)
    found[best] = linear[best] + information(X[:, best], y, discrete_features=False, random_state=0)
    return found


def _linear_information(X: NDArray[np.float64], y: NDArray[Any], task: str) -> NDArray[np.float64]:
    """Return the mutual information of normal variables with the same share of explained variance."""
    between = len(np.unique(y)) - 1 if task == "classification" else 1
    with np.errstate(invalid="ignore", divide="ignore"):
        F = (f_classif if task == "classification" else f_regression)(X, y)[0] * between
        shares = np.nan_to_num(1 / (1 + (len(y) - between - 1) / F))
    return -0.5 * np.log1p(-np.clip(shares, 0, 1 - 1e-12))
