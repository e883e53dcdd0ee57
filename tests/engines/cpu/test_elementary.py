"""Elementary functions: errors in units in the last place, against decimal arithmetic of 30 digits."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import multilayer
from multilayer.engines.cpu import elementary, functions

COMPILED = functions.COMPILED
if COMPILED:
    import numba

    from multilayer.engines.cpu.compiler import teach_numba

    teach_numba()

MODES = ["interpreted", "compiled"] if COMPILED else ["interpreted"]
DTYPES = [np.float32, np.float64]
PI = Decimal("3.14159265358979323846264338327950288419716939937510582")

# The largest error in units in the last place, for float32 and float64, as stated in the table of the module.
BOUNDS = {
    "exp": (1.1, 1.1),
    "expm1": (1.8, 2.3),
    "tanh": (2.6, 2.9),
    "sigmoid": (2.6, 2.5),
    "log": (1.0, 1.3),
    "log1p_to_1": (1.5, 1.9),
    "softplus": (1.8, 2.1),
    "normal_cdf": (6.5, 8.2),
}
# The range of the arguments, for float32 and float64: slightly wider than the range with normal results.
RANGES = {
    "exp": ((-88, 89), (-709, 710)),
    "expm1": ((-30, 89), (-50, 710)),
    "tanh": ((-12, 12), (-25, 25)),
    "sigmoid": ((-88, 30), (-709, 50)),
    "log": ((0, 100), (0, 100)),
    "log1p_to_1": ((0, 1), (0, 1)),
    "softplus": ((-88, 30), (-709, 50)),
    "normal_cdf": ((-13, 7), (-37.6, 9)),
}


def _normal_cdf(x: Decimal) -> Decimal:
    """Φ by its power series near 0, and by the continued fraction of the Mills ratio elsewhere."""
    t = abs(x)
    density = (-t * t / 2).exp() / (2 * PI).sqrt()
    if t < Decimal("2.5"):
        term = total = t
        k = 1
        while term > Decimal("1e-32"):
            k += 2
            term *= t * t / k
            total += term
        return Decimal("0.5") + density * (total if x > 0 else -total)
    fraction = t
    for k in range(160, 0, -1):
        fraction = t + k / fraction
    tail = density / fraction
    return tail if x < 0 else 1 - tail


def _log1p(x: Decimal) -> Decimal:
    # 1 + x would lose the digits of a small x; two terms of the series are sufficient there.
    return (1 + x).ln() if abs(x) > Decimal("1e-20") else x - x * x / 2


ORACLES: dict[str, Callable[[Decimal], Decimal]] = {
    "exp": lambda x: x.exp(),
    "expm1": lambda x: x.exp() - 1 if abs(x) > Decimal("1e-20") else x + x * x / 2,
    "tanh": lambda x: 1 - 2 / ((2 * x).exp() + 1) if abs(x) > Decimal("1e-10") else x - x**3 / 3,
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
    "log": lambda x: x.ln(),
    "log1p_to_1": _log1p,
    "softplus": lambda x: max(x, Decimal(0)) + _log1p((-abs(x)).exp()),
    "normal_cdf": _normal_cdf,
}


@functools.cache
def _kernel(name: str) -> Any:
    function = getattr(elementary, name)

    @numba.njit(error_model="numpy")
    def kernel(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    return kernel


def apply(name: str, mode: str, x: np.ndarray) -> np.ndarray:
    if mode == "interpreted":
        return np.array([getattr(elementary, name)(number) for number in x], dtype=x.dtype)
    y = np.empty_like(x)
    _kernel(name)(x, y)
    return y


def ulps(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the errors of y where the exact result is a normal number; elsewhere check y and return 0."""
    limits = np.finfo(x.dtype)
    tiny, most = Decimal(float(limits.tiny)), Decimal(float(limits.max))
    errors = np.zeros(x.size)
    with localcontext(Context(prec=50)):
        for i, (argument, result) in enumerate(zip(x, y, strict=True)):
            exact = ORACLES[name](Decimal(float(argument)))
            if abs(exact) > most:
                assert result in (limits.max, np.inf), argument
            elif abs(exact) < tiny:
                assert abs(result) <= limits.tiny, argument
            else:
                ulp = np.spacing(x.dtype.type(abs(float(exact))))
                errors[i] = float(abs(Decimal(float(result)) - exact) / Decimal(float(ulp)))
    return errors


