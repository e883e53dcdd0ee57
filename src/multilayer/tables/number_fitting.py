"""Fitting of a column of numbers, Booleans, dates or times: the choice of its encoding, and its parameters."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from multilayer._constant import is_constant
from multilayer.tables._column_data import ColumnData, Kind
from multilayer.tables._spellings import FEW_VALUES
from multilayer.tables.calendars import DateEncoding, with_calendar
from multilayer.tables.encodings import NARROWEST_REACH, Encoding, NumberEncoding, TextEncoding
from multilayer.tables.reports import ColumnReport
from multilayer.tables.rules import Rules

IDENTIFIER_SHARE = 0.95
"""Least share of different values in a column that identifies rows."""

NUMBERS_ROWS = "it numbers the rows"
NAMED_ID = "its name and its values are those of an identifier"
_ADVICE = {
    NUMBERS_ROWS: f"{NUMBERS_ROWS}: drop it unless their order matters",
    NAMED_ID: f"{NAMED_ID}: drop it unless its size matters",
}
_ID_NAME = re.compile(r"(?:^|[\W_])(?i:id|uid|uuid|guid)$|[a-z](?:Id|ID)$")

_WORDS: dict[Kind, str] = {
    "date": "seconds since 1970 (UTC), ",
    "time": "seconds since midnight, ",
    "duration": "seconds, ",
}


def fit_numbers(name: str, column: ColumnData, rules: Rules) -> tuple[Encoding | None, ColumnReport]:
    """Fit the encoding of one column of at least one row."""
    kind = column.kind
    values = column.numbers(f"column {name!r}", allow_infinity=False)
    present = values[~np.isnan(values)]
    n_gaps = len(values) - len(present)
    if not len(present):
        return None, ColumnReport(name, kind, "dropped: every cell is a gap", n_gaps, 0)
    low, high = float(present.min()), float(present.max())
    plain = NumberEncoding(name, kind, 0.0, 1.0, 0, 0.0, 1.0, has_values=True, has_gaps=n_gaps > 0)
    if low == high or is_constant(low, high, column.rounding_type):
        same = low == high and (abs(high) < 2.0**53 or column.n_different() == 1)
        value = str(_first_value(column)) if same else f"{high:.12g} except for rounding"
        return gaps_only(replace(plain, has_values=False), f"every value is {value}", n_gaps)
    if kind == "Boolean":
        return _fit_booleans(plain, present, n_gaps, rules)
    reason = _identifier_reason(name, column, present, low, high)
    identifies = rules.is_identifier(name, by_values=bool(reason))
    if identifies and rules.row_numbers == "drop":
        done = f"dropped: {reason or 'it only identifies rows'}"
        return None, ColumnReport(name, kind, done, n_gaps, 0, is_identifier=True)
    plain = replace(plain, is_continuous=bool(((present != low) & (present != high)).any()))
    if rules.numbers == "robust":
        encoding, scaling = _robust(plain, present, low, high, column.rounding_type)
    else:
        encoding, scaling = _standard(plain, present, low, high)
    done = _WORDS.get(kind, "") + (scaling if kind == "number" else scaling.partition(":")[0])
    result = with_calendar(encoding, column) if kind in ("date", "time") else encoding
    if isinstance(result, DateEncoding):
        done += f", and {', '.join(result.parts)}"
    done += _gap_words(n_gaps, f"gaps become the {'median' if rules.numbers == 'robust' else 'mean'}")
    done += f"; {_ADVICE[reason or NUMBERS_ROWS]}" if identifies else ""
    width = len(result.feature_names(name))
    return result, ColumnReport(name, kind, done, n_gaps, width, identifies, _bounds(encoding))


def _fit_booleans(
    plain: NumberEncoding, present: NDArray[np.float64], n_gaps: int, rules: Rules
) -> tuple[Encoding, ColumnReport]:
    if rules.two_values == "signs":
        signs = replace(plain, centre=0.5, scale=0.5, has_gaps=False)
        done = "-1 and 1" + ("; gaps become 0" if n_gaps else "")
        return signs, ColumnReport(plain.name, "Boolean", done, n_gaps, 1)
    share = float(present.mean())
    done = "0 and 1" + _gap_words(n_gaps, f"gaps become {share:.2g}, the share of True")
    return replace(plain, fill=share), ColumnReport(plain.name, "Boolean", done, n_gaps, 1 + plain.has_gaps)


def _standard(
    plain: NumberEncoding, present: NDArray[np.float64], low: float, high: float
) -> tuple[NumberEncoding, str]:
    """Scale by mean and deviation."""
    exponent = _exponent(max(-low, high))
    scaled = np.ldexp(present, -exponent) if exponent else present
    centre = float(scaled.mean())
    deviation = math.sqrt(float(np.mean((scaled - centre) ** 2)))
    encoding = replace(plain, centre=centre, scale=deviation, exponent=exponent)
    furthest = float(np.abs(encoding.standardised(np.array([low, high]))).max())
    mean, deviation = (math.ldexp(x, exponent) for x in (centre, deviation))
    words = f"standardised: mean {mean:.4g}, deviation {deviation:.4g}"
    return replace(encoding, reach=max(NARROWEST_REACH, furthest)), words


def _robust(
    plain: NumberEncoding, present: NDArray[np.float64], low: float, high: float, dtype: type[np.generic]
) -> tuple[NumberEncoding, str]:
    """Scale by median and quartiles, or by half of the range if the quartiles are equal except for rounding."""
    exponent = _exponent(max(-low, high))
    scaled = np.ldexp(present, -exponent) if exponent else present
    lower, median, upper = np.quantile(scaled, [0.25, 0.5, 0.75]).tolist()
    if is_constant(lower, upper, dtype):
        scale = (math.ldexp(high, -exponent) - math.ldexp(low, -exponent)) / 2
        words = f"scaled robustly: median {math.ldexp(median, exponent):.4g}, range from {low:.4g} to {high:.4g}"
    else:
        scale = upper - lower
        middle, first, third = (math.ldexp(x, exponent) for x in (median, lower, upper))
        words = f"scaled robustly: median {middle:.4g}, quartiles {first:.4g} and {third:.4g}"
    encoding = replace(plain, centre=median, scale=scale, exponent=exponent, reach=NARROWEST_REACH, clip="smooth")
    return encoding, words


def _bounds(encoding: NumberEncoding) -> tuple[float, float] | None:
    if encoding.clip == "smooth":
        return None
    reach = encoding.reach * encoding.scale
    with np.errstate(over="ignore"):
        low, high = np.ldexp([encoding.centre - reach, encoding.centre + reach], encoding.exponent).tolist()
    return low, high


def gaps_only(
    encoding: NumberEncoding | TextEncoding, reason: str, n_gaps: int
) -> tuple[Encoding | None, ColumnReport]:
    """Drop a column without information in its values, or keep its column for gaps."""
    if n_gaps:
        done = f"a column for gaps only: {reason}"
        return encoding, ColumnReport(encoding.name, encoding.kind, done, n_gaps, 1)
    return None, ColumnReport(encoding.name, encoding.kind, f"dropped: {reason}", 0, 0)


def _exponent(largest: float) -> int:
    """Return the power of two that scales the numbers to about 1; 0 unless their squares overflow or underflow.

    Two columns [0, 1e200] and [0, 1e-200] have deviations of 5e199 and 5e-201, but variances of infinity and 0.
    Dividing by a power of two is exact.
    """
    return 0 if 1e-100 < largest < 1e100 else math.frexp(largest)[1]


def _first_value(column: ColumnData) -> object:
    return column.take(np.flatnonzero(~column.gaps)[:1]).to_pylist()[0]


def _gap_words(n_gaps: int, becomes: str) -> str:
    return f"; {becomes}, and a second column marks them" if n_gaps else ""


def _identifier_reason(name: str, column: ColumnData, present: NDArray[np.float64], low: float, high: float) -> str:
    """Return why whole numbers identify rows: n of them are consecutive, or nearly all differ and are named so."""
    n = len(present)
    if n <= FEW_VALUES or not column.is_integer:
        return ""
    is_named, is_row_number = _ID_NAME.search(name) is not None, high - low == n - 1
    n_different = len(np.unique(present)) if is_named or is_row_number else 0
    if is_row_number and n_different == n:
        return NUMBERS_ROWS
    return NAMED_ID if is_named and n_different >= IDENTIFIER_SHARE * n else ""
