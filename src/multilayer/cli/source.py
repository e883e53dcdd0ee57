"""The table of a command: its file, how that is written, and which columns are used."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

_STANDARD_INPUT = Path("-")
READING = ("separator", "decimal", "encoding", "date_format")


@dataclass(frozen=True)
class Source:
    """The options of a command that say what is read and learned from."""

    file: Path  # "-" for standard input
    separator: str | None = None  # this and the next three: as in read_table; None for its default
    decimal: str | None = None
    encoding: str | None = None
    date_format: str | None = None
    target: str | None = None  # the column to predict
    ignore: tuple[str, ...] = ()  # columns that are not used
    task: str = "auto"
    group: str | None = None  # the column whose rows with equal values stay together
    time_column: str | None = None  # the column by which the rows are in order
    id: str | None = None  # the column that names the rows
    test: Path | None = None  # the file of the test rows
    remembered: Mapping[str, str] = field(default_factory=dict)  # how a training table of text was written

    @property
    def is_standard_input(self) -> bool:
        return self.file == _STANDARD_INPUT

    @property
    def name(self) -> str:
        """The name of the file without its folder."""
        return "standard input" if self.is_standard_input else self.file.name

    @property
    def label(self) -> str:
        """The name of the file in errors."""
        return "standard input" if self.is_standard_input else str(self.file)

    @property
    def reading(self) -> dict[str, str]:
        """The options that say how the file is written, where given."""
        named = {name: getattr(self, name) for name in READING}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def unused(self) -> list[str]:
        """The columns that are neither features nor target."""
        return list(dict.fromkeys([*self.ignore, *filter(None, (self.group, self.id))]))

    @property
    def tested(self) -> Source:
        """The table of ``--test``; without it, this one."""
        return replace(self, file=self.test or self.file)

    def read(self) -> Any:
        """The table."""
        from multilayer.tables import read_table

        return read_table(self._opened(), **self.reading)

    def read_batches(self, kinds: Mapping[str, Any], also: Sequence[str] | None) -> Any:
        """The table in batches, with columns of these kinds and further ones; None for all."""
        from multilayer.tables import read_batches

        reading: dict[str, Any] = self.reading
        return read_batches(self._opened(), kinds, also=also, text_defaults=self.remembered, **reading)

    def open_stream(self, target: str) -> Any:
        """The table in blocks, as often as needed."""
        from multilayer.tables import open_stream

        reading: dict[str, Any] = self.reading
        return open_stream(self.file, target, **reading)

    def _opened(self) -> Any:
        """The path, or the bytes of standard input."""
        if not self.is_standard_input:
            return self.file
        stream = getattr(sys.stdin, "buffer", None)
        if stream is None:
            raise click.ClickException("standard input is closed. Pipe a table into it, or name a file.")
        return stream

    @property
    def words(self) -> list[str]:
        """The words of the command line for the table, and its columns except that of groups."""
        words = [str(self.file)]
        for name, value in self.reading.items():
            words += ["--" + name.replace("_", "-"), value]
        words += ["--target", self.target or ""]
        words += [word for name in self.ignore for word in ("--ignore", name)]
        words += [] if self.id is None else ["--id", self.id]
        words += [] if self.time_column is None else ["--time-column", self.time_column]
        return words + ([] if self.task == "auto" else ["--task", self.task])
