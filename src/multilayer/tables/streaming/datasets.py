"""Datasets of pyarrow: their fragments as parts of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import DataFileError, InputError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat
from multilayer.tables._column_data import Kind
from multilayer.tables._names import check_names
from multilayer.tables.batches import TableBatches
from multilayer.tables.reading import is_index

_BUFFER = 2**20
_NAME = "the dataset"


@dataclass(frozen=True, eq=False)
class DatasetPart:
    """A fragment of a dataset, or a dataset with a filter as a whole.

    Attributes
    ----------
    scanned : Fragment or Dataset of pyarrow
        What is read.
    schema : Schema of pyarrow
        The columns of the dataset.
    label : str
        Its name in the fingerprint.
    """

    scanned: Any
    schema: Any
    label: str
    is_stored: bool = True

    @property
    def name(self) -> str:
        """Its name in messages."""
        return getattr(self.scanned, "path", None) or _NAME

    def read(self, kinds: Mapping[str, Kind], n_rows: int, n_bytes: int) -> TableBatches:  # noqa: ARG002
        """Read these columns in batches of ``n_rows`` rows."""
        batches = TableBatches((), (), self._tables(list(kinds), n_rows), kinds, [], CellFormat(), self.name)
        batches.may_be_empty = True
        return batches

    def other_places(self, n_rows: int) -> Iterator[Any]:  # noqa: ARG002
        """Return nothing: the first rows of each fragment are read."""
        return iter(())

    def with_partition(self, table: Any) -> Any:
        """Return the table, which has the columns that paths state."""
        return table

    def state(self) -> tuple[str, int, int]:
        """Return its name, size and time of change; of data in memory the number of rows."""
        path = getattr(self.scanned, "path", None)
        paths = getattr(self.scanned, "files", None) or ([] if path is None else [path])
        if not paths:
            with _errors(self.name):
                return self.label, self.scanned.count_rows(), 0
        found = self.scanned.filesystem.get_file_info(paths)
        for each in found:
            if not each.is_file:
                raise DataFileError(f"{each.path}: no such file.")
        return self.label, sum(each.size for each in found), sum(each.mtime_ns or 0 for each in found)

    def _tables(self, columns: list[str], n_rows: int) -> Iterator[Any]:
        pa = import_pyarrow("reading tables")
        with _errors(self.name):
            for batch in self._batches(columns, n_rows):
                batch.validate(full=True)
                if batch.num_rows:
                    yield pa.Table.from_batches([batch]).select(columns)

    def _batches(self, columns: list[str], n_rows: int) -> Iterator[Any]:
        import pyarrow.dataset

        if isinstance(self.scanned, pyarrow.dataset.ParquetFileFragment):
            yield from self._of_parquet(columns, n_rows)
            return
        schema = {} if isinstance(self.scanned, pyarrow.dataset.Dataset) else {"schema": self.schema}
        yield from self.scanned.to_batches(
            columns=columns, batch_size=n_rows, batch_readahead=1, fragment_readahead=1, use_threads=False, **schema
        )

    def _of_parquet(self, columns: list[str], n_rows: int) -> Iterator[Any]:
        """Read a Parquet file in batches; a scan of pyarrow's would hold whole row groups."""
        pa = import_pyarrow("reading tables")
        import pyarrow.dataset
        import pyarrow.parquet

        stated = pyarrow.dataset.get_partition_keys(self.scanned.partition_expression)
        groups = [group.id for group in self.scanned.row_groups]
        with self.scanned.open() as file:
            reader = pyarrow.parquet.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
            stored = [name for name in columns if name in reader.schema_arrow.names]
            for batch in reader.iter_batches(batch_size=n_rows, row_groups=groups, columns=stored):
                arrays = [
                    batch.column(name).cast(self.schema.field(name).type)
                    if name in stored
                    else pa.repeat(pa.scalar(stated.get(name)).cast(self.schema.field(name).type), batch.num_rows)
                    for name in columns
                ]
                yield pa.record_batch(arrays, names=columns)


@contextmanager
def _errors(name: str) -> Iterator[None]:
    pa = import_pyarrow("reading tables")
    try:
        yield
    except PermissionError:
        raise
    except (pa.ArrowException, OSError) as error:
        first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        raise DataFileError(f"{name}: cannot be read: {first}.") from None


def dataset_parts(dataset: Any) -> tuple[list[DatasetPart], dict[str, Any]]:
    """Return the fragments of a dataset in their order, and the types of its columns.

    Raises
    ------
    DataFileError
        For columns without names or with the same name.
    """
    schema = dataset.schema
    names = [name for name in schema.names if not is_index(name)]
    check_names(_NAME, names)
    try:
        fragments = list(dataset.get_fragments())
    except ValueError:  # a filter or a projection, which the fragments would not have
        parts = [DatasetPart(dataset, schema, f"dataset with {getattr(dataset, '_scan_options', {})}")]
    else:
        parts = [DatasetPart(each, schema, getattr(each, "path", "") or str(i)) for i, each in enumerate(fragments)]
    return parts, {name: schema.field(name).type for name in names}


def is_dataset(given: Any) -> bool:
    """Return whether an object is a dataset of pyarrow, which is imported only if it is one of its objects.

    Raises
    ------
    InputError
        For a Scanner, which can be read only once.
    """
    if not type(given).__module__.startswith("pyarrow"):
        return False
    import pyarrow.dataset

    if isinstance(given, pyarrow.dataset.Scanner):
        raise InputError(
            "a Scanner of pyarrow can be read only once, and a fit reads the rows repeatedly. Pass its dataset."
        )
    return isinstance(given, pyarrow.dataset.Dataset)
