"""The activations of the CPU engine equal those of the equations, in value and derivative."""

from __future__ import annotations

import numpy as np
import pytest

from multilayer.engines.cpu import activations, functions
from multilayer.engines.cpu.activations import STORES_DERIVATIVE, activate_into, derivative_times_into
from multilayer.equations import ACTIVATIONS
from multilayer.equations.activations import SELU_ALPHA, SELU_SCALE

COMPILED = functions.COMPILED
MODES = ["interpreted", "compiled"] if COMPILED else ["interpreted"]
NAMES = list(ACTIVATIONS)
DTYPES = [np.float32, np.float64]

if COMPILED:
    import numba

    from multilayer.engines.cpu.compiler import teach_numba

    teach_numba()

    @numba.njit(error_model="numpy")
    def _activate(code, a, d):
        activate_into(code, a, d)

    @numba.njit(error_model="numpy")
    def _derivative_times(code, a, d, delta):
        derivative_times_into(code, a, d, delta)


def value_and_derivative(name: str, mode: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return g(z) and 3 g'(z) / 3, computed by the two loops; D has size 0 where it should not be needed."""
    code = NAMES.index(name)
    a, delta = z.copy(), np.full_like(z, 3)
    d = np.full_like(z, np.nan) if code in STORES_DERIVATIVE else np.empty(0, z.dtype)
    forward, backward = (_activate, _derivative_times) if mode == "compiled" else (activate_into, derivative_times_into)
    forward(code, a, d)
    backward(code, a, d, delta)
    return a, delta / 3


def test_codes_are_the_positions_in_the_table_of_activations() -> None:
    assert [getattr(activations, name.upper()) for name in NAMES] == list(range(len(NAMES)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives_equal_those_of_the_equations(name: str, dtype: type, mode: str) -> None:
    n = 301 if mode == "interpreted" else 20001
    near_0 = np.geomspace(1e-30, 1, n // 3)
    z = np.concatenate([np.linspace(-100, 100, n), np.linspace(-8, 8, n), near_0, -near_0, [-1e4, 0, 1e4]])
    z = z.astype(dtype)
    a, derivative = value_and_derivative(name, mode, z)
    assert a.dtype == derivative.dtype == dtype
    exact = z.astype(np.float64)
    if dtype == np.float64:
        # gelu below -8: the equations square z / √2; its rounding error alone is z^2 / 2 units in the last place.
        np.testing.assert_allclose(a, ACTIVATIONS[name].g(exact), rtol=1e-14, atol=1e-28 if name == "gelu" else 1e-300)
        # g' crosses 0 or comes from a, which is rounded: an absolute error relative to 1, where a unit of a is 1.1e-16
        np.testing.assert_allclose(derivative, ACTIVATIONS[name].g_prime(exact), rtol=1e-14, atol=1e-15)
    else:
        # silu and mish: z times a factor that becomes 0 below the smallest normal number, 1.2e-38
        np.testing.assert_allclose(a, ACTIVATIONS[name].g(exact), rtol=1e-6, atol=1.2e-36)
        np.testing.assert_allclose(derivative, ACTIVATIONS[name].g_prime(exact), rtol=1e-6, atol=5e-7)


# g and g' at -∞ and at +∞
LIMITS = {
    "sigmoid": (0, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
    "relu": (0, np.inf, 0, 1),
    "identity": (-np.inf, np.inf, 1, 1),
    "leaky_relu": (-np.inf, np.inf, 0.01, 1),
    "elu": (-1, np.inf, 0, 1),
    "selu": (-SELU_SCALE * SELU_ALPHA, np.inf, 0, SELU_SCALE),
    "gelu": (0, np.inf, 0, 1),
    "silu": (0, np.inf, 0, 1),
    "mish": (0, np.inf, 0, 1),
    "softplus": (0, np.inf, 0, 1),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_and_derivatives_at_the_limits(name: str, dtype: type, mode: str) -> None:
    left, right, prime_left, prime_right = (dtype(limit) for limit in LIMITS[name])
    # copies, for the vectorised part of a loop as well as for its remainder
    z = np.repeat(np.array([-np.inf, -1e30, 1e30, np.inf, np.nan], dtype), 33)
    a, derivative = (x.reshape(5, 33) for x in value_and_derivative(name, mode, z))
    np.testing.assert_array_equal(a[0], left)
    np.testing.assert_array_equal(a[3], right)
    assert np.all(np.isnan(a[4]))
    np.testing.assert_array_equal(a[1], left if np.isfinite(left) else ACTIVATIONS[name].g(z[33:66]).astype(dtype))
    np.testing.assert_allclose(a[2], right if np.isfinite(right) else ACTIVATIONS[name].g(z[66:99]), rtol=1e-6)
    np.testing.assert_allclose(derivative[:2], prime_left, rtol=1e-6, atol=0)
    np.testing.assert_allclose(derivative[2:4], prime_right, rtol=1e-6, atol=0)


def test_derivatives_are_stored_for_three_activations_only() -> None:
    for code in range(len(NAMES)):
        d = np.full(3, 7.0)
        activate_into(code, np.array([-1.0, 0.5, 2.0]), d)
        assert np.all(d != 7.0) == (code in STORES_DERIVATIVE)
