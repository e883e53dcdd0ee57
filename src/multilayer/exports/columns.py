"""The columns that a step of a model receives: columns of the table, or numbers that an earlier step has computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from multilayer.exceptions import InputTypeError
from multilayer.exports.operations import Input, Node, Type, joined, selected

ARRAY = "X"  # the name of the input if the columns have no names
MEANINGS = {
    "date": "seconds since 1970-01-01 00:00 UTC",
    "local": "seconds since 1970-01-01 00:00 by the clocks of the time zone",
    "time": "seconds since midnight",
    "duration": "seconds",
    "Boolean": "0 for False and 1 for True",
    "spelled": "a number; other words are gaps",
}


def local_name(name: str) -> str:
    """Return the name of the input for dates by the clocks of their time zone."""
    return f"{name} (local)"


class TextInArrayError(Exception):
    """A step needs text from an array of numbers: its columns must be separate inputs."""


@dataclass(eq=False)
class Table:
    """The columns of the table that a model takes, whose types follow from their first use."""

    names: Sequence[str]
    zoned: frozenset[str] = frozenset()  # dates in a time zone
    inputs: dict[str, Input] = field(default_factory=dict)
    meanings: dict[str, str] = field(default_factory=dict)

    def number(self, name: str, kind: str = "number") -> Input:
        """Return a column as numbers; kind is that of a column of a TableEncoder, or "local"."""
        name = name if kind != "local" else local_name(name)
        if kind in MEANINGS:
            self.meanings[name] = MEANINGS[kind]
        return self._input(name, "float64")

    def text(self, name: str) -> Input:
        """Return a column as text."""
        return self._input(name, "text")

    def _input(self, name: str, values: Type) -> Input:
        found = self.inputs.setdefault(name, Input(name, values))
        if found.values != values:
            raise InputTypeError(
                f"the column {name!r} is text for one part of the model and numbers for another, and an input has one "
                "type. Convert the column before the fit, or drop it in one of the parts."
            )
        return found

    def cells(self) -> list[Cell]:
        """Return all columns."""
        return [Cell(table=self, name=name) for name in self.names]


@dataclass(frozen=True, eq=False)
class Cell:
    """One column: of a table, with texts that are replaced first, or of a node."""

    table: Table | None = None
    name: str = ""
    node: Node | None = None
    column: int = 0
    replaced: Mapping[str | None, str] = field(default_factory=dict)  # None is a gap

    def text(self) -> Input:
        """Return the column as text."""
        if self.table is None:
            if isinstance(self.node, Input):
                raise TextInArrayError
            raise InputTypeError(
                "a step of the pipeline needs text, but receives numbers that an earlier step has computed. Encode "
                "columns of text directly, in a ColumnTransformer or by TableEncoder."
            )
        return self.table.text(self.name)

    def number(self, kind: str = "number") -> Node:
        """Return the column as numbers."""
        if self.node is not None:
            return selected(self.node, (self.column,))
        if self.replaced:
            raise InputTypeError(
                f"the column {self.name!r} is text, but a step of the pipeline needs numbers. Encode text first."
            )
        table: Any = self.table
        return table.number(self.name, kind)

    def local(self) -> Node:
        """Return a column of dates as seconds in its time zone."""
        if self.table is not None and self.name in self.table.zoned:
            return self.table.number(self.name, "local")
        return self.number()


def cells_of(node: Node) -> list[Cell]:
    """Return the columns of a node."""
    return [Cell(node=node, column=i) for i in range(node.width)]


def matrix(cells: Sequence[Cell]) -> Node:
    """Return columns of numbers as one node."""
    parts: list[Node] = []
    start = 0
    while start < len(cells):
        node, stop = cells[start].node, start + 1
        if node is None:
            parts.append(cells[start].number())
        else:
            while stop < len(cells) and cells[stop].node is node:
                stop += 1
            parts.append(selected(node, [cell.column for cell in cells[start:stop]]))
        start = stop
    return joined(parts)
