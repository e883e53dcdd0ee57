"""Masked arrays, dates and other containers whose entries NumPy would convert to wrong numbers."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.exceptions import InputError, InputTypeError
from multilayer.files import load_model, save_model
from multilayer.selection import cross_validate

RNG = np.random.RandomState(0)
X = RNG.random_sample((30, 3))
y = RNG.random_sample(30)
CODES = np.arange(30) % 3
MASKED = np.ma.masked_greater(X, 0.9)
DAYS = np.datetime64("2020-01-01") + np.arange(90).reshape(30, 3)
DAY = DAYS[0, 0]


def model() -> MLPRegressor:
    return MLPRegressor((2,), max_iter=1, n_iter_no_change=float("inf"), random_state=0, engine="reference")


def classifier() -> MLPClassifier:
    return MLPClassifier((2,), max_iter=1, n_iter_no_change=float("inf"), random_state=0, engine="reference")


TABLES: dict[str, tuple[Any, str]] = {
    "masked": (MASKED, r"X is a masked array with 9 masked entries, the first in row 2, column 2; these have no valid"),
    "list of masked": (list(MASKED), r"X is a masked array with 9 masked entries; "),
    "dates": (DAYS, r"X must hold numbers, got dates or times, datetime64\[D\], .*TableEncoder encodes"),
    "durations": (DAYS - DAY, r"got dates or times, timedelta64\[D\]"),
    "frame": (pd.DataFrame({"a": y, "day": DAYS[:, 0], "end": DAYS[:, 1]}), r"times in column 'day' and 1 more"),
    "time zone": (pd.DataFrame({"day": pd.to_datetime(DAYS[:, 0]).tz_localize("UTC")}), r"times in column 'day',"),
    "polars": (pl.DataFrame({"day": DAYS[:, 0]}), r"times in column 'day',"),
    "clock": (pl.DataFrame({"at": [datetime.time(3)] * 30}), r"times in column 'at',"),
    "list": ([list(row) for row in DAYS], r"got dates or times, datetime64\[D\]"),
    "datetimes": ([[datetime.datetime(2020, 1, 1)]] * 30, r"got dates or times, datetime.datetime"),
    "objects": (np.array([[np.timedelta64(3, "D"), 1.0]] * 30, dtype=object), r"dates or times, np.timedelta64\(3,"),
    "None": (np.where(X > 0.9, None, X), r"Input X contains NaN. The first of 9 is in row 2, column 2"),
    "fields": (
        np.array([(1.0, 2.0)] * 30, dtype=[("a", "f8"), ("b", "f8")]),
        r"array with the fields a, b. Write",
    ),
    "complex": (X + 1j, r"^Complex data not supported. X and y must hold real numbers"),
    "text": (np.array([["a", "b"]] * 30), r"could not convert string to float.*TableEncoder encodes columns of text"),
    "matrix": (np.asmatrix(X), r"np.matrix is not supported"),
    "longdouble": (
        X * np.longdouble("1e4000"),
        r"or a value too large for dtype\('float64'\)",
    ),
}


@pytest.mark.parametrize(("table", "message"), TABLES.values(), ids=TABLES)
def test_tables_that_are_not_numeric_raise_errors_that_name_the_cause(table: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model().fit(table, y)


TARGETS: dict[str, tuple[Any, str]] = {
    "masked": (MASKED[:, 2], r"y is a masked array with \d masked entries, the first in row 2;"),
    "masked in a list": ([np.ma.masked, *[1.0] * 29], r"y is a masked array with 1 masked entries"),
    "dates": (DAYS[:, 0], r"y must hold"),
    "complex": (y + 1j, r"^Complex data not supported"),
    "None": (np.array([None, *[1.0] * 29], dtype=object), r"y must not have gaps, got None in row 0"),
}


@pytest.mark.parametrize("kind", [model, classifier])
@pytest.mark.parametrize(("target", "message"), TARGETS.values(), ids=TARGETS)
def test_targets_that_are_not_numeric_raise_errors_that_name_the_cause(target: Any, message: str, kind: Any) -> None:
    with pytest.raises(InputError, match=message):
        kind().fit(X, target)


WEIGHTS: dict[str, tuple[Any, str]] = {
    "masked": (MASKED[:, 2], r"sample_weight is a masked array with \d masked entries"),
    "durations": ((DAYS - DAY)[:, 0], r"sample_weight must hold numbers, got dates or times"),
    "series of durations": (pd.Series((DAYS - DAY)[:, 0]), r"sample_weight must hold numbers, got dates or times"),
    "complex": (y + 1j, r"sample_weight must be one finite non-negative number .* Complex data not supported$"),
}


@pytest.mark.parametrize(("weight", "message"), WEIGHTS.values(), ids=WEIGHTS)
def test_weights_that_are_not_numeric_raise_errors_that_name_the_cause(weight: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model().fit(X, y, weight)


CALLS: dict[str, Any] = {
    "partial_fit": lambda: model().partial_fit(X, y).partial_fit(MASKED, y),
    "X_val": lambda: model().fit(X, y, X_val=MASKED, y_val=y),
    "y_val": lambda: model().fit(X, y, X_val=X, y_val=MASKED[:, 2]),
    "predict": lambda: model().fit(X, y).predict(MASKED),
    "score": lambda: model().fit(X, y).score(X, MASKED[:, 2]),
    "score of labels": lambda: classifier().fit(X, CODES).score(X, np.ma.masked_equal(CODES, 2)),
    "ensemble": lambda: EnsembleRegressor(model(), n_members=2).fit(MASKED, y),
    "ensemble's predict": lambda: EnsembleRegressor(model(), n_members=2).fit(X, y).predict(MASKED),
    "cross_validate": lambda: cross_validate(model(), MASKED, y, cv=2),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_method_rejects_masked_entries(call: Any) -> None:
    with pytest.raises(InputError, match=r"is a masked array with"):
        call()


def test_a_masked_array_without_masked_entries_is_treated_as_its_data() -> None:
    expected = model().fit(X, y).predict(X)
    np.testing.assert_array_equal(model().fit(np.ma.array(X), np.ma.array(y)).predict(np.ma.array(X)), expected)


LABELS: dict[str, tuple[Any, Any]] = {
    "Int64": (pd.Series(CODES, dtype="Int64"), np.int64),
    "UInt8": (pd.array(CODES, dtype="UInt8"), np.uint8),
    "boolean": (pd.Series(CODES > 0, dtype="boolean"), np.bool_),
    "pyarrow": (pd.Series(CODES, dtype="int64[pyarrow]"), np.int64),
    "category": (pd.Series(CODES, dtype="category"), np.int64),
    "frame": (pd.DataFrame({"a": pd.array(CODES, dtype="Int64"), "b": 1 - CODES % 2}).iloc[:, :1], np.int64),
    "longdouble": (CODES.astype(np.longdouble), np.float64),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize(("labels", "dtype"), LABELS.values(), ids=LABELS)
def test_predicted_labels_keep_their_dtype_and_survive_a_save(labels: Any, dtype: Any, tmp_path: Any) -> None:
    fitted = classifier().fit(X, labels)
    assert fitted.classes_.dtype == fitted.predict(X).dtype == dtype
    np.testing.assert_array_equal(fitted.classes_, np.unique(np.asarray(labels)))
    assert fitted.score(X, labels) == (fitted.predict(X) == np.asarray(labels).ravel()).mean()
    save_model(fitted, tmp_path / "model")
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict(X), fitted.predict(X))


def test_partial_fit_keeps_the_dtype_of_labels() -> None:
    labels = pd.Series(CODES, dtype="Int64")
    fitted = classifier().partial_fit(X, labels, classes=labels.unique()).partial_fit(X, labels)
    assert fitted.predict(X).dtype == np.int64


REFUSED: dict[str, tuple[Any, str]] = {
    "dates": (DAY + CODES, r"y must hold text, numbers or bools, got datetime64\[D\]: model files"),
    "durations": (
        pd.Series(DAY + CODES - DAY),
        r"got timedelta64\[.*\]: .* Write y.astype\(str\)",
    ),
    "longdouble": (
        CODES + np.longdouble(2) ** 60 + 1,
        r"y must hold labels that float64 can hold",
    ),
    "fields": (np.array([(1, 2), (2, 3)] * 15, dtype=[("a", int), ("b", int)]), r"numbers or bools, got \[\('a'"),
    "gap": (pd.Series([None, 1, 2] * 10, dtype="Int64"), r"y must not have gaps|Input y contains NaN"),
}


@pytest.mark.parametrize(("labels", "message"), REFUSED.values(), ids=REFUSED)
def test_labels_that_files_cannot_store_raise_errors_in_fit(labels: Any, message: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=message):
        classifier().fit(X, labels)


@pytest.mark.parametrize("stored", [np.asfortranarray, pd.DataFrame], ids=["by columns", "frame"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_matrix_of_labels_may_be_stored_by_columns(stored: Any, solver: str) -> None:
    Y = (RNG.random_sample((30, 2)) > 0.5).astype(int)
    options = {"solver": solver, "max_iter": 1000 if solver == "lbfgs" else 3, "alpha": 10.0, "random_state": 0}
    if solver != "lbfgs":
        options["n_iter_no_change"] = None
    by_rows = MLPClassifier((2,), **options).fit(X, Y, X_val=X, y_val=Y)
    other = MLPClassifier((2,), **options).fit(X, stored(Y), X_val=X, y_val=stored(Y))
    np.testing.assert_array_equal(other.parameters_, by_rows.parameters_)
    assert other.validation_scores_ == by_rows.validation_scores_
