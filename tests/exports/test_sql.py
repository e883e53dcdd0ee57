"""Exported queries against predict, in SQLite and DuckDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from multilayer import EnsembleRegressor, MLPClassifier, MLPRegressor
from multilayer.equations.activations import ACTIVATIONS
from multilayer.exceptions import InputTypeError, ParameterError
from multilayer.exports import to_sql
from multilayer.exports.models import program_of
from multilayer.exports.sql_query import quoted
from multilayer.tables import TableEncoder

from ..files.pipelines import CASES, TABLE, Y, fitted, network
from .cases import CLASSIFIERS, ENCODERS, OPTIONS, REGRESSORS, ROWS, X, strange_rows
from .feeds import column_of, numbers_of

pytestmark = pytest.mark.filterwarnings("ignore::multilayer.ConvergenceWarning")


def sqlite(create: str, insert: str, rows: list[Any], query: str) -> list[Any]:
    base = sqlite3.connect(":memory:")
    try:
        base.execute("SELECT exp(1.0)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no mathematical functions")
    base.execute(create)
    base.executemany(insert, rows)
    found = base.execute(query).fetchall()
    base.close()
    return found


def duckdb(create: str, insert: str, rows: list[Any], query: str) -> list[Any]:
    base = pytest.importorskip("duckdb").connect()
    base.execute(create)
    base.executemany(insert, rows)
    found: list[Any] = base.execute(query).fetchall()
    base.close()
    return found


Base = Callable[[str, str, list[Any], str], list[Any]]
bases = pytest.mark.parametrize("base", [sqlite, duckdb])


def answers(model: Any, X: Any, base: Base, **options: Any) -> list[Any]:
    """Return the rows of the result in the order of the table."""
    program = program_of(model, options.get("zoned", ()))
    names = [each.name for each in program.inputs]
    kinds = ["VARCHAR" if each.type == "text" else "DOUBLE PRECISION" for each in program.inputs]
    if program.names:
        columns = [
            [None if pd.isna(cell) else str(cell) for cell in column_of(X, name)]
            if kind == "VARCHAR"
            else [None if cell != cell else cell for cell in numbers_of(column_of(X, name)).tolist()]
            for name, kind in zip(names, kinds, strict=True)
        ]
    else:
        n = program.inputs[0].width
        names, kinds = [f"x{i}" for i in range(n)], ["DOUBLE PRECISION"] * n
        columns = [
            [None if cell != cell else cell for cell in column] for column in np.asarray(X, dtype=float).T.tolist()
        ]
    rows = list(zip(range(len(X)), *columns, strict=True))
    listed = ", ".join(
        f"{quoted(name)} {kind}" for name, kind in zip(["key", *names], ["INTEGER", *kinds], strict=True)
    )
    query = to_sql(model, table="the rows", keep=["key"], **options)
    places = ", ".join("?" * (len(names) + 1))
    found = base(f'CREATE TABLE "the rows" ({listed})', f'INSERT INTO "the rows" VALUES ({places})', rows, query)
    return [row[1:] for row in sorted(found, key=lambda row: row[0])]


def assert_equal(model: Any, X: Any, base: Base, tolerance: float = 1e-6, unit: Any = 1.0) -> None:
    found = answers(model, X, base)
    expected = model.predict(X)
    if not hasattr(model, "classes_"):
        values, expected = np.array(found, dtype=float), np.asarray(expected).reshape(len(X), -1)
        np.testing.assert_allclose(values / unit, expected / unit, rtol=tolerance, atol=tolerance)
        return
    n = 1 if expected.ndim == 1 else expected.shape[1]
    probabilities = np.array([row[n:] for row in found], dtype=float)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=tolerance)
    predicted = [row[0] for row in found] if n == 1 else [list(row[:n]) for row in found]
    assert predicted == expected.tolist()


@bases
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_activations(activation: str, base: Base) -> None:
    model = MLPRegressor((5, 4), activation, **OPTIONS).fit(X, X[:, 0])
    assert_equal(model, ROWS, base)


@bases
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str, base: Base) -> None:
    options, y = CLASSIFIERS[name]
    assert_equal(MLPClassifier(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y), ROWS, base)


@bases
@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name: str, base: Base) -> None:
    options, y = REGRESSORS[name]
    model = MLPRegressor(**({"hidden_layer_sizes": (6,)} | OPTIONS | options)).fit(X, y)
    assert_equal(model, X, base)


@bases
@pytest.mark.parametrize("name", CASES)
def test_pipelines(name: str, base: Base) -> None:
    model, X = fitted(name)
    assert_equal(model, X, base)


@bases
@pytest.mark.parametrize("name", ENCODERS)
def test_gaps_unseen_texts_and_extreme_numbers(name: str, base: Base) -> None:
    model = make_pipeline(TableEncoder(**ENCODERS[name]), network()).fit(TABLE, Y)
    assert_equal(model, strange_rows(), base)


@bases
def test_ensembles(base: Base) -> None:
    ensemble = EnsembleRegressor(MLPRegressor((4,), **OPTIONS), 3, random_state=0).fit(X, X[:, :2])
    assert_equal(ensemble, X, base)


@bases
def test_moments_in_a_time_zone(base: Base) -> None:
    moments = pd.date_range("2019-12-30", periods=200, freq="37h", tz="Europe/Berlin")
    frame = pd.DataFrame({"when": moments})
    model = make_pipeline(TableEncoder(), MLPRegressor((4,), **OPTIONS)).fit(frame, np.arange(200.0))
    found = answers(model, frame, base, zoned=["when"])
    np.testing.assert_allclose(np.ravel(found), model.predict(frame), rtol=0, atol=1e-6)


@bases
def test_names_and_texts_are_quoted(base: Base) -> None:
    texts = ["a'", '"', "v1", "{0}", "--", ";"] * 10
    frame = pd.DataFrame({'a"b': X[:, 0], "v0": X[:, 1], "select": texts})
    model = make_pipeline(TableEncoder(), network()).fit(frame, np.resize(["it's", '"x"', "{1}"], 60))
    assert_equal(model, frame, base)


def test_kept_columns_may_have_the_names_of_the_query() -> None:
    model = MLPRegressor((2,), **OPTIONS).fit(X, X[:, 0])
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE rows (x0 REAL, x1 REAL, x2 REAL, v0 INTEGER)")
    base.execute("INSERT INTO rows VALUES (1, 2, 3, 7)")
    query = base.execute(to_sql(model, keep=["v0"]))
    assert [each[0] for each in query.description] == ["v0", "prediction"]
    ((key, prediction),) = query.fetchall()
    assert key == 7
    np.testing.assert_allclose(prediction, model.predict([[1.0, 2.0, 3.0]])[0], rtol=0, atol=1e-12)


def test_errors() -> None:
    large = MLPRegressor((200, 100), solver="lbfgs", max_iter=1).fit(X, X[:, 0])
    with pytest.raises(ParameterError, match="a query holds at most 10,000 numbers, and this model has"):
        to_sql(large)
    wide = MLPRegressor((2001,), solver="lbfgs", max_iter=1).fit(X[:, :1], X[:, 0])
    with pytest.raises(ParameterError, match=r"at most 2,000 columns at a time, and this model needs 2,0"):
        to_sql(wide)
    frame = pd.DataFrame({"size": X[:, 0], "town": ["a\0b", "c", "d"] * 20})
    with pytest.raises(InputTypeError, match="the character of number 0"):
        to_sql(make_pipeline(TableEncoder(), network()).fit(frame, Y[:60]))
