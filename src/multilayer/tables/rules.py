"""The options of a TableEncoder, checked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from multilayer.exceptions import ParameterError, unknown_name

Identifiers = Literal["auto"] | Collection[str]
Numbers = Literal["standard", "robust"]
Piecewise = Literal["quantile", "tree"]
TwoValues = Literal["zero_one", "signs"]
ManyCategories = Literal["frequent", "target"]


@dataclass(frozen=True)
class Rules:
    """The parameters of a :class:`TableEncoder` that concern single columns."""

    max_categories: int = 64
    identifiers: Identifiers = "auto"
    numbers: Numbers = "standard"
    piecewise: Piecewise | None = None
    two_values: TwoValues = "zero_one"
    many_categories: ManyCategories = "frequent"

    def is_identifier(self, name: str, by_values: bool) -> bool:
        """Return whether a column only identifies rows, by its values or by the parameter."""
        return by_values if isinstance(self.identifiers, str) else name in self.identifiers

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
    ):
        value = getattr(given, name)
        if not (value is None or isinstance(value, str)) or value not in allowed:
            raise unknown_name(name, value, tuple(map(str, allowed)))
    most = given.max_categories
    if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 2:
        raise ParameterError(f"max_categories must be an integer of at least 2, got {most!r}.")
    return Rules(
        int(most),
        _checked_identifiers(given.identifiers),
        given.numbers,
        given.piecewise,
        given.two_values,
        given.many_categories,
    )


def _checked_identifiers(identifiers: Any) -> Identifiers:
    if isinstance(identifiers, str):
        if identifiers == "auto":
            return "auto"
    elif isinstance(identifiers, list | tuple | set | frozenset) and all(isinstance(n, str) for n in identifiers):
        return identifiers
    raise ParameterError(
        f'identifiers must be "auto" or column names, as row_identifiers returns them, got {identifiers!r}.'
    )
