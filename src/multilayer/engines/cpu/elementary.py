r"""Elementary functions of one scalar that vectorise, which Numba lacks because it ships without SVML.

A loop over ``math.exp`` calls the C library once per element, 2 to 6 ns each, and 19 ns for ``math.tanh``.  The
functions here consist of additions, multiplications, selects and bit operations, without branches, so LLVM turns
the loop around them into vector instructions.  Each is an ordinary Python function of NumPy scalars, which Numba can
compile for float32 and float64, in kernels or after ``compiler.teach_numba()``.

    ===========  ===========================  ===========  ===========  ==========  ==========
    function     definition                   ulp,         ulp,         ns,         ns,
                                              float32      float64      float32     float64
    ===========  ===========================  ===========  ===========  ==========  ==========
    exp          e^x                          1.1          1.1          0.28        0.70
    expm1        e^x - 1                      1.8          2.3          0.32        0.78
    tanh         tanh(x)                      2.6          2.9          0.33        0.83
    sigmoid      1 / (1 + e^-x)               2.6          2.5          0.34        0.85
    log          log(x)                       1.0          1.3          0.49        0.74
    log1p_to_1   log(1 + x), 0 <= x <= 1      1.5          1.9          in softplus
    softplus     log(1 + e^x)                 1.8          2.1          0.63        1.47
    normal_cdf   Φ(x), both tails             6.5          8.2          0.54        1.63
    ===========  ===========================  ===========  ===========  ==========  ==========

``cos_and_sin_of_turns`` computes cos(2 π t) and sin(2 π t), in 0.67 ns (float32) and 2.2 ns (float64) together.  Near
its zeros a wave has no relative accuracy, because t is rounded, so that its error is absolute: at most 2e-7 and 9e-16.

"ulp" is an upper bound of the measured error, in units in the last place, wherever the result is a normal number, with
and without fused multiply-add; the tests assert it.  "ns" is the time per element, for 4,096 elements in cache, on one
core of a Zen 4 server with AVX-512.

Special values: NaN gives NaN, and infinities give the limits.  A result below the smallest normal number of the dtype
(1.2e-38, 2.2e-308) may be 0.  The sign of a zero is not preserved.

A kernel calls these functions on elements of its arrays.  It needs ``error_model="numpy"``, because the check for
a division by zero stops vectorisation::

    from multilayer.engines.cpu.elementary import sigmoid

    @njit(error_model="numpy", fastmath={"contract"})
    def sigmoid_into(z, a):
        for i in range(z.size):
            a[i] = sigmoid(z[i])

The coefficients of the polynomials are in ``coefficients.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from multilayer.engines.cpu.coefficients import (
    COS32,
    COS64,
    E32,
    E64,
    L32,
    L64,
    P32,
    P64,
    Q32,
    Q64,
    S32,
    S64,
    SIN32,
    SIN64,
    T32,
    T64,
)
from multilayer.engines.cpu.functions import INLINED, callable_as

Function = TypeVar("Function", bound=Callable[..., Any])
Scalar = Any  # np.float32 or np.float64; the result has the dtype of the argument

# These functions are compiled into each place where they are called, because a call left in a loop would stop
# vectorisation.  Only "contract" is allowed, a * b + c in one instruction: reassociation would undo the two-part
# constants and the rounding by `shift` below.


def compilable(function: Function) -> Function:
    """Make `function` callable from compiled code, and from interpreted code without overflow warnings.

    The formulas have no branches, so overflow in the operand that a select discards is normal.
    """

    @functools.wraps(function)
    def interpreted(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arguments)

    return cast(Function, callable_as(INLINED, interpreted, function))


def _by_dtype(for_float32: Callable[..., Any], for_float64: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls one of two functions, according to the dtype of its first argument."""

    def chosen(*scalars: Scalar) -> Any:
        return (for_float32 if isinstance(scalars[0], np.float32) else for_float64)(*scalars)

    return callable_as((for_float32, for_float64), chosen)


