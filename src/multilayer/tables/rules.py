"""The options of a TableEncoder, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np

from multilayer.exceptions import ParameterError, unknown_name

Identifiers = Literal["auto"] | Collection[str] | Mapping[str, str]
Numbers = Literal["standard", "robust"]
Piecewise = Literal["quantile", "tree"]
TwoValues = Literal["zero_one", "signs"]
ManyCategories = Literal["frequent", "target"]
Text = Literal["as_given", "typed"]
RowNumberChoice = Literal["keep", "drop"]


@dataclass(frozen=True)
class Rules:
    """The parameters of a :class:`TableEncoder` that concern single columns."""

    max_categories: int = 64
    identifiers: Identifiers = "auto"
    numbers: Numbers = "standard"
    piecewise: Piecewise | None = None
    two_values: TwoValues = "zero_one"
    many_categories: ManyCategories = "frequent"
    min_frequency: int = 1
    text: Text = "as_given"
    row_numbers: RowNumberChoice = "keep"

    def is_identifier(self, name: str, by_values: bool) -> bool:
        """Return whether a column only identifies rows, by its values or by the parameter."""
        return by_values if isinstance(self.identifiers, str) else name in self.identifiers

    def reason_to_drop(self, name: str) -> str:
        """Return the reason for which a column is dropped that the parameter names with one; empty for none."""
        return self.identifiers.get(name, "") if isinstance(self.identifiers, Mapping) else ""

    @property
    def needs_target(self) -> bool:
        """Whether the encodings depend on y."""
        return self.piecewise == "tree" or self.many_categories == "target"


def checked_rules(given: Any) -> Rules:
    """Return the parameters of an encoder, or raise a ParameterError for an invalid one."""
    for name, allowed in (
        ("numbers", get_args(Numbers)),
        ("piecewise", (None, *get_args(Piecewise))),
        ("two_values", get_args(TwoValues)),
        ("many_categories", get_args(ManyCategories)),
        ("text", get_args(Text)),
        ("row_numbers", get_args(RowNumberChoice)),
    ):
        value = getattr(given, name)
        if not (value is None or isinstance(value, str)) or value not in allowed:
            raise unknown_name(name, value, tuple(map(str, allowed)))
    for name, least in (("max_categories", 2), ("min_frequency", 1)):
        value = getattr(given, name)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ParameterError(f"{name} must be an integer of at least {least}, got {value!r}.")
    _check_identifiers(given.identifiers)
    return Rules(**{field.name: getattr(given, field.name) for field in fields(Rules)})


def _check_identifiers(identifiers: Any) -> None:
    if isinstance(identifiers, str) and identifiers == "auto":
        return
    if isinstance(identifiers, Mapping) and all(isinstance(reason, str) and reason for reason in identifiers.values()):
        identifiers = list(identifiers)
    if not isinstance(identifiers, list | tuple | set | frozenset) or not all(isinstance(n, str) for n in identifiers):
        raise ParameterError(
            'identifiers must be "auto", column names, as row_identifiers returns them, or a dict of column names and '
            f"reasons, got {identifiers!r}."
        )
