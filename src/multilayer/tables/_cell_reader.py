"""The cells of a column of text as values of one kind, batch by batch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._arrow import import_pyarrow
from multilayer.tables._cells import CellFormat, spelled_numbers
from multilayer.tables._column_data import Kind
from multilayer.tables._spellings import OFFSET, as_clocks, as_numbers, as_zoned, by_format, first_cast
from multilayer.tables._words import MOMENT, is_moment

_UNKNOWN = "?"


class CellReader:
    """Converts the cells of a column to a kind; those that are not of the kind become gaps.

    Whether moments have an offset from UTC, and the zone in which they are read, is that of the first ones, as in
    :func:`multilayer.tables.read_table`: the zone of their offset if all have the same, else UTC.

    Parameters
    ----------
    kind : str
        The kind.
    form : CellFormat
        How numbers and dates are written.
    """

    def __init__(self, kind: Kind, form: CellFormat) -> None:
        self._kind, self._form = kind, form
        self._zone: str | None = _UNKNOWN  # None for moments without an offset

    def convert(self, column: Any) -> tuple[Any, NDArray[np.bool_]]:
        """Convert an array of trimmed text, and say where cells are not of the kind; other columns stay as they are."""
        pa = import_pyarrow("reading tables")
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        if self._kind in ("text", "empty") or not is_text:
            return column, np.zeros(len(column), dtype=np.bool_)
        converted = self._converted(pa, column)
        unreadable = pa.compute.and_(column.is_valid(), converted.is_null())
        return converted, np.asarray(unreadable.to_numpy(), dtype=np.bool_)

    def _converted(self, pa: Any, column: Any) -> Any:
        match self._kind:
            case "number":
                return _numbers(pa, column, self._form.decimal)
            case "Boolean":
                lower = pa.compute.utf8_lower(column)
                known = pa.compute.is_in(lower, value_set=pa.array(["true", "false", "1", "0"], column.type))
                is_true = pa.compute.is_in(lower, value_set=pa.array(["true", "1"], column.type))
                return pa.compute.if_else(known, is_true, pa.scalar(None, pa.bool_()))
            case "duration":
                return _gaps(pa, column, pa.duration("us"))
            case "time":
                return self._formatted(pa, column, _clocks)
            case _:
                return self._formatted(pa, column, self._moments)

    def _formatted(self, pa: Any, column: Any, read: Any) -> Any:
        """Convert by the format of dates, and cells that it does not fit by ``read``."""
        if self._form.date_format is None:
            return read(pa, column)
        found = by_format(pa, column, self._form.date_format, most_failed=1.0)
        rest = pa.compute.if_else(found.is_null(), column, pa.scalar(None, column.type))
        others = read(pa, rest)
        if others.null_count == len(others):
            return found
        if found.null_count == len(found):
            return others
        if found.type == others.type:
            return pa.compute.coalesce(found, others)
        both = pa.timestamp("us", getattr(found.type, "tz", None))
        if not all(pa.types.is_timestamp(each) or pa.types.is_date(each) for each in (found.type, others.type)):
            return found
        return pa.compute.coalesce(found.cast(both), others.cast(both))

    def _moments(self, pa: Any, column: Any) -> Any:
        if self._zone in (None, _UNKNOWN):
            found = _of_words(pa, column, _is_plain, lambda kept: first_cast(pa, kept, None))
            if self._zone is None or found.null_count < len(found):
                self._zone = None
                return found
        if self._zone == _UNKNOWN:
            zoned = _of_words(pa, column, _is_zoned, lambda kept: (as_zoned(pa, kept) or (None,))[0])
            if zoned.null_count < len(zoned):
                self._zone = zoned.type.tz
            return zoned
        found = _of_words(pa, column, _is_zoned, lambda kept: first_cast(pa, kept, "UTC"))
        return found.cast(pa.timestamp(getattr(found.type, "unit", "us"), self._zone))


def _numbers(pa: Any, column: Any, decimal: str) -> Any:
    found = as_numbers(pa, column, decimal)
    # Arrow reads "inf", which is no number here, wherever all cells can be cast.
    if found is None or not pa.compute.all(pa.compute.is_finite(found)).as_py():
        return spelled_numbers(pa, column, decimal)
    return found


def _clocks(pa: Any, column: Any) -> Any:
    def is_clock(word: str) -> bool:
        return as_clocks(pa, pa.chunked_array([[word]], column.type)) is not None

    return _of_words(pa, column, is_clock, lambda kept: as_clocks(pa, kept))


def _of_words(pa: Any, column: Any, fits: Any, read: Any) -> Any:
    """Convert a column by ``read``; if that fails, the cells that fit alone."""
    if column.null_count == len(column):
        return _gaps(pa, column, pa.null())
    found = read(column)
    if found is not None:
        return found
    words = [word for word in column.drop_null().unique().to_pylist() if fits(word)]
    if not words:
        return _gaps(pa, column, pa.null())
    is_read = pa.compute.is_in(column, value_set=pa.array(words, column.type))
    return read(pa.compute.if_else(is_read, column, pa.scalar(None, column.type)))


def _gaps(pa: Any, column: Any, kind: Any) -> Any:
    return pa.chunked_array([pa.nulls(len(column), kind)])


def _is_plain(word: str) -> bool:
    return re.match(MOMENT, word) is not None and is_moment(word)


def _is_zoned(word: str) -> bool:
    found = re.match(OFFSET, word)
    return found is not None and _is_plain(word.removesuffix(found["offset"]))
