"""Sums of the target by category and fold over all rows of a table, in one pass and in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._response import N_FOLDS, Response
from multilayer.tables.category_sums import CategorySums, repeated_texts
from multilayer.tables.streaming.categories import CategoryCounts

MOST_CELLS = 1 << 20
"""The most numbers that are kept for a column: 8 MiB."""

_BYTES_OF_ENTRY = 100  # of a dictionary, whose text the counts have, too
_BYTES_OF_MEAN = 150  # of an output and category, when encoders of two encodings are fitted


@dataclass(frozen=True, eq=False)
class RowTargets:
    """The targets of m rows, for sums by category.

    Attributes
    ----------
    values : array of shape (m,)
        The class of each row, from 0 in any order, or amounts.
    folds : array of int, of shape (m,)
        The fold of each row, from 0 to 4.
    n_classes : int
        The number of classes so far; 0 for amounts.
    """

    values: NDArray[Any]
    folds: NDArray[np.intp]
    n_classes: int

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Any) -> RowTargets:
        """Return the targets of some rows, by their numbers, a slice or a mask."""
        return replace(self, values=self.values[rows], folds=self.folds[rows])

    @property
    def n_sums(self) -> int:
        """The numbers that are kept of a category and fold: the rows of each class, or rows and the sum of amounts."""
        return self.n_classes or 2

    def add_to(self, sums: NDArray[np.float64], groups: NDArray[np.intp]) -> None:
        """Add the rows to ``sums``, of shape (n_groups, at least n_sums), in the order of the rows."""
        if self.n_classes:
            np.add.at(sums, (groups, self.values), 1.0)
        else:
            np.add.at(sums[:, 0], groups, 1.0)
            np.add.at(sums[:, 1], groups, self.values)


def joined_targets(parts: Sequence[RowTargets]) -> RowTargets:
    """Return the targets of the rows of all parts."""
    return RowTargets(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.folds for part in parts]),
        max(part.n_classes for part in parts),
    )


class TargetTotals:
    """The sums of the target over all rows of each fold.

    Amounts in all sums are differences from ``origin``, the mean of the first rows.  Their squares are kept in units of
    ``scale ** 2``, the largest difference so far rounded up to a power of two, so that they do not overflow.
    """

    def __init__(self) -> None:
        self.sums = np.zeros((N_FOLDS, 0))
        self.n_classes = 0
        self._origin = self._scale = self._squares = 0.0

    def update(self, targets: RowTargets) -> RowTargets:
        """Add the next rows, and return them with differences from the origin."""
        self.n_classes = targets.n_classes
        if not targets.n_classes:
            if not self.sums.any():
                self._origin = float(targets.values.mean())
            targets = replace(targets, values=targets.values - self._origin)
            largest = float(np.abs(targets.values).max(initial=0.0))
            if largest > self._scale:
                larger = math.ldexp(1.0, math.frexp(largest)[1])
                self._squares *= (self._scale / larger) ** 2
                self._scale = larger
            if self._scale:
                scaled = targets.values / self._scale
                self._squares += float(scaled @ scaled)
        self.sums = widened(self.sums, targets.n_sums)
        targets.add_to(self.sums, targets.folds)
        return targets

    def mean_and_deviation(self) -> tuple[float, float]:
        """Return mean and deviation of the differences of amounts; the deviation is 0 if they are equal."""
        n_rows, mean = self.sums[:, 0].sum(), self.sums[:, 1].sum()
        if not self._scale:
            return 0.0, 0.0
        mean = float(mean / n_rows)
        variance = self._squares / n_rows - (mean / self._scale) ** 2
        # The first rows, whose mean is the origin, have a share in the variance: a smaller one is rounding.
        return mean, self._scale * math.sqrt(variance) if variance > 1e-18 else 0.0


class TargetSums:
    """The sums of the target over the rows of each text and fold of a column.

    A text keeps its sums as long as it has a counter in the counts of the column, and, if there is no room for all of
    these, as long as it is among the most frequent ones.  Later rows of a text without sums begin them anew: its means
    are then those of some of its rows, whose number is kept beside them.

    Parameters
    ----------
    most_cells : int
        The most numbers; texts have ``5 n_sums`` each.
    """

    def __init__(self, most_cells: int = MOST_CELLS) -> None:
        self._most_cells = most_cells
        self._places: dict[str, int] = {}
        self._sums = np.zeros((0, N_FOLDS, 0))  # (at least n_texts, n_folds, at least n_sums)
        self._n_classes = 0
        self._error = 0  # that of the counts when texts were removed last

    @property
    def n_bytes(self) -> int:
        """The memory of the state, and of the means that are fitted to it."""
        n_outputs = self._n_classes if self._n_classes > 2 else 1
        return self._sums.nbytes + (_BYTES_OF_ENTRY + _BYTES_OF_MEAN * n_outputs) * len(self._places)

    def update(
        self, texts: Sequence[str], places: NDArray[np.intp], targets: RowTargets, counts: CategoryCounts
    ) -> None:
        """Add the next rows that have a text.

        Parameters
        ----------
        texts : sequence of str
            Different texts.
        places : array of int, of shape (m,)
            The place of each row's text among them.
        targets : RowTargets
            The targets of these rows.
        counts : CategoryCounts
            The counts of the texts, with these rows.
        """
        self._n_classes = targets.n_classes
        self.remove_uncounted(counts)
        counted = counts.counts
        found = self._places_of(texts)
        new = [texts[i] for i in np.flatnonzero(found < 0).tolist() if texts[i] in counted]
        most = max(self._most_cells // (N_FOLDS * widened(self._sums[:0], targets.n_sums).shape[2]), 2)
        if len(self._places) + len(new) > most:
            kept = self._keep_frequent(most // 2, new, counts)
            new = [text for text in new if text in kept]
            found = self._places_of(texts)
        self._sums = widened(self._sums, targets.n_sums)
        n_before = len(self._places)
        self._places |= zip(new, range(n_before, n_before + len(new)), strict=True)
        if len(self._places) > len(self._sums):
            larger = np.zeros((min(5 * len(self._places) // 4, most), *self._sums.shape[1:]))
            larger[:n_before] = self._sums[:n_before]
            self._sums = larger
        rows = (self._places_of(texts) if new else found)[places]
        known = rows >= 0
        groups = rows[known] * N_FOLDS + targets.folds[known]
        targets.take(known).add_to(self._sums.reshape(-1, self._sums.shape[2]), groups)

    def halve(self, counts: CategoryCounts) -> bool:
        """Remove half of the texts, and allow no more numbers than before; return whether there were several."""
        if len(self._places) < 2:
            return False
        self._most_cells = self._sums[0].size * len(self._places)
        self._keep_frequent(len(self._places) // 2, (), counts)
        return True

    def remove_uncounted(self, counts: CategoryCounts) -> None:
        """Remove the texts that have lost their counters."""
        if counts.error != self._error:
            self._error = counts.error
            self._keep([text for text in self._places if text in counts.counts])

    def category_sums(
        self, totals: TargetTotals, most: int, response: Response, labels: Sequence[Any] | None
    ) -> CategorySums:
        """Return the sums of the outputs over the rows of the most frequent texts.

        Parameters
        ----------
        totals : TargetTotals
            The sums over all rows.
        most : int
            The most categories.
        response : Response
            The task and the outputs.
        labels : sequence or None
            The labels of the classes 0, 1, ... as they are in the response; None for amounts.

        Returns
        -------
        CategorySums
            The sums.
        """
        n_rows = _counts(self._sums[: len(self._places)], labels).sum(axis=1).tolist()
        found = repeated_texts(dict(zip(self._places, n_rows, strict=True)), most)
        sums = self._sums[[self._places[text] for text in found]]
        return CategorySums(
            found,
            _counts(sums, labels),
            _outputs(sums, totals, response, labels),
            _counts(totals.sums, labels),
            _outputs(totals.sums, totals, response, labels),
        )

    def _places_of(self, texts: Sequence[str]) -> NDArray[np.intp]:
        """Return the places of the sums of texts, -1 for none."""
        return np.array([self._places.get(text, -1) for text in texts], dtype=np.intp)

    def _keep_frequent(self, n: int, new: Sequence[str], counts: CategoryCounts) -> set[str]:
        """Keep the sums of texts that are among the n most frequent ones, also of new texts, and return these n."""
        frequent = set(sorted([*self._places, *new], key=lambda text: -counts.counts[text])[:n])
        self._keep([text for text in self._places if text in frequent])
        return frequent

    def _keep(self, texts: Sequence[str]) -> None:
        """Remove all other texts."""
        if len(texts) == len(self._places):
            return
        self._sums = self._sums[[self._places[text] for text in texts]]
        self._places = {text: place for place, text in enumerate(texts)}


def widened(sums: NDArray[np.float64], n_sums: int) -> NDArray[np.float64]:
    """Return sums with at least ``n_sums`` entries in the last axis, where further ones are 0."""
    before = sums.shape[-1]
    if n_sums <= before:
        return sums
    larger = np.zeros((*sums.shape[:-1], max(n_sums, 2 * before)))
    larger[..., :before] = sums
    return larger


def _counts(sums: NDArray[np.float64], labels: Sequence[Any] | None) -> NDArray[np.int64]:
    """Return the numbers of rows, without the last axis of the sums."""
    found: NDArray[np.float64] = sums[..., 0] if labels is None else sums.sum(axis=-1)
    return found.astype(np.int64)


def _outputs(
    sums: NDArray[np.float64], totals: TargetTotals, response: Response, labels: Sequence[Any] | None
) -> NDArray[np.float64]:
    """Return the sums of the outputs, each of mean 0, with the outputs as the first axis."""
    if labels is None:
        mean, deviation = totals.mean_and_deviation()
        centred = sums[..., 1] - sums[..., 0] * mean
        return (centred / deviation if deviation else np.zeros_like(centred))[np.newaxis]
    n_rows = totals.sums.sum()
    classes = response.classes.tolist() if response.classes is not None else []
    of_outputs = classes[len(classes) - len(response.labels) :]
    counts = sums.sum(axis=-1)
    places = list(map(labels.index, of_outputs))
    found = [sums[..., place] - counts * (totals.sums[:, place].sum() / n_rows) for place in places]
    return np.array(found).reshape(len(of_outputs), *counts.shape)
