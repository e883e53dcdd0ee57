"""The encoding of single rows by several encoders at once, with the same bits as ``transform``.

``transform`` converts each column to an array and computes with arrays of one number, for each encoder.  For a single
row this takes far longer than the arithmetic.  Here the numbers of all columns are computed together for all encoders,
and the encodings of other cells are kept.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.extensions.encodings import linear_parts, smooth_clip
from multilayer.tables._cells_of_row import Cells
from multilayer.tables._column_data import ColumnData
from multilayer.tables._fitted_columns import number_of, of_fitted_kind
from multilayer.tables._series import column_data
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.encodings import Encoding, clip_smoothly
from multilayer.tables.piecewise import PiecewiseEncoding

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Word = str | bool | None  # None for a gap
Entries = tuple[list[int], list[float]]  # positions in the encoded row, and the values there that are not 0

MOST_KEPT = 10_000
"""Different cells of which the encoding is kept."""

T = TypeVar("T")
_NUMBERS = frozenset({float, int} | {np.dtype(code).type for code in "bBhHiIlLqQefd"})


@dataclass(frozen=True, eq=False)
class Row:
    """The cells of a row.

    Attributes
    ----------
    numbers : array of shape (n,)
        The cells of the columns of numbers, NaN at gaps and at ``others``.
    words : list of (int, str, bool or None)
        The columns of text, Booleans and gaps, and these cells.
    others : dict of int to ColumnData
        The columns of cells of other types, converted.
    has_gaps : bool
        Whether any of ``numbers`` is NaN.
    """

    numbers: Floats
    words: list[tuple[int, Word]]
    others: dict[int, ColumnData]
    has_gaps: bool


class ByWord(dict[tuple[int, Word], T]):
    """What follows from a word in a column, computed when it is first asked for; at most ``MOST_KEPT`` are kept.

    Parameters
    ----------
    names : sequence of str
        The columns.
    compute : callable
        From the number of a column and its only cell, converted, to the value.
    """

    def __init__(self, names: Sequence[str], compute: Callable[[int, ColumnData], T]) -> None:
        super().__init__()
        self._names, self._compute = names, compute

    def __missing__(self, word: tuple[int, Word]) -> T:
        column, cell = word
        found = self._compute(column, column_data([cell], f"column {self._names[column]!r}"))
        if len(self) >= MOST_KEPT:
            self.clear()
        self[word] = found
        return found


class RowEncoder:
    """Encodes single rows.

    Parameters
    ----------
    encoders : sequence of TableEncoder
        Fitted encoders of one dtype.
    names : sequence of str
        The columns of each row, at least those of the encoders.

    Attributes
    ----------
    number_columns : list of int
        The columns that are read as numbers.
    """

    def __init__(self, encoders: Sequence[TableEncoder], names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._dtype = np.dtype(encoders[0].dtype)
        self._places: list[list[tuple[Encoding, int]]] = [[] for _ in names]
        place_of = {name: i for i, name in enumerate(names)}
        starts = [0]
        for encoder in encoders:
            at = starts[-1]
            for encoding in encoder.encodings_:
                self._places[place_of[encoding.name]].append((encoding, at))
                at += len(encoding.are_numbers())
            starts.append(at)
        self._width, self._slices = starts[-1], list(itertools.pairwise(starts))
        self.number_columns = [i for i, of in enumerate(self._places) if of and all(map(_is_of_numbers, of))]
        are_numbers = set(self.number_columns)
        self._is_number = [i in are_numbers for i in range(len(names))]
        self._numbers = _NumberColumns([self._places[i] for i in self.number_columns])
        self._kept = ByWord(self._names, self._entries)

    def read(self, cells: Cells) -> Row:
        """Sort the cells of a row by their types.

        Raises
        ------
        InputError
            For a cell of a type that no column can have.
        """
        numbers: list[Any] = []
        words: list[tuple[int, Word]] = []
        others, has_gaps = {}, False
        for i, (cell, is_number) in enumerate(zip(cells, self._is_number, strict=True)):
            kind = type(cell)
            if is_number:
                if kind in _NUMBERS:
                    numbers.append(cell)
                    has_gaps |= cell != cell
                    continue
                numbers.append(math.nan)
                has_gaps = True
                if cell is not None:
                    others[i] = column_data([cell], f"column {self._names[i]!r}")
            elif kind is str or kind is bool or cell is None:
                words.append((i, cell))
            elif isinstance(cell, float) and cell != cell:
                words.append((i, None))
            elif kind is np.bool_:
                words.append((i, bool(cell)))
            else:
                others[i] = column_data([cell], f"column {self._names[i]!r}")
        return Row(np.array(numbers, dtype=np.float64), words, others, has_gaps)

    def encode(self, row: Row) -> list[NDArray[Any]]:
        """Return the encoded row for each encoder, arrays of shape (1, width).

        Raises
        ------
        InputError
            If a cell is of another kind than its column in the fit.
        """
        out = np.zeros(self._width, dtype=self._dtype)
        self._numbers.encode_into(out, row.numbers, row.has_gaps)
        positions: list[int] = []
        values: list[float] = []
        for word in row.words:
            of_word = self._kept[word]
            positions += of_word[0]
            values += of_word[1]
        out[positions] = values
        for i, column in row.others.items():
            for encoding, at in self._places[i]:
                out[at : at + len(encoding.are_numbers())] = self._encoded(encoding, column)
        return [out[start:stop].reshape(1, -1) for start, stop in self._slices]

    def _entries(self, i: int, column: ColumnData) -> Entries:
        """Return where a cell changes the encoded row, and to what."""
        positions: list[int] = []
        values: list[float] = []
        for encoding, at in self._places[i]:
            part = self._encoded(encoding, column)
            found = np.flatnonzero((part != 0) | np.signbit(part))
            positions += (found + at).tolist()
            values += part[found].tolist()
        return positions, values

    def _encoded(self, encoding: Encoding, column: ColumnData) -> NDArray[Any]:
        part = np.zeros((1, len(encoding.are_numbers())), dtype=self._dtype)
        encoding.encode_into(part, of_fitted_kind(encoding, column))
        return part[0]


def _is_of_numbers(place: tuple[Encoding, int]) -> bool:
    """Return whether numbers are encoded by ``_NumberColumns``."""
    raw = number_of(place[0])
    return raw is not None and raw.kind == "number" and not raw.exponent


class _NumberColumns:
    """The encodings of columns of numbers, computed together.

    Parameters
    ----------
    places : list of lists of (Encoding, int)
        The encodings of each column, and their positions in the encoded row.
    """

    def __init__(self, places: Sequence[Sequence[tuple[Encoding, int]]]) -> None:
        marks: list[tuple[int, int]] = []
        parts: list[tuple[NDArray[Any], ...]] = []
        values: dict[tuple[str, float], list[tuple[float, ...]]] = {}
        for column, of_column in enumerate(places):
            for encoding, at in of_column:
                raw = number_of(encoding)
                assert raw is not None
                if raw.has_values:
                    clip = (raw.clip, raw.reach if raw.clip == "far" else 0.0)
                    values.setdefault(clip, []).append((column, at, raw.centre, raw.scale, raw.fill))
                if raw.has_gaps:
                    marks.append((column, at + len(encoding.are_numbers()) - 1))
                if isinstance(encoding, PiecewiseEncoding):
                    edges = np.array(encoding.edges)
                    columns, first = np.full(len(edges) - 1, column), at + 1
                    centres = np.full(len(edges) - 1, raw.centre)
                    parts.append((columns, first + np.arange(len(columns)), centres, edges[:-1], np.diff(edges)))
        self._groups: list[Any] = [(clip, *map(np.array, zip(*found, strict=True))) for clip, found in values.items()]
        self._marks = [np.array(each, dtype=np.intp) for each in zip(*marks, strict=True)]
        self._parts = [np.concatenate(each) for each in zip(*parts, strict=True)]

    def encode_into(self, out: NDArray[Any], numbers: Floats, has_gaps: bool) -> None:
        """Write the encodings of a row of numbers, NaN at gaps."""
        for (clip, reach), columns, places, centres, scales, fills in self._groups:
            x = numbers[columns]
            standardised = (x - centres) / scales
            if has_gaps:
                standardised = np.where(np.isnan(x), fills, standardised)
            out[places] = smooth_clip(standardised) if clip == "smooth" else clip_smoothly(standardised, reach)
        if self._parts:
            columns, places, centres, low, widths = self._parts
            x = numbers[columns]
            if has_gaps:
                x = np.where(np.isnan(x), centres, x)
            out[places] = linear_parts(x, low, widths)
        if self._marks and has_gaps:
            columns, places = self._marks
            out[places] = np.isnan(numbers[columns])
