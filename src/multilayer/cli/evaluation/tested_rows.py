"""The rows of the file of ``--test``, below those of the table."""

from __future__ import annotations

from typing import Any

from multilayer.cli.console import Output
from multilayer.cli.source import Source
from multilayer.cli.text import count, quoted, shortened
from multilayer.exceptions import InputError
from multilayer.tables import reading_notes

_MOST_NAMES = 5  # in a note


def with_test_rows(table: Any, tested: Any, source: Source, output: Output) -> Any:
    """The rows of both files in one table, with the columns of the first.

    Raises
    ------
    InputError
        If a column is missing in the second file, or holds values of another kind there.
    """
    import pyarrow as pa

    optional = {*source.ignore, *filter(None, (source.group, source.time_column))}
    parts = []
    for name in table.column_names:
        column = table.select([name])
        if name in tested.column_names:
            below = tested.select([name])
        elif name in optional:
            below = pa.table({name: pa.nulls(tested.num_rows, column.schema.types[0])})
        else:
            raise InputError(_missing(name, source))
        try:
            parts.append(pa.concat_tables([column, below], promote_options="permissive").column(0))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            kinds = kind_of_column(below.column(0)), kind_of_column(column.column(0))
            raise InputError(
                f"column {quoted(name)} holds {kinds[0]} in --test {source.test}, and {kinds[1]} here. Write both "
                "files alike, or leave the column out with --ignore."
            ) from None
    for note in reading_notes(tested):
        output.note(f"{source.tested.name}: {note}")
    unknown = [repr(shortened(name, 40)) for name in tested.column_names if name not in table.column_names]
    if unknown:
        output.note(
            f"{source.tested.name}: {count(len(unknown), 'column')} that {source.name} does not have "
            f"{'is' if len(unknown) == 1 else 'are'} not used: {', '.join(unknown[:_MOST_NAMES])}"
        )
    return pa.table(dict(zip(table.column_names, parts, strict=True)))


def _missing(name: str, source: Source) -> str:
    if name == source.target:
        return f"the target {quoted(name)} is no column of --test {source.test}. It is needed for the scores: add it."
    if name == source.id:
        return f"the id column {quoted(name)} is no column of --test {source.test}. Add it, or omit --id."
    advice = "Add it there, or leave it out of both with --ignore."
    return f"column {quoted(name)} is no column of --test {source.test}. {advice}"


def kind_of_column(column: Any) -> str:
    """What a column of pyarrow holds, in words."""
    from pyarrow import types

    if types.is_boolean(column.type):
        return "Booleans"
    if types.is_temporal(column.type):
        return "dates or times"
    if types.is_integer(column.type) or types.is_floating(column.type) or types.is_decimal(column.type):
        return "numbers"
    return "gaps only" if types.is_null(column.type) else "text"
