"""A spread of a column that is only the rounding of its values, and one that is information."""

from __future__ import annotations

import math

import numpy as np
import pytest

from multilayer._constant import is_constant, rounding

ROUNDED = {
    "a sum": [0.1 + 0.2, 0.3],
    "a sum of ten": [sum([0.1] * 10), 1.0],
    "a sum of a hundred": [sum([0.1] * 100), 10.0],
    "a product": [0.1 * 3, 0.3],
    "a quotient and back": [1 / 49 * 49, 1.0],
    "negative": [-0.1 - 0.2, -0.3],
    "a large number": [1e9, 1e9 + 1e-7],
    "beyond the integers of float64": [1e16, 1e16 + 2],
    "the largest numbers": [1.7e308, np.nextafter(1.7e308, 0)],
    "subnormal": [0.0, 1e-310],
    "equal": [3.0, 3.0],
    "zeros of both signs": [0.0, -0.0],
}
INFORMATION = {
    "a step of a millionth": [1.0, 1.000001],
    "a millisecond of this century": [1.7e9, 1.7e9 + 1e-3],
    "small numbers": [1e-300, 2e-300],
    "next to 0": [0.0, 1e-16],
    "of both signs": [-1e-16, 1e-16],
    "the whole range": [-1.7e308, 1.7e308],
}


@pytest.mark.parametrize("values", ROUNDED.values(), ids=ROUNDED)
def test_a_spread_within_rounding_is_constant(values: list[float]) -> None:
    assert is_constant(min(values), max(values))


@pytest.mark.parametrize("values", INFORMATION.values(), ids=INFORMATION)
def test_a_spread_beyond_rounding_is_not_constant(values: list[float]) -> None:
    assert not is_constant(min(values), max(values))


def test_bound_is_sixteen_times_the_precision_of_the_given_dtype() -> None:
    for dtype, eps in ((np.float64, 2.0**-52), (np.float32, 2.0**-23)):
        assert rounding(-2.0, 1.0, dtype) == 32 * eps
        assert is_constant(2.0 - 32 * eps, 2.0, dtype)
        assert not is_constant(2.0 - 34 * eps, 2.0, dtype)
    assert rounding(0.0, 0.0) == np.finfo(np.float64).tiny


def test_float32_values_have_the_precision_of_float32() -> None:
    third = float(np.float32(1) / np.float32(3))
    assert is_constant(third, third + 2.0**-25, np.float32)
    assert not is_constant(third, third + 2.0**-25, np.float64)


def test_steps_of_float16_are_information() -> None:
    assert not is_constant(1.0, 1.0 + 2.0**-10, np.float16)
    assert is_constant(1.0, 1.0, np.float16)


def test_integers_are_exact_where_float64_distinguishes_them() -> None:
    assert not is_constant(10**15, 10**15 + 1, np.int64)
    assert is_constant(10**15, 10**15 + 1, np.float64)  # such values may be sums
    assert is_constant(10**16, 10**16 + 2, np.int64)
    assert not is_constant(0, 1, np.bool_)


def test_columns_are_judged_separately() -> None:
    low, high = np.array([0.3, 0.0, math.pi]), np.array([0.1 + 0.2, 1.0, math.pi])
    assert is_constant(low, high).tolist() == [True, False, True]
