"""The columns of a table to be transformed: those that were fitted, of the same kinds."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from multilayer.exceptions import InputError, MultilayerWarning, ShapeError
from multilayer.tables._arrow import PLURAL, import_pyarrow, kind_of, numbers, texts
from multilayer.tables._cells import spelled_cells
from multilayer.tables._frames import Columns
from multilayer.tables._names import missing_column
from multilayer.tables.calendars import DateEncoding
from multilayer.tables.encodings import Encoding, NumberEncoding
from multilayer.tables.piecewise import PiecewiseEncoding


def received_names(
    table: Columns, fitted: Sequence[str], had_names: bool, encodings: Sequence[Encoding]
) -> Mapping[str, str]:
    """Map the name of each fitted column to its name in the table: the same, or the one at its position.

    Of named columns, only the encoded ones are needed.
    """
    if had_names and table.has_names:
        for encoding in encodings:
            if encoding.name not in table.names:
                raise missing_column("column", encoding.name, table.names)
        return dict(zip(table.names, table.names, strict=True))
    if len(table.names) != len(fitted):
        raise ShapeError(
            f"X has {len(table.names)} features, but TableEncoder is expecting {len(fitted)} features as input."
        )
    if had_names:
        _warn("X does not have valid feature names, but TableEncoder was fitted with feature names")
    elif table.has_names:
        _warn("X has feature names, but TableEncoder was fitted without feature names")
    return dict(zip(fitted, table.names, strict=True))


def _warn(message: str) -> None:
    warnings.warn(f"{message}; columns are identified by their position.", MultilayerWarning, stacklevel=5)


def of_fitted_kind(encoding: Encoding, column: Any) -> Any:
    """Check the kind of a column, and convert a column of gaps only, which may have any type.

    A column without values has no type in a file, and is numbers in pandas.
    """
    what = f"column {encoding.name!r}"
    received = kind_of(column, what)
    if received in (encoding.kind, "empty"):
        return column
    number = _number_of(encoding)
    if received == "text" and number is not None and number.from_text:
        words = texts(column)
        spelled = spelled_cells(words, encoding.kind)
        if spelled.null_count < len(spelled) or set(words.unique().to_pylist()) <= {None, *number.gap_words}:
            return spelled
    if column.null_count == len(column) or (
        received != "text" and np.isnan(numbers(column, what, allow_infinity=True)).all()
    ):
        pa = import_pyarrow("encoding tables")
        return pa.chunked_array([pa.nulls(len(column))])
    expected = PLURAL[encoding.kind]
    found = _first_word(column) if received == "text" and encoding.kind == "number" else ""
    raise InputError(
        f"{what} held {expected} when the encoder was fitted, now it holds {PLURAL[received]}{found}. "
        f"Convert it to {expected}, or fit the encoder again."
    )


def _number_of(encoding: Encoding) -> NumberEncoding | None:
    """Return the encoding of the number itself, without parts; None for text."""
    if isinstance(encoding, DateEncoding):
        return encoding.elapsed
    if isinstance(encoding, PiecewiseEncoding):
        return encoding.raw
    return encoding if isinstance(encoding, NumberEncoding) else None


def _first_word(column: Any) -> str:
    """Describe the first text in a column of numbers, with its row."""
    for row, word in enumerate(texts(column).to_pylist(), start=1):
        try:
            float(word if word is not None else "nan")
        except ValueError:
            return f" ({word[:40]!r} in data row {row})"
    return " (numbers written as text)"
