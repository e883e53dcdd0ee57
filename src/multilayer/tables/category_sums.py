"""Sums of the target over the rows of each category of a column of text, from which means of the target are fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.extensions.encodings import SMOOTHING, means_of_other_folds
from multilayer.tables._column_data import ColumnData
from multilayer.tables._response import N_FOLDS, Response


@dataclass(frozen=True, eq=False)
class CategorySums:
    """Sums over the rows of categories and folds, for K outputs of the target.

    Attributes
    ----------
    categories : tuple of str
        The n categories, in alphabetical order.
    counts : array of shape (n, n_folds)
        The number of rows of each category and fold.
    sums : array of shape (K, n, n_folds)
        The sums of the outputs over these rows; each output has mean 0 over all rows.
    counts_of_folds : array of shape (n_folds,)
        The number of all rows of each fold, also those with gaps or other texts.
    sums_of_folds : array of shape (K, n_folds)
        The sums of the outputs over these rows.
    """

    categories: tuple[str, ...]
    counts: NDArray[np.int64]
    sums: NDArray[np.float64]
    counts_of_folds: NDArray[np.int64]
    sums_of_folds: NDArray[np.float64]

    def means(self) -> NDArray[np.float64]:
        """Return the smoothed mean of each output and category (X3), (K, n)."""
        found: NDArray[np.float64] = self.sums.sum(axis=2) / (self.counts.sum(axis=1) + SMOOTHING)
        return found

    def cross_fitted(self) -> NDArray[np.float64]:
        """Return the mean of each output and category for the rows of each fold (X4), (K, n, n_folds)."""
        outputs = zip(self.sums, self.sums_of_folds, strict=True)
        found = [means_of_other_folds(sums, self.counts, of_folds, self.counts_of_folds) for sums, of_folds in outputs]
        return np.array(found).reshape(self.sums.shape)


def sums_of_rows(column: ColumnData, categories: tuple[str, ...], response: Response) -> CategorySums:
    """Return the sums over the rows of a column of text in memory, of which ``response`` is the target."""
    codes = column.codes(categories)
    known, shape = codes >= 0, (len(categories), N_FOLDS)
    cells, n_cells = codes[known] * N_FOLDS + response.folds[known], len(categories) * N_FOLDS
    outputs = [response.output(i) for i in range(len(response.labels))]
    return CategorySums(
        categories,
        np.bincount(cells, minlength=n_cells).reshape(shape),
        np.array([np.bincount(cells, t[known], n_cells) for t in outputs]).reshape(len(outputs), *shape),
        np.bincount(response.folds, minlength=N_FOLDS),
        np.array([np.bincount(response.folds, t, N_FOLDS) for t in outputs]).reshape(len(outputs), N_FOLDS),
    )


def repeated_texts(counts: Mapping[str, int], most: int) -> tuple[str, ...]:
    """Return the most frequent texts of at least two rows, at most ``most``, in alphabetical order."""
    repeated = [text for text, count in counts.items() if count > 1]
    repeated.sort(key=lambda text: (-counts[text], text))
    return tuple(sorted(repeated[:most]))
