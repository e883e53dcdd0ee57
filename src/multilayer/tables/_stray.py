"""Columns of text in which all but a few cells spell numbers or dates: whether these few are gaps, and their report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._names import shortened
from multilayer.tables._notes import ColumnNote
from multilayer.tables._spellings import FEW_VALUES

_MOST_STRAY = 0.05
_MOST_MARKED = 0.5
_LISTED = 3

WordsAt = Callable[[NDArray[np.intp]], Sequence[Any]]
"""From row numbers to the texts in these rows."""


@dataclass(frozen=True, eq=False)
class Conversion:
    """A column of text that was converted cell by cell.

    Attributes
    ----------
    plural, singular : str
        What the cells spell, such as "numbers" and "number".
    stray : array of bool of shape (m,)
        The cells that spell something else.
    n_different : int
        The number of different values of the other cells.
    converted : column
        The result, with gaps in place of the stray cells.
    """

    plural: str
    singular: str
    stray: NDArray[np.bool_]
    n_different: int
    converted: Any


def chosen_conversion(
    conversions: Iterable[Conversion], n_values: int, words_at: WordsAt, *, complete: bool
) -> tuple[Conversion | None, ColumnNote]:
    """Return the first conversion with a few stray cells, which become gaps; None if there is none.

    With ``complete``, a conversion without stray cells is chosen too.

    "A few" is at most one in twenty, or one repeated word (a mark for a gap) in less than half of the cells.  A column
    of at most twenty different numbers stays text, with a note, because a category keeps the meaning of a word, as in
    0, 1, 2, "3 or more".
    """
    note = ColumnNote()
    for each in conversions:
        rows = each.stray.nonzero()[0]
        share = len(rows) / n_values
        few = share <= _MOST_STRAY or (share < _MOST_MARKED and len({word.lower() for word in words_at(rows)}) == 1)
        if not few or not (len(rows) or complete):
            continue
        if each.n_different > FEW_VALUES:
            found = _counted_as_gaps(each, n_values, words_at) if len(rows) else f"text that spells {each.plural}"
            return each, ColumnNote(found)
        if not len(rows):
            continue
        cells = stray_cells(each, n_values, words_at)
        gaps = "it marks a gap, leave the cell" if len(rows) == 1 else "they mark gaps, leave the cells"
        note = ColumnNote(f"kept as text, because {cells}; if {gaps} empty")
    return None, note


def _counted_as_gaps(conversion: Conversion, n_values: int, words_at: WordsAt) -> str:
    head, _, tail = stray_cells(conversion, n_values, words_at).partition(": ")
    return f"{head} and {'counts as a gap' if conversion.stray.sum() == 1 else 'count as gaps'}: {tail}"


def stray_cells(conversion: Conversion, n_values: int, words_at: WordsAt) -> str:
    """Describe cells, such as ``2 of 90 cells are not numbers: 'n/a!' (data row 7), 'x' (data row 9)``."""
    rows = conversion.stray.nonzero()[0]
    some = rows[:1000]
    words: dict[str, int] = {}
    for row, word in zip(some.tolist(), words_at(some), strict=True):
        words.setdefault(word, row)
        if len(words) == _LISTED:
            break
    listed = ", ".join(f"{shortened(word)} (data row {row + 1})" for word, row in words.items())
    more = f" and {len(rows) - len(words):,} more" if len(rows) > len(words) else ""
    verb = f"is not a {conversion.singular}" if len(rows) == 1 else f"are not {conversion.plural}"
    return f"{len(rows):,} of {n_values:,} cells {verb}: {listed}{more}"
