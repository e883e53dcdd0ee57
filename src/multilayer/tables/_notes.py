"""Notes on how a file was read, which are stored in the metadata of the table's schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEY = b"multilayer"


@dataclass(frozen=True)
class ColumnNote:
    """How one column was read."""

    text: str = ""  # for the user
    is_code: bool = False  # whether the column is meant as text even if its cells look like numbers


def with_notes(table: Any, notes: Sequence[str], columns: Mapping[str, ColumnNote]) -> Any:
    """Add notes on the file to the schema of a table, and notes on columns to their fields."""
    for name, note in columns.items():
        position = table.column_names.index(name)
        value = json.dumps({"text": note.text, "is_code": note.is_code})
        field = table.schema.field(position).with_metadata({_KEY: value.encode()})
        table = table.set_column(position, field, table.column(position))
    return table.replace_schema_metadata({_KEY: json.dumps(list(notes)).encode()}) if notes else table


def without_notes(table: Any) -> Any:
    """Remove the notes of an earlier reading, whose row numbers may be outdated."""
    for position, field in enumerate(table.schema):
        if field.metadata and _KEY in field.metadata:
            table = table.set_column(position, field.remove_metadata(), table.column(position))
    metadata = {key: value for key, value in (table.schema.metadata or {}).items() if key != _KEY}
    return table.replace_schema_metadata(metadata or None)


def column_notes(table: Any) -> dict[str, ColumnNote]:
    """Return the notes on columns by name; tables of other libraries than Arrow have none."""
    notes = {}
    for field in getattr(table, "schema", ()) if _is_arrow(table) else ():
        value = (field.metadata or {}).get(_KEY)
        if value is not None:
            notes[field.name] = ColumnNote(**json.loads(value))
    return notes


def file_notes(table: Any) -> tuple[str, ...]:
    """Return the notes on the file as a whole; tables of other libraries than Arrow have none."""
    value = (table.schema.metadata or {}).get(_KEY) if _is_arrow(table) else None
    return () if value is None else tuple(json.loads(value))


def reading_notes(table: Any) -> tuple[str, ...]:
    """Return the notes of :func:`read_table` on how it read a file.

    The notes are stored in the table's schema.  ``select``, ``drop_columns`` and ``take`` keep the notes of the
    remaining columns; a conversion to pandas or polars drops them.

    Parameters
    ----------
    table : pyarrow.Table
        A table from :func:`read_table`.

    Returns
    -------
    tuple of str
        Sentences without a full stop.

    Examples
    --------
    >>> import io
    >>> from multilayer.tables import read_table
    >>> reading_notes(read_table(io.BytesIO(b"# of 2024\\nplace,people\\n00012,7\\n00345,9\\n")))
    ("1 line above the column names skipped: '# of 2024'",
     "column 'place': kept as text, because 2 of 2 cells begin with zeros, such as '00012' (data row 1)")
    """
    of_columns = (f"column {name!r}: {note.text}" for name, note in column_notes(table).items() if note.text)
    return (*file_notes(table), *of_columns)


def _is_arrow(table: Any) -> bool:
    return type(table).__module__.split(".")[0] == "pyarrow" and hasattr(table, "schema")
