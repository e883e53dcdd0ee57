"""Fitting of one column: the choice of its encoding, and its parameters.

Rules
-----
* A gap becomes the mean of numbers and the share of True of Booleans; in text no category is set.  If the fitting rows
  have gaps, a column of 0 and 1 marks them.
* A column with one value, except for rounding, is dropped; if it also has gaps, the column of 0 and 1 stays.
* Text of more than ``max_categories`` categories keeps the ``max_categories - 1`` most frequent ones (ties in
  alphabetical order); the others share the column "other".
* Text that only identifies rows is dropped, because with one category for nearly every row a network memorises the
  rows.  Whole numbers that number the rows are kept, with a note, because they may count years.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multilayer._constant import is_constant
from multilayer.tables._arrow import Kind, import_pyarrow, kind_of, numbers, texts
from multilayer.tables._cells import CellFormat, nearly_typed, stray_words
from multilayer.tables._names import shortened
from multilayer.tables._notes import ColumnNote
from multilayer.tables._spellings import FEW_VALUES, hint
from multilayer.tables.calendars import DateEncoding, with_calendar
from multilayer.tables.encodings import NARROWEST_REACH, ColumnReport, Encoding, NumberEncoding, TextEncoding

Identifiers = Literal["auto"] | Collection[str]

_IDENTIFIER_SHARE = 0.95
_WORDS: dict[Kind, str] = {
    "date": "seconds since 1970 (UTC), ",
    "time": "seconds since midnight, ",
    "duration": "seconds, ",
}


@dataclass(frozen=True)
class Rules:
    """The parameters of a :class:`TableEncoder`."""

    max_categories: int = 64
    identifiers: Identifiers = "auto"

    def is_identifier(self, name: str, by_values: bool) -> bool:
        """Return whether a column only identifies rows, by its values or by the parameter."""
        return by_values if isinstance(self.identifiers, str) else name in self.identifiers


def fit_column(name: str, column: Any, rules: Rules, note: ColumnNote) -> tuple[Encoding | None, ColumnReport]:
    """Fit the encoding of one Arrow column of at least one row.

    Returns
    -------
    encoding : Encoding or None
        None for a dropped column.
    report : ColumnReport
        The description of the encoding.
    """
    kind = kind_of(column, f"column {name!r}")
    if kind == "text":
        encoding, report = _fit_text(name, column, rules, note)
    else:
        encoding, report = _fit_numbers(name, kind, column, rules)
    if note.text:
        report = replace(report, encoding=f"{report.encoding}; {note.text}")
    return encoding, report


def _fit_numbers(name: str, kind: Kind, column: Any, rules: Rules) -> tuple[Encoding | None, ColumnReport]:
    values = numbers(column, f"column {name!r}")
    present = values[~np.isnan(values)]
    n_gaps = len(values) - len(present)
    if not len(present):
        return None, ColumnReport(name, kind, "dropped: every cell is a gap", n_gaps, 0)
    low, high = float(present.min()), float(present.max())
    plain = NumberEncoding(name, kind, 0.0, 1.0, 0, 0.0, 1.0, has_values=True, has_gaps=n_gaps > 0)
    if low == high or is_constant(low, high, _type_given(column)):
        same = low == high and (abs(high) < 2.0**53 or len(column.drop_null().unique()) == 1)
        value = str(_first_value(column)) if same else f"{high:.12g} except for rounding"
        return _constant(replace(plain, has_values=False), value, n_gaps)
    if kind == "Boolean":
        share = float(present.mean())
        done = "0 and 1" + _gap_words(n_gaps, f"gaps become {share:.2g}, the share of True")
        return replace(plain, fill=share), ColumnReport(name, kind, done, n_gaps, 1 + plain.has_gaps)

    encoding = _standardising(plain, present, low, high)
    done = _WORDS.get(kind, "") + "standardised"
    if kind == "number":
        mean, deviation = (math.ldexp(x, encoding.exponent) for x in (encoding.centre, encoding.scale))
        done += f": mean {mean:.4g}, deviation {deviation:.4g}"
    result = with_calendar(encoding, column) if kind in ("date", "time") else encoding
    if isinstance(result, DateEncoding):
        done += f", and {', '.join(result.parts)}"
    done += _gap_words(n_gaps, "gaps become the mean")
    counts = rules.is_identifier(name, by_values=_numbers_the_rows(column, present, low, high))
    done += "; it numbers the rows: drop it unless their order matters" if counts else ""
    width = len(result.feature_names(name))
    return result, ColumnReport(name, kind, done, n_gaps, width, counts, _bounds(encoding))


def _standardising(plain: NumberEncoding, present: NDArray[np.float64], low: float, high: float) -> NumberEncoding:
    exponent = _exponent(max(-low, high))
    scaled = np.ldexp(present, -exponent) if exponent else present
    centre = float(scaled.mean())
    deviation = math.sqrt(float(np.mean((scaled - centre) ** 2)))
    encoding = replace(plain, centre=centre, scale=deviation, exponent=exponent)
    furthest = float(np.abs(encoding.standardised(np.array([low, high]))).max())
    return replace(encoding, reach=max(NARROWEST_REACH, furthest))


def _bounds(encoding: NumberEncoding) -> tuple[float, float]:
    reach = encoding.reach * encoding.scale
    with np.errstate(over="ignore"):
        low, high = np.ldexp([encoding.centre - reach, encoding.centre + reach], encoding.exponent).tolist()
    return low, high


def _fit_text(name: str, column: Any, rules: Rules, note: ColumnNote) -> tuple[Encoding | None, ColumnReport]:
    words = texts(column)
    n_gaps = words.null_count
    n_values = len(words) - n_gaps
    if not n_values:
        return None, ColumnReport(name, "text", "dropped: every cell is a gap", n_gaps, 0)
    # A categorical column is meant as text, and so are codes.
    deliberate = note.is_code or import_pyarrow("encoding tables").types.is_dictionary(column.type)
    spelled, few = (words, ColumnNote()) if deliberate else nearly_typed(words, CellFormat(), dates=False)
    if spelled is not words:
        return _fit_spelled(name, spelled, few, rules)
    counted = words.drop_null().value_counts()
    categories: list[str] = counted.field("values").to_pylist()
    if len(categories) == 1:
        encoding = TextEncoding(name, "text", (), has_other=False, has_gaps=n_gaps > 0)
        return _constant(encoding, shortened(categories[0]), n_gaps)
    advice = "" if deliberate or note.text else hint(categories)
    if not deliberate and len(categories) > FEW_VALUES and (stray := stray_words(words)):
        advice = f"; {stray}"
    elif few.text and not note.text:  # not reported by read_table already
        advice = f"; {few.text}"
    differs = n_values > FEW_VALUES and len(categories) >= _IDENTIFIER_SHARE * n_values
    if rules.is_identifier(name, by_values=differs):
        done = f"dropped: {len(categories)} of {n_values} values differ (an identifier or free text){advice}"
        return None, ColumnReport(name, "text", done, n_gaps, 0, is_identifier=True)

    n_rare = 0
    if len(categories) > rules.max_categories:
        n_rare = len(categories) - (rules.max_categories - 1)
        times = dict(zip(categories, counted.field("counts").to_pylist(), strict=True))
        categories = sorted(categories, key=lambda category: (-times[category], category))[:-n_rare]
    encoding = TextEncoding(name, "text", tuple(sorted(categories)), has_other=n_rare > 0, has_gaps=n_gaps > 0)
    done = f"a column for each of {len(categories)} categories"
    if n_rare:
        done = f"a column for each of the {len(categories)} most frequent categories, one for the {n_rare} others"
    done += ", one for gaps" if n_gaps else ""
    return encoding, ColumnReport(name, "text", done + advice, n_gaps, len(encoding.feature_names(name)))


def _fit_spelled(name: str, column: Any, note: ColumnNote, rules: Rules) -> tuple[Encoding | None, ColumnReport]:
    """Fit text of which nearly all cells spell numbers."""
    encoding, report = _fit_numbers(name, "number", column, rules)
    if isinstance(encoding, NumberEncoding):
        encoding = replace(encoding, from_text=True)
    return encoding, replace(report, encoding=f"{report.encoding}; {note.text}")


def _constant(encoding: NumberEncoding | TextEncoding, value: str, n_gaps: int) -> tuple[Encoding | None, ColumnReport]:
    if n_gaps:
        done = f"a column for gaps only: every value is {value}"
        return encoding, ColumnReport(encoding.name, encoding.kind, done, n_gaps, 1)
    return None, ColumnReport(encoding.name, encoding.kind, f"dropped: every value is {value}", 0, 0)


def _type_given(column: Any) -> type[np.generic]:
    """Return the type that determines the rounding of the numbers; dates and decimals have that of float64 only."""
    types = import_pyarrow("encoding tables").types
    for is_type, kind in (
        (types.is_float16, np.float16),
        (types.is_float32, np.float32),
        (types.is_float64, np.float64),
    ):
        if is_type(column.type):
            return kind
    return np.int64


def _exponent(largest: float) -> int:
    """Return the power of two that scales the numbers to about 1; 0 unless their squares overflow or underflow.

    Two columns [0, 1e200] and [0, 1e-200] have deviations of 5e199 and 5e-201, but variances of infinity and 0.
    Dividing by a power of two is exact.
    """
    return 0 if 1e-100 < largest < 1e100 else math.frexp(largest)[1]


def _first_value(column: Any) -> object:
    return next(value for chunk in column.iterchunks() for value in chunk.drop_null().to_pylist()[:1])


def _gap_words(n_gaps: int, becomes: str) -> str:
    return f"; {becomes}, and a second column marks them" if n_gaps else ""


def _numbers_the_rows(column: Any, present: NDArray[np.float64], low: float, high: float) -> bool:
    """Return whether the column holds n consecutive whole numbers, in any order."""
    n = len(present)
    whole = import_pyarrow("encoding tables").types.is_integer(column.type)
    return n > FEW_VALUES and whole and high - low == n - 1 and len(np.unique(present)) == n
