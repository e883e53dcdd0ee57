"""The functions of numbers and rows, and the parts of the calendar, as operators of ONNX.

They use operators that runtimes have for float64, too; where there is none, the function is composed of others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from multilayer.equations.activations import LEAKY_RELU_SLOPE, SELU_ALPHA, SELU_SCALE
from multilayer.equations.extensions.normalization import EPSILON
from multilayer.exports.operations import Type

DAY, LARGEST = 86_400.0, 1e150
AXES_ARE_INPUTS = 18  # the opset from which on this is so for all reductions; for ReduceSum it is 13


class Operators(Protocol):
    """The graph that is written."""

    opset: int

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator, and return the name of its output."""

    def integers(self, *values: int) -> str:
        """Return the name of a constant of integers."""


class Numbers:
    """The operators of one type of floats."""

    def __init__(self, graph: Operators, constant: Callable[[object], str], type: Type) -> None:
        self.graph, self.constant, self.type = graph, constant, type

    def __call__(self, operator: str, *values: str | float) -> str:
        """Add an operator, and return the name of its output; numbers become constants."""
        names = [each if isinstance(each, str) else self.constant(each) for each in values]
        return self.graph.add(operator, *names)

    def cast(self, x: str, to: Type | None = None) -> str:
        """Add a conversion to a type of floats, by default this one."""
        return self.graph.add("Cast", x, to=TYPES[to or self.type])

    def reduce(self, operator: str, x: str) -> str:
        """Add a reduction of each row to one number."""
        if operator == "ReduceSum" or self.graph.opset >= AXES_ARE_INPUTS:
            return self.graph.add(operator, x, self.graph.integers(1), keepdims=1)
        return self.graph.add(operator, x, axes=[1], keepdims=1)


TYPES: dict[Type, int] = {"float32": 1, "float64": 11, "integer": 7, "text": 8}  # onnx.TensorProto


def softplus(f: Numbers, x: str) -> str:
    return f("Add", f("Max", x, 0.0), f("Log", f("Add", f("Exp", f("Neg", f("Abs", x))), 1.0)))


def elu(f: Numbers, x: str, alpha: float = 1.0) -> str:
    below = f("Sub", f("Exp", f("Min", x, 0.0)), 1.0)
    return f("Add", f("Max", x, 0.0), below if alpha == 1.0 else f("Mul", below, alpha))


def gelu(f: Numbers, x: str) -> str:
    # Runtimes have erf in float32 only; its error is at most 1e-7.
    erf = f.cast(f("Erf", f.cast(f("Mul", x, 1 / math.sqrt(2)), "float32")))
    return f("Mul", f("Mul", x, 0.5), f("Add", erf, 1.0))


def share(f: Numbers, x: str) -> str:
    """Divide by the sum of the row; equal shares where all numbers are 0."""
    total = f.reduce("ReduceSum", x)
    is_positive = f("Greater", total, 0.0)
    return f("Where", is_positive, f("Div", x, total), f("Div", 1.0, f.cast(_width(f, x))))


def _width(f: Numbers, x: str) -> str:
    return f.graph.add("Gather", f.graph.add("Shape", x), f.graph.integers(1), axis=0)


def standardized(f: Numbers, x: str) -> str:
    """(M1) Standardise each row."""
    beyond = f("Sub", x, f.reduce("ReduceMean", x))
    variance = f.reduce("ReduceMean", f("Mul", beyond, beyond))
    return f("Div", beyond, f("Sqrt", f("Add", variance, EPSILON)))


def smooth(f: Numbers, x: str) -> str:
    """(X1) z / sqrt(1 + (z / 3)²)."""
    z = f("Max", f("Min", x, LARGEST), -LARGEST)
    third = f("Div", z, 3.0)
    return f("Div", z, f("Sqrt", f("Add", f("Mul", third, third), 1.0)))


def far(f: Numbers, x: str, reach: float) -> str:
    """z within the reach r, and sign(z) r (2 - r / |z|) beyond it."""
    within = f("Max", f("Min", x, reach), -reach)
    shares = f("Sub", 1.0, f("Div", reach, f("Max", f("Abs", x), reach)))
    return f("Add", within, f("Mul", f("Sign", x), f("Mul", shares, reach)))


def is_gap(f: Numbers, x: str) -> str:
    return f.cast(f("IsNaN", x))


