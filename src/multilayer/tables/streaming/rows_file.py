"""Encoded rows in a folder: float32 features, targets and weights, for a table that is larger than memory.

The folder has up to four files:

- ``multilayer-rows.f32``: the features, (n, width), float32, row by row.
- ``multilayer-rows.targets``: the targets, (n,) or (n, K), int64 class numbers or float64 numbers, row by row.
- ``multilayer-rows.weights``: the weights of the rows, (n,), float64, if there are any.
- ``multilayer-rows.json``: format, version, byte order, number of rows, width, type and columns of the targets, the
  classes or the moments of the targets, a fingerprint of table and encoder, and size and CRC-32 of each other file.  It
  is written last: without it, the other files are incomplete.

Rows are read into buffers, not mapped into memory.  Mapped pages count as memory of the process until the system needs
them for something else, so that a bound on the memory, as the operating system measures it, would not hold.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from multilayer.exceptions import DataFileError
from multilayer.storage import open_regular, parse_json, read_exactly, reason_of
from multilayer.tables.streaming.rows_format import FORMAT, HEADER, NAMES, VERSION, Rows, RowsFormat
from multilayer.tables.streaming.scratch import ScratchFiles
from multilayer.tables.streaming.target_moments import TargetMoments

CHECKED_BYTES = 1 << 22  # read together for a checksum
MAX_HEADER = 1 << 26


@dataclass(eq=False)
class EncodedRows:
    """Encoded rows of a folder, for reading; a context manager that removes the files that are not kept.

    Use ``EncodedRowsWriter.finish`` or :meth:`open` to get one.
    """

    files: ScratchFiles = field(repr=False)
    form: RowsFormat
    header: dict[str, Any] = field(repr=False)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], fingerprint: str = "") -> EncodedRows:
        """Open the files that an earlier program kept, after a check of their content.

        Parameters
        ----------
        folder : str or path
            The folder.
        fingerprint : str, default=""
            The hash of table and encoder that they must have.

        Returns
        -------
        EncodedRows
            The rows.

        Raises
        ------
        DataFileError
            If there are no complete files, or if they are damaged or those of another table or encoder.
        """
        path = Path(folder) / HEADER
        try:
            header, form = _read_header(path)
            if header["fingerprint"] != fingerprint:
                raise ValueError("they were encoded from another table, or by another encoder")
            for name, described in header["files"].items():
                _check_file(path.with_name(name), described)
        except FileNotFoundError as error:
            missing = Path(str(error.filename)).name
            raise _unusable(path.parent, f"{missing} is missing") from None
        except (OSError, ValueError) as error:
            raise _unusable(path.parent, reason_of(error)) from None
        return cls(ScratchFiles(Path(folder), NAMES, keep=True), form, header)

    @staticmethod
    def are_in(folder: str | os.PathLike[str]) -> bool:
        """Return whether a folder has complete files, which may be of another table."""
        return (Path(folder) / HEADER).is_file()

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return int(self.header["n_rows"])

    @property
    def classes(self) -> tuple[int, ...] | None:
        """The class numbers that occur, ascending; None for numbers."""
        found = self.header["classes"]
        return None if found is None else tuple(found)

    @property
    def moments(self) -> TargetMoments | None:
        """The moments of the targets of all rows; None for classes."""
        found = self.header["moments"]
        return None if found is None else TargetMoments.from_json(found)

    @property
    def checksum(self) -> str:
        """A text that differs if the content differs."""
        sums = [self.header["files"][name]["crc32"] for name in self.form.row_bytes()]
        return f"{self.n_rows}-{self.form.width}-" + "-".join(f"{each:08x}" for each in sums)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the files, unless they are kept."""
        self.files.close()

    def remove(self) -> None:
        """Remove the files, also those that are kept."""
        self.files.remove()

    def read(self, start: int, stop: int) -> Rows:
        """Return the rows from ``start`` to ``stop``."""
        rows = self.form.empty(stop - start)
        self.read_into([(start, stop)], rows)
        return rows

    def read_into(self, extents: Sequence[tuple[int, int]], rows: Rows) -> None:
        """Read consecutive rows from several places into buffers.

        Parameters
        ----------
        extents : sequence of (int, int)
            The first row and the end of each place, as many rows as ``rows`` has.
        rows : Rows
            The buffers.

        Raises
        ------
        DataFileError
            If the files were changed or removed.
        """
        for name, column in rows.columns().items():
            size, at, path = self.form.row_bytes()[name], 0, self.files.path(name)
            target = column.data.cast("B")
            try:
                # Opened here, so that networks that are trained at the same time do not share a position in it.
                with open_regular(path) as file:
                    for start, stop in extents:
                        end = at + (stop - start) * size
                        file.seek(start * size)
                        if not read_exactly(file, target[at:end]):
                            raise DataFileError(f"{path} is shorter than expected. Was it changed? Start again.")
                        at = end
            except OSError as error:
                raise DataFileError(f"{path} cannot be read: {reason_of(error)}. Start again.") from None


def _unusable(folder: Path, why: str) -> DataFileError:
    return DataFileError(f"the encoded rows in {folder} cannot be used: {why}.")


def _read_header(path: Path) -> tuple[dict[str, Any], RowsFormat]:
    with open_regular(path) as file:
        text = file.read(MAX_HEADER)
    header = parse_json(text or b"")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"{path.name} is not a header of encoded rows")
    if header.get("version") != VERSION or header.get("byteorder") != sys.byteorder:
        raise ValueError(
            f"they have version {header.get('version')} and {header.get('byteorder')} byte order, and this program "
            f"reads version {VERSION} and {sys.byteorder} byte order"
        )
    try:
        form = RowsFormat(header["width"], header["targets"], header["n_targets"], header["has_weights"])
        sizes = {name: int(each["bytes"]) for name, each in header["files"].items()}
        n_rows, _ = int(header["n_rows"]), str(header["fingerprint"])
        complete = {name: n_rows * size for name, size in form.row_bytes().items()}
        if header["moments"] is not None:
            TargetMoments.from_json(header["moments"])
        elif header["classes"] is None:
            raise ValueError("it has no classes and no moments")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged: {error!r}") from None
    if sizes != complete or n_rows < 1:
        raise ValueError(f"{path.name} is damaged: its sizes are {sizes} for {n_rows} rows, not {complete}")
    return header, form


def _check_file(path: Path, described: dict[str, Any]) -> None:
    found, crc, buffer = 0, 0, bytearray(CHECKED_BYTES)
    with open_regular(path) as file:
        while n := file.readinto(buffer):
            found, crc = found + n, zlib.crc32(memoryview(buffer)[:n], crc)
    if (found, crc) != (described["bytes"], described.get("crc32")):
        raise ValueError(f"{path.name} is damaged: its {found} bytes are not those that were written")
