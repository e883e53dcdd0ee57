"""Tables written batch by batch: CSV, TSV, Parquet and Arrow, to a file or to standard output."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from multilayer.cli.limits import UnfinishedError
from multilayer.exceptions import MultilayerError
from multilayer.storage import reason_of, replacement

FORMATS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".arrow", ".feather")


class TableWriter:
    """Writes tables with the columns of the first one; ``sink`` is a file open for writing bytes."""

    def __init__(self, sink: Any, extension: str) -> None:
        self._sink, self._extension = sink, extension
        self._writer: Any = None
        self._schema: Any = None

    def write(self, table: Any) -> None:
        """Write a table of pyarrow, with the types of the first one."""
        if self._writer is None:
            self._schema, self._writer = table.schema, self._open(table.schema)
        self._writer.write_table(table if table.schema == self._schema else table.cast(self._schema))

    def close(self) -> None:
        """Write the end of the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self, schema: Any) -> Any:
        import pyarrow as pa
        import pyarrow.csv
        import pyarrow.parquet

        if self._extension == ".parquet":
            return pyarrow.parquet.ParquetWriter(self._sink, schema)
        if self._extension in (".arrow", ".feather"):
            return pa.ipc.new_file(self._sink, schema)
        delimiter = "\t" if self._extension.startswith(".tsv") else ","
        options = pyarrow.csv.WriteOptions(delimiter=delimiter, quoting_style="needed")
        return pyarrow.csv.CSVWriter(self._sink, schema, write_options=options)


class _StandardOutput(io.RawIOBase):
    """Standard output as a file of UTF-8; the guarded stream notices a reader that has left."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        sys.stdout.write(content.decode("utf-8"))
        return len(content)


def extension_of(path: Path) -> str:
    """The format of a file by its name.

    Raises
    ------
    click.UsageError
        For an unknown extension.
    """
    found = next((extension for extension in FORMATS if path.name.lower().endswith(extension)), None)
    if found is None:
        raise click.UsageError(f"-o {path}: unknown file extension. Known: {', '.join(FORMATS)}; - is standard output.")
    return found


@contextmanager
def table_writer(path: Path | None) -> Iterator[TableWriter]:
    """A writer to a file, which is replaced as a whole at the end of this block; None for CSV to standard output."""
    if path is None:
        writer = TableWriter(_StandardOutput(), ".csv")
        yield writer
        writer.close()
        return
    extension = extension_of(path)
    failure: BaseException | None = None  # of what this block does with the writer
    try:
        with replacement(path) as file, ExitStack() as stack:
            # Not closed at the end, because the file is renamed while it is open.
            buffered: Any = io.BufferedWriter(file)
            stack.callback(buffered.detach)
            # Without a name and a time in it, equal tables give equal files.
            sink = gzip.GzipFile("", "wb", fileobj=buffered, mtime=0) if extension.endswith(".gz") else buffered
            writer = TableWriter(sink, extension)
            try:
                yield writer
            except BaseException as error:
                failure = error
                with suppress(Exception):
                    writer.close()
                raise
            writer.close()
            if sink is not buffered:
                sink.close()
    except (OSError, ValueError) as error:
        if error is failure and not isinstance(error, OSError):
            raise
        if isinstance(error, MultilayerError):
            raise
        raise UnfinishedError(f"{path}: cannot be written: {reason_of(error).lower()}.") from None
