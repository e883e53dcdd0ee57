"""Conformal quantiles, sets and intervals of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from multilayer.exceptions import ParameterError
from multilayer.tables.models.conformal import (
    Conformity,
    check_coverage,
    class_sets,
    quantile_interval,
    symmetric_interval,
    two_tailed_interval,
)


def conformal_quantile(scores: Any, coverage: float, weight: Any = None) -> float:
    return Conformity.of(scores, weight).quantile(coverage)


COVERAGES = st.floats(0.01, 0.99)
SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(1, 40), COVERAGES, SEEDS)
def test_new_scores_are_covered_as_proved(n: int, coverage: float, seed: int) -> None:
    """Leave out each of n + 1 scores in turn: a share c to c + 1 / (n + 1) is at most the quantile of the others."""
    scores = np.random.RandomState(seed).permutation(n + 1).astype(float)
    covered = [scores[i] <= conformal_quantile(np.delete(scores, i), coverage) for i in range(n + 1)]
    assert coverage - 1e-12 <= np.mean(covered) <= coverage + 1 / (n + 1) + 1e-12


@given(st.integers(0, 40), COVERAGES, COVERAGES, SEEDS, st.booleans())
def test_quantiles_rise_with_the_coverage(n: int, one: float, other: float, seed: int, weighted: bool) -> None:
    rng = np.random.RandomState(seed)
    scores, weight = rng.normal(size=n), rng.randint(0, 3, size=n).astype(float) if weighted else None
    low, high = sorted((one, other))
    assert conformal_quantile(scores, low, weight) <= conformal_quantile(scores, high, weight)


@given(st.integers(1, 40), COVERAGES, SEEDS)
def test_equal_weights_change_nothing_and_zero_weights_drop_rows(n: int, coverage: float, seed: int) -> None:
    scores = np.random.RandomState(seed).normal(size=n)
    expected = conformal_quantile(scores, coverage)
    assert conformal_quantile(scores, coverage, np.full(n, 0.3)) == expected
    more = np.append(scores, [9.0, -9.0])
    assert conformal_quantile(more, coverage, np.append(np.full(n, 0.3), [0.0, 0.0])) == expected


def test_weights_move_the_quantile() -> None:
    scores = np.arange(100.0)
    assert conformal_quantile(scores, 0.5) == 50  # rank 51
    assert conformal_quantile(scores, 0.5, np.where(scores < 20, 9.0, 1.0)) < 20


def test_few_scores_have_no_finite_quantile() -> None:
    assert conformal_quantile(np.zeros(9), 0.9) == 0
    assert conformal_quantile(np.zeros(8), 0.9) == np.inf
    assert conformal_quantile(np.zeros(0), 0.1) == np.inf
    assert conformal_quantile(np.arange(8.0), 0.9, np.arange(1.0, 9.0)) == np.inf


@given(st.integers(2, 5), st.floats(0.0, 1.0), st.floats(0.0, 1.0), SEEDS, st.booleans())
def test_sets_are_nested(K: int, one: float, other: float, seed: int, allow_empty: bool) -> None:
    P = np.random.RandomState(seed).dirichlet(np.ones(K), size=20)
    low, high = sorted((one, other))
    small = class_sets(P, low, allow_empty=allow_empty)
    assert (small <= class_sets(P, high, allow_empty=allow_empty)).all()
    assert (class_sets(P, low, allow_empty=True) <= small).all()
    assert class_sets(P, np.inf, allow_empty=allow_empty).all()
    if not allow_empty:
        assert small[np.arange(20), P.argmax(axis=1)].all()


@given(st.integers(5, 60), COVERAGES, COVERAGES, SEEDS)
def test_intervals_are_nested_and_do_not_cross(n: int, one: float, other: float, seed: int) -> None:
    rng = np.random.RandomState(seed)
    predicted, spread, z = rng.normal(size=7), rng.uniform(0.1, 2.0, size=7), rng.normal(size=n)
    low, high = sorted((one, other))
    of, tails = Conformity.of, [Conformity.of(-z), Conformity.of(z)]
    for kind, scores in ((symmetric_interval, of(np.abs(z))), (two_tailed_interval, tails), (quantile_interval, of(z))):
        second = predicted + spread if kind is quantile_interval else spread
        inner, outer = (kind(predicted, second, scores, coverage) for coverage in (low, high))
        assert (outer[0] <= inner[0]).all()
        assert (inner[0] <= inner[1]).all()
        assert (inner[1] <= outer[1]).all()


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_sets_of_drawn_classes_have_the_coverage(coverage: float) -> None:
    rng = np.random.RandomState(0)
    P = softmax(rng.normal(size=(4000, 4)), axis=1)
    y = (P.cumsum(axis=1) < rng.uniform(size=(4000, 1))).sum(axis=1).clip(max=3)
    wrong = P**2 / (P**2).sum(axis=1, keepdims=True)  # the coverage does not depend on right probabilities
    for given_P in (P, wrong):
        scores = 1.0 - given_P[np.arange(4000), y]
        limit = conformal_quantile(scores[:2000], coverage)
        sets = class_sets(given_P[2000:], limit, allow_empty=True)
        assert sets[np.arange(2000), y[2000:]].mean() == pytest.approx(coverage, abs=0.03)


def test_intervals_of_drawn_amounts_have_the_coverage_and_follow_the_spread() -> None:
    rng = np.random.RandomState(0)
    sigma = rng.uniform(0.2, 3.0, size=4000)
    y = 5.0 + sigma * rng.standard_exponential(size=4000)
    old, new = slice(0, 2000), slice(2000, None)
    z = (y - 6.0) / sigma
    tails = [Conformity.of(-z[old]), Conformity.of(z[old])]
    for kind, scores in ((symmetric_interval, Conformity.of(np.abs(z[old]))), (two_tailed_interval, tails)):
        lower, upper = kind(np.full(2000, 6.0), sigma[new], scores, 0.9)
        assert np.mean((lower <= y[new]) & (y[new] <= upper)) == pytest.approx(0.9, abs=0.03)
        np.testing.assert_allclose((upper - lower) / sigma[new], (upper - lower)[0] / sigma[new][0])
    low, high = 5.0 + 0.5 * sigma, 5.0 + 1.5 * sigma  # not the 0.9 interval
    moved = Conformity.of(np.maximum(low - y, y - high)[old])
    lower, upper = quantile_interval(low[new], high[new], moved, 0.9)
    assert np.mean((lower <= y[new]) & (y[new] <= upper)) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, np.nan, "0.9", True, None])
def test_coverage_must_be_a_number_between_0_and_1(coverage: object) -> None:
    with pytest.raises(ParameterError, match="coverage must be a number above 0 and below 1"):
        check_coverage(coverage)  # type: ignore[arg-type]
