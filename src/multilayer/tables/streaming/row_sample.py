"""RowSample: a uniform sample of the rows of a table of any size, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import InputError, ParameterError
from multilayer.tables._column_data import ColumnData, Kind, joined
from multilayer.tables._frames import Columns
from multilayer.tables._words import Words
from multilayer.tables.streaming.blocks import Block
from multilayer.tables.streaming.row_hashes import mixed

_OF_SAMPLE = np.uint64(0xBB67AE8584CAA73B)  # makes the choice independent of that of validation rows
_LARGEST_KEY = np.uint64(2**64 - 1)
_BYTES_OF_CELL: dict[Kind, int] = {
    "number": 9,
    "Boolean": 2,
    "text": 9,
    "date": 17,
    "time": 9,
    "duration": 9,
    "empty": 9,
}
_BYTES_OF_ROW = 24  # key, number and hash
_BYTES_OF_WORD = 64  # without its characters
_SHARE = 4  # of the memory, for the final sample; the rest is for candidates and for joining them


@dataclass(frozen=True, eq=False)
class _Rows:
    """Candidates for the sample: their keys, numbers, hashes, and columns with the target last."""

    keys: NDArray[np.uint64]
    numbers: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    columns: tuple[ColumnData, ...]

    def take(self, rows: NDArray[np.intp]) -> _Rows:
        """Return some of the rows, with the words that they use."""
        columns = tuple(with_used_words(column.take(rows)) for column in self.columns)
        return _Rows(self.keys[rows], self.numbers[rows], self.hashes[rows], columns)

    def costs(self, order: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the bytes of each row in an order, (m,); a word costs where it occurs first.

        The cost of the first rows of an order is at most that of the first rows of a larger set.  So rows that exceed
        the memory among some rows also do among all rows.
        """
        fixed = _BYTES_OF_ROW + sum(_BYTES_OF_CELL[column.kind] for column in self.columns)
        costs = np.full(len(order), fixed, dtype=np.int64)
        for column in self.columns:
            if column.kind == "text":
                codes, first = np.unique(column.values[order], return_index=True)
                lengths = [_BYTES_OF_WORD + 2 * len(column.words[code]) if code >= 0 else 0 for code in codes.tolist()]
                np.add.at(costs, first, lengths)
        return costs


