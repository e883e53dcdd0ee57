"""The fields of a request, read with checks of their types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from multilayer.exceptions import InputError, unknown_name


class Fields:
    """The fields of a request.

    Parameters
    ----------
    given : mapping
        The request as decoded from JSON.
    """

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = {name: value for name, value in given.items() if name not in ("id", "do")}
        self.name = str(given.get("do"))

    def check_names(self, names: tuple[str, ...]) -> None:
        """Raise an error for a field that the request does not have."""
        for name in self._given:
            if name not in names:
                known = unknown_name("field", name, names) if names else f"it has no field, got {name!r}."
                raise InputError(f"the request {self.name!r} cannot be used: {known}")

    def integer(self, name: str, default: int | None = None, low: int = 0, high: int = 2**53) -> int:
        """Return an integer from ``low`` to ``high``; the default only if the field is missing or null."""
        value = self._value(name, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._error(name, f"an integer from {low:,} to {high:,}", value)
        return value

    def number(self, name: str, default: float | None = None) -> float | None:
        """Return a positive finite number; None if the field is missing or null and has no default."""
        value = self._given.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
            raise self._error(name, "a positive number or null", value)
        return float(value)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; the default only if the field is missing or null."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise self._error(name, "a text", value)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None if the field is missing or null."""
        return None if self._given.get(name) is None else self.text(name)

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise self._error(name, "true or false", value)
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object of names and values; an empty one if the field is missing or null."""
        value = self._given.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._error(name, "an object of names and values", value)
        return value

    def has(self, name: str) -> bool:
        """Return whether the field is given and not null."""
        return self._given.get(name) is not None

    def any(self, name: str) -> Any:
        """Return the value of a field of any type; None if it is missing."""
        return self._given.get(name)

    def _value(self, name: str, default: Any) -> Any:
        value = self._given.get(name)
        if value is None:
            value = default
        if value is None:
            raise InputError(f"the request {self.name!r} needs the field {name!r}.")
        return value

    def _error(self, name: str, wanted: str, value: Any) -> InputError:
        return InputError(f"the field {name!r} of the request {self.name!r} must be {wanted}, got {value!r:.80}.")
