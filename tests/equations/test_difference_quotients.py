"""(N1) for one weight: the same number as in the gradient of all weights, also with dropped units."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from multilayer.equations import (
    Penalty,
    cost_and_gradient,
    difference_quotient,
    dropout_masks,
    numerical_gradient,
)
from multilayer.equations.difference_quotients import four_point_quotient
from multilayer.exceptions import ParameterError

SIZES = (3, 4, 2)


def problem(m=6):
    rng = np.random.RandomState(3)
    thetas = [rng.normal(size=(s, r + 1)) for r, s in itertools.pairwise(SIZES)]
    return rng.normal(size=(m, 3)), rng.uniform(size=(m, 2)), thetas


def test_quotient_of_one_weight_equals_that_of_the_whole_gradient():
    X, Y, thetas = problem()
    rest = Penalty(0.3, 0.1), "tanh", "identity", None, np.arange(6.0)
    numerical = numerical_gradient(X, Y, thetas, *rest)
    for layer, D in enumerate(numerical):
        for place in np.ndindex(D.shape):
            assert difference_quotient(X, Y, thetas, (layer, *place), *rest) == D[place]


def test_quotient_with_masks_is_the_derivative_without_the_dropped_units():
    X, Y, thetas = problem()
    masks = dropout_masks((0.3, 0.5), 1, 0, len(X), SIZES)
    _, D = cost_and_gradient(X, Y, thetas, masks=masks)
    for layer, place in [(0, (1, 2)), (0, (3, 0)), (1, (0, 1))]:
        found = difference_quotient(X, Y, thetas, (layer, *place), masks=masks)
        assert found == pytest.approx(D[layer][place], abs=1e-11)
        assert abs(found - difference_quotient(X, Y, thetas, (layer, *place))) > 1e-4


def test_the_weights_of_the_caller_do_not_change():
    X, Y, thetas = problem()
    before = [theta.copy() for theta in thetas]
    difference_quotient(X, Y, thetas, (1, 0, 1))
    for theta, same in zip(thetas, before, strict=True):
        np.testing.assert_array_equal(theta, same)


def test_four_points_are_exact_for_polynomials_of_degree_four():
    x = np.array([0.5, -2.0])
    np.testing.assert_allclose(four_point_quotient(lambda x: x**4 - x**3, x, 0.1), 4 * x**3 - 3 * x**2, rtol=1e-12)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ((2, 0, 0), "the layer of index must be from 0 to 1, got 2"),
        ((-1, 0, 0), "the layer of index must be from 0 to 1, got -1"),
        ((0, 4, 0), r"index must be within thetas\[0\] of 4 rows and 4 columns, counted from 0, got row 4, column 0"),
        ((1, 0, 5), r"got row 0, column 5"),
        ((1, -1, 0), r"got row -1, column 0"),
        ((1, 0), r"index must be three integers \(layer, row, column\), got \(1, 0\)"),
        ((0, 0.5, 1), r"three integers .*, got \(0, 0.5, 1\)"),
    ],
)
def test_weights_that_do_not_exist_raise_errors(index, message):
    with pytest.raises(ParameterError, match=message):
        difference_quotient(*problem(), index)


@pytest.mark.parametrize("step", [0, -1e-3, np.nan])
def test_step_must_be_positive(step):
    with pytest.raises(ParameterError, match="step must be a positive number, got"):
        difference_quotient(*problem(), (0, 0, 0), step=step)
