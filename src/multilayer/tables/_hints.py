"""What to do about text that looks like numbers or dates: "1,5" stays text, since "1,500" may be either number."""

from __future__ import annotations

import re
from collections.abc import Sequence

from multilayer.tables._casts import FEW_VALUES
from multilayer.tables._cells import NUMBER

_NUMBER = re.compile(NUMBER)
_CODE = re.compile(r"0\d")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+(?:[.,]\d+)*,\d+")
# "1,500 EUR", "$ 9.50", "12%", "3 km"; not "01067", which has nothing to be taken away.
_AMOUNT = re.compile(r"(?![\d.+-]+$)(?:[$€£¥]|[A-Z]{3} )? ?[-+]?\d+(?:[.,]\d+)*(?: ?[%$€£¥°]| [^\W\d]{1,4}[²³]?)?")
# "31/12/2020 23:59", "31.12.20".
_DATE = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{2}(?:\d{2})?)(?:([T ])\d{1,2}:\d{2}(:\d{2})?(?: ?[AP]M)?)?", re.IGNORECASE
)


def hint(categories: Sequence[str]) -> str:
    """Advice on a column of text, to be added to its report; "" for none.

    Examples
    --------
    >>> hint(["31.12.2020", "1.2.2021"])
    '; if these are dates, write them as 2020-12-31 or 2020-12-31 23:59, or read them with date_format="%d.%m.%Y"'
    >>> hint(["Q1", "Q2"])
    ''
    """
    some = categories[:FEW_VALUES]
    dates = [_DATE.fullmatch(word) for word in some]
    if all(dates):
        return "; if these are dates, write them as 2020-12-31 or 2020-12-31 23:59" + _format(list(filter(None, dates)))
    if all(map(_ISO_DATE.fullmatch, some)):
        return "; if these are dates, convert the column to them"
    if all(map(_DECIMAL_COMMA.fullmatch, some)):
        plain = all(word.count(",") == 1 and "." not in word for word in some)
        option = ', or read them with decimal=","' if plain else ""
        return "; if these are numbers, write them with a decimal point and nothing between thousands" + option
    if all(map(_AMOUNT.fullmatch, some)):
        return "; if these are numbers, write them without units, with a decimal point and nothing between thousands"
    if len(categories) > FEW_VALUES and all(_NUMBER.match(word) and not _CODE.match(word) for word in some):
        return "; if these are numbers, convert the column to them"
    return ""


def _format(dates: Sequence[re.Match[str]]) -> str:
    """The format in which dates without times are written, where a day above 12 tells which number is the month."""
    first, second = (max(int(date.group(i)) for date in dates) for i in (1, 3))
    if any(date.group(5) for date in dates) or min(first, second) > 12 or (max(first, second) <= 12):
        return ""
    order = "%d{0}%m{0}" if first > 12 else "%m{0}%d{0}"
    year = "%Y" if len(dates[0].group(4)) == 4 else "%y"
    return f', or read them with date_format="{order.format(dates[0].group(2))}{year}"'