FUNCTIONS: dict[str, Callable[[Numbers, str], str]] = {
    "sigmoid": lambda f, x: f("Sigmoid", x),
    "tanh": lambda f, x: f("Tanh", x),
    "relu": lambda f, x: f("Relu", x),
    "identity": lambda f, x: f("Identity", x),
    "leaky_relu": lambda f, x: f("Max", x, f("Mul", x, LEAKY_RELU_SLOPE)),
    "elu": elu,
    "selu": lambda f, x: f("Mul", elu(f, x, SELU_ALPHA), SELU_SCALE),
    "gelu": gelu,
    # Not x sigmoid(x), which ONNX Runtime 1.16 fuses to an operator that has no kernel in float64.
    "silu": lambda f, x: f("Div", x, f("Add", f("Exp", f("Neg", x)), 1.0)),
    "mish": lambda f, x: f("Mul", x, f("Tanh", softplus(f, x))),
    "softplus": softplus,
    "exp": lambda f, x: f("Exp", x),
    "log": lambda f, x: f("Log", x),
    "cos": lambda f, x: f("Sin", f("Add", x, math.pi / 2)),
    "floor": lambda f, x: f("Floor", x),
    "gap": is_gap,
    "present": lambda f, x: f("Sub", 1.0, is_gap(f, x)),
    "smooth": smooth,
    "softmax": lambda f, x: f.graph.add("Softmax", x, axis=1),
    "share": share,
    "standardized": standardized,
}


def calendar(f: Numbers, seconds: str, part: str) -> str:
    """Return a part of the calendar; all numbers are whole, and exact in float64."""
    days = f("Floor", f("Div", seconds, DAY))
    if part == "hour":
        return _position(f, f("Div", f("Sub", seconds, f("Mul", days, DAY)), DAY))
    if part == "weekday":  # 1970 began on a Thursday
        number = _remainder(f, f("Add", days, 3.0), 7.0)
        return f.cast(f("Equal", number, f.constant(np.arange(7.0).reshape(1, 7))))
    year, month, day = _civil(f, days)
    if part == "year":
        return year
    position = f("Div", f("Sub", day, 1.0), 31.0)
    if part == "month":
        position = f("Div", f("Add", f("Sub", month, 1.0), position), 12.0)
    return _position(f, position)


def _position(f: Numbers, position: str) -> str:
    """Return sine and cosine of a position from 0 to 1 in a cycle."""
    angle = f("Mul", position, 2 * math.pi)
    return f.graph.add("Concat", f("Sin", angle), f("Sin", f("Add", angle, math.pi / 2)), axis=1)


def _quotient(f: Numbers, x: str, by: float) -> str:
    return f("Floor", f("Div", x, by))


def _remainder(f: Numbers, x: str, by: float) -> str:
    return f("Sub", x, f("Mul", _quotient(f, x, by), by))


def _civil(f: Numbers, days: str) -> tuple[str, str, str]:
    """Return year, month and day of the Gregorian calendar from days since 1970-01-01.

    References
    ----------
    Hinnant, H. (2013). chrono-compatible low-level date algorithms, ``civil_from_days``.
    """
    z = f("Add", days, 719_468.0)  # days since 0000-03-01
    era = _quotient(f, z, 146_097.0)  # of 400 years
    of_era = f("Sub", z, f("Mul", era, 146_097.0))
    leap = f("Sub", f("Add", f("Sub", of_era, _quotient(f, of_era, 1460.0)), _quotient(f, of_era, 36_524.0)),
             _quotient(f, of_era, 146_096.0))  # fmt: skip
    years = _quotient(f, leap, 365.0)  # of the era
    before = f("Sub", f("Add", f("Mul", years, 365.0), _quotient(f, years, 4.0)), _quotient(f, years, 100.0))
    of_year = f("Sub", of_era, before)  # days since the 1st of March
    number = _quotient(f, f("Add", f("Mul", of_year, 5.0), 2.0), 153.0)  # of the month, 0 for March
    first = _quotient(f, f("Add", f("Mul", number, 153.0), 2.0), 5.0)
    day = f("Add", f("Sub", of_year, first), 1.0)
    is_next = f.cast(f("Greater", number, 9.5))  # January and February belong to the next year
    month = f("Sub", f("Add", number, 3.0), f("Mul", is_next, 12.0))
    year = f("Add", f("Add", years, f("Mul", era, 400.0)), is_next)
    return year, month, day
