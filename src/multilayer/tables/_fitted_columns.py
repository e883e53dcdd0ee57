"""The columns of a table to be transformed: those that were fitted, of the same kinds."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

from multilayer.exceptions import InputError, MultilayerWarning, ShapeError
from multilayer.tables._column_data import PLURAL, ColumnData
from multilayer.tables._frames import Columns
from multilayer.tables._names import missing_column
from multilayer.tables._spelled import spelled_cells
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.encodings import Encoding, NumberEncoding
from multilayer.tables.piecewise import PiecewiseEncoding


def received_names(
    table: Columns, fitted: Sequence[str], had_names: bool, encodings: Sequence[Encoding]
) -> Mapping[str, str]:
    """Map the name of each fitted column to its name in the table: the same, or the one at its position.

    Of named columns, only the encoded ones are needed.
    """
    names = table.column_names
    if had_names and table.has_names:
        for encoding in encodings:
            if encoding.name not in names:
                raise missing_column("column", encoding.name, names)
        return dict(zip(names, names, strict=True))
    if len(names) != len(fitted):
        raise ShapeError(f"X has {len(names)} features, but TableEncoder is expecting {len(fitted)} features as input.")
    if had_names:
        _warn("X does not have valid feature names, but TableEncoder was fitted with feature names")
    elif table.has_names:
        _warn("X has feature names, but TableEncoder was fitted without feature names")
    return dict(zip(fitted, names, strict=True))


def _warn(message: str) -> None:
    warnings.warn(f"{message}; columns are identified by their position.", MultilayerWarning, stacklevel=5)


def of_fitted_kind(encoding: Encoding, column: ColumnData) -> ColumnData:
    """Check the kind of a column, and convert a column of gaps only, which may have any type.

    A column without values has no type in a file, and is numbers in pandas.
    """
    if column.kind in (encoding.kind, "empty"):
        return column
    number = number_of(encoding)
    if column.kind == "text" and number is not None and number.from_text:
        spelled = spelled_cells(column, encoding.kind, number.form)
        if spelled.n_gaps < len(spelled) or set(column.counts()) <= set(number.gap_words):
            return spelled
    if column.gaps.all():
        return ColumnData.empty(len(column))
    expected = PLURAL[encoding.kind]
    found = _first_word(column) if column.kind == "text" and encoding.kind == "number" else ""
    raise InputError(
        f"column {encoding.name!r} held {expected} when the encoder was fitted, now it holds {PLURAL[column.kind]}"
        f"{found}. Convert it to {expected}, or fit the encoder again."
    )


def number_of(encoding: Encoding) -> NumberEncoding | None:
    """Return the encoding of the number itself, without parts; None for text."""
    if isinstance(encoding, DateEncoding):
        return encoding.elapsed
    if isinstance(encoding, PiecewiseEncoding):
        return encoding.raw
    return encoding if isinstance(encoding, NumberEncoding) else None


def with_text(encoding: Encoding) -> Encoding:
    """Return the encoding of a column that was fitted as numbers or dates, and may be text that spells them."""
    match encoding:
        case DateEncoding():
            return replace(encoding, elapsed=replace(encoding.elapsed, from_text=True))
        case PiecewiseEncoding():
            return replace(encoding, raw=replace(encoding.raw, from_text=True))
        case NumberEncoding():
            return replace(encoding, from_text=True)
    return encoding


def _first_word(column: ColumnData) -> str:
    """Describe the first text in a column of numbers, with its row."""
    for row, word in enumerate(column.to_pylist(), start=1):
        try:
            float(word if word is not None else "nan")
        except ValueError:
            return f" ({word[:40]!r} in data row {row})"
    return " (numbers written as text)"
