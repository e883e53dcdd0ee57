"""All answers of a table model for some rows, from one encoding of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.novelty import FarRows


@dataclass(frozen=True, eq=False)
class RowAnswers:
    """The answers of a table model for m rows.

    Attributes
    ----------
    predicted : array of shape (m,) or (m, K)
        As of ``predict_proba`` of a classifier, or ``predict`` of a regressor.
    region : tuple of arrays, or None
        As of ``predict_set`` of a classifier, one array, or ``predict_interval`` of a regressor, two arrays; None
        without a coverage.
    far : FarRows
        As of :func:`far_rows`.
    """

    predicted: NDArray[np.float64]
    region: tuple[NDArray[Any], ...] | None
    far: FarRows


def row_answers(model: BaseTableModel, X: Any, coverage: float | None = None) -> RowAnswers:
    """Return the predictions for some rows, their sets or intervals, and which rows are far from those of the fit.

    It is faster than one method after the other, which encode the rows each time, and gives no NoveltyWarning.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        A fitted table model.
    X : table or array of shape (m, n_features)
        The rows.
    coverage : float, default=None
        The coverage of sets or intervals; None for none.

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
    table = model._table_to_predict(X)
    predictions = model._predictions_of(table)
    region = None if coverage is None else model._region(table, predictions, coverage)
    return RowAnswers(model._shaped(predictions), region, model._surroundings.far_rows(table))
