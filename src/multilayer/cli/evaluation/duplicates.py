"""Tested rows that equal training rows, whose scores may be too good."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.cli.evaluation.problem import RowNumbers
from multilayer.cli.text import count
from multilayer.tables import ColumnReport

_BEYOND_CHANCE = 3.0  # more duplicates than so many times the expected number are not chance
_MANY = 0.01  # share of the tested rows that changes the scores
# An odd number near 2**64 divided by the golden ratio: its products spread over all bits.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def note_on_duplicates(n: int, n_tested: int, expected: float, advice: str) -> str:
    """A note, with the advice if there are many duplicates; "" for no more than by chance."""
    if n <= _BEYOND_CHANCE * expected:
        return ""
    fact = (
        f"{n:,} of {count(n_tested, 'tested row')} {'equals a row' if n == 1 else 'equal rows'} to train on in every "
        "column and in the target"
    )
    return fact if n < _MANY * n_tested else f"{fact}: if these are repeats, the scores are too good. {advice}"


def find_duplicates(
    features: Any, reports: Sequence[ColumnReport], y: NDArray[Any], splits: Iterable[tuple[RowNumbers, RowNumbers]]
) -> tuple[int, int, float]:
    """The numbers of duplicates, of tested rows, and of duplicates that independent columns would have.

    A duplicate is a tested row that equals a training row in the target and in all columns that neither are dropped nor
    number rows.  ``features`` is a pyarrow.Table of m rows, ``y`` (m,) the target.
    """
    used = [report for report in reports if report.width > 0 and not report.is_identifier]
    columns = [_codes(features.column(report.name)) for report in used]
    hashed = np.zeros(len(y), dtype=np.uint64)
    chance = 1.0
    for codes in (*columns, np.unique(y, return_inverse=True)[1]):
        hashed = (hashed + codes.astype(np.uint64) + np.uint64(1)) * _SPREAD
        hashed ^= hashed >> _SHIFT
        sizes, m = np.bincount(codes), len(codes)
        # The probability that two different rows have the same value.
        chance *= float(np.sum(sizes * (sizes - 1.0))) / max(m * (m - 1.0), 1.0)
    n, n_tested, expected = 0, 0, 0.0
    for train, test in splits:
        n += int(np.isin(hashed[test], hashed[train]).sum())
        n_tested += len(test)
        expected += -len(test) * math.expm1(-len(train) * chance)
    return n, n_tested, expected


def _codes(column: Any) -> NDArray[np.int64]:
    """A number for each different value of a column, 0 for gaps."""
    chunk = column.combine_chunks()
    indices = chunk.dictionary_encode().indices if not hasattr(chunk, "indices") else chunk.indices
    return np.asarray(indices.cast("int64").fill_null(-1).to_numpy(zero_copy_only=False)) + 1
