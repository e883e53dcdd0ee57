r"""The activations of the CPU engine, as scalar functions that vectorise and as loops over arrays.

The formulas are those of ``multilayer.equations.activations`` (A1 to A11).  Backpropagation needs g'(z) when z has been
overwritten by a = g(z).  For eight activations g' follows from a; for gelu, silu and mish, which are not monotonic, the
forward pass stores it in an array D.

    ==========  ==============================  ======================  ======================
    name        g' from                         ns, a and g', float32   ns, a and g', float64
    ==========  ==============================  ======================  ======================
    sigmoid     a (1 - a)                       0.35, 0.16              0.86, 0.24
    tanh        (1 - a) (1 + a)                 0.34, 0.16              0.84, 0.24
    relu        1 if a > 0 else 0               0.12, 0.16              0.16, 0.24
    identity    1                               -                       -
    leaky_relu  1 if a > 0 else 0.01            0.12, 0.16              0.16, 0.24
    elu         1 if a > 0 else a + 1           0.28, 0.16              0.71, 0.24
    selu        λ if a > 0 else a + λ α         0.32, 0.16              0.78, 0.24
    gelu        D                               0.63, 0.16              1.83, 0.24
    silu        D                               0.43, 0.16              1.03, 0.24
    mish        D                               0.56, 0.16              1.28, 0.24
    softplus    1 - e^-a                        0.64, 0.31              1.50, 0.75
    ==========  ==============================  ======================  ======================

The times are per element, for 4,096 elements in cache, on one core of a Zen 4 server with AVX-512.
The functions of one scalar are ``name(z)``, which returns a, and ``name_prime(a)``, which returns g'; for gelu, silu
and mish, ``name_pair(z)`` returns (a, g').  The loops, for contiguous one-dimensional arrays, are ``activate_into`` and
``derivative_times_into``.  They work in place: a loop from an array Z to an array A is not vectorised if both are the
same memory, and then takes 5 to 9 times as long.

g' from a is exact up to the rounding of a: where sigmoid(z) is rounded to 1, at z = 37 in float64, g' is 0, and the
true value is below 1e-16.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from multilayer.engines.cpu.compiling import belongs_to
from multilayer.engines.cpu.elementary import (
    Scalar,
    as_dtype_of,
    compilable,
    constants,
    exp,
    expm1_to_far,
    normal_cdf_and_density,
    sigmoid,
    softplus,
    tanh,
)
from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE

Array = NDArray[Any]  # contiguous, one-dimensional, float32 or float64

# The codes are the positions of the names in the table of equations/activations.py.
SIGMOID, TANH, RELU, IDENTITY, LEAKY_RELU, ELU, SELU, GELU, SILU, MISH, SOFTPLUS = range(11)

# The activations whose g' the forward pass stores in D; for the others D may have size 0.
STORES_DERIVATIVE = (GELU, SILU, MISH)

SELU_SLOPE_AT_0 = SELU_SCALE * SELU_ALPHA
# Below this, gelu, silu and mish are 0.  z is clipped here, because -∞ times 0 is NaN.
LEFT_END = -1000.0


@compilable
def sigmoid_prime(a: Scalar) -> Scalar:
    """(A1) Return g' = a (1 - a)."""
    return a * (constants(a).one - a)


@compilable
def tanh_prime(a: Scalar) -> Scalar:
    """(A2) Return g' = 1 - a^2, as a product: 1 - a is exact near 1, 1 - a^2 is not."""
    one = constants(a).one
    return (one - a) * (one + a)


@compilable
def relu(z: Scalar) -> Scalar:
    """(A3) Return a = max(0, z); NaN stays NaN, so that divergence is detected."""
    zero = constants(z).zero
    return zero if z < zero else z


@compilable
def relu_prime(a: Scalar) -> Scalar:
    """(A3) Return g' = 1 if a > 0 else 0."""
    c = constants(a)
    return c.one if a > c.zero else c.zero


@compilable
def identity(z: Scalar) -> Scalar:
    """(A4) Return a = z."""
    return z


@compilable
def identity_prime(a: Scalar) -> Scalar:
    """(A4) Return g' = 1."""
    return constants(a).one


@compilable
def leaky_relu(z: Scalar) -> Scalar:
    """(A5) Return a = z if z > 0 else 0.01 z."""
    return z if z > constants(z).zero else as_dtype_of(z, LEAKY_RELU_SLOPE) * z


@compilable
def leaky_relu_prime(a: Scalar) -> Scalar:
    """(A5) Return g' = 1 if a > 0 else 0.01; a has the sign of z."""
    c = constants(a)
    return c.one if a > c.zero else as_dtype_of(a, LEAKY_RELU_SLOPE)


@compilable
def _expm1_of_negative(z: Scalar) -> Scalar:
    """Return e^z - 1 for z <= 0, and any number for z > 0."""
    c = constants(z)
    z = c.zero if z > c.zero else z
    return expm1_to_far(-c.far if z < -c.far else z)


@compilable
def elu(z: Scalar) -> Scalar:
    """(A6) Return a = z if z > 0 else e^z - 1."""
    negative = _expm1_of_negative(z)
    return z if z > constants(z).zero else negative


@compilable
def elu_prime(a: Scalar) -> Scalar:
    """(A6) Return g' = 1 if a > 0 else e^z, which is a + 1."""
    c = constants(a)
    return c.one if a > c.zero else a + c.one


@compilable
def selu(z: Scalar) -> Scalar:
    """(A7) Return a = λ z if z > 0 else λ α (e^z - 1)."""
    negative = as_dtype_of(z, SELU_SLOPE_AT_0) * _expm1_of_negative(z)
    return as_dtype_of(z, SELU_SCALE) * z if z > constants(z).zero else negative


