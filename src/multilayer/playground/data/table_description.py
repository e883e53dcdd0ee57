"""describe_table: what a table holds, for the choice of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import InputError
from multilayer.playground.data.table_source import Reading, Source, note_sentences, table_of
from multilayer.tables import encode_target, row_identifiers
from multilayer.tables._frames import columns_of

_USUAL_TARGETS = ("target", "class", "label", "outcome", "y")
_LONGEST = 40  # characters of an example


@dataclass(frozen=True)
class ColumnDescription:
    """A column of a table.

    Attributes
    ----------
    name : str
        The name.
    kind : {"number", "Boolean", "text", "date", "time", "duration", "empty"}
        The kind of the values.
    example : str
        The first value; empty for a column without values.
    """

    name: str
    kind: str
    example: str


@dataclass(frozen=True)
class TableDescription:
    """The columns of a table.

    Attributes
    ----------
    columns : tuple of ColumnDescription
        The columns, in the order of the table.
    n_rows : int
        The number of rows.
    suggested : str or None
        The column that is probably the target; None if no column can be predicted.
    notes : tuple of str
        Sentences on how the file was read.
    """

    columns: tuple[ColumnDescription, ...]
    n_rows: int
    suggested: str | None
    notes: tuple[str, ...] = ()


def describe_table(source: Source, reading: Reading | None = None) -> TableDescription:
    """Describe the columns of a table, and suggest a target.

    The suggestion is a column called target, class, label, outcome or y, or else the last one that can be predicted and
    does not only identify the rows.

    Parameters
    ----------
    source : str, path, binary file object or pyarrow.Table
        The file, or the table that :func:`~multilayer.tables.read_table` returns for it.
    reading : mapping, optional
        Options of :func:`~multilayer.tables.read_table`, such as ``{"decimal": ","}``.

    Returns
    -------
    TableDescription
        The description.

    Raises
    ------
    DataFileError
        If the file cannot be read as a table.

    Examples
    --------
    >>> import io
    >>> found = describe_table(io.BytesIO(b"town,price,day\\n,1.5,2026-01-31\\nUlm,2.5,2026-02-01\\n"))
    >>> [(column.name, column.kind, column.example) for column in found.columns]
    [('town', 'text', 'Ulm'), ('price', 'number', '1.5'), ('day', 'date', '2026-01-31')]
    >>> found.n_rows, found.suggested
    (2, 'price')
    """
    table = table_of(source, reading)
    columns = columns_of(table)
    found = []
    for name in table.column_names:
        try:
            kind: str = columns.column(name).kind
        except InputError:  # a type that cannot be encoded, such as lists in a Parquet file
            kind = str(table.schema.field(name).type)
        found.append(ColumnDescription(name, kind, _example(table.column(name))))
    return TableDescription(tuple(found), table.num_rows, _suggested(table), note_sentences(table))


def _example(column: Any) -> str:
    present = column.drop_null()
    text = str(present[0].as_py()) if len(present) else ""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _suggested(table: Any) -> str | None:
    names = table.column_names
    usual = [name for wanted in _USUAL_TARGETS for name in names if name.casefold().strip() == wanted]
    try:
        identifiers = row_identifiers(table)
    except InputError:
        identifiers = ()
    others = [name for name in reversed(names) if name not in identifiers]
    return next((name for name in [*usual, *others] if _can_be_predicted(table.column(name))), None)


def _can_be_predicted(column: Any) -> bool:
    try:
        encode_target(column, drop_gaps=True)
    except InputError:
        return False
    return True
