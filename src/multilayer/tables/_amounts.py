"""Numbers with marks between thousands or with units, such as "1,234" and "$1,200.50", in columns of one form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Mark = Literal[",", "."]
MARKS: tuple[Mark, Mark] = (",", ".")  # between thousands; the other one is the decimal mark
_UNIT = r"[$€£¥]|(?:AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HUF|INR|JPY|NOK|NZD|PLN|SEK|USD|ZAR)"
_CELL = re.compile(rf"([-+]?)(?:({_UNIT})[ \u00a0]?)?([-+]?)([0-9][0-9.,]*)(?:[ \u00a0]?({_UNIT}|%))?")
_GROUPED = {
    mark: re.compile(rf"(?:[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+|0|[1-9]\d{{0,2}})(?:{re.escape(other)}\d+)?")
    for mark, other in zip(MARKS, MARKS[::-1], strict=True)
}
_PLAIN = {
    mark: re.compile(rf"(?:0|[1-9]\d*)(?:{re.escape(other)}\d+)?")
    for mark, other in zip(MARKS, MARKS[::-1], strict=True)
}


@dataclass(frozen=True)
class AmountForm:
    """How the cells of a column write numbers.

    Attributes
    ----------
    group_mark : {",", "."}
        The mark between thousands; the other one is the decimal mark.
    unit : str
        A currency or the percent sign, before or behind the number; "" for none.
    """

    group_mark: Mark
    unit: str = ""

    def value(self, word: str) -> float:
        """Return the number that a cell spells, with or without the unit and the marks; NaN for other text.

        Examples
        --------
        >>> form = AmountForm(",", "$")
        >>> [form.value(word) for word in ("$1,200.50", "-$7", "1200", "1,20", "7 EUR")]
        [1200.5, -7.0, 1200.0, nan, nan]
        """
        sign, digits, unit = _parts(word)
        mark = self.group_mark
        if unit not in ("", self.unit) or not (_GROUPED[mark].fullmatch(digits) or _PLAIN[mark].fullmatch(digits)):
            return math.nan
        size = float(digits.replace(mark, "").replace(MARKS[mark == ","], "."))
        return -size if sign == "-" else size

    @property
    def words(self) -> str:
        """The form in words."""
        unit = f" in {self.unit}" if self.unit else ""
        return f"{unit}, with {'commas' if self.group_mark == ',' else 'points'} between thousands"


def amount_form(counts: Mapping[str, int]) -> AmountForm | None:
    """Return the form of a column of numbers if it is one and unambiguous, from its texts and their numbers of cells.

    More than half of the cells have a mark between thousands or a unit, and all cells have the same unit or none.
    "1.234" may be a decimal fraction, so that points count as marks only if another cell proves it, as "1.234,50".

    Examples
    --------
    >>> amount_form({"1,234": 2, "950": 1}), amount_form({"1.234 EUR": 2, "950,00 EUR": 1})
    (AmountForm(group_mark=',', unit=''), AmountForm(group_mark='.', unit='EUR'))
    >>> amount_form({"$1.234": 1}), amount_form({"1,5": 1}), amount_form({"$5": 1, "5 EUR": 1})
    (None, None, None)
    """
    digits: dict[str, int] = {}
    units: set[str] = set()
    for word, n in counts.items():
        _, number, unit = _parts(word)
        if not number or len(units | {unit}) > 1:
            return None
        units.add(unit)
        digits[number] = digits.get(number, 0) + n
    fitting = [mark for mark in MARKS if _all_fit(digits, mark)]
    if not digits or not fitting or (len(fitting) > 1 and any("." in number for number in digits)):
        return None
    mark, unit = fitting[0], units.pop()
    n_marked = sum(n for number, n in digits.items() if unit or mark in number)
    return AmountForm(mark, unit) if 2 * n_marked > sum(digits.values()) else None


def _all_fit(digits: Mapping[str, int], mark: Mark) -> bool:
    forms = (_GROUPED[mark], _PLAIN[mark])
    return any(all(form.fullmatch(number) for number in digits) for form in forms)


def _parts(word: str) -> tuple[str, str, str]:
    """Return the sign, the digits with marks, and the unit of a cell; empty digits for other text."""
    found = _CELL.fullmatch(word)
    if found is None:
        return "", "", ""
    first, before, second, digits, after = (part or "" for part in found.groups())
    if (first and second) or (before and after):
        return "", "", ""
    return first or second, digits, before or after
