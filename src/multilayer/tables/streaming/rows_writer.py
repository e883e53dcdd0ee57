"""The writing of encoded rows to a folder; :mod:`multilayer.tables.streaming.rows_file` describes the files."""

from __future__ import annotations

import json
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError, ShapeError
from multilayer.storage import replace_file
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import (
    FORMAT,
    HEADER,
    NAMES,
    ROWS,
    TARGETS,
    VERSION,
    WEIGHTS,
    Rows,
    RowsFormat,
)
from multilayer.tables.streaming.scratch import ScratchFiles, check_disk_space
from multilayer.tables.streaming.target_moments import TargetMoments

MAX_CLASSES = 1 << 16


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
        with self._removed_on_failure():
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

    @contextmanager
    def _removed_on_failure(self) -> Iterator[None]:
        with self._files.removed_on_failure(self._needed):
            try:
                yield
            except BaseException:
                self._close()  # Windows cannot remove open files
                raise

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
