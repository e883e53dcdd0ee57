r"""Activations, costs and penalties of complex numbers, for the complex step (N3).

Each function is computed by the formula of the book with complex numbers in it.  Where a formula has pieces, the real
part chooses the piece, and at a kink the piece is that of the derivative in the book.  Only the imaginary parts need
all digits: the derivative is read from them.

NumPy has no error function of complex numbers, so that gelu (A8) has no continuation here, and custom activations and
costs are known for real numbers only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.equations import activations as real
from multilayer.equations import costs
from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE, Activation, Array
from multilayer.equations.costs import Cost, CostedOutput, IncreasingOutput, Output
from multilayer.equations.extensions import chosen_costs
from multilayer.equations.extensions.penalties import Penalty
from multilayer.exceptions import ParameterError

Numbers = NDArray[Any]  # complex128, or float64 before the changed weight


def continued_activation(pair: Activation) -> Callable[[Numbers], Numbers]:
    """Return g of complex numbers; raise an error for an activation without a continuation."""
    if isinstance(pair, real.Gelu):
        raise ParameterError(
            "the complex step needs activations of complex numbers, and NumPy has no error function of complex "
            "numbers, which 'gelu' needs. Use difference_quotient."
        )
    if type(pair) not in _ACTIVATIONS:
        raise ParameterError(
            f"the complex step needs activations of complex numbers, and the custom activation {pair!r} is defined for "
            "real numbers. Use difference_quotient."
        )
    return _ACTIVATIONS[type(pair)]


def continued_cost(unit: Output) -> Callable[[Numbers, Array], Numbers]:
    """Return the cost of each example as a function of complex Z and real Y; raise an error if it is not known."""
    if not isinstance(unit, CostedOutput):
        if type(unit) not in _MATCHED_COSTS:
            raise _unknown_cost(unit)
        return _MATCHED_COSTS[type(unit)]
    chosen = unit.chosen
    if type(chosen) not in _CHOSEN_COSTS:
        raise _unknown_cost(chosen)
    value, is_increasing = _CHOSEN_COSTS[type(chosen)], unit.name == IncreasingOutput.name
    return lambda Z, Y: value(chosen, _increasing(Z) if is_increasing else Z, Y)


def continued_regularization(theta: Numbers, penalty: Penalty, m: float) -> complex:
    """Compute (C4) and (C13) of one Theta: |θ| is sign(Re θ) θ, which is 0 at the kink, as its derivative there is."""
    weights = theta[:, 1:]
    squares = penalty.squares / (2.0 * m) * np.sum(weights**2)
    return complex(squares + penalty.absolutes / m * np.sum(_absolute(weights)))


def _unknown_cost(given: object) -> ParameterError:
    return ParameterError(
        f"the complex step needs a cost of complex numbers, and the custom cost {given!r} is defined for real numbers. "
        "Use difference_quotient."
    )


def _absolute(z: Numbers) -> Numbers:
    return np.sign(z.real) * z


def _sigmoid(z: Numbers) -> Numbers:
    e = np.exp(-_towards_positive(z))
    return np.where(z.real >= 0, 1.0, e) / (1.0 + e)


def _towards_positive(z: Numbers) -> Numbers:
    # Unlike the absolute value, it keeps the imaginary part where the real part is 0.
    return np.where(z.real >= 0, z, -z)


def _softplus(z: Numbers) -> Numbers:
    return np.where(z.real >= 0, z, 0.0) + np.log1p(np.exp(-_towards_positive(z)))


def _relu(z: Numbers) -> Numbers:
    return np.where(z.real > 0, z, 0.0)


def _leaky_relu(z: Numbers) -> Numbers:
    return np.where(z.real > 0, z, LEAKY_RELU_SLOPE * z)


def _elu(z: Numbers) -> Numbers:
    return np.where(z.real > 0, z, np.expm1(np.where(z.real > 0, 0.0, z)))


def _selu(z: Numbers) -> Numbers:
    return SELU_SCALE * np.where(z.real > 0, z, SELU_ALPHA * _elu(z))


def _silu(z: Numbers) -> Numbers:
    return z * _sigmoid(z)


def _mish(z: Numbers) -> Numbers:
    return z * np.tanh(_softplus(z))


def _identity(z: Numbers) -> Numbers:
    return z


_ACTIVATIONS: dict[type, Callable[[Numbers], Numbers]] = {
    real.Sigmoid: _sigmoid,
    real.Tanh: np.tanh,
    real.Relu: _relu,
    real.Identity: _identity,
    real.LeakyRelu: _leaky_relu,
    real.Elu: _elu,
    real.Selu: _selu,
    real.Silu: _silu,
    real.Mish: _mish,
    real.Softplus: _softplus,
}


def _log_softmax(Z: Numbers) -> Numbers:
    shifted = Z - Z.real.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _increasing(Z: Numbers) -> Numbers:
    return np.cumsum(np.hstack([Z[:, :1], _softplus(Z[:, 1:])]), axis=1)


def _sigmoid_cost(Z: Numbers, Y: Array) -> Numbers:
    return np.sum(Y * _softplus(-Z) + (1.0 - Y) * _softplus(Z), axis=1)


def _softmax_cost(Z: Numbers, Y: Array) -> Numbers:
    return -np.sum(Y * _log_softmax(Z), axis=1)


def _squared_cost(Z: Numbers, Y: Array) -> Numbers:
    return 0.5 * np.sum((Z - Y) ** 2, axis=1)


def _poisson_cost(Z: Numbers, Y: Array) -> Numbers:
    return np.sum(np.exp(Z) - Y * Z, axis=1)  # without its terms of Y alone, which have no derivative


_MATCHED_COSTS: dict[type, Callable[[Numbers, Array], Numbers]] = {
    costs.SigmoidOutput: _sigmoid_cost,
    costs.SoftmaxOutput: _softmax_cost,
    costs.IdentityOutput: _squared_cost,
    costs.ExpOutput: _poisson_cost,
    costs.IncreasingOutput: lambda Z, Y: _squared_cost(_increasing(Z), Y),
}


def _absolute_error(_: Any, Z: Numbers, Y: Array) -> Numbers:
    return np.sum(_absolute(Z - Y), axis=1)


def _huber(cost: Any, Z: Numbers, Y: Array) -> Numbers:
    e, t = Z - Y, cost.threshold
    return np.sum(np.where(np.abs(e.real) <= t, 0.5 * e**2, t * (_absolute(e) - 0.5 * t)), axis=1)


def _quantile(cost: Any, Z: Numbers, Y: Array) -> Numbers:
    low, levels = Y - Z, np.asarray(cost.levels)
    # At the kink the factor is 0, as the derivative is.
    return np.sum(np.where(low.real > 0, levels, np.where(low.real < 0, levels - 1.0, 0.0)) * low, axis=1)


def _gamma_deviance(_: Any, Z: Numbers, Y: Array) -> Numbers:
    r = np.log(Y) - Z
    return np.sum(np.expm1(r) - r, axis=1)


def _sigmoid_focal(cost: Any, Z: Numbers, Y: Array) -> Numbers:
    # h^γ = e^(γ log h): a power of complex numbers is inexact where h is nearly 0.
    yes, no = _softplus(-Z), _softplus(Z)
    return np.sum(Y * np.exp(-cost.gamma * no) * yes + (1.0 - Y) * np.exp(-cost.gamma * yes) * no, axis=1)


def _softmax_focal(cost: Any, Z: Numbers, Y: Array) -> Numbers:
    log_h = _log_softmax(Z)
    return -np.sum(Y * (-np.expm1(log_h)) ** cost.gamma * log_h, axis=1)


_CHOSEN_COSTS: dict[type[Cost], Callable[[Any, Numbers, Array], Numbers]] = {
    chosen_costs.AbsoluteError: _absolute_error,
    chosen_costs.Huber: _huber,
    chosen_costs.Quantile: _quantile,
    chosen_costs.GammaDeviance: _gamma_deviance,
    chosen_costs.SigmoidFocal: _sigmoid_focal,
    chosen_costs.SoftmaxFocal: _softmax_focal,
}
