"""Predictions as named columns of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

PREDICTED = "predicted"
_BETWEEN_CLASSES = "|"  # of a set

Columns = dict[str, NDArray[Any]]


def prediction_columns(model: Any, X: Any, *, probabilities: bool = False, coverage: float | None = None) -> Columns:
    """Return predictions for rows as columns of a table.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted model.
    X : table or array of m rows
        The rows.
    probabilities : bool, default=False
        Whether to add the probability of each class, as "p(class)".
    coverage : float, default=None
        The coverage of the intervals of a TableRegressor, added as "lower" and "upper", or of the sets of a
        TableClassifier, added as "set" with "|" between the classes.  By default, neither is added.

    Returns
    -------
    dict of str to array of shape (m,)
        The columns.  Several outputs are "predicted 1", "predicted 2", ..., and so for the ends of intervals.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
    >>> columns = prediction_columns(model, [[0.0], [1.0]], probabilities=True)
    >>> list(columns), columns["predicted"].tolist()
    (['predicted', 'p(no)', 'p(yes)'], ['no', 'yes'])
    """
    return _classes(model, X, probabilities, coverage) if is_classifier(model) else _amounts(model, X, coverage)


def _classes(model: Any, X: Any, with_probabilities: bool, coverage: float | None) -> Columns:
    labels = np.asarray(model.classes_)
    probabilities = model.predict_proba(X)
    last = model[-1] if hasattr(model, "steps") else model
    if getattr(getattr(last, "_labels", None), "multilabel", False):
        found = _by_output(PREDICTED, np.asarray(model.predict(X)))
    else:
        found = {PREDICTED: labels[probabilities.argmax(axis=1)]}
    if with_probabilities:
        found |= {f"p({label})": probabilities[:, k] for k, label in enumerate(labels)}
    if coverage is not None:
        words = np.array([str(label) for label in labels], dtype=object)
        inside = model.predict_set(X, coverage=coverage)
        found["set"] = np.array([_BETWEEN_CLASSES.join(words[row]) for row in inside], dtype=object)
    return found


def _amounts(model: Any, X: Any, coverage: float | None) -> Columns:
    found = _by_output(PREDICTED, np.asarray(model.predict(X)))
    if coverage is not None:
        low, high = model.predict_interval(X, coverage=coverage)
        found |= _by_output("lower", np.asarray(low)) | _by_output("upper", np.asarray(high))
    return found


def _by_output(name: str, values: NDArray[Any]) -> Columns:
    if values.ndim == 1:
        return {name: values}
    return {f"{name} {k + 1}": values[:, k] for k in range(values.shape[1])}
