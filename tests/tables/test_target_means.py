"""Target encoding of many categories, against scikit-learn's TargetEncoder and plain loops."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder

from multilayer.equations.extensions.encodings import cross_fitted_means
from multilayer.exceptions import ShapeError
from multilayer.tables import TableEncoder
from multilayer.tables._response import response_of
from multilayer.tables.target_means import TargetMeanEncoding

Array = np.ndarray[Any, Any]


def words_and_levels(m: int = 1000, n_categories: int = 60, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    codes = np.minimum(rng.geometric(0.05, size=m), n_categories)
    return np.array([f"c{code:02}" for code in codes]), rng.normal(size=n_categories + 1)[codes]


def fitted(words: Array, y: Any, **options: Any) -> tuple[TableEncoder, TargetMeanEncoding]:
    encoder = TableEncoder(max_categories=5, many_categories="target", **options).fit(pa.table({"t": words}), y)
    encoding = encoder.encodings_[0]
    assert isinstance(encoding, TargetMeanEncoding)
    return encoder, encoding


@pytest.mark.parametrize("kind", ["amounts", "two classes", "three classes"])
def test_smoothed_means_are_those_of_scikit_learn(kind: str) -> None:
    words, levels = words_and_levels()
    y: Any = {
        "amounts": 5 + 3 * levels,
        "two classes": np.where(levels > 0, "yes", "no"),
        "three classes": np.digitize(levels, [-0.5, 0.5]),
    }[kind]
    encoder, encoding = fitted(words, y)
    oracle = TargetEncoder(smooth=10.0).fit(words[:, None], y)
    overall = np.atleast_1d(oracle.target_mean_)
    unit = np.std(y) if kind == "amounts" else 1.0
    known = np.isin(oracle.categories_[0], encoding.categories)
    assert len(encoding.means) == len(overall) == (3 if kind == "three classes" else 1)
    for means, expected, mean in zip(encoding.means, oracle.encodings_, overall, strict=True):
        np.testing.assert_allclose(means, (expected[known] - mean) / unit, rtol=1e-9, atol=1e-12)
    names = {
        "amounts": ["t=(mean)"],
        "two classes": ["t=(share of yes)"],
        "three classes": [f"t=(share of {i})" for i in range(3)],
    }[kind]
    assert encoder.get_feature_names_out().tolist() == [*names, "t=(frequency)"]


def test_fit_transform_is_cross_fitted_and_transform_is_not() -> None:
    words, levels = words_and_levels(400)
    table = pa.table({"t": words})
    encoder, encoding = fitted(words, levels)
    crossed = encoder.fit_transform(table, levels)
    full = encoder.transform(table)
    np.testing.assert_array_equal(crossed[:, 1:], full[:, 1:])
    assert not np.array_equal(crossed[:, 0], full[:, 0])
    response = response_of(levels, "auto", 400)
    codes = np.array([encoding.categories.index(w) if w in encoding.categories else -1 for w in words])
    means = cross_fitted_means(codes, response.output(0), len(encoding.categories), response.folds)
    scaled = means / means.std()
    np.testing.assert_allclose(crossed[:, 0], scaled / np.sqrt(1 + (scaled / 3) ** 2), rtol=1e-9, atol=1e-12)


def test_rows_of_a_group_are_in_one_fold_of_cross_fitting() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(150), 6)  # the rows of a group have one category and nearly one target
    frame = pd.DataFrame({"t": [f"c{i}" for i in groups]})
    y = np.repeat(rng.normal(size=150), 6)
    for target in (y, y > 0):
        response = response_of(target, "auto", 900, groups)
        assert (response.folds == np.repeat(response.folds[::6], 6)).all()
        assert np.bincount(response.folds).tolist() == [180] * 5
        alone = TableEncoder(many_categories="target", max_categories=8).fit_transform(frame, target)
        grouped = TableEncoder(many_categories="target", max_categories=8).fit_transform(frame, target, groups=groups)
        assert abs(np.corrcoef(alone[:, 0], target)[0, 1]) > 0.9
        assert abs(np.corrcoef(grouped[:, 0], target)[0, 1] if grouped[:, 0].std() else 0.0) < 0.2
    with pytest.raises(ShapeError, match="groups must have an entry for each of the 900 rows, got 3"):
        TableEncoder(many_categories="target", max_categories=8).fit(frame, y, groups=[1, 2, 3])


def test_noise_categories_do_not_leak_the_target() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"t": [f"c{i}" for i in rng.integers(0, 300, size=900)]})
    y = rng.normal(size=900)
    encoded = TableEncoder(many_categories="target").fit_transform(frame, y)
    assert abs(np.corrcoef(encoded[:, 0], y)[0, 1]) < 0.1


def test_informative_categories_are_learned_in_a_pipeline() -> None:
    words, levels = words_and_levels(2000, 200)
    frame = pd.DataFrame({"t": words})
    model = make_pipeline(TableEncoder(max_categories=3, many_categories="target"), LinearRegression())
    assert cross_val_score(model, frame, levels, cv=3).min() > 0.8


def test_rare_unseen_and_missing_categories() -> None:
    words = ["a"] * 20 + ["b"] * 12 + ["c"] * 6 + ["once", "only", None]
    y = np.arange(41.0)
    encoder = TableEncoder(max_categories=2, many_categories="target").fit(pa.table({"t": words}), y)
    encoding = encoder.encodings_[0]
    assert isinstance(encoding, TargetMeanEncoding)
    assert encoding.categories == ("a", "b", "c")
    assert encoding.counts == (20, 12, 6)
    rows = encoder.transform(pa.table({"t": ["once", "unseen", None, "a"]}))
    assert encoder.get_feature_names_out().tolist() == ["t=(mean)", "t=(frequency)", "t=(gap)"]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert rows[0, 0] == rows[2, 0] == 0
    assert rows[2].tolist() == [0, 0, 1]
    logs = np.log([20] * 20 + [12] * 12 + [6] * 6 + [1, 1])
    z = (np.log([20, 1]) - logs.mean()) / logs.std()
    np.testing.assert_allclose(rows[[3, 0], 1], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)
    assert encoder.columns_[0].encoding == (
        "the mean of the target in each of 3 categories (cross-fitted, smoothed by 10 rows) and the logarithm of their "
        "frequency; 2 rare categories and unseen ones get the overall mean; one column for gaps"
    )


def test_few_categories_keep_their_columns() -> None:
    table = pa.table({"few": ["a", "b", "c"] * 20, "many": [f"{i % 25}x" for i in range(60)]})
    encoder = TableEncoder(max_categories=10, many_categories="target").fit(table, [0, 1] * 30)
    assert [column.width for column in encoder.columns_] == [3, 2]
    assert not encoder.number_columns_.any()


def test_several_outputs_have_a_mean_each() -> None:
    words, levels = words_and_levels()
    y = np.column_stack([levels, -2 * levels + 1])
    encoder, encoding = fitted(words, y)
    assert encoder.get_feature_names_out().tolist() == ["t=(mean 1)", "t=(mean 2)", "t=(frequency)"]
    np.testing.assert_allclose(encoding.means[0], -np.array(encoding.means[1]), rtol=1e-9)


@given(
    st.lists(st.none() | st.sampled_from([f"{i}t" for i in range(12)]), min_size=4, max_size=40),
    st.sampled_from(["classes", "amounts", "huge"]),
)
def test_encodings_are_finite_deterministic_and_row_wise(words: list[Any], kind: str) -> None:
    table = pa.table({"row": range(len(words)), "t": pa.array(words, pa.string())})
    amounts = np.linspace(-1.0, 1.0, len(words)) ** 3
    y = {"classes": np.arange(len(words)) % 3, "amounts": amounts, "huge": 1e308 * amounts}[kind]
    encoder = TableEncoder(max_categories=2, many_categories="target")
    result = encoder.fit_transform(table, y)
    assert np.isfinite(result).all()
    for frame in (table.to_pandas(), pl.from_arrow(table)):
        twin = TableEncoder(max_categories=2, many_categories="target")
        np.testing.assert_array_equal(twin.fit_transform(frame, y), result)
        assert twin.encodings_ == encoder.encodings_
    full = encoder.transform(table)
    for row in range(0, len(words), 7):
        np.testing.assert_array_equal(encoder.transform(table.slice(row, 1))[0], full[row])


def test_a_target_of_one_class_has_no_means() -> None:
    encoder = TableEncoder(max_categories=2, many_categories="target")
    table = pa.table({"t": ["a", "b", "c"] * 10})
    assert encoder.fit_transform(table, ["same"] * 30).shape == (30, 1)
    assert encoder.get_feature_names_out().tolist() == ["t=(frequency)"]


def test_many_classes_keep_fewer_categories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multilayer.tables.target_means.MOST_MEANS", 12)
    words = np.repeat([f"c{i}" for i in range(10)], np.arange(11, 1, -1))
    encoding = fitted(words, np.arange(len(words)) % 3)[1]
    assert encoding.categories == ("c0", "c1", "c2", "c3")
    assert len(encoding.means) == 3


@pytest.mark.parametrize("options", [{}, {"min_frequency": 3, "row_numbers": "drop"}])
def test_the_default_encoding_of_a_hundred_thousand_categories_is_narrow(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    table = pa.table({"t": [f"c{code}" for code in rng.integers(0, 100_000, size=150_000)]})
    assert TableEncoder(**options).fit_transform(table).shape[1] == 64


def test_a_hundred_thousand_categories_need_little_memory() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 100_000, size=200_000)
    table = pa.table({"t": pa.array([f"c{code}" for code in codes])})
    y = rng.normal(size=100_000)[codes]
    encoder = TableEncoder(many_categories="target", dtype=np.float32)
    tracemalloc.start()
    result = encoder.fit_transform(table, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.shape == (200_000, 2)
    assert peak < 150e6  # a column for each category would need 80 GB
    assert np.corrcoef(encoder.transform(table)[:, 0], y)[0, 1] > 0.7
