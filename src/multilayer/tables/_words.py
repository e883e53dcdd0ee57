"""The different texts of a column, and the numbers and moments that they spell."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from multilayer.tables._amounts import AmountForm

NUMBER = r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?$"
CODE = r"^0[0-9]+$"
_number, _moment, _code = (re.compile(pattern.rstrip("$")) for pattern in (NUMBER, MOMENT, CODE))
_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)


class Words(Sequence[str]):
    """Different texts; all parts of a column share them, so that each text is converted once.

    Parameters
    ----------
    words : sequence of str
        The texts.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._amounts: dict[AmountForm, NDArray[np.float64]] = {}

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        return self._words[place]

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The number that each text spells, NaN for other text."""
        found = [float(word) if _number.fullmatch(word) else math.nan for word in self._words]
        return np.array(found, dtype=np.float64)

    def amounts(self, form: AmountForm) -> NDArray[np.float64]:
        """The number that each text spells in a form, NaN for other text."""
        if form not in self._amounts:
            self._amounts[form] = np.array([form.value(word) for word in self._words], dtype=np.float64)
        return self._amounts[form]

    @cached_property
    def are_codes(self) -> NDArray[np.bool_]:
        """Whether each text is a whole number with a leading zero."""
        return np.array([_code.fullmatch(word) is not None for word in self._words], dtype=np.bool_)

    @cached_property
    def moments(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The date or moment that each text spells in microseconds since 1970, and whether it spells one."""
        found = [_microseconds(word) if _moment.fullmatch(word) else None for word in self._words]
        spelled = np.array([ticks is not None for ticks in found], dtype=np.bool_)
        return np.array([ticks or 0 for ticks in found], dtype=np.int64), spelled


def is_moment(word: str) -> bool:
    """Return whether text of the form of a date or moment is one; the 30th of February is not."""
    return _microseconds(word) is not None


def _microseconds(word: str) -> int | None:
    try:
        moment = dt.datetime.fromisoformat(word[:19])
    except ValueError:
        return None
    return microseconds_of(moment) + int(word[20:26].ljust(6, "0"))


def microseconds_of(moment: dt.datetime) -> int:
    """Return the microseconds of a moment without a time zone since the start of 1970."""
    return (moment - _EPOCH) // _MICROSECOND
