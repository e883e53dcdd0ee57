"""What a command prints: sentences, tables and notes, in plain ASCII without a terminal."""

from __future__ import annotations

import os
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.text import Text

from multilayer.cli.process import INTERRUPTED, end_at_the_next_signal
from multilayer.cli.text import one_line
from multilayer.exceptions import InterruptedTrainingWarning
from multilayer.results import Table

_PLAIN_WIDTH = 80
_WIDEST = 100  # lines of text longer than this are hard to read
_NARROWEST = 20  # COLUMNS may hold anything
_FOR_PROGRAMMERS = DeprecationWarning | FutureWarning | PendingDeprecationWarning

# Eight lines: top, head, line below the head, body, lines between rows, foot.  Only the third shows.
_HYPHENS = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


class Output:
    """Writes to stdout, and notes to stderr.

    Without a terminal there are no colours, no box-drawing characters and no control codes, in 80 columns.  With
    ``quiet`` only tables passed with ``result=True`` are printed; with ``has_all_columns`` tables of columns are whole.
    """

    def __init__(self, quiet: bool = False, has_all_columns: bool = False) -> None:
        self.quiet, self.has_all_columns = quiet, has_all_columns
        self.at_terminal = _is_terminal()
        self.is_live = self.at_terminal and not quiet  # whether progress is shown
        self.console = _console(self.at_terminal)
        self.was_interrupted = False  # whether Ctrl-C has ended a part of the work
        self.notes: list[str] = []  # so far
        self._began = False

    @property
    def exit_code(self) -> int:
        """The exit code of a command that has completed."""
        return INTERRUPTED if self.was_interrupted else 0

    def interrupt(self) -> None:
        """Remember that Ctrl-C has ended a part of the work; the next Ctrl-C ends the command."""
        if not self.was_interrupted:
            self.was_interrupted = True
            end_at_the_next_signal()

    def heading(self, text: str) -> None:
        """Print a heading below an empty line."""
        if not self.quiet:
            self.blank()
            self.console.print(Text(one_line(text), style="bold"))

    def say(self, text: str) -> None:
        """Print a paragraph, wrapped."""
        if not self.quiet:
            self._began = True
            # Not wrapped by rich, which leaves a blank at the end of each line.
            for line in textwrap.wrap(self._signs(one_line(text)), self.console.width, break_on_hyphens=False):
                self.console.print(Text(line), soft_wrap=True)

    def lines(self, lines: list[str]) -> None:
        """Print indented lines without wrapping them, so that paths and commands can be copied."""
        if not self.quiet:
            for line in lines:
                self.console.print(Text("  " + one_line(line)), soft_wrap=True)

    def blank(self) -> None:
        """Print an empty line, except at the top."""
        if not self.quiet:
            self._space()

    def table(self, table: Table, *, result: bool = False) -> None:
        """Print a table; with --quiet only if it is a result."""
        if self.quiet and not result:
            return
        self._space()
        # Not as rich's title, which is wrapped at the width of the table.
        title = self._signs(table.title)
        self.console.print(Text(title, style="bold" if self.at_terminal else ""), soft_wrap=True)
        rows = [[self._signs(cell) for cell in row] for row in table.cells()]
        drawn: Any = replace(table, title="", rows=rows).rich_table()
        drawn.box = SIMPLE_HEAD if self.at_terminal else _HYPHENS
        drawn.show_edge = drawn.pad_edge = False
        for column in drawn.columns:  # numbers stay on one line
            column.overflow, column.no_wrap = "fold", column.justify == "right"
        if self.at_terminal:
            self.console.print(drawn)
            return
        with self.console.capture() as capture:
            self.console.print(drawn)
        # rich fills each line up to the width of the table.
        for line in capture.get().splitlines():
            self.console.print(Text(line.rstrip()), soft_wrap=True)

    def note(self, text: str) -> None:
        """Print on stderr what is worth knowing but no error, also with --quiet."""
        self.notes.append(text)
        self.console.file.flush()
        line = f"note: {one_line(text)}"
        if sys.stderr.isatty():
            line = textwrap.fill(line, self.console.width, break_on_hyphens=False)
        print(line, file=sys.stderr, flush=True)

    @contextmanager
    def noting_warnings(self, wording: Callable[[Warning], str] = str) -> Iterator[None]:
        """Collect warnings within this block, and print each different one as a note at its end.

        At the end, so that no line is printed into a progress bar.  ``wording`` returns the text of the note, "" for
        none.  Deprecations are dropped.  A training that was ended by Ctrl-C marks the command as interrupted.
        """
        texts: dict[str, None] = {}

        def keep(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
            if issubclass(category, InterruptedTrainingWarning):
                self.interrupt()
            if not issubclass(category, _FOR_PROGRAMMERS):
                text = wording(message if isinstance(message, Warning) else category(message))
                texts[text] = None

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = keep
            try:
                yield
            finally:
                for text in filter(None, texts):
                    self.note(text)

    def _space(self) -> None:
        if self._began:
            self.console.print()
        self._began = True

    def _signs(self, text: str) -> str:
        """The text with our own sign in ASCII, where the output may go to any program."""
        return text if self.at_terminal else text.replace(" ± ", " +- ")


def show_as_note(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Print a warning that no part of a command has reworded as one line, in place of ``warnings.showwarning``."""
    if not issubclass(category, _FOR_PROGRAMMERS):
        print(f"note: {one_line(str(message))}", file=sys.stderr, flush=True)


def _is_terminal() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def _console(at_terminal: bool) -> Console:
    plain: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False, "file": sys.stdout}
    if at_terminal:
        console = Console(**plain)
        console.width = min(max(console.width, _NARROWEST), _WIDEST)
        return console
    # Explicit, since variables such as FORCE_COLOR would otherwise bring control codes into files.
    return Console(**plain, force_terminal=False, color_system=None, width=_PLAIN_WIDTH)
