"""Quantiles in one pass: the error is within the proven bound on any order of numbers, and the same in each run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from multilayer.tables.streaming.quantiles import QuantileSketch

PROBABILITIES = np.linspace(0.01, 0.99, 99)
N = 200_000


def columns() -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(0)
    ascending = np.arange(N, dtype=np.float64)
    return {
        "ascending": ascending,
        "descending": ascending[::-1].copy(),
        "from both ends": np.stack([ascending[: N // 2], ascending[: N // 2 - 1 : -1]], axis=1).ravel(),
        "normal": rng.normal(size=N),
        "heavy tails": rng.standard_cauchy(N),
        "of 300 orders of magnitude": 10.0 ** rng.uniform(-150, 150, N),
        "ties": rng.integers(0, 7, N).astype(np.float64),
        "nearly constant": (rng.random(N) < 1e-3).astype(np.float64),
        "two values in turn": np.tile([0.0, 1.0], N // 2),
        "waves": np.sin(np.arange(N) * np.pi / 8192),
    }


def sketch_of(values: NDArray[np.float64], half: int, part: int = 1000) -> QuantileSketch:
    sketch = QuantileSketch(half)
    for start in range(0, len(values), part):
        sketch.update(values[start : start + part])
    return sketch


def distances(values: NDArray[np.float64], found: NDArray[np.float64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far p is from the shares of numbers below and up to the found ones."""
    ascending = np.sort(values)
    below = np.searchsorted(ascending, found, side="left") / len(values)
    up_to = np.searchsorted(ascending, found, side="right") / len(values)
    return np.maximum(np.maximum(below - p, p - up_to), 0.0)


@pytest.mark.parametrize("half", [64, 512, 4096])
@pytest.mark.parametrize("name", columns())
def test_the_error_is_within_the_stated_one(name: str, half: int) -> None:
    values = columns()[name]
    sketch = sketch_of(values, half)
    error = distances(values, sketch.quantiles(PROBABILITIES), PROBABILITIES).max()
    assert 0 < sketch.rank_error < 4.0 / half
    assert error <= sketch.rank_error + 1 / N


def test_the_default_has_the_documented_error() -> None:
    assert sketch_of(np.random.default_rng(1).normal(size=1_000_000), 4096, part=50_000).rank_error < 0.0008


def test_the_error_and_the_memory_of_a_billion_numbers_are_those_documented() -> None:
    half, n = 4096, 10**9
    n_halvings = [n // (2 * half) >> level for level in range(17)]
    sketch = QuantileSketch(half)
    sketch.n, sketch.n_halvings, sketch.levels = n, n_halvings, [np.empty(half)] * 17
    assert n_halvings[-1] == 1
    assert sketch.rank_error < 0.0013
    assert sketch.n_bytes < 700_000


@pytest.mark.parametrize("half", [2, 16])
def test_the_weights_sum_to_the_number_of_values(half: int) -> None:
    for n in (1, 4 * half, 4 * half + 1, 1000):
        values, weights = sketch_of(np.random.default_rng(n).normal(size=n), half).kept()
        assert weights.sum() == n
        assert (np.diff(values) >= 0).all()


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=300), st.integers(1, 8), st.lists(st.integers(1, 40)))
def test_any_numbers_in_any_parts(numbers: list[int], half: int, sizes: list[int]) -> None:
    values = np.array(numbers, dtype=np.float64)
    whole, parts = QuantileSketch(half), QuantileSketch(half)
    whole.update(values)
    for part in np.split(values, np.minimum(np.cumsum(np.array(sizes, dtype=np.intp)), len(values))):
        parts.update(part)
    found = whole.quantiles(PROBABILITIES)
    np.testing.assert_array_equal(parts.quantiles(PROBABILITIES), found)
    assert parts.rank_error == whole.rank_error
    if whole.is_exact:
        np.testing.assert_array_equal(found, np.quantile(values, PROBABILITIES))
    else:
        assert (distances(values, found, PROBABILITIES) <= whole.rank_error + 1e-12).all()


def test_few_numbers_have_interpolated_quantiles() -> None:
    values = np.random.default_rng(2).normal(size=128) * 1e300
    sketch = sketch_of(values, 64)
    assert sketch.is_exact
    assert sketch.rank_error == 0
    np.testing.assert_array_equal(sketch.quantiles(PROBABILITIES, 900), np.quantile(values / 2.0**900, PROBABILITIES))
    sketch.update(values[:1])
    assert not sketch.is_exact
    assert set(np.ldexp(sketch.quantiles(PROBABILITIES, 900), 900)) <= set(values)
