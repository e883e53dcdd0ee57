"""(A1)-(A11) against the same formulas with 120 digits, and for extreme arguments."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from multilayer.equations import ACTIVATIONS, activation
from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE
from multilayer.exceptions import ParameterError

CONTEXT = decimal.Context(prec=120)
PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651"
)
MONOTONE = ["sigmoid", "tanh", "relu", "identity", "leaky_relu", "elu", "selu", "softplus"]
POINTS = [-9.5, -3.0, -1.0, -0.3, -1e-3, 1e-3, 0.3, 1.0, 3.0, 9.5]
FAR = np.array([0.0, 1e-300, 1e-8, 1.0, 36.0, 37.0, 40.0, 354.0, 355.0, 709.0, 711.0, 745.0, 746.0, 1e3, 1e4])


def _sigmoid(z: Decimal) -> Decimal:
    return 1 / (1 + (-z).exp())


def _tanh(z: Decimal) -> Decimal:
    return (z.exp() - (-z).exp()) / (z.exp() + (-z).exp())


def _elu(z: Decimal) -> Decimal:
    return z if z > 0 else z.exp() - 1


def _selu(z: Decimal) -> Decimal:
    return Decimal(SELU_SCALE) * (z if z > 0 else Decimal(SELU_ALPHA) * (z.exp() - 1))


def _softplus(z: Decimal) -> Decimal:
    return (1 + z.exp()).ln()


def _gelu(z: Decimal) -> Decimal:
    # Φ(z) = 1/2 + Σ_n (-1)^n z^(2n+1) / (2^n n! (2n+1)) / √(2π)
    term, total, n = z, z, 0
    while abs(term) > Decimal("1e-80"):
        n += 1
        term = -term * z * z / (2 * n)
        total += term / (2 * n + 1)
    return z * (Decimal("0.5") + total / (2 * PI).sqrt())


EXACT: dict[str, Callable[[Decimal], Decimal]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": lambda z: max(z, Decimal(0)),
    "identity": lambda z: z,
    "leaky_relu": lambda z: z if z > 0 else Decimal(LEAKY_RELU_SLOPE) * z,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": lambda z: z * _sigmoid(z),
    "mish": lambda z: z * _tanh(_softplus(z)),
    "softplus": _softplus,
}


def test_every_activation_has_an_exact_formula_here():
    assert EXACT.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("z", POINTS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_g_matches_the_exact_formula(name, z):
    with decimal.localcontext(CONTEXT):
        exact = float(EXACT[name](Decimal(z)))
    assert activation(name).g(np.array([z]))[0] == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("z", POINTS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_g_prime_matches_a_difference_quotient_with_120_digits(name, z):
    with decimal.localcontext(CONTEXT):
        at, h = Decimal(z), Decimal("1e-30")
        exact = float((EXACT[name](at + h) - EXACT[name](at - h)) / (2 * h))
    assert activation(name).g_prime(np.array([z]))[0] == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"relu", "leaky_relu", "selu"}))
def test_g_prime_at_0_is_the_limit_of_the_difference_quotient(name):
    g, h = activation(name).g, 1e-5
    quotient = (g(np.array([h])) - g(np.array([-h])))[0] / (2 * h)
    assert activation(name).g_prime(np.array([0.0]))[0] == pytest.approx(quotient, abs=1e-5)


@pytest.mark.parametrize(("name", "left"), [("relu", 0.0), ("leaky_relu", 0.01), ("selu", SELU_SCALE * SELU_ALPHA)])
def test_g_prime_at_a_kink_is_the_left_derivative(name, left):
    assert activation(name).g_prime(np.array([0.0]))[0] == left


@pytest.mark.parametrize(
    ("name", "scipy_g"),
    [
        ("sigmoid", special.expit),
        ("elu", lambda z: np.where(z > 0, z, special.expm1(np.minimum(z, 0)))),
        ("gelu", lambda z: z * stats.norm.cdf(z)),
        ("silu", lambda z: z * special.expit(z)),
        ("softplus", lambda z: np.logaddexp(0.0, z)),
    ],
)
def test_g_agrees_with_scipy_for_large_arguments(name, scipy_g):
    z = np.linspace(-35.0, 35.0, 1001)
    np.testing.assert_allclose(activation(name).g(z), scipy_g(z), rtol=1e-12, atol=0)


@pytest.mark.parametrize("function", ["g", "g_prime"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_g_and_g_prime_are_finite_without_warnings_up_to_ten_thousand(name, function):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(getattr(activation(name), function)(np.concatenate([-FAR, FAR]))).all()


@pytest.mark.parametrize("name", MONOTONE)
def test_monotone_activations_never_decrease(name):
    z = np.sort(np.concatenate([-FAR, FAR, np.linspace(-60.0, 60.0, 4001)]))
    assert (np.diff(activation(name).g(z)) >= 0).all()
    assert (activation(name).g_prime(z) >= 0).all()


@pytest.mark.parametrize(("name", "lowest"), [("gelu", -0.17), ("silu", -0.28), ("mish", -0.31)])
def test_other_activations_have_the_documented_minimum(name, lowest):
    z = np.linspace(-3.0, 1.0, 100_001)
    assert activation(name).g(z).min() == pytest.approx(lowest, abs=0.005)
    assert activation(name).g(z).min() > lowest


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "relu", "softplus", "elu"])
def test_relu_like_activations_are_the_identity_for_large_arguments(name):
    assert activation(name).g(np.array([1e4]))[0] == 1e4
    assert activation(name).g_prime(np.array([1e4]))[0] == 1.0


def test_sigmoid_derivative_is_precise_where_g_rounds_to_one():
    g, g_prime = activation("sigmoid").g, activation("sigmoid").g_prime
    z = np.array([40.0])
    assert g(z)[0] * (1.0 - g(z)[0]) == 0.0
    assert g_prime(z)[0] == pytest.approx(math.exp(-40.0), rel=1e-14)


def test_selu_constants_preserve_mean_0_and_variance_1():
    selu = activation("selu").g

    def moment(power: int) -> float:
        halves = [(-12.0, 0.0), (0.0, 12.0)]
        return sum(
            integrate.quad(lambda z: selu(np.array(z)) ** power * stats.norm.pdf(z), *half)[0] for half in halves
        )

    assert moment(1) == pytest.approx(0.0, abs=1e-9)
    assert moment(2) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3)])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_shapes_are_preserved_and_arguments_are_not_modified(name, shape):
    z = np.full(shape, -0.5)
    for function in (activation(name).g, activation(name).g_prime):
        result = function(z)
        assert np.shape(result) == shape
        assert not np.shares_memory(result, z)
    assert (z == -0.5).all()


@given(st.floats(-1e4, 1e4))
def test_sigmoid_of_minus_z_is_one_minus_sigmoid(z):
    g = activation("sigmoid").g
    assert g(np.array([-z]))[0] == pytest.approx(1.0 - g(np.array([z]))[0], abs=2e-16)


@given(st.floats(-1e4, 1e4))
def test_softplus_of_z_minus_softplus_of_minus_z_is_z(z):
    g = activation("softplus").g
    assert g(np.array([z]))[0] - g(np.array([-z]))[0] == pytest.approx(z, rel=1e-15, abs=1e-15)


@given(st.floats(-300, 300))
def test_tanh_is_a_scaled_sigmoid(z):
    assert activation("tanh").g(np.array([z]))[0] == pytest.approx(
        2.0 * activation("sigmoid").g(np.array([2.0 * z]))[0] - 1.0, abs=4e-16
    )


def test_an_unknown_activation_raises_an_error_with_a_suggestion():
    with pytest.raises(ParameterError, match=r"unknown activation 'sigmiod'. Did you mean 'sigmoid'\? Known: 'elu'"):
        activation("sigmiod")
