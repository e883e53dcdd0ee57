"""What reading a file decided, kept in the metadata of the table's schema, so that it travels with the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEY = b"multilayer"


@dataclass(frozen=True)
class ColumnNote:
    """What reading decided about one column.

    Attributes
    ----------
    text : in plain words, for the user; "" for nothing to say
    is_code : whether the column is text on purpose, however much its cells look like numbers
    """

    text: str = ""
    is_code: bool = False


def with_notes(table: Any, notes: Sequence[str], columns: Mapping[str, ColumnNote]) -> Any:
    """The table with notes about the file in its schema and about columns in their fields."""
    for name, note in columns.items():
        position = table.column_names.index(name)
        value = json.dumps({"text": note.text, "is_code": note.is_code})
        field = table.schema.field(position).with_metadata({_KEY: value.encode()})
        table = table.set_column(position, field, table.column(position))
    return table.replace_schema_metadata({_KEY: json.dumps(list(notes)).encode()}) if notes else table


def without_notes(table: Any) -> Any:
    """The table without notes of an earlier reading, whose row numbers may no longer hold."""
    for position, field in enumerate(table.schema):
        if field.metadata and _KEY in field.metadata:
            table = table.set_column(position, field.remove_metadata(), table.column(position))
    metadata = {key: value for key, value in (table.schema.metadata or {}).items() if key != _KEY}
    return table.replace_schema_metadata(metadata or None)


def column_notes(table: Any) -> dict[str, ColumnNote]:
    """The notes about columns, by name; none for tables that are not Arrow's."""
    notes = {}
    for field in getattr(table, "schema", ()) if _is_arrow(table) else ():
        value = (field.metadata or {}).get(_KEY)
        if value is not None:
            notes[field.name] = ColumnNote(**json.loads(value))
    return notes


def reading_notes(table: Any) -> tuple[str, ...]:
    """What the user should know of how :func:`read_table` read a file.

    The notes travel in the table's schema: ``select``, ``drop_columns`` and ``take`` keep those of the columns that
    stay; a conversion to pandas or polars loses them.

    Parameters
    ----------
    table : pyarrow.Table from :func:`read_table`

    Returns
    -------
    tuple of sentences without a full stop; empty where there is nothing to tell.

    Examples
    --------
    >>> import io
    >>> from multilayer.tables import read_table
    >>> reading_notes(read_table(io.BytesIO(b"# of 2024\\nplace,people\\n00012,7\\n00345,9\\n")))
    ("1 line above the column names skipped: '# of 2024'",
     "column 'place': kept as text, since 2 of 2 cells begin with zeros, such as '00012' (data row 1)")
    """
    if not _is_arrow(table):
        return ()
    value = (table.schema.metadata or {}).get(_KEY)
    notes = json.loads(value) if value is not None else []
    return (*notes, *(f"column {name!r}: {note.text}" for name, note in column_notes(table).items() if note.text))


def _is_arrow(table: Any) -> bool:
    return type(table).__module__.split(".")[0] == "pyarrow" and hasattr(table, "schema")