def arguments(name: str, dtype: type, n: int) -> np.ndarray:
    """Return a grid over the range, random numbers in its middle, and numbers of every magnitude near 0."""
    low, high = RANGES[name][DTYPES.index(dtype)]
    random = np.random.default_rng(1)
    small = np.exp(random.uniform(-60, 0, n // 2)) * random.choice([-1, 1], n // 2)
    x = np.concatenate([np.linspace(low, high, n), random.normal(0, 1, n), small])
    return x[(x > low) & (x < high)].astype(dtype)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BOUNDS)
def test_errors_are_below_the_documented_bounds(name: str, dtype: type, mode: str) -> None:
    x = arguments(name, dtype, 400 if mode == "interpreted" else 1000)
    errors = ulps(name, x, apply(name, mode, x))
    worst = int(np.argmax(errors))
    assert errors[worst] <= BOUNDS[name][DTYPES.index(dtype)], x[worst]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", BOUNDS)
@given(patterns=st.lists(st.integers(0, 2**32 - 1), min_size=5, max_size=20))
def test_errors_for_random_bit_patterns_are_below_the_documented_bounds(
    name: str, mode: str, patterns: list[int]
) -> None:
    for dtype, x in (
        (np.float32, np.array(patterns, np.uint32).view(np.float32)),
        (np.float64, np.array(patterns[: len(patterns) // 2 * 2], np.uint32).view(np.float64)),
    ):
        y = apply(name, mode, x)
        assert np.all(np.isnan(y[np.isnan(x)]))
        x, y = x[np.isfinite(x)], y[np.isfinite(x)]
        if name == "log":
            inside = x >= np.finfo(dtype).tiny
        else:
            low, high = (0, 1) if name == "log1p_to_1" else RANGES[name][DTYPES.index(dtype)]
            inside = (x >= low) & (x <= high)
        if inside.any():
            assert ulps(name, x[inside], y[inside]).max() <= BOUNDS[name][DTYPES.index(dtype)]


@functools.cache
def _wave_kernel() -> Any:
    @numba.njit(error_model="numpy")
    def kernel(t, cosine, sine):
        for i in range(t.size):
            cosine[i], sine[i] = elementary.cos_and_sin_of_turns(t[i])

    return kernel


def waves(mode: str, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if mode == "compiled":
        cosine, sine = np.empty_like(t), np.empty_like(t)
        _wave_kernel()(t, cosine, sine)
        return cosine, sine
    pairs = np.array([elementary.cos_and_sin_of_turns(each) for each in t], dtype=t.dtype)
    return pairs[:, 0], pairs[:, 1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 2e-7), (np.float64, 9e-16)])
def test_errors_of_waves_are_below_the_documented_bound(dtype: type, bound: float, mode: str) -> None:
    random = np.random.default_rng(2)
    t = np.concatenate([np.arange(-40, 41) / 8, random.normal(0, 0.3, 300), random.uniform(-900, 900, 300)])
    t = t.astype(dtype)
    # t minus its nearest integer is exact, so that NumPy's functions see a small argument.
    turn = t.astype(np.longdouble) - np.rint(t.astype(np.longdouble))
    angle = 2 * np.pi * turn.astype(np.float64)
    for computed, exact in zip(waves(mode, t), (np.cos(angle), np.sin(angle)), strict=True):
        assert np.abs(computed - exact).max() <= bound


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_waves_of_numbers_without_a_fraction(dtype: type, mode: str) -> None:
    large = 2.0 ** np.arange(52, 60)
    cosine, sine = waves(mode, np.concatenate([large, -large]).astype(dtype))
    np.testing.assert_array_equal(cosine, 1)
    np.testing.assert_array_equal(sine, 0)
    with np.errstate(invalid="ignore"):
        for wave in waves(mode, np.array([np.inf, -np.inf, np.nan], dtype)):
            assert np.isnan(wave).all()


if COMPILED:

    @pytest.mark.parametrize("name", BOUNDS)
    def test_errors_in_float32_are_below_the_documented_bounds_in_every_binade(name: str) -> None:
        """Two million numbers of all magnitudes; float64 is precise enough for the expected values."""
        from scipy.special import ndtr

        oracles = {
            "exp": np.exp,
            "expm1": np.expm1,
            "tanh": np.tanh,
            "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
            "log": np.log,
            "log1p_to_1": np.log1p,
            "softplus": lambda x: np.logaddexp(0, x),
            "normal_cdf": ndtr,
        }
        x = np.arange(0, 2**32, 2011, dtype=np.uint64).astype(np.uint32).view(np.float32)
        limits = np.finfo(np.float32)
        x = x[np.isfinite(x) & ((x >= limits.tiny) | (name != "log"))]
        x = x[((x >= 0) & (x <= 1)) | (name != "log1p_to_1")]
        with np.errstate(over="ignore"):
            exact = oracles[name](x.astype(np.float64))
            normal = (abs(exact) >= limits.tiny) & (abs(exact) <= limits.max)
            ulp = np.spacing(abs(exact[normal]).astype(np.float32)).astype(np.float64)
        y = apply(name, "compiled", x)
        # the expected value adds its own error, far below a hundredth of a unit
        assert np.max(abs(y[normal] - exact[normal]) / ulp) <= BOUNDS[name][0] + 0.01
        assert np.all(abs(y[abs(exact) < limits.tiny]) <= limits.tiny)
        assert np.all(abs(y[abs(exact) > limits.max]) >= limits.max)

    @pytest.mark.parametrize(("dtype", "vector"), [(np.float32, r"<\d+ x float>"), (np.float64, r"<\d+ x double>")])
    @pytest.mark.parametrize("name", BOUNDS)
    def test_loops_are_vectorised(name: str, dtype: type, vector: str) -> None:
        apply(name, "compiled", np.ones(3, dtype))
        code = next(c for signature, c in _kernel(name).inspect_llvm().items() if dtype.__name__ in str(signature))
        assert re.search(rf"fmul (contract )?{vector}", code)


def test_functions_work_without_numba() -> None:
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from multilayer.engines.cpu.elementary import tanh\n"
        "print(tanh(np.float32(20)), tanh(np.float64(0)), tanh(0.0))"
    )
    variables = {**os.environ, "PYTHONPATH": str(Path(str(multilayer.__file__)).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.0", "0.0", "0.0"]


INF, NAN = np.inf, np.nan
ENDS = {
    "exp": {-INF: 0, -1e30: 0, -1e4: 0, 0.0: 1, 1e4: INF, 1e30: INF, INF: INF},
    "expm1": {-INF: -1, -1e30: -1, -1e4: -1, 0.0: 0, 1e4: INF, 1e30: INF, INF: INF},
    "tanh": {-INF: -1, -1e30: -1, -1e4: -1, 0.0: 0, 1e4: 1, 1e30: 1, INF: 1},
    "sigmoid": {-INF: 0, -1e30: 0, -1e4: 0, 0.0: 0.5, 1e4: 1, 1e30: 1, INF: 1},
    "log": {-INF: NAN, -1.0: NAN, -1e-30: NAN, 0.0: -INF, 1.0: 0, INF: INF},
    "log1p_to_1": {0.0: 0},
    "softplus": {-INF: 0, -1e30: 0, -1e4: 0, 1e4: 1e4, INF: INF},
    "normal_cdf": {-INF: 0, -1e30: 0, -1e4: 0, 0.0: 0.5, 1e4: 1, 1e30: 1, INF: 1},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ENDS)
def test_values_at_the_limits_are_exact(name: str, dtype: type, mode: str) -> None:
    # copies of each, for the vectorised part of the loop as well as for its remainder
    x = np.repeat(np.array([*ENDS[name], NAN], dtype), 33)
    expected = np.repeat(np.array([*ENDS[name].values(), NAN], dtype), 33)
    np.testing.assert_array_equal(apply(name, mode, x), expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("dtype", "least", "most"),
    [(np.float32, -87.33654, 88.72283), (np.float64, -708.3964185322641, 709.782712893384)],
)
def test_exp_is_precise_at_the_limits_of_its_range(dtype: type, least: float, most: float, mode: str) -> None:
    y = apply("exp", mode, np.array([least, most], dtype))
    limits = np.finfo(dtype)
    assert limits.tiny <= y[0] < 1.00001 * limits.tiny
    assert 0.9999 * limits.max < y[1] <= limits.max


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_odd(dtype: type, mode: str) -> None:
    x = np.random.default_rng(2).normal(0, 2, 100).astype(dtype)
    np.testing.assert_array_equal(apply("tanh", mode, -x), -apply("tanh", mode, x))
