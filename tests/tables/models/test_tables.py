"""Tables of all libraries and of unusual shapes, and columns that are hard to use."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multilayer.exceptions import InputError, NoveltyWarning
from multilayer.tables.models import TableClassifier, TableRegressor

Flats = tuple[pd.DataFrame, pd.Series]


@pytest.fixture(autouse=True, scope="module")
def _shorter_training(short: Any) -> Iterator[None]:
    with short(3):
        yield


def quick(**parameters: Any) -> TableRegressor:
    return TableRegressor("quick", random_state=0, **parameters)


def test_frames_of_all_libraries_give_equal_predictions(flats: Flats) -> None:
    X, y = flats
    arrow = pa.Table.from_pandas(X, preserve_index=False)
    frames = {"pandas": X, "polars": pl.from_arrow(arrow), "pyarrow": arrow}
    targets = {"pandas": y, "polars": pl.Series(y.tolist()), "pyarrow": pa.chunked_array([pa.array(y)])}
    predicted = {name: quick().fit(frames[name], targets[name]).predict(frames[name]) for name in frames}
    np.testing.assert_array_equal(predicted["polars"], predicted["pandas"])
    np.testing.assert_array_equal(predicted["pyarrow"], predicted["pandas"])
    of_pandas = quick().fit(X, y)
    for frame in (frames["polars"], frames["pyarrow"], X[X.columns[::-1]], X.assign(further=1)):
        np.testing.assert_array_equal(of_pandas.predict(frame), predicted["pandas"])


def test_arrays_and_lists_give_equal_predictions() -> None:
    X = np.random.RandomState(0).normal(size=(60, 2))
    y = X[:, 0]
    expected = quick().fit(X, y).predict(X)
    np.testing.assert_array_equal(quick().fit(X.tolist(), y.tolist()).predict(X.tolist()), expected)
    np.testing.assert_array_equal(quick().fit(pd.DataFrame(X), y).predict(pd.DataFrame(X)), expected)
    np.testing.assert_array_equal(quick().fit(pd.DataFrame(X, columns=["a", "b"]), y).predict(X), expected)


def test_a_missing_column_is_an_error_only_if_it_is_used(regressor: TableRegressor, flats: Flats) -> None:
    X, _ = flats
    np.testing.assert_array_equal(regressor.predict(X.drop(columns="number")), regressor.predict(X))
    with pytest.raises(InputError, match="'size'"):
        regressor.predict(X.drop(columns="size"))
    with pytest.raises(InputError, match="X has 2 features, but TableRegressor is expecting 6 features as input"):
        regressor.predict(np.zeros((3, 2)))


def test_a_row_of_gaps_has_a_prediction(regressor: TableRegressor, classifier: TableClassifier, flats: Flats) -> None:
    X, y = flats
    names = list(X.columns)
    gaps = {
        "pandas": pd.DataFrame([dict.fromkeys(names)]),
        "typed": X.iloc[:1].mask(np.ones((1, len(names)), dtype=bool)),
        "polars": pl.DataFrame({name: [None] for name in names}),
        "pyarrow": pa.table({name: pa.nulls(1) for name in names}),
    }
    found = []
    for frame in gaps.values():
        with pytest.warns(NoveltyWarning):
            found.append(regressor.predict(frame))
        with pytest.warns(NoveltyWarning):
            assert classifier.predict_proba(frame).sum() == pytest.approx(1.0)
    assert len(set(np.ravel(found).tolist())) == 1
    assert y.min() <= found[0][0] <= y.max()


def test_unseen_categories_and_columns_of_gaps(flats: Flats) -> None:
    X, y = flats
    model = quick().fit(X.assign(empty=None, none=np.nan), y)
    reports = {report.name: report.encoding for report in model.columns_}
    assert reports["empty"] == reports["none"] == "dropped: every cell is a gap"
    other = X.assign(town="Rome", empty="x", none=3.0)
    with pytest.warns(NoveltyWarning, match="'town'"):
        assert np.isfinite(model.predict(other)).all()


def test_twenty_rows(flats: Flats, classes: np.ndarray) -> None:
    X, y = flats[0][:20], flats[1][:20]
    for preset in ("quick", "standard", "best"):
        model = TableRegressor(preset, random_state=0).fit(X, y)
        assert np.isfinite(model.predict(X)).all()
        lower, upper = model.predict_interval(X, 0.5)
        assert (lower <= upper).all()
        assert len(model.summary().rows) == 4
        classifier = TableClassifier(preset, random_state=0).fit(X, classes[:20])
        np.testing.assert_allclose(classifier.predict_proba(X).sum(axis=1), 1.0)
    with pytest.raises(InputError, match="n_samples=9 rows, and a table model needs at least 10"):
        quick().fit(X[:9], y[:9])


def test_a_thousand_columns() -> None:
    X = np.random.RandomState(0).normal(size=(60, 1000))
    model = quick().fit(X, X[:, 0])
    assert len(model.columns_) == 1000
    assert np.isfinite(model.predict(X)).all()


def test_many_categories_need_little_memory() -> None:
    rng = np.random.RandomState(0)
    codes = np.concatenate([np.arange(20_000), rng.randint(0, 20_000, 2_000)])
    X = pa.table({"code": pa.array(np.char.add("c", codes.astype(str))), "size": rng.normal(size=len(codes))})
    y = X["size"].to_numpy() + (codes % 2)
    tracemalloc.start()
    with_codes = quick(max_time=1.0).fit(X, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert with_codes.columns_[0].width == 2
    assert peak < 100e6  # one column of float32 for each category would need 1.8e9
    assert np.isfinite(with_codes.predict(X.slice(0, 10))).all()


def test_identifiers_are_found_in_the_whole_table_and_dropped(flats: Flats) -> None:
    X, y = flats
    X = X.assign(row=np.arange(len(X)), price=[f"{value:.3f}" for value in y / 100 + np.arange(len(X)) / 1000])
    model = TableRegressor(cv=2, random_state=0).fit(X, y)
    for member in model.members_:
        reports = {report.name: report for report in member.encoder.columns_}
        assert reports["row"].is_identifier
        assert reports["row"].encoding.startswith("dropped: it ")
        assert reports["number"].is_identifier
        assert reports["price"].width > 0  # text of numbers
        assert "text that spells numbers" in reports["price"].encoding
    assert np.isfinite(model.predict(X.assign(row=10_000))).all()  # without a NoveltyWarning
    alone = quick().fit(X[["row"]], y)  # better than nothing
    assert alone.columns_[0].width > 0


def test_tables_that_cannot_be_used_raise_errors(flats: Flats) -> None:
    X, y = flats
    with pytest.raises(InputError, match=r"the table has no column that can be used.*'number'"):
        quick().fit(X[["number"]], y)
    with pytest.raises(InputError, match="the table has no column that can be used"):
        quick().fit(pd.DataFrame({"a": [1.0] * 160, "b": [None] * 160}), y)
    with pytest.raises(InputError, match="column names must differ, got more than once: 'a'"):
        quick().fit(pd.DataFrame(np.zeros((160, 2)), columns=["a", "a"]), y)
    with pytest.raises(InputError, match="column names must differ, got more than once: 'a'"):
        quick().fit(pa.table([pa.array(y), pa.array(y)], names=["a", "a"]), y)
    with pytest.raises(InputError, match="0 feature"):
        quick().fit(np.zeros((160, 0)), y)
    with pytest.raises(InputError):
        quick().fit(X[[]], y)
    with pytest.raises(InputError, match=r"inconsistent numbers of samples: \[160, 159\]"):
        quick().fit(X, y[1:])
