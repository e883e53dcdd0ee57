"""Numbers, names and tables written as text."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Sequence

from multilayer.results import Column, Table

_MOST_DIGITS = 6  # before or after the decimal point; longer numbers are written with a power of ten


def text_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> Table:
    """A table of text that is safe to print; ``align`` has "l" or "r" for each column, such as "lrr"."""
    columns = [
        Column(heading, align="left" if side == "l" else "right") for heading, side in zip(headings, align, strict=True)
    ]
    return Table(tuple(columns), [tuple(map(one_line, row)) for row in rows], one_line(title))


def number(score: float, error: float | None = None) -> str:
    """A score with three decimals, or a mean of scores with four and its standard error; a dash for NaN.

    Examples
    --------
    >>> number(0.99812), number(-0.0001), number(float("nan"))
    ('0.998', '0.000', '-')
    >>> number(0.99812, 0.00125), number(0.99812, float("nan"))
    ('0.9981 ± 0.0013', '0.9981')
    """
    text = "-" if math.isnan(score) else f"{score:z.{3 if error is None else 4}f}"
    return text if error is None or math.isnan(error) else f"{text} ± {error:.4f}"


def rounded(amount: float, error: float | None = None) -> str:
    """An amount of any size with four digits, or with as many as its standard error, which has two, leaves certain.

    Examples
    --------
    >>> rounded(1234567.8), rounded(3.14159), rounded(1.23456e-7), rounded(float("nan"))
    ('1,235,000', '3.142', '1.235e-07', '-')
    >>> rounded(77.0654, 1.016), rounded(123456.7, 2345.6), rounded(1.5e-9, 2e-10)
    ('77.1 ± 1.0', '123,500 ± 2,300', '1.5e-09 ± 2e-10')
    """
    text = "-" if math.isnan(amount) else f"{float(f'{amount:.4g}'):,.10g}"
    if error is None or math.isnan(error):
        return text
    decimals = 1 - math.floor(math.log10(error)) if error > 0 else 0
    if error == 0 or not -_MOST_DIGITS <= decimals <= _MOST_DIGITS:
        return f"{text} ± {error:.2g}"
    shown = max(decimals, 0)
    return f"{round(amount, decimals):,.{shown}f} ± {round(error, decimals):,.{shown}f}"


def count(n: int, what: str, plural: str = "") -> str:
    """A number of things.

    Examples
    --------
    >>> count(1, "row"), count(48842, "row"), count(2, "class", "classes")
    ('1 row', '48,842 rows', '2 classes')
    """
    return f"{n:,} {what if n == 1 else plural or what + 's'}"


def one_line(text: str) -> str:
    """The text on one line, without the control codes of a terminal, which names in a file may hold.

    Examples
    --------
    >>> one_line("a column\\n  called \\x1b[31mred")
    'a column called �[31mred'
    """
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """One line of at most so many characters.

    Examples
    --------
    >>> shortened("a rather long name", 12)
    'a rather ...'
    """
    line = one_line(text)
    return line if len(line) <= most else line[: most - 3] + "..."


def quoted(name: object) -> str:
    """The name of a column or a cell in a message: within apostrophes, on one line of at most 60 characters.

    Examples
    --------
    >>> print(quoted("age"), quoted("owner's\\nage"))
    'age' 'owner's age'
    """
    return f"'{shortened(str(name), 60)}'"


def shell_line(words: Sequence[str]) -> str:
    """Words as a shell reads them; ``$'...'`` with codes for characters that cannot be printed.

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
