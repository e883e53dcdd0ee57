"""Means over rows and their standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.tables.models.means import mean_over_rows


def test_mean_and_error_of_weighted_values() -> None:
    values = np.random.RandomState(0).normal(size=50)
    mean, error = mean_over_rows(values)
    assert (mean, error) == pytest.approx((values.mean(), values.std(ddof=1) / np.sqrt(50)))
    assert mean_over_rows(values, np.full(50, 3.0)) == pytest.approx((mean, error))
    half = np.repeat([1.0, 0.0], 25)
    assert mean_over_rows(values, half) == pytest.approx(mean_over_rows(values[:25]))
    assert mean_over_rows(np.array([2.0])) == (2.0, np.inf)


def test_copies_of_rows_in_one_group_do_not_make_the_mean_more_certain() -> None:
    values = np.random.RandomState(0).normal(size=40)
    once, four = mean_over_rows(values), mean_over_rows(np.repeat(values, 4))
    grouped = mean_over_rows(np.repeat(values, 4), groups=np.repeat(np.arange(40), 4))
    assert grouped == pytest.approx(once)
    assert four[1] < 0.55 * once[1]
    assert mean_over_rows(values, groups=np.arange(40)) == pytest.approx(once)
    assert mean_over_rows(values, groups=np.zeros(40, dtype=np.intp))[1] == np.inf


def test_the_error_covers_means_of_dependent_weighted_rows() -> None:
    rng = np.random.RandomState(1)
    groups, beyond = np.repeat(np.arange(60), 5), 0
    for _ in range(200):
        values = np.repeat(rng.normal(size=60), 5) + 0.1 * rng.normal(size=300)
        mean, error = mean_over_rows(values, rng.uniform(0.5, 2.0, 300), groups)
        beyond += abs(mean) > 2 * error
    assert beyond < 24  # about 5 % of 200 are expected
