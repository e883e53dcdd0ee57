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

import json
import os
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError, ParameterError, ShapeError
from multilayer.storage import open_regular, parse_json, read_exactly, reason_of, replace_file
from multilayer.tables.streaming.scratch import ScratchFiles, check_disk_space
from multilayer.tables.streaming.target_moments import TargetMoments

FORMAT, VERSION = "multilayer encoded rows", 1
ROWS, TARGETS, WEIGHTS = "multilayer-rows.f32", "multilayer-rows.targets", "multilayer-rows.weights"
HEADER = "multilayer-rows.json"
NAMES = (HEADER, ROWS, TARGETS, WEIGHTS)  # the header is removed first: the others are incomplete without it
CHECKED_BYTES = 1 << 22  # read together for a checksum
MAX_HEADER = 1 << 26
MAX_CLASSES = 1 << 16

TargetType = Literal["classes", "numbers"]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class RowsFormat:
    """The columns of the files.

    Attributes
    ----------
    width : int
        The features of a row.
    targets : {"classes", "numbers"}
        Whether the targets are class numbers (int64) or numbers (float64).
    n_targets : int or None
        The columns of the targets, (n, K); None for one number per row, (n,).
    has_weights : bool
        Whether each row has a weight.
    """

    width: int
    targets: TargetType
    n_targets: int | None = None
    has_weights: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or (self.n_targets is not None and self.n_targets < 1):
            raise ParameterError(
                f"the encoded rows need at least one feature and one target, got width={self.width} and "
                f"n_targets={self.n_targets}."
            )

    @property
    def target_dtype(self) -> np.dtype[Any]:
        """The dtype of the targets."""
        return np.dtype(np.int64 if self.targets == "classes" else np.float64)

    def row_bytes(self) -> dict[str, int]:
        """Return the bytes of a row in each file."""
        found = {ROWS: 4 * self.width, TARGETS: 8 * (self.n_targets or 1)}
        return {**found, WEIGHTS: 8} if self.has_weights else found

    def n_bytes(self, n_rows: int) -> int:
        """Return the disk space of so many rows."""
        return n_rows * sum(self.row_bytes().values())

    def empty(self, n_rows: int) -> Rows:
        """Return rows to read into."""
        shape = (n_rows,) if self.n_targets is None else (n_rows, self.n_targets)
        weight = aligned_empty((n_rows,), np.dtype(np.float64)) if self.has_weights else None
        X = aligned_empty((n_rows, self.width), np.dtype(np.float32))
        return Rows(X, aligned_empty(shape, self.target_dtype), weight)


