"""Numbers with their errors in words, and a result as a table."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from multilayer.exceptions import MissingExtraError

WIDTH = 100  # characters of a line of text
_MOST_FAILURES = 3


def plus_minus(value: float, error: float) -> str:
    """A number with its standard error, to as many digits as the error bears; without one where none is known.

    Examples
    --------
    >>> plus_minus(0.951234, 0.00432), plus_minus(12.3456, float("nan")), plus_minus(-3.4e9, 2.1e8)
    ('0.9512 ± 0.0043', '12.35', '-3.4e+09 ± 2.1e+08')
    """
    if not math.isfinite(value):
        return "none"
    if not math.isfinite(error) or error <= 0:
        return f"{value:.4g}"
    places = 1 - math.floor(math.log10(error))
    if places > 8 or abs(value) >= 1e6:
        return f"{value:.3g} ± {error:.2g}"
    places = max(places, 0)
    return f"{value:.{places}f} ± {error:.{places}f}"


def listing(words: Sequence[str]) -> str:
    """Words as in a sentence.

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def failure_lines(failures: Mapping[Any, Exception], n: int) -> list[str]:
    """How many of the trainings failed, and the first errors."""
    if not failures:
        return []
    kinds = dict.fromkeys(f"{type(error).__name__}: {error}" for error in failures.values())
    lines = [textwrap.shorten(kind, 240, placeholder=" ...") for kind in list(kinds)[:_MOST_FAILURES]]
    return [f"{len(failures)} of {n} trainings failed and are NaN.", *lines]


def text_table(columns: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str]) -> str:
    """Columns of equal width, and below them the notes, each a paragraph."""
    lines = [list(columns), *(list(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    table = ["  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines]
    paragraphs = [textwrap.fill(note, WIDTH) for note in notes]
    return "\n".join([*table, "", *paragraphs])


def rich_table(columns: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str]) -> Any:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column in columns:
        table.add_column(Text(column), justify="right")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return Group(table, *(Text(note) for note in notes))


def frame_of(columns: Mapping[str, Any]) -> Any:
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("to_frame", "pandas", "frames") from None
    return pd.DataFrame(columns)
