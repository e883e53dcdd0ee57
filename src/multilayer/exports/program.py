"""A fitted model as a short list of typed operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray

from multilayer.exports.operations import Input, Node, TextCodes


@dataclass(frozen=True, eq=False)
class Program:
    """What a model computes.

    Attributes
    ----------
    values : Node
        Probabilities, (m, K), or amounts, (m, K).
    kind : {"classes", "labels", "amounts"}
        Whether a row has one of K classes, any of K labels, or K amounts.
    classes : array of shape (K,) or None
        The labels of the classes.
    decided : Node or None
        The node whose largest number is that of the predicted class; None for ``values``.
    is_column : bool
        Whether predictions are of shape (m,).
    model : str
        The name of the class of the model.
    names : sequence of str
        The names of the columns of the table, in their order; empty for an array.
    meanings : mapping of str to str
        What the numbers of a column are, by its name.
    """

    values: Node
    kind: Literal["classes", "labels", "amounts"]
    classes: NDArray[Any] | None = None
    decided: Node | None = None
    is_column: bool = True
    model: str = ""
    names: Sequence[str] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def scores(self) -> Node:
        """The node whose largest number decides the class."""
        return self.values if self.decided is None else self.decided

    @property
    def nodes(self) -> list[Node]:
        """All nodes, each after those that it refers to; inputs first, in the order of the columns."""
        found: dict[int, Node] = {}
        for root in (self.values, self.scores):
            for node in _in_order(root, set(found)):
                found[id(node)] = node
        inputs = [node for node in found.values() if isinstance(node, Input)]
        place = {name: i for i, name in enumerate(self.names)}
        inputs.sort(key=lambda node: place.get(node.name, 0))
        return [*inputs, *(node for node in found.values() if not isinstance(node, Input))]

    @property
    def inputs(self) -> list[Input]:
        """The columns that the model uses, in their order."""
        return [node for node in self.nodes if isinstance(node, Input)]

    @property
    def gaps(self) -> dict[str, str]:
        """The text that is a gap in each column of text: '' unless it is a category, or else (gap)."""
        known: dict[str, set[str]] = {each.name: set() for each in self.inputs if each.type == "text"}
        for node in self.nodes:
            if isinstance(node, TextCodes) and isinstance(node.of, Input):
                known[node.of.name] |= set(node.codes)
        return {name: _mark(texts) for name, texts in known.items()}

    def meaning(self, name: str) -> str:
        """Return what the values of an input are."""
        if name in self.gaps:
            return f"text; {self.gaps[name]!r} is a gap"
        return f"{self.meanings.get(name, 'a number')}; NaN is a gap"


def _mark(known: set[str]) -> str:
    mark = ""
    while mark in known:
        mark = f"({mark or 'gap'})"
    return mark


def _in_order(root: Node, seen: set[int]) -> Iterator[Node]:
    """Yield the nodes below a node, each after its operands, without recursion."""
    stack = [(root, False)]
    while stack:
        node, is_done = stack.pop()
        if id(node) in seen:
            continue
        if is_done:
            seen.add(id(node))
            yield node
            continue
        stack.append((node, True))
        stack += [(each, False) for each in reversed(node.operands)]
