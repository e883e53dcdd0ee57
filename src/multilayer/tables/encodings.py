"""How one column becomes columns of numbers: what is learned from it, and how it is written out.

A column is fitted by :func:`fit_column`, which returns an encoding (or None for a column that is left out) and
a :class:`ColumnReport` in plain words.  The encodings are frozen records of text and numbers.

Rules
-----
* A gap in numbers takes the mean, in Booleans the share of True; in text no category is set.  Where the fitting
  rows have gaps, a column of 0 and 1 says so in addition.
* A column that holds one value is left out; where it also has gaps, the column of 0 and 1 for them stays.
* Text of more than ``max_categories`` categories keeps the ``max_categories - 1`` most frequent (of equally
  frequent ones the alphabetically first); the others share one column, "other".
* Text of more than 20 values of which 95 % or more differ is an identifier or free text and is left out: as
  categories, each of which was seen about once, it would let a network learn the rows by heart.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._arrow import Kind, import_pyarrow, is_gap, kind_of, numbers, texts

Output = NDArray[np.float32] | NDArray[np.float64]

_FEW_VALUES = 20
_IDENTIFIER_SHARE = 0.95
_DECIMAL_COMMA = re.compile(r"[-+]?\d+(?:[.,]\d+)*,\d+")
# "1,500 EUR", "$ 9.50", "12%", "3 km"; not "01067", which has nothing to be taken away.
_AMOUNT = re.compile(r"(?![\d.+-]+$)(?:[$€£¥]|[A-Z]{3} )? ?[-+]?\d+(?:[.,]\d+)*(?: ?[%$€£¥°]| [^\W\d]{1,4}[²³]?)?")
# "31/12/2020 23:59", "31.12.20".
_DATE = re.compile(r"\d{1,2}([/.-])\d{1,2}\1(?:\d{2}){1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?)?", re.IGNORECASE)
_WORDS: dict[Kind, str] = {
    "date": "seconds since 1970 (UTC), ",
    "time": "seconds since midnight, ",
    "duration": "seconds, ",
}


@dataclass(frozen=True)
class ColumnReport:
    """What a :class:`TableEncoder` did with one column of the table it was fitted on.

    Attributes
    ----------
    name : the column's name
    kind : "number", "Boolean", "text", "date", "time", "duration" or "empty"
    done : what was done, in plain words
    n_gaps : number of fitting rows without a value
    width : number of columns of the output; 0 for a column that was left out
    """

    name: str
    kind: Kind
    done: str
    n_gaps: int
    width: int


class Encoding(Protocol):
    """One fitted column."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    def feature_names(self) -> list[str]:
        """A name for each output column; as many as the encoding is wide."""
        ...

    def encode_into(self, out: Output, column: Any) -> None:
        """Write an Arrow column of m rows to ``out``, zeros of shape (m, width)."""
        ...


@dataclass(frozen=True)
class NumberEncoding:
    """Numbers, dates and Booleans: ``(x 2^-exponent - centre) / scale``, and 0 or 1 for a gap.

    ``exponent`` is 0 unless the numbers are so large or small that their squares leave float64.
    """

    name: str
    kind: Kind
    centre: float
    scale: float
    exponent: int
    fill: float
    has_values: bool
    has_gaps: bool

    def feature_names(self) -> list[str]:
        return [self.name] * self.has_values + [f"{self.name}=(gap)"] * self.has_gaps

    def encode_into(self, out: Output, column: Any) -> None:
        values = numbers(column, f"column {self.name!r}")
        gaps = np.isnan(values)
        if self.has_values:
            limit = float(np.finfo(out.dtype).max)
            # A number far outside the fitted range may overflow here; it becomes the largest finite one.
            with np.errstate(over="ignore"):
                scaled = np.ldexp(values, -self.exponent) if self.exponent else values
                standardised = (scaled - self.centre) / self.scale
            standardised[gaps] = self.fill
            out[:, 0] = np.clip(standardised, -limit, limit, out=standardised)
        if self.has_gaps:
            out[:, -1] = gaps


@dataclass(frozen=True)
class TextEncoding:
    """Text: one column of 0 and 1 for each category, then perhaps one for the others and one for gaps."""

    name: str
    kind: Kind
    categories: tuple[str, ...]
    has_other: bool
    has_gaps: bool

    def feature_names(self) -> list[str]:
        kept = [f"{self.name}={category}" for category in self.categories]
        return kept + [f"{self.name}=(other)"] * self.has_other + [f"{self.name}=(gap)"] * self.has_gaps

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


def fit_column(name: str, column: Any, max_categories: int) -> tuple[Encoding | None, ColumnReport]:
    """Learn how to encode one Arrow column of at least one row.

    Returns
    -------
    The encoding, or None for a column that is left out, and the report of what was done.

    Raises
    ------
    InputError
        For infinity and for types that cannot be encoded.
    """
    kind = kind_of(column, f"column {name!r}")
    if kind == "text":
        return _fit_text(name, column, max_categories)
    return _fit_numbers(name, kind, column)


