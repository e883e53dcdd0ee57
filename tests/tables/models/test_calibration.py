"""Temperature scaling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from multilayer.tables.models.calibration import (
    best_temperature,
    chosen_tempering,
    log_losses,
    tempered,
)


def drawn(m: int, K: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities that are right at this temperature, and the classes of the rows."""
    rng = np.random.RandomState(seed)
    logits = 1.5 * rng.normal(size=(m, K))
    right = softmax(logits / temperature, axis=1)
    y = (right.cumsum(axis=1) < rng.uniform(size=(m, 1))).sum(axis=1)
    return softmax(logits, axis=1), y.clip(max=K - 1)


def fifths(m: int) -> list[np.ndarray]:
    return [np.arange(start, m, 5) for start in range(5)]


@given(st.integers(2, 6), st.floats(0.2, 5.0), st.integers(0, 2**32 - 1))
def test_temperature_keeps_the_order_and_the_sum(K: int, temperature: float, seed: int) -> None:
    P = np.random.RandomState(seed).dirichlet(np.full(K, 0.5), size=20)
    found = tempered(P, temperature)
    np.testing.assert_array_equal(found.argmax(axis=1), P.argmax(axis=1))
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    if temperature > 1:
        assert (found.max(axis=1) <= P.max(axis=1) + 1e-12).all()


def test_tempered_probabilities_of_zero_are_finite() -> None:
    found = tempered(np.array([[0.0, 1.0], [0.5, 0.5]]), 2.0)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1], 0.5)
    P = np.array([[0.0, 1.0]])
    assert tempered(P, 1.0) is P


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.7])
def test_best_temperature_recovers_the_true_one(temperature: float) -> None:
    P, y = drawn(20_000, 3, temperature)
    assert best_temperature(P, y) == pytest.approx(temperature, rel=0.05)


def test_best_temperature_is_a_minimum() -> None:
    P, y = drawn(500, 4, 1.6)
    w = np.random.RandomState(1).uniform(0.5, 2.0, size=500)
    T = best_temperature(P, y, w)

    def loss(temperature: float) -> float:
        return float(np.average(log_losses(tempered(P, temperature), y), weights=w))

    assert loss(T) <= min(loss(1.0), loss(T * 1.01), loss(T / 1.01))


def test_integer_weights_equal_repeated_rows() -> None:
    P, y = drawn(200, 3, 1.5)
    counts = np.random.RandomState(0).randint(0, 4, size=200)
    repeated = best_temperature(np.repeat(P, counts, axis=0), np.repeat(y, counts))
    assert best_temperature(P, y, counts.astype(float)) == pytest.approx(repeated, rel=1e-3)


@given(st.floats(0.4, 2.5), st.integers(0, 1000))
def test_chosen_temperature_does_not_worsen_out_of_fold_losses(temperature: float, seed: int) -> None:
    P, y = drawn(150, 3, temperature, seed)
    found = chosen_tempering(P, y, None, fifths(150), only_if_better=True, may_soften=True)
    assert log_losses(found.probabilities, y).mean() <= log_losses(P, y).mean()
    np.testing.assert_array_equal(found.probabilities.argmax(axis=1), P.argmax(axis=1))
    if found.temperature == 1.0:
        np.testing.assert_array_equal(found.probabilities, P)


def test_temperature_is_chosen_where_it_helps_only() -> None:
    for T, used in [(0.5, True), (1.0, False), (2.0, True)]:
        P, y = drawn(1000, 3, T)
        found = chosen_tempering(P, y, None, fifths(1000), only_if_better=True, may_soften=True)
        assert (found.temperature != 1.0) == used


def test_each_part_is_scaled_by_a_temperature_of_the_others() -> None:
    P, y = drawn(1000, 3, 2.0)
    parts = fifths(1000)
    found = chosen_tempering(P, y, None, parts, only_if_better=True, may_soften=True)
    for part in parts:
        others = np.setdiff1d(np.arange(1000), part)
        np.testing.assert_allclose(found.probabilities[part], tempered(P[part], best_temperature(P[others], y[others])))


def test_softening_can_be_excluded() -> None:
    P, y = drawn(1000, 3, 2.0)
    assert chosen_tempering(P, y, None, fifths(1000), only_if_better=True, may_soften=False).temperature == 1.0
    P, y = drawn(1000, 3, 0.5)
    assert chosen_tempering(P, y, None, fifths(1000), only_if_better=True, may_soften=False).temperature < 0.7


def test_few_rows_leave_probabilities_unless_a_temperature_is_demanded() -> None:
    P, y = drawn(60, 3, 3.0)
    assert chosen_tempering(P, y, None, fifths(60), only_if_better=True, may_soften=True).temperature == 1.0
    assert chosen_tempering(P, y, None, fifths(60), only_if_better=False, may_soften=True).temperature > 1.0
