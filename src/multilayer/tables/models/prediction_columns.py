"""Predictions as named columns of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.row_answers import RowAnswers

PREDICTED = "predicted"
_BETWEEN_CLASSES = "|"  # of a set

Columns = dict[str, NDArray[Any]]


def prediction_columns(model: Any, answers: RowAnswers, *, probabilities: bool = False) -> Columns:
    """Return the answers of a model for some rows as columns of a table.

    Parameters
    ----------
    model : estimator or pipeline
        The fitted model.
    answers : RowAnswers
        Its answers for m rows.
    probabilities : bool, default=False
        Whether to add the probability of each class, as "p(class)".

    Returns
    -------
    dict of str to array of shape (m,)
        The columns: "predicted"; of intervals "lower" and "upper"; of sets of classes "set", with "|" between the
        classes.  Several outputs are "predicted 1", "predicted 2", ..., and so for the ends of intervals.

    Examples
    --------
    >>> from multilayer import MLPClassifier
    >>> from multilayer.tables.models import row_answers
    >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], ["no", "yes"])
    >>> columns = prediction_columns(model, row_answers(model, [[0.0], [1.0]]), probabilities=True)
    >>> list(columns), columns["predicted"].tolist()
    (['predicted', 'p(no)', 'p(yes)'], ['no', 'yes'])
    """
    if answers.labels is None:
        found = _by_output(PREDICTED, answers.predicted)
        if answers.region is not None:
            lower, upper = answers.region
            found |= _by_output("lower", lower) | _by_output("upper", upper)
        return found
    found = _by_output(PREDICTED, answers.labels)
    labels = np.asarray(model.classes_)
    if probabilities:
        found |= {f"p({label})": answers.predicted[:, k] for k, label in enumerate(labels)}
    if answers.region is not None:
        words = np.array([str(label) for label in labels], dtype=object)
        found["set"] = np.array([_BETWEEN_CLASSES.join(words[row]) for row in answers.region[0]], dtype=object)
    return found


def _by_output(name: str, values: NDArray[Any]) -> Columns:
    if values.ndim == 1:
        return {name: values}
    return {f"{name} {k + 1}": values[:, k] for k in range(values.shape[1])}
