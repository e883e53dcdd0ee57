"""The spread of errors."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.tables.models.spread import fitted_spread


def fifths(m: int) -> list[np.ndarray]:
    return [np.arange(start, m, 5) for start in range(5)]


def test_spread_follows_errors_that_depend_on_the_row() -> None:
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(1000, 2)).astype(np.float32)
    sigma = np.where(X[:, 0] > 0.5, 4.0, 0.5)
    spread, values = fitted_spread(X, np.zeros(1000), sigma * rng.normal(size=1000), None, fifths(1000))
    assert len(spread.models) == 5
    assert np.corrcoef(values, sigma)[0, 1] > 0.9
    low, high = spread.at(np.float32([[0.2, 0.5], [0.8, 0.5]]), np.zeros(2))
    assert 4 < high / low < 9


def test_spread_follows_errors_that_depend_on_the_prediction() -> None:
    rng = np.random.RandomState(0)
    predicted = rng.uniform(1.0, 9.0, size=1000)
    X = np.zeros((1000, 1), dtype=np.float32)
    spread, _ = fitted_spread(X, predicted, predicted * rng.normal(size=1000), None, fifths(1000))
    low, high = spread.at(X[:2], np.array([2.0, 8.0]))
    assert high > 2 * low


@pytest.mark.parametrize("m", [100, 1000])
def test_equal_errors_and_few_rows_have_a_constant_spread(m: int) -> None:
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(m, 2)).astype(np.float32)
    size = 1.0 if m == 1000 else np.where(X[:, 0] > 0.5, 4.0, 0.5)
    errors = size * rng.normal(size=m)
    spread, values = fitted_spread(X, np.zeros(m), errors, None, fifths(m))
    assert not spread.models
    np.testing.assert_allclose(values, np.abs(errors).mean())
    np.testing.assert_array_equal(spread.at(X[:3], np.zeros(3)), values[:3])


def test_errors_of_zero_have_a_spread_of_one() -> None:
    spread, values = fitted_spread(np.zeros((300, 1), np.float32), np.zeros(300), np.zeros(300), None, fifths(300))
    assert spread.scale == 1.0
    assert (values == 1.0).all()


def test_weights_of_zero_drop_rows() -> None:
    rng = np.random.RandomState(0)
    X, errors = rng.uniform(size=(400, 1)).astype(np.float32), rng.normal(size=400)
    errors[::2] *= 100
    weight = np.tile([0.0, 1.0], 200)
    spread, _ = fitted_spread(X, np.zeros(400), errors, weight, fifths(400))
    assert spread.scale == pytest.approx(np.abs(errors[1::2]).mean())
