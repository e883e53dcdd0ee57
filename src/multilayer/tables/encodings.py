"""The encodings of fitted columns: frozen records that turn a column into columns of numbers, and their reports.

:func:`multilayer.tables.fitting.fit_column` fits them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._arrow import Kind, import_pyarrow, is_gap, numbers, texts
from multilayer.tables._cells import spelled_numbers

Output = NDArray[np.float32] | NDArray[np.float64]

NARROWEST_REACH = 8.0
"""Deviations from the mean within which no number is clipped."""


@dataclass(frozen=True)
class ColumnReport:
    """How a :class:`TableEncoder` encodes one column of the table it was fitted on.

    Attributes
    ----------
    name : str
        The column's name.
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kind of its values.
    encoding : str
        The encoding in words.
    n_gaps : int
        Number of fitting rows without a value.
    width : int
        Number of output columns; 0 for a dropped column.
    is_identifier : bool
        Whether the column only identifies rows: text, which is dropped, or whole numbers, which are kept.
    bounds : tuple of two floats or None
        The smallest and the largest number that is not clipped, in the units of the column (seconds for dates and
        times); None for other kinds.
    """

    name: str
    kind: Kind
    encoding: str
    n_gaps: int
    width: int
    is_identifier: bool = False
    bounds: tuple[float, float] | None = None


class Encoding(Protocol):
    """One fitted column."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    def feature_names(self, name: str) -> list[str]:
        """Return the names of the output columns of a column called ``name``."""

    def encode_into(self, out: Output, column: Any) -> None:
        """Write an Arrow column of m rows to ``out``, zeros of shape (m, width)."""


def clip_smoothly(standardised: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Clip numbers beyond ``reach`` smoothly to at most twice ``reach``, in place; the others do not change.

    The numbers, of shape (m,), may be infinite but not NaN.  For ``|z| > r``, ``sign(z) r (2 - r / |z|)`` continues
    ``z`` with the same slope, is monotonic, and is ``2 r`` at infinity.

    Examples
    --------
    >>> clip_smoothly(np.array([1.5, -8.0, 16.0, np.inf]), 8.0).tolist()
    [1.5, -8.0, 12.0, 16.0]
    """
    if len(standardised) and (standardised.max() > reach or standardised.min() < -reach):
        far = np.abs(standardised) > reach
        z = standardised[far]
        standardised[far] = np.copysign(reach * (2.0 - reach / np.abs(z)), z)
    return standardised


@dataclass(frozen=True)
class NumberEncoding:
    """Numbers, times and Booleans: ``(x 2^-exponent - centre) / scale``, clipped beyond ``reach``; 0 or 1 for a gap.

    ``exponent`` is 0 unless the squares of the numbers overflow or underflow float64.  With ``from_text``, the fitting
    column was text of which a few cells spelled no number.
    """

    name: str
    kind: Kind
    centre: float
    scale: float
    exponent: int
    fill: float
    reach: float
    has_values: bool
    has_gaps: bool
    from_text: bool = False

    def feature_names(self, name: str) -> list[str]:
        return [name] * self.has_values + [f"{name}=(gap)"] * self.has_gaps

    def encode_into(self, out: Output, column: Any) -> None:
        if self.from_text:
            column = as_spelled(column)
        values = numbers(column, f"column {self.name!r}", allow_infinity=True)
        gaps = np.isnan(values)
        if self.has_values:
            standardised = self.standardised(values)
            standardised[gaps] = self.fill
            out[:, 0] = clip_smoothly(standardised, self.reach)
        if self.has_gaps:
            out[:, -1] = gaps

    def standardised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        # A number far outside the fitted range may become infinite here, and is clipped later.
        with np.errstate(over="ignore"):
            scaled = np.ldexp(values, -self.exponent) if self.exponent else values
            return (scaled - self.centre) / self.scale


def as_spelled(column: Any) -> Any:
    """Convert a column of text to the numbers that it spells; return other columns unchanged."""
    types = import_pyarrow("encoding tables").types
    is_text = types.is_string(column.type) or types.is_large_string(column.type) or types.is_dictionary(column.type)
    return spelled_numbers(texts(column)) if is_text else column


@dataclass(frozen=True)
class TextEncoding:
    """Text: one column of 0 and 1 for each category, then optional columns for the others and for gaps."""

    name: str
    kind: Kind
    categories: tuple[str, ...]
    has_other: bool
    has_gaps: bool

    def feature_names(self, name: str) -> list[str]:
        kept = [f"{name}={category}" for category in self.categories]
        return kept + [f"{name}=(other)"] * self.has_other + [f"{name}=(gap)"] * self.has_gaps

    def encode_into(self, out: Output, column: Any) -> None:
        pa = import_pyarrow("encoding tables")
        words = texts(column)
        known = pa.array(self.categories, pa.large_string())
        codes = pa.compute.index_in(words, value_set=known).fill_null(-1).to_numpy()  # (m,)
        gaps = is_gap(words)
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = 1
        if self.has_other:
            out[(codes < 0) & ~gaps, len(self.categories)] = 1
        if self.has_gaps:
            out[gaps, -1] = 1
