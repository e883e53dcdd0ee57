"""Counts of texts in bounded memory."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.tables.streaming.categories import FEWEST_COUNTERS, CategoryCounts


def counts_of(texts: list[str], most: int, part: int = 50, most_bytes: int = 1 << 24) -> CategoryCounts:
    counts = CategoryCounts(most, most_bytes)
    for start in range(0, len(texts), part):
        counts.update(Counter(texts[start : start + part]))
    return counts


def check(counts: CategoryCounts, texts: list[str]) -> None:
    exact = Counter(texts)
    for text, n in exact.items():
        found = counts.counts.get(text, 0)
        assert n - counts.error <= found <= n
    assert set(counts.counts) <= set(exact)
    assert all(counts.counts.values())


def zipf(n: int) -> list[str]:
    return [f"w{k}" for k in np.random.default_rng(0).zipf(1.3, n).tolist()]


def test_few_texts_are_counted_exactly_in_the_order_of_their_first_rows() -> None:
    texts = zipf(500)
    counts = counts_of(texts, 1000)
    assert counts.is_exact
    assert counts.error == 0
    assert list(counts.counts.items()) == list(Counter(texts).items())
    assert counts.n_different == counts.least_different == len(set(texts))


@pytest.mark.parametrize("most", [20, 200, 1000])
def test_many_texts_are_counted_within_the_stated_error(most: int) -> None:
    texts = zipf(20_000)
    counts = counts_of(texts, most)
    assert not counts.is_exact
    assert 0 < counts.error <= len(texts) / (most // 2 + 1)
    assert len(counts.counts) <= most
    assert counts.n_different == len(set(texts))  # exact up to 16,384
    check(counts, texts)


def test_frequent_texts_are_found_among_many_different_ones() -> None:
    rare = [f"r{i}" for i in range(9000)]
    texts = [text for i, each in enumerate(rare) for text in (each, f"often{i % 4}")]
    counts = counts_of(texts, 100)
    most = sorted(counts.counts, key=lambda text: -counts.counts[text])[:4]
    assert sorted(most) == ["often0", "often1", "often2", "often3"]


def test_long_texts_reach_the_limit_of_bytes() -> None:
    texts = [f"{i % 2000:>1000}" for i in range(6000)] + ["often"] * 2000
    counts = counts_of(texts, 1 << 16, most_bytes=1_000_000)
    assert not counts.is_exact
    assert counts.n_bytes <= 1_000_000
    assert "often" in counts.counts
    check(counts, texts)


def test_a_few_texts_are_kept_whatever_their_size() -> None:
    texts = [f"{i:>10000}" for i in range(FEWEST_COUNTERS)]
    assert counts_of(texts, 1 << 16, most_bytes=1000).is_exact
    assert not counts_of([*texts, "one more"], 1 << 16, most_bytes=1000).is_exact


@given(st.lists(st.integers(0, 40).map(str), max_size=200), st.integers(2, 12), st.integers(1, 30))
def test_any_texts_in_any_parts(texts: list[str], most: int, part: int) -> None:
    counts = counts_of(texts, most, part)
    check(counts, texts)
    assert counts.error * (most // 2 + 1) <= len(texts)
    assert counts.n_different == len(set(texts))
