"""The kinds of the columns of a table, by the types that its files store and the first rows of text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from multilayer.exceptions import DataFileError, InputError
from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat
from multilayer.tables._column_data import PLURAL, Kind
from multilayer.tables._csv import typed_columns
from multilayer.tables._notes import ColumnNote, column_notes
from multilayer.tables._series import column_data
from multilayer.tables._spelled import spelled_column
from multilayer.tables.streaming.blocks import stored_kind

_ROW = re.compile(r" \(data row \d+\)")


@dataclass(frozen=True)
class ColumnKinds:
    """What is known of the columns of a table before all of its rows are read.

    Attributes
    ----------
    kinds : dict of str to Kind
        The kinds by name.
    whole : frozenset of str
        The columns of text that spell whole numbers.
    spelled : tuple of str
        The columns of stored text that are read as numbers or dates, because their cells spell these.
    notes : dict of str to ColumnNote
        How columns are read.
    """

    kinds: dict[str, Kind]
    whole: frozenset[str]
    spelled: tuple[str, ...]
    notes: dict[str, ColumnNote]

    def updated(self, other: ColumnKinds) -> ColumnKinds:
        """Return these columns with those of another record, which replace columns of the same name."""
        return ColumnKinds(
            self.kinds | other.kinds,
            self.whole | other.whole,
            (*self.spelled, *other.spelled),
            self.notes | other.notes,
        )


def kinds_of_text(
    name: str,
    heads: Sequence[Any],
    form: CellFormat,
    text_columns: Sequence[str],
    *,
    is_whole: bool,
    check_format: bool = True,
) -> ColumnKinds:
    """Infer the kinds of columns of text, as :func:`multilayer.tables.read_table` does, from some rows.

    ``heads`` are tables of text: the first rows, and rows of other files; ``is_whole`` says whether these are all rows.
    With ``check_format``, a format of dates that fits no column is an error.
    """
    pa = import_pyarrow("reading tables")
    table = pa.concat_tables(heads) if len(heads) > 1 else heads[0]
    typed = typed_columns(name, table, (), form, text_columns, check_format=check_format)
    kinds = {field.name: stored_kind(field.type, field.name) for field in typed.schema}
    whole = frozenset(field.name for field in typed.schema if pa.types.is_integer(field.type))
    notes = {}
    for column, note in column_notes(typed).items():
        text = note.text if len(heads) == 1 else _ROW.sub("", note.text)
        if kinds[column] != "text":
            text = ""  # the cells of other kinds are counted in all rows instead
        if text and not is_whole:
            text += f"; only {table.num_rows:,} rows were examined"
        notes[column] = ColumnNote(text, note.is_code)
    return ColumnKinds(kinds, whole, (), notes)


def kinds_of_stored(
    name: str,
    types: Mapping[str, Sequence[Any]],
    heads: Sequence[Any],
    text_columns: Sequence[str],
    stated: Collection[str],
) -> ColumnKinds:
    """Return the kinds of columns that are stored with types, and of text among them by what some rows spell.

    ``stated`` are the columns that the paths of the files state.

    Raises
    ------
    DataFileError
        For a column that is of different kinds in different files.
    InputError
        For a type that cannot be encoded.
    """
    pa = import_pyarrow("reading tables")
    kinds: dict[str, Kind] = {}
    spelled = []
    for column, found in types.items():
        kinds[column] = "text" if column in text_columns else _common_kind(name, column, found)
        if column in (*text_columns, *stated) or not all(
            pa.types.is_string(kind) or pa.types.is_null(kind) for kind in found
        ):
            continue
        cells = [head.column(column) for head in heads]
        chunks = [chunk.cast(pa.string()) for each in cells for chunk in each.chunks]
        given = column_data(pa.chunked_array(chunks, pa.string()), column)
        converted, _ = (None, None) if given.gaps.all() else spelled_column(given, typed=True)
        if converted is not None:
            kinds[column] = converted.kind
            spelled.append(column)
    return ColumnKinds(kinds, frozenset(), tuple(spelled), {})


def _common_kind(name: str, column: str, types: Sequence[Any]) -> Kind:
    kinds = list(dict.fromkeys(stored_kind(each, column) for each in types))
    present = [kind for kind in kinds if kind != "empty"]
    if len(present) > 1:
        listed = " and ".join(PLURAL[kind] for kind in present)
        raise DataFileError(f"{name}: column {column!r} holds {listed} in different files. Give it one type.")
    return present[0] if present else "empty"


def check_target(name: str, kind: Kind) -> None:
    """Raise an InputError for a target of a kind that cannot be predicted."""
    if kind not in ("number", "Boolean", "text"):
        raise InputError(
            f"target {name!r} holds {PLURAL[kind]}, which cannot be predicted. "
            + (
                "Choose another column, or fill it."
                if kind == "empty"
                else "Convert them to numbers, e.g. days since a date."
            )
        )
