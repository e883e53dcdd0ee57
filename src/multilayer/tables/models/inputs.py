"""The columns of a table that a fitted model needs, whatever kind of model it is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from multilayer.exceptions import InputError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._column_data import Kind
from multilayer.tables._fitted_columns import number_of
from multilayer.tables._series import column_data
from multilayer.tables._spelled import spelled_cells
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.encodings import Encoding, NumberEncoding, SignEncoding, TextEncoding
from multilayer.tables.models.base import BaseTableModel
from multilayer.tables.models.novelty import FarRows
from multilayer.tables.models.steps import dropped_columns, text_categories


def input_kinds(model: Any) -> dict[str, Kind]:
    """Return the kinds of the columns that a model needs, by name, as ``read_batches`` takes them.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    dict of str to {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kinds.  Columns that a table model or a TableEncoder has dropped are missing.  Columns of text that spells
        numbers or dates, such as "$1,200", are text.

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
    if not has_column_names(model):
        raise InputError(
            "the model was fitted on columns without names, so that the columns of a file cannot be assigned to them. "
            "Fit it on a frame with names, or pass an array to its method predict."
        )
    return {name: kind for name, kind in fitted_kinds(model).items() if kind is not None}


def has_column_names(model: Any) -> bool:
    """Return whether a model was fitted on columns with names.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    bool
        False if the columns are identified by their positions, as those of an array.

    Examples
    --------
    >>> has_column_names(TableEncoder().fit([{"size": i} for i in range(20)]))
    True
    >>> has_column_names(TableEncoder().fit([[i] for i in range(20)]))
    False
    """
    return any(hasattr(each, "feature_names_in_") for each in (model, _first(model)))


def fitted_kinds(model: Any) -> dict[str, Kind | None]:
    """Return the kinds of all columns of the fit in their order, None for those that the model does not need.

    Columns without names are called x0, x1, ...
    """
    encoder = input_encoder(model)
    if encoder is not None:
        used = {column.name for column in model._surroundings.columns} if isinstance(model, BaseTableModel) else set()
        texts = {encoding.name for encoding, _ in _spelled(encoder)}
        kinds = {each.name: each.kind if each.width or each.name in used else None for each in encoder.columns_}
        return {name: "text" if name in texts else kind for name, kind in kinds.items()}
    first = _first(model)
    named = next((each for each in (model, first) if hasattr(each, "feature_names_in_")), None)
    given = [f"x{i}" for i in range(model.n_features_in_)] if named is None else list(map(str, named.feature_names_in_))
    texts = set(text_categories(first, given))
    dropped = dropped_columns(first, given)
    return {name: None if name in dropped else "text" if name in texts else "number" for name in given}


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


def with_spelled_cells(model: Any, table: Any) -> tuple[Any, dict[str, NDArray[np.bool_]]]:
    """Convert text that spells numbers or dates, in the columns that were such text in the fit, cell by cell.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.
    table : pyarrow.Table of m rows
        The rows, with the columns of :func:`input_kinds`.

    Returns
    -------
    table : pyarrow.Table
        The rows with numbers and dates in these columns; other text has become gaps.
    lost : dict of str to array of bool of shape (m,)
        Where that was the case, for the columns that have such cells.

    Examples
    --------
    >>> import pyarrow
    >>> from sklearn.pipeline import make_pipeline
    >>> from multilayer import MLPClassifier
    >>> rows = [{"price": f"${i},{100 + i}"} for i in range(1, 31)]
    >>> network = MLPClassifier((2,), max_iter=1, n_iter_no_change=None)
    >>> model = make_pipeline(TableEncoder(text="typed"), network).fit(rows, [i % 2 for i in range(30)])
    >>> table, lost = with_spelled_cells(model, pyarrow.table({"price": ["$7,000", "free"]}))
    >>> table.to_pylist(), lost
    ([{'price': 7000.0}, {'price': None}], {'price': array([False,  True])})
    """
    pa = import_pyarrow("reading tables")
    encoder = input_encoder(model)
    lost = {}
    for encoding, number in _spelled(encoder) if encoder is not None else ():
        column = column_data(table.column(encoding.name), f"column {encoding.name!r}")
        if column.kind != "text":
            continue
        found = spelled_cells(column, encoding.kind, number.form)
        kind = pa.timestamp(found.unit) if found.kind == "date" else pa.float64()
        place = table.column_names.index(encoding.name)
        table = table.set_column(place, encoding.name, pa.array(found.values, kind, mask=found.gaps))
        if found.n_gaps > column.n_gaps:
            lost[encoding.name] = ~column.gaps & found.gaps
    return table, lost


def columns_with_hours(model: Any) -> list[str]:
    """Return the columns of moments whose hour the model uses.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    list of str
        Their names.

    Examples
    --------
    >>> import datetime
    >>> day = datetime.datetime(2024, 5, 1)
    >>> rows = [{"at": day + datetime.timedelta(hours=7 * i)} for i in range(30)]
    >>> columns_with_hours(TableEncoder().fit(rows))
    ['at']
    """
    encoder = input_encoder(model)
    encodings = () if encoder is None else encoder.encodings_
    return [each.name for each in encodings if isinstance(each, DateEncoding) and "hour" in each.parts]


def far_columns(model: Any, X: Any) -> list[tuple[str, ...]]:
    """Return the columns by which each row is far outside the rows of the fit of a table model.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted model.  Models that are no table models do not know the rows of their fit.
    X : table of m rows
        The rows, with the columns of :func:`input_kinds`.

    Returns
    -------
    list of m tuples of str
        The names of the columns, none for rows that are not far.

    Examples
    --------
    >>> from multilayer import TableRegressor
    >>> rows = [{"size": i % 10, "town": "Ulm"} for i in range(60)]
    >>> model = TableRegressor("quick", max_time=1.0, random_state=0).fit(rows, [float(i % 10) for i in range(60)])
    >>> far_columns(model, [{"size": 3}, {"size": 300}])
    [(), ('size',)]
    """
    if isinstance(model, BaseTableModel):
        return model._surroundings.far_columns(X)
    return [()] * len(X)


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


def input_encoder(model: Any) -> TableEncoder | None:
    """Return the encoder that sees the columns of the table; of a table model that of the first network.

    Parameters
    ----------
    model : estimator or pipeline
        A fitted estimator or pipeline of this library.

    Returns
    -------
    TableEncoder or None
        The encoder; None if the model has no TableEncoder, or not as its first step.

    Examples
    --------
    >>> rows = [{"size": i} for i in range(20)]
    >>> input_encoder(TableEncoder().fit(rows)).columns_[0].name
    'size'
    """
    if isinstance(model, BaseTableModel):
        encoder: TableEncoder = model.members_[0].encoder
        return encoder
    first = _first(model)
    return first if isinstance(first, TableEncoder) else None


def _spelled(encoder: TableEncoder) -> list[tuple[Encoding, NumberEncoding]]:
    """Return the encodings of columns that were text of numbers or dates, and of the numbers themselves."""
    pairs = ((encoding, number_of(encoding)) for encoding in encoder.encodings_)
    return [(encoding, number) for encoding, number in pairs if number is not None and number.from_text]


def _first(model: Any) -> Any:
    return model[0] if isinstance(model, Pipeline) else model
