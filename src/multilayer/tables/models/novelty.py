"""How far new rows are from the rows of the fit: by single columns, and by combinations of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from multilayer.exceptions import NoveltyWarning, in_python
from multilayer.fits.errors import warn
from multilayer.tables._column_data import ColumnData
from multilayer.tables._fitted_columns import of_fitted_kind
from multilayer.tables._frames import columns_of
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.encodings import NumberEncoding, text_codes
from multilayer.tables.rules import Identifiers

Floats = NDArray[np.float64]

# A row of this novelty or more is far from the rows of the fit.
FAR = 1.0
# A new category counts if fewer rows than this share are expected to have one.
RARE = 0.01
# The share of the columns whose categories are new that makes a row far.
NEW_SHARE = 0.1
# Distances are compared with the largest of the fit times this factor.
SLACK = 1.5
# With more numbers, covariances are not used.
MOST_NUMBERS = 200
MOST_ROWS = 20_000
N_NAMED = 3


@dataclass(frozen=True, eq=False)
class ColumnRange:
    """What the rows of the fit have in one column.

    Attributes
    ----------
    name : str
        The column.
    encoding : Encoding
        Its fitted encoding.
    low, high : float
        The range of numbers, times and dates; NaN for other kinds.
    categories : tuple of str or None
        The categories; None for other kinds, and for text in which new categories are usual.
    never_gaps : bool
        Whether gaps are new.
    """

    name: str
    encoding: Any
    low: float
    high: float
    categories: tuple[str, ...] | None
    never_gaps: bool

    def distance(self, column: ColumnData) -> tuple[Floats, NDArray[np.bool_]]:
        """Return how far each number is outside the range, in halves of the range, and whether each value is new."""
        column = of_fitted_kind(self.encoding, column)
        values = range_values(self.encoding, column)
        outside = np.zeros(len(column))
        if values is None:
            gaps, new = column.gaps, np.zeros(len(column), dtype=np.bool_)
            if self.categories is not None:
                new = (text_codes(column, self.categories) < 0) & ~gaps
        else:
            gaps, new = np.isnan(values), np.zeros(len(column), dtype=np.bool_)
            if self.low < self.high:
                with np.errstate(over="ignore", invalid="ignore"):
                    beyond = np.maximum(self.low - values, values - self.high)
                    outside = np.where(beyond > 0, beyond / (0.5 * self.high - 0.5 * self.low), 0.0)
        return outside, new | (gaps & self.never_gaps)


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The ranges, categories and covariances of the rows of a fit.

    Attributes
    ----------
    encoder : TableEncoder
        An encoder of all rows of the fit, without the target.
    columns : sequence of ColumnRange
        The columns that are used.
    centre : array of shape (p,)
        The means of the scaled numbers.
    root : array of shape (p, p)
        The Cholesky factor of their covariances, lower triangular.
    reach : float
        The distance that makes a row far.
    """

    encoder: TableEncoder
    columns: Sequence[ColumnRange]
    centre: Floats
    root: Floats
    reach: float

    def by_column(self, rows: Any) -> tuple[Floats, NDArray[np.bool_]]:
        """(O1) The distance outside the range and the newness of each value, two arrays of shape (m, columns)."""
        table = columns_of(rows)
        outside = np.zeros((table.num_rows, len(self.columns)))
        new = np.zeros(outside.shape, dtype=np.bool_)
        for j, column in enumerate(self.columns):
            if column.name not in table.column_names:  # only columns that no network uses may be absent
                continue
            outside[:, j], new[:, j] = column.distance(table.column(column.name))
        return outside, new

    def novelty(self, table: Any) -> Floats:
        """(O3) max(max_j e_j, u, d / r), the largest of three distances, of shape (m,).

        e_j is the distance of a number outside the range of column j, in halves of the range.  u is the number of new
        categories and gaps over a tenth of the columns.  d is the distance (O2) of the scaled numbers, and r 1.5 times
        the largest of rows of the fit.
        """
        score = combined(*self.by_column(table))
        if len(self.centre):
            numbers = self.encoder.transform(table)[:, self.encoder.number_columns_]
            score = np.maximum(score, distances(numbers, self.centre, self.root) / self.reach)
        return score

    def warn_of_far_rows(self, table: Any) -> None:
        """Warn if rows are far by their columns, with their number and the columns."""
        self.far_rows(table).warn()

    def far_rows(self, table: Any) -> FarRows:
        """Count the rows that are far by their columns."""
        far, causes = self._far(table)
        counts = causes.sum(axis=0).tolist()
        names = [column.name for column in self.columns]
        return FarRows(len(far), int(far.sum()), Counter(dict(zip(names, counts, strict=True))))

    def far_columns(self, table: Any) -> list[tuple[str, ...]]:
        """Return the columns by which each row is far, none for rows that are not."""
        far, causes = self._far(table)
        found: list[tuple[str, ...]] = [()] * len(far)
        names = [column.name for column in self.columns]
        for row in np.flatnonzero(far).tolist():
            found[row] = tuple(names[j] for j in np.flatnonzero(causes[row]).tolist())
        return found

    def _far(self, table: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether each row is far, (m,), and the columns that are the causes, (m, columns)."""
        outside, new = self.by_column(table)
        far = combined(outside, new) >= FAR
        return far, ((outside >= FAR) | new) & far[:, None]


@dataclass(frozen=True)
class FarRows:
    """How many rows are far outside the rows of a fit, and by which columns.

    Attributes
    ----------
    n_rows, n_far : int
        The number of rows, and of those that are far.
    by_column : Counter
        The number of far rows with a value outside the range of a column or new in it.
    """

    n_rows: int
    n_far: int
    by_column: Counter[str]

    def __add__(self, other: FarRows) -> FarRows:
        """Return the counts of both."""
        both = Counter(self.by_column)
        both.update(other.by_column)
        return FarRows(self.n_rows + other.n_rows, self.n_far + other.n_far, both)

    def warn(self) -> None:
        """Give a NoveltyWarning if rows are far."""
        if self.n_far:
            warn(
                f"{self.in_words()}. Check these columns; predictions for such rows are guesses."
                + in_python(" novelty(X) returns a score for each row."),
                NoveltyWarning,
                "rows are far outside the rows of the fit.",
            )

    def in_words(self) -> str:
        """Return the number and up to three columns, without a full stop."""
        named = [(name, n) for name, n in self.by_column.most_common() if n]
        listed = ", ".join(f"{name!r} ({n})" for name, n in named[:N_NAMED])
        n_more = len(named) - N_NAMED
        rest = f" and {n_more} more column{'s' * (n_more > 1)}" if n_more > 0 else ""
        verb = "is" if self.n_far == 1 else "are"
        return f"{self.n_far} of {self.n_rows} rows {verb} far outside the rows of the fit, by values in {listed}{rest}"


def combined(outside: Floats, new: NDArray[np.bool_]) -> Floats:
    """Return max(max_j e_j, u) of each row, (m,), from arrays of shape (m, columns)."""
    n_columns = outside.shape[1]
    if not n_columns:
        return np.zeros(len(outside))
    share = new.sum(axis=1) / max(1.0, NEW_SHARE * n_columns)
    found: Floats = np.maximum(outside.max(axis=1), share)
    return found


def distances(Z: NDArray[Any], centre: Floats, root: Floats) -> Floats:
    """(O2) d = sqrt((z - μ)ᵀ Σ⁻¹ (z - μ) / p), the distance of each row from the mean, of shape (m,).

    Parameters
    ----------
    Z : array of shape (m, p)
        The rows z.
    centre : array of shape (p,)
        μ.
    root : array of shape (p, p)
        L, lower triangular, with Σ = L Lᵀ.

    Returns
    -------
    array of shape (m,)
        The distances d.

    Examples
    --------
    >>> distances(np.array([[3.0, 4.0]]), np.zeros(2), np.eye(2)).round(4).tolist()
    [3.5355]

    References
    ----------
    Mahalanobis, P. C. (1936). On the generalised distance in statistics. Proceedings of the National Institute of
    Sciences of India 2.
    """
    whitened = solve_triangular(root, (Z.astype(np.float64) - centre).T, lower=True)
    found: Floats = np.sqrt((whitened**2).mean(axis=0))
    return found


def surroundings_of(table: Any, identifiers: Identifiers = "auto") -> tuple[Surroundings, NDArray[Any]]:
    """Fit the surroundings of the rows of a table, and return them with the encoded rows."""
    table = columns_of(table)
    encoder = TableEncoder(
        dtype=np.float32,
        numbers="robust",
        two_values="signs",
        max_categories=32,
        identifiers=identifiers,
        text="typed",
        row_numbers="drop",
    )
    encoded = encoder.fit_transform(table)
    columns = [_range_of(encoding, table.column(encoding.name)) for encoding in encoder.encodings_]
    numbers = encoded[:, encoder.number_columns_]
    rows = np.random.RandomState(0).permutation(len(numbers))[:MOST_ROWS]
    Z = numbers[rows].astype(np.float64)
    centre, root = _moments(Z)
    halves = [Z[::2], Z[1::2]]
    largest = [
        distances(other, *_moments(half)).max(initial=0.0) if Z.shape[1] and len(half) > 1 else 0.0
        for half, other in (halves, halves[::-1])
    ]
    reach = SLACK * max(*largest, 1.0)
    return Surroundings(encoder, columns, centre, root, reach), encoded


def _moments(Z: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the Cholesky factor of covariances that are shrunk to the variances by p / (p + n)."""
    n, p = Z.shape
    if not p:
        return np.zeros(0), np.zeros((0, 0))
    centre = Z.mean(axis=0)
    variances = np.maximum(Z.var(axis=0), 1e-6)
    if p > MOST_NUMBERS:
        return centre, np.diag(np.sqrt(variances))
    shrunk = (Z - centre).T @ (Z - centre) * (1.0 / (n + p))
    shrunk[np.diag_indices(p)] = variances
    found: Floats = cholesky(shrunk, lower=True)
    return centre, found


def _range_of(encoding: Any, column: ColumnData) -> ColumnRange:
    column = of_fitted_kind(encoding, column)
    values = range_values(encoding, column)
    if values is None:
        counts = column.counts() if column.kind == "text" else {}
        # The share of single categories estimates the probability of a new one.
        has_few_single = sum(n == 1 for n in counts.values()) < RARE * len(column)
        categories = tuple(counts) if has_few_single else None
        return ColumnRange(encoding.name, encoding, np.nan, np.nan, categories, _is_never(column.gaps))
    gaps = np.isnan(values)
    low, high = (np.nan, np.nan) if gaps.all() else (float(np.nanmin(values)), float(np.nanmax(values)))
    return ColumnRange(encoding.name, encoding, low, high, None, _is_never(gaps))


def _is_never(gaps: NDArray[np.bool_]) -> bool:
    """Return whether no row has a gap, and so many rows would have shown gaps that are not rare."""
    return not gaps.any() and len(gaps) * RARE >= 1.0


def range_values(encoding: Any, column: ColumnData) -> Floats | None:
    """Return the numbers of a column, NaN at gaps; None for text."""
    if isinstance(encoding, DateEncoding):
        encoding = encoding.elapsed
    return encoding.values(column) if isinstance(encoding, NumberEncoding) else None
