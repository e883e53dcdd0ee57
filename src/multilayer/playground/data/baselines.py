"""baselines: the scores of a linear model and of a constant prediction, with which a network is compared."""

from __future__ import annotations

import threading
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multilayer.playground.data.play_data import PlayData
from multilayer.tables.models.rows import chosen_rows

MOST_ROWS = 20_000
_MOST_ENTRIES = {
    "classification": 300_000,
    "regression": 3_000_000,
}  # of the inputs of a linear model times its classes
_LEAST_ROWS = 500
_MOST_ITERATIONS = 200

_FILTERS = threading.Lock()  # the filters of warnings belong to all threads, and so to all pages


@lru_cache(maxsize=4)  # pages share the data of a table
def baselines(data: PlayData) -> list[dict[str, Any]]:
    """Score a linear model and a constant prediction on the training and the validation rows.

    The linear model is scikit-learn's logistic regression, or ridge regression for amounts, on standardised inputs and
    with its default penalty.  The constant prediction is the most frequent class, or the mean.  Of many rows random
    ones are used, at most 20,000 of each part; the title then says on how many the model was trained.

    Parameters
    ----------
    data : PlayData
        The data.

    Returns
    -------
    list of dict
        Of the linear model, then of the constant prediction: ``name``, "linear" and "majority" or "mean"; ``title``;
        and the scores ``train`` and ``validation``, which are accuracies or R²; None without validation rows.

    Examples
    --------
    >>> from multilayer.playground.data.play_data import shape_data
    >>> for found in baselines(shape_data("circles")):
    ...     print(found["name"], round(found["train"], 2), round(found["validation"], 2))
    linear 0.54 0.45
    majority 0.5 0.5
    """
    is_classes = data.task == "classification"
    linear, constant = (
        (LogisticRegression(max_iter=_MOST_ITERATIONS), DummyClassifier())
        if is_classes
        else (Ridge(), DummyRegressor())
    )
    rows = chosen_rows(len(data.X), _row_limit(data), 0)
    sampled = f" (trained on a sample of {len(rows):,} rows)" if len(rows) < len(data.X) else ""
    return [
        _scored(data, rows, make_pipeline(StandardScaler(), linear), "linear",
                ("logistic" if is_classes else "ridge") + f" regression{sampled}"),
        _scored(data, np.arange(len(data.X)), constant, "majority" if is_classes else "mean",
                "most frequent class" if is_classes else "mean"),
    ]  # fmt: skip


def _row_limit(data: PlayData) -> int:
    """Return the number of training rows with which the linear model is fitted in a fraction of a second."""
    width = data.X.shape[1] * max(1, len(data.class_names) - 1)
    return min(MOST_ROWS, max(_LEAST_ROWS, _MOST_ENTRIES[data.task] // width))


def _scored(data: PlayData, rows: Any, model: Any, name: str, title: str) -> dict[str, Any]:
    with _FILTERS, warnings.catch_warnings():
        # The accuracy of a baseline does not depend on the last digits of its weights.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(data.X[rows], data.targets[rows])
    of_train = chosen_rows(len(data.X), MOST_ROWS, 0)
    found = {"name": name, "title": title, "train": float(model.score(data.X[of_train], data.targets[of_train]))}
    if data.X_val is None or data.targets_val is None:
        return {**found, "validation": None}
    of_val = chosen_rows(len(data.X_val), MOST_ROWS, 0)
    return {**found, "validation": float(model.score(data.X_val[of_val], data.targets_val[of_val]))}
