"""Different hashes for rows of equal content, so that many equal rows are divided like any others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multilayer.tables.streaming.row_hashes import mixed

MOST_CONTENTS = 1 << 19
"""The most different contents that are counted: 8 MiB."""

COPIES_TOGETHER = 4
"""So many rows of equal content have equal hashes: a file that was read twice has no copies of its validation rows."""


class RepeatCounter:
    """Gives each further group of ``COPIES_TOGETHER`` rows of equal content another hash, in the order of the rows.

    A table with few different rows, such as one of a single column of categories, would otherwise have categories that
    are only in the validation rows.  The groups depend on the content of the features and on the order of the rows, but
    not on the target.  Rows whose content is not among the first ``most`` different ones keep their hashes.

    Parameters
    ----------
    most : int, default=524288
        The most different contents that are counted.
    """

    def __init__(self, most: int = MOST_CONTENTS) -> None:
        self._most = most
        self._contents = np.zeros(0, dtype=np.uint64)  # ascending
        self._counts = np.zeros(0, dtype=np.int64)

    def hashes(self, contents: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the hashes of the next rows.

        Parameters
        ----------
        contents : array of uint64, of shape (m,)
            The hashes of their contents.

        Returns
        -------
        array of uint64, of shape (m,)
            The same hashes for the first group of each content, and others for later groups.
        """
        if not len(contents):
            return contents
        order = np.argsort(contents, kind="stable")
        ascending = contents[order]
        starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1]))
        different, counts = ascending[starts], np.diff(np.append(starts, len(contents)))
        self._insert(different, order[starts])
        places, is_counted = self._find(different)
        before = np.where(is_counted, self._counts[places], 0)
        self._counts[places[is_counted]] += counts[is_counted]
        # The number of each row among the equal ones so far.
        numbers = np.arange(len(contents)) - np.repeat(starts - before, counts)
        groups = np.where(np.repeat(is_counted, counts), numbers // COPIES_TOGETHER, 0)
        later = np.flatnonzero(groups)
        found = contents.copy()
        found[order[later]] = mixed(ascending[later] ^ mixed(groups[later].astype(np.uint64)))
        return found

    def _find(self, different: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the places of contents among the counted ones, and whether they are counted."""
        places = np.searchsorted(self._contents, different)
        places[places == len(self._contents)] = 0
        return places, self._contents[places] == different

    def _insert(self, different: NDArray[np.uint64], first: NDArray[np.intp]) -> None:
        """Begin to count contents that are new, those of earlier rows first."""
        room = self._most - len(self._contents)
        if not room:
            return
        new = np.flatnonzero(~self._find(different)[1]) if len(self._contents) else np.arange(len(different))
        if len(new) > room:
            new = np.sort(new[np.argsort(first[new])[:room]])
        places = np.searchsorted(self._contents, different[new])
        self._contents = np.insert(self._contents, places, different[new])
        self._counts = np.insert(self._counts, places, 0)
