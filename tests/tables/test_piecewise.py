"""Piecewise-linear encoding: thresholds and parts against plain NumPy and scikit-learn's trees."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.tables import TableEncoder
from multilayer.tables.piecewise import PiecewiseEncoding, tree_thresholds

Floats = np.ndarray[Any, np.dtype[np.float64]]


def parts_by_loops(x: Floats, edges: list[float]) -> Floats:
    out = np.empty((len(x), len(edges) - 1))
    for i in range(len(x)):
        for j, (low, high) in enumerate(itertools.pairwise(edges)):
            out[i, j] = min(max((x[i] - low) / (high - low), 0.0), 1.0) - 0.5
    return out


def edges_of(encoder: TableEncoder, i: int = 0) -> list[float]:
    encoding = encoder.encodings_[i]
    assert isinstance(encoding, PiecewiseEncoding)
    assert encoding.raw.exponent == 0
    return list(encoding.edges)


def test_parts_between_quantiles_equal_a_calculation_by_loops() -> None:
    x = np.random.default_rng(0).normal(size=300)
    encoder = TableEncoder(piecewise="quantile")
    result = encoder.fit_transform(x[:, None])
    edges = np.quantile(x, np.linspace(0, 1, 38)).tolist()
    np.testing.assert_allclose(edges_of(encoder), edges, rtol=1e-12)
    np.testing.assert_allclose(result[:, 1:], parts_by_loops(x, edges), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(result[:, :1], TableEncoder().fit_transform(x[:, None]))


@pytest.mark.parametrize("kind", ["classes", "amounts", "outputs"])
def test_tree_thresholds_are_those_of_scikit_learn(kind: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(700, 2)).round(3)
    amounts = np.sin(3 * x[:, 0]) + 0.1 * rng.normal(size=700)
    y: Any = {
        "classes": np.where(amounts > 0.5, "high", np.where(amounts > 0, "middle", "low")),
        "amounts": 5 + amounts,
        "outputs": np.column_stack([amounts, np.abs(x[:, 0])]),
    }[kind]
    encoder = TableEncoder(piecewise="tree").fit(x, y)
    target = (y - y.mean(axis=0)) / y.std(axis=0) if kind == "outputs" else y
    tree, most = (DecisionTreeClassifier, 32) if kind == "classes" else (DecisionTreeRegressor, 48)
    fitted = tree(max_leaf_nodes=most, min_samples_leaf=8, random_state=0).fit(x[:, :1], target).tree_
    expected = np.sort(fitted.threshold[fitted.children_left >= 0])
    edges = edges_of(encoder)
    assert 15 < len(expected) < most
    np.testing.assert_allclose(edges[1:-1], expected, rtol=1e-6)
    assert (edges[0], edges[-1]) == (x[:, 0].min(), x[:, 0].max())
    assert (
        f"{len(expected) + 1} piecewise-linear parts with thresholds by a decision tree" in encoder.columns_[0].encoding
    )


def test_tree_thresholds_ignore_the_scale_of_numbers() -> None:
    # float32, in which trees compute, cannot distinguish these numbers.
    y = np.arange(64) >= 40
    assert tree_thresholds(2.0**40 + np.arange(64.0), y, 4, classes=True).tolist() == [2.0**40 + 39.5]


@pytest.mark.parametrize(("n_columns", "n_parts"), [(2, 48), (40, 9), (200, 4)])
def test_the_number_of_parts_depends_on_the_number_of_columns(n_columns: int, n_parts: int) -> None:
    x = np.random.default_rng(0).normal(size=(400, n_columns))
    encoder = TableEncoder(piecewise="quantile").fit(x)
    assert [column.width for column in encoder.columns_] == [1 + n_parts] * n_columns


def test_gaps_have_the_parts_of_the_number_that_replaces_them() -> None:
    x = [*np.linspace(0, 1, 41).tolist(), None, None]
    for numbers, fill in (("standard", float(np.mean(x[:-2]))), ("robust", 0.5)):
        encoder = TableEncoder(numbers=numbers, piecewise="quantile").fit(pa.table({"x": x}))
        gap, filled = encoder.transform(pa.table({"x": [None, fill]}))
        np.testing.assert_allclose(gap[:-1], filled[:-1], atol=1e-12)
        assert (gap[-1], filled[-1]) == (1, 0)


def test_few_values_and_few_rows_get_no_parts() -> None:
    table = pa.table({"two": [0, 1] * 20, "Boolean": [True, False] * 20, "same": [3.0] * 40, "many": range(40)})
    encoder = TableEncoder(piecewise="quantile").fit(table)
    assert [column.width for column in encoder.columns_] == [1, 1, 0, 6]
    short = TableEncoder(piecewise="tree").fit(pa.table({"x": range(10)}), range(10))
    assert short.columns_[0].width == 1
    assert short.columns_[0].encoding.endswith("; no thresholds by a decision tree on the target")


def test_thresholds_that_differ_by_rounding_are_one() -> None:
    values = ([0.3] * 10 + [0.1 + 0.2] * 10 + [0.6] * 10 + [1.0] * 10) * 3
    for piecewise in ("quantile", "tree"):
        encoder = TableEncoder(piecewise=piecewise).fit(pa.table({"x": values}), list(range(120)))
        assert np.diff(edges_of(encoder)).min() > 1e-3


def test_text_of_numbers_has_parts_too() -> None:
    words = [*(f"{i / 2}" for i in range(60)), "n/a"]
    encoder = TableEncoder(piecewise="quantile").fit(pa.table({"x": words}))
    numbers = [*(i / 2 for i in range(60)), None]
    twin = TableEncoder(piecewise="quantile")
    np.testing.assert_array_equal(
        encoder.transform(pa.table({"x": words})), twin.fit_transform(pa.table({"x": numbers}))
    )
    np.testing.assert_array_equal(
        encoder.transform(pa.table({"x": numbers})), encoder.transform(pa.table({"x": words}))
    )


def test_names_of_parts_are_their_ranges() -> None:
    encoder = TableEncoder(piecewise="quantile").fit(pa.table({"x": [None, *range(17)]}))
    assert encoder.get_feature_names_out().tolist() == ["x", "x=(0 to 8)", "x=(8 to 16)", "x=(gap)"]


numbers_with_gaps = st.lists(st.none() | st.floats(allow_infinity=False) | st.integers(0, 3), min_size=24, max_size=60)


@given(numbers_with_gaps, st.sampled_from(["quantile", "tree"]), st.sampled_from([np.float32, np.float64]))
def test_encodings_are_finite_deterministic_and_row_wise(values: list[Any], piecewise: Any, dtype: Any) -> None:
    column = pa.array([None if value is None else float(value) for value in values], pa.float64())
    table = pa.table({"x": column, "row": range(len(values))})
    y = [i % 3 for i in range(len(values))]
    encoder = TableEncoder(numbers="robust", piecewise=piecewise, dtype=dtype)
    result = encoder.fit_transform(table, y)
    assert np.isfinite(result).all()
    assert np.abs(result).max() <= 3
    twin = TableEncoder(numbers="robust", piecewise=piecewise, dtype=dtype)
    np.testing.assert_array_equal(twin.fit_transform(table.to_pandas(), np.array(y)), result)
    assert twin.encodings_ == encoder.encodings_
    for row in (0, len(values) - 1):
        np.testing.assert_array_equal(encoder.transform(table.slice(row, 1))[0], result[row])
    extremes = pa.table({"x": [np.inf, -np.inf, 1.7e308, None], "row": [0, -1, 5, None]})
    assert np.isfinite(encoder.transform(extremes)).all()


def test_a_thousand_columns_and_a_row_of_gaps() -> None:
    x = np.random.default_rng(0).normal(size=(200, 1000))
    y = x[:, 0] > 0
    encoder = TableEncoder(numbers="robust", piecewise="tree", dtype=np.float32)
    result = encoder.fit_transform(x, y)
    assert result.shape[1] <= 5_000
    gaps = encoder.transform(np.full((1, 1000), np.nan))
    assert np.isfinite(gaps).all()
    assert not gaps[0][encoder.number_columns_].any()


def test_twenty_rows_with_every_option() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=20), "t": list("abcdefghij") * 2, "b": [True, False] * 10})
    encoder = TableEncoder(
        max_categories=5, numbers="robust", piecewise="tree", two_values="signs", many_categories="target"
    )
    result = encoder.fit_transform(frame, [0, 1] * 10)
    assert result.shape[0] == 20
    assert np.isfinite(result).all()


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (None, InputError, r"requires y to be passed, but the target y is None\. Pass the target of the fitting rows"),
        ([1, 2], InputError, r"inconsistent numbers of samples: 30 rows of the table, 2 of y"),
        ([1.5, np.nan] * 15, InputError, r"y has 15 gaps, the first in data row 2 of 30"),
        ([1.5, np.inf] * 15, InputError, r"y holds infinity in data row 2"),
        (np.zeros((30, 2, 2)), ShapeError, r"y must have the shape \(m,\) or \(m, n_outputs\), got \(30, 2, 2\)"),
    ],
)
def test_an_invalid_target_raises_errors(y: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        TableEncoder(piecewise="tree").fit(np.arange(30.0)[:, None], y)


def test_the_task_is_a_parameter() -> None:
    x, y = np.arange(120.0)[:, None], np.repeat([0, 1, 2, 3], 30)
    by_class, by_amount = (TableEncoder(piecewise="tree", task=task).fit(x, y) for task in ("auto", "regression"))
    assert edges_of(by_class) == edges_of(by_amount) == [0, 29.5, 59.5, 89.5, 119]
    with pytest.raises(InputError, match=r"y holds text, regression needs numbers"):
        TableEncoder(piecewise="tree", task="regression").fit(x, np.where(y > 1, "a", "b"))
    with pytest.raises(ShapeError, match=r"labels must be one column, got y of 2 columns"):
        TableEncoder(piecewise="tree", task="classification").fit(x, np.column_stack([y, y]))


@pytest.mark.parametrize("constant", [[7] * 30, ["a"] * 30, [2.5] * 30])
def test_a_constant_target_has_no_thresholds(constant: list[Any]) -> None:
    encoder = TableEncoder(piecewise="tree").fit(np.arange(30.0)[:, None], constant)
    assert encoder.columns_[0].width == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"numbers": "rubust"}, r"unknown numbers 'rubust'\. Did you mean 'robust'\? Known: 'robust', 'standard'"),
        ({"numbers": None}, r"unknown numbers None"),
        (
            {"piecewise": "trees"},
            r"unknown piecewise 'trees'\. Did you mean 'tree'\? Known: 'None', 'quantile',",
        ),
        ({"two_values": 1}, r"unknown two_values 1"),
        ({"many_categories": "mean"}, r"unknown many_categories 'mean'"),
        ({"piecewise": "tree", "task": "regresion"}, r"unknown task 'regresion'\. Did you mean 'regression'"),
    ],
)
def test_unknown_options_raise_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        TableEncoder(**options).fit(np.arange(30.0)[:, None], range(30))
