"""Checks of single parameters; every error names the parameter, the value received and the valid values."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from multilayer.exceptions import ParameterError, argument, unknown_name


def check_real(
    name: str, value: Any, low: float, high: float = math.inf, *, open_low: bool = False, open_high: bool = False
) -> float:
    """Return a finite number from ``low`` to ``high``; ``open_low`` and ``open_high`` exclude the bounds themselves."""
    is_number = isinstance(value, numbers.Real) and value is not True and value is not False and math.isfinite(value)
    if not is_number or value < low or value > high or (open_low and value == low) or (open_high and value == high):
        if high == math.inf and low == 0:
            wanted = "a positive number" if open_low else "a non-negative number"
        elif high < math.inf and not (open_low or open_high):
            wanted = f"a number from {low:g} to {high:g}"
        else:
            above = "" if high == math.inf else f" and below {high:g}" if open_high else f" and at most {high:g}"
            wanted = f"a number {f'above {low:g}' if open_low else f'of at least {low:g}'}{above}"
        raise ParameterError(f"{argument(name)} must be {wanted}, got {value!r}.")
    return float(value)


def check_integer(name: str, value: Any, low: int) -> int:
    """Return an integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < low:
        wanted = {0: "a non-negative integer", 1: "a positive integer"}.get(low, f"an integer of at least {low}")
        raise ParameterError(f"{argument(name)} must be {wanted}, got {value!r}.")
    return int(value)


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return the value if it is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise unknown_name(name, value, choices)
    return value


def check_flag(name: str, value: Any) -> bool:
    """Return True or False."""
    # Not bool(value): "no" is true.
    if value is not True and value is not False and type(value).__name__ not in ("bool", "bool_"):
        raise ParameterError(f"{argument(name)} must be True or False, got {value!r}.")
    return bool(value)


def check_seconds(name: str, value: Any) -> float:
    """Return a positive number of seconds; infinity for None."""
    return math.inf if value is None else check_real(name, value, 0.0, open_low=True)


def check_seed(name: str, value: Any) -> Any:
    """Return a valid seed unchanged: creating a generator takes longer than training on a small part."""
    is_integer = isinstance(value, numbers.Integral) and 0 <= int(value) < 2**32
    if not (is_integer or value is None or value is np.random or isinstance(value, np.random.RandomState)):
        raise ParameterError(
            f"{argument(name)} must be None, an integer from 0 to 2**32 - 1 or a RandomState, got {value!r}."
        )
    return value
