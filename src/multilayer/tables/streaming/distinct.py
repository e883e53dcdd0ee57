"""The number of different values, in bounded memory: exact for few, estimated for many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.streaming.row_hashes import mixed

MOST_HASHES = 1 << 14


class DistinctCounter:
    """A count of different values by the k smallest of their hashes of 64 bits; exact for less than k values.

    If the k-th smallest of the hashes, which are uniform from 0 to 1, is h, there are about ``(k - 1) / h`` different
    values, with a relative standard error of ``1 / sqrt(k - 2)``: 0.8 % for k = 16,384, in 256 KiB (Bar-Yossef et al.,
    2002, "Counting Distinct Elements in a Data Stream", RANDOM).  The result depends neither on the order of the values
    nor on the run.

    Parameters
    ----------
    most_hashes : int, default=16384
        The number k.
    """

    def __init__(self, most_hashes: int = MOST_HASHES) -> None:
        self.most_hashes = most_hashes
        self._smallest: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)  # different, ascending
        self._new: list[NDArray[np.uint64]] = []  # further ones, of which some may be equal or too large
        self._n_new = 0

    def update(self, hashes: NDArray[np.uint64]) -> None:
        """Add values by their hashes; equal values have equal hashes."""
        if len(self._smallest) == self.most_hashes:
            hashes = hashes[hashes < self._smallest[-1]]
        self._new.append(hashes)
        self._n_new += len(hashes)
        if self._n_new >= self.most_hashes:
            self._merge()

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """The smallest hashes of different values, at most k, in ascending order."""
        self._merge()
        return self._smallest

    @property
    def n_bytes(self) -> int:
        """The memory of the state."""
        return self._smallest.nbytes + 8 * self._n_new

    @property
    def is_exact(self) -> bool:
        """Whether the count is exact."""
        return len(self.hashes) < self.most_hashes

    def _merge(self) -> None:
        if self._n_new:
            self._smallest = np.unique(np.concatenate([self._smallest, *self._new]))[: self.most_hashes]
        self._new, self._n_new = [], 0

    @property
    def n_different(self) -> int:
        """The number of different values, or its estimate."""
        if self.is_exact:
            return len(self.hashes)
        return round((self.most_hashes - 1) / (float(self.hashes[-1]) / 2.0**64))

    @property
    def least_different(self) -> int:
        """The number of different values, or its estimate less two standard errors."""
        if self.is_exact:
            return len(self.hashes)
        return int(self.n_different * (1.0 - 2.0 / np.sqrt(self.most_hashes - 2)))


def hashes_of_numbers(values: NDArray[Any]) -> NDArray[np.uint64]:
    """Return hashes of whole numbers, of shape (m,): different ones for different numbers."""
    # Negative numbers wrap around, as in "sum_of_hashes".
    return mixed(values.astype(np.uint64))


def hashes_of_texts(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Return hashes of texts, which are the same in every run, unlike those of Python's ``hash``."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def sum_of_hashes(low: int, high: int, step: int = 1 << 20) -> int:
    """Return the sum of the hashes of the whole numbers from ``low`` to ``high``, modulo 2^64."""
    dtype = np.uint64 if high >= 1 << 63 else np.int64
    total = 0
    for start in range(low, high + 1, step):
        n = min(step, high + 1 - start)
        total += int(hashes_of_numbers(np.arange(n).astype(dtype) + dtype(start)).sum())
    return total % (1 << 64)
