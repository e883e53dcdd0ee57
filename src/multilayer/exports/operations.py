"""The operations of a model, from the columns of a table to the outputs.

Each operation is a frozen record, a *node*, that refers to the nodes whose values it receives.  A value of m rows has
the shape (m, width).  :mod:`multilayer.exports.models` makes the program of a model, and each target writes the nodes
one after the other, so that no target needs to know estimators and encoders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.models.forest import Forest

Type = Literal["float64", "float32", "integer", "text"]
Floats = NDArray[np.float64]

NOTHING = -1  # the code of a text that has no output of 1
INVALID = -2  # the code of a text for which the encoder raises an error: all outputs are NaN

# The functions of single numbers, and of rows: softmax, share (of the sum of the row), standardized (over the row).
FUNCTIONS = (
    *("sigmoid", "tanh", "relu", "identity", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus"),
    *("exp", "log", "cos", "floor", "present", "gap", "smooth", "far"),
    *("softmax", "share", "standardized"),
)
CALENDAR = {"year": 1, "month": 2, "day": 2, "weekday": 7, "hour": 2}  # the widths of the parts of a date


@dataclass(frozen=True, eq=False)
class Node:
    """Values of m rows, of shape (m, width)."""

    @property
    def width(self) -> int:
        """The number of values of a row."""
        raise NotImplementedError

    @property
    def type(self) -> Type:
        """The type of the values."""
        return "float64"

    @property
    def operands(self) -> tuple[Node, ...]:
        """The nodes whose values this one receives."""
        return ()


@dataclass(frozen=True, eq=False)
class Input(Node):
    """A column of the table, or all columns of an array.  A gap is NaN, or the text of :attr:`Program.gaps`."""

    name: str
    values: Type = "float64"
    n: int = 1

    @property
    def width(self) -> int:
        return self.n

    @property
    def type(self) -> Type:
        return self.values


@dataclass(frozen=True, eq=False)
class _OfOne(Node):
    of: Node

    @property
    def width(self) -> int:
        return self.of.width

    @property
    def type(self) -> Type:
        return self.of.type

    @property
    def operands(self) -> tuple[Node, ...]:
        return (self.of,)


@dataclass(frozen=True, eq=False)
class TextCodes(_OfOne):
    """The code of each text, ``gap`` for a gap, and ``other`` for any other text."""

    codes: Mapping[str, int]
    gap: int
    other: int

    @property
    def type(self) -> Type:
        return "integer"


@dataclass(frozen=True, eq=False)
class NumberCodes(_OfOne):
    """The code of each number that equals one of ``numbers``, ``gap`` for NaN, and ``other`` for any other number."""

    numbers: Floats
    codes: NDArray[np.int64]
    gap: int
    other: int

    @property
    def type(self) -> Type:
        return "integer"


@dataclass(frozen=True, eq=False)
class Indicators(_OfOne):
    """1 at the place of the code and 0 elsewhere; all 0 for NOTHING, all NaN for INVALID."""

    n: int

    @property
    def width(self) -> int:
        return self.n

    @property
    def type(self) -> Type:
        return "float64"


@dataclass(frozen=True, eq=False)
class Lookup(_OfOne):
    """The row of ``table``, (number of codes, width), at the code."""

    table: Floats

    @property
    def width(self) -> int:
        return int(self.table.shape[1])

    @property
    def type(self) -> Type:
        return "float64"


@dataclass(frozen=True, eq=False)
class Cast(_OfOne):
    """The values in another type of floats."""

    to: Type

    @property
    def type(self) -> Type:
        return self.to


@dataclass(frozen=True, eq=False)
class Select(_OfOne):
    """Some of the columns, in any order."""

    columns: tuple[int, ...]

    @property
    def width(self) -> int:
        return len(self.columns)


@dataclass(frozen=True, eq=False)
class Fill(_OfOne):
    """The values, with the numbers of ``row``, (width,), in place of NaN, or in place of ``missing``."""

    row: Floats
    missing: float = float("nan")


@dataclass(frozen=True, eq=False)
class Function(_OfOne):
    """A function of each number or row; ``reach`` is the parameter of "far"."""

    name: str
    reach: float = 0.0


@dataclass(frozen=True, eq=False)
class Calendar(_OfOne):
    """A part of the calendar from whole seconds since 1970 that are not NaN; ``month``, ``day``, ``hour``: sin, cos."""

    part: str

    @property
    def width(self) -> int:
        return CALENDAR[self.part]


@dataclass(frozen=True, eq=False)
class Arithmetic(_OfOne):
    """``of`` + - * / min max ``other``: a row of constants, (width,), or another node; one column fits any width."""

    operator: Literal["+", "-", "*", "/", "min", "max"]
    other: Floats | Node

    @property
    def width(self) -> int:
        return max(self.of.width, self.other.width if isinstance(self.other, Node) else len(self.other))

    @property
    def operands(self) -> tuple[Node, ...]:
        return (self.of, self.other) if isinstance(self.other, Node) else (self.of,)


@dataclass(frozen=True, eq=False)
class Dense(_OfOne):
    """``of`` @ weights + biases, with weights of shape (width of ``of``, width) in the type of ``of``."""

    weights: NDArray[Any]
    biases: NDArray[Any]

    @property
    def width(self) -> int:
        return int(self.weights.shape[1])


@dataclass(frozen=True, eq=False)
class Trees(_OfOne):
    """The sums of the leaves of gradient-boosted trees, compared in float64; ``of`` has no NaN."""

    forest: Forest

    @property
    def width(self) -> int:
        return int(self.forest.baseline.shape[1])

    @property
    def type(self) -> Type:
        return "float64"


@dataclass(frozen=True, eq=False)
class Join(Node):
    """The values of several nodes of one type, side by side."""

    parts: tuple[Node, ...]

    @property
    def width(self) -> int:
        return sum(part.width for part in self.parts)

    @property
    def type(self) -> Type:
        return self.parts[0].type

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, eq=False)
class Mean(Join):
    """The weighted mean of several nodes of one width; the weights sum to 1."""

    weights: tuple[float, ...]

    @property
    def width(self) -> int:
        return self.parts[0].width


def affine(of: Node, factors: Floats, shifts: Floats) -> Node:
    """Return ``of * factors + shifts``."""
    return Arithmetic(Arithmetic(of, "*", factors), "+", shifts)


def cast(of: Node, to: Type) -> Node:
    """Return the values in a type of floats."""
    return of if of.type == to else Cast(of, to)


def joined(parts: Sequence[Node]) -> Node:
    """Return nodes side by side, in float64 if their types differ."""
    if len(parts) == 1:
        return parts[0]
    types = {part.type for part in parts}
    return Join(tuple(parts) if len(types) == 1 else tuple(cast(part, "float64") for part in parts))


def selected(of: Node, columns: Sequence[int]) -> Node:
    """Return some columns of a node."""
    return of if list(columns) == list(range(of.width)) else Select(of, tuple(columns))