class Constants(NamedTuple):
    """Numbers in the dtype of the argument: a Python number would turn float32 arithmetic into float64."""

    zero: Scalar
    half: Scalar
    one: Scalar
    two: Scalar
    inf: Scalar
    nan: Scalar
    tiny: Scalar  # the smallest normal number
    exponent: Any  # the position of the exponent's lowest bit
    bias: Any  # the exponent field of 1.0
    # 1.5 * 2^(digits - 1): adding it rounds to an integer k and leaves k in the lowest bits of the sum.  That saves
    # the conversion between 64-bit integers and floats, for which AVX2 has no instruction.
    shift: Scalar
    shift_bits: Any
    log2e: Scalar
    ln2_high: Scalar  # log 2 in two parts, the first so short that k times it is exact (Cephes, expf.c and exp.c)
    ln2_low: Scalar
    exp_least: Scalar  # the smallest x for which e^x is a normal number
    exp_most: Scalar  # the largest such x
    deep: Scalar  # a negative x for which e^x is still far above tiny
    far: Scalar  # for larger x, e^x - 1 rounds to e^x and tanh(x / 2) rounds to 1
    sqrt_half_bits: Any
    sqrt2_less_1: Scalar
    upper_half: Any  # a bit mask; a number masked with it has an exact square
    tail_end: Scalar  # for larger t, Φ(-t) is below the smallest normal number
    density_at_0: Scalar  # 1 / √(2π)


