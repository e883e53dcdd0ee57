"""Fitting of a column of numbers, Booleans, dates or times: the choice of its encoding, and its parameters."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from multilayer._constant import is_constant
from multilayer.tables._column_data import Kind
from multilayer.tables._spellings import FEW_VALUES
from multilayer.tables.calendars import DateEncoding, with_calendar
from multilayer.tables.column_summaries import NumberSummary, scaling_exponent
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


def fit_numbers(name: str, summary: NumberSummary, rules: Rules) -> tuple[Encoding | None, ColumnReport]:
    """Fit the encoding of one column of at least one row."""
    kind, n_gaps = summary.kind, summary.n_gaps
    if not summary.n_values:
        return None, ColumnReport(name, kind, "dropped: every cell is a gap", n_gaps, 0)
    low, high = summary.low, summary.high
    plain = NumberEncoding(name, kind, 0.0, 1.0, 0, 0.0, 1.0, has_values=True, has_gaps=n_gaps > 0)
    if low == high or is_constant(low, high, summary.rounding_type):
        same = low == high and (abs(high) < 2.0**53 or summary.is_one_value())
        value = str(summary.first_value) if same else f"{high:.12g} except for rounding"
        return gaps_only(replace(plain, has_values=False), f"every value is {value}", n_gaps)
    if kind == "Boolean":
        return _fit_booleans(plain, summary, rules)
    reason = _identifier_reason(name, summary)
    identifies = rules.is_identifier(name, by_values=bool(reason))
    if identifies and rules.row_numbers == "drop":
        done = f"dropped: {reason or 'it only identifies rows'}"
        return None, ColumnReport(name, kind, done, n_gaps, 0, is_identifier=True)
    plain = replace(plain, is_continuous=summary.has_more_than_two_values())
    encoding, scaling = _robust(plain, summary) if rules.numbers == "robust" else _standard(plain, summary)
    done = _WORDS.get(kind, "") + (scaling if kind == "number" else scaling.partition(":")[0])
    done += summary.quantile_words if rules.numbers == "robust" else ""
    result = with_calendar(encoding, summary.date_span()) if kind in ("date", "time") else encoding
    if isinstance(result, DateEncoding):
        done += f", and {', '.join(result.parts)}"
    done += _gap_words(n_gaps, f"gaps become the {'median' if rules.numbers == 'robust' else 'mean'}")
    done += f"; {_ADVICE[reason or NUMBERS_ROWS]}" if identifies else ""
    width = len(result.feature_names(name))
    return result, ColumnReport(name, kind, done, n_gaps, width, identifies, _bounds(encoding))


def is_named_identifier(name: str) -> bool:
    """Return whether a column is named as an identifier: its name is or ends in "id", "uid", "uuid" or "guid".

    Examples
    --------
    >>> [is_named_identifier(name) for name in ("id", "customer_id", "PassengerId", "humid")]
    [True, True, True, False]
    """
    return _ID_NAME.search(name) is not None


def _fit_booleans(plain: NumberEncoding, summary: NumberSummary, rules: Rules) -> tuple[Encoding, ColumnReport]:
    n_gaps = summary.n_gaps
    if rules.two_values == "signs":
        signs = replace(plain, centre=0.5, scale=0.5, has_gaps=False)
        done = "-1 and 1" + ("; gaps become 0" if n_gaps else "")
        return signs, ColumnReport(plain.name, "Boolean", done, n_gaps, 1)
    share = summary.share_of_true()
    done = "0 and 1" + _gap_words(n_gaps, f"gaps become {share:.2g}, the share of True")
    return replace(plain, fill=share), ColumnReport(plain.name, "Boolean", done, n_gaps, 1 + plain.has_gaps)


def _standard(plain: NumberEncoding, summary: NumberSummary) -> tuple[NumberEncoding, str]:
    """Scale by mean and deviation."""
    low, high = summary.low, summary.high
    exponent = scaling_exponent(max(-low, high))
    centre, deviation = summary.mean_and_deviation(exponent)
    encoding = replace(plain, centre=centre, scale=deviation, exponent=exponent)
    furthest = float(np.abs(encoding.standardised(np.array([low, high]))).max())
    mean, deviation = (math.ldexp(x, exponent) for x in (centre, deviation))
    words = f"standardised: mean {mean:.4g}, deviation {deviation:.4g}"
    return replace(encoding, reach=max(NARROWEST_REACH, furthest)), words


def _robust(plain: NumberEncoding, summary: NumberSummary) -> tuple[NumberEncoding, str]:
    """Scale by median and quartiles, or by half of the range if the quartiles are equal except for rounding."""
    low, high = summary.low, summary.high
    exponent = scaling_exponent(max(-low, high))
    lower, median, upper = summary.quantiles(np.array([0.25, 0.5, 0.75]), exponent).tolist()
    if is_constant(lower, upper, summary.rounding_type):
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


def _gap_words(n_gaps: int, becomes: str) -> str:
    return f"; {becomes}, and a second column marks them" if n_gaps else ""


def _identifier_reason(name: str, summary: NumberSummary) -> str:
    """Return why whole numbers identify rows: n of them are consecutive, or nearly all differ and are named so."""
    n = summary.n_values
    if n <= FEW_VALUES or not summary.is_integer:
        return ""
    if summary.high - summary.low == n - 1 and summary.all_differ():
        return NUMBERS_ROWS
    return NAMED_ID if is_named_identifier(name) and summary.least_different() >= IDENTIFIER_SHARE * n else ""
