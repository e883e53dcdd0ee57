"""to_sql: a small model as one SELECT."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np

from multilayer.exceptions import InputTypeError, ParameterError
from multilayer.exports.files import write_file
from multilayer.exports.models import program_of
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
)
from multilayer.exports.program import Program
from multilayer.exports.sql_functions import Expression, Functions, added, combined, number

MAX_CONSTANTS = 10_000
MAX_COLUMNS = 2_000  # of a table of SQLite
OF_ROWS = ("softmax", "share", "standardized")
LEVEL = "multilayer_{}"


def to_sql(model: Any, *, table: str = "rows", keep: Sequence[str] = (), zoned: Collection[str] = ()) -> str:
    """Return a fitted model as one SELECT, for small networks.

    The query reads the columns of a table by their names, and returns ``prediction`` and, for classes, a column
    ``probability of ...`` for each class.  Gaps are NULL; Booleans, numbers and text are columns of these types; dates
    and durations are seconds, as in :func:`to_onnx`.  For a model of an array, the columns are x0, x1, ...

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    table : str, default="rows"
        The name of the table.
    keep : sequence of str, default=()
        Columns of the table that the result has, too, such as a key.
    zoned : collection of str, default=()
        Columns of moments that have a time zone, as in :func:`to_onnx`.

    Returns
    -------
    str
        The query, without a semicolon.

    Raises
    ------
    ParameterError
        For a model of more than 10,000 weights and other constants, or 2,000 units at a time.
    NotFittedError, InputTypeError
        As :func:`to_onnx`.

    Notes
    -----
    The query uses common table expressions that are ``MATERIALIZED``, and exp, ln, sqrt, sin, cos, floor and abs.  It
    is tested with SQLite, which needs release 3.35 and its mathematical functions, and with DuckDB.

    Examples
    --------
    >>> import sqlite3
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((), solver="lbfgs", alpha=0, random_state=0).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> base = sqlite3.connect(":memory:")
    >>> _ = base.execute("CREATE TABLE rows (x0 REAL)")
    >>> _ = base.execute("INSERT INTO rows VALUES (1.5)")
    >>> [round(prediction, 3) for (prediction,) in base.execute(to_sql(model))]
    [4.0]
    """
    program = program_of(model, zoned)
    if any(isinstance(node, Trees) for node in program.nodes):
        raise InputTypeError(
            "a query cannot hold the gradient-boosted trees of this model. Use to_onnx, or fit the model with "
            "with_trees=False."
        )
    n = sum(_n_constants(node) for node in program.nodes)
    if n > MAX_CONSTANTS:
        raise ParameterError(
            f"a query holds at most {MAX_CONSTANTS:,} numbers, and this model has {n:,}. Export it to ONNX, or fit a "
            "smaller network, such as make_pipeline(TableEncoder(), MLPClassifier((16,)))."
        )
    writer = _Query(program, keep)
    return writer.text(table)


def save_sql(
    model: Any,
    path: str | os.PathLike[str],
    *,
    table: str = "rows",
    keep: Sequence[str] = (),
    zoned: Collection[str] = (),
) -> None:
    """Write a fitted model to a file with one SELECT.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted model, as in :func:`to_onnx`.
    path : str or path
        The file.  It is replaced atomically.
    table, keep, zoned : optional
        As in :func:`to_sql`.

    Raises
    ------
    ModelFileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from multilayer import MLPRegressor
    >>> model = MLPRegressor((), solver="lbfgs", random_state=0).fit([[0.0], [1.0]], [1.0, 2.0])
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.sql"
    >>> save_sql(model, path)
    >>> path.exists()
    True
    """
    write_file(path, to_sql(model, table=table, keep=keep, zoned=zoned).encode())


def _n_constants(node: Node) -> int:
    if isinstance(node, Dense):
        return int(np.count_nonzero(node.weights)) + node.biases.size
    if isinstance(node, Lookup):
        return int(node.table.size)
    return len(node.codes) if isinstance(node, TextCodes | NumberCodes) else node.width


def quoted(name: str) -> str:
    """Return the name of a column or table."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text."""
    if "\0" in text:
        raise InputTypeError(f"a text of SQL cannot hold the character of number 0, got {text!r}. Replace it.")
    return "'" + text.replace("'", "''") + "'"


