"""The lines of an exported Python file that compute one row: numbers of Python up to the first layer, then arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

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

Form = Literal["number", "list", "array"]  # the form in which a row of a node is held
OF_NUMBERS = {  # functions of single numbers; the others take arrays
    "gap": "float({0} != {0})",
    "present": "float({0} == {0})",
    "floor": "{0} // 1",
    "identity": "{0}",
    "smooth": "max(-1e150, min(1e150, {0})) / (1 + (max(-1e150, min(1e150, {0})) / 3) ** 2) ** 0.5",
    "far": "{0} if -{1} <= {0} <= {1} else (2 - {1} / abs({0})) * ({1} if {0} > 0 else -{1})",
}


class RowLines:
    """The lines for one row.

    Parameters
    ----------
    constant : callable
        From an array to the expression of a constant of the file.
    call : callable
        From the name of a function of the file and its arguments to a call.
    table : callable
        From a TextCodes to the name of its dictionary.
    has_names : bool
        Whether columns are passed one by one.
    """

    def __init__(
        self,
        constant: Callable[[Any], str],
        call: Callable[..., str],
        table: Callable[[TextCodes], str],
        has_names: bool,
    ) -> None:
        self.constant, self.call, self.table, self.has_names = constant, call, table, has_names
        self.names: dict[int, str] = {}
        self.forms: dict[int, Form] = {}

    def written(self, nodes: list[Node]) -> Iterator[str]:
        """Yield the lines of the nodes."""
        n = 0
        for node in nodes:
            if isinstance(node, Input):
                self.names[id(node)] = f"row[{node.name!r}]"
                self.forms[id(node)] = "number" if self.has_names else "array"
                continue
            form, expression = WRITERS[type(node)](self, node)
            n += 1
            self.forms[id(node)], self.names[id(node)] = form, f"v{n}"
            yield f"v{n} = {expression}"

    def name(self, node: Node) -> str:
        """Return the name of a node."""
        return self.names[id(node)]

    def form(self, node: Node) -> Form:
        """Return the form of a node."""
        return self.forms[id(node)]

    def array(self, node: Node) -> str:
        """Return a node as an array."""
        name = self.name(node)
        return {"array": name, "list": f"np.array({name})", "number": f"np.array([{name}])"}[self.form(node)]


def _indicators(w: RowLines, node: Indicators) -> tuple[Form, str]:
    return "list", w.call("indicators", w.name(node.of), str(node.n))


def _number_codes(w: RowLines, node: NumberCodes) -> tuple[Form, str]:
    x = f"{w.array(node.of)}[0].item()" if w.form(node.of) != "number" else w.name(node.of)
    codes = dict(zip(node.numbers.tolist(), node.codes.tolist(), strict=True))
    return "number", f"{node.gap} if {x} != {x} else {codes!r}.get({x}, {node.other})"


def _select(w: RowLines, node: Select) -> tuple[Form, str]:
    if w.form(node.of) == "list" and len(node.columns) == 1:
        return "number", f"{w.name(node.of)}[{node.columns[0]}]"
    return "array", f"{w.array(node.of)}[{list(node.columns)}]"


def _fill(w: RowLines, node: Fill) -> tuple[Form, str]:
    is_nan = node.missing != node.missing
    if w.form(node.of) == "number" and len(node.row) == 1:
        x = w.name(node.of)
        test = f"{x} == {x}" if is_nan else f"{x} != {node.missing!r}"
        return "number", f"{x} if {test} else {w.constant(node.row)}"
    x = w.array(node.of)
    if is_nan:
        return "array", w.call("fill", x, w.constant(node.row))
    return "array", f"np.where({x} == {node.missing!r}, {w.constant(node.row)}, {x})"


def _function(w: RowLines, node: Function) -> tuple[Form, str]:
    if w.form(node.of) == "number" and node.name in OF_NUMBERS:
        return "number", OF_NUMBERS[node.name].format(w.name(node.of), repr(node.reach))
    if node.name == "identity":
        return "array", w.array(node.of)
    return "array", w.call(node.name, w.array(node.of), *([repr(node.reach)] if node.name == "far" else []))


def _arithmetic(w: RowLines, node: Arithmetic) -> tuple[Form, str]:
    are_numbers = w.form(node.of) == "number"
    if isinstance(node.other, Node):
        are_numbers = are_numbers and w.form(node.other) == "number"
        other = w.name(node.other) if w.form(node.other) == "number" else w.array(node.other)
    else:
        are_numbers = are_numbers and len(node.other) == 1
        other = w.constant(node.other)
        if other.startswith("["):
            other = f"np.array({other})"
    one = w.name(node.of) if w.form(node.of) == "number" else w.array(node.of)
    if node.operator in ("min", "max"):
        return ("number", f"{node.operator}({one}, {other})") if are_numbers else (
            "array", f"np.{node.operator}imum({one}, {other})"
        )  # fmt: skip
    return "number" if are_numbers else "array", f"{one} {node.operator} {other}"


def _trees(w: RowLines, node: Trees) -> tuple[Form, str]:
    of = f"{w.array(node.of)}[np.newaxis]"
    return "array", f"{w.call('trees', of, *map(w.constant, arrays_of(node.forest)))}[0]"


def _join(w: RowLines, node: Join) -> tuple[Form, str]:
    if all(w.form(part) == "array" for part in node.parts):
        return "array", f"np.concatenate([{', '.join(w.name(part) for part in node.parts)}])"
    parts = (f"{'' if w.form(part) == 'number' else '*'}{w.name(part)}" for part in node.parts)
    return "list", f"[{', '.join(parts)}]"


def _mean(w: RowLines, node: Mean) -> tuple[Form, str]:
    terms = (f"{weight!r} * {w.array(part)}" for part, weight in zip(node.parts, node.weights, strict=True))
    return "array", " + ".join(terms)


WRITERS: dict[type, Callable[[RowLines, Any], tuple[Form, str]]] = {
    TextCodes: lambda w, node: ("number", f"{w.table(node)}.get({w.name(node.of)}, {node.other})"),
    NumberCodes: _number_codes,
    Indicators: _indicators,
    Lookup: lambda w, node: ("array", f"{w.constant(node.table)}[{w.name(node.of)}]"),
    Cast: lambda w, node: ("array", f"{w.array(node.of)}.astype(np.{node.to})"),
    Select: _select,
    Fill: _fill,
    Function: _function,
    Calendar: lambda w, node: ("array", w.call(node.part, w.array(node.of))),
    Arithmetic: _arithmetic,
    Dense: lambda w, node: ("array", f"{w.array(node.of)} @ {w.constant(node.weights)} + {w.constant(node.biases)}"),
    Trees: _trees,
    Join: _join,
    Mean: _mean,
}
