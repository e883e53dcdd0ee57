"""The columns of a table that a fitted model needs, whatever kind of model it is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from multilayer.exceptions import InputError
from multilayer.tables._column_data import Kind
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.encodings import SignEncoding, TextEncoding
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.novelty import FarRows


def input_kinds(model: Any) -> dict[str, Kind]:
    """Return the kinds of the columns that a model needs, by name, as ``read_batches`` takes them.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    dict of str to {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kinds.  Columns that a table model or a TableEncoder has dropped are missing.

    Raises
    ------
    InputError
        If the model was fitted on columns without names.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from multilayer import MLPClassifier
    >>> rows = [{"id": 7, "size": i, "town": "Ulm" if i % 2 else "Bonn"} for i in range(20)]
    >>> network = MLPClassifier((2,), max_iter=1, n_iter_no_change=None)
    >>> input_kinds(make_pipeline(TableEncoder(), network).fit(rows, [i % 2 for i in range(20)]))
    {'size': 'number', 'town': 'text'}
    """
    first = _first(model)
    named = next((each for each in (model, first) if hasattr(each, "feature_names_in_")), None)
    if named is None:
        raise InputError(
            "the model was fitted on columns without names, so that the columns of a file cannot be assigned to them. "
            "Fit it on a frame with names, or pass an array to its method predict."
        )
    if isinstance(model, BaseTableModel):
        used = {column.name for column in model._surroundings.columns}
        return {each.name: each.kind for each in model.columns_ if each.width or each.name in used}
    if isinstance(first, TableEncoder):
        return {each.name: each.kind for each in first.columns_ if each.width}
    names = [str(name) for name in named.feature_names_in_]
    texts = _text_columns(first, names)
    return {name: "text" if name in texts else "number" for name in names}


def input_categories(model: Any) -> dict[str, frozenset[str]]:
    """Return the categories of the columns of text in which a new category would be unusual.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    dict of str to frozenset of str
        The categories of the rows of the fit.  Columns in which the model treats many rare categories alike are
        missing.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from multilayer import MLPClassifier
    >>> rows = [{"size": i, "town": "Ulm" if i % 2 else "Bonn"} for i in range(20)]
    >>> network = MLPClassifier((2,), max_iter=1, n_iter_no_change=None)
    >>> model = make_pipeline(TableEncoder(), network).fit(rows, [i % 2 for i in range(20)])
    >>> {name: sorted(words) for name, words in input_categories(model).items()}
    {'town': ['Bonn', 'Ulm']}
    """
    if isinstance(model, BaseTableModel):
        ranges = model._surroundings.columns
        return {column.name: frozenset(column.categories) for column in ranges if column.categories is not None}
    first = _first(model)
    return {
        encoding.name: frozenset(encoding.categories)
        for encoding in (first.encodings_ if isinstance(first, TableEncoder) else ())
        if isinstance(encoding, SignEncoding) or (isinstance(encoding, TextEncoding) and not encoding.has_other)
    }


def far_rows(model: Any, X: Any) -> FarRows:
    """Count the rows that are far outside the rows of the fit of a table model, by their columns.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted model.  Models that are no table models do not know the rows of their fit.
    X : table
        The rows, with the columns of :func:`input_kinds`.

    Returns
    -------
    FarRows
        The numbers of rows; ``+`` adds those of several tables.

    Examples
    --------
    >>> from multilayer import TableRegressor
    >>> rows = [{"size": i % 10, "town": "Ulm"} for i in range(60)]
    >>> model = TableRegressor("quick", max_time=1.0, random_state=0).fit(rows, [float(i % 10) for i in range(60)])
    >>> far_rows(model, [{"size": 3}, {"size": 300}]).in_words()
    "1 of 2 rows is far outside the rows of the fit, by values in 'size' (1)"
    """
    if isinstance(model, BaseTableModel):
        return model._surroundings.far_rows(X)
    return FarRows(0, 0, Counter())


def _first(model: Any) -> Any:
    return model[0] if isinstance(model, Pipeline) else model


def _text_columns(step: Any, names: list[str]) -> set[str]:
    """Return the columns of text of a step of scikit-learn: those of which an encoder has categories of text."""
    if isinstance(step, Pipeline):
        return _text_columns(step[0], names)
    if isinstance(step, ColumnTransformer):
        found: set[str] = set()
        for _, part, columns in step.transformers_:
            found |= _text_columns(part, _names_of(columns, names))
        return found
    categories = getattr(step, "categories_", [])
    return {name for name, words in zip(names, categories, strict=False) if np.asarray(words).dtype.kind in "OUST"}


def _names_of(columns: Any, names: list[str]) -> list[str]:
    """Return the names of the columns of a part of a ColumnTransformer: names, positions, a slice or a mask."""
    if isinstance(columns, slice):
        return names[columns]
    listed = [columns] if isinstance(columns, str | int) else np.asarray(columns).tolist()
    if listed and isinstance(listed[0], bool):
        return [name for name, is_used in zip(names, listed, strict=True) if is_used]
    return [names[column] if isinstance(column, int) else str(column) for column in listed]
