"""The second pass over a dataset: one file of encoded training rows for each encoding."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from multilayer.exceptions import DataFileError
from multilayer.tables._frames import Columns
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.models.novelty import Surroundings
from multilayer.tables.models.streamed.preparing import Prepared, targets_of_rows
from multilayer.tables.models.streamed.progress import PhaseReporter
from multilayer.tables.models.streamed.scratch_folder import ScratchFolder
from multilayer.tables.models.streamed.survey import Survey, rows_of_block
from multilayer.tables.models.widening import widened
from multilayer.tables.streaming.ahead import read_ahead
from multilayer.tables.streaming.rows_file import EncodedRows
from multilayer.tables.streaming.rows_format import RowsFormat
from multilayer.tables.streaming.rows_writer import EncodedRowsWriter
from multilayer.tables.streaming.sampling import folds_of, is_validation
from multilayer.tables.streaming.scratch import check_disk_space
from multilayer.tables.streaming.source import TableStream
from multilayer.tables.streaming.summaries import CrossFittedMeans

BYTES_OF_PART = 1 << 23


@dataclass(frozen=True, eq=False)
class EncodedTable:
    """The encoded training rows.

    Attributes
    ----------
    rows : dict of str to EncodedRows
        The files by encoding.
    mean_rows : dict of str to array of shape (width,)
        The means of the encoded rows.
    surroundings : Surroundings
        Those of all training rows.
    """

    rows: Mapping[str, EncodedRows]
    mean_rows: Mapping[str, NDArray[np.float64]]
    surroundings: Surroundings


def formats_of(model: Any, encoders: Mapping[str, TableEncoder]) -> dict[str, RowsFormat]:
    """Return the columns of the files of encoded rows."""
    kind: Any = "classes" if model._classifies else "numbers"
    return {name: RowsFormat(len(encoder.number_columns_), kind) for name, encoder in encoders.items()}


def check_space(folder: Path, formats: Mapping[str, RowsFormat], n_rows: int) -> None:
    """Raise a DataFileError if the folder has too little space for the encoded rows."""
    check_disk_space(folder, sum(each.n_bytes(n_rows) for each in formats.values()))


def encode_rows(
    model: Any,
    stream: TableStream,
    survey: Survey,
    prepared: Prepared,
    folder: ScratchFolder,
    reporter: PhaseReporter,
) -> EncodedTable:
    """Encode the training rows into files.

    Parameters
    ----------
    model : TableClassifier or TableRegressor
        The model, with the attributes that describe the target.
    stream : TableStream
        The dataset.
    survey : Survey
        The result of the first pass.
    prepared : Prepared
        The encoders.
    folder : ScratchFolder
        Where a folder for each encoding is made.
    reporter : PhaseReporter
        Receives the rows.

    Returns
    -------
    EncodedTable
        The files.

    Raises
    ------
    DataFileError
        If there is too little space, or the table has changed since the first pass.
    """
    formats = formats_of(model, prepared.encoders)
    check_space(folder.path, formats, survey.n_training)
    encode = {name: _Encoding(encoder, prepared.crossed[name]) for name, encoder in prepared.encoders.items()}
    surroundings = prepared.surroundings
    with ExitStack() as open_files:
        writers = {
            name: open_files.enter_context(
                EncodedRowsWriter(
                    folder.rows_folder(name), form, survey.n_training, fingerprint=folder.fingerprint, keep=True
                )
            )
            for name, form in formats.items()
        }
        appending = open_files.enter_context(_Appending())
        n_rows = 0
        for whole in open_files.enter_context(closing(read_ahead(stream.blocks()))):
            n_rows += len(whole)
            block = rows_of_block(whole, np.flatnonzero(~is_validation(whole.hashes, survey.share)))
            if not len(block):
                continue
            y = targets_of_rows(model, block, stream.target)
            targets = y if model._loss is None else model._loss.scaled(y)
            for name, writer in writers.items():
                for part in encode[name].parts(len(block)):
                    rows = np.arange(part.start, part.stop)
                    X = encode[name].encoded(block.columns.take(rows), block.hashes[part])
                    appending.append(writer, X, targets[part])
            surroundings = widened(surroundings, block.columns)
            reporter.add(len(whole))
        if n_rows != survey.n_rows:
            raise DataFileError(
                f"{stream.name}: had {survey.n_rows:,} rows with a target in the first pass, and {n_rows:,} in the "
                "second. Start again when its writer has finished."
            )
        appending.wait()
        files = {name: writer.finish() for name, writer in writers.items()}
    return EncodedTable(files, {name: each.mean_row for name, each in encode.items()}, surroundings)


class _Appending:
    """Appends rows to files in a thread, while the next rows are encoded."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="multilayer-rows")
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Wait for the thread, which must not write to closed files."""
        self._thread.shutdown()

    def append(self, writer: EncodedRowsWriter, X: NDArray[np.float32], y: NDArray[Any]) -> None:
        """Append rows when those before are written; the arrays must not change afterwards."""
        self.wait()
        self._last = self._thread.submit(writer.append, X, y)

    def wait(self) -> None:
        """Wait for the last rows, and raise the error of their writing."""
        if self._last is not None:
            self._last.result()


class _Encoding:
    """An encoder with the sums of its rows."""

    def __init__(self, encoder: TableEncoder, crossed: CrossFittedMeans) -> None:
        self._encoder, self._crossed = encoder, crossed
        self._received = {report.name: report.name for report in encoder.columns_}
        self._sums = np.zeros(len(encoder.number_columns_))
        self._n_rows = 0

    def parts(self, n_rows: int) -> list[slice]:
        """Divide the rows of a block, so that the encoded rows of a part take few bytes."""
        size = max(BYTES_OF_PART // (4 * len(self._sums)), 1)
        return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]

    @property
    def mean_row(self) -> NDArray[np.float64]:
        """The mean of the rows so far."""
        return self._sums / max(self._n_rows, 1)

    def encoded(self, columns: Columns, hashes: NDArray[np.uint64]) -> NDArray[np.float32]:
        """Return the next rows as numbers."""
        crossed = MeansOfFolds(self._crossed, folds_of(hashes)) if self._crossed else None
        X: Any = self._encoder._encode(columns, self._received, crossed)
        self._sums += X.sum(axis=0, dtype=np.float64)
        self._n_rows += len(X)
        found: NDArray[np.float32] = X
        return found


@dataclass(frozen=True, eq=False)
class MeansOfFolds:
    """The means of the target for training rows; see :class:`multilayer.tables.target_means.CrossFitting`.

    Attributes
    ----------
    means : dict of str to array of shape (n_outputs, n_categories, n_folds)
        The means by column.
    folds : array of shape (m,)
        The fold of each row.
    """

    means: CrossFittedMeans
    folds: NDArray[np.intp]

    def cross_fitted(self, name: str, codes: NDArray[np.intp], n_categories: int) -> NDArray[np.float64]:  # noqa: ARG002 the means have them
        """Return the mean of each output for each row, (K, m), by the rows' categories in a column."""
        means = self.means[name]
        known = codes >= 0
        found = np.zeros((len(means), len(codes)))
        found[:, known] = means[:, codes[known], self.folds[known]]
        return found
