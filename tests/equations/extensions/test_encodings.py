"""Encodings of columns: bounds, and calculations by loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from multilayer.equations.extensions.encodings import cross_fitted_means, piecewise_linear, smooth_clip, smoothed_means


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_the_smooth_clip_is_bounded_monotonic_and_odd(values: list[float]) -> None:
    x = np.sort(np.array(values))
    clipped = smooth_clip(x)
    assert np.abs(clipped).max() <= 3
    assert (np.diff(clipped) >= 0).all()
    np.testing.assert_array_equal(smooth_clip(-x), -clipped)


def test_a_sum_of_parts_is_linear_between_the_edges() -> None:
    edges, heights = np.array([-1.0, 0.5, 2.0, 7.0]), np.array([3.0, -2.0, 0.0, 5.0])
    x = np.linspace(-3, 9, 101)
    weighted = (piecewise_linear(x, edges) + 0.5) @ np.diff(heights) + heights[0]
    np.testing.assert_allclose(weighted, np.interp(x, edges, heights), rtol=0, atol=1e-12)


def test_smoothed_means_are_means_with_ten_more_rows() -> None:
    codes, t = np.array([0, 0, 1, 2, 2, 2, -1]), np.array([1.0, 2.0, -4.0, 1.0, -1.0, 3.0, -2.0])
    expected = [np.mean([*t[codes == c], *[0.0] * 10]) for c in range(3)]
    np.testing.assert_allclose(smoothed_means(codes, t, 3), expected, rtol=1e-14)


def test_cross_fitted_means_equal_a_calculation_by_loops() -> None:
    rng = np.random.default_rng(0)
    codes, t, folds = rng.integers(-1, 12, size=80), rng.normal(size=80), rng.integers(0, 5, size=80)
    expected = np.zeros(80)
    for i in range(80):
        overall = t[folds != folds[i]].mean()
        others = [t[j] - overall for j in range(80) if codes[j] == codes[i] and folds[j] != folds[i]]
        expected[i] = sum(others) / (len(others) + 10) if codes[i] >= 0 else 0.0
    np.testing.assert_allclose(cross_fitted_means(codes, t, 12, folds), expected, rtol=1e-9, atol=1e-15)


def test_a_row_does_not_see_its_own_target() -> None:
    rng = np.random.default_rng(0)
    codes, t, folds = rng.integers(0, 40, size=300), rng.normal(size=300), rng.integers(0, 5, size=300)
    before = cross_fitted_means(codes, t, 40, folds)
    for i in range(0, 300, 50):
        changed = t.copy()
        changed[i] += 100
        after = cross_fitted_means(codes, changed - changed.mean(), 40, folds)
        same_fold = folds == folds[i]
        np.testing.assert_allclose(after[same_fold], before[same_fold], rtol=1e-9, atol=1e-12)
        assert not np.allclose(after[~same_fold], before[~same_fold])
