"""The graph of ONNX of a program: one or a few operators for each operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputTypeError
from multilayer.exports.onnx_functions import FUNCTIONS, TYPES, Numbers, calendar, far
from multilayer.exports.operations import (
    INVALID,
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
    Type,
)
from multilayer.exports.paths import paths_of
from multilayer.exports.program import Program

ML = "ai.onnx.ml"
OPSET, ML_OPSET = 13, 2  # of ONNX 1.8, 2020
ROWS = "rows"  # the name of the dimension of the rows
_OPERATORS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "min": "Min", "max": "Max"}


class Graph:
    """The graph of a program while it is written."""

    def __init__(self, onnx: Any, program: Program, opset: int = OPSET) -> None:
        self.onnx, self.program, self.opset = onnx, program, opset
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._gaps = program.gaps
        columns = {each.name for each in program.inputs}
        self._prefix = "_"
        while any(name.startswith(self._prefix) for name in columns):
            self._prefix += "_"
        self._columns = columns
        self._names: dict[int, str] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator, and return the name of its output, which ``output`` may give."""
        name = attributes.pop("output", "") or f"{self._prefix}{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        """Return the name of a constant; equal constants are stored once."""
        array = np.ascontiguousarray(values)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = self._constants[key] = f"{self._prefix}c{len(self.constants)}"
            self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return self._constants[key]

    def integers(self, *values: int) -> str:
        """Return the name of a constant of integers."""
        return self.constant(np.array(values, dtype=np.int64))

    def numbers(self, type: Type) -> Numbers:
        """Return the operators of a type of floats."""
        dtype = np.float32 if type == "float32" else np.float64
        return Numbers(self, lambda value: self.constant(np.asarray(value, dtype=dtype)), type)

    def row(self, values: Any, type: Type) -> str:
        """Return the name of a constant row."""
        return self.numbers(type).constant(np.asarray(values).reshape(1, -1))

    def value(self, name: str, type: Type, shape: list[Any], meaning: str = "") -> Any:
        """Return the description of an input or output."""
        return self.onnx.helper.make_tensor_value_info(name, TYPES[type], shape, meaning)

    def outputs(self) -> list[Any]:
        """Add all nodes, and return the outputs."""
        program = self.program
        for node in program.nodes:
            self._names[id(node)] = node.name if isinstance(node, Input) else WRITERS[type(node)](self, node)
        values, width = self.name(program.values), program.values.width
        if program.kind == "amounts":
            name = self._free("prediction")
            if program.is_column:
                self.add("Reshape", values, self.integers(-1), output=name)
                return [self.value(name, program.values.type, [ROWS])]
            self.add("Identity", values, output=name)
            return [self.value(name, program.values.type, [ROWS, width])]
        label, probabilities = self._free("label"), self._free("probabilities")
        self.add("Identity", values, output=probabilities)
        described = self.value(probabilities, program.values.type, [ROWS, width])
        if program.kind == "labels":
            above = self.add("Greater", values, self.row([0.5], program.values.type))
            self.add("Cast", above, to=TYPES["integer"], output=label)
            return [self.value(label, "integer", [ROWS, width]), described]
        number = self.add("ArgMax", self.name(program.scores), axis=1, keepdims=0)
        classes, kind = _labels(program.classes)
        self.add("Gather", self.constant(classes), number, output=label)
        return [self.onnx.helper.make_tensor_value_info(label, kind, [ROWS]), described]

    def name(self, node: Node) -> str:
        """Return the name of the values of a node."""
        return self._names[id(node)]

    def gap(self, node: Node) -> str:
        """Return the text that is a gap in an input."""
        return self._gaps[node.name] if isinstance(node, Input) else ""

    def _free(self, name: str) -> str:
        """Return a name for an output that no column has."""
        while name in self._columns:
            name += "_"
        return name


def _labels(classes: Any) -> tuple[NDArray[Any], int]:
    """Return the labels as an array that ONNX can hold, and their type."""
    kind = classes.dtype.kind
    if kind == "b":
        return classes, 9
    if kind in "iu":
        return classes.astype(np.int64), TYPES["integer"]
    if kind == "f":
        return classes.astype(np.float64), TYPES["float64"]
    if all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object), TYPES["text"]
    raise InputTypeError(
        f"the labels must be text or numbers, got {classes.tolist()[:3]!r}. Fit the model with labels of one type."
    )


def _text_codes(g: Graph, node: TextCodes) -> str:
    codes = {**node.codes, g.gap(node.of): node.gap}
    return g.add(
        "LabelEncoder",
        g.name(node.of),
        domain=ML,
        keys_strings=list(codes),
        values_int64s=list(codes.values()),
        default_int64=node.other,
    )


def _number_codes(g: Graph, node: NumberCodes) -> str:
    x = g.name(node.of)
    equal = g.add("Cast", g.add("Equal", x, g.row(node.numbers, node.of.type)), to=TYPES["integer"])
    steps = g.add("Mul", equal, g.constant((node.codes - node.other).reshape(1, -1)))
    code = g.add("Add", g.add("ReduceSum", steps, g.integers(1), keepdims=1), g.integers(node.other))
    return code if node.gap == node.other else g.add("Where", g.add("IsNaN", x), g.integers(node.gap), code)


def _indicators(g: Graph, node: Indicators) -> str:
    code = g.name(node.of)
    places = g.constant(np.arange(node.n, dtype=np.int64).reshape(1, -1))
    found = g.add("Cast", g.add("Equal", code, places), to=TYPES["float64"])
    if INVALID not in (getattr(node.of, "gap", 0), getattr(node.of, "other", 0)):
        return found
    return g.add("Where", g.add("Equal", code, g.integers(INVALID)), g.row([np.nan], "float64"), found)


def _lookup(g: Graph, node: Lookup) -> str:
    return g.add("Gather", g.constant(node.table), g.add("Reshape", g.name(node.of), g.integers(-1)), axis=0)


def _select(g: Graph, node: Select) -> str:
    return g.add("Gather", g.name(node.of), g.integers(*node.columns), axis=1)


def _fill(g: Graph, node: Fill) -> str:
    x, is_nan = g.name(node.of), node.missing != node.missing
    missing = g.add("IsNaN", x) if is_nan else g.add("Equal", x, g.row([node.missing], node.type))
    return g.add("Where", missing, g.row(node.row, node.type), x)


def _function(g: Graph, node: Function) -> str:
    f = g.numbers(node.type)
    if node.name == "far":
        return far(f, g.name(node.of), node.reach)
    return FUNCTIONS[node.name](f, g.name(node.of))


def _arithmetic(g: Graph, node: Arithmetic) -> str:
    other = g.name(node.other) if isinstance(node.other, Node) else g.row(node.other, node.type)
    return g.add(_OPERATORS[node.operator], g.name(node.of), other)


def _dense(g: Graph, node: Dense) -> str:
    f = g.numbers(node.type)
    x, weights, biases = g.name(node.of), f.constant(node.weights), f.constant(node.biases)
    if node.type == "float64":
        # ONNX Runtime 1.16 fuses Gemm with the next activation, and has no kernel of that in float64.
        return g.add("Add", g.add("MatMul", x, weights), biases)
    return g.add("Gemm", x, weights, biases)


def _trees(g: Graph, node: Trees) -> str:
    """Find the leaf of each tree by the comparisons on its path, as products of matrices, which are exact."""
    paths = paths_of(node.forest)
    n_trees, n, _ = paths.signs.shape
    f = g.numbers("float64")
    x = f.cast(g.name(node.of)) if node.of.type != "float64" else g.name(node.of)
    compared = g.add("Gather", x, g.constant(paths.features.ravel()), axis=1)
    is_left = g.add("Not", g.add("Greater", compared, g.row(paths.thresholds, "float64")))  # (m, n_trees n)
    steps = g.add("Reshape", g.add("Cast", is_left, to=TYPES["float32"]), g.integers(-1, n_trees, n))
    turns = g.add("MatMul", g.add("Transpose", steps, perm=[1, 0, 2]), g.constant(paths.signs))
    leaves = f.cast(g.add("Equal", turns, g.constant(paths.turns)))  # (n_trees, m, leaves), 1 for one leaf
    sums = g.add("ReduceSum", g.add("MatMul", leaves, g.constant(paths.values)), g.integers(0), keepdims=0)
    return f("Add", sums, g.row(node.forest.baseline, "float64"))


def _mean(g: Graph, node: Mean) -> str:
    f = g.numbers(node.type)
    return g.add(
        "Sum", *(f("Mul", g.name(part), weight) for part, weight in zip(node.parts, node.weights, strict=True))
    )


WRITERS: dict[type, Callable[[Graph, Any], str]] = {
    TextCodes: _text_codes,
    NumberCodes: _number_codes,
    Indicators: _indicators,
    Lookup: _lookup,
    Cast: lambda g, node: g.add("Cast", g.name(node.of), to=TYPES[node.to]),
    Select: _select,
    Fill: _fill,
    Function: _function,
    Calendar: lambda g, node: calendar(g.numbers("float64"), g.name(node.of), node.part),
    Arithmetic: _arithmetic,
    Dense: _dense,
    Trees: _trees,
    Join: lambda g, node: g.add("Concat", *(g.name(part) for part in node.parts), axis=1),
    Mean: _mean,
}
