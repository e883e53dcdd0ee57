"""All answers of a model for some rows; those of a table model come from one encoding of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.novelty import FarRows


@dataclass(frozen=True, eq=False)
class RowAnswers:
    """The answers of a model for m rows.

    Attributes
    ----------
    predicted : array of shape (m,) or (m, K)
        As of ``predict_proba`` of a classifier, or ``predict`` of a regressor.
    labels : array of shape (m,) or (m, n_classes), or None
        As of ``predict`` of a classifier; None for a regressor.
    region : tuple of arrays, or None
        As of ``predict_set`` of a classifier, one array, or ``predict_interval`` of a regressor, two arrays; None
        without a coverage.
    far : FarRows
        As of :func:`far_rows`.
    """

    predicted: NDArray[Any]
    labels: NDArray[Any] | None
    region: tuple[NDArray[Any], ...] | None
    far: FarRows


def row_answers(model: Any, X: Any, coverage: float | None = None) -> RowAnswers:
    """Return the predictions for some rows, their sets or intervals, and which rows are far from those of the fit.

    For a table model it is faster than one method after the other, which encode the rows each time, and gives no
    NoveltyWarning.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted model.
    X : table or array of shape (m, n_features)
        The rows.
    coverage : float, default=None
        The coverage of sets or intervals, which table models have; None for none.

    Returns
    -------
    RowAnswers
        The answers, which equal those of the methods bit for bit.

    Raises
    ------
    ParameterError
        For a coverage outside 0 to 1.

    Examples
    --------
    >>> from multilayer import TableRegressor
    >>> rows = [{"size": i % 10} for i in range(60)]
    >>> model = TableRegressor("quick", max_time=1.0, random_state=0).fit(rows, [float(i % 10) for i in range(60)])
    >>> answers = row_answers(model, [{"size": 3}, {"size": 300}], coverage=0.8)
    >>> answers.predicted.shape, len(answers.region), answers.far.n_far
    ((2,), 2, 1)
    """
    if not isinstance(model, BaseTableModel):
        predicted = np.asarray(model.predict_proba(X) if is_classifier(model) else model.predict(X))
        far = FarRows(len(predicted), 0, Counter())
        return RowAnswers(predicted, _labels(model, X, predicted), None, far)
    model._check_is_fitted()
    single = model._single_rows.answer(model, X)
    table = model._table_to_predict(X) if single is None or coverage is not None else None
    predictions = model._predictions_of(table) if single is None else single
    region = None if coverage is None else model._region(table, predictions, coverage)
    far = model._surroundings.far_rows(table) if single is None else FarRows(1, 0, Counter())
    shaped = model._shaped(predictions)
    return RowAnswers(shaped, _labels(model, X, shaped), region, far)


def _labels(model: Any, X: Any, probabilities: NDArray[Any]) -> NDArray[Any] | None:
    if not is_classifier(model):
        return None
    last = model[-1] if isinstance(model, Pipeline) else model
    if getattr(getattr(last, "_labels", None), "multilabel", False):
        return np.asarray(model.predict(X))
    return np.asarray(np.asarray(model.classes_)[probabilities.argmax(axis=1)])