def _fit_numbers(name: str, kind: Kind, column: Any) -> tuple[Encoding | None, ColumnReport]:
    values = numbers(column, f"column {name!r}")
    present = values[~np.isnan(values)]
    n_gaps = len(values) - len(present)
    if not len(present):
        return None, ColumnReport(name, kind, "left out: every cell is a gap", n_gaps, 0)
    low, high = float(present.min()), float(present.max())
    if low == high:
        encoding = NumberEncoding(name, kind, 0.0, 1.0, 0, 0.0, has_values=False, has_gaps=n_gaps > 0)
        return _constant(encoding, str(_first_value(column)), n_gaps)
    if kind == "Boolean":
        share = float(present.mean())
        encoding = NumberEncoding(name, kind, 0.0, 1.0, 0, share, has_values=True, has_gaps=n_gaps > 0)
        done = "0 and 1" + _gap_words(n_gaps, f"gaps become {share:.2g}, the share of True")
        return encoding, ColumnReport(name, kind, done, n_gaps, len(encoding.feature_names()))

    exponent = _exponent(max(-low, high))
    scaled = np.ldexp(present, -exponent) if exponent else present
    centre = float(scaled.mean())
    deviation = math.sqrt(float(np.mean((scaled - centre) ** 2)))
    encoding = NumberEncoding(name, kind, centre, deviation, exponent, 0.0, has_values=True, has_gaps=n_gaps > 0)
    done = _WORDS.get(kind, "") + "standardised"
    if kind == "number":
        done += f": mean {math.ldexp(centre, exponent):.4g}, deviation {math.ldexp(deviation, exponent):.4g}"
    done += _gap_words(n_gaps, "gaps become the mean") + _row_number_words(column, present, low, high)
    return encoding, ColumnReport(name, kind, done, n_gaps, len(encoding.feature_names()))


def _fit_text(name: str, column: Any, max_categories: int) -> tuple[Encoding | None, ColumnReport]:
    words = texts(column)
    n_gaps = words.null_count
    n_values = len(words) - n_gaps
    if not n_values:
        return None, ColumnReport(name, "text", "left out: every cell is a gap", n_gaps, 0)
    counted = words.drop_null().value_counts()
    categories: list[str] = counted.field("values").to_pylist()
    if len(categories) == 1:
        encoding = TextEncoding(name, "text", (), has_other=False, has_gaps=n_gaps > 0)
        return _constant(encoding, _shortened(categories[0]), n_gaps)
    hint = _hint(categories)
    if n_values > _FEW_VALUES and len(categories) >= _IDENTIFIER_SHARE * n_values:
        done = f"left out: {len(categories)} of {n_values} values differ (an identifier or free text){hint}"
        return None, ColumnReport(name, "text", done, n_gaps, 0)

    n_rare = 0
    if len(categories) > max_categories:
        n_rare = len(categories) - (max_categories - 1)
        times = dict(zip(categories, counted.field("counts").to_pylist(), strict=True))
        categories = sorted(categories, key=lambda category: (-times[category], category))[:-n_rare]
    encoding = TextEncoding(name, "text", tuple(sorted(categories)), has_other=n_rare > 0, has_gaps=n_gaps > 0)
    done = f"a column for each of {len(categories)} categories"
    if n_rare:
        done = f"a column for each of the {len(categories)} most frequent categories, one for the {n_rare} others"
    done += ", one for gaps" if n_gaps else ""
    return encoding, ColumnReport(name, "text", done + hint, n_gaps, len(encoding.feature_names()))


def _constant(encoding: NumberEncoding | TextEncoding, value: str, n_gaps: int) -> tuple[Encoding | None, ColumnReport]:
    if n_gaps:
        done = f"a column for gaps only: every value is {value}"
        return encoding, ColumnReport(encoding.name, encoding.kind, done, n_gaps, 1)
    return None, ColumnReport(encoding.name, encoding.kind, f"left out: every value is {value}", 0, 0)


def _exponent(largest: float) -> int:
    """The power of two that brings the numbers near 1 where their squares, or a sum of them, leave float64.

    Two columns [0, 1e200] and [0, 1e-200] have deviations of 5e199 and 5e-201, but variances of infinity and 0.
    Dividing by a power of two is exact.
    """
    return 0 if 1e-100 < largest < 1e100 else math.frexp(largest)[1]


def _first_value(column: Any) -> object:
    return next(value for chunk in column.iterchunks() for value in chunk.drop_null().to_pylist()[:1])


def _gap_words(n_gaps: int, becomes: str) -> str:
    return f"; {becomes}, and a second column marks them" if n_gaps else ""


def _row_number_words(column: Any, present: NDArray[np.float64], low: float, high: float) -> str:
    """A warning about whole numbers that count the rows; they stay in, since they may also count years."""
    n = len(present)
    whole = import_pyarrow("encoding tables").types.is_integer(column.type)
    if n <= _FEW_VALUES or not whole or high - low != n - 1 or len(np.unique(present)) != n:
        return ""
    return "; it numbers the rows: leave it out unless their order matters"


def _hint(categories: list[str]) -> str:
    """What to do about text that looks like numbers or dates: "1,5" stays text, since "1,500" may be either number."""
    some = categories[:_FEW_VALUES]
    if all(map(_DATE.fullmatch, some)):
        return "; if these are dates, write them as 2020-12-31 or 2020-12-31 23:59"
    if all(map(_DECIMAL_COMMA.fullmatch, some)):
        return "; if these are numbers, write them with a decimal point and nothing between thousands"
    if all(map(_AMOUNT.fullmatch, some)):
        return "; if these are numbers, write them without units, with a decimal point and nothing between thousands"
    return ""


def _shortened(value: str, most: int = 40) -> str:
    return repr(value if len(value) <= most else value[: most - 3] + "...")