def _constants(real: Any, integer: Any, *, digits: int, ln2: tuple[float, float], **others: float) -> Constants:
    shift = real(1.5 * 2.0 ** (digits - 1))
    return Constants(
        zero=real(0.0),
        half=real(0.5),
        one=real(1.0),
        two=real(2.0),
        inf=real(np.inf),
        nan=real(np.nan),
        tiny=np.finfo(real).tiny,
        exponent=integer(digits - 1),
        bias=integer(np.finfo(real).maxexp - 1),
        shift=shift,
        shift_bits=shift.view(integer),
        log2e=real(1.4426950408889634),
        ln2_high=real(ln2[0]),
        ln2_low=real(ln2[1]),
        sqrt_half_bits=real(0.7071067811865476).view(integer),
        sqrt2_less_1=real(0.41421356237309503),
        upper_half=integer(-(1 << (digits + 1) // 2)),
        density_at_0=real(0.3989422804014327),
        **{name: real(number) for name, number in others.items()},
    )


_FLOAT32 = _constants(
    np.float32,
    np.int32,
    digits=24,
    ln2=(0.693359375, -2.1219444005469058e-4),
    exp_least=-87.33654022216797,
    exp_most=88.72283935546875,
    deep=-80.0,
    far=20.0,
    tail_end=14.0,
)
_FLOAT64 = _constants(
    np.float64,
    np.int64,
    digits=53,
    ln2=(0.693145751953125, 1.4286068203094172321e-6),
    exp_least=-708.3964185322641,
    exp_most=709.782712893384,
    deep=-700.0,
    far=40.0,
    tail_end=38.6,
)


def _constants32(x: Scalar) -> Constants:  # noqa: ARG001
    return _FLOAT32


def _constants64(x: Scalar) -> Constants:  # noqa: ARG001
    return _FLOAT64


def _bits32(x: Scalar) -> Any:
    return np.float32(x).view(np.int32)


def _bits64(x: Scalar) -> Any:
    return np.float64(x).view(np.int64)


def _from_bits32(x: Scalar, bits: Any) -> Scalar:  # noqa: ARG001
    return np.int32(bits).view(np.float32)


def _from_bits64(x: Scalar, bits: Any) -> Scalar:  # noqa: ARG001
    return np.int64(bits).view(np.float64)


def _as_dtype_of32(x: Scalar, number: float) -> Scalar:  # noqa: ARG001
    return np.float32(number)


def _as_dtype_of64(x: Scalar, number: float) -> Scalar:  # noqa: ARG001
    return np.float64(number)


constants = _by_dtype(_constants32, _constants64)
as_dtype_of = _by_dtype(_as_dtype_of32, _as_dtype_of64)
_bits = _by_dtype(_bits32, _bits64)
_from_bits = _by_dtype(_from_bits32, _from_bits64)  # the first argument only determines the dtype


def _expm1_near_0_32(r: Scalar) -> Scalar:
    c, r2 = E32, r * r
    return r + r2 * ((c[0] + c[1] * r) + r2 * ((c[2] + c[3] * r) + r2 * c[4]))


def _expm1_near_0_64(r: Scalar) -> Scalar:
    c, r2 = E64, r * r
    r4 = r2 * r2
    high = ((c[6] + c[7] * r) + r2 * (c[8] + c[9] * r)) * r4 + ((c[2] + c[3] * r) + r2 * (c[4] + c[5] * r))
    return r + r2 * ((c[0] + c[1] * r) + r2 * high)


def _two_halves32(r: Scalar) -> tuple[Scalar, Scalar]:
    c, z = T32, r * r
    p, q = r * (c[0] + c[1] * z), c[2] + c[3] * z
    return q + p, q - p


def _two_halves64(r: Scalar) -> tuple[Scalar, Scalar]:
    c, z = T64, r * r
    p, q = r * (c[0] + z * (c[1] + z * c[2])), c[3] + z * (c[4] + z * c[5])
    return q + p, q - p


def _log_ratio32(s: Scalar) -> Scalar:
    c, z = S32, s * s
    return (s + s) + (s * z) * (c[0] + z * (c[1] + z * (c[2] + z * c[3])))


def _log_ratio64(s: Scalar) -> Scalar:
    c, z = S64, s * s
    z2 = z * z
    z4 = z2 * z2
    high = z4 * (c[8] + z * c[9]) + ((c[4] + z * c[5]) + z2 * (c[6] + z * c[7]))
    return (s + s) + (s * z) * (((c[0] + z * c[1]) + z2 * (c[2] + z * c[3])) + z4 * high)


def _log1p_near_0_32(f: Scalar) -> Scalar:
    c, f2 = L32, f * f
    p = c[0] + f * (c[1] + f * (c[2] + f * (c[3] + f * (c[4] + f * (c[5] + f * (c[6] + f * (c[7] + f * c[8])))))))
    return f - f2 * (np.float32(0.5) - f * p)


def _log1p_near_0_64(f: Scalar) -> Scalar:
    # With s = f / (2 + f), log(1 + f) = log((1 + s) / (1 - s)) = 2 s + s^3 R(s^2), and 2 s = f - s f: so the
    # leading term is f itself, without a rounding error.
    c = L64
    s = f / (np.float64(2.0) + f)
    z = s * s
    z2 = z * z
    p = (c[0] + z * c[1]) + z2 * ((c[2] + z * c[3]) + z2 * ((c[4] + z * c[5]) + z2 * c[6]))
    return f - s * (f - z * p)


def _mills_ratio32(t: Scalar) -> Scalar:
    p, q = P32, Q32
    above = p[0] + t * (p[1] + t * (p[2] + t * (p[3] + t * p[4])))
    return above / (q[0] + t * (q[1] + t * (q[2] + t * (q[3] + t * (q[4] + t)))))


def _mills_ratio64(t: Scalar) -> Scalar:
    p, q = P64, Q64
    above = p[4] + t * (p[5] + t * (p[6] + t * (p[7] + t * (p[8] + t * p[9]))))
    above = p[0] + t * (p[1] + t * (p[2] + t * (p[3] + t * above)))
    below = q[5] + t * (q[6] + t * (q[7] + t * (q[8] + t * (q[9] + t))))
    return above / (q[0] + t * (q[1] + t * (q[2] + t * (q[3] + t * (q[4] + t * below)))))


def _near_whole_turn32(r: Scalar) -> tuple[Scalar, Scalar]:
    c, s, z = COS32, SIN32, r * r
    cosine = c[0] + z * (c[1] + z * (c[2] + z * (c[3] + z * (c[4] + z * c[5]))))
    return cosine, r * (s[0] + z * (s[1] + z * (s[2] + z * (s[3] + z * (s[4] + z * s[5])))))


def _near_whole_turn64(r: Scalar) -> tuple[Scalar, Scalar]:
    c, s, z = COS64, SIN64, r * r
    high = c[4] + z * (c[5] + z * (c[6] + z * (c[7] + z * c[8])))
    cosine = c[0] + z * (c[1] + z * (c[2] + z * (c[3] + z * high)))
    high = s[4] + z * (s[5] + z * (s[6] + z * (s[7] + z * s[8])))
    return cosine, r * (s[0] + z * (s[1] + z * (s[2] + z * (s[3] + z * high))))


_expm1_near_0 = _by_dtype(_expm1_near_0_32, _expm1_near_0_64)
_two_halves = _by_dtype(_two_halves32, _two_halves64)  # (a, b) with e^r = a / b, for |r| <= 0.35
_near_whole_turn = _by_dtype(_near_whole_turn32, _near_whole_turn64)  # cos(2 π r), sin(2 π r), for |r| <= 1/4
_log_ratio = _by_dtype(_log_ratio32, _log_ratio64)  # log((1 + s) / (1 - s)), for 0 <= s <= 1/3
_log1p_near_0 = _by_dtype(_log1p_near_0_32, _log1p_near_0_64)
_mills_ratio = _by_dtype(_mills_ratio32, _mills_ratio64)


# The functions below are the same for both dtypes.  Selects are written so that NaN stays NaN:
# `x if x < bound else ...` is not the same as `... if x >= bound else x`.


@compilable
def _reduced(x: Scalar, low: Scalar) -> tuple[Any, Scalar]:
    """Return (k, r) with x + low = k log(2) + r and |r| <= log(2) / 2; k is in the lowest bits of an integer.

    Without a low part, pass -0.0: the compiler may omit the addition of -0.0, but not that of 0.0.
    """
    c = constants(x)
    shifted = (x + low) * c.log2e + c.shift
    k = shifted - c.shift
    return _bits(shifted), ((x - k * c.ln2_high) - k * c.ln2_low) + low


@compilable
def _times_power_of_2(y: Scalar, k: Any) -> Scalar:
    """Return y 2^k, where y and the result are normal numbers: k is added to the exponent."""
    return _from_bits(y, _bits(y) + (k << constants(y).exponent))


@compilable
def _power_of_2(x: Scalar, k: Any) -> Scalar:
    """Return 2^k in the dtype of x, where that is a normal number."""
    c = constants(x)
    return _from_bits(x, (k + c.bias) << c.exponent)


@compilable
def exp(x: Scalar) -> Scalar:
    """Return e^x = 2^k e^r, with x = k log(2) + r and a polynomial for e^r."""
    c = constants(x)
    k, r = _reduced(x, -c.zero)
    y = _times_power_of_2(c.one + _expm1_near_0(r), k)
    y = c.zero if x < c.exp_least else y
    return y if x <= c.exp_most else x + c.inf  # NaN + inf is NaN


@compilable
def expm1(x: Scalar) -> Scalar:
    """Return e^x - 1 = 2^k (e^r - 1) + (2^k - 1), without the cancellation of exp(x) - 1 near 0."""
    c = constants(x)
    x = -c.far if x < -c.far else x
    k, r = _reduced(x, -c.zero)
    near, power = _expm1_near_0(r), _power_of_2(x, k)
    y = power * near + (power - c.one)
    y = _times_power_of_2(c.one + near, k) if x > c.far else y
    return y if x <= c.exp_most else x + c.inf


@compilable
def expm1_to_far(x: Scalar) -> Scalar:
    """Return expm1(x) for -far <= x <= far only (20 in float32, 40 in float64), with four selects fewer."""
    k, r = _reduced(x, -constants(x).zero)
    power = _power_of_2(x, k)
    return power * _expm1_near_0(r) + (power - constants(x).one)


@compilable
def tanh(x: Scalar) -> Scalar:
    """Return tanh(x) = E / (E + 2) with E = e^(2 |x|) - 1 and the sign of x; accurate near 0, where E is small."""
    c = constants(x)
    x2 = c.two * abs(x)
    e = expm1_to_far(c.far if x2 > c.far else x2)
    y = e / (e + c.two)
    return -y if x < c.zero else y


@compilable
def sigmoid(x: Scalar) -> Scalar:
    """Return 1 / (1 + e^-x) = b / (b + 2^k a), with -x = k log(2) + r and e^r = a / b.

    The division is needed anyway, and a quotient of two polynomials is as accurate with six multiplications as one
    polynomial for e^r with twelve.
    """
    c = constants(x)
    k, r = _reduced(-(c.far if x > c.far else x), -c.zero)
    a, b = _two_halves(r)
    y = b / (b + _times_power_of_2(a, k))
    return c.zero if x < -c.exp_most else y  # there k is too large to be added to an exponent


@compilable
def sigmoid_and_log(x: Scalar) -> tuple[Scalar, Scalar]:
    """Return (1 / (1 + e^-x), log(1 + e^-|x|)), which a sigmoid output needs for its delta and its cost.

    With e^-|x| = e / b they are b / (b + e), or e / (b + e) for x < 0, and log((1 + s) / (1 - s)) with
    s = e / (2 b + e).  Both quotients come from one division.  For x < ``deep`` the first is e^deep instead of a
    smaller number; the difference is negligible in a cost.
    """
    c = constants(x)
    t = -abs(x)
    k, r = _reduced(c.deep if t < c.deep else t, -c.zero)
    a, b = _two_halves(r)
    e = _times_power_of_2(a, k)
    p, q = b + e, b + b + e
    inverse = c.one / (p * q)
    return (e if x < c.zero else b) * (q * inverse), _log_ratio(e * (p * inverse))


@compilable
def log(x: Scalar) -> Scalar:
    """Return log(x) = k log(2) + log(m), with x = 2^k m and √½ <= m < √2.  Subnormal numbers count as 0."""
    c = constants(x)
    bits = _bits(x)
    k = (bits - c.sqrt_half_bits) >> c.exponent
    m = _from_bits(x, bits - (k << c.exponent))
    k_real = _from_bits(x, k + c.shift_bits) - c.shift
    y = k_real * c.ln2_high + (k_real * c.ln2_low + _log1p_near_0(m - c.one))
    y = y if x < c.inf else x
    y = -c.inf if x < c.tiny else y
    return c.nan if x < c.zero else y


@compilable
def log1p_to_1(x: Scalar) -> Scalar:
    """Return log(1 + x) for 0 <= x <= 1 only; for x >= √2 - 1, log(1 + x) = log(2) + log(1 + (x - 1) / 2)."""
    c = constants(x)
    upper = x > c.sqrt2_less_1
    y = _log1p_near_0(c.half * x - c.half if upper else x)
    return c.ln2_high + (c.ln2_low + y) if upper else y


@compilable
def softplus(x: Scalar) -> Scalar:
    """Return log(1 + e^x) = max(0, x) + log(1 + e^-|x|)."""
    c = constants(x)
    return (c.zero if x < c.zero else x) + log1p_to_1(exp(-abs(x)))


@compilable
def normal_cdf_and_density(x: Scalar) -> tuple[Scalar, Scalar]:
    """Return Φ(x) = erfc(-x / √2) / 2 and φ(x) = e^(-x^2/2) / √(2π), which share their exponential.

    Φ(-t) = e^(-t^2/2) (P(t) / Q(t)) for t = |x|, and Φ(t) = 1 - Φ(-t).  The rounding error of t^2 / 2 would become an
    equal relative error of the result, 350 units at t = 37.  So t is split into u, whose square is exact, and a rest:
    t^2 = u^2 + (t - u) (t + u).
    """
    c = constants(x)
    t = abs(x)
    t = c.tail_end if t > c.tail_end else t
    u = _from_bits(t, _bits(t) & c.upper_half)
    high, low = -c.half * (u * u), -c.half * ((t - u) * (t + u))
    k, r = _reduced(high, low)
    e = _times_power_of_2(c.one + _expm1_near_0(r), k)
    e = c.zero if high < c.exp_least else e
    tail = e * _mills_ratio(t)
    return c.one - tail if x > c.zero else tail, e * c.density_at_0


@compilable
def normal_cdf(x: Scalar) -> Scalar:
    """Return Φ(x), the distribution function of the standard normal distribution."""
    return normal_cdf_and_density(x)[0]


@compilable
def cos_and_sin_of_turns(t: Scalar) -> tuple[Scalar, Scalar]:
    """cos(2 π t) and sin(2 π t): t = n / 2 + r with |r| <= 1/4, and an odd n turns both signs.

    From 2^22 turns on (float32; 2^51 in float64) t has no digits left for the half turns, and the result is 1 and 0.
    """
    c = constants(t)
    shifted = (t + t) + c.shift
    r = t - (shifted - c.shift) * c.half
    r = r if abs(r) <= c.half * c.half else r * c.zero  # infinity becomes NaN
    cosine, sine = _near_whole_turn(r)
    sign = c.one - c.two * as_dtype_of(t, _bits(shifted) & 1)
    return sign * cosine, sign * sine
