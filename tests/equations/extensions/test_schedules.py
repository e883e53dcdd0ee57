"""(S4)-(S10): start values, end values and maxima of the step size schedules."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multilayer.equations.extensions.schedules import (
    cosine,
    cosine_cycles,
    flat_cosine,
    one_cycle,
    own,
    plateau,
    warm_up,
)
from multilayer.exceptions import ParameterError


@given(st.integers(1, 500), st.floats(0, 0.5))
def test_cosine_decreases_from_alpha_to_the_floor(n, floor):
    sizes = [cosine(0.5, epoch, n, floor) for epoch in range(n + 3)]
    assert sizes[0] == pytest.approx(0.5, rel=1e-15)
    assert sizes[n:] == [floor] * 3
    assert (np.diff(sizes) <= 1e-15).all()
    assert cosine(0.5, n, 2 * n, floor) == pytest.approx((0.5 + floor) / 2)


@given(st.integers(2, 500), st.floats(0, 0.9))
def test_one_cycle_has_the_stated_end_points_and_one_peak(n, rise):
    sizes = np.array([one_cycle(0.5, update, n, rise) for update in range(n)])
    first, top = sizes[0], int(sizes.argmax())
    assert first == pytest.approx(0.5 / 25 if rise > 0 else 0.5)
    assert sizes[-1] == pytest.approx(0.5e-5)
    assert (np.diff(sizes[: top + 1]) >= 0).all()
    assert (np.diff(sizes[top:]) <= 0).all()
    assert sizes.max() <= 0.5 * (1 + 1e-15)
    assert one_cycle(0.5, n + 7, n, rise) == sizes[-1]


def test_one_cycle_reaches_its_maximum_after_the_rise():
    assert one_cycle(0.3, 25, 101, rise=0.25) == 0.3
    # The formula by hand, half way through the rise and half way through the fall.
    assert one_cycle(1.0, 10, 41, rise=0.5, first=0.2, last=0.0) == pytest.approx(0.2 + 0.8 * 0.5)
    assert one_cycle(1.0, 30, 41, rise=0.5, first=0.2, last=0.0) == pytest.approx(0.5)


def test_a_cycle_of_one_update_starts_at_the_first_step_size():
    assert one_cycle(1.0, 0, 1) == pytest.approx(1.0 / 25)


def test_warm_up_of_zero_updates_has_no_effect():
    assert warm_up(0, 0) == 1.0
    assert [warm_up(i, 2) for i in range(3)] == [0.5, 1.0, 1.0]


def test_plateau_never_falls_below_its_minimum():
    assert [plateau(1.0, n, 0.1, least=0.005) for n in range(4)] == pytest.approx([1.0, 0.1, 0.01, 0.005])
    assert plateau(0.001, 0, 0.1, least=0.005) == 0.001  # a minimum above alpha does not raise the step size


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (lambda _: 0.0, r"a finite positive number, got 0\.0 in epoch 2"),
        (lambda _: -1, r"a finite positive number, got -1\.0 in epoch 2"),
        (lambda _: math.nan, r"a finite positive number, got nan in epoch 2"),
        (lambda _: "half", r"must return a number for each epoch. In epoch 2 it failed: could not convert"),
        (lambda _: None, r"must return a number for each epoch. In epoch 2 it failed"),
    ],
)
def test_invalid_factors_of_a_custom_schedule_raise_errors(factor, message):
    with pytest.raises(ParameterError, match=message):
        own(0.1, 2, factor)


def test_cosine_cycles_rise_to_alpha_and_fall_to_0_in_each_cycle() -> None:
    sizes = np.array([cosine_cycles(0.2, update, 1500, n_cycles=4) for update in range(1501)])
    ends = [100, 300, 700, 1500]  # (2^k - 1) / 15 of the run
    np.testing.assert_allclose(sizes[[0, *ends]], 0.0, atol=1e-12)
    for start, end in itertools.pairwise([0, *ends]):
        assert 0.1999 < sizes[start:end].max() <= 0.2


def test_flat_cosine_is_flat_and_falls_to_0() -> None:
    shares = np.linspace(0, 1, 101)
    factors = np.array([flat_cosine(share) for share in shares])
    np.testing.assert_array_equal(factors[:51], 1.0)
    assert (np.diff(factors[50:]) < 0).all()
    assert factors[-1] == pytest.approx(0.0, abs=1e-15)
