"""The counts of the most frequent texts of a column, in bounded memory and with a known error."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from multilayer.tables.streaming.distinct import DistinctCounter, hashes_of_texts

MOST_COUNTERS = 1 << 16
MOST_BYTES = 1 << 24
"""The limits of the counters of a column: 65,536 texts, and 16 MiB with the texts themselves."""

FEWEST_COUNTERS = 256
"""The counters that are kept whatever the size of their texts."""

_BYTES_OF_ENTRY = 100  # of a dictionary, without the text


class CategoryCounts:
    """How often texts occur: exactly while they fit into the limits, then for the most frequent ones.

    Beyond a limit, at most half of the counters are kept (Misra and Gries, 1982; Agarwal et al., 2013, "Mergeable
    Summaries"): the count of the most frequent text that does not fit is subtracted from all counters, and texts of
    count 0 are removed.  A count is too small by at most ``error``, the sum of the subtracted counts, and a text
    without a counter occurs at most ``error`` times.  Each subtraction removes its count from more than ``most // 2``
    counters, so that ``error`` is at most ``n / (most // 2 + 1)`` of n rows: 0.003 % (more only for long texts, which
    reach the limit of bytes first).

    Parameters
    ----------
    most : int, default=65536
        The largest number of counters.
    most_bytes : int, default=16 MiB
        The largest memory of counters and texts, if these are more than ``FEWEST_COUNTERS``.
    """

    def __init__(self, most: int = MOST_COUNTERS, most_bytes: int = MOST_BYTES) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.counts: dict[str, int] = {}
        self.n_bytes = 0
        self.error = 0
        self.different: DistinctCounter | None = None  # from the first subtraction on

    def update(self, found: Mapping[str, int]) -> None:
        """Add counts."""
        counts = self.counts
        new = [text for text in found if text not in counts]
        for text, n in found.items():
            counts[text] = counts.get(text, 0) + n
        self.n_bytes += sum(map(_size, new))
        if self.different is not None and new:
            self.different.update(hashes_of_texts(new))
        if len(counts) > self.most or (self.n_bytes > self.most_bytes and len(counts) > FEWEST_COUNTERS):
            self._subtract()

    @property
    def is_exact(self) -> bool:
        """Whether all texts have a counter."""
        return self.different is None

    @property
    def is_estimated(self) -> bool:
        """Whether the number of different texts is an estimate."""
        return self.different is not None and not self.different.is_exact

    @property
    def n_different(self) -> int:
        """The number of different texts, or its estimate."""
        return len(self.counts) if self.different is None else max(self.different.n_different, len(self.counts))

    @property
    def least_different(self) -> int:
        """The number of different texts, or a lower bound (two standard errors below the estimate)."""
        return len(self.counts) if self.different is None else self.different.least_different

    def halve(self) -> None:
        """Remove half of the counters, if these are more than ``FEWEST_COUNTERS``, and allow no more than before."""
        if len(self.counts) > FEWEST_COUNTERS:
            self.most = len(self.counts)
            self._subtract()

    def _subtract(self) -> None:
        if self.different is None:
            self.different = DistinctCounter()
            self.different.update(hashes_of_texts(self.counts))
        counts = np.fromiter(self.counts.values(), np.int64, len(self.counts))
        sizes = np.fromiter(map(_size, self.counts), np.int64, len(self.counts))
        order = np.argsort(-counts, kind="stable")
        n_fitting = int(np.searchsorted(np.cumsum(sizes[order]), self.most_bytes // 2, side="right"))
        n_kept = min(max(n_fitting, FEWEST_COUNTERS), self.most // 2, len(counts) - 1)
        cut = int(counts[order[n_kept]])
        self.counts = {text: count - cut for text, count in self.counts.items() if count > cut}
        self.n_bytes = sum(map(_size, self.counts))
        self.error += cut


def _size(text: str) -> int:
    return sys.getsizeof(text) + _BYTES_OF_ENTRY
