"""Mean and deviation in parts."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from multilayer.tables.streaming.moments import Moments


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=5000),
        1e9 + np.random.default_rng(1).random(5000),
        np.random.default_rng(2).lognormal(0, 5, 5000),
    ],
)
def test_parts_have_the_moments_of_the_whole(values: np.ndarray) -> None:
    moments = Moments()
    for part in np.split(values, [1, 2, 700, 701, 4000]):
        moments.update(part)
    exact = [Fraction(value) for value in values.tolist()]
    mean = sum(exact) / len(exact)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in exact) / len(exact))
    assert moments.n == 5000
    assert moments.mean == pytest.approx(float(mean), rel=1e-13, abs=1e-13)
    # The difference of two means has the rounding of the means.
    rounding = np.finfo(float).eps * max(1.0, abs(float(mean)) / deviation)
    assert moments.deviation == pytest.approx(deviation, rel=10 * rounding)


def test_one_part_has_the_bits_of_numpy() -> None:
    values = np.random.default_rng(3).normal(size=8192)
    moments = Moments()
    moments.update(values)
    assert (moments.mean, moments.deviation) == (float(values.mean()), float(values.std()))


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_squares_neither_overflow_nor_underflow(scale: float) -> None:
    values = np.random.default_rng(4).normal(size=300)
    exponent = math.frexp(scale)[1]
    moments = Moments()
    moments.update(np.full(10, scale), exponent - 3)  # the first numbers, which are scaled again
    moments.update(values * scale, exponent)
    expected = np.concatenate([np.ones(10), values]) * math.ldexp(scale, -exponent)
    assert moments.mean == pytest.approx(expected.mean(), rel=1e-12)
    assert moments.deviation == pytest.approx(expected.std(), rel=1e-12)
