"""A hash of each row's features, which depends neither on the place of the row nor on the order of the columns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._column_data import ColumnData
from multilayer.tables._frames import Columns

Hashes = NDArray[np.uint64]

_MOST_WORDS = 2**16  # in the cache
_LONGEST_WORD = 64  # of those in the cache
_GAP = np.uint64(0x9AE16A3B2F90404F)  # an arbitrary number, which no cell is likely to have
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mixed(words: Hashes) -> Hashes:
    """Return the outputs of the generator SplitMix64 for these states: a bijection that scatters 64-bit numbers.

    Parameters
    ----------
    words : array of uint64
        The numbers.

    Returns
    -------
    array of uint64
        Other numbers, of the same shape; different ones for different ones.

    Examples
    --------
    >>> [f"{word:016x}" for word in mixed(np.array([0, 1], dtype=np.uint64)).tolist()]
    ['e220a8397b1dcdaf', '910a2dec89025cc1']

    References
    ----------
    Steele, G. L., Lea, D. and Flood, C. H. (2014). Fast splittable pseudorandom number generators. OOPSLA.
    """
    z = words + _GOLDEN  # modulo 2**64, as all sums and products here
    z ^= z >> np.uint64(30)
    z *= _FIRST
    z ^= z >> np.uint64(27)
    z *= _SECOND
    z ^= z >> np.uint64(31)
    return z


class RowHasher:
    """Computes the hashes of the features of rows, block by block.

    The target is no part of them: rows of equal features would be divided by their targets, which a network that is
    trained on one side could learn.

    The hash of a row is ``mixed(sum_j mixed(cell_j ^ mixed(name_j)))`` over its columns j, so that their order does not
    matter.  A number, Boolean, date, time or duration is the bits of its float64, with 0.0 for -0.0; a text is the
    BLAKE2b digest of 8 bytes of its UTF-8; every gap, also NaN, is the same number.  The hashes are the same on all
    machines.
    """

    def __init__(self) -> None:
        self._words: dict[str, int] = {}  # the digests of short words, since columns repeat them

    def hashes(self, columns: Columns) -> Hashes:
        """Return the hashes of the rows of a block.

        Parameters
        ----------
        columns : Columns
            The features of m rows.

        Returns
        -------
        array of uint64, of shape (m,)
            The hashes.
        """
        total = np.zeros(columns.num_rows, dtype=np.uint64)
        for each in columns.column_names:
            total += self._of_column(columns.column(each), each)
        return mixed(total)

    def _of_column(self, column: ColumnData, name: str) -> Hashes:
        cells = self._of_words(column) if column.kind == "text" else _of_numbers(column)
        return mixed(cells ^ mixed(_digests([name])))

    def _of_words(self, column: ColumnData) -> Hashes:
        used = np.zeros(len(column.words) + 1, dtype=np.bool_)
        used[column.values] = True
        places = np.flatnonzero(used[:-1])
        words = [column.words[place] for place in places.tolist()]
        # Columns in which most texts differ seldom repeat those of earlier blocks.
        repeats = 2 * len(words) <= len(column) and len(words) <= _MOST_WORDS
        digests = np.full(len(used), _GAP)  # the last one, at -1, is a gap
        digests[places] = self._known_digests(words) if repeats else _digests(words)
        return digests[column.values]

    def _known_digests(self, words: Sequence[str]) -> Hashes:
        known = self._words
        new = [word for word in words if word not in known]
        if len(known) + len(new) > _MOST_WORDS:
            known.clear()
            new = list(words)
        known.update(zip(new, _digests(new).tolist(), strict=True))
        found = np.fromiter(map(known.__getitem__, words), np.uint64, len(words))
        for word in new:
            if len(word) > _LONGEST_WORD:
                del known[word]
        return found


def _digests(words: Sequence[str]) -> Hashes:
    """Return a number for each text: the first 8 bytes of its BLAKE2b digest of that size."""
    digests = [hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest() for word in words]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _of_numbers(column: ColumnData) -> Hashes:
    numbers = column.numbers() + 0.0  # a copy without negative zeros
    cells = numbers.view(np.uint64)
    cells[column.gaps] = _GAP  # with every NaN
    return cells
