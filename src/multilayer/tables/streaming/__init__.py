"""Tables larger than memory: typed blocks of rows, hashes of rows, and samples.

::

    open_stream("trips/", "fare")         files                ->  a TableStream
    stream.blocks()                       the table            ->  blocks of typed rows, the same ones each time
    is_validation(block.hashes, 0.1)      hashes of rows       ->  which rows validate
    RowSample(100_000).update(block)      blocks               ->  a uniform sample of rows
"""

from multilayer.tables.streaming.row_hashes import RowHasher
from multilayer.tables.streaming.sampling import RowSample, is_validation
from multilayer.tables.streaming.source import Block, TableStream, UnreadableCells, open_stream

__all__ = ["Block", "RowHasher", "RowSample", "TableStream", "UnreadableCells", "is_validation", "open_stream"]
