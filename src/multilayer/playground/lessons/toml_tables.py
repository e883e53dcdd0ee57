"""Tables of a TOML file, read key by key; every error names the file, the key, the value and what to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from multilayer.exceptions import InputError, similar_names

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """A table of a file.

    Attributes
    ----------
    values : mapping
        Its keys and values.
    file, path : str
        The file, and the key of this table in it; "" for the whole file.
    """

    values: Mapping[str, Any]
    file: str
    path: str = ""

    def error(self, key: str, problem: str) -> InputError:
        """Return the error for a key of this table."""
        place = ".".join(filter(None, (self.path, key)))
        return InputError(f"{self.file}: {f'{place} ' if place else ''}{problem}")

    def check_keys(self, known: Collection[str]) -> None:
        """Raise an error for an unknown key, with the nearest known one."""
        for key in self.values:
            if key not in known:
                near = similar_names(key, known, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Use one of {', '.join(sorted(known))}."
                raise self.error(key, f"is not a key of {self.path or 'a lesson'}. {hint}")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text that is not empty; without a default, it must be there."""
        value = self._value(key, default, "a text in quotes")
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self.error(key, f'must be a text, got {value!r}. Write {key} = "...".')
        return value.strip()

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return a finite number, or the default."""
        value = self.values.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.error(key, f"must be a number, got {value!r}. Write {key} = 0.9, for example.")
        return float(value)

    def positive(self, key: str, default: int | None = None, most: int = 1_000_000) -> int:
        """Return a positive integer; without a default, it must be there."""
        value = self._value(key, default, "a positive integer")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise self.error(key, f"must be an integer from 1 to {most:,}, got {value!r}.")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false; false if the key is missing."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, got {value!r}.")
        return value

    def choice(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """Return one of the known names."""
        value = self.text(key, default)
        if value not in known:
            near = similar_names(value, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise self.error(key, f"must be one of {', '.join(sorted(known))}, got {value!r}. {hint}".rstrip())
        return value

    def names(self, key: str, known: Collection[str]) -> tuple[str, ...] | None:
        """Return a list of known names; None if the key is missing."""
        if key not in self.values:
            return None
        value = self.values[key]
        if not isinstance(value, list):
            raise self.error(key, f'must be a list of names, got {value!r}. Write {key} = ["{next(iter(known))}"].')
        for each in value:
            if each not in known:
                near = similar_names(str(each), known, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Use names of {', '.join(sorted(known))}."
                raise self.error(key, f"has the unknown name {each!r}. {hint}")
        return tuple(value)

    def table(self, key: str) -> Table | None:
        """Return a table within this one; None if the key is missing."""
        if key not in self.values:
            return None
        return self._table(key, self.values[key], key)

    def tables(self, key: str) -> list[Table]:
        """Return a list of tables within this one; empty if the key is missing."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be a list of tables, got {value!r}. Write [[{key}]] above each.")
        return [self._table(key, each, f"{key}[{i}]") for i, each in enumerate(value, start=1)]

    def checked(self, key: str, check: Callable[[], T]) -> T:
        """Return the result of a check of the library, whose error gets the name of the file and of the key."""
        try:
            return check()
        except ValueError as error:
            raise self.error(key, f"cannot be used: {error}") from None

    def _table(self, key: str, value: Any, name: str) -> Table:
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, got {value!r}. Write {key} = {{ name = value }}.")
        return Table(value, self.file, ".".join(filter(None, (self.path, name))))

    def _value(self, key: str, default: Any, what: str) -> Any:
        value = self.values.get(key, default)
        if value is None:
            raise self.error(key, f"is missing. Add {key}, {what}.")
        return value
