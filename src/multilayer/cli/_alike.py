"""Rows that are tested and trained on alike: scores that may be too good."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli._split import Rows
from multilayer.cli._tables import count
from multilayer.tables import ColumnReport

# So many times more than by chance are no chance.
_BEYOND_CHANCE = 3.0
_MANY = 0.01  # share of the tested rows that scores are changed by
# An odd number near 2**64 divided by the golden ratio: its products spread over all bits.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True)
class AlikeRows:
    """How many of the tested rows equal a row to train on in the target and in all columns used except row numbers."""

    n: int
    n_tested: int
    expected: float  # if the columns had nothing to do with each other

    def note(self, advice: str) -> str:
        """What to know of it; "" for none, or no more than few different values bring about."""
        if self.n <= _BEYOND_CHANCE * self.expected:
            return ""
        fact = self._fact()
        if self.n < _MANY * self.n_tested:
            return fact
        return f"{fact}: if these are repeats, the scores are too good. {advice}"

    def _fact(self) -> str:
        same = "equals a row" if self.n == 1 else "equal rows"
        return (
            f"{self.n:,} of {count(self.n_tested, 'tested row')} {same} to train on in every column and in the target"
        )


def alike_rows(
    features: Any, reports: Sequence[ColumnReport], y: NDArray[Any], splits: Iterable[tuple[Rows, Rows]]
) -> AlikeRows:
    """Compare the rows of both sides of each split.

    Parameters
    ----------
    features : a pyarrow table of m rows
    reports : what is done with each of its columns; those that are left out or number the rows may differ
    y : the target (m,)
    splits : pairs of row numbers, (train, test)
    """
    columns = [_codes(features.column(report.name)) for report in reports if _is_compared(report)]
    hashed = np.zeros(len(y), dtype=np.uint64)
    chance = 1.0
    for codes in (*columns, np.unique(y, return_inverse=True)[1]):
        hashed = (hashed + codes.astype(np.uint64) + np.uint64(1)) * _SPREAD
        hashed ^= hashed >> _SHIFT
        chance *= _chance_of_a_pair(np.bincount(codes))
    n, n_tested, expected = 0, 0, 0.0
    for train, test in splits:
        n += int(np.isin(hashed[test], hashed[train]).sum())
        n_tested += len(test)
        expected += -len(test) * math.expm1(-len(train) * chance)
    return AlikeRows(n, n_tested, expected)


def _is_compared(report: ColumnReport) -> bool:
    return report.width > 0 and not report.is_identifier


def _chance_of_a_pair(sizes: NDArray[np.int64]) -> float:
    """That two different rows have the same value, of which there are so many of each."""
    n = int(sizes.sum())
    return float(np.sum(sizes * (sizes - 1.0))) / max(n * (n - 1.0), 1.0)


def _codes(column: Any) -> NDArray[np.int64]:
    """A number for each different value of a column, 0 for gaps."""
    chunk = column.combine_chunks()
    indices = chunk.dictionary_encode().indices if not hasattr(chunk, "indices") else chunk.indices
    codes: NDArray[np.int64] = indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)
    return codes + 1
