"""The constants, functions and names of a C header while it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputTypeError
from multilayer.exports.c_functions import source
from multilayer.exports.operations import Dense, Input, Node
from multilayer.exports.program import Program

PER_LINE = 8
RESERVED = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "bool",
        "true",
        "false",
    ]
)


def literal(text: str) -> str:
    """Return a text as a literal of C, in UTF-8."""
    data = text.encode("utf-8", "surrogatepass")
    if b"\0" in data:
        raise InputTypeError(
            f"a text of C cannot hold the character of number 0, got {text!r}. Replace it in the table."
        )
    safe = (chr(each) if 32 <= each < 127 and chr(each) not in '"\\?' else f"\\{each:03o}" for each in data)
    return '"' + "".join(safe) + '"'


def number(value: float, real: str = "double") -> str:
    """Return a number as a literal of C."""
    with np.errstate(over="ignore"):
        value = float(np.float32(value)) if real == "float" else float(value)
    if value != value:
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"{np.float32(value)!s}f" if real == "float" else repr(value)


class CWriter:
    """The constants, functions and statements of a program.

    Values are double up to the first layer, and float from there on.
    """

    def __init__(self, program: Program, prefix: str, weights: str) -> None:
        self.program, self.prefix, self.weights = program, prefix, weights
        self.fields = _fields([each.name for each in program.inputs])
        self.parameter = f"const {prefix}_row *row" if program.names else "const double *row"
        self.constants: list[str] = []
        self.lines: list[str] = []
        self.n_constants = 0
        self._functions: dict[tuple[str, str], str] = {}
        self._reals: dict[int, str] = {}
        self._names: dict[int, str] = {}

    def declare(self, node: Node) -> None:
        """Choose the variable and the type of a node."""
        if isinstance(node, Input):
            self._names[id(node)] = f"row->{self.fields[node.name]}" if self.program.names else "row"
            self._reals[id(node)] = "double"
            return
        below = [self._reals[id(each)] for each in node.operands]
        is_float = isinstance(node, Dense) or ("float" in below and "double" not in below)
        self._reals[id(node)] = "float" if is_float else "double"
        if node.type == "integer":
            self._reals[id(node)] = "int"
        self._names[id(node)] = f"v{len(self._names) - len(self.program.inputs) + 1}"

    def functions(self) -> list[str]:
        """Return the text of the functions that the statements call."""
        return list(self._functions.values())

    def call(self, name: str, real: str) -> str:
        """Return the name of a function for a type of floats."""
        key = (name, real)
        if key not in self._functions:
            self._functions[key] = source(name, real, self.prefix)
        return f"{self.prefix}_{name}{'f' if real == 'float' else ''}"

    def shared(self, text: str) -> None:
        """Add functions that have no type of floats."""
        self._functions.setdefault((text, ""), text.replace("PREFIX", self.prefix))

    def real(self, node: Node) -> str:
        """Return the type of the values of a node."""
        return self._reals[id(node)]

    def name(self, node: Node) -> str:
        """Return the variable of a node."""
        return self._names[id(node)]

    def element(self, node: Node, place: str = "i") -> str:
        """Return one value of a node."""
        is_array = node.width > 1 or (isinstance(node, Input) and not self.program.names)
        return f"{self.name(node)}[{place}]" if is_array else self.name(node)

    def array(self, values: NDArray[Any], kind: str, texts: Sequence[str] = ()) -> str:
        """Add an array of constants, and return its name."""
        name = f"{self.prefix}_c{len(self.constants)}"
        if texts:
            shown = [literal(text) for text in texts]
        else:
            flat = values.ravel().tolist()
            shown = [number(each, kind) if kind in ("float", "double") else str(each) for each in flat]
        self.n_constants += len(shown)
        lines = [", ".join(shown[i : i + PER_LINE]) for i in range(0, len(shown), PER_LINE)]
        body = ",\n    ".join(lines)
        self.constants.append(f"static const {kind} {name}[{len(shown)}] = {{\n    {body}}};\n")
        return name

    def constant(self, values: Any, real: str) -> str:
        """Return one constant, or one element of an array of them."""
        array = np.asarray(values)
        if len(array) == 1 or (array == array[0]).all():
            return number(float(array[0]), real)
        return f"{self.array(array, real)}[i]"

    def each(self, node: Node, expression: str) -> list[str]:
        """Return the statement that computes each value of a node from the values at the same place."""
        name, real = self.name(node), self.real(node)
        if node.width == 1:
            return [f"const {real} {name} = {expression.replace('[i]', '[0]')};"]
        return [f"{real} {name}[{node.width}];", f"for (int i = 0; i < {node.width}; i++) {name}[i] = {expression};"]


def _fields(names: Sequence[str]) -> dict[str, str]:
    """Return distinct identifiers of C for the columns."""
    found: dict[str, str] = {}
    for name in names:
        field = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or "column"
        field = f"_{field}" if field[0].isdigit() else field
        while field in found.values() or field in RESERVED:
            field += "_"
        found[name] = field
    return found
