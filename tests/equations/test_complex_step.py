"""(N3) agrees with backpropagation to nearly all digits, for every activation, output unit and cost that has it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multilayer.equations import (
    ACTIVATIONS,
    OUTPUTS,
    AbsoluteError,
    GammaDeviance,
    Huber,
    Penalty,
    Quantile,
    SigmoidFocal,
    SoftmaxFocal,
    backpropagation,
    complex_step_derivative,
    cost_and_gradient,
    difference_quotient,
    dropout_masks,
    output_unit,
)
from multilayer.exceptions import ParameterError

CONTINUED = [name for name in ACTIVATIONS if name != "gelu"]
COSTS = [
    *OUTPUTS,
    output_unit("identity", AbsoluteError()),
    output_unit("identity", Huber(0.5)),
    output_unit("increasing", Quantile((0.25,))),
    output_unit("increasing", Huber(0.5)),
    output_unit("exp", GammaDeviance()),
    output_unit("sigmoid", SigmoidFocal(2.0)),
    output_unit("softmax", SoftmaxFocal(1.5)),
]


def problem(sizes, seed=0, m=6):
    rng = np.random.RandomState(seed)
    thetas = [rng.normal(size=(s, r + 1)) for r, s in itertools.pairwise(sizes)]
    return rng.normal(size=(m, sizes[0])), rng.dirichlet(np.ones(sizes[-1]), size=m), thetas


def scale_of(D):
    return max(float(np.abs(np.concatenate([d.ravel() for d in D])).max()), 1e-3)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    output=st.sampled_from(COSTS),
    lam=st.sampled_from([0.0, Penalty(0.7, 0.0), Penalty(0.2, 0.5)]),
    is_weighted=st.booleans(),
    seed=st.integers(0, 10**6),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_complex_step_agrees_with_backpropagation(sizes, output, lam, is_weighted, seed, data):
    hidden = [data.draw(st.sampled_from(CONTINUED)) for _ in sizes[1:-1]]
    X, Y, thetas = problem(sizes, seed)
    weight = np.random.RandomState(seed).uniform(size=len(X)) if is_weighted else None
    D = backpropagation(X, Y, thetas, lam, hidden, output, weight)
    layer = data.draw(st.integers(0, len(thetas) - 1))
    row, column = (data.draw(st.integers(0, size - 1)) for size in thetas[layer].shape)
    found = complex_step_derivative(X, Y, thetas, (layer, row, column), lam, hidden, output, sample_weight=weight)
    assert abs(found - D[layer][row, column]) < 1e-12 * scale_of(D)


@pytest.mark.parametrize("hidden", CONTINUED)
@pytest.mark.parametrize("output", COSTS, ids=lambda each: each if isinstance(each, str) else repr(each.chosen))
def test_three_derivatives_agree(hidden, output):
    X, Y, thetas = problem([3, 4, 2], seed=5)
    D = backpropagation(X, Y, thetas, 0.3, hidden, output)
    for index in [(0, 0, 0), (0, 3, 2), (1, 1, 3)]:
        by_complex = complex_step_derivative(X, Y, thetas, index, 0.3, hidden, output)
        by_difference = difference_quotient(X, Y, thetas, index, 0.3, hidden, output)
        exact = D[index[0]][index[1:]]
        assert abs(by_complex - exact) < 1e-13 * scale_of(D)
        assert abs(by_difference - exact) < 1e-7 * scale_of(D)


@pytest.mark.parametrize("hidden", CONTINUED)
def test_large_sums_have_finite_derivatives(hidden):
    X, Y, thetas = [[-1.0], [1.0]], [[0.0], [1.0]], [[[0.0, 800.0], [0.0, -800.0]], [[0.1, 0.2, -0.3]]]
    with np.errstate(all="raise", under="ignore"):
        D = backpropagation(X, Y, thetas, hidden=hidden)
        for index in [(0, 0, 1), (0, 1, 0), (1, 0, 2)]:
            found = complex_step_derivative(X, Y, thetas, index, hidden=hidden)
            assert found == pytest.approx(D[index[0]][index[1:]], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu", "selu", "elu"])
def test_a_kink_has_the_side_of_backpropagation(hidden):
    X, Y, thetas = [[0.0]], [[1.0]], [np.zeros((1, 2)), np.ones((1, 2))]
    D = backpropagation(X, Y, thetas, hidden=hidden)
    assert complex_step_derivative(X, Y, thetas, (0, 0, 0), hidden=hidden) == pytest.approx(D[0][0, 0], rel=1e-14)


def test_a_weight_of_0_has_no_derivative_of_its_absolute_value():
    X, Y, thetas = [[1.0]], [[0.0]], [[[0.0, 0.0]]]
    found = complex_step_derivative(X, Y, thetas, (0, 0, 1), Penalty(0.0, 5.0), output="identity")
    assert found == 0.0


@pytest.mark.parametrize("cost", [AbsoluteError(), Quantile((0.9,))])
def test_an_error_of_0_has_derivative_0(cost):
    unit = output_unit("identity", cost)
    assert complex_step_derivative([[1.0]], [[0.0]], [[[0.0, 0.0]]], (0, 0, 1), output=unit) == 0.0


def test_dropped_units_and_normalised_layers():
    X, Y, thetas = problem([3, 4, 2])
    masks = dropout_masks((0.3, 0.5), 2, 0, len(X), (3, 4, 2))
    norms = [np.random.RandomState(1).normal(size=(2, 4))]
    _, D = cost_and_gradient(X, Y, thetas, 0.1, "tanh", masks=masks, norms=norms)
    for layer, theta in enumerate(thetas):
        for place in np.ndindex(theta.shape):
            index = (layer, *place)
            found = complex_step_derivative(X, Y, thetas, index, 0.1, "tanh", masks=masks, norms=norms)
            assert found == pytest.approx(D[layer][place], rel=1e-12, abs=1e-14)


def test_a_step_of_any_small_size_gives_the_same_digits():
    X, Y, thetas = problem([3, 4, 2])
    found = [complex_step_derivative(X, Y, thetas, (0, 1, 2), step=h) for h in (1e-10, 1e-20, 1e-100)]
    np.testing.assert_allclose(found, found[0], rtol=1e-14)


def test_the_error_of_a_large_step_falls_with_its_square():
    X, Y, thetas = problem([3, 4, 2])
    exact = backpropagation(X, Y, thetas)[0][1, 2]
    errors = [abs(complex_step_derivative(X, Y, thetas, (0, 1, 2), step=h) - exact) for h in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.02)


def test_a_wrong_derivative_is_found(monkeypatch):
    right = type(ACTIVATIONS["tanh"]).g_prime
    X, Y, thetas = problem([3, 4, 2])
    exact = complex_step_derivative(X, Y, thetas, (0, 1, 2), hidden="tanh")
    monkeypatch.setattr(type(ACTIVATIONS["tanh"]), "g_prime", lambda self, z: 1.01 * right(self, z))
    assert complex_step_derivative(X, Y, thetas, (0, 1, 2), hidden="tanh") == exact
    assert backpropagation(X, Y, thetas, hidden="tanh")[0][1, 2] == pytest.approx(1.01 * exact)


class Cube:
    def g(self, z):
        return z**3

    def g_prime(self, z):
        return 3 * z**2


class Quartic:
    def value(self, Z, Y):
        return ((Z - Y) ** 4).sum(axis=1)

    def delta(self, Z, Y):
        return 4 * (Z - Y) ** 3


class Unit:
    name = "identity"

    def h(self, Z):
        return Z

    def cost(self, Z, Y):
        return ((Z - Y) ** 4).sum(axis=1)

    def delta(self, Z, Y):
        return 4 * (Z - Y) ** 3


@pytest.mark.parametrize(
    ("hidden", "output", "message"),
    [
        ("gelu", "sigmoid", "NumPy has no error function of complex numbers, which 'gelu' needs"),
        (["gelu"], "identity", "Use difference_quotient"),
        (Cube(), "identity", "custom activation .*Cube.* is defined for real numbers"),
        ("tanh", output_unit("identity", Quartic()), "custom cost .*Quartic.* is defined for real numbers"),
        ("tanh", Unit(), "custom cost .*Unit.* is defined for real numbers"),
    ],
)
def test_functions_without_complex_values_raise_errors(hidden, output, message):
    with pytest.raises(ParameterError, match=message):
        complex_step_derivative(*problem([3, 4, 2]), (0, 0, 0), hidden=hidden, output=output)


@pytest.mark.parametrize(("index", "step", "message"), [((0, 9, 0), 1e-20, "got row 9"), ((0, 0, 0), 0.0, "step must")])
def test_invalid_arguments_raise_errors(index, step, message):
    with pytest.raises(ParameterError, match=message):
        complex_step_derivative(*problem([3, 4, 2]), index, step=step)