class _Query:
    """The columns of a query, by level: those of one level are computed from the levels below."""

    def __init__(self, program: Program, keep: Sequence[str]) -> None:
        self.program, self.keep = program, [quoted(name) for name in keep]
        self.columns: list[tuple[str, Expression]] = []
        self._prefix = "v"  # of the columns of the query, which no column to keep has
        while any(name.startswith(self._prefix) for name in keep):
            self._prefix += "v"
        self.functions = Functions(self.define)
        self._values: dict[int, list[Expression]] = {}
        for node in program.nodes:
            self._values[id(node)] = self._input(node) if isinstance(node, Input) else WRITERS[type(node)](self, node)

    def _input(self, node: Input) -> list[Expression]:
        names = [node.name] if self.program.names else [f"x{i}" for i in range(node.width)]
        kind = "VARCHAR" if node.type == "text" else "DOUBLE PRECISION"
        return [self._defined(f"CAST({quoted(name)} AS {kind})", -1) for name in names]

    def values(self, node: Node) -> list[Expression]:
        """Return the expressions of the values of a node."""
        return self._values[id(node)]

    def define(self, given: Expression) -> Expression:
        """Make a column of an expression."""
        return self._defined(given.text, given.level)

    def _defined(self, text: str, level: int) -> Expression:
        name = f"{self._prefix}{len(self.columns)}"
        self.columns.append((name, Expression(text, level)))
        return Expression(name, level + 1)

    def text(self, table: str) -> str:
        """Return the query."""
        results = self._results()
        depth = max(each.level for _, each in results)
        wanted = self._names(each.text for _, each in results)  # from the level below
        by_level: list[list[tuple[str, Expression]]] = [[] for _ in range(depth + 1)]
        for name, each in self.columns:
            if each.level + 1 <= depth:
                by_level[each.level + 1].append((name, each))
        parts = []
        for level in range(depth, -1, -1):
            new = [(name, each) for name, each in by_level[level] if name in wanted]
            old = sorted(wanted - {name for name, _ in new})
            source = LEVEL.format(level - 1) if level else quoted(table)
            shown = [*self.keep, *old, *(f"{each.text} AS {name}" for name, each in new)]
            if len(shown) > MAX_COLUMNS:
                raise ParameterError(
                    f"a query computes at most {MAX_COLUMNS:,} columns at a time, and this model needs {len(shown):,}. "
                    "Use to_onnx, or fit a smaller network."
                )
            parts.append(f"{LEVEL.format(level)} AS MATERIALIZED (\n  SELECT {_listed(shown)}\n  FROM {source})")
            wanted = set(old) | self._names(each.text for _, each in new)
        listed = _listed([*self.keep, *(f"{each.text} AS {quoted(name)}" for name, each in results)])
        return "WITH " + ",\n".join(reversed(parts)) + f"\nSELECT {listed}\nFROM {LEVEL.format(depth)}"

    def _names(self, texts: Iterable[str]) -> set[str]:
        """Return the columns of the query in expressions."""
        found: set[str] = set()
        for text in texts:
            plain = re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", "", text)  # without texts and quoted names
            found.update(re.findall(rf"\b{self._prefix}\d+\b", plain))
        return found

    def _results(self) -> list[tuple[str, Expression]]:
        """Return the columns of the result."""
        program = self.program
        values = [self.functions.short(each) for each in self.values(program.values)]
        if program.kind == "amounts":
            names = ["prediction"] if len(values) == 1 else [f"prediction {k + 1}" for k in range(len(values))]
            return list(zip(names, values, strict=True))
        classes: Any = program.classes
        labels = classes.tolist()
        probabilities = [(f"probability of {label}", each) for label, each in zip(labels, values, strict=True)]
        if program.kind == "labels":
            chosen = [combined(f"CASE WHEN {{0}} > {number(0.5)} THEN 1 ELSE 0 END", each) for each in values]
            return [(f"label {label}", each) for label, each in zip(labels, chosen, strict=True)] + probabilities
        shown = [literal(label) if isinstance(label, str) else str(label).upper() for label in labels]
        scores = [self.functions.short(each) for each in self.values(program.scores)]
        return [("prediction", _largest(scores, shown)), *probabilities]


def _largest(scores: list[Expression], labels: list[str]) -> Expression:
    """(P5) Return the label of the first of the largest scores."""
    cases = []
    for k, score in enumerate(scores[:-1]):
        tests = " AND ".join(f"{score.text} >= {other.text}" for other in scores[k + 1 :])
        cases.append(f"WHEN {tests} THEN {labels[k]}")
    level = max(score.level for score in scores)
    return Expression(f"CASE {' '.join(cases)} ELSE {labels[-1]} END" if cases else labels[0], level)


def _listed(columns: Sequence[str]) -> str:
    return ",\n    ".join(columns) or "1 AS nothing"


