"""From a data file or a data frame to the arrays that a network is trained on.

::

    read_table("houses.csv")              a file               ->  a pyarrow table
    read_batches("new.csv", kinds)        a file of any size   ->  pyarrow tables
    open_stream("houses", "price")        a table of any size  ->  blocks of rows, on which table models are fitted
    split_target(table, "price")          a table              ->  the features, the target column
    encode_target(column)                 the target column    ->  y and the task
    TableEncoder().fit_transform(frame)   the features         ->  X, numbers without gaps

narwhals for frames, and pyarrow for files and its own tables, are imported when first needed; ``multilayer[tables]``
installs both.
"""

from multilayer.tables._identifiers import row_identifiers
from multilayer.tables._notes import reading_notes
from multilayer.tables.batches import Batch, TableBatches, Unreadable, read_batches
from multilayer.tables.encoder import TableEncoder
from multilayer.tables.fingerprint import data_fingerprint
from multilayer.tables.reading import read_table
from multilayer.tables.reports import ColumnReport, ColumnReports
from multilayer.tables.streaming.source import TableStream, open_stream
from multilayer.tables.target import TargetInfo, encode_target, split_target

__all__ = [
    "Batch",
    "ColumnReport",
    "ColumnReports",
    "TableBatches",
    "TableEncoder",
    "TableStream",
    "TargetInfo",
    "Unreadable",
    "data_fingerprint",
    "encode_target",
    "open_stream",
    "read_batches",
    "read_table",
    "reading_notes",
    "row_identifiers",
    "split_target",
]
