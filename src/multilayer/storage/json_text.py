"""Strict JSON, for files that may be damaged or hostile."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DIGITS = 20  # of an integer; 2**64 has 20
MAX_INTEGER = 2**64


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text, without the extensions of the standard library.

    Parameters
    ----------
    text : str or bytes
        The JSON text.

    Returns
    -------
    object
        Its value.

    Raises
    ------
    ValueError
        For text that is not JSON, and for ``NaN``, ``Infinity``, numbers beyond float64, integers of more than 64
        bits, repeated keys in one object, and values that are nested too deeply.

    Examples
    --------
    >>> parse_json('{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> parse_json('1e999')
    Traceback (most recent call last):
    ValueError: the number 1e999 is outside the range of float64
    """
    try:
        return json.loads(
            text, parse_constant=_refuse, parse_int=_integer, parse_float=_number, object_pairs_hook=_object
        )
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    # Python takes quadratic time for long integers, and raises another error for more than 4,300 digits.
    if len(digits) <= MAX_DIGITS + 1:
        value = int(digits)
        if -MAX_INTEGER < value < MAX_INTEGER:
            return value
    raise ValueError(f"the integer {digits[:24]}... has more than 64 bits")


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:24]} is outside the range of float64")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"the key {repeated_name(pairs)[:80]!r} occurs twice in one object")
    return found


def repeated_name(pairs: list[tuple[str, Any]]) -> str:
    """Return the first name that occurs a second time in an object.

    Parameters
    ----------
    pairs : list of (str, object)
        The members of the object, of which two have the same name.

    Returns
    -------
    str
        The name.

    Examples
    --------
    >>> repeated_name([("a", 1), ("b", 2), ("b", 3)])
    'b'
    """
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            break
        seen.add(name)
    return name
