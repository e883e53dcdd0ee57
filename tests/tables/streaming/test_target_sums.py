"""Sums of the target by category, over rows that are read in parts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.tables._column_data import ColumnData
from multilayer.tables._response import Response, response_of
from multilayer.tables.category_sums import CategorySums, sums_of_rows
from multilayer.tables.streaming.categories import CategoryCounts
from multilayer.tables.streaming.target_sums import RowTargets, TargetSums, TargetTotals

FIELDS = ("counts", "sums", "counts_of_folds", "sums_of_folds")


def summed(
    texts: list[str | None], targets: RowTargets, stops: list[int], most: int = 1 << 16, most_cells: int = 1 << 20
) -> tuple[TargetSums, TargetTotals, CategoryCounts]:
    """Return the sums over rows that are read up to each stop."""
    sums, totals, counts = TargetSums(most_cells), TargetTotals(), CategoryCounts(most)
    for start, stop in itertools.pairwise(sorted({0, len(texts), *stops})):
        column = ColumnData.of_texts(texts[start:stop])
        words, places = column.texts()
        counts.update(column.counts())
        rows = totals.update(targets.take(slice(start, stop)))
        sums.update(words, places, rows.take(~column.gaps), counts)
    return sums, totals, counts


def check_equal(found: CategorySums, expected: CategorySums) -> None:
    assert found.categories == expected.categories
    for name in FIELDS:
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-7, err_msg=name)


def rows_of(kind: str, y: Any) -> tuple[Response, RowTargets, list[Any] | None]:
    response = response_of(y, "regression" if kind == "amounts" else "classification", len(y))
    if kind == "amounts":
        return response, RowTargets(np.asarray(y, dtype=float), response.folds, 0), None
    labels = list(dict.fromkeys(y))  # in the order of their first rows
    return response, RowTargets(np.array([labels.index(label) for label in y]), response.folds, len(labels)), labels


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from(["amounts", "classes"]))
def test_the_sums_are_those_of_the_rows_in_memory(data: st.DataObject, kind: str) -> None:
    n = data.draw(st.integers(1, 60))
    texts = data.draw(st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=n, max_size=n))
    values = st.floats(-1e3, 1e3) if kind == "amounts" else st.sampled_from(["no", "yes", "perhaps"])
    y = data.draw(st.lists(values, min_size=n, max_size=n))
    stops = data.draw(st.lists(st.integers(0, n), max_size=4))
    response, targets, labels = rows_of(kind, y)
    if kind == "amounts" and 0 < np.std(y) < 1e-6 * np.abs(y).max():
        return  # the deviation has few digits
    sums, totals, _ = summed(texts, targets, stops)
    found = sums.category_sums(totals, 10, response, labels)
    check_equal(found, sums_of_rows(ColumnData.of_texts(texts), found.categories, response))
    assert set(found.categories) == {text for text in texts if text is not None and texts.count(text) > 1}


@pytest.mark.parametrize("scale", [1e-200, 1e-8, 1.0, 1e100])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_scale_of_amounts_does_not_matter(scale: float, offset: float) -> None:
    rng = np.random.default_rng(0)
    texts: list[str | None] = [f"t{k}" for k in rng.integers(0, 20, 500)]
    y = (rng.normal(size=500) + offset) * scale
    response, targets, _ = rows_of("amounts", y)
    sums, totals, _ = summed(texts, targets, [100, 250])
    found = sums.category_sums(totals, 100, response, None)
    expected = sums_of_rows(ColumnData.of_texts(texts), found.categories, response)
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-150, 1e-10, 1.0, 1e150])
def test_the_first_rows_do_not_set_the_scale(scale: float) -> None:
    rng = np.random.default_rng(0)
    texts: list[str | None] = [f"t{k}" for k in rng.integers(0, 20, 500)]
    y = np.where(np.arange(500) < 100, 0.0, rng.normal(size=500) * scale)
    response, targets, _ = rows_of("amounts", y)
    sums, totals, _ = summed(texts, targets, [100, 250])
    found = sums.category_sums(totals, 100, response, None)
    expected = sums_of_rows(ColumnData.of_texts(texts), found.categories, response)
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-7, atol=1e-7)


def test_half_of_the_texts_can_be_removed() -> None:
    texts: list[str | None] = [f"t{k}" for k in range(40) for _ in range(40 - k)]
    response, targets, labels = rows_of("classes", ["a", "b"] * 410)
    sums, totals, counts = summed(texts, targets, [400])
    before = sums.n_bytes
    assert sums.halve(counts)
    assert sums.n_bytes < 0.6 * before
    found = sums.category_sums(totals, 100, response, labels)
    assert set(found.categories) == {f"t{k}" for k in range(20)}
    check_equal(found, sums_of_rows(ColumnData.of_texts(texts), found.categories, response))
    for _ in range(10):
        sums.halve(counts)
    assert not sums.halve(counts)


def test_equal_amounts_have_means_of_zero() -> None:
    response, targets, _ = rows_of("amounts", np.full(60, 0.1))
    sums, totals, _ = summed([f"t{i % 6}" for i in range(60)], targets, [20])
    found = sums.category_sums(totals, 10, response, None)
    assert not found.means().any()
    assert not found.cross_fitted().any()


def test_classes_that_come_late_are_summed() -> None:
    texts: list[str | None] = [f"t{i % 7}" for i in range(600)]
    y = [f"class {i // 50}" for i in range(600)]
    response, _, labels = rows_of("classes", y)
    assert labels is not None
    sums, totals, counts = TargetSums(), TargetTotals(), CategoryCounts()
    for start in range(0, 600, 50):
        part = slice(start, start + 50)
        column = ColumnData.of_texts(texts[part])
        counts.update(column.counts())
        numbers = np.full(50, start // 50)
        rows = totals.update(RowTargets(numbers, response.folds[part], start // 50 + 1))
        sums.update(*column.texts(), rows, counts)
    found = sums.category_sums(totals, 10, response, labels)
    check_equal(found, sums_of_rows(ColumnData.of_texts(texts), found.categories, response))


def test_the_most_frequent_texts_have_sums_where_there_is_little_room() -> None:
    rng = np.random.default_rng(0)
    n = 20_000
    often = rng.random(n) < 0.5
    texts: list[str | None] = [
        f"often{k}" if is_often else f"rare{k}"
        for is_often, k in zip(often, np.where(often, rng.integers(0, 5, n), rng.integers(0, 5000, n)), strict=True)
    ]
    y = rng.integers(0, 40, n)
    response, targets, labels = rows_of("classes", y.tolist())
    most_cells = 60 * 5 * 64
    sums, totals, _ = summed(texts, targets, list(range(0, n, 500)), most_cells=most_cells)
    assert sums.n_bytes < 8 * most_cells + 60 * (200 + 40 * 150)
    found = sums.category_sums(totals, 5, response, labels)
    assert found.categories == tuple(f"often{k}" for k in range(5))
    check_equal(found, sums_of_rows(ColumnData.of_texts(texts), found.categories, response))


def test_texts_without_counters_lose_their_sums() -> None:
    texts: list[str | None] = [*["stays"] * 300, *[f"rare{i}" for i in range(600)], *["late"] * 60, *["stays"] * 40]
    response, targets, _ = rows_of("amounts", np.random.default_rng(0).normal(size=1000))
    sums, totals, counts = summed(texts, targets, list(range(0, 1000, 50)), most=100)
    assert set(sums._places) <= set(counts.counts)
    found = sums.category_sums(totals, 10, response, None)
    assert found.categories == ("late", "stays")
    check_equal(found, sums_of_rows(ColumnData.of_texts(texts), ("late", "stays"), response))