@compilable
def selu_prime(a: Scalar) -> Scalar:
    """(A7) Return g' = λ if a > 0 else λ α e^z, which is a + λ α."""
    return as_dtype_of(a, SELU_SCALE) if a > constants(a).zero else a + as_dtype_of(a, SELU_SLOPE_AT_0)


@compilable
def gelu_pair(z: Scalar) -> tuple[Scalar, Scalar]:
    """(A8) Return a = z Φ(z) and g' = Φ(z) + z φ(z)."""
    cdf, density = normal_cdf_and_density(z)
    left, right = as_dtype_of(z, LEFT_END), as_dtype_of(z, -LEFT_END)
    z = left if z < left else z
    inside = right if z > right else z
    return z * cdf, cdf + inside * density


@compilable
def silu_pair(z: Scalar) -> tuple[Scalar, Scalar]:
    """(A9) Return a = z σ(z) and g' = σ(z) + z σ(z) (1 - σ(z))."""
    s = sigmoid(z)
    left, right = as_dtype_of(z, LEFT_END), as_dtype_of(z, -LEFT_END)
    z = left if z < left else z
    inside = right if z > right else z
    return z * s, s + inside * s * (constants(z).one - s)


@compilable
def mish_pair(z: Scalar) -> tuple[Scalar, Scalar]:
    """(A10) Return a = z t and g' = t + z (1 - t^2) σ(z), with t = tanh(softplus(z)).

    Everything is rational in e = e^z: t = n / (n + 2) with n = e (e + 2), and (1 - t^2) σ(z) = 4 e (1 + e) / (n + 2)^2.
    """
    c = constants(z)
    left = as_dtype_of(z, LEFT_END)
    z = left if z < left else z
    inside = c.far if z > c.far else z  # for larger z, t rounds to 1 and the second term of g' to 0
    e = exp(inside)
    n = e * (e + c.two)
    inverse = c.one / (n + c.two)
    t = n * inverse
    return z * t, t + inside * (as_dtype_of(z, 4.0) * e * inverse) * ((c.one + e) * inverse)


@compilable
def softplus_prime(a: Scalar) -> Scalar:
    """(A11) Return g' = sigmoid(z) = 1 - e^-a."""
    c = constants(a)
    return -expm1_to_far(-c.far if a > c.far else -a)


def _loop(g: Callable[[Scalar], Scalar]) -> Callable[[Array], None]:
    @compilable
    @belongs_to(g.__name__)
    def activate(a: Array) -> None:
        for i in range(a.size):
            a[i] = g(a[i])

    return activate


def _loop_with_derivative(pair: Callable[[Scalar], tuple[Scalar, Scalar]]) -> Callable[[Array, Array], None]:
    @compilable
    @belongs_to(pair.__name__)
    def activate(a: Array, d: Array) -> None:
        for i in range(a.size):
            a[i], d[i] = pair(a[i])

    return activate


def _loop_times(g_prime: Callable[[Scalar], Scalar]) -> Callable[[Array, Array], None]:
    @compilable
    @belongs_to(g_prime.__name__)
    def multiply(a: Array, delta: Array) -> None:
        for i in range(a.size):
            delta[i] *= g_prime(a[i])

    return multiply


sigmoid_into = _loop(sigmoid)
tanh_into = _loop(tanh)
relu_into = _loop(relu)
leaky_relu_into = _loop(leaky_relu)
elu_into = _loop(elu)
selu_into = _loop(selu)
gelu_into = _loop_with_derivative(gelu_pair)
silu_into = _loop_with_derivative(silu_pair)
mish_into = _loop_with_derivative(mish_pair)
softplus_into = _loop(softplus)

times_sigmoid_prime = _loop_times(sigmoid_prime)
times_tanh_prime = _loop_times(tanh_prime)
times_relu_prime = _loop_times(relu_prime)
times_leaky_relu_prime = _loop_times(leaky_relu_prime)
times_elu_prime = _loop_times(elu_prime)
times_selu_prime = _loop_times(selu_prime)
times_softplus_prime = _loop_times(softplus_prime)


@compilable
def times_stored(d: Array, delta: Array) -> None:
    for i in range(d.size):
        delta[i] *= d[i]


@compilable
def activate_into(code: int, a: Array, d: Array) -> None:
    """Replace z in a by g(z); for the codes of STORES_DERIVATIVE, write g'(z) to d."""
    if code == SIGMOID:
        sigmoid_into(a)
    elif code == TANH:
        tanh_into(a)
    elif code == RELU:
        relu_into(a)
    elif code == LEAKY_RELU:
        leaky_relu_into(a)
    elif code == ELU:
        elu_into(a)
    elif code == SELU:
        selu_into(a)
    elif code == GELU:
        gelu_into(a, d)
    elif code == SILU:
        silu_into(a, d)
    elif code == MISH:
        mish_into(a, d)
    elif code == SOFTPLUS:
        softplus_into(a)


@compilable
def derivative_times_into(code: int, a: Array, d: Array, delta: Array) -> None:
    """Multiply delta by g'(z), from a = g(z) or, for the codes of STORES_DERIVATIVE, from d."""
    if code == SIGMOID:
        times_sigmoid_prime(a, delta)
    elif code == TANH:
        times_tanh_prime(a, delta)
    elif code == RELU:
        times_relu_prime(a, delta)
    elif code == LEAKY_RELU:
        times_leaky_relu_prime(a, delta)
    elif code == ELU:
        times_elu_prime(a, delta)
    elif code == SELU:
        times_selu_prime(a, delta)
    elif code in STORES_DERIVATIVE:
        times_stored(d, delta)
    elif code == SOFTPLUS:
        times_softplus_prime(a, delta)
