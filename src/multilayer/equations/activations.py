r"""Activations: the function g that a unit applies to its weighted sum z.

Each activation is a pair, the function g and its derivative g', side by side.  Both take an array of any
shape and return an array of the same shape; both stay finite for every |z| up to 1e4 and beyond, in float64.

    ====  ============  ===========================================  ==========================
    tag   name          g(z)                                         range
    ====  ============  ===========================================  ==========================
    (A1)  sigmoid       1 / (1 + e^-z)                               (0, 1)
    (A2)  tanh          (e^z - e^-z) / (e^z + e^-z)                  (-1, 1)
    (A3)  relu          max(0, z)                                    [0, ∞)
    (A4)  identity      z                                            (-∞, ∞)
    (A5)  leaky_relu    z if z > 0 else 0.01 z                       (-∞, ∞)
    (A6)  elu           z if z > 0 else e^z - 1                      (-1, ∞)
    (A7)  selu          λ z if z > 0 else λ α (e^z - 1)              (-λ α, ∞)
    (A8)  gelu          z Φ(z), Φ the normal distribution function   (-0.17, ∞)
    (A9)  silu          z sigmoid(z)                                 (-0.28, ∞)
    (A10) mish          z tanh(softplus(z))                          (-0.31, ∞)
    (A11) softplus      log(1 + e^z)                                 (0, ∞)
    ====  ============  ===========================================  ==========================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import ParameterError, unknown_name

Array = NDArray[np.float64]

LEAKY_RELU_SLOPE = 0.01
# The two constants of SELU make mean 0 and variance 1 a fixed point of a layer (Klambauer et al., 2017, eq. 14).
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


class Activation(Protocol):
    """An activation g and its derivative g'; a custom activation is any object with these two methods.

    Both functions are elementwise.
    """

    def g(self, z: Array) -> Array:
        """Compute g(z).

        Parameters
        ----------
        z : array of any shape
            Weighted sums.

        Returns
        -------
        array of the shape of ``z``
            The activations.
        """

    def g_prime(self, z: Array) -> Array:
        """Compute the derivative g'(z).

        Parameters
        ----------
        z : array of any shape
            Weighted sums.

        Returns
        -------
        array of the shape of ``z``
            The derivatives.
        """


# The activations of the hidden layers: one for all or one per layer, each a name or a pair of functions.
Hidden = str | Activation | Sequence[str | Activation]


class Sigmoid:
    """(A1) g(z) = 1 / (1 + e^-z),  g'(z) = g(z) (1 - g(z)).

    It is computed from e^-abs(z), which is at most 1, because e^-z overflows at z = -710.
    """

    def g(self, z: Array) -> Array:
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1.0, e) / (1.0 + e)

    def g_prime(self, z: Array) -> Array:
        # g (1 - g) = e^-|z| / (1 + e^-|z|)^2.  The textbook's form g (1 - g) is 0 from z = 37 on, where g
        # rounds to 1; this form is accurate.
        e = np.exp(-np.abs(z))
        return e / (1.0 + e) ** 2


class Tanh:
    """(A2) g(z) = tanh(z),  g'(z) = 1 - tanh(z)^2 = 1 / cosh(z)^2."""

    def g(self, z: Array) -> Array:
        return np.tanh(z)

    def g_prime(self, z: Array) -> Array:
        # tanh(z) = 2 sigmoid(2 z) - 1, so g'(z) = 4 sigmoid'(2 z), without overflow of cosh and without cancellation.
        return 4.0 * sigmoid.g_prime(2.0 * z)


class Relu:
    """(A3) g(z) = max(0, z),  g'(z) = 1 if z > 0 else 0.

    At z = 0 there is no derivative; 0 is the usual choice, as in scikit-learn and PyTorch.
    """

    def g(self, z: Array) -> Array:
        return np.maximum(z, 0.0)

    def g_prime(self, z: Array) -> Array:
        return np.where(z > 0, 1.0, 0.0)


class Identity:
    """(A4) g(z) = z,  g'(z) = 1."""

    def g(self, z: Array) -> Array:
        return np.array(z)

    def g_prime(self, z: Array) -> Array:
        return np.ones_like(z)


class LeakyRelu:
    """(A5) g(z) = z if z > 0 else 0.01 z,  g'(z) = 1 if z > 0 else 0.01."""

    def g(self, z: Array) -> Array:
        return np.where(z > 0, z, LEAKY_RELU_SLOPE * z)

    def g_prime(self, z: Array) -> Array:
        return np.where(z > 0, 1.0, LEAKY_RELU_SLOPE)


