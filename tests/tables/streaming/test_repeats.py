"""Hashes of rows whose features are equal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.tables.streaming.repeats import COPIES_TOGETHER, RepeatCounter
from multilayer.tables.streaming.sampling import folds_of, is_validation


def hashes(contents: list[int], stops: list[int] | None = None, most: int = 100) -> list[int]:
    counter, rows = RepeatCounter(most), np.array(contents, dtype=np.uint64)
    edges = sorted({0, len(rows), *(stops or [])})
    parts = [counter.hashes(rows[start:stop]) for start, stop in itertools.pairwise(edges)]
    return list(np.concatenate(parts).tolist()) if parts else []


@given(st.data(), st.integers(1, 8))
def test_equal_rows_are_in_groups_whatever_the_blocks_are(data: st.DataObject, most: int) -> None:
    contents = data.draw(st.lists(st.integers(0, 9), max_size=60))
    stops = data.draw(st.lists(st.integers(0, len(contents)), max_size=5))
    found = hashes(contents, stops, most)
    assert found == hashes(contents, [], most)
    counted = list(dict.fromkeys(contents))[:most]
    seen: dict[int, int] = {}
    expected = []
    for content in contents:
        expected.append((content, seen.get(content, 0) // COPIES_TOGETHER if content in counted else 0))
        seen[content] = seen.get(content, 0) + 1
    groups: dict[int, tuple[int, int]] = {}
    for hash_, key in zip(found, expected, strict=True):
        assert groups.setdefault(hash_, key) == key
        assert (hash_ == key[0]) == (key[1] == 0)
    assert len(set(groups.values())) == len(groups)


@pytest.mark.parametrize("n_contents", [1, 30, 3000])
def test_equal_rows_are_divided_like_others(n_contents: int) -> None:
    rng = np.random.default_rng(0)
    contents = rng.integers(0, n_contents, 40_000).astype(np.uint64) * np.uint64(2**40 + 1)
    found = RepeatCounter().hashes(contents)
    assert abs(is_validation(found, 0.1).mean() - 0.1) < 0.01
    assert np.abs(np.bincount(folds_of(found)) / 40_000 - 0.2).max() < 0.02