class RowSample:
    """A uniform sample without replacement of the rows of a table, which is read block by block.

    Each row has a key, a hash of its features and its number; the sample holds the rows with the smallest keys
    ("bottom k" [1]_).  So it depends neither on the sizes of the blocks nor on chance, and it is independent of
    :func:`is_validation`.  If rows are large, the sample has fewer rows than asked for: as many with the smallest keys
    as fit into the memory.

    Parameters
    ----------
    n_rows : int
        The largest number of rows.
    memory : int, default=268435456
        The approximate bytes that may be used while the sample is drawn.  The sample itself has at most a quarter.

    Notes
    -----
    Let F be the distribution function of a column of the table, and F_n that of n sampled rows.  By the inequality of
    Dvoretzky, Kiefer and Wolfowitz with Massart's constant [2]_, P(max \\|F_n - F\\| > e) is at most 2 exp(-2 n e^2).
    So a quantile of 100,000 rows is off by more than 0.005 of all ranks with a probability below 0.014.  The inequality
    is of independent draws; draws without replacement vary less.  :meth:`rank_error` returns e.

    References
    ----------
    .. [1] Cohen, E. and Kaplan, H. (2007). Summarizing data using bottom-k sketches. PODC.
    .. [2] Massart, P. (1990). The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality. Annals of Probability
       18(3).
    """

    def __init__(self, n_rows: int, memory: int = 2**28) -> None:
        for option, value in (("n_rows", n_rows), ("memory", memory)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ParameterError(f"{option} must be a positive whole number, got {value!r}.")
        self._n_rows, self._memory = n_rows, memory
        self._held: list[_Rows] = []
        self._n_held = self._bytes_held = 0
        self._largest = _LARGEST_KEY  # rows with larger keys are not in the sample
        self._template: Columns | None = None
        self._fractions: set[int] = set()  # the places of columns of numbers that were not integers in some block
        self._is_final = False

    def update(self, block: Block) -> None:
        """Add the rows of the next block.

        Parameters
        ----------
        block : Block
            The block.
        """
        self._template, self._is_final = block.columns, False
        numbers = block.first + np.arange(len(block), dtype=np.int64)
        keys = mixed(block.hashes ^ mixed(numbers.astype(np.uint64) ^ _OF_SAMPLE))
        columns = (*(block.columns.column(name) for name in block.columns.column_names), block.target)
        self._fractions |= {i for i, each in enumerate(columns) if each.kind == "number" and not each.is_integer}
        kept = np.flatnonzero(keys <= self._largest)
        if not len(kept):
            return
        rows = _Rows(keys, numbers, block.hashes, columns).take(kept)
        self._held.append(rows)
        self._n_held += len(kept)
        self._bytes_held += int(rows.costs(np.arange(len(kept))).sum())
        if self._n_held > 2 * self._n_rows or self._bytes_held > 2 * self._memory // _SHARE:
            self._compact()

    @property
    def columns(self) -> Columns:
        """The features of the sample, in the order of the table."""
        final, template = self._final()
        data = dict(zip(template.column_names, final.columns, strict=False))
        return Columns(
            template.column_names,
            len(final.keys),
            data.__getitem__,
            notes=template.notes,
            file_notes=template.file_notes,
        )

    @property
    def target(self) -> ColumnData:
        """The target of the sample."""
        return self._final()[0].columns[-1]

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The numbers of the rows among those of all blocks, ascending."""
        return self._final()[0].numbers

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """The hashes of the rows, for :func:`is_validation`."""
        return self._final()[0].hashes

    def rank_error(self, confidence: float = 0.99) -> float:
        """Return the largest error of the ranks of quantiles, as a share of all rows, with this probability.

        Parameters
        ----------
        confidence : float, default=0.99
            The probability that no rank is further off, between 0 and 1.

        Returns
        -------
        float
            The error by the inequality in the Notes of the class.
        """
        if not 0 < confidence < 1:
            raise ParameterError(f"confidence must be a number between 0 and 1, got {confidence!r}.")
        return math.sqrt(math.log(2 / (1 - confidence)) / (2 * len(self.numbers)))

    def _final(self) -> tuple[_Rows, Columns]:
        """Return the sample in the order of the table."""
        if self._template is None or not self._held:
            raise InputError("the sample has no rows. Pass it blocks first.")
        if not self._is_final:
            self._compact()
            rows = self._held[0].take(np.argsort(self._held[0].numbers))
            columns = (_as_floats(each) if i in self._fractions else each for i, each in enumerate(rows.columns))
            self._held = [replace(rows, columns=tuple(columns))]
            self._is_final = True
        return self._held[0], self._template

    def _compact(self) -> None:
        """Join the candidates, and keep those with the smallest keys."""
        rows = _joined_rows(self._held)
        order = np.lexsort((rows.numbers, rows.keys))[: self._n_rows]
        costs = np.cumsum(rows.costs(order))
        n = max(int(np.searchsorted(costs, self._memory // _SHARE, side="right")), 1)
        if n < len(rows.keys) or n == self._n_rows:
            self._largest = rows.keys[order[n - 1]]
        self._held = [rows.take(order[:n])]
        self._n_held, self._bytes_held = n, int(costs[n - 1])


def _joined_rows(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.hashes for part in parts]),
        tuple(joined_columns(each) for each in zip(*(part.columns for part in parts), strict=True)),
    )


def joined_columns(parts: Sequence[ColumnData]) -> ColumnData:
    """Join columns in pairs, so that each value is copied a few times only."""
    while len(parts) > 1:
        pairs = [joined(one, other) for one, other in zip(parts[::2], parts[1::2], strict=False)]
        if None in pairs:
            raise InputError("the blocks have columns of different kinds. Pass blocks of one table.")
        parts = [*(pair for pair in pairs if pair is not None), *parts[len(parts) - len(parts) % 2 :]]
    return parts[0]


def with_used_words(column: ColumnData) -> ColumnData:
    """Return a column with the words that occur in it only, in the order of their first occurrence."""
    if column.kind != "text":
        return column
    codes, first, inverse = np.unique(column.values, return_index=True, return_inverse=True)
    order = np.argsort(np.where(codes < 0, len(column), first))  # the gap last, if there is one
    used = codes[order[: len(order) - int((codes < 0).any())]]
    places = np.empty(len(codes), dtype=np.intp)
    places[order] = np.arange(len(codes))
    places[codes < 0] = -1
    return replace(column, values=places[inverse], words=Words([column.words[code] for code in used.tolist()]))


def _as_floats(column: ColumnData) -> ColumnData:
    return replace(column, values=column.numbers()) if column.is_integer else column
