"""Numbers of different values."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.tables.streaming.distinct import DistinctCounter, hashes_of_numbers, hashes_of_texts, sum_of_hashes


def counter_of(values: np.ndarray, most: int = 1 << 14) -> DistinctCounter:
    counter = DistinctCounter(most)
    for part in np.array_split(values, 7):
        counter.update(hashes_of_numbers(part))
    return counter


def test_few_values_are_counted_exactly() -> None:
    counter = counter_of(np.random.default_rng(0).integers(0, 1000, 50_000))
    assert counter.is_exact
    assert counter.n_different == counter.least_different == 1000


@pytest.mark.parametrize("n", [20_000, 300_000])
@pytest.mark.parametrize("repeats", [1, 3])
def test_many_values_are_estimated(n: int, repeats: int) -> None:
    values = np.tile(np.arange(n) * 977 - 10**6, repeats)
    counter = counter_of(values)
    assert not counter.is_exact
    assert counter.n_different == pytest.approx(n, rel=0.024)  # three standard errors
    assert counter.least_different < n
    assert counter.least_different > 0.95 * n


def test_the_order_changes_nothing() -> None:
    values = np.random.default_rng(1).integers(0, 10**9, 5000)
    assert counter_of(values, 64).n_different == counter_of(values[::-1], 64).n_different


def test_equal_numbers_have_equal_hashes() -> None:
    for dtype in (np.int8, np.int32, np.int64):
        np.testing.assert_array_equal(
            hashes_of_numbers(np.array([-1, 7], dtype)), hashes_of_numbers(np.array([-1, 7], np.int64))
        )


def test_hashes_of_texts_are_the_same_in_every_run() -> None:
    assert [f"{h:016x}" for h in hashes_of_texts(["", "Ulm", "\ud800"]).tolist()] == [
        "b4b2797457a0a6e4",
        "e91e5f5a3fadbb19",
        "680d7d923e780842",
    ]
    assert len(hashes_of_texts([])) == 0


@pytest.mark.parametrize(("low", "high"), [(0, 9), (-5, 12), (2**63 - 3, 2**63 + 3), (3, 2500)])
def test_the_sum_of_hashes_of_a_range(low: int, high: int) -> None:
    values = np.array(range(low, high + 1), dtype=np.uint64 if high >= 2**63 else np.int64)
    assert sum_of_hashes(low, high, step=1000) == int(hashes_of_numbers(values).sum())
    values[1] = values[0]
    assert sum_of_hashes(low, high, step=1000) != int(hashes_of_numbers(values).sum())
