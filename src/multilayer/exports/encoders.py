"""The encodings of a TableEncoder as operations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from multilayer.exports.columns import Cell
from multilayer.exports.operations import (
    NOTHING,
    Arithmetic,
    Calendar,
    Fill,
    Floats,
    Function,
    Indicators,
    Lookup,
    Node,
    TextCodes,
    cast,
    joined,
)
from multilayer.tables import TableEncoder
from multilayer.tables._column_data import ColumnData
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.encodings import NumberEncoding, TextEncoding
from multilayer.tables.piecewise import PiecewiseEncoding

MOST_AT_ONCE = 1000  # the largest power of two in one factor; float64 has exponents from -1074 to 1023


def encoded(encoder: TableEncoder, cells: Sequence[Cell]) -> Node:
    """Return the encoded columns, of the encoder's type."""
    places = {report.name: place for place, report in enumerate(encoder.columns_)}
    parts = [_encoded(encoding, cells[places[encoding.name]]) for encoding in encoder.encodings_]
    return cast(joined(parts), "float32" if np.dtype(encoder.dtype) == np.float32 else "float64")


def _encoded(encoding: Any, cell: Cell) -> Node:
    if isinstance(encoding, NumberEncoding):
        x = cell.number(_kind(encoding))
        return joined([_number(encoding, x)] * encoding.has_values + _gaps(encoding, x))
    if isinstance(encoding, PiecewiseEncoding):
        return _piecewise(encoding, cell.number(_kind(encoding.raw)))
    if isinstance(encoding, DateEncoding):
        x = cell.number(encoding.kind)
        local = cell.local() if encoding.kind == "date" else x
        return joined([_number(encoding.elapsed, x), *_calendar(encoding, local), *_gaps(encoding.elapsed, x)])
    codes = dict(zip(encoding.categories, itertools.count()))
    n = len(codes)
    if not isinstance(encoding, TextEncoding):
        return Lookup(text_codes(cell, codes, gap=n + 1, other=n), _table(encoding))
    # Indicators: the other texts and the gaps have the places after the categories.
    other = n if encoding.has_other else NOTHING
    gap = n + encoding.has_other if encoding.has_gaps else NOTHING
    return Indicators(text_codes(cell, codes, gap=gap, other=other), n + encoding.has_other + encoding.has_gaps)


def _kind(encoding: NumberEncoding) -> str:
    return "spelled" if encoding.from_text and encoding.kind == "number" else encoding.kind


def text_codes(cell: Cell, codes: dict[str, int], *, gap: int, other: int) -> TextCodes:
    """Return the codes of texts, after texts that an earlier step replaces."""
    text = cell.text()
    replaced = {old: codes.get(new, other) for old, new in cell.replaced.items()}
    gap = replaced.pop(None, gap)
    every: dict[Any, int] = {**codes, **replaced}
    return TextCodes(text, every, gap, other)


def _table(encoding: Any) -> Floats:
    """Return the outputs of a Lookup for each category, for other text, and for a gap."""
    known = set(encoding.categories)
    other = next(text for text in map(str, itertools.count()) if text not in known)
    column = ColumnData.of_texts([*encoding.categories, other, None])
    table = np.zeros((len(column), len(encoding.feature_names(""))))
    encoding.encode_into(table, column)
    return table


def _scaled(encoding: NumberEncoding, x: Node) -> Node:
    """Return x 2^-exponent."""
    left = -encoding.exponent
    while left:
        power = max(-MOST_AT_ONCE, min(MOST_AT_ONCE, left))
        x, left = Arithmetic(x, "*", np.array([2.0**power])), left - power
    return x


def _number(encoding: NumberEncoding, x: Node) -> Node:
    x = _scaled(encoding, x)
    z: Node = Arithmetic(Arithmetic(x, "-", np.array([encoding.centre])), "/", np.array([encoding.scale]))
    z = Fill(z, np.array([encoding.fill]))
    return Function(z, "smooth") if encoding.clip == "smooth" else Function(z, "far", encoding.reach)


def _gaps(encoding: NumberEncoding, x: Node) -> list[Node]:
    return [Function(x, "gap")] * encoding.has_gaps


def _piecewise(encoding: PiecewiseEncoding, x: Node) -> Node:
    raw, edges = encoding.raw, np.array(encoding.edges)
    u = Fill(_scaled(raw, x), np.array([raw.centre]))
    shares = Arithmetic(Arithmetic(u, "-", edges[:-1]), "/", np.diff(edges))
    n = len(edges) - 1
    parts = Arithmetic(Arithmetic(shares, "max", np.zeros(n)), "min", np.ones(n))
    return joined([_number(raw, x), Arithmetic(parts, "-", np.full(n, 0.5)), *_gaps(raw, x)])


def _calendar(encoding: DateEncoding, x: Node) -> list[Node]:
    """Return the parts of the calendar, 0 at a gap."""
    present = Function(x, "present")
    seconds = Function(Fill(x, np.zeros(1)), "floor")
    found: list[Node] = []
    for part in encoding.parts:
        value: Node = Calendar(seconds, part)
        if part == "year":
            centre, scale = np.array([encoding.year_centre]), np.array([encoding.year_scale])
            value = Function(Arithmetic(Arithmetic(value, "-", centre), "/", scale), "far", encoding.elapsed.reach)
        found.append(Arithmetic(value, "*", present))
    return found
