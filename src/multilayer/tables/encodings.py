"""The encodings of fitted columns: frozen records that turn a column into columns of numbers, and their reports.

:func:`multilayer.tables.fitting.fit_column` fits them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.equations.extensions.encodings import smooth_clip
from multilayer.tables._amounts import AmountForm
from multilayer.tables._column_data import ColumnData, Kind

Output = NDArray[np.float32] | NDArray[np.float64]

NARROWEST_REACH = 8.0
"""Deviations from the mean within which no number is clipped."""


class Encoding(Protocol):
    """One fitted column."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    def feature_names(self, name: str) -> list[str]:
        """Return the names of the output columns of a column called ``name``."""

    def encode_into(self, out: Output, column: ColumnData) -> None:
        """Write a column of m rows to ``out``, zeros of shape (m, width)."""

    def are_numbers(self) -> list[bool]:
        """Return for each output column whether it is a number that takes more than two values."""


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
    """Numbers, times and Booleans: ``(x 2^-exponent - centre) / scale``, then a clip; 0 or 1 for a gap.

    ``exponent`` is 0 unless the squares of the numbers overflow or underflow float64.  The clip is
    :func:`clip_smoothly` with ``reach``, or :func:`smooth_clip`.  With ``from_text``, the fitting column was text of
    numbers or dates, and ``gap_words`` are some of its other cells; ``group_mark`` and ``unit`` are the form of numbers
    that are not plain, which have marks between thousands or a unit.  ``is_continuous`` is False for Booleans and for
    numbers of two values.
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
    clip: Literal["far", "smooth"] = "far"
    is_continuous: bool = False
    gap_words: tuple[str, ...] = ()
    group_mark: Literal["", ",", "."] = ""
    unit: str = ""

    @property
    def form(self) -> AmountForm | None:
        """The form of text with marks between thousands or units; None for plain numbers."""
        return AmountForm(self.group_mark, self.unit) if self.group_mark else None

    def feature_names(self, name: str) -> list[str]:
        return [name] * self.has_values + [f"{name}=(gap)"] * self.has_gaps

    def are_numbers(self) -> list[bool]:
        return [self.is_continuous] * self.has_values + [False] * self.has_gaps

    def encode_into(self, out: Output, column: ColumnData) -> None:
        self.encode_values_into(out, self.values(column))

    def encode_values_into(self, out: Output, values: NDArray[np.float64]) -> None:
        """Write numbers of shape (m,), NaN at gaps, to ``out``."""
        gaps = np.isnan(values)
        if self.has_values:
            standardised = self.standardised(values)
            standardised[gaps] = self.fill
            out[:, 0] = smooth_clip(standardised) if self.clip == "smooth" else clip_smoothly(standardised, self.reach)
        if self.has_gaps:
            out[:, -1] = gaps

    def values(self, column: ColumnData) -> NDArray[np.float64]:
        """Return the numbers of a column, NaN at gaps."""
        return column.numbers()

    def scaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``x 2^-exponent``; far outside the fitted range it may be infinite."""
        with np.errstate(over="ignore"):
            return np.ldexp(values, -self.exponent) if self.exponent else values

    def standardised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``(x 2^-exponent - centre) / scale``; far outside the fitted range it may be infinite."""
        with np.errstate(over="ignore"):
            return (self.scaled(values) - self.centre) / self.scale


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

    def are_numbers(self) -> list[bool]:
        return [False] * (len(self.categories) + self.has_other + self.has_gaps)

    def encode_into(self, out: Output, column: ColumnData) -> None:
        codes, gaps = text_codes(column, self.categories), column.gaps
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = 1
        if self.has_other:
            out[(codes < 0) & ~gaps, len(self.categories)] = 1
        if self.has_gaps:
            out[gaps, -1] = 1


@dataclass(frozen=True)
class SignEncoding:
    """Text of two categories: -1 for the first and +1 for the second in alphabetical order; 0 for a gap and others."""

    name: str
    kind: Kind
    categories: tuple[str, str]

    def feature_names(self, name: str) -> list[str]:
        return [f"{name}={self.categories[1]}"]

    def are_numbers(self) -> list[bool]:
        return [False]

    def encode_into(self, out: Output, column: ColumnData) -> None:
        signs = np.array([-1.0, 1.0, 0.0])
        out[:, 0] = signs[text_codes(column, self.categories)]


def text_codes(column: ColumnData, categories: Sequence[str]) -> NDArray[np.intp]:
    """Return the position of each text of shape (m,) in the categories, -1 for gaps and other text."""
    return column.codes(categories) if column.kind == "text" else np.full(len(column), -1, dtype=np.intp)
