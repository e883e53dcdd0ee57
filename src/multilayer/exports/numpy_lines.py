"""The lines of an exported Python file that compute any number of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exports.numpy_row import RowLines
from multilayer.exports.operations import (
    Arithmetic,
    Calendar,
    Cast,
    Dense,
    Fill,
    Function,
    Indicators,
    Input,
    Join,
    Lookup,
    Mean,
    Node,
    NumberCodes,
    Select,
    TextCodes,
    Trees,
)
from multilayer.exports.paths import arrays_of
from multilayer.exports.program import Program

FEW = 12  # the largest number of constants that are written as numbers


class NumpyWriter:
    """The lines of a program for any number of rows, and for one row."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arrays: dict[str, NDArray[Any]] = {}
        self.tables: list[str] = []  # dictionaries of the codes of texts
        self.functions: set[str] = set()
        self._constants: dict[Any, str] = {}
        self.lines: list[str] = []
        self._names: dict[int, str] = {}
        self._columns: dict[int, frozenset[str]] = {}
        self._heading = ""
        self._tables: dict[int, str] = {}
        for node in program.nodes:
            self._add(node)
        row = RowLines(self.constant, self.call, self.table, bool(program.names))
        self.of_one = list(row.written(program.nodes))
        self.result_of_one = f"{row.array(program.values)}, {row.array(program.scores)}"

    def _add(self, node: Node) -> None:
        if isinstance(node, Input):
            self._names[id(node)] = f"columns[{node.name!r}]"
            self._columns[id(node)] = frozenset([node.name])
            return
        self._columns[id(node)] = frozenset().union(*(self._columns[id(each)] for each in node.operands))
        expression = WRITERS[type(node)](self, node)
        heading = self._heading_of(node)
        if heading and heading != self._heading:
            self.lines.append(f"# {heading}")
        self._heading = heading or self._heading
        name = self._names[id(node)] = f"v{len(self._names) - len(self.program.inputs) + 1}"
        self.lines.append(f"{name} = {expression}")

    def _heading_of(self, node: Node) -> str:
        columns = self._columns[id(node)]
        if isinstance(node, Dense):
            return f"(P2) the weighted sums of {node.width} units: Z = A W + b"
        if self.program.names and len(columns) == 1 and not isinstance(node, Function | Join):
            (name,) = columns
            return f"the column {name!r}, {self.program.meaning(name)}"
        return "the mean of the members" if isinstance(node, Mean) else ""

    def name(self, node: Node) -> str:
        """Return the name of the values of a node."""
        return self._names[id(node)]

    def call(self, function: str, *arguments: str) -> str:
        """Return a call of a function of the file."""
        self.functions.add(function)
        return f"{function}({', '.join(arguments)})"

    def table(self, node: TextCodes) -> str:
        """Return the name of the dictionary of the codes of texts."""
        if id(node) not in self._tables:
            name = self._tables[id(node)] = f"CODES_{len(self.tables)}"
            codes: dict[Any, int] = {**node.codes, None: node.gap}
            self.tables.append(f"{name} = {codes!r}")
        return self._tables[id(node)]

    def constant(self, values: Any) -> str:
        """Return constants as numbers if they are few, or as an array of the file."""
        array = np.asarray(values)
        if array.shape == (1,):
            return repr(array.tolist()[0]) if np.isfinite(array[0]) else f"float({str(array[0])!r})"
        if array.ndim == 1 and array.size <= FEW and array.dtype == np.float64 and np.isfinite(array).all():
            return repr(array.tolist())
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = f"c{len(self.arrays)}"
            self.arrays[self._constants[key]] = array
        return f"W[{self._constants[key]!r}]"


def _text_codes(w: NumpyWriter, node: TextCodes) -> str:
    return f"np.array([[{w.table(node)}.get(text, {node.other})] for text in {w.name(node.of)}])"


def _number_codes(w: NumpyWriter, node: NumberCodes) -> str:
    numbers, codes = node.numbers.tolist(), node.codes.tolist()
    return w.call("number_codes", w.name(node.of), repr(numbers), repr(codes), repr(node.gap), repr(node.other))


def _fill(w: NumpyWriter, node: Fill) -> str:
    if node.missing != node.missing:
        return w.call("fill", w.name(node.of), w.constant(node.row))
    return f"np.where({w.name(node.of)} == {node.missing!r}, {w.constant(node.row)}, {w.name(node.of)})"


def _function(w: NumpyWriter, node: Function) -> str:
    if node.name == "identity":
        return w.name(node.of)
    return w.call(node.name, w.name(node.of), *([repr(node.reach)] if node.name == "far" else []))


def _arithmetic(w: NumpyWriter, node: Arithmetic) -> str:
    one, other = w.name(node.of), w.name(node.other) if isinstance(node.other, Node) else w.constant(node.other)
    if node.operator in ("min", "max"):
        return f"np.{node.operator}imum({one}, {other})"
    return f"{one} {node.operator} {other}"


def _mean(w: NumpyWriter, node: Mean) -> str:
    return " + ".join(f"{weight!r} * {w.name(part)}" for part, weight in zip(node.parts, node.weights, strict=True))


WRITERS: dict[type, Callable[[NumpyWriter, Any], str]] = {
    TextCodes: _text_codes,
    NumberCodes: _number_codes,
    Indicators: lambda w, node: w.call("one_hot", w.name(node.of), str(node.n)),
    Lookup: lambda w, node: f"{w.constant(node.table)}[{w.name(node.of)}[:, 0]]",
    Cast: lambda w, node: f"{w.name(node.of)}.astype(np.{node.to})",
    Select: lambda w, node: f"{w.name(node.of)}[:, {list(node.columns)}]",
    Fill: _fill,
    Function: _function,
    Calendar: lambda w, node: w.call(node.part, w.name(node.of)),
    Arithmetic: _arithmetic,
    Dense: lambda w, node: f"{w.name(node.of)} @ {w.constant(node.weights)} + {w.constant(node.biases)}",
    Trees: lambda w, node: w.call("trees", w.name(node.of), *map(w.constant, arrays_of(node.forest))),
    Join: lambda w, node: f"np.concatenate([{', '.join(w.name(part) for part in node.parts)}], axis=1)",
    Mean: _mean,
}
