"""The expected calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.exceptions import InputError, ParameterError, ShapeError
from multilayer.tables.models import expected_calibration_error


def simple_error(p: np.ndarray, happened: np.ndarray, n_bins: int) -> float:
    """Return the error for distinct p whose number is a multiple of n_bins."""
    order = np.argsort(p)
    bins = np.array_split(order, n_bins)
    return sum(len(rows) / len(p) * abs(happened[rows].mean() - p[rows].mean()) for rows in bins)


@given(st.integers(0, 1000), st.integers(1, 8), st.integers(1, 15))
def test_equals_a_simple_computation_for_two_classes(seed: int, n_bins: int, size: int) -> None:
    rng = np.random.RandomState(seed)
    p = rng.permutation(n_bins * size) / (n_bins * size) + 1e-4
    y = rng.randint(0, 2, size=len(p))
    found = expected_calibration_error(y, p, classes=[0, 1], n_bins=n_bins)
    assert found == pytest.approx(simple_error(p, y, n_bins))
    assert found == expected_calibration_error(y, np.column_stack([1 - p, p]), classes=[0, 1], n_bins=n_bins)


@given(st.integers(0, 1000), st.integers(3, 5))
def test_equals_a_simple_computation_for_several_classes(seed: int, K: int) -> None:
    rng = np.random.RandomState(seed)
    P, y = rng.dirichlet(np.ones(K), size=60), np.append(np.arange(K), rng.randint(0, K, size=60 - K))
    right = (P.argmax(axis=1) == y).astype(float)
    labels = np.array(list("abcdefgh"))[:K]
    assert expected_calibration_error(labels[y], P, n_bins=6) == pytest.approx(simple_error(P.max(axis=1), right, 6))


def test_perfect_and_worst_probabilities() -> None:
    y = np.array([0, 1, 1, 0])
    assert expected_calibration_error(y, y.astype(float)) == 0
    assert expected_calibration_error(y, 1.0 - y) == 1


def test_right_probabilities_have_a_small_error_and_wrong_ones_do_not() -> None:
    rng = np.random.RandomState(0)
    p = rng.uniform(size=20_000)
    y = rng.uniform(size=20_000) < p
    assert expected_calibration_error(y, p) < 0.015
    assert expected_calibration_error(y, p**2) == pytest.approx(1 / 6, abs=0.01)  # mean of p - p²


def test_equal_probabilities_are_in_one_bin_in_any_order() -> None:
    y = np.array([1, 0, 1, 0, 1, 0])
    assert expected_calibration_error(y, np.full(6, 0.5)) == 0
    assert expected_calibration_error(np.sort(y), np.full(6, 0.5)) == 0


def test_integer_weights_equal_repeated_rows() -> None:
    rng = np.random.RandomState(0)
    p, y, w = rng.uniform(size=60), rng.randint(0, 2, size=60), np.full(60, 2)
    repeated = expected_calibration_error(np.repeat(y, w), np.repeat(p, w), n_bins=5)
    assert expected_calibration_error(y, p, sample_weight=w, n_bins=5) == pytest.approx(repeated)
    some = rng.randint(0, 2, size=60)
    kept = expected_calibration_error(y[some > 0], p[some > 0], n_bins=1)
    assert expected_calibration_error(y, p, sample_weight=some, n_bins=1) == pytest.approx(kept)


def test_mistakes() -> None:
    with pytest.raises(ShapeError, match=r"probabilities must be of shape \(m, K\)"):
        expected_calibration_error([0, 1, 2], [[0.5, 0.5]] * 3)
    with pytest.raises(InputError, match="must be from 0 to 1"):
        expected_calibration_error([0, 1], [0.5, 1.5])
    with pytest.raises(InputError, match="must be from 0 to 1"):
        expected_calibration_error([0, 1], [0.5, np.nan])
    with pytest.raises(InputError, match="'c', which is not among"):
        expected_calibration_error(["a", "c"], [0.5, 0.5], classes=["a", "b"])
    with pytest.raises(InputError, match="classes is needed"):
        expected_calibration_error([1, 1], [0.5, 0.5])
    with pytest.raises(ParameterError, match="n_bins must be a positive integer"):
        expected_calibration_error([0, 1], [0.5, 0.5], n_bins=0)
