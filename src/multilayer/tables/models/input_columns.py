"""input_columns: what is known of each column of the rows that a fitted model predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from multilayer.tables._column_data import Kind
from multilayer.tables._fitted_columns import number_of
from multilayer.tables.encodings import Encoding
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.inputs import fitted_kinds, has_column_names, input_categories, input_encoder
from multilayer.tables.models.steps import text_categories
from multilayer.tables.piecewise import PiecewiseEncoding


@dataclass(frozen=True)
class InputColumn:
    """A column of the rows that a model predicts.

    Attributes
    ----------
    name : str
        The name; x0, x1, ... if the model was fitted on columns without names.
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"} or None
        The kind of the values; None if the model does not need the column.
    spelled : {"number", "Boolean", "date", "time", "duration"} or None
        What the text of a column spells, such as "$1,200"; None for other columns.
    categories : tuple of str or None
        The categories of the rows of the fit; None for other kinds, and if they are many.
    low, high : float
        The range of the rows of the fit: numbers; seconds since 1970 (UTC) for dates, since midnight for times of day.
        NaN if the model does not know it.
    centre : float
        The mean or median of the rows of the fit, in the same units; NaN if the model does not know it.
    """

    name: str
    kind: Kind | None
    spelled: Kind | None = None
    categories: tuple[str, ...] | None = None
    low: float = np.nan
    high: float = np.nan
    centre: float = np.nan


def input_columns(model: Any) -> list[InputColumn]:
    """Return what is known of the columns of the rows that a model predicts.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    list of InputColumn
        The columns that the model needs; of a model that was fitted on columns without names, all columns, because
        they are identified by their positions.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from multilayer import MLPClassifier
    >>> from multilayer.tables import TableEncoder
    >>> rows = [{"size": i, "town": "Ulm" if i % 2 else "Bonn"} for i in range(20)]
    >>> network = MLPClassifier((2,), max_iter=1, n_iter_no_change=None)
    >>> size, town = input_columns(make_pipeline(TableEncoder(), network).fit(rows, [i % 2 for i in range(20)]))
    >>> size.kind, size.centre, town.categories
    ('number', 9.5, ('Bonn', 'Ulm'))
    """
    encoder = input_encoder(model)
    encodings: dict[str, Encoding] = {}
    ranges = {each.name: each for each in model._surroundings.columns} if isinstance(model, BaseTableModel) else {}
    encodings |= {name: each.encoding for name, each in ranges.items()}
    encodings |= {each.name: each for each in encoder.encodings_} if encoder is not None else {}
    kinds = fitted_kinds(model)
    known = {name: tuple(sorted(words)) for name, words in input_categories(model).items()}
    known |= text_categories(model[0] if isinstance(model, Pipeline) else model, list(kinds))
    found = []
    for name, kind in kinds.items():
        spelled, low, high, centre = _numbers_of(encodings.get(name))
        if name in ranges:
            low, high = ranges[name].low, ranges[name].high
        found.append(InputColumn(name, kind, spelled, known.get(name), low, high, centre))
    return [column for column in found if column.kind is not None] if has_column_names(model) else found


def _numbers_of(encoding: Encoding | None) -> tuple[Kind | None, float, float, float]:
    """Return what text spells, the range and the centre of an encoded column."""
    number = None if encoding is None else number_of(encoding)
    if encoding is None or number is None:
        return None, np.nan, np.nan, np.nan
    edges = encoding.edges if isinstance(encoding, PiecewiseEncoding) else (np.nan, np.nan)
    with np.errstate(over="ignore"):
        low, high, centre = np.ldexp([edges[0], edges[-1], number.centre], number.exponent).tolist()
    return (encoding.kind if number.from_text else None), low, high, centre
