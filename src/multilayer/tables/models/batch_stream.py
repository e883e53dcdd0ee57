"""The rows of partial_fit: one table, or a stream of record batches in parts of some hundred rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import InputError, InputTypeError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables.target import features_and_target, split_target

# The encoders are fitted on so many rows of a stream at least, and later parts have so many rows at least.
FIRST_ROWS, PART_ROWS = 500, 1_024


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows with their targets and weights."""

    X: Any
    y: Any
    weight: Any = None


@dataclass(frozen=True, eq=False)
class Rest:
    """The remaining batches of a stream; none for a table."""

    batches: Iterator[Any]
    target: str = ""


def first_part(X: Any, y: Any, sample_weight: Any, *, gathers: bool) -> tuple[Part, Rest]:
    """Return a table as one part, or the first part of a stream, and the rest.

    Parameters
    ----------
    X : table, array, record batch, or stream of them
        The rows.
    y : array or str
        The targets, or the name of their column.
    sample_weight : array or None
        The weights.
    gathers : bool
        Whether the first part of a stream has ``FIRST_ROWS`` rows at least.

    Returns
    -------
    Part, Rest
        The part, and the rest of the stream.

    Raises
    ------
    InputError
        For no y, no name of the target of a stream, weights with a stream, or a stream without rows.
    """
    if y is None:
        raise InputError("partial_fit requires y, but y is None. Pass the targets, or the name of their column in X.")
    batches = _batches(X)
    if batches is None:
        return Part(*features_and_target(_table(X), y), sample_weight), Rest(iter(()))
    if not isinstance(y, str):
        raise InputError("a stream of record batches needs the name of the target column as y, such as y='price'.")
    if sample_weight is not None:
        raise InputError("sample_weight cannot be used with a stream. Pass record batches one by one, or omit it.")
    rest = Rest(batches, y)
    first = _gathered(rest, FIRST_ROWS if gathers else PART_ROWS)
    if first is None:
        raise InputError("the stream has no rows. A stream can be read once: open it again.")
    return first, rest


def later_parts(rest: Rest) -> Iterator[Part]:
    """Return the remaining rows of a stream, in parts of some hundred rows."""
    while (part := _gathered(rest, PART_ROWS)) is not None:
        yield part


def _gathered(rest: Rest, least: int) -> Part | None:
    """Return at least so many rows as one part, fewer at the end of the stream; None if none are left."""
    tables, n_rows = [], 0
    while n_rows < least and (batch := next(rest.batches, None)) is not None:
        table = _table(batch)
        if not hasattr(table, "num_rows"):
            raise InputTypeError(
                f"a stream must have record batches or tables of pyarrow, got {type(batch).__name__}. Convert them by "
                "pyarrow.Table.from_pandas, or call partial_fit for each of them."
            )
        tables.append(table)
        n_rows += table.num_rows
    if not n_rows:
        return None
    pa = import_pyarrow("streams of record batches")
    try:
        joined = pa.concat_tables(tables)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"the batches of the stream have different columns: {str(error).splitlines()[0]} Give them one schema."
        ) from None
    return Part(*split_target(joined, rest.target))


def _batches(X: Any) -> Iterator[Any] | None:
    """Return the batches of a stream; None for one table."""
    if hasattr(X, "read_next_batch"):  # pyarrow.RecordBatchReader
        return iter(X)
    if isinstance(X, Iterator):
        return X
    if isinstance(X, list | tuple) and len(X) and all(type(each).__name__ == "RecordBatch" for each in X):
        return iter(X)
    return None


def _table(X: Any) -> Any:
    """Return a record batch as a table; anything else as it is."""
    if type(X).__name__ == "RecordBatch" and type(X).__module__.startswith("pyarrow"):
        return import_pyarrow("record batches").Table.from_batches([X])
    return X
