"""Means and standard errors over folds against NumPy, missing values, and the one-standard-error rule by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.selection import mean_and_error
from multilayer.selection.statistics import best_and_within_one_error, is_clear, mean, paired, standard_error

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8)


@given(VALUES, st.sampled_from([math.nan, math.inf, -math.inf]))
def test_values_that_are_not_finite_are_left_out(values: list[float], gap: float) -> None:
    means, errors = mean_and_error([values, [*values[1:], values[0]]])
    assert means == pytest.approx([np.mean(values)] * 2, abs=1e-6)
    assert errors == pytest.approx([np.std(values, ddof=1) / math.sqrt(len(values))] * 2, abs=1e-6)
    with_gap = [*values, gap]
    assert float(mean(with_gap)) == pytest.approx(float(means[0]), abs=1e-6)
    assert float(standard_error(with_gap)) == pytest.approx(float(errors[0]), abs=1e-6)


def test_one_value_has_no_standard_error_and_none_has_no_mean() -> None:
    assert math.isnan(float(standard_error([1.0])))
    assert math.isnan(float(mean([])))
    assert math.isnan(float(mean([math.nan, math.inf])))


def test_all_axes_but_the_averaged_one_remain() -> None:
    values = np.random.RandomState(0).normal(size=(3, 5, 4))
    np.testing.assert_allclose(mean(values, axis=1), values.mean(axis=1))
    np.testing.assert_allclose(standard_error(values), values.std(axis=-1, ddof=1) / 2)


def test_paired_differences_remove_the_variation_between_folds() -> None:
    assert paired([0.9, 0.5, 0.7], [0.8, 0.4, 0.6]) == (pytest.approx(0.1), pytest.approx(0.0, abs=1e-12))
    difference, error = paired([1.0, 2.0, math.nan], [0.0, 0.0, 5.0])
    assert (difference, error) == (1.5, pytest.approx(0.5))
    assert all(map(math.isnan, paired([math.nan], [1.0])))


@pytest.mark.parametrize(
    ("difference", "error", "clear"),
    [(1.0, 0.4, True), (1.0, 0.6, False), (0.0, 0.0, False), (0.1, 0.0, True), (1.0, math.nan, False)],
)
def test_is_clear_compares_a_difference_with_its_error(difference: float, error: float, clear: bool) -> None:
    assert is_clear(difference, error) is clear
    assert is_clear(-abs(difference), error) is False


def test_simplest_within_one_standard_error_matches_a_calculation_by_hand() -> None:
    scores = np.array([[0.5, 0.7], [0.85, 0.95], [0.7, 1.2], [0.9, 0.99]])  # means 0.6, 0.9, 0.95, 0.945
    assert best_and_within_one_error(scores, [0, 1, 2, 3]) == (2, 1)  # the error of the best is 0.25
    assert best_and_within_one_error(scores, [3, 2, 1, 0]) == (2, 3)
    assert best_and_within_one_error(scores[:, :1], [0, 1, 2, 3]) == (3, 3)
    assert best_and_within_one_error(np.full((2, 3), math.nan), [0, 1]) is None
    assert best_and_within_one_error(np.array([[math.nan], [1.0]]), [0, 1]) == (1, 1)
