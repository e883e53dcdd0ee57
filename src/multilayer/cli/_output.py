"""What a command prints: narrative, tables and notes, plain where nobody is at a terminal."""

from __future__ import annotations

import os
import sys
import textwrap
from dataclasses import replace

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from multilayer.cli._signals import INTERRUPTED, end_at_the_next_signal
from multilayer.cli._tables import TextTable, one_line

_PLAIN_WIDTH = 80
_WIDEST = 100  # lines of text longer than this are hard to read
_NARROWEST = 20  # COLUMNS may say anything

# Eight lines: top, head, line below the head, body, lines between rows, foot.  Only the third shows.
_HYPHENS = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


class Output:
    """Writes to stdout, and notes to stderr.

    Without a terminal there are no colours, no box-drawing characters and no control codes, in 80 columns.

    Parameters
    ----------
    quiet : bool
        Whether only results are shown: tables passed with ``result=True``.

    Attributes
    ----------
    was_interrupted : bool
        Whether Ctrl-C has ended a part of the work.
    notes : list of str
        All that were printed so far.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.at_terminal = _is_terminal()
        self.console = _console(self.at_terminal)
        self.was_interrupted = False
        self.notes: list[str] = []
        self._began = False

    def interrupt(self) -> None:
        """Ctrl-C has ended a part of the work: what there is will be written, unless it is pressed again."""
        if not self.was_interrupted:
            self.was_interrupted = True
            end_at_the_next_signal()

    @property
    def exit_code(self) -> int:
        """Of a command that has come to its end."""
        return INTERRUPTED if self.was_interrupted else 0

    def heading(self, text: str) -> None:
        """The heading of what follows, set apart from what came before."""
        if not self.quiet:
            self._space()
            self.console.print(Text(one_line(text), style="bold"))

    def say(self, text: str) -> None:
        """A paragraph of narrative, wrapped."""
        if not self.quiet:
            self._began = True
            text = one_line(text)
            # Not wrapped by rich, which leaves a blank at the end of each line.
            for line in textwrap.wrap(
                text if self.at_terminal else _ascii_signs(text), self.console.width, break_on_hyphens=False
            ):
                self.console.print(Text(line), soft_wrap=True)

    def blank(self) -> None:
        """An empty line."""
        if not self.quiet:
            self._space()

    def lines(self, lines: list[str]) -> None:
        """Lines that belong under what was said, each as it is: paths can be copied."""
        if not self.quiet:
            for line in lines:
                self.console.print(Text("  " + one_line(line)), soft_wrap=True)

    def table(self, table: TextTable, *, result: bool = False) -> None:
        """A table; ``result`` says that it is what the command was run for."""
        if self.quiet and not result:
            return
        self._space()
        if not self.at_terminal:
            table = _in_ascii(table)
        # Not as rich's title, which is wrapped at the width of the table.
        self.console.print(Text(one_line(table.title), style="bold" if self.at_terminal else ""), soft_wrap=True)
        drawn = _drawn(table, self.at_terminal)
        if self.at_terminal:
            self.console.print(drawn)
            return
        with self.console.capture() as capture:
            self.console.print(drawn)
        # rich fills every line up to the width of the table.
        for line in capture.get().splitlines():
            self.console.print(Text(line.rstrip()), soft_wrap=True)

    def note(self, text: str) -> None:
        """Something to know that is no error: on stderr, also when quiet."""
        self.notes.append(text)
        self.console.file.flush()
        line = f"note: {one_line(text)}"
        if sys.stderr.isatty():
            line = textwrap.fill(line, self.console.width, break_on_hyphens=False)
        print(line, file=sys.stderr, flush=True)

    def _space(self) -> None:
        """An empty line, unless nothing stands above it."""
        if self._began:
            self.console.print()
        self._began = True


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def _console(at_terminal: bool) -> Console:
    if at_terminal:
        console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
        console.width = min(max(console.width, _NARROWEST), _WIDEST)
        return console
    # Explicit, since variables such as FORCE_COLOR would otherwise bring control codes into files.
    return Console(
        file=sys.stdout,
        force_terminal=False,
        color_system=None,
        width=_PLAIN_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _ascii_signs(text: str) -> str:
    """Our own sign in ASCII, where what is printed may go anywhere."""
    return text.replace(" ± ", " +- ")


def _in_ascii(table: TextTable) -> TextTable:
    rows = tuple(tuple(map(_ascii_signs, row)) for row in table.rows)
    return replace(table, title=_ascii_signs(table.title), rows=rows)


def _drawn(table: TextTable, at_terminal: bool) -> Table:
    drawn = Table(
        box=SIMPLE_HEAD if at_terminal else _HYPHENS,
        show_edge=False,
        pad_edge=False,
        header_style="bold" if at_terminal else "",
    )
    for heading, side in zip(table.headings, table.align, strict=True):
        # Numbers stay on one line; text is folded where the line is too narrow.
        drawn.add_column(
            Text(heading), justify="right" if side == "r" else "left", overflow="fold", no_wrap=side == "r"
        )
    for row in table.rows:
        drawn.add_row(*(Text(one_line(cell)) for cell in row))
    return drawn
