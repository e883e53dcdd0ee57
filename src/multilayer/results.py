"""One labelled table for every result: plain text, rich, HTML and a frame of pandas."""

from __future__ import annotations

import html
import math
import re
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from multilayer.exceptions import MissingExtraError

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.table import Table as RichTable

WIDTH = 100  # characters of a line of text
MAX_FAILURES = 3  # kinds of errors that are printed


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        Its label, with the unit if there is one.
    format : str
        The format of numbers, as for :func:`format`.
    align : {"right", "left"}
    width : int
        The minimum number of characters in plain text.
    """

    name: str
    format: str = ""
    align: Literal["right", "left"] = "right"
    width: int = 0

    def text(self, cell: object) -> str:
        """Format a cell.

        Parameters
        ----------
        cell : object
            A number, a pair of a value and its standard error, text, which is not changed, or None, which is empty.

        Returns
        -------
        str
            The text.
        """
        if cell is None or isinstance(cell, str):
            return cell or ""
        return plus_minus(*cell) if isinstance(cell, tuple) else format(cell, self.format)


@dataclass(frozen=True)
class Table:
    """A table of values, with labels and notes.

    Attributes
    ----------
    columns : tuple of Column
    rows : sequence of sequences
        The values of each row, one for each column.
    title : str
        A line above the table.
    notes : sequence of str
        Paragraphs below the table.
    n_summary_rows : int
        The number of summary rows at the end, such as the means, which a line separates from the others.

    Examples
    --------
    >>> table = Table((Column("model", align="left"), Column("score", ".3f")), [("linear", 0.5), ("network", 0.75)])
    >>> print(table)
    model    score
    linear   0.500
    network  0.750
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[object]]
    title: str = ""
    notes: Sequence[str] = ()
    n_summary_rows: int = 0

    def cells(self) -> list[list[str]]:
        """Format all cells.

        Returns
        -------
        list of lists of str
            The text of each cell, row by row.
        """
        return [[column.text(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]

    def lines(self) -> list[str]:
        """Format the header and the rows, in columns of equal width.

        Returns
        -------
        list of str
            The lines.
        """
        lines = [[column.name for column in self.columns], *self.cells()]
        widths = [max(self.columns[i].width, *(len(line[i]) for line in lines)) for i in range(len(self.columns))]
        sides = ["<" if column.align == "left" else ">" for column in self.columns]
        return [
            "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(line, sides, widths, strict=True)).rstrip()
            for line in lines
        ]

    def __str__(self) -> str:
        lines, n = self.lines(), self.n_summary_rows
        if n:
            lines.insert(-n, "-" * max(map(len, lines)))
        notes = [_wrapped(line) for note in self.notes for line in note.splitlines()]
        above = [self.title, ""] if self.title else []
        return "\n".join([*above, *lines, *(["", *notes] if notes else [])])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from rich.text import Text

        if self.title:
            yield Text(self.title)
        table = self.rich_table()
        if console.measure(table, options=options.update(width=100_000)).maximum > options.max_width:
            table = self.rich_table(is_narrow=True)
        widths = [self._narrowest(i) for i in range(len(self.columns))]
        if sum(widths) + 2 * len(widths) <= options.max_width:
            yield table
        else:
            yield from map(Text, self._records())
        yield from map(Text, self.notes)

    def rich_table(self, *, is_narrow: bool = False) -> RichTable:
        """Make a table of rich, without title and notes.

        Parameters
        ----------
        is_narrow : bool, default=False
            Whether to omit the borders and to wrap labels at spaces and underscores.

        Returns
        -------
        rich.table.Table
            The table.
        """
        from rich.box import HEAVY_HEAD, SIMPLE_HEAD
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(box=SIMPLE_HEAD if is_narrow else HEAVY_HEAD)
        table.show_edge = table.pad_edge = not is_narrow
        for i, column in enumerate(self.columns):
            least = self._narrowest(i) if is_narrow else None
            name = _broken(column.name, least) if least is not None else column.name
            is_wrapped = is_narrow and column.align == "left"
            table.add_column(Text(name), justify=column.align, min_width=least, no_wrap=is_narrow and not is_wrapped)
        for i, row in enumerate(self.cells()):
            if i == len(self.rows) - self.n_summary_rows:
                table.add_section()
            table.add_row(*map(Text, row))
        return table

    def _narrowest(self, i: int) -> int:
        """Return the smallest width of a column that splits no number and no word."""
        column = self.columns[i]
        cells = [column.text(row[i]) for row in self.rows]
        pieces = [piece for cell in cells for piece in cell.split()] if column.align == "left" else cells
        return max(map(len, [*pieces, *_pieces(column.name)]), default=1)

    def _records(self) -> Iterator[str]:
        """Return each row as lines "label: value", for a terminal that is narrower than the table."""
        for row in self.cells():
            named = [(column.name, cell) for column, cell in zip(self.columns, row, strict=True) if cell]
            yield "\n".join(f"{name}: {cell}" if name else cell for name, cell in named) + "\n"

    def _repr_html_(self) -> str:
        caption = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        head = self._html_row("th", [column.name for column in self.columns])
        body = "\n".join(self._html_row("td", row) for row in self.cells())
        notes = "".join(f"\n<p>{html.escape(line)}</p>" for note in self.notes for line in note.splitlines())
        return f"<table>{caption}\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody></table>{notes}"

    def _html_row(self, tag: str, cells: Sequence[str]) -> str:
        written = (
            f'<{tag} style="text-align: {column.align}">{html.escape(cell)}</{tag}>'
            for column, cell in zip(self.columns, cells, strict=True)
        )
        return f"<tr>{''.join(written)}</tr>"

    def to_frame(self) -> DataFrame:
        """Convert the values to a pandas frame, without title and notes.

        Returns
        -------
        pandas.DataFrame
            The values.

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        return frame({column.name: [row[i] for row in self.rows] for i, column in enumerate(self.columns)})


class Result(ABC):
    """A result that prints as a table: as text, by rich, and in a notebook."""

    @property
    @abstractmethod
    def table(self) -> Table:
        """Return the table that is printed."""

    @abstractmethod
    def to_frame(self) -> DataFrame:
        """Convert the values to a pandas frame."""

    def __str__(self) -> str:
        return str(self.table)

    def __rich__(self) -> Table:
        return self.table

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def _pieces(name: str) -> list[str]:
    """Return the parts of a label, which may be broken after a space or an underscore."""
    return re.findall(r"[^ _]*_|[^ _]+", name)


def _broken(name: str, width: int) -> str:
    """Return a label in lines of at most a width."""
    lines = [""]
    for piece in re.findall(r"[^ _]*_|[^ _]+ ?| ", name):
        if lines[-1] and len((lines[-1] + piece).rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _wrapped(line: str) -> str:
    """Wrap a line, with the same indentation on each line."""
    return textwrap.fill(line, WIDTH, subsequent_indent=line[: len(line) - len(line.lstrip())])


def frame(columns: Mapping[str, Any]) -> DataFrame:
    """Make a pandas frame of columns of equal length.

    Parameters
    ----------
    columns : dict
        The columns by name.

    Returns
    -------
    pandas.DataFrame
        The frame.

    Raises
    ------
    MissingExtraError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("to_frame", "pandas", "frames") from None
    return pd.DataFrame(columns)


def plus_minus(value: float, error: float) -> str:
    """Format a number with its standard error, to two digits of the error.

    Parameters
    ----------
    value : float
        The number.
    error : float
        Its standard error; NaN if it is unknown, which is not printed.

    Returns
    -------
    str
        The text.

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


def significant(value: float, digits: int, sign: str = "") -> str:
    """Format a number with significant digits, and with commas between thousands instead of powers of ten.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        The number of significant digits.
    sign : str
        "+" to write the sign of positive numbers too.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> significant(348512.7, 4), significant(0.012345, 3, "+"), significant(-1e-9, 3)
    ('348,500', '+0.0123', '-1e-09')
    """
    return f"{float(f'{value:.{digits}g}'):{sign},.10g}"


def listing(words: Sequence[str]) -> str:
    """Join words as in a sentence.

    Parameters
    ----------
    words : sequence of str
        The words.

    Returns
    -------
    str
        The words with commas and "and".

    Examples
    --------
    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def failure_notes(failures: Mapping[Any, Exception], n: int, what: str = "fits") -> list[str]:
    """Report the number of failed fits and the first errors.

    Parameters
    ----------
    failures : dict
        The errors by fit.
    n : int
        The number of all fits.
    what : str
        The name of the fits.

    Returns
    -------
    list of str
        The lines; empty if no fit failed.
    """
    if not failures:
        return []
    kinds = dict.fromkeys(f"{type(error).__name__}: {error}" for error in failures.values())
    lines = [textwrap.shorten(kind, 240, placeholder=" ...") for kind in list(kinds)[:MAX_FAILURES]]
    return [f"{len(failures)} of {n} {what} failed:", *lines]
