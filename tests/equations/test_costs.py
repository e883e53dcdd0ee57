"""(C1)-(C5) against scikit-learn, SciPy and difference quotients, and for extreme sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, log_softmax, logsumexp, softmax
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error

from multilayer.equations import OUTPUTS, output_unit, regularization
from multilayer.exceptions import ParameterError

M, K = 7, 3


def sums(shape=(4, 3), bound=50.0):
    return arrays(np.float64, shape, elements=st.floats(-bound, bound))


def example(output: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.RandomState(0)
    Z = rng.normal(size=(M, K))
    if output == "softmax":
        return Z, rng.dirichlet(np.ones(K), size=M)
    return Z, rng.uniform(size=(M, K))


def test_sigmoid_cost_is_the_log_loss_summed_over_the_units():
    rng = np.random.RandomState(1)
    Z, Y = rng.normal(size=(M, K)), np.eye(K)[rng.randint(K, size=M)]
    expected = sum(log_loss(Y[:, k], expit(Z[:, k]), labels=[0, 1]) for k in range(K))
    assert output_unit("sigmoid").cost(Z, Y).mean() == pytest.approx(expected, rel=1e-14)


def test_softmax_cost_is_the_log_loss():
    rng = np.random.RandomState(2)
    Z, y = rng.normal(size=(M, K)), rng.randint(K, size=M)
    expected = log_loss(y, softmax(Z, axis=1), labels=range(K))
    assert output_unit("softmax").cost(Z, np.eye(K)[y]).mean() == pytest.approx(expected, rel=1e-14)


def test_identity_cost_is_half_the_squared_error_summed_over_the_units():
    Z, Y = example("identity")
    expected = mean_squared_error(Y, Z) * K / 2
    assert output_unit("identity").cost(Z, Y).mean() == pytest.approx(expected, rel=1e-14)


def test_exp_cost_is_half_the_poisson_deviance_summed_over_the_units():
    rng = np.random.RandomState(4)
    Z, Y = rng.normal(size=(M, K)), rng.poisson(1.0, size=(M, K)).astype(float)
    assert (Y == 0).any()
    expected = sum(mean_poisson_deviance(Y[:, k], np.exp(Z[:, k])) / 2 for k in range(K))
    assert output_unit("exp").cost(Z, Y).mean() == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(output_unit("exp").cost(np.log(Y + 1), Y + 1), 0.0, atol=1e-14)


@given(sums())
def test_softmax_cost_agrees_with_logsumexp(Z):
    expected = logsumexp(Z, axis=1) - Z[:, 1]
    Y = np.tile([0.0, 1.0, 0.0], (4, 1))
    np.testing.assert_allclose(output_unit("softmax").cost(Z, Y), expected, rtol=1e-13, atol=1e-13)


@given(sums())
def test_outputs_agree_with_scipy(Z):
    np.testing.assert_allclose(output_unit("sigmoid").h(Z), expit(Z), rtol=1e-13)
    np.testing.assert_allclose(output_unit("softmax").h(Z), softmax(Z, axis=1), rtol=1e-13)
    np.testing.assert_allclose(output_unit("softmax").log_h(Z), log_softmax(Z, axis=1), rtol=1e-13, atol=1e-13)
    np.testing.assert_array_equal(output_unit("identity").h(Z), Z)


@pytest.mark.parametrize(
    ("output", "Z", "Y", "expected"),
    [
        ("sigmoid", [[1e4]], [[1.0]], 0.0),
        ("sigmoid", [[1e4]], [[0.0]], 1e4),
        ("sigmoid", [[-1e4]], [[1.0]], 1e4),
        ("sigmoid", [[-1e4]], [[0.0]], 0.0),
        ("sigmoid", [[1e4]], [[0.25]], 7500.0),
        ("sigmoid", [[40.0]], [[1.0]], np.exp(-40.0)),
        ("softmax", [[1e4, -1e4]], [[1.0, 0.0]], 0.0),
        ("softmax", [[1e4, -1e4]], [[0.0, 1.0]], 2e4),
        ("softmax", [[1e4, 1e4]], [[1.0, 0.0]], np.log(2.0)),
        ("identity", [[1e4]], [[-1e4]], 2e8),
    ],
)
def test_costs_are_exact_where_h_rounds_to_0_or_1(output, Z, Y, expected):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        unit, Z, Y = output_unit(output), np.array(Z), np.array(Y)
        assert unit.cost(Z, Y)[0] == pytest.approx(expected, rel=1e-14)
        assert np.isfinite(unit.h(Z)).all()
        assert np.isfinite(unit.delta(Z, Y)).all()


@pytest.mark.parametrize("output", OUTPUTS)
def test_delta_is_the_derivative_of_the_cost_by_z(output):
    unit, (Z, Y), h = output_unit(output), example(output), 1e-5
    for k in range(K):
        step = h * np.eye(K)[k]
        quotient = (unit.cost(Z + step, Y) - unit.cost(Z - step, Y)) / (2 * h)
        np.testing.assert_allclose(unit.delta(Z, Y)[:, k], quotient, atol=1e-9)


def test_delta_of_an_unmatched_cost_contains_the_factor_g_prime():
    (Z, Y), h = example("sigmoid"), 1e-5
    quotient = (0.5 * (expit(Z + h) - Y) ** 2 - 0.5 * (expit(Z - h) - Y) ** 2) / (2 * h)
    difference = output_unit("sigmoid").delta(Z, Y)
    np.testing.assert_allclose(quotient, difference * expit(Z) * (1 - expit(Z)), atol=1e-9)
    assert np.abs(quotient - difference).max() > 0.1


@given(sums(bound=1e4))
def test_softmax_rows_are_probabilities(Z):
    H = output_unit("softmax").h(Z)
    assert (H >= 0).all()
    np.testing.assert_allclose(H.sum(axis=1), 1.0, rtol=1e-15, atol=1e-15)


@given(sums(), st.floats(-1e4, 1e4))
def test_softmax_is_invariant_to_a_constant_added_to_a_row(Z, constant):
    unit, Y = output_unit("softmax"), np.eye(3)[[0, 1, 2, 0]]
    np.testing.assert_allclose(unit.h(Z + constant), unit.h(Z), atol=1e-11)
    np.testing.assert_allclose(unit.cost(Z + constant, Y), unit.cost(Z, Y), atol=1e-11)


@given(sums(shape=(4, 1)))
def test_softmax_of_z_and_0_is_the_sigmoid(Z):
    H = output_unit("softmax").h(np.hstack([Z, np.zeros((4, 1))]))
    np.testing.assert_allclose(H[:, :1], output_unit("sigmoid").h(Z), rtol=1e-13)


@given(sums(bound=1e4))
def test_costs_are_non_negative(Z):
    Y = np.eye(3)[[0, 1, 2, 0]]
    for name, unit in OUTPUTS.items():
        if name == "exp":  # e^z has a limited range; near a perfect prediction the terms cancel up to rounding
            assert (unit.cost(Z / 100, Y) >= -1e-14).all()
        else:
            assert (unit.cost(Z, Y) >= 0).all()


def test_regularization_is_the_sum_of_squares_without_the_biases():
    thetas = [np.random.RandomState(3).normal(size=shape) for shape in [(3, 5), (2, 4)]]
    total = 0.0
    for theta in thetas:
        for row in theta:
            for column, weight in enumerate(row):
                total += weight**2 if column > 0 else 0.0
    assert regularization(thetas, lam=0.7, m=11) == pytest.approx(0.7 / 22 * total, rel=1e-14)
    assert regularization(thetas, lam=0.0, m=11) == 0.0


def test_an_unknown_output_unit_raises_an_error_with_a_suggestion():
    with pytest.raises(ParameterError, match=r"unknown output unit 'soft_max'. Did you mean 'softmax'\?"):
        output_unit("soft_max")
