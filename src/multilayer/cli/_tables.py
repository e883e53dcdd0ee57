"""What the terminal and the report both show: tables of text, and numbers written as text."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TextTable:
    """A table ready to be shown.

    Attributes
    ----------
    title : what it holds
    headings : one for each column
    rows : each with as many cells as there are headings
    align : "l" or "r" for each column, such as "lrr"
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str


def number(value: float, digits: int = 3) -> str:
    """A score with a fixed number of decimals; a dash where there is none.

    Examples
    --------
    >>> number(0.99812), number(-0.0001), number(float("nan"))
    ('0.998', '0.000', '-')
    """
    return "-" if math.isnan(value) else f"{value:z.{digits}f}"


def number_with_error(value: float, error: float) -> str:
    """A mean of scores with its error, if that is known, with one decimal more.

    Examples
    --------
    >>> number_with_error(0.99812, 0.00125), number_with_error(0.99812, float("nan"))
    ('0.9981 ± 0.0013', '0.9981')
    """
    return number(value, 4) + ("" if math.isnan(error) else f" ± {number(error, 4)}")


def count(n: int, what: str, plural: str = "") -> str:
    """A number of things in words.

    Examples
    --------
    >>> count(1, "row"), count(48842, "row"), count(2, "class", "classes")
    ('1 row', '48,842 rows', '2 classes')
    """
    return f"{n:,} {what if n == 1 else plural or what + 's'}"


def one_line(text: str) -> str:
    """The text on one line that is safe to print.

    Names and cells come from files, which may hold line breaks and the codes that steer a terminal.

    Examples
    --------
    >>> one_line("a column\\n  called \\x1b[31mred")
    'a column called �[31mred'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))


def shell_line(words: Sequence[str]) -> str:
    """Words as a shell reads them; ``$'...'`` with codes for what cannot be shown, such as names that are not UTF-8.

    Examples
    --------
    >>> print(shell_line(["cv", "my table.csv", "\\udcff.csv"]))
    cv 'my table.csv' $'\\xff.csv'
    """
    return " ".join(shlex.quote(word) if word.isprintable() else _in_codes(word) for word in words)


def _in_codes(word: str) -> str:
    codes = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "\\'" else f"\\x{byte:02x}"
        for byte in word.encode("utf-8", "surrogateescape")
    )
    return f"$'{''.join(codes)}'"


def shortened(text: str, most: int) -> str:
    """One line of at most so many characters.

    Examples
    --------
    >>> shortened("a rather long name", 12)
    'a rather ...'
    """
    line = one_line(text)
    return line if len(line) <= most else line[: most - 3] + "..."