class Elu:
    """(A6) g(z) = z if z > 0 else e^z - 1,  g'(z) = 1 if z > 0 else e^z."""

    def g(self, z: Array) -> Array:
        # np.where evaluates both branches: the minimum prevents overflow of the unused e^z.
        return np.where(z > 0, z, np.expm1(np.minimum(z, 0.0)))

    def g_prime(self, z: Array) -> Array:
        return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0.0)))


class Selu:
    """(A7) g(z) = λ z if z > 0 else λ α (e^z - 1),  g'(z) = λ if z > 0 else λ α e^z."""

    def g(self, z: Array) -> Array:
        return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0.0)))

    def g_prime(self, z: Array) -> Array:
        return SELU_SCALE * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0.0)))


class Gelu:
    """(A8) g(z) = z Φ(z),  g'(z) = Φ(z) + z φ(z).

    Φ(z) = erfc(-z / √2) / 2 is the normal distribution function and φ(z) = e^(-z²/2) / √(2π) its density: the
    exact form, not the approximation by tanh.
    """

    def g(self, z: Array) -> Array:
        return z * _normal_cdf(z)

    def g_prime(self, z: Array) -> Array:
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return _normal_cdf(z) + z * density


class Silu:
    """(A9) g(z) = z σ(z),  g'(z) = σ(z) + z σ'(z), with σ the sigmoid (A1).  Also called swish."""

    def g(self, z: Array) -> Array:
        return z * sigmoid.g(z)

    def g_prime(self, z: Array) -> Array:
        return sigmoid.g(z) + z * sigmoid.g_prime(z)


class Mish:
    """(A10) g(z) = z t(z),  g'(z) = t(z) + z (1 - t(z)²) σ(z), with t(z) = tanh(softplus(z)), σ the sigmoid."""

    def g(self, z: Array) -> Array:
        return z * np.tanh(softplus.g(z))

    def g_prime(self, z: Array) -> Array:
        s = softplus.g(z)
        return np.tanh(s) + z * tanh.g_prime(s) * sigmoid.g(z)


class Softplus:
    """(A11) g(z) = log(1 + e^z),  g'(z) = sigmoid(z).

    log(1 + e^z) = max(0, z) + log(1 + e^-abs(z)): the right-hand side never overflows.
    """

    def g(self, z: Array) -> Array:
        return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))

    def g_prime(self, z: Array) -> Array:
        return sigmoid.g(z)


def _normal_cdf(z: Array) -> Array:
    # NumPy has no erfc; that of the standard library is exact, but slow because it takes one element at a time.
    erfc = np.frompyfunc(math.erfc, 1, 1)
    return 0.5 * np.asarray(erfc(-z / math.sqrt(2.0)), dtype=np.float64)


sigmoid = Sigmoid()
tanh = Tanh()
relu = Relu()
identity = Identity()
leaky_relu = LeakyRelu()
elu = Elu()
selu = Selu()
gelu = Gelu()
silu = Silu()
mish = Mish()
softplus = Softplus()

ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "identity": identity,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": silu,
    "mish": mish,
    "softplus": softplus,
}


def activation(given: str | Activation) -> Activation:
    """(A1)-(A11) Look up an activation by its name; a custom pair (g, g') is returned unchanged.

    Parameters
    ----------
    given : str or Activation
        A key of ``ACTIVATIONS``, or an object with the methods ``g`` and ``g_prime``.

    Returns
    -------
    Activation
        The pair (g, g').

    Raises
    ------
    ParameterError
        If the name is unknown, or the object lacks ``g`` or ``g_prime``.

    Examples
    --------
    >>> activation("sigmoid").g(np.array([0.0]))
    array([0.5])
    >>> activation("sigmoid").g_prime(np.array([0.0]))
    array([0.25])
    """
    if isinstance(given, str):
        if given not in ACTIVATIONS:
            raise unknown_name("activation", given, ACTIVATIONS)
        return ACTIVATIONS[given]
    if not (callable(getattr(given, "g", None)) and callable(getattr(given, "g_prime", None))):
        raise ParameterError(
            f"an activation is a name, or an object with the methods g(z) and g_prime(z), got {given!r}. "
            f"Known: {', '.join(repr(name) for name in sorted(ACTIVATIONS))}."
        )
    return given
