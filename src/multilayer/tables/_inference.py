"""The kind of a list of Python's objects, which have no type in common that is stated anywhere."""

from __future__ import annotations

import datetime as dt
import decimal
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from multilayer.exceptions import InputError, InputTypeError
from multilayer.tables._column_data import ColumnData
from multilayer.tables._names import shortened
from multilayer.tables._words import microseconds_of

_NAMES_OF_GAPS = ("NAType", "NaTType")  # of pandas
# The first of these types that an object has; bool is an int, and a moment is a date.
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("Booleans", (bool, np.bool_)),
    ("text", (str,)),
    ("durations", (dt.timedelta, np.timedelta64)),  # np.timedelta64 is an integer of NumPy
    ("whole numbers", (int, np.integer)),
    ("numbers", (float, np.floating)),
    ("decimals", (decimal.Decimal,)),
    ("moments", (dt.datetime, np.datetime64)),
    ("dates", (dt.date,)),
    ("times of day", (dt.time,)),
    ("complex numbers", (complex, np.complexfloating)),
    ("numbers", (numbers.Real,)),  # such as fractions
)
_NUMBERS = {"whole numbers", "numbers", "decimals"}


def unusable(what: str, kind: str) -> InputError:
    """Return the error for a column of a type that cannot be encoded."""
    return InputError(
        f"{what} holds values of type {kind}, which cannot be encoded. "
        "Convert them to numbers, text or dates, or drop the column."
    )


def complex_numbers(what: str) -> InputTypeError:
    """Return the error for complex numbers."""
    return InputTypeError(
        f"Complex data not supported: {what} holds complex numbers. Pass real and imaginary parts as two columns."
    )


def data_of_objects(values: Sequence[Any], what: str) -> ColumnData:
    """Convert objects to a column; None, NaN, NaT and pandas.NA are gaps.

    Raises
    ------
    InputError
        For objects of no kind in common, such as numbers and text, or of a type that cannot be encoded.
    """
    kinds_of_types: dict[type, str] = {}
    for value in values:
        if type(value) not in kinds_of_types:
            kinds_of_types[type(value)] = _kind_of_type(type(value))
    gaps = np.fromiter((_is_gap(value) for value in values), np.bool_, len(values))
    present = [value for value, is_gap in zip(values, gaps.tolist(), strict=True) if not is_gap]
    kinds = dict.fromkeys(kinds_of_types[type(value)] for value in present)
    if not kinds:
        return ColumnData.empty(len(values))
    if "complex numbers" in kinds:
        raise complex_numbers(what)
    for type_, kind in kinds_of_types.items():
        if kind in kinds and not kind:
            raise unusable(what, type_.__name__)
    if len(kinds) > 1 and not (set(kinds) <= _NUMBERS or set(kinds) == {"moments", "dates"}):
        raise _no_common_kind(values, gaps.tolist(), list(kinds), kinds_of_types, what)
    return _converted(present, gaps, set(kinds), what)


def _kind_of_type(type_: type) -> str:
    return next((kind for kind, types in _KINDS if issubclass(type_, types)), "")


def _is_gap(value: Any) -> bool:
    if value is None or type(value).__name__ in _NAMES_OF_GAPS:
        return True
    if isinstance(value, decimal.Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(value != value)


def _no_common_kind(
    values: Sequence[Any], gaps: Sequence[bool], kinds: list[str], kinds_of_types: dict[type, str], what: str
) -> InputError:
    """Return the error for objects of several kinds, with the first object of the first two kinds."""
    found: dict[str, str] = {}
    for row, (value, is_gap) in enumerate(zip(values, gaps, strict=True), start=1):
        kind = kinds_of_types[type(value)]
        if not is_gap and kind not in found:
            found[kind] = f"{shortened(value) if isinstance(value, str) else value} in data row {row}"
    listed = " and ".join(f"{kind} ({found[kind]})" for kind in kinds[:2])
    return InputError(
        f"{what} holds values that have no common type: {listed}. Convert them to one type, such as numbers or text."
    )


def _converted(present: list[Any], gaps: Any, kinds: set[str], what: str) -> ColumnData:
    """Convert objects of one kind, or of kinds that have one in common, and put gaps between them."""
    if kinds == {"text"}:
        words = iter(present)
        return ColumnData.of_texts([None if is_gap else str(next(words)) for is_gap in gaps.tolist()])
    if kinds == {"Booleans"}:
        return ColumnData.of_numbers(_spread(np.array(present, dtype=np.bool_), gaps), gaps)
    if kinds <= _NUMBERS:
        try:
            return ColumnData.of_numbers(_spread(_amounts(present, kinds), gaps), gaps)
        except OverflowError:
            raise InputError(f"{what} holds a number that is too large for float64. Replace or scale it.") from None
    if kinds == {"durations"}:
        return ColumnData.of_ticks("duration", _spread(_ticks(present, "m8[us]"), gaps), gaps, "us")
    if kinds == {"times of day"}:
        ticks = [((t.hour * 60 + t.minute) * 60 + t.second) * 10**6 + t.microsecond for t in present]
        return ColumnData.of_ticks("time", _spread(np.array(ticks, dtype=np.int64), gaps), gaps, "us")
    if kinds == {"dates"}:
        return ColumnData.of_ticks("date", _spread(_ticks(present, "M8[D]"), gaps), gaps, "D")
    return _moments(present, gaps, what)


def _spread(present: Any, gaps: Any) -> Any:
    """Put 0 at the gaps between values."""
    if not gaps.any():
        return present
    values = np.zeros(len(gaps), dtype=present.dtype)
    values[~gaps] = present
    return values


def _amounts(present: list[Any], kinds: set[str]) -> Any:
    if kinds == {"whole numbers"}:
        whole = [int(value) for value in present]
        low, high = min(whole), max(whole)
        if low >= -(2**63) and high < 2**63:
            return np.array(whole, dtype=np.int64)
        if low >= 0 and high < 2**64:
            return np.array(whole, dtype=np.uint64)
        return np.array([float(value) for value in whole])
    return np.array([float(value) for value in present])


def _ticks(present: Iterable[Any], dtype: str) -> Any:
    return np.array(present, dtype=dtype).view(np.int64)


def _moments(present: list[Any], gaps: Any, what: str) -> ColumnData:
    zones = [getattr(value, "tzinfo", None) for value in present]
    if all(zone is None for zone in zones):
        return ColumnData.of_ticks("date", _spread(_ticks(present, "M8[us]"), gaps), gaps, "us")
    if any(zone is None for zone in zones):
        raise InputError(f"{what} holds moments with and without a time zone. Give all of them a time zone, or none.")
    moments = [(value.astimezone(dt.UTC), value.astimezone(zones[0])) for value in present]
    ticks, local = (
        np.array([microseconds_of(moment.replace(tzinfo=None)) for moment in pair], dtype=np.int64)
        for pair in zip(*moments, strict=True)
    )
    return ColumnData.of_ticks("date", _spread(ticks, gaps), gaps, "us", zone=str(zones[0]), local=_spread(local, gaps))
