"""Piecewise-linear encoding of numbers: thresholds by quantiles or by a decision tree, and the parts between them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from multilayer._constant import rounding
from multilayer.equations.extensions.encodings import piecewise_linear
from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._response import Response
from multilayer.tables.column_summaries import NumberSummary
from multilayer.tables.encodings import Encoding, NumberEncoding, Output
from multilayer.tables.reports import ColumnReport

FEWEST_PARTS, MOST_PARTS, MOST_COLUMNS = 4, 48, 384
"""Most parts of one column: 384 divided by the number of columns, but at least 4 and at most 48."""

MOST_PARTS_OF_CLASSES = 32
"""Most parts of one column if the target holds classes, which have less to say of a small part than amounts."""

FEWEST_ROWS, LEAST_SHARE = 8, 1000
"""Fewest rows of a part: 8, or one row in 1,000."""


def most_parts(n_columns: int, *, classes: bool = False) -> int:
    """Return the largest number of parts of a column if ``n_columns`` columns are encoded.

    Examples
    --------
    >>> most_parts(10), most_parts(10, classes=True), most_parts(50), most_parts(1000)
    (38, 32, 7, 4)
    """
    most = MOST_PARTS_OF_CLASSES if classes else MOST_PARTS
    return max(FEWEST_PARTS, min(most, MOST_COLUMNS // max(n_columns, 1)))


def fewest_rows(n_rows: int) -> int:
    """Return the smallest number of fitting rows of a part."""
    return max(FEWEST_ROWS, n_rows // LEAST_SHARE)


def threshold_shares(n_rows: int, most: int) -> NDArray[np.float64]:
    """Return the shares of rows below the thresholds between parts of equally many rows.

    Examples
    --------
    >>> threshold_shares(41, most=4).tolist()
    [0.25, 0.5, 0.75]
    """
    n_parts = max(1, min(most, n_rows // fewest_rows(n_rows)))
    return np.linspace(0.0, 1.0, n_parts + 1)[1:-1]


def tree_thresholds(x: NDArray[np.float64], y: NDArray[Any], most: int, *, classes: bool) -> NDArray[np.float64]:
    """Return the thresholds of a decision tree of at most ``most`` leaves that predicts y from this column.

    The tree receives the ranks of the numbers, because scikit-learn's trees compute in float32, and a threshold is the
    midpoint of the two neighbouring numbers.

    Examples
    --------
    >>> x = np.arange(40.0)
    >>> tree_thresholds(x, x >= 30, most=4, classes=True).tolist()
    [29.5]
    """
    different, ranks = np.unique(x, return_inverse=True)
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    # Without a least decrease of impurity a tree would also split rows whose y differ by rounding.
    tree = kind(max_leaf_nodes=most, min_samples_leaf=fewest_rows(len(x)), min_impurity_decrease=1e-12, random_state=0)
    fitted = tree.fit(ranks[:, None].astype(np.float32), y).tree_
    below = np.unique(fitted.threshold[fitted.children_left >= 0].astype(np.intp))
    middle: NDArray[np.float64] = 0.5 * different[below] + 0.5 * different[below + 1]
    return middle


MOST_NUMBERS = 1 << 16
"""The largest number of parts that are computed at once, because all parts of many rows need much memory."""


@dataclass(frozen=True)
class PiecewiseEncoding:
    """A number, then its parts by :func:`piecewise_linear`, then the column for gaps.

    The edges are in units of ``x 2^-exponent``.  A gap has the parts of the number that replaces it.
    """

    raw: NumberEncoding
    edges: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.raw.name

    @property
    def kind(self) -> Kind:
        return self.raw.kind

    def feature_names(self, name: str) -> list[str]:
        with np.errstate(over="ignore"):
            edges = [f"{edge:.4g}" for edge in np.ldexp(self.edges, self.raw.exponent)]
        parts = [f"{name}=({low} to {high})" for low, high in itertools.pairwise(edges)]
        first, *gap = self.raw.feature_names(name)
        return [first, *parts, *gap]

    def are_numbers(self) -> list[bool]:
        first, *gap = self.raw.are_numbers()
        return [first, *[False] * (len(self.edges) - 1), *gap]

    def encode_into(self, out: Output, column: ColumnData) -> None:
        values = self.raw.values(column)
        ends = [0, -1] if self.raw.has_gaps else [0]
        edge = np.zeros((len(out), len(ends)))
        self.raw.encode_values_into(edge, values)
        out[:, ends] = edge
        scaled = np.where(np.isnan(values), self.raw.centre, self.raw.scaled(values))
        edges, n_parts = np.array(self.edges), len(self.edges) - 1
        step = max(MOST_NUMBERS // n_parts, 1)
        for start in range(0, len(out), step):
            rows = slice(start, start + step)
            out[rows, 1 : 1 + n_parts] = piecewise_linear(scaled[rows], edges)


def is_piecewise(encoding: Encoding | None) -> bool:
    """Return whether a column of this encoding can get parts: numbers and durations of more than two values."""
    return isinstance(encoding, NumberEncoding) and encoding.is_continuous and encoding.kind in ("number", "duration")


def with_parts(
    raw: NumberEncoding, report: ColumnReport, numbers: NumberSummary, most: int, response: Response | None
) -> tuple[Encoding, ColumnReport]:
    """Add parts to the encoding of a number, with thresholds by a tree on y if there is one, else by quantiles.

    ``response`` is the target of the cells in memory.
    """
    if response is None:
        thresholds = numbers.quantiles(threshold_shares(numbers.n_values, most), raw.exponent)
        source = f"quantiles{numbers.quantile_words}"
    else:
        values = raw.values(numbers.cells)
        is_present = ~np.isnan(values)
        x, y = raw.scaled(values[is_present]), response.values[is_present]
        # The rows of a sample may be gaps only.
        thresholds = tree_thresholds(x, y, most, classes=response.task == "classification") if len(x) else x
        source = f"a decision tree on the target{numbers.cells_words}"
    low, high = raw.scaled(np.array([numbers.low, numbers.high])).tolist()
    edges = _distinct(thresholds, low, high, numbers.rounding_type)
    if len(edges) < 3:
        return raw, replace(report, encoding=f"{report.encoding}; no thresholds by {source}")
    encoding = PiecewiseEncoding(raw, tuple(edges))
    done = f"{report.encoding}; {len(edges) - 1} piecewise-linear parts with thresholds by {source}"
    return encoding, replace(report, encoding=done, width=len(encoding.feature_names(raw.name)))


def _distinct(thresholds: NDArray[np.float64], low: float, high: float, dtype: Any) -> list[float]:
    """Return the minimum, the thresholds and the maximum, without those that differ only by rounding."""
    least = float(rounding(low, high, dtype))
    edges = [low]
    for threshold in thresholds.tolist():
        if threshold - edges[-1] > least and high - threshold > least:
            edges.append(threshold)
    return [*edges, high]
