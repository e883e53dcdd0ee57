"""open_stream: files, a folder or a dataset of pyarrow as a TableStream."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from multilayer.exceptions import InputError, InputTypeError, ParameterError
from multilayer.tables._names import missing_column
from multilayer.tables.reading import check_no_text_options
from multilayer.tables.streaming.blocks import Block
from multilayer.tables.streaming.datasets import dataset_parts, is_dataset
from multilayer.tables.streaming.files import ReadingOptions, common_columns, table_files
from multilayer.tables.streaming.first_rows import Part, first_rows, kinds_of_columns
from multilayer.tables.streaming.kinds import check_target
from multilayer.tables.streaming.table_stream import BlockLimits, TableStream, UnreadableCells

__all__ = ["Block", "TableStream", "UnreadableCells", "open_stream"]

_MEGABYTE = 2**20
_SMALLEST_BATCH, _LARGEST_BATCH = 2**16, 4 * _MEGABYTE  # bytes of text
_BATCHES = 4  # of a stored table, in a block
_BATCHES_OF_TEXT = 16  # pyarrow reads up to 32 batches ahead


def open_stream(
    X: Any,
    y: str,
    *,
    block_rows: int = 65_536,
    block_bytes: int = 16 * _MEGABYTE,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    date_format: str | None = None,
    text_columns: Collection[str] = (),
    sample_rows: int = 10_000,
) -> TableStream:
    """Open a table that need not fit into memory, to read it repeatedly in blocks.

    The formats, separators, encodings and gaps are those of :func:`multilayer.tables.read_table`.  Columns of Parquet
    and Arrow files have the kinds of their types.  A column of a text file has the kind that its first rows spell, and
    some rows of up to four other files; text in Parquet and Arrow files too, if these rows hold more than 20 different
    numbers or dates.  A later cell of another kind is a gap, and is counted in ``unreadable``.

    Parameters
    ----------
    X : str, path or pyarrow.dataset.Dataset
        The path of a CSV, TSV, Parquet or Arrow file; a folder of such files with the same columns, also with
        subfolders such as ``year=2024``, each of which states the value of a column; or a dataset.  Files are read in
        the order of their paths; names that begin with a dot or an underscore are ignored.
    y : str
        The name of the target column.
    block_rows : int, default=65536
        The largest number of rows of a block.
    block_bytes : int, default=16777216
        The approximate size of the largest block; wide rows and long texts make blocks of fewer rows.
    separator, decimal, encoding, date_format : str, optional
        As in :func:`multilayer.tables.read_table`.
    text_columns : list of str
        Columns to read as text, such as codes that look like numbers.
    sample_rows : int, default=10000
        The number of first rows from which the kinds of columns of text are inferred.

    Returns
    -------
    TableStream
        The table.  Each of its passes gives the same blocks.

    Raises
    ------
    DataFileError
        If there is no such file, a file cannot be read, or files have different columns.
    InputError
        For a missing target, no features, a column of a type that cannot be encoded, or an unknown name in
        ``text_columns``.
    ParameterError
        For an invalid option, or one that does not apply to the files.
    MissingExtraError
        If pyarrow is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "towns.csv"
    ...     _ = path.write_text("town,people,coast\\nUlm,129942,no\\nBonn,336465,no\\nKiel,247717,yes\\nLund,91940,\\n")
    ...     stream = open_stream(path, "coast", block_rows=2)
    ...     [(block.first, block.columns.to_pylist(), block.target.to_pylist()) for block in stream.blocks()][1]
    (2, [{'town': 'Kiel', 'people': 247717}], ['yes'])
    >>> stream.kinds, stream.n_rows, stream.n_dropped
    ({'town': 'text', 'people': 'number'}, 3, 1)
    """
    for option, value in (("block_rows", block_rows), ("block_bytes", block_bytes), ("sample_rows", sample_rows)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ParameterError(f"{option} must be a positive whole number, got {value!r}.")
    options = ReadingOptions(separator, decimal, encoding, date_format)
    form = options.form
    name, parts, types, notes = _opened(X, options)
    _check_columns(y, types, text_columns)
    rows = first_rows(parts, list(types), sample_rows)
    columns = kinds_of_columns(name, parts, types, rows, form, tuple(text_columns))
    check_target(y, columns.kinds[y])
    batch_rows = int(block_bytes / (_BATCHES * rows.bytes_per_row))
    limits = BlockLimits(
        block_rows,
        block_bytes,
        min(max(batch_rows, 1), block_rows),
        min(max(block_bytes // _BATCHES_OF_TEXT, _SMALLEST_BATCH), _LARGEST_BATCH),
    )
    return TableStream(name, parts, columns, y, limits, notes)


def _opened(X: Any, options: ReadingOptions) -> tuple[str, list[Part], dict[str, list[Any]], tuple[str, ...]]:
    """Return the name of a table, its parts, the types of its columns, None for text files, and notes."""
    if is_dataset(X):
        check_no_text_options("the dataset", **options.all())
        fragments, types = dataset_parts(X)
        return "the dataset", [*fragments], {name: [kind] for name, kind in types.items()}, ()
    if not isinstance(X, str | os.PathLike):
        raise InputTypeError(
            "expected the path of a file or a folder, or a dataset of pyarrow, got "
            f"{type(X).__module__}.{type(X).__qualname__}."
        )
    files = table_files(X, options)
    found, notes = common_columns(str(X), files)
    return str(X), [*files], found, notes


def _check_columns(y: str, types: dict[str, list[Any]], text_columns: Collection[str]) -> None:
    if y not in types:
        raise missing_column("target column", y, list(types))
    if len(types) == 1:
        raise InputError(f"the table has no column but the target {y!r}: there are no features to predict it from.")
    for name in text_columns:
        if name not in types:
            raise missing_column("column", name, list(types))
