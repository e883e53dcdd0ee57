"""FILE and the options that say how it is written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

_STANDARD_INPUT = Path("-")


@dataclass(frozen=True)
class Source:
    """Where a table is read from.

    Attributes
    ----------
    file : Path
        ``-`` for standard input.
    separator, decimal, encoding, date_format : str or None
        As in :func:`multilayer.tables.read_table`; None for what that does by itself.
    """

    file: Path
    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    date_format: str | None = None

    @property
    def is_standard_input(self) -> bool:
        return self.file == _STANDARD_INPUT

    @property
    def name(self) -> str:
        """The name of the file without its folder."""
        return "standard input" if self.is_standard_input else self.file.name

    @property
    def label(self) -> str:
        """What errors call it."""
        return "standard input" if self.is_standard_input else str(self.file)

    @property
    def options(self) -> dict[str, str]:
        """Those that were passed."""
        named = {
            "separator": self.separator,
            "decimal": self.decimal,
            "encoding": self.encoding,
            "date_format": self.date_format,
        }
        return {name: value for name, value in named.items() if value is not None}

    def read(self) -> Any:
        """The table."""
        from multilayer.tables import read_table

        if not self.is_standard_input:
            return read_table(self.file, **self.options)
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise click.ClickException("standard input is closed. Pipe a table into it, or name a file.")
        return read_table(stream, **self.options)

    @property
    def words(self) -> list[str]:
        """As the command line has them."""
        named = (("--" + name.replace("_", "-"), value) for name, value in self.options.items())
        return [str(self.file), *(word for pair in named for word in pair)]

    @property
    def code(self) -> str:
        """The Python that reads it."""
        what = "sys.stdin.buffer" if self.is_standard_input else repr(str(self.file))
        return f"read_table({', '.join([what, *(f'{name}={value!r}' for name, value in self.options.items())])})"


def with_source(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command that is passed FILE and its options as one ``source``."""

    @wraps(command)
    def wrapped(
        *,
        file: Path,
        separator: str | None,
        decimal: str | None,
        encoding: str | None,
        date_format: str | None,
        **options: Any,
    ) -> Any:
        return command(source=Source(file, separator, decimal, encoding, date_format), **options)

    return wrapped