def _text_codes(q: _Query, node: TextCodes) -> list[Expression]:
    (text,) = q.values(node.of)
    cases = " ".join(f"WHEN {literal(known)} THEN {code}" for known, code in node.codes.items())
    other = f"CASE {{0}} {_escaped(cases)} ELSE {node.other} END" if cases else str(node.other)
    return [q.define(combined(f"CASE WHEN {{0}} IS NULL THEN {node.gap} ELSE {other} END", text))]


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _number_codes(q: _Query, node: NumberCodes) -> list[Expression]:
    x = q.functions.short(q.values(node.of)[0])
    pairs = zip(node.numbers.tolist(), node.codes.tolist(), strict=True)
    cases = " ".join(f"WHEN {{0}} = {number(known)} THEN {code}" for known, code in pairs)
    return [q.define(combined(f"CASE WHEN {{0}} IS NULL THEN {node.gap} {cases} ELSE {node.other} END", x))]


def _indicators(q: _Query, node: Indicators) -> list[Expression]:
    (code,) = q.values(node.of)
    form = f"CASE {{0}} WHEN %d THEN {number(1)} WHEN {INVALID} THEN NULL ELSE {number(0)} END"
    return [q.define(combined(form % place, code)) for place in range(node.n)]


def _lookup(q: _Query, node: Lookup) -> list[Expression]:
    (code,) = q.values(node.of)
    found = []
    for column in node.table.T:
        cases = " ".join(f"WHEN {place} THEN {number(each)}" for place, each in enumerate(column.tolist()))
        found.append(q.define(combined(f"CASE {{0}} {cases} END", code)))
    return found


def _fill(q: _Query, node: Fill) -> list[Expression]:
    rows = np.broadcast_to(node.row, node.width).tolist()
    if node.missing != node.missing:
        form = "COALESCE({{0}}, {})"
    else:
        form = f"CASE WHEN {{{{0}}}} = {number(node.missing)} THEN {{}} ELSE {{{{0}}}} END"
    return [combined(form.format(number(each)), x) for x, each in zip(q.values(node.of), rows, strict=True)]


def _function(q: _Query, node: Function) -> list[Expression]:
    values = q.values(node.of)
    if node.name in OF_ROWS:
        return q.functions.of_row(node.name, values)
    return [q.functions.of_number(node.name, z, node.reach) for z in values]


def _arithmetic(q: _Query, node: Arithmetic) -> list[Expression]:
    n = node.width
    one = q.values(node.of) * (n if node.of.width == 1 else 1)
    if isinstance(node.other, Node):
        other = q.values(node.other) * (n if node.other.width == 1 else 1)
    else:
        other = [Expression(number(each)) for each in np.broadcast_to(node.other, n).tolist()]
    if node.operator in ("min", "max"):
        sign = "<" if node.operator == "min" else ">"
        one = [q.functions.short(each) for each in one]
        return [
            combined(f"CASE WHEN {{0}} {sign} {{1}} THEN {{0}} ELSE {{1}} END", a, b)
            for a, b in zip(one, other, strict=True)
        ]
    return [combined(f"({{0}} {node.operator} {{1}})", a, b) for a, b in zip(one, other, strict=True)]


def _dense(q: _Query, node: Dense) -> list[Expression]:
    inputs = [q.functions.short(each) for each in q.values(node.of)]
    found = []
    for weights, bias in zip(node.weights.T.tolist(), node.biases.tolist(), strict=True):
        terms = [combined(f"{number(w)} * {{0}}", a) for w, a in zip(weights, inputs, strict=True) if w != 0]
        found.append(q.define(added([Expression(number(bias)), *terms])))
    return found


def _mean(q: _Query, node: Mean) -> list[Expression]:
    found = []
    for each in zip(*(q.values(part) for part in node.parts), strict=True):
        found.append(added([combined(f"{number(p)} * {{0}}", h) for p, h in zip(node.weights, each, strict=True)]))
    return found


WRITERS: dict[type, Callable[[_Query, Any], list[Expression]]] = {
    TextCodes: _text_codes,
    NumberCodes: _number_codes,
    Indicators: _indicators,
    Lookup: _lookup,
    Cast: lambda q, node: q.values(node.of),
    Select: lambda q, node: [q.values(node.of)[column] for column in node.columns],
    Fill: _fill,
    Function: _function,
    Calendar: lambda q, node: q.functions.calendar(q.values(node.of)[0], node.part),
    Arithmetic: _arithmetic,
    Dense: _dense,
    Join: lambda q, node: [each for part in node.parts for each in q.values(part)],
    Mean: _mean,
}