@dataclass(frozen=True, eq=False)
class Rows:
    """Some encoded rows in memory."""

    X: Floats  # (m, width)
    y: NDArray[Any]  # (m,) or (m, K)
    weight: NDArray[np.float64] | None = None  # (m,)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the array of each file."""
        found = {ROWS: self.X, TARGETS: self.y}
        return found if self.weight is None else {**found, WEIGHTS: self.weight}

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, rows: slice) -> Rows:
        return Rows(self.X[rows], self.y[rows], None if self.weight is None else self.weight[rows])


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return an uninitialised array at an address divisible by 64.

    The last bit of a matrix product may depend on the address of its rows, and a resumed training has equal bits.
    """
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    raw = np.empty(n_bytes + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(dtype).reshape(shape)


@dataclass
class _Written:
    """One of the files while it is written."""

    file: FileIO
    n_bytes: int = 0
    crc: int = 0

    def append(self, array: NDArray[Any]) -> None:
        left = array.data.cast("B")
        self.crc = zlib.crc32(left, self.crc)
        self.n_bytes += len(left)
        while left:
            left = left[self.file.write(left) :]


class EncodedRowsWriter:
    """Write encoded rows to a folder, block after block.

    Parameters
    ----------
    folder : str or path
        The folder.
    form : RowsFormat
        The columns of the rows.
    n_rows : int or None, default=None
        About so many rows will be written: their disk space is checked now.
    fingerprint : str, default=""
        A hash of table and encoder, which :meth:`EncodedRows.open` compares.
    keep : bool, default=False
        Whether the files stay in ``folder`` after their use, also those of an earlier program that was killed.
        Otherwise they are written to a new folder within it, which is removed after use.

    Raises
    ------
    DataFileError
        If there is too little space, or the folder cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with EncodedRowsWriter(tempfile.gettempdir(), RowsFormat(2, "classes"), n_rows=3) as writer:
    ...     writer.append(np.zeros((3, 2), np.float32), np.array([0, 1, 0]))
    ...     rows = writer.finish()
    >>> with rows:
    ...     rows.n_rows, rows.classes, rows.read(1, 3).y
    (3, (0, 1), array([1, 0]))
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        form: RowsFormat,
        n_rows: int | None = None,
        *,
        fingerprint: str = "",
        keep: bool = False,
    ) -> None:
        self.form, self.fingerprint, self.n_rows = form, fingerprint, 0
        self._needed = form.n_bytes(n_rows or 0)
        if keep:
            ScratchFiles(Path(folder), NAMES, keep=True).remove()  # incomplete files need space too
        check_disk_space(folder, self._needed)
        self._files = ScratchFiles(Path(folder), NAMES, keep=keep)
        self._written: dict[str, _Written] = {}
        self._is_finished = False
        self._classes: set[int] = set()
        self._moments = TargetMoments.of_none(form.n_targets or 1)
        with self._files.removed_on_failure(self._needed):
            for name in form.row_bytes():
                self._written[name] = _Written(FileIO(self._files.path(name), "xb"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the files unless they are finished."""
        self._close()
        if not self._is_finished:
            self._files.remove()

    def append(self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None = None) -> None:
        """Write the next rows.

        Parameters
        ----------
        X : array of shape (m, width)
            Their features.
        y : array of shape (m,) or (m, K)
            Their targets.
        weight : array of shape (m,) or None, default=None
            Their weights.

        Raises
        ------
        ShapeError
            If the arrays do not have the columns of the format.
        DataFileError
            If the disk is full or cannot be written to; the files are removed.
        """
        with self._removed_on_failure():
            rows = self._checked(X, y, weight)
            if not len(rows):
                return
            for name, column in rows.columns().items():
                self._written[name].append(column)
            self._summarize(rows)
            self.n_rows += len(rows)
            self._needed = max(self._needed, self.form.n_bytes(self.n_rows))

    def finish(self) -> EncodedRows:
        """Complete the files and return them for reading.

        Returns
        -------
        EncodedRows
            The rows.

        Raises
        ------
        DataFileError
            If there are no rows, or the disk is full or cannot be written to.
        """
        with self._removed_on_failure():
            if not self.n_rows:
                raise DataFileError("there are no rows to train on: the table is empty, or no row has a target.")
            self._close()
            header = self._header()
            replace_file(self._files.path(HEADER), json.dumps(header, indent=1).encode())
        self._is_finished = True
        return EncodedRows(self._files, self.form, header)

    def _removed_on_failure(self) -> Any:
        return self._files.removed_on_failure(self._needed)

    def _close(self) -> None:
        for each in self._written.values():
            each.file.close()

    def _checked(self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None) -> Rows:
        form = self.form
        rows = Rows(
            np.ascontiguousarray(X, dtype=np.float32),
            np.ascontiguousarray(y, dtype=form.target_dtype),
            None if weight is None else np.ascontiguousarray(weight, dtype=np.float64),
        )
        m = len(rows.X)
        expected: dict[str, tuple[int, ...]] = {
            ROWS: (m, form.width),
            TARGETS: (m,) if form.n_targets is None else (m, form.n_targets),
        }
        if form.has_weights:
            expected[WEIGHTS] = (m,)
        received = {name: column.shape for name, column in rows.columns().items()}
        if received != expected:
            raise ShapeError(f"encoded rows must have the shapes {expected}, got {received}. Encode all blocks alike.")
        return rows

    def _summarize(self, rows: Rows) -> None:
        if self.form.targets == "numbers":
            self._moments = self._moments.merged(rows.y.reshape(len(rows), -1), rows.weight)
            return
        self._classes.update(np.unique(rows.y).tolist())
        if len(self._classes) > MAX_CLASSES:
            raise DataFileError(
                f"the target has more than {MAX_CLASSES:,} classes. Train a regressor if they are numbers."
            )

    def _header(self) -> dict[str, Any]:
        form = self.form
        is_classes = form.targets == "classes"
        return {
            "format": FORMAT,
            "version": VERSION,
            "byteorder": sys.byteorder,
            "n_rows": self.n_rows,
            **vars(form),
            "classes": sorted(self._classes) if is_classes else None,
            "moments": None if is_classes else self._moments.as_json(),
            "fingerprint": self.fingerprint,
            "files": {name: {"bytes": each.n_bytes, "crc32": each.crc} for name, each in self._written.items()},
        }


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
            raise DataFileError(f"{folder} holds no complete encoded rows: {missing} is missing.") from None
        except (OSError, ValueError) as error:
            raise DataFileError(
                f"the encoded rows in {folder} cannot be used: {reason_of(error)}. Remove {HEADER} there, or pass "
                "another folder as scratch=."
            ) from None
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
